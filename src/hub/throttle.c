#include "throttle.h"

#include "core.h"

/* What is as long as that takes the time of one more message. */
#define UNIT_BYTES 16384

uint64_t
throttle_units(size_t len)
{
	return 1 + len / UNIT_BYTES;
}

static bool
is_rate_spent(const struct hub *hub, const struct peer *peer)
{
	return rate_wait_n(&peer->rate, &hub->message_limit, 1,
	    hub->now.mono_ms) > 0;
}

/*
 * Look again when another unit has come back, whatever was spent: all wait for
 * the same time, so that their list is sorted.
 */
static void
wait_for_unit(struct hub *hub, struct peer *peer)
{
	peer->is_throttled = true;
	peer->throttled_until_ms =
	    hub->now.mono_ms + rate_unit_ms(&hub->message_limit);
	TAILQ_INSERT_TAIL(&hub->throttled, peer, throttled);
}

void
throttle_charge(struct hub *hub, struct peer *peer, uint64_t units)
{
	/* It has come: how long that is made up for is asked below. */
	(void)rate_overdraw(&peer->rate, &hub->message_limit, units,
	    hub->now.mono_ms);
	if (peer->is_throttled || !is_rate_spent(hub, peer))
		return;
	hub->counts.limited_messages++;
	wait_for_unit(hub, peer);
}

void
throttle_forget(struct hub *hub, struct peer *peer)
{
	if (!peer->is_throttled)
		return;
	peer->is_throttled = false;
	TAILQ_REMOVE(&hub->throttled, peer, throttled);
}

void
throttle_tick(struct hub *hub)
{
	struct peer *peer;

	while ((peer = TAILQ_FIRST(&hub->throttled)) != NULL &&
	    peer->throttled_until_ms <= hub->now.mono_ms) {
		throttle_forget(hub, peer);
		if (is_rate_spent(hub, peer))
			wait_for_unit(hub, peer);
		else
			core_wake_peer(hub, peer);
	}
}

uint64_t
throttle_next_ms(const struct hub *hub)
{
	const struct peer *peer = TAILQ_FIRST(&hub->throttled);

	return peer != NULL ? peer->throttled_until_ms : UINT64_MAX;
}

void
throttle_configure(struct hub *hub)
{
	struct peer *peer;

	TAILQ_FOREACH(peer, &hub->throttled, throttled) {
		/* More can have been spent than there is of it now. */
		rate_charge_n(&peer->rate, &hub->message_limit, 0,
		    hub->now.mono_ms);
		peer->throttled_until_ms = hub->now.mono_ms +
		    rate_unit_ms(&hub->message_limit);
	}
	throttle_tick(hub);
}
