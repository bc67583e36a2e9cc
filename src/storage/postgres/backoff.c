#include "backoff.h"

#include "base/clock.h"

enum {
	PAUSE_MIN_MS = 100,
	PAUSE_MAX_MS = 5000
};

void
backoff_failed(struct backoff *backoff)
{
	backoff->pause_ms *= 2;
	if (backoff->pause_ms < PAUSE_MIN_MS)
		backoff->pause_ms = PAUSE_MIN_MS;
	if (backoff->pause_ms > PAUSE_MAX_MS)
		backoff->pause_ms = PAUSE_MAX_MS;
	backoff->retry_ms = clock_ms() + backoff->pause_ms;
}

unsigned
backoff_shortest(struct backoff *backoff)
{
	return backoff->pause_ms = PAUSE_MIN_MS;
}

bool
backoff_is_pausing(const struct backoff *backoff)
{
	return backoff->pause_ms != 0 && clock_ms() < backoff->retry_ms;
}
