#include "clock.h"

#include <time.h>

static uint64_t
read_ms(clockid_t id)
{
	struct timespec ts = { 0, 0 };

	/* Neither clock can fail on Linux. */
	(void)clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

struct now
clock_now(void)
{
	return (struct now){
		.mono_ms = read_ms(CLOCK_MONOTONIC),
		.wall_ms = read_ms(CLOCK_REALTIME),
	};
}
