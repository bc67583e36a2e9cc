#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "config/address.h"
#include "hub/outbox.h"
#include "session/record.h"
#include "wire/http_target.h"
#include "wire/ws_handshake.h"

struct deferred;

/*
 * A request and what becomes of it, in the terms that libmicrohttpd and web
 * servers with FastCGI have in common.
 */

/* The head of a request; everything is valid during the call only. */
struct exchange_request {
	enum transport transport;	/* TRANSPORT_HTTP or _FASTCGI */
	const char *method;
	const struct http_target *target;
	const char *host;		/* these fields: NULL if absent */
	const char *origin;
	const char *content_type;
	const char *authorization;
	const char *forwarded_for;	/* X-Forwarded-For, joined */
	const char *accept_encoding;	/* these two likewise */
	const char *if_none_match;
	uint64_t content_length;	/* 0 if unknown */
	struct address address; /* of the connection's other end, ... */
	bool is_counted; /* ... and it has its place there */
	int fd; /* the connection, to be asked about; */
	/* -1 if it carries others' requests */
	/* NULL where no WebSocket is possible. */
	const struct ws_handshake_request *handshake;
};

/* A file that anybody may keep for a while. */
struct exchange_file {
	const char *etag;
	const char *encoding;		/* Content-Encoding; NULL for none */
	struct payload *body;		/* all of it: what a 304 is about */
};

/* What is to be done about it. */
struct exchange_answer {
	/* 101: upgrade.  0: hand the body to deferred and start it; its answer
	 * is this request's. */
	unsigned status;
	/* References; NULL for none.  The body is lead, then what of body
	 * follows its first body_from bytes, which many answers share, and then
	 * tail; the latter only where there is a body. */
	struct payload *lead;
	struct payload *body;
	size_t	 body_from;
	struct payload *tail;
	const char *content_type;	/* NULL: JSON */
	const char *security_policy; /* Content-Security-Policy; or NULL */
	const struct exchange_file *file; /* NULL: nobody keeps the answer */
	const char *allow;		/* Allow, which a 405 has; or NULL */
	bool is_preflight; /* a page may ask by what allow says */
	bool is_private; /* no page of another origin may read it */
	unsigned retry_after_s;		/* Retry-After; 0 for none */
	bool	 closes;		/* the connection ends with it */
	struct outbox_news news;	/* what the body shows */
	const struct ws_handshake *handshake;	/* of a 101 */
	void	*upgrade;		/* with 101: whose it is */
	struct deferred *deferred;		/* with 0 */
};

/* What a client is told to wait that comes when the service stops. */
enum { EXCHANGE_RETRY_STOPPED_S = 5 };

enum { EXCHANGE_FIELDS_MAX = 12 };

struct exchange_field {
	const char *name;
	const char *value;
};

/* Stays where it is: a value may lie in it. */
struct exchange_fields {
	struct exchange_field list[EXCHANGE_FIELDS_MAX];
	size_t	 count;
	char	 seconds[16];
};

/*
 * Whether a message's body may have this Content-Type, whose parameters are not
 * looked at; NULL: it has none, and may.
 */
bool	 exchange_takes_type(const char *type);

/* How long the whole body is. */
size_t	 exchange_body_len(const struct exchange_answer *answer);
/* Whether it is its body alone. */
bool	 exchange_is_whole(const struct exchange_answer *answer);

/*
 * The header fields of an answer, but for those of its length and of the
 * connection.  They live as long as answer and fields.
 */
void	 exchange_fields(const struct exchange_answer *answer,
	    struct exchange_fields *fields);

/* The reason phrase of a status that an answer may have (RFC 9110). */
const char *exchange_reason(unsigned status);

#endif
