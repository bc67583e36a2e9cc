#ifndef BACKOFF_H
#define BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Pauses between attempts to connect, the longer the more failed: from 100 ms
 * to 5 s.  Zero: none has failed.
 */
struct backoff {
	unsigned pause_ms;		/* behind the last; 0: none failed */
	uint64_t retry_ms;		/* when the next one is due */
};

/* One has failed. */
void	 backoff_failed(struct backoff *backoff);
/* Begin again with the shortest pause; returns it in milliseconds. */
unsigned backoff_shortest(struct backoff *backoff);
/* Whether the next one is not due yet. */
bool	 backoff_is_pausing(const struct backoff *backoff);

#endif
