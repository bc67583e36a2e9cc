#ifndef WAKEUP_H
#define WAKEUP_H

#include <uv.h>

/*
 * Another thread wakes the loop.  It is what uv_async_t is, but for that one's
 * care for a sender that has not returned yet: libuv spins until it has, which
 * on the sender's core lasts as long as the loop's time there.
 */
struct wakeup {
	uv_poll_t poll;
	int	 fd;		/* an eventfd */
	void	(*woken)(void *ctx);
	void	*ctx;
};

/*
 * Have woken called from the loop whenever it was woken, once for all that
 * came since.  Ends the process if that is not possible.
 */
void	 wakeup_init(struct wakeup *wakeup, uv_loop_t *loop,
	    void (*woken)(void *ctx), void *ctx);
/* Called by any thread. */
void	 wakeup_send(struct wakeup *wakeup);
/* Nobody sends any more.  wakeup stays until the loop has closed its handle. */
void	 wakeup_close(struct wakeup *wakeup);

#endif
