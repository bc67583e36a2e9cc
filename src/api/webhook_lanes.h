#ifndef WEBHOOK_LANES_H
#define WEBHOOK_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/hash_table.h"
#include "base/id.h"
#include "webhook_event.h"

/* What a queue is made of, for those that make it up. */

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
	bool	 is_parked;
	bool	 has_more;		/* parked: behind events, there may */
	struct webhook_place from;	/* parked: the first not delivered */
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
	size_t	 parked_count;
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

#endif
