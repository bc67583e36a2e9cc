#ifndef WEBHOOK_LANES_H
#define WEBHOOK_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/hash_table.h"
#include "base/id.h"
#include "webhook_event.h"

/* What a queue is made of, for the modules that are the queue. */

struct held {
	TAILQ_ENTRY(held) entry;
	struct webhook_event event;
};

TAILQ_HEAD(held_list, held);

struct webhook_lane {
	UT_hash_handle hh;		/* queue->by_session */
	TAILQ_ENTRY(webhook_lane) entry;
	struct held_list events;	/* of a parked one: read anew */
	size_t	 count;
	bool	 is_under_way;		/* the first of them */
	bool	 is_parked;		/* its events are read anew */
	bool	 is_failing;		/* parked: because something failed */
	bool	 has_more;		/* parked: behind events, there may */
	struct webhook_place from;	/* parked: the first not delivered, */
	bool	 is_from_known;		/* ... or nothing is before it */
	int64_t	 next;			/* parked: the row to read on with */
	uint64_t event_ms;		/* parked: when that happened; or 0 */
	uint64_t attempts;		/* these as in struct webhook_parked */
	uint64_t first_ms;
	uint64_t next_ms;
	uint64_t cart_ms;		/* the last cart.changed; mono, or 0 */
	uint64_t outage;		/* the one that it failed in last */
	char	 session[];
};

TAILQ_HEAD(lane_list, webhook_lane);

struct webhook_queue {
	struct id_source random;
	uint64_t retry_ms;
	struct webhook_lane *by_session;
	struct lane_list lanes;		/* who was served last is last */
	size_t	 lane_count;
	size_t	 failing_count;		/* that is_failing */
	size_t	 held_count;
	int64_t	 position;
	uint64_t hold_ms;		/* wall; nothing before */
	uint64_t outage;		/* number of the one that is, ... */
	size_t	 outage_lanes;		/* ... if so many have failed in it, */
	uint64_t outage_ms;		/* ... first of all then; mono */
	uint64_t tried_ms;		/* the last one; wall */
	uint64_t crowd_ms;		/* that nobody knew, in a crowd; wall */
	uint64_t through_ms;		/* something got there; mono, or 0 */
};

void	 webhook_lanes_clear_event(struct webhook_event *event);

/* A lane of session, which has none. */
struct webhook_lane *webhook_lanes_add(struct webhook_queue *queue,
	    const char *session);
/* NULL if it has none. */
struct webhook_lane *webhook_lanes_find(struct webhook_queue *queue,
	    const char *session);
void	 webhook_lanes_remove(struct webhook_queue *queue,
	    struct webhook_lane *lane);
/* Behind those that wait for as long. */
void	 webhook_lanes_move_to_end(struct webhook_queue *queue,
	    struct webhook_lane *lane);

/* Takes its references.  Of carts one after the other the newest is told. */
void	 webhook_lanes_append(struct webhook_queue *queue,
	    struct webhook_lane *lane, const struct webhook_event *event);
/* The last event, if a newer cart may take its place; or NULL. */
struct held *webhook_lanes_last_cart(const struct webhook_lane *lane);
void	 webhook_lanes_drop_first(struct webhook_queue *queue,
	    struct webhook_lane *lane);

/* Because something of it failed. */
void	 webhook_lanes_park(struct webhook_queue *queue,
	    struct webhook_lane *lane);
void	 webhook_lanes_unpark(struct webhook_queue *queue,
	    struct webhook_lane *lane);
/* Drop its events, which are read from the journal anew. */
void	 webhook_lanes_let_go(struct webhook_queue *queue,
	    struct webhook_lane *lane);

#endif
