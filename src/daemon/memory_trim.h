#ifndef MEMORY_TRIM_H
#define MEMORY_TRIM_H

#include <stdbool.h>

#include <uv.h>

/*
 * Gives back to the system the memory that work has left behind, once there
 * has been no work for a while.  Allocations of very different lives lie side
 * by side, so that free() alone seldom does.
 */
struct memory_trim {
	uv_timer_t timer;	/* runs since there was work ... */
	bool	 had_work;	/* ... and there was some since */
};

void	 memory_trim_init(struct memory_trim *memory_trim, uv_loop_t *loop);
/* There was work, which may have left memory behind. */
void	 memory_trim_note_work(struct memory_trim *memory_trim);
/* Close its handle; its memory stays until the loop has done so. */
void	 memory_trim_close(struct memory_trim *memory_trim);

#endif
