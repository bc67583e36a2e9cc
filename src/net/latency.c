#include "latency.h"

#include "base/clock.h"
#include "hub/outbox.h"

static const uint64_t bounds_us[] = {
	500, 1000, 2000, 3000, 5000, 7500, 10000, 15000, 25000, 50000, 100000,
	250000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000,
};

void
latency_init(struct latency_counts *counts)
{
	counts->multicarts = 0;
	histogram_init(&counts->latency_us, bounds_us,
	    sizeof(bounds_us) / sizeof(bounds_us[0]));
}

void
latency_add(struct latency_counts *counts, const struct outbox_news *news)
{
	if (!news->is_multicart)
		return;
	counts->multicarts++;
	if (news->since_us != 0)
		histogram_add(&counts->latency_us,
		    clock_us() - news->since_us);
}
