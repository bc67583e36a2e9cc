#include "signals.h"

#include <signal.h>

#include "base/log.h"

void
signals_init(struct signals *signals, uv_loop_t *loop, uv_signal_cb stop,
    uv_signal_cb reload, void *ctx)
{
	signals->sigterm.data = ctx;
	signals->sigint.data = ctx;
	signals->sighup.data = ctx;
	if (uv_signal_init(loop, &signals->sigterm) != 0 ||
	    uv_signal_init(loop, &signals->sigint) != 0 ||
	    uv_signal_init(loop, &signals->sighup) != 0 ||
	    uv_signal_start(&signals->sigterm, stop, SIGTERM) != 0 ||
	    uv_signal_start(&signals->sigint, stop, SIGINT) != 0 ||
	    uv_signal_start(&signals->sighup, reload, SIGHUP) != 0)
		fatalx("cannot watch signals");
}

void
signals_ignore(struct signals *signals)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	/* Also those that the loop has not seen yet. */
	(void)uv_signal_stop(&signals->sigterm);
	(void)uv_signal_stop(&signals->sigint);
	(void)uv_signal_stop(&signals->sighup);
}

void
signals_close(struct signals *signals)
{
	uv_close((uv_handle_t *)&signals->sigterm, NULL);
	uv_close((uv_handle_t *)&signals->sigint, NULL);
	uv_close((uv_handle_t *)&signals->sighup, NULL);
}
