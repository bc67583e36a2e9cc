#include "shown.h"

#include <stddef.h>
#include <stdint.h>

#include "core.h"
#include "session/session.h"
#include "wire/features.h"
#include "wire/message.h"
#include "wire/multicart.h"
#include "wire/multicart_delta.h"
#include "wire/multicart_members.h"

/* Between two polls of one customer that waits as long as it may. */
#define EXPECT_MS (MESSAGE_WAIT_MAX_S * UINT64_C(1000))

void
shown_expect(const struct hub *hub, struct room *room, unsigned features)
{
	if (features == 0)
		return;
	if (room->features_end_ms <= hub->now.mono_ms)
		room->features = 0;
	room->features |= features;
	room->features_end_ms = hub->now.mono_ms + EXPECT_MS;
}

unsigned
shown_features(const struct hub *hub, const struct room *room)
{
	unsigned features = room->features_end_ms > hub->now.mono_ms ?
	    room->features : 0;
	const struct seat *seat;
	const struct peer *peer;

	TAILQ_FOREACH(seat, &room->seats, entry)
		TAILQ_FOREACH(peer, &seat->peers, entry)
			features |= peer->features;
	return features;
}

static bool
shows(const struct multicart_members *members,
    const struct multicart *multicart)
{
	return members->incarnation == multicart->incarnation &&
	    members->revision == multicart->revision;
}

/* The members that multicart shows, with a reference; NULL if not known. */
static struct multicart_members *
take_members(const struct room *room, struct multicart *multicart)
{
	struct multicart_members *members = multicart->members;

	multicart->members = NULL;
	if (members == NULL && room->session != NULL &&
	    room->session->incarnation == multicart->incarnation &&
	    room->session->revision == multicart->revision)
		members = multicart_members(room->session);
	return members;
}

void
shown_update(const struct hub *hub, struct room *room,
    struct multicart *multicart)
{
	unsigned features = shown_features(hub, room);
	struct multicart_members *members;

	if (features == 0) {
		shown_forget(room);
		return;
	}
	if (room->shown != NULL && shows(room->shown, multicart))
		return;
	members = take_members(room, multicart);
	if ((features & FEATURE_DELTA) != 0 && members != NULL &&
	    room->shown != NULL &&
	    room->shown->incarnation == members->incarnation)
		multicart_make_delta(multicart, room->shown, members);
	shown_forget(room);
	room->shown = members;
}

void
shown_forget(struct room *room)
{
	multicart_members_unref(room->shown);
	room->shown = NULL;
}
