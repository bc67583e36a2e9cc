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
struct loop_lag {
	uv_loop_t *loop;
	uint64_t ended_ns;	/* the last turn */
	uint64_t idle_ns;	/* libuv's count then */
	struct histogram turns_us;
};

/* Before the loop first runs. */
void	 loop_lag_init(struct loop_lag *lag, uv_loop_t *loop);
/* Called at the end of each turn, before the loop waits. */
void	 loop_lag_turn(struct loop_lag *lag);

#endif
