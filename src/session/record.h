#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "session/refusal.h"

/*
 * One fact about a session: the unit of change, of storage and of audit.
 * Applied to a session it always has the same effect, in life, at a restart
 * and in a replay: ids, times and random bytes are in it.  The numbers of the
 * enums stand in databases and never change.
 */

enum record_event {
	RECORD_START = 1,	/* startSession: a host took its seat */
	RECORD_JOIN = 2,	/* joinSession */
	RECORD_CART = 3,	/* updateCart */
	RECORD_READY = 4,	/* customerReadyToCheckout */
	RECORD_LEAVE = 5,	/* leaveSession */
	RECORD_EXPIRE = 6,	/* absent for longer than the window */
	RECORD_RETURN = 7,	/* back in the multicart after an expiry */
	RECORD_END = 8,		/* the session ended, its customers with it */

	/* Notes, which change nothing: see record_is_note(). */
	RECORD_REFUSED = 9,	/* messages of a customer were refused */
	RECORD_ERASE = 10,	/* bodies before are erased: the customer's, */
				/* or without one all of the session */
	RECORD_RETAIN = 11,	/* bodies older than old_ms that no */
				/* current state points to may be erased */
	RECORD_PURGE = 12,	/* rows up to last_row may be deleted */

	RECORD_LOCK = 13,	/* who takes part stays, and carts do */
	RECORD_UNLOCK = 14,	/* not any more */

	/* A note as well. */
	RECORD_CALL = 15	/* a server of the shop had the next row of */
				/* the session written */
};

/* What that server asked for. */
enum record_call {
	RECORD_CALL_END = 1,	/* an END */
	RECORD_CALL_REMOVE = 2,	/* a LEAVE of the customer */
	RECORD_CALL_LOCK = 3,	/* a LOCK */
	RECORD_CALL_UNLOCK = 4	/* an UNLOCK */
};

/*
 * What a record does to whether everybody is ready to check out, of whom there
 * is at least one in the multicart.
 */
enum record_readiness {
	READINESS_KEPT,		/* nothing */
	READINESS_REACHED,	/* now they are */
	READINESS_LOST		/* now they are not, and not by an END */
};

enum transport {
	TRANSPORT_NONE = 0,	/* the daemon's own doing */
	TRANSPORT_WEBSOCKET = 1,
	TRANSPORT_HTTP = 2,
	TRANSPORT_FASTCGI = 3
};

enum {
	RECORD_EVENT_MAX = RECORD_CALL,
	RECORD_SALT_BYTES = 16,
	RECORD_ADDRESS_CHARS = 45,	/* of an IPv6 address in text */
	RECORD_ACCOUNT_BYTES = 1020	/* 255 characters */
};

struct record {
	struct payload *session;	/* the session's id, as in its URL; */
	int64_t	 session_row;	/* RETAIN, PURGE: empty, and 0 */
	uint64_t incarnation;	/* 1 for the first start of this id, ... */
	uint64_t revision;	/* 1 for an incarnation's START; no gaps; */
				/* 0 for a note */
	uint64_t time_ms;	/* wall clock; informative */
	enum record_event event;
	enum transport transport;
	bool	 has_customer;	/* no END, RETAIN, PURGE, LOCK, UNLOCK, and */
				/* of CALLs only those to remove one */
	struct customer_id customer;
	int64_t	 customer_row;
	bool	 has_displaced;	/* START on a session that runs: the host */
	struct customer_id displaced;	/* whose seat was taken */
	int64_t	 displaced_row;
	bool	 has_token;	/* START, JOIN: the customer can prove itself */
	bool	 has_account;	/* START, JOIN: a ticket named one */
	bool	 is_ready;	/* READY */
	union {			/* the journal's column client_seq: */
		uint64_t number;	/* whatever it means */
		uint64_t client_seq;	/* CART, READY; 0 for none */
		uint64_t refused_count;	/* REFUSED */
		uint64_t old_ms;	/* RETAIN: by the wall clock */
		uint64_t last_row;	/* PURGE: of the journal */
	};
	enum record_readiness readiness;	/* only where */
				/* record_changes_readiness() */
	bool	 is_timed_out;	/* UNLOCK: it was locked for too long */
	bool	 is_exact;	/* RETAIN: not of what states pointed to then */
	enum refusal refused;	/* REFUSED: why, the first of them, and ... */
	unsigned refused_event;	/* ... which enum message_event it was */
	enum record_call call;	/* CALL */
	bool	 has_request;	/* START, JOIN: made with a requestId */
	uint8_t	 request[ID_PROOF_BYTES];

	/* What stands in the body row and can be erased. */
	uint8_t	 salt[RECORD_SALT_BYTES];
	struct payload *name;	/* START, JOIN: UTF-8, not JSON; CALL: of */
				/* the server's key */
	struct payload *cart;	/* CART: JSON without insignificant space */
	char	 address[RECORD_ADDRESS_CHARS + 1];	/* "" if unknown */
	struct payload *account;	/* if has_account; no session's state */
};

/*
 * Whether records of event are notes: they are in the journal and its chain,
 * and no session is any different for them.
 */
bool	 record_is_note(enum record_event event);

/* Whether records of event may do anything to whether everybody is ready. */
bool	 record_changes_readiness(enum record_event event);

/* Drop the record's references; the record itself is the caller's. */
void	 record_clear(struct record *record);

#endif
