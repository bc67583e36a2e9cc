#ifndef CALL_H
#define CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/id.h"
#include "session/refusal.h"

struct hub;
struct job;
struct multicart;
struct payload;
struct room;
struct session_summary;

/*
 * What the shop's own server asks of the hub, or an administrator.  It takes
 * part in nothing: a call waits until its session has been read, and is answered
 * once all that its answer is made of is durable.  Who calls embeds it.
 */

enum call_kind {
	CALL_LIST,		/* sessions that run */
	CALL_READ,		/* one of them */
	CALL_LOCK,		/* a session, again if it is locked */
	CALL_UNLOCK,		/* likewise, if it is locked */
	CALL_END,		/* likewise */
	CALL_REMOVE		/* a customer of one */
};

/* A customer of the multicart that is read. */
struct call_customer {
	struct customer_id id;
	bool	 is_present;
	bool	 is_ready;
};

struct call {
	/* Set before call_begin() and constant. */
	enum call_kind kind;
	/* The answer is there; the hub is done with the call. */
	void	(*done)(struct call *call);
	struct payload *session;	/* its id, not of LIST; lent until */
					/* then, as what follows is */
	struct payload *key;	/* if it changes something: the name of the */
				/* caller's, NULL for an administrator, ... */
	const char *address;	/* ... and its address, for the journal */
	uint64_t only;		/* LOCK, UNLOCK, END: only this incarnation; */
				/* 0: any */
	struct customer_id customer;	/* REMOVE */
	const char *shop;		/* LIST: whose they are; lent as well */
	int64_t	 after_row;		/* LIST: of the session before */
	size_t	 max;			/* LIST: at the most; 1 or more */

	/* What came of it; lent for as long as done() runs. */
	enum refusal refused;	/* REFUSAL_NONE: all that follows is there */
	uint64_t incarnation;		/* not LIST */
	uint64_t revision;		/* END: of the end; 0 if another */
					/* incarnation was started meanwhile */
	uint64_t active_ms;
	bool	 is_locked;		/* READ */
	struct multicart *multicart;	/* READ, LOCK: at that revision */
	struct call_customer *customers; /* in its order */
	const struct session_summary *sessions;	/* LIST */
	size_t	 count;			/* of customers or sessions */
	int64_t	 next_row;		/* LIST: for the next one, also if */
					/* these are fewer than max; 0: no more */

	/* The hub's. */
	TAILQ_ENTRY(call) entry;	/* hub->calls */
	uint64_t number;
	bool	 is_waiting;		/* for its session to be read */
};

/*
 * Begin a call, which lives until done() or call_cancel(), and is none of the
 * hub's any more then.  What it changed stays changed, for a server with a CALL
 * in front of it in the journal.  What is so already is left as it is, and
 * answered when that is durable: a session that has ended, if it is the
 * incarnation that was to end, a customer that is gone, and a session that is
 * not locked and is to be unlocked.
 */
void	 call_begin(struct hub *hub, struct call *call,
	    const struct now *now);
void	 call_cancel(struct hub *hub, struct call *call);

/* How many customers of a session are present, in a call's answer. */
size_t	 call_present(const struct hub *hub, const struct payload *session);

/* The rest is for the hub's own modules. */

/* The room's session was loaded, or could not be read. */
void	 call_loaded(struct hub *hub, struct room *room);
/* A job for a call is back. */
void	 call_completed(struct hub *hub, struct job *job);

#endif
