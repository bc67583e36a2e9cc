#include "webhook_figures.h"

static const uint64_t duration_bounds_us[] = {
	1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000,
	1000000, 2500000, 5000000, 10000000, 15000000, 30000000,
};

const char *
webhook_result_name(enum webhook_result result)
{
	static const char *const names[WEBHOOK_RESULTS] = {
		[WEBHOOK_DELIVERED] = "delivered",
		[WEBHOOK_REFUSED] = "refused",
		[WEBHOOK_TIMED_OUT] = "timeout",
		[WEBHOOK_UNREACHABLE] = "unreachable",
		[WEBHOOK_FORBIDDEN] = "forbidden",
	};

	return names[result];
}

void
webhook_figures_init(struct webhook_figures *figures)
{
	*figures = (struct webhook_figures){ .is_on = false };
	histogram_init(&figures->duration_us, duration_bounds_us,
	    sizeof(duration_bounds_us) / sizeof(duration_bounds_us[0]));
}

void
webhook_figures_add(struct webhook_figures *sum,
    const struct webhook_figures *figures)
{
	size_t i;

	for (i = 0; i < WEBHOOK_RESULTS; i++)
		sum->results[i] += figures->results[i];
	histogram_merge(&sum->duration_us, &figures->duration_us);
	sum->is_on |= figures->is_on;
	sum->given_up += figures->given_up;
	sum->purged += figures->purged;
	sum->parked += figures->parked;
	sum->held += figures->held;
	sum->under_way += figures->under_way;
	if (figures->oldest_ms > sum->oldest_ms)
		sum->oldest_ms = figures->oldest_ms;
}
