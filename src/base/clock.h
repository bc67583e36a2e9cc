#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* One reading of the clocks, handed to everything that needs the time. */
struct now {
	uint64_t mono_ms;	/* CLOCK_MONOTONIC: deadlines */
	uint64_t boot_ms;	/* CLOCK_BOOTTIME: goes on in a suspend */
	uint64_t wall_ms;	/* since 1970: what records say */
	uint64_t mono_us;	/* mono_ms in full: how long things take */
};

struct now clock_now(void);
/* The monotonic clock alone. */
uint64_t clock_us(void);
uint64_t clock_ms(void);
/* The time that the calling thread has spent on a core. */
uint64_t clock_thread_us(void);

#endif
