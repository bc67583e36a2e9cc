#ifndef SIGNALS_H
#define SIGNALS_H

#include <uv.h>

/* The signals by which the daemon is stopped (SIGTERM, SIGINT) and reloaded. */
struct signals {
	uv_signal_t sigterm;
	uv_signal_t sigint;
	uv_signal_t sighup;
};

/*
 * Have stop and reload called from the loop, where ctx is the handle's data.
 * Ends the process if that is not possible.
 */
void	 signals_init(struct signals *signals, uv_loop_t *loop,
	    uv_signal_cb stop, uv_signal_cb reload, void *ctx);
/* From now on they do nothing, to the process neither. */
void	 signals_ignore(struct signals *signals);
/* Close the handles; signals stays until the loop has done so. */
void	 signals_close(struct signals *signals);

#endif
