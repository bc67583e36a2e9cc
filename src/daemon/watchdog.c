#include "watchdog.h"

#include <stdint.h>
#include <stdlib.h>

#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "storage/writer.h"

struct watchdog {
	struct writer *writer;
	uv_timer_t timer;	/* asks the storage thread, ... */
	uv_async_t answered;	/* ... which says that it is there */
};

/* Called by the storage thread. */
static void
on_storage_alive(void *ctx)
{
	struct watchdog *watchdog = ctx;

	uv_async_send(&watchdog->answered);
}

static void
ask_storage_thread(uv_timer_t *timer)
{
	struct watchdog *watchdog = timer->data;

	writer_probe(watchdog->writer, on_storage_alive, watchdog);
}

static void
notify_watchdog(uv_async_t *handle)
{
	(void)handle;	/* there is one watchdog in a process */
	(void)sd_notify(0, "WATCHDOG=1");	/* what is lost comes again */
}

struct watchdog *
watchdog_start(uv_loop_t *loop, struct writer *writer)
{
	struct watchdog *watchdog;
	uint64_t wait_us, half_ms;

	if (sd_watchdog_enabled(0, &wait_us) <= 0)
		return NULL;
	half_ms = wait_us < 2000 ? 1 : wait_us / 2000;
	watchdog = xcalloc(1, sizeof(*watchdog));
	watchdog->writer = writer;
	if (uv_async_init(loop, &watchdog->answered, notify_watchdog) != 0)
		fatalx("cannot set up the watchdog");
	uv_timer_init(loop, &watchdog->timer);
	watchdog->answered.data = watchdog;
	watchdog->timer.data = watchdog;
	uv_timer_start(&watchdog->timer, ask_storage_thread, half_ms,
	    half_ms);
	return watchdog;
}

static void
free_watchdog(uv_handle_t *handle)
{
	free(handle->data);
}

static void
on_watchdog_async_closed(uv_handle_t *handle)
{
	struct watchdog *watchdog = handle->data;

	uv_close((uv_handle_t *)&watchdog->timer, free_watchdog);
}

void
watchdog_stop(struct watchdog *watchdog)
{
	if (watchdog == NULL)
		return;
	uv_timer_stop(&watchdog->timer);
	uv_close((uv_handle_t *)&watchdog->answered, on_watchdog_async_closed);
}
