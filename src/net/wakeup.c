#include "wakeup.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"

static void
on_readable(uv_poll_t *poll, int status, int events)
{
	struct wakeup *wakeup = poll->data;
	eventfd_t sent;

	(void)status;	/* an eventfd has no errors */
	(void)events;	/* is UV_READABLE */
	if (eventfd_read(wakeup->fd, &sent) == 0)
		wakeup->woken(wakeup->ctx);
}

void
wakeup_init(struct wakeup *wakeup, uv_loop_t *loop, void (*woken)(void *ctx),
    void *ctx)
{
	wakeup->woken = woken;
	wakeup->ctx = ctx;
	wakeup->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wakeup->fd == -1 ||
	    uv_poll_init(loop, &wakeup->poll, wakeup->fd) != 0)
		fatalx("cannot set up the event loop");
	wakeup->poll.data = wakeup;
	uv_poll_start(&wakeup->poll, UV_READABLE, on_readable);
}

void
wakeup_send(struct wakeup *wakeup)
{
	/* It fails only where it is readable anyway. */
	(void)eventfd_write(wakeup->fd, 1);
}

void
wakeup_close(struct wakeup *wakeup)
{
	uv_close((uv_handle_t *)&wakeup->poll, NULL);
	close(wakeup->fd);
}
