#include "unjoined.h"

#include <assert.h>

#include "base/timeout.h"
#include "core.h"
#include "shop.h"

/* How many are looked at for one that may go. */
#define SEARCH_MAX 64

void
unjoined_add(struct hub *hub, struct peer *peer)
{
	assert(peer->seat == NULL);	/* whose list has its entry, else */
	if (peer->request != NULL)
		return;
	peer->is_unjoined = true;
	peer->unjoined_since_ms = hub->now.mono_ms;
	TAILQ_INSERT_TAIL(&hub->unjoined, peer, entry);
	TAILQ_INSERT_TAIL(&peer->shop->unjoined, peer, unjoined);
}

void
unjoined_remove(struct hub *hub, struct peer *peer)
{
	if (!peer->is_unjoined)
		return;
	peer->is_unjoined = false;
	TAILQ_REMOVE(&hub->unjoined, peer, entry);
	TAILQ_REMOVE(&peer->shop->unjoined, peer, unjoined);
}

void
unjoined_renew(struct hub *hub, struct peer *peer)
{
	if (!peer->is_unjoined)
		return;
	unjoined_remove(hub, peer);
	unjoined_add(hub, peer);
}

/* It is our turn, not its. */
static bool
is_being_served(const struct peer *peer)
{
	return peer->waiting_in != NULL || peer->jobs > 0 || peer->is_moving;
}

struct peer *
unjoined_take(struct hub *hub, const struct shop *shop, uint64_t since_ms)
{
	struct peer *peer;
	unsigned i;

	for (i = 0; i < SEARCH_MAX; i++) {
		peer = shop == NULL ? TAILQ_FIRST(&hub->unjoined) :
		    TAILQ_FIRST(&shop->unjoined);
		if (peer == NULL || peer->unjoined_since_ms > since_ms)
			return NULL;
		if (!is_being_served(peer)) {
			unjoined_remove(hub, peer);
			return peer;
		}
		unjoined_renew(hub, peer);
	}
	return NULL;
}

static uint64_t
join_deadline_ms(const struct hub *hub, const struct peer *peer)
{
	return timeout_end_ms(peer->unjoined_since_ms,
	    hub->settings.join_timeout_ms);
}

void
unjoined_tick(struct hub *hub)
{
	struct peer *peer;

	while ((peer = TAILQ_FIRST(&hub->unjoined)) != NULL &&
	    join_deadline_ms(hub, peer) <= hub->now.mono_ms) {
		if (is_being_served(peer)) {
			unjoined_renew(hub, peer);
			continue;
		}
		unjoined_remove(hub, peer);
		hub->counts.late_unjoined++;
		peer->wants_close = true;
		core_wake_peer(hub, peer);
	}
}

uint64_t
unjoined_next_ms(const struct hub *hub)
{
	const struct peer *peer = TAILQ_FIRST(&hub->unjoined);

	return peer != NULL ? join_deadline_ms(hub, peer) : UINT64_MAX;
}

void
unjoined_configure(struct hub *hub, const struct hub_settings *before)
{
	struct peer *peer;

	/* From when there was no end nobody is late. */
	if (before->join_timeout_ms != 0)
		return;
	TAILQ_FOREACH(peer, &hub->unjoined, entry)
		peer->unjoined_since_ms = hub->now.mono_ms;
}
