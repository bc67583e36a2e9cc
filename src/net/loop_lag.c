#include "loop_lag.h"

static const uint64_t bounds_us[] = {
	100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000,
	500000, 1000000, 2500000,
};

void
loop_lag_init(struct loop_lag *lag, uv_loop_t *loop)
{
	histogram_init(&lag->turns_us, bounds_us,
	    sizeof(bounds_us) / sizeof(bounds_us[0]));
	loop->data = lag;
}

void
loop_lag_begin(const uv_loop_t *loop)
{
	struct loop_lag *lag = loop->data;

	if (lag != NULL && lag->begun_ns == 0)
		lag->begun_ns = uv_hrtime();
}

void
loop_lag_end(struct loop_lag *lag)
{
	histogram_add(&lag->turns_us, (uv_hrtime() - lag->begun_ns) / 1000);
	lag->begun_ns = 0;
}
