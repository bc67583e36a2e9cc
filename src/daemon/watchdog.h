#ifndef WATCHDOG_H
#define WATCHDOG_H

#include <uv.h>

struct writer;

/*
 * Signs of life for a service manager that asks for them: sd_notify(3),
 * WATCHDOG=1.  Each has gone from the loop to the storage thread and back, so
 * there are none while either hangs; a disk that takes no more looks healthy
 * from outside otherwise.
 */
struct watchdog;

/* Twice in the time that the service manager waits; NULL if it does not. */
struct watchdog *watchdog_start(uv_loop_t *loop, struct writer *writer);
/*
 * After writer_stop(), which it outlives.  NULL is allowed.  The loop's close
 * callbacks free it.
 */
void	 watchdog_stop(struct watchdog *watchdog);

#endif
