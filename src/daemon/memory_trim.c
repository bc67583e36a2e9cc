#include "memory_trim.h"

#include <malloc.h>

/* After so long without work, nobody waits for an answer. */
#define QUIET_MS 500

static void
on_quiet(uv_timer_t *timer)
{
	struct quiet *quiet = timer->data;

	if (!quiet->had_work) {
		uv_timer_stop(timer);
		(void)malloc_trim(0);	/* whether there was anything */
	}
	quiet->had_work = false;
}

void
quiet_init(struct quiet *quiet, uv_loop_t *loop)
{
	(void)uv_timer_init(loop, &quiet->timer);	/* cannot fail */
	quiet->timer.data = quiet;
	quiet->had_work = false;
}

void
quiet_note_work(struct quiet *quiet)
{
	quiet->had_work = true;
	if (!uv_is_active((uv_handle_t *)&quiet->timer))
		uv_timer_start(&quiet->timer, on_quiet, QUIET_MS, QUIET_MS);
}

void
quiet_close(struct quiet *quiet)
{
	uv_close((uv_handle_t *)&quiet->timer, NULL);
}
