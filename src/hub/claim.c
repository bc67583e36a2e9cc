#include "claim.h"

#include <stddef.h>

#include "core.h"
#include "presence.h"
#include "reply.h"
#include "session/session.h"

/* How long a silent host has to answer a ping before it loses its seat. */
#define PING_WAIT_MS 3000

/* The host, who has no token, only seems to be there. */
static void
ping_host(struct hub *hub, struct room *room, const struct seat *host)
{
	struct peer *peer;

	room->claim_ends_ms = hub->now.mono_ms + PING_WAIT_MS;
	TAILQ_INSERT_TAIL(&hub->claims, room, claims);
	TAILQ_FOREACH(peer, &host->peers, entry) {
		peer->wants_ping = true;
		core_wake_peer(hub, peer);
	}
}

enum claim
claim_may_replace_host(struct hub *hub, struct peer *peer, struct room *room,
    struct message *message, struct customer **displaced)
{
	struct customer *host = session_host(room->session);
	bool is_here;

	*displaced = NULL;
	if (host == NULL)
		return CLAIM_GRANTED;
	is_here = host->seat != NULL && host->seat->is_present;
	if (host->has_token || hub->settings.require_tokens ||
	    (is_here && host->seat->moves > 0))
		return CLAIM_REFUSED;
	/* While the session is locked nobody gets the seat anyway. */
	if (is_here && !room->session->is_locked) {
		if (TAILQ_EMPTY(&room->claiming))
			ping_host(hub, room, host->seat);
		core_park_message(peer, &room->claiming, message);
		return CLAIM_WAITS;
	}
	*displaced = host;
	return CLAIM_GRANTED;
}

void
claim_end(struct hub *hub, struct room *room)
{
	TAILQ_REMOVE(&hub->claims, room, claims);
}

void
claim_host_lives(struct hub *hub, const struct seat *seat)
{
	struct room *room = seat->room;

	if (TAILQ_EMPTY(&room->claiming) ||
	    session_host(room->session) != seat->customer)
		return;
	claim_end(hub, room);
	reply_refuse_parked(hub, room, &room->claiming,
	    REFUSAL_SESSION_EXISTS);
}

bool
claim_is_vacant(const struct room *room)
{
	const struct customer *host;

	if (TAILQ_EMPTY(&room->claiming))
		return false;
	host = session_host(room->session);
	return host == NULL || host->seat == NULL || !host->seat->is_present;
}

static bool
is_excused(const struct seat *seat)
{
	const struct peer *peer;

	TAILQ_FOREACH(peer, &seat->peers, entry)
		if (peer->ops->is_excused(peer))
			return true;
	return false;
}

static void
drop_host(struct hub *hub, const struct customer *host)
{
	struct peer *peer;

	while (host->seat != NULL &&
	    (peer = TAILQ_FIRST(&host->seat->peers)) != NULL) {
		peer->wants_close = true;
		core_wake_peer(hub, peer);
		presence_unbind(hub, peer);
	}
	/* Its requests have no ping to answer. */
	if (host->seat != NULL)
		presence_end_request(hub, host->seat);
}

struct room *
claim_next_unanswered(struct hub *hub)
{
	struct room *room;

	while ((room = TAILQ_FIRST(&hub->claims)) != NULL &&
	    room->claim_ends_ms <= hub->now.mono_ms) {
		const struct customer *host = session_host(room->session);

		/* It may still read what it was sent before the ping. */
		if (host != NULL && host->seat != NULL &&
		    is_excused(host->seat)) {
			claim_host_lives(hub, host->seat);
			continue;
		}
		if (host != NULL)
			drop_host(hub, host);
		return room;
	}
	return NULL;
}

uint64_t
claim_next_ms(const struct hub *hub)
{
	const struct room *room = TAILQ_FIRST(&hub->claims);

	return room != NULL ? room->claim_ends_ms : UINT64_MAX;
}
