#ifndef LOOP_LAG_H
#define LOOP_LAG_H

#include <stdint.h>

#include <uv.h>

#include "base/histogram.h"

/*
 * How busy a loop is: how long each of its turns takes, without the time that
 * it waits for something to happen.  What becomes ready during a turn is not
 * looked at before its end, so this is how late the loop can be.
 */
struct lag {
	uv_loop_t *loop;
	uint64_t ended_ns;	/* the last turn */
	uint64_t idle_ns;	/* libuv's count then */
	struct histogram turns_us;
};

/* Before the loop first runs. */
void	 lag_init(struct lag *lag, uv_loop_t *loop);
/* Called at the end of each turn, before the loop waits. */
void	 lag_turn(struct lag *lag);

#endif
