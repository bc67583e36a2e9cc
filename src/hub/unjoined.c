#include "unjoined.h"

#include <assert.h>

#include "base/wait.h"
#include "core.h"

/* How many are looked at for one that may go. */
#define SEARCH_MAX 64

void
strangers_add(struct hub *hub, struct peer *peer)
{
	assert(peer->seat == NULL);	/* whose list has its entry, else */
	if (peer->poll != NULL)
		return;
	peer->is_stranger = true;
	peer->stranger_ms = hub->now.mono_ms;
	TAILQ_INSERT_TAIL(&hub->strangers, peer, entry);
}

void
strangers_remove(struct hub *hub, struct peer *peer)
{
	if (!peer->is_stranger)
		return;
	peer->is_stranger = false;
	TAILQ_REMOVE(&hub->strangers, peer, entry);
}

void
strangers_renew(struct hub *hub, struct peer *peer)
{
	if (!peer->is_stranger)
		return;
	strangers_remove(hub, peer);
	strangers_add(hub, peer);
}

/* It is our turn, not its. */
static bool
is_being_served(const struct peer *peer)
{
	return peer->waiting_in != NULL || peer->jobs > 0 || peer->is_moving;
}

struct peer *
strangers_take(struct hub *hub, uint64_t since_ms)
{
	struct peer *peer;
	unsigned i;

	for (i = 0; i < SEARCH_MAX; i++) {
		peer = TAILQ_FIRST(&hub->strangers);
		if (peer == NULL || peer->stranger_ms > since_ms)
			return NULL;
		if (!is_being_served(peer)) {
			strangers_remove(hub, peer);
			return peer;
		}
		strangers_renew(hub, peer);
	}
	return NULL;
}

static uint64_t
end_ms(const struct hub *hub, const struct peer *peer)
{
	return wait_end_ms(peer->stranger_ms, hub->config.join_timeout_ms);
}

void
strangers_tick(struct hub *hub)
{
	struct peer *peer;

	while ((peer = TAILQ_FIRST(&hub->strangers)) != NULL &&
	    end_ms(hub, peer) <= hub->now.mono_ms) {
		if (is_being_served(peer)) {
			strangers_renew(hub, peer);
			continue;
		}
		strangers_remove(hub, peer);
		hub->counts.late_strangers++;
		peer->wants_close = true;
		core_wake(hub, peer);
	}
}

uint64_t
strangers_next_ms(const struct hub *hub)
{
	const struct peer *peer = TAILQ_FIRST(&hub->strangers);

	return peer != NULL ? end_ms(hub, peer) : UINT64_MAX;
}

void
strangers_configure(struct hub *hub, const struct hub_config *before)
{
	struct peer *peer;

	/* From when there was no end nobody is late. */
	if (before->join_timeout_ms != 0)
		return;
	TAILQ_FOREACH(peer, &hub->strangers, entry)
		peer->stranger_ms = hub->now.mono_ms;
}
