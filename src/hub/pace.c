#include "pace.h"

#include <assert.h>

#include "core.h"

/*
 * When another message may come, whatever was spent: all wait for the same
 * time, so that their list is sorted.
 */
static uint64_t
end_ms(const struct hub *hub)
{
	return hub->now.mono_ms + rate_unit_ms(&hub->message_limit);
}

void
pace_charge(struct hub *hub, struct peer *peer)
{
	assert(!peer->is_paced);
	/* Under a limit that was changed even this one may be too many. */
	(void)rate_take(&peer->rate, &hub->message_limit, hub->now.mono_ms);
	if (rate_wait_n(&peer->rate, &hub->message_limit, 1,
	    hub->now.mono_ms) == 0)
		return;
	hub->counts.limited_messages++;
	peer->is_paced = true;
	peer->paced_ms = end_ms(hub);
	TAILQ_INSERT_TAIL(&hub->paced, peer, paced);
}

void
pace_forget(struct hub *hub, struct peer *peer)
{
	if (!peer->is_paced)
		return;
	peer->is_paced = false;
	TAILQ_REMOVE(&hub->paced, peer, paced);
}

void
pace_tick(struct hub *hub)
{
	struct peer *peer;

	while ((peer = TAILQ_FIRST(&hub->paced)) != NULL &&
	    peer->paced_ms <= hub->now.mono_ms) {
		pace_forget(hub, peer);
		core_wake(hub, peer);
	}
}

uint64_t
pace_next_ms(const struct hub *hub)
{
	const struct peer *peer = TAILQ_FIRST(&hub->paced);

	return peer != NULL ? peer->paced_ms : UINT64_MAX;
}

void
pace_configure(struct hub *hub)
{
	struct peer *peer;

	TAILQ_FOREACH(peer, &hub->paced, paced)
		peer->paced_ms = end_ms(hub);
	pace_tick(hub);
}
