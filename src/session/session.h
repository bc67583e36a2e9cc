#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/id.h"
#include "session/record.h"
#include "session/refusal.h"

struct seat;

/*
 * A shared session as its records made it.  Judging decides whether a record
 * may happen under the limits of today; applying one never asks, so that the
 * journal replays under any settings.  Nothing here knows of connections,
 * time or storage.
 */

enum {
	SESSION_ID_MAX = 128	/* bytes */
};

enum customer_state {
	CUSTOMER_SEATED = 0,	/* its cart is in the multicart */
	CUSTOMER_AWAY = 1,	/* expired, may resume with its token */
	CUSTOMER_GONE = 2	/* only remembered to be told leftSession */
};

/* The events that number their messages, each with a count of its own. */
enum customer_sequence {
	SEQUENCE_CART,
	SEQUENCE_READY,
	SEQUENCES
};

struct customer {
	TAILQ_ENTRY(customer) entry;
	struct customer_id id;
	int64_t	 row;		/* grows in joining order */
	enum customer_state state;
	bool	 is_host;
	bool	 is_ready;
	bool	 has_token;
	bool	 has_request;
	uint8_t	 request[ID_PROOF_BYTES];
	uint64_t incarnation;
	uint64_t left_revision;	/* when it got AWAY or GONE; 0 while SEATED */
	uint64_t seq[SEQUENCES]; /* highest applied; 0 for none */
	struct payload *name;	/* UTF-8; NULL once GONE */
	struct payload *cart;	/* NULL: {} */
	struct payload
	    *owner_json; /* the encoder's cache of what never changes */
	struct seat *seat;	/* the hub's; NULL without connections */
};

TAILQ_HEAD(customer_list, customer);

struct session {
	struct payload *id;	/* as in the URL */
	int64_t	 row;
	bool	 is_running;	/* started and not ended */
	uint64_t incarnation;	/* 0 if it never started */
	uint64_t revision;
	uint64_t active_ms;	/* wall time of the last change or presence */
	bool	 is_locked;	/* nobody comes new, and no cart changes */
	uint64_t locked_ms;	/* since when, by the wall clock; or 0 */
	size_t	 counts[CUSTOMER_GONE + 1];	/* customers by state */
	size_t	 ready;		/* of those SEATED */
	enum record_readiness readiness;	/* by the last record applied */
	size_t	 cart_bytes;	/* of all carts held */
	struct customer_list customers;		/* in joining order */
};

/* What there is to say of a session without its carts. */
struct session_summary {
	int64_t	 row;
	struct payload *id;		/* a reference of whoever has it */
	uint64_t incarnation;
	uint64_t revision;
	uint64_t active_ms;
	size_t	 customers;		/* in the multicart */
	size_t	 ready;			/* to check out, of these */
};

/* 0 stands for no limit. */
struct session_limits {
	size_t	 max_customers;
	size_t	 max_remembered;
	size_t	 max_cart_bytes;
	bool	 checkout_barrier;
};

/* Whether len bytes are a session's id: what needs no escape in a URL. */
bool	 session_id_is_valid(const char *id, size_t len);

/* A session that never started; takes a reference of id. */
struct session *session_new(struct payload *id, int64_t row);
/* NULL is allowed. */
void	 session_free(struct session *session);

/*
 * A customer as it was stored, for a session that is being loaded; customers
 * come in joining order.  Takes the references of name and cart.
 */
struct customer *session_restore_customer(struct session *session,
	    const struct customer *stored);

struct customer *session_customer(const struct session *session,
	    const struct customer_id *id);
struct customer *session_customer_by_request(const struct session *session,
	    const uint8_t request[ID_PROOF_BYTES]);
/* The one who holds the host's seat, in the multicart or away; or NULL. */
struct customer *session_host(const struct session *session);

/* Whether somebody is in the multicart, and all in it are ready. */
bool	 session_is_ready(const struct session *session);

/*
 * Whether record, which is no note and has event, customer, displaced, cart
 * and is_ready set, may happen now.  REFUSAL_NONE if so.  Who may send it is
 * not judged here.
 */
enum refusal session_judge(const struct session *session,
	    const struct record *record, const struct session_limits *limits);

/*
 * Let record happen.  session_number() must have given it its
 * incarnation and revision, or the journal; what it does to readiness stands in
 * the session then, whatever the record says of it.  -1 if it does not fit the session
 * (a gap, an unknown customer, a note): the session is unchanged then.
 */
int	 session_apply(struct session *session, const struct record *record)
	    __attribute__((warn_unused_result));

/* Give record the number that comes next in this session. */
void	 session_number(const struct session *session,
	    struct record *record);

/* Forget a customer that is GONE, who cannot come back. */
void	 session_forget_customer(struct session *session,
	    struct customer *customer);

/*
 * Forget the longest absent beyond limits->max_remembered: AWAY become GONE,
 * GONE are freed; but no host that is AWAY, and nobody with a seat.  Not a
 * fact: other limits remember others, and who is forgotten while others are
 * AWAY is known again when it is loaded after their return.
 */
void	 session_trim(struct session *session,
	    const struct session_limits *limits);

/*
 * Know a customer of this incarnation again that session_trim() forgot and that
 * is AWAY in the storage, in that row.  Without its name and cart.
 */
struct customer *session_recall(struct session *session,
	    const struct customer_id *id, int64_t row);

#endif
