#ifndef MESSAGE_H
#define MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "message_cursor.h"
#include "session/refusal.h"

/*
 * The protocol's messages: text in, structs out, and the other way round; the
 * one that is made of a session is in multicart.h.  Nothing but these two uses
 * json-c.
 */

/* The numbers stand in databases and never change. */
enum message_event {
	MESSAGE_NONE = 0,	/* not known, or not one of the table */
	MESSAGE_START_SESSION = 1,
	MESSAGE_JOIN_SESSION = 2,
	MESSAGE_UPDATE_CART = 3,
	MESSAGE_READY = 4,	/* customerReadyToCheckout */
	MESSAGE_RESUME_SESSION = 5,
	MESSAGE_LEAVE_SESSION = 6,
	MESSAGE_POLL = 7,
	MESSAGE_SAY = 8,
	MESSAGE_GOODBYE = 9,
	MESSAGE_EVENTS
};

enum {
	MESSAGE_NAME_CHARS = 100,	/* customerName, in code points */
	MESSAGE_REQUEST_MIN = 22,
	MESSAGE_REQUEST_MAX = 64,
	MESSAGE_WAIT_S = 25,		/* of a poll that does not say */
	MESSAGE_WAIT_MAX_S = 55,
	MESSAGE_NESTING = 32		/* levels, the message's own counted */
};

/* What a client said.  Fields that its event does not have are empty. */
struct message {
	enum message_event event;
	struct payload *name;		/* UTF-8 */
	struct customer_id customer;
	struct payload *cart;		/* JSON, insignificant space removed */
	struct payload *what;		/* that is said, likewise */
	bool	 has_to;
	struct customer_id to;		/* whom alone, if has_to */
	bool	 is_ready;
	bool	 is_resumable;
	uint64_t seq;			/* 0 if absent */
	char	 request_id[MESSAGE_REQUEST_MAX + 1];	/* "" if absent */
	char	 token[ID_TOKEN_CHARS + 1];	/* "" if absent; whatever */
					/* cannot be one is kept as "-" */
	struct payload *ticket;		/* NULL if absent; whatever is too */
					/* long to be one is kept as "" */
	struct payload *account;	/* that a ticket named which was found */
					/* to be good; or NULL */
	bool	 has_features;		/* the field is there */
	unsigned features;		/* of it, those we know: features.h */
	struct message_cursor cursor;
	unsigned wait_s;		/* MESSAGE_WAIT_MAX_S at the most */
};

/* Why a message is refused, as far as its sender is told. */
struct message_error {
	enum refusal code;
	const char *field;		/* a constant; NULL: none is named */
	enum message_event event;	/* MESSAGE_NONE where not known */
	uint64_t seq;			/* 0 where not known */
	unsigned retry_after_s;		/* 0 for codes without one */
};

struct message_parser;

struct message_parser *message_parser_new(void);
void	 message_parser_free(struct message_parser *parser);

/*
 * Read one message of len bytes.  0, and message is the caller's to clear; or
 * -1, and error says why (message needs no clearing then).  Text is never NULL
 * and need not end with a NUL.
 */
int	 message_parse(struct message_parser *parser, const char *text,
	    size_t len, struct message *message, struct message_error *error)
	    __attribute__((warn_unused_result));
/*
 * Likewise the message poll, of which the fields stand in the query of a GET.
 */
int	 message_parse_query(const char *query, struct message *message,
	    struct message_error *error) __attribute__((warn_unused_result));
/* Drop what message refers to. */
void	 message_clear(struct message *message);

/*
 * Each returns one complete message with one reference.
 * token may be NULL; seq of a resume is given always, also 0.
 */
struct payload *message_reply_customer(enum message_event event,
	    const struct customer_id *id, const char *token);
struct payload *message_reply_resume(const struct customer_id *id,
	    uint64_t seq);
struct payload *message_reply_seq(enum message_event event, uint64_t seq,
	    bool is_stale);
struct payload *message_reply_error(const struct message_error *error);

/* The protocol's name of a message; NULL for MESSAGE_NONE. */
const char *message_event_name(enum message_event event);
/* The protocol's name of a code, for logs and counters. */
const char *message_refusal_name(enum refusal code);
/* The HTTP status that goes with it; 200 for REFUSAL_NONE. */
unsigned message_refusal_status(enum refusal code);

#endif
