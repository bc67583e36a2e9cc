#include "plan.h"

#include <netinet/in.h>

enum { LOOPBACK_SOURCES = 100 };	/* 127.0.0.1 and up, in turn */

uint64_t
plan_receivers(const struct plan *plan)
{
	return (uint64_t)plan->sessions *
	    (plan->session_size + plan->watchers);
}

uint64_t
plan_connections(const struct plan *plan)
{
	uint64_t senders = (uint64_t)plan->sessions * plan->session_size;

	switch (plan->mode) {
	case PLAN_CLOSED:
	case PLAN_RATE:
		break;
	case PLAN_IDLE:
	case PLAN_JOIN:
		return plan_receivers(plan);
	case PLAN_HOLD:
		/* Who changes something sends beside its poll; the prober. */
		return plan_receivers(plan) + 2;
	}
	return plan_receivers(plan) +
	    (plan->transport == TRANSPORT_WS ? 0 : senders);
}

enum link_width
plan_width(const struct plan *plan, uint32_t i)
{
	switch (plan->mode) {
	case PLAN_CLOSED:
	case PLAN_RATE:
		/* A watcher sends nothing. */
		return i % (plan->session_size + plan->watchers) <
		    plan->session_size ? LINK_TWO : LINK_ONE;
	case PLAN_IDLE:
	case PLAN_JOIN:
		break;
	case PLAN_HOLD:
		return i == 0 ? LINK_TWO : LINK_ONE;
	}
	return LINK_ONE;
}

struct link_place
plan_place(const struct plan *plan, uint32_t i, const char *session)
{
	struct link_place place = {
		.target = plan->target,
		.host = plan->host,
		.base_path = plan->base_path,
		.session = session,
		.subprotocol = plan->subprotocol,
	};
	struct sockaddr_in *source = (void *)&place.target.source;

	/* More connections than ports: each source address has its own. */
	if (place.target.source_len > 0)
		source->sin_addr.s_addr = htonl(INADDR_LOOPBACK +
		    i % LOOPBACK_SOURCES);
	return place;
}
