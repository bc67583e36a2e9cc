#ifndef LOOP_LAG_H
#define LOOP_LAG_H

#include <stdint.h>

#include <uv.h>

#include "base/histogram.h"

/*
 * How busy a loop is: how long each of its turns takes, without the time that
 * it waits for something to happen.  What becomes ready during a turn is not
 * looked at before its end, so this is how late the loop can be.
 *
 * A turn begins with the first of the loop's callbacks that says so.  libuv
 * could tell how long it waited, but asks the kernel twice for that each time.
 */
struct loop_lag {
	uint64_t begun_ns;	/* the turn; 0 for not yet */
	struct histogram turns_us;
};

/* Before the loop first runs, of which it is the data from then on. */
void	 loop_lag_init(struct loop_lag *lag, uv_loop_t *loop);
/*
 * Called first by whatever may take long of what the loop calls.  A loop that
 * has no such data is not measured.
 */
void	 loop_lag_begin(const uv_loop_t *loop);
/* Called at the end of each turn, before the loop waits. */
void	 loop_lag_end(struct loop_lag *lag);

#endif
