#ifndef RATE_H
#define RATE_H

#include <stdint.h>

/*
 * A limit on how often something may happen: so many times in a row, and from
 * then on once every interval (the generic cell rate algorithm of ITU-T I.371:
 * all state is one time).
 */
struct rate_limit {
	uint64_t interval_us;	/* 0 for no limit */
	uint64_t burst;		/* at least 1 */
};

struct rate {
	uint64_t full_us;	/* when the whole burst is available again */
};

/* per times in period_s seconds, burst in a row; no limit if either is 0. */
struct rate_limit rate_limit(uint64_t per, uint64_t period_s, uint64_t burst);

/*
 * Let it happen once more: returns 0, or how many seconds (rounded up) it is
 * until it may, and nothing is counted.
 */
unsigned rate_take(struct rate *rate, const struct rate_limit *limit,
	    uint64_t now_ms);

#endif
