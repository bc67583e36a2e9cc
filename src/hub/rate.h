#ifndef RATE_H
#define RATE_H

#include <stdint.h>

/*
 * A limit on how much of something may happen: so much at once, and from then
 * on as much as comes back in time (the generic cell rate algorithm of ITU-T
 * I.371: all state is one time).  What is counted are units: messages,
 * sessions, bytes.
 */
struct rate_limit {
	uint64_t interval;	/* of a unit, in 1/1024 ns; 0 for no limit */
	uint64_t burst;		/* units; at least 1 */
};

struct rate {
	uint64_t full_ns;	/* when the whole burst is available again */
};

/* per units in period_s seconds, burst at once; no limit if either is 0. */
struct rate_limit rate_limit(uint64_t per, uint64_t period_s, uint64_t burst);

/*
 * Let one unit happen: returns 0, or how many seconds (rounded up) it is until
 * it may, and nothing is counted.
 */
unsigned rate_take(struct rate *rate, const struct rate_limit *limit,
	    uint64_t now_ms);
/*
 * Likewise n units at once.  More than the burst may happen when all of it is
 * available, and uses that up.
 */
unsigned rate_take_n(struct rate *rate, const struct rate_limit *limit,
	    uint64_t n, uint64_t now_ms);
/* What rate_take_n() would return; nothing is counted. */
unsigned rate_wait_n(const struct rate *rate, const struct rate_limit *limit,
	    uint64_t n, uint64_t now_ms);
/* Count n units that happen anyway; at the most, nothing is available then. */
void	 rate_charge_n(struct rate *rate, const struct rate_limit *limit,
	    uint64_t n, uint64_t now_ms);
/*
 * Let n units happen, whatever is available, and return in how many
 * milliseconds (rounded up) that is made up for: 0 while no more than the burst
 * was used.
 */
uint64_t rate_overdraw(struct rate *rate, const struct rate_limit *limit,
	    uint64_t n, uint64_t now_ms);
/* How long it is until the whole burst is available. */
uint64_t rate_rest_ms(const struct rate *rate, uint64_t now_ms);

/* In how many milliseconds, at the latest, another unit comes back. */
uint64_t rate_unit_ms(const struct rate_limit *limit);

#endif
