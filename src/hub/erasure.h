#ifndef ERASURE_H
#define ERASURE_H

#include <stdint.h>

struct customer_id;
struct hub;
struct job;
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

/* As hub_erase() and hub_erasure(). */
uint64_t erasure_begin(struct hub *hub, struct payload *session,
	    const struct customer_id *customer);
struct erasure erasure_report(const struct hub *hub, uint64_t number);

/* The room's session was loaded, or could not be read. */
void	 erasure_loaded(struct hub *hub, struct room *room);
/* A JOB_ERASE or JOB_SCRUB is back. */
void	 erasure_done(struct hub *hub, const struct job *job);

/* Go on with those that had to wait. */
void	 erasure_tick(struct hub *hub);
/* When one is to go on, on the monotonic clock; UINT64_MAX: none. */
uint64_t erasure_next_ms(const struct hub *hub);

/* Forget all of them. */
void	 erasure_clear(struct hub *hub);

#endif
