#ifndef WS_DEADLINE_H
#define WS_DEADLINE_H

#include <stdint.h>
#include <sys/queue.h>

#include <uv.h>

/*
 * The points in time for which the connections of a loop wait.  Those of one
 * kind have one duration, so that each kind's list is sorted by itself, and
 * one timer serves them all.
 */

enum ws_wait {
	WS_WAIT_NONE,
	WS_WAIT_TURN,	/* for the loop's next turn, to read on */
	WS_WAIT_SPEECH,	/* for anything at all, else the peer is pinged */
	WS_WAIT_PONG,
	WS_WAIT_CLOSE,
	WS_WAIT_TAKE,	/* for room to send; the only one of ws.take */
	WS_WAITS
};

struct ws_deadline {
	TAILQ_ENTRY(ws_deadline) entry;
	uint64_t due;		/* ms of the loop's clock, or a turn's number */
	uint8_t	 kind;		/* enum ws_wait: which list; 0 for none */
};

struct ws_deadlines;

/*
 * wait_ms are the durations, 0 for never.  When one has passed its deadline
 * waits no longer, and expire is called from the loop.
 */
struct ws_deadlines *ws_deadlines_new(uv_loop_t *loop,
	    const uint64_t wait_ms[WS_WAITS],
	    void (*expire)(struct ws_deadline *deadline, enum ws_wait kind));
/* Nobody may wait any more.  The loop's close callbacks free the memory. */
void	 ws_deadlines_free(struct ws_deadlines *deadlines);

/* Wait for something else, or for the same anew. */
void	 ws_deadline_set(struct ws_deadlines *deadlines,
	    struct ws_deadline *deadline, enum ws_wait kind);
/* Wait for the loop's next turn. */
void	 ws_deadline_set_turn(struct ws_deadlines *deadlines,
	    struct ws_deadline *deadline);
/* Wait no longer; it need not be waiting. */
void	 ws_deadline_clear(struct ws_deadlines *deadlines,
	    struct ws_deadline *deadline);

#endif
