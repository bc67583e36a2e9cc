#ifndef WEBHOOK_QUEUE_H
#define WEBHOOK_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "session/session_name.h"
#include "webhook_event.h"

struct webhook_state;

/*
 * What of the journal is to be delivered next, and when.  The journal is the
 * queue: here is a window of it, and for each session a lane, in which events
 * keep their order.  One of a lane is under way at a time.
 *
 * A lane whose event failed is parked: it lets go of its events, is tried
 * again after a pause, and others pass it.  Its events are then read from the
 * journal anew, from the first that was not delivered on: they cost nothing
 * while it waits, and say nothing that was erased meanwhile.  When too many are
 * parked, only one of the others is tried a minute, and if that gets through, who
 * has failed for the longest is hopeless.  What was erased is read anew likewise,
 * but whose it is has not failed, and is none of those.
 *
 * Pauses grow from a second to an hour.  But while nothing at all gets through
 * somebody is tried every minute, and once somebody does after several did not
 * for a minute, all others are tried at once, as if they had not failed before.
 *
 * Pure: time comes in as an argument.  wall_ms is since 1970, mono_ms of the
 * monotonic clock.
 */
struct webhook_queue;

enum {
	WEBHOOK_PARKED_MAX = 256,	/* sessions, ... */
	WEBHOOK_CROWD_MAX = 320,	/* ... and then, one a minute */
	WEBHOOK_HOPELESS_ATTEMPTS = 10,	/* which take some minutes */
	WEBHOOK_HELD_MAX = 1024,	/* events in memory */
	WEBHOOK_LANES_MAX = 2048,
	WEBHOOK_REFILL_MAX = 64,	/* events of one lane, read anew */
	WEBHOOK_CART_MS = 1000,		/* between two cart.changed */
	WEBHOOK_PAUSE_MIN_MS = 1000,
	WEBHOOK_PAUSE_MAX_MS = 3600000,
	WEBHOOK_PROBE_MS = 60000,	/* while nothing gets through */
	WEBHOOK_OUTAGE_LANES = 3	/* that is, to so many */
};

struct webhook_clock {
	uint64_t wall_ms;
	uint64_t mono_ms;
};

/* A delivery that is under way. */
struct webhook_lane;

/* What becomes of an event that failed. */
enum webhook_verdict {
	WEBHOOK_TRY_AGAIN,
	WEBHOOK_GIVEN_UP
};

/* retry_ms: how long an event is tried; 0 for ever. */
struct webhook_queue *webhook_queue_new(const struct id_key *seed,
	    uint64_t retry_ms);
/* NULL is allowed. */
void	 webhook_queue_free(struct webhook_queue *queue);
void	 webhook_queue_configure(struct webhook_queue *queue,
	    uint64_t retry_ms);

/* Begin behind row seq, with nobody parked. */
void	 webhook_queue_begin(struct webhook_queue *queue, int64_t seq);
/* Go on where state says. */
void	 webhook_queue_restore(struct webhook_queue *queue,
	    const struct webhook_state *state);
/*
 * Begin again behind row seq: what is parked from there on is forgotten, as it
 * comes again.  Nothing may be under way.
 */
void	 webhook_queue_replay(struct webhook_queue *queue, int64_t seq);
/* What was erased in the journal: accounts in some rows. */
struct webhook_erased {
	int64_t	 first;
	int64_t	 last;		/* 0: nothing was */
	char	 session[SESSION_NAME_MAX + 1];	/* of it alone; "": of all */
};

/* Another one of those that hold for the same session, or of more than both. */
void	 webhook_erased_add(struct webhook_erased *sum,
	    const struct webhook_erased *erased);
/* A lane with an event that says what was erased; NULL if none has. */
struct webhook_lane *webhook_queue_find_erased(
	    const struct webhook_queue *queue,
	    const struct webhook_erased *erased);
/* Its events are read from the journal anew.  None may be under way. */
void	 webhook_queue_forget(struct webhook_queue *queue,
	    struct webhook_lane *lane);

/*
 * Whom nobody has tried for as long as an hour is tried now, as if it had not
 * failed before.
 */
void	 webhook_queue_hurry(struct webhook_queue *queue, uint64_t wall_ms);
/* What is to be kept; the caller frees it. */
struct webhook_state *webhook_queue_state(const struct webhook_queue *queue);

/*
 * Up to which row the journal was read, and whether to read on.  Events come in
 * order; their references are taken.  Then the position is moved on, also over
 * rows that make none.
 */
int64_t	 webhook_queue_position(const struct webhook_queue *queue);
bool	 webhook_queue_wants(const struct webhook_queue *queue);
void	 webhook_queue_add(struct webhook_queue *queue, const char *session,
	    struct webhook_event *event);
void	 webhook_queue_moved(struct webhook_queue *queue, int64_t seq);

/*
 * The lane that is due and has to be read, or read on, or NULL: the events of
 * session from row next on, up to the position, WEBHOOK_REFILL_MAX about.  They
 * are put into it by webhook_lane_add(), whose reference is taken, and then
 * there are no more, or there may be.
 */
struct webhook_lane *webhook_queue_hungry(struct webhook_queue *queue,
	    const struct webhook_clock *now);
const char *webhook_lane_session(const struct webhook_lane *lane);
int64_t	 webhook_lane_next(const struct webhook_lane *lane);
enum webhook_lane_end { WEBHOOK_LANE_WHOLE, WEBHOOK_LANE_CUT };
/* -1: the lane is full, and the event was dropped. */
int	 webhook_lane_add(struct webhook_queue *queue,
	    struct webhook_lane *lane, struct webhook_event *event)
	    __attribute__((warn_unused_result));
/* It goes on with row next. */
void	 webhook_lane_filled(struct webhook_queue *queue,
	    struct webhook_lane *lane, int64_t next, enum webhook_lane_end end);
/* It could not be read: others are before it. */
void	 webhook_lane_unread(struct webhook_queue *queue,
	    struct webhook_lane *lane);
/*
 * Row next was deleted: it goes on with the oldest, 0.  Whether an event of its
 * is lost; otherwise that is not known, as the row may be another session's.
 */
bool	 webhook_lane_purged(struct webhook_queue *queue,
	    struct webhook_lane *lane);

/*
 * The next delivery that is due, or NULL; its event is lent until one of the
 * three below is called.
 */
struct webhook_lane *webhook_queue_take(struct webhook_queue *queue,
	    const struct webhook_clock *now);
const struct webhook_event *webhook_lane_event(
	    const struct webhook_lane *lane);
uint64_t webhook_lane_attempts(const struct webhook_lane *lane);
/* Of one that is parked: the first that was not delivered. */
struct webhook_place webhook_lane_from(const struct webhook_lane *lane);
void	 webhook_queue_delivered(struct webhook_queue *queue,
	    struct webhook_lane *lane, const struct webhook_clock *now);
enum webhook_verdict webhook_queue_failed(struct webhook_queue *queue,
	    struct webhook_lane *lane, const struct webhook_clock *now);
/*
 * Whom to give up, with all that was read of it, because too many are parked
 * while others get through; or NULL.  Nothing of it is under way.
 */
struct webhook_lane *webhook_queue_hopeless(
	    const struct webhook_queue *queue,
	    const struct webhook_clock *now);
void	 webhook_queue_give_up(struct webhook_queue *queue,
	    struct webhook_lane *lane);
/* It was not tried to its end. */
void	 webhook_queue_put_back(struct webhook_queue *queue,
	    struct webhook_lane *lane);
/*
 * Nothing is due before wall_ms, or what was said before if that is later: the
 * receiver asked for it.
 */
void	 webhook_queue_hold(struct webhook_queue *queue, uint64_t wall_ms);

/* In how many ms something may be due; UINT64_MAX if that is not known. */
uint64_t webhook_queue_wait_ms(const struct webhook_queue *queue,
	    const struct webhook_clock *now);

struct webhook_queue_figures {
	int64_t	 delivered_seq;	/* all up to this, but for those parked */
	int64_t	 read_seq;
	size_t	 parked;
	size_t	 held;		/* events in memory */
	uint64_t oldest_ms;	/* when the oldest undelivered one that is */
				/* known happened; wall, 0 for none */
	uint64_t held_back_ms;	/* webhook_queue_hold(); 0 for not */
};

void	 webhook_queue_copy_figures(const struct webhook_queue *queue,
	    struct webhook_queue_figures *figures);

#endif
