#ifndef DEADLINE_H
#define DEADLINE_H

#include <stdint.h>
#include <sys/queue.h>

#include <uv.h>

/*
 * The points in time for which the connections of a loop wait.  Those of one
 * kind have one duration, so that each kind's list is sorted by itself, and
 * one timer serves them all.
 */

/* Kinds are numbers; what others mean is for the owner to say. */
enum {
	DEADLINE_NONE,
	DEADLINE_TURN,		/* the loop's next turn */
	DEADLINE_FIRST,		/* of the owner's kinds */
	DEADLINE_KINDS_MAX = 8
};

struct deadline {
	TAILQ_ENTRY(deadline) entry;
	uint64_t due;		/* ms of the loop's clock, or a turn's number */
	uint8_t	 kind;		/* which list; DEADLINE_NONE if in none */
};

struct deadlines;

/* As many seconds, as a duration. */
static inline uint64_t
deadline_seconds(unsigned n)
{
	return (uint64_t)n * 1000;
}

/*
 * wait_ms are the durations of the kinds, 0 for never.  When one has passed
 * its deadline waits no longer, and expire is called from the loop.
 */
struct deadlines *deadlines_new(uv_loop_t *loop,
	    const uint64_t wait_ms[DEADLINE_KINDS_MAX],
	    void (*expire)(struct deadline *deadline, unsigned kind));
/* Nobody may wait any more.  The loop's close callbacks free the memory. */
void	 deadlines_free(struct deadlines *deadlines);

/*
 * Other durations, also for those who wait: as if theirs had been so when they
 * began, or from now on if they waited for ever.
 */
void	 deadlines_configure(struct deadlines *deadlines,
	    const uint64_t wait_ms[DEADLINE_KINDS_MAX]);

/* Wait for something else, or for the same anew. */
void	 deadline_set(struct deadlines *deadlines, struct deadline *deadline,
	    unsigned kind);
/* Wait for the loop's next turn. */
void	 deadline_set_turn(struct deadlines *deadlines,
	    struct deadline *deadline);
/* The one of that kind that is due first; NULL if nobody waits. */
struct deadline *deadlines_first(const struct deadlines *deadlines,
	    unsigned kind);
/* The one that waits likewise and is due next; NULL if nobody does. */
struct deadline *deadline_next(const struct deadline *deadline);
/* Wait no longer; it need not be waiting. */
void	 deadline_clear(struct deadlines *deadlines,
	    struct deadline *deadline);

#endif
