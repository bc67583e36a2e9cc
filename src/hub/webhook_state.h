#ifndef WEBHOOK_STATE_H
#define WEBHOOK_STATE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "session/session_name.h"

/*
 * How far a shop's webhook has got, as it is kept in the database: every event
 * up to a row of the journal was delivered, or given up, but for those of the
 * sessions that are parked.
 */

/* A session whose events wait because one of them could not be delivered. */
struct webhook_parked {
	char	*session;	/* as the database names it */
	int64_t	 seq;		/* the row of the first that was not */
	uint64_t attempts;	/* of that one; these are of it, too: */
	uint64_t first_ms;	/* when it failed first, by the wall clock; */
				/* 0 if it has not */
	uint64_t next_ms;	/* when it is tried again */
};

struct webhook_state {
	STAILQ_ENTRY(webhook_state) entry;
	char	 shop[SESSION_NAME_SHOP_MAX + 1];	/* "" outside */
	int64_t	 seq;		/* up to this row; -1: there is no webhook */
	struct webhook_parked *parked;
	size_t	 parked_count;
};

/* Of several shops. */
STAILQ_HEAD(webhook_states, webhook_state);

/* That of the shop outside of sections, until another is named. */
struct webhook_state *webhook_state_new(void);
/* NULL is allowed. */
void	 webhook_state_free(struct webhook_state *state);
/* Say whose it is. */
void	 webhook_state_set_shop(struct webhook_state *state,
	    const char *shop);
/* Take that of a shop from the list; NULL if there is none. */
struct webhook_state *webhook_states_take(struct webhook_states *states,
	    const char *shop);
/* Free all of them. */
void	 webhook_states_clear(struct webhook_states *states);
/* Add one, whose session is copied. */
void	 webhook_state_park(struct webhook_state *state,
	    const struct webhook_parked *parked);

#endif
