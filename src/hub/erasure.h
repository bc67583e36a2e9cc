#ifndef ERASURE_H
#define ERASURE_H

#include <stdint.h>

struct customer_id;
struct hub;
struct job;
struct now;
struct payload;
struct room;

/*
 * Erasures on their way: the session is loaded, whoever takes part leaves, the
 * journal gets its note, and the storage erases bodies slice by slice until
 * its files hold nothing of them.
 */

enum erasure_state {
	ERASURE_UNKNOWN = 0,	/* no such number, or long over */
	ERASURE_PENDING,
	ERASURE_DONE,		/* nothing is left in the database's files */
	ERASURE_NOT_FOUND,	/* no such session, or customer in it */
	ERASURE_FAILED		/* the storage refused: nothing was done */
};

struct erasure {
	enum erasure_state state;
	uint64_t bodies;	/* erased so far */
};

/*
 * Erase what the journal says of a customer of session, or, if customer is
 * NULL, of everybody in it: names, addresses, carts and proofs of requests, of
 * all incarnations.  Who takes part or could return leaves first; a whole
 * session ends.  May be repeated.  Returns the erasure's number, or 0 if too
 * many are pending.
 */
uint64_t erasure_begin(struct hub *hub, struct payload *session,
	    const struct customer_id *customer, const struct now *now);
/* How the erasure of that number goes; the latest are remembered. */
struct erasure erasure_report(const struct hub *hub, uint64_t number);

/* The rest is for the hub's own modules. */

/* The room's session was loaded, or could not be read. */
void	 erasure_loaded(struct hub *hub, struct room *room);
/* A JOB_ERASE or JOB_SCRUB is back. */
void	 erasure_done(struct hub *hub, const struct job *job);

/* Go on with those that had to wait. */
void	 erasure_tick(struct hub *hub);
uint64_t erasure_next_ms(const struct hub *hub);

/* Forget all of them. */
void	 erasure_clear(struct hub *hub);

#endif
