#include "memory_trim.h"

#include <malloc.h>

#include "net/loop_lag.h"

/* After so long without work, nobody waits for an answer. */
#define TRIM_AFTER_MS 500

static void
trim_if_idle(uv_timer_t *timer)
{
	struct memory_trim *memory_trim = timer->data;

	loop_lag_begin(timer->loop);
	if (!memory_trim->had_work) {
		uv_timer_stop(timer);
		(void)malloc_trim(0);	/* whether there was anything */
	}
	memory_trim->had_work = false;
}

void
memory_trim_init(struct memory_trim *memory_trim, uv_loop_t *loop)
{
	uv_timer_init(loop, &memory_trim->timer);
	memory_trim->timer.data = memory_trim;
	memory_trim->had_work = false;
}

void
memory_trim_note_work(struct memory_trim *memory_trim)
{
	memory_trim->had_work = true;
	if (!uv_is_active((uv_handle_t *)&memory_trim->timer))
		uv_timer_start(&memory_trim->timer, trim_if_idle, TRIM_AFTER_MS,
		    TRIM_AFTER_MS);
}

void
memory_trim_close(struct memory_trim *memory_trim)
{
	uv_close((uv_handle_t *)&memory_trim->timer, NULL);
}
