#ifndef DRAIN_H
#define DRAIN_H

#include <stddef.h>
#include <stdint.h>

#include <uv.h>

struct api_listener;
struct hub;
struct transports;

/*
 * The end of service: no new connections and no new work; held requests are
 * answered, what was received is committed, and then the WebSockets are closed
 * one after the other, evenly over some time, so that their clients come back
 * evenly too.  Whoever is slow to go is waited for, but not for long.
 */
struct drain;

struct drain_config {
	uv_loop_t *loop;
	struct hub *hub;
	struct transports *transports;
	struct api_listener *api;
	uint64_t duration_ms;		/* 0: all at once */
	void	(*done)(void *ctx);	/* everybody has gone, or time is up */
	void	*ctx;
};

/* Begin, and tell the service manager (sd_notify(3), STOPPING=1). */
struct drain *drain_start(const struct drain_config *config);
/* Go on as far as possible; at the end of every turn of the loop. */
void	 drain_step(struct drain *drain);
/*
 * Close what is left at once; when that has been done already, wait for
 * nobody any longer.
 */
void	 drain_hurry(struct drain *drain);
/* NULL is allowed.  The loop's close callbacks free the memory. */
void	 drain_free(struct drain *drain);

/* How many of count are to be closed when elapsed_ms of duration_ms are
 * over. */
size_t	 drain_closed_by(size_t count, uint64_t elapsed_ms,
	    uint64_t duration_ms);
/* When there is one more than due, which is less than count. */
uint64_t drain_next_close_ms(size_t count, size_t due, uint64_t duration_ms);

#endif
