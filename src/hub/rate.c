#include "rate.h"

#define US_PER_S 1000000

struct rate_limit
rate_limit(uint64_t per, uint64_t period_s, uint64_t burst)
{
	if (per == 0 || burst == 0)
		return (struct rate_limit){ .interval_us = 0, .burst = 1 };
	return (struct rate_limit){
		.interval_us = period_s * US_PER_S / per,
		.burst = burst,
	};
}

unsigned
rate_take(struct rate *rate, const struct rate_limit *limit, uint64_t now_ms)
{
	uint64_t now_us = now_ms * 1000;
	uint64_t full_us = rate->full_us > now_us ? rate->full_us : now_us;
	uint64_t used_us = full_us - now_us;
	uint64_t burst_us = limit->interval_us * limit->burst;

	if (limit->interval_us == 0)
		return 0;
	/* More can have been used under a limit that held before. */
	if (used_us > burst_us) {
		used_us = burst_us;
		full_us = now_us + used_us;
	}
	if (used_us + limit->interval_us > burst_us) {
		uint64_t wait_us = used_us + limit->interval_us - burst_us;

		return (unsigned)((wait_us + US_PER_S - 1) / US_PER_S);
	}
	rate->full_us = full_us + limit->interval_us;
	return 0;
}
