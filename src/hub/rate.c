#include "rate.h"

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

/* Fine enough for a gigabyte a second, and centuries fit into 64 bits. */
#define INTERVALS_PER_NS 1024

/* What a whole burst may come to, in intervals; the rest of it is cut off. */
#define BURST_MAX (UINT64_MAX / 4)

struct rate_limit
rate_limit(uint64_t per, uint64_t period_s, uint64_t burst)
{
	struct rate_limit limit = { .interval = 0, .burst = 1 };

	if (per == 0 || burst == 0)
		return limit;
	limit.interval = period_s * NS_PER_S * INTERVALS_PER_NS / per;
	limit.burst = burst;
	if (limit.interval > 0 && burst > BURST_MAX / limit.interval)
		limit.burst = BURST_MAX / limit.interval;
	return limit;
}

static uint64_t
time_ns(const struct rate_limit *limit, uint64_t n)
{
	if (n > limit->burst)
		n = limit->burst;
	return n * limit->interval / INTERVALS_PER_NS;
}

/* More can have been used under a limit that held before. */
static uint64_t
used_ns(const struct rate *rate, const struct rate_limit *limit,
    uint64_t now_ns)
{
	uint64_t used = rate->full_ns > now_ns ? rate->full_ns - now_ns : 0;
	uint64_t burst = time_ns(limit, limit->burst);

	return used < burst ? used : burst;
}

unsigned
rate_wait_n(const struct rate *rate, const struct rate_limit *limit,
    uint64_t n, uint64_t now_ms)
{
	uint64_t wanted = used_ns(rate, limit, now_ms * NS_PER_MS) +
	    time_ns(limit, n);
	uint64_t burst = time_ns(limit, limit->burst);

	if (wanted <= burst)
		return 0;
	return (unsigned)((wanted - burst + NS_PER_S - 1) / NS_PER_S);
}

void
rate_charge_n(struct rate *rate, const struct rate_limit *limit, uint64_t n,
    uint64_t now_ms)
{
	uint64_t now_ns = now_ms * NS_PER_MS;
	uint64_t wanted = used_ns(rate, limit, now_ns) + time_ns(limit, n);
	uint64_t burst = time_ns(limit, limit->burst);

	if (limit->interval != 0)
		rate->full_ns = now_ns + (wanted < burst ? wanted : burst);
}

unsigned
rate_take_n(struct rate *rate, const struct rate_limit *limit, uint64_t n,
    uint64_t now_ms)
{
	unsigned wait_s = rate_wait_n(rate, limit, n, now_ms);

	if (wait_s == 0)
		rate_charge_n(rate, limit, n, now_ms);
	return wait_s;
}

unsigned
rate_take(struct rate *rate, const struct rate_limit *limit, uint64_t now_ms)
{
	return rate_take_n(rate, limit, 1, now_ms);
}

uint64_t
rate_overdraw(struct rate *rate, const struct rate_limit *limit, uint64_t n,
    uint64_t now_ms)
{
	uint64_t now_ns = now_ms * NS_PER_MS;
	uint64_t burst = time_ns(limit, limit->burst);

	if (limit->interval == 0)
		return 0;
	if (rate->full_ns < now_ns)
		rate->full_ns = now_ns;
	if (n > BURST_MAX / limit->interval)
		n = BURST_MAX / limit->interval;
	rate->full_ns += n * limit->interval / INTERVALS_PER_NS;
	if (rate->full_ns - now_ns <= burst)
		return 0;
	return (rate->full_ns - now_ns - burst + NS_PER_MS - 1) / NS_PER_MS;
}

uint64_t
rate_rest_ms(const struct rate *rate, uint64_t now_ms)
{
	uint64_t now_ns = now_ms * NS_PER_MS;

	return rate->full_ns <= now_ns ? 0 :
	    (rate->full_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS;
}

uint64_t
rate_unit_ms(const struct rate_limit *limit)
{
	return (limit->interval / INTERVALS_PER_NS + NS_PER_MS - 1) /
	    NS_PER_MS;
}
