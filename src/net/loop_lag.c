#include "loop_lag.h"

static const uint64_t bounds_us[] = {
	100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000,
	500000, 1000000, 2500000,
};

void
loop_lag_init(struct loop_lag *lag, uv_loop_t *loop)
{
	lag->loop = loop;
	histogram_init(&lag->turns_us, bounds_us,
	    sizeof(bounds_us) / sizeof(bounds_us[0]));
	/* Cannot fail: this libuv knows the option. */
	(void)uv_loop_configure(loop, UV_METRICS_IDLE_TIME);
	lag->ended_ns = uv_hrtime();
}

void
loop_lag_turn(struct loop_lag *lag)
{
	uint64_t now_ns = uv_hrtime();
	uint64_t idle_ns = uv_metrics_idle_time(lag->loop);
	uint64_t turn_ns = now_ns - lag->ended_ns;
	uint64_t waited_ns = idle_ns - lag->idle_ns;

	histogram_add(&lag->turns_us,
	    turn_ns > waited_ns ? (turn_ns - waited_ns) / 1000 : 0);
	lag->ended_ns = now_ns;
	lag->idle_ns = idle_ns;
}
