#include "ws_inflation.h"

#include "hub/rate.h"
#include "ws_state.h"

enum {
	INFLATION_SHARES = 16,	/* what all inflate, in rates of one ... */
	INFLATION_BURSTS = 4	/* ... and in so many parts of a second */
};

void
ws_inflation_set(struct ws_service *service, uint64_t rate)
{
	service->inflation = rate_limit(rate, 1, rate);
	service->inflation_of_all = rate_limit(rate * INFLATION_SHARES, 1,
	    rate * INFLATION_SHARES / INFLATION_BURSTS);
}

bool
ws_inflation_is_over(const struct ws *ws)
{
	const struct ws_service *service = ws->service;
	uint64_t now_ms = uv_now(service->config.loop);
	uint64_t n = service->inflation.burst / 2;

	if (ws->window_bits == 0)
		return false;
	return rate_wait_n(&ws->inflated, &service->inflation,
	    ws->parser.max_message < n ? ws->parser.max_message : n,
	    now_ms) != 0 ||
	    rate_wait_n(&service->inflated, &service->inflation_of_all, 1,
	    now_ms) != 0;
}

bool
ws_inflation_is_enough(const struct ws *ws, size_t handed)
{
	return ws->window_bits != 0 && ws->state == WS_STATE_OPEN &&
	    (handed >= WS_SCRATCH_BYTES || ws_inflation_is_over(ws));
}

void
ws_inflation_charge(struct ws *ws, size_t len)
{
	struct ws_service *service = ws->service;
	uint64_t now_ms = uv_now(service->config.loop);

	if (ws->window_bits == 0)
		return;
	rate_charge_n(&ws->inflated, &service->inflation, len, now_ms);
	(void)rate_overdraw(&service->inflated, &service->inflation_of_all,
	    len, now_ms);
}
