#include "clock.h"

#include <time.h>

static uint64_t
read_us(clockid_t id)
{
	struct timespec ts = { 0, 0 };

	/* None of these clocks can fail on Linux. */
	(void)clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

struct now
clock_now(void)
{
	uint64_t mono_us = clock_us();

	return (struct now){
		.mono_ms = mono_us / 1000,
		.mono_us = mono_us,
		.boot_ms = read_us(CLOCK_BOOTTIME) / 1000,
		.wall_ms = read_us(CLOCK_REALTIME) / 1000,
	};
}

uint64_t
clock_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

uint64_t
clock_ms(void)
{
	return clock_us() / 1000;
}

uint64_t
clock_thread_us(void)
{
	return read_us(CLOCK_THREAD_CPUTIME_ID);
}
