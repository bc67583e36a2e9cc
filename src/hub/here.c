#include "here.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/timeout.h"
#include "base/xalloc.h"
#include "core.h"
#include "session/session.h"
#include "shown.h"
#include "wire/announcement.h"
#include "wire/features.h"
#include "wire/multicart.h"
#include "wire/multicart_members.h"

/* Changes that come within so long may be told as one. */
#define GATHER_MS 250

static void
stop_lingering(struct hub *hub, struct seat *seat)
{
	if (!seat->is_lingering)
		return;
	seat->is_lingering = false;
	TAILQ_REMOVE(&hub->lingering, seat, lingering);
}

/* It was here at seat->here_ms, which is not long ago. */
static void
start_lingering(struct hub *hub, struct seat *seat)
{
	struct seat *before;

	seat->is_lingering = true;
	seat->lingers_ms = timeout_end_ms(seat->here_ms,
	    hub->settings.presence_grace_ms);
	/* The last one ends before, but where a room begins to look. */
	TAILQ_FOREACH_REVERSE(before, &hub->lingering, seat_list, lingering)
		if (before->lingers_ms <= seat->lingers_ms)
			break;
	if (before == NULL)
		TAILQ_INSERT_HEAD(&hub->lingering, seat, lingering);
	else
		TAILQ_INSERT_AFTER(&hub->lingering, before, seat, lingering);
}

static bool
is_here(const struct seat *seat)
{
	return !TAILQ_EMPTY(&seat->peers) || seat->is_lingering;
}

/* Who is here is to be found out, some time soon. */
static void
gather(struct hub *hub, struct live *live)
{
	if (live->is_gathering)
		return;
	live->is_gathering = true;
	live->gathered_ms = hub->now.mono_ms + GATHER_MS;
	TAILQ_INSERT_TAIL(&hub->gathering, live, gathering);
}

static void
stop_gathering(struct hub *hub, struct live *live)
{
	if (!live->is_gathering)
		return;
	live->is_gathering = false;
	TAILQ_REMOVE(&hub->gathering, live, gathering);
}

/* Whether seat is here may be another thing now. */
static void
look_at(struct hub *hub, struct seat *seat)
{
	if (is_here(seat) == seat->was_here)
		return;
	seat->was_here = is_here(seat);
	gather(hub, seat->room->live);
}

void
here_changed(struct hub *hub, struct seat *seat)
{
	seat->here_ms = hub->now.mono_ms;
	if (seat->room->live == NULL)
		return;
	stop_lingering(hub, seat);
	if (TAILQ_EMPTY(&seat->peers))
		start_lingering(hub, seat);
	look_at(hub, seat);
}

void
here_left(struct hub *hub, struct seat *seat)
{
	seat->here_ms = 0;
	stop_lingering(hub, seat);
	if (seat->room->live != NULL)
		look_at(hub, seat);
}

void
here_forget(struct hub *hub, struct seat *seat)
{
	stop_lingering(hub, seat);
}

void
here_begin(struct hub *hub, struct live *live)
{
	struct seat *seat;

	TAILQ_FOREACH(seat, &live->room->seats, entry) {
		if (TAILQ_EMPTY(&seat->peers) && seat->here_ms != 0 &&
		    timeout_end_ms(seat->here_ms,
		    hub->settings.presence_grace_ms) > hub->now.mono_ms)
			start_lingering(hub, seat);
		seat->was_here = is_here(seat);
	}
}

/* The members that the room shows, with a reference; NULL if not known. */
static struct multicart_members *
members_shown(struct room *room)
{
	if (room->session == NULL)
		return NULL;
	if (room->shown != NULL)
		return multicart_members_ref(room->shown);
	/* It is shown as it is, unless something is about to be. */
	if (room->records > 0 || room->pending_multicart != NULL ||
	    room->is_delayed)
		return NULL;
	return multicart_members(room->session);
}

/* Those of members who are here; ids has room for all. */
static size_t
list_here(const struct room *room, const struct multicart_members *members,
    struct customer_id *ids)
{
	const struct customer *customer = TAILQ_FIRST(
	    &room->session->customers);
	size_t i, count = 0;

	/* Both are in the order of joining. */
	for (i = 0; i < members->count; i++) {
		const struct multicart_member *member = &members->members[i];

		while (customer != NULL && customer->row < member->row)
			customer = TAILQ_NEXT(customer, entry);
		if (customer != NULL && customer->row == member->row &&
		    customer->seat != NULL && is_here(customer->seat))
			ids[count++] = member->id;
	}
	return count;
}

static void
wake_observers(struct hub *hub, struct room *room)
{
	struct seat *seat;
	struct peer *peer;

	TAILQ_FOREACH(seat, &room->seats, entry)
		TAILQ_FOREACH(peer, &seat->peers, entry)
			if ((peer->features & FEATURE_PRESENCE) != 0)
				core_wake_peer(hub, peer);
}

/* It is found out anew once somebody asks. */
static void
forget_present(struct live *live)
{
	payload_unref(live->present);
	live->present = NULL;
}

void
here_update(struct hub *hub, struct live *live)
{
	struct multicart_members *members;
	struct customer_id *ids;
	struct payload *present;

	stop_gathering(hub, live);
	if ((shown_features(hub, live->room) & FEATURE_PRESENCE) == 0) {
		forget_present(live);
		return;
	}
	members = members_shown(live->room);
	if (members == NULL)
		return;
	ids = xcalloc(members->count + 1, sizeof(*ids));
	present = announcement_present(ids,
	    list_here(live->room, members, ids));
	free(ids);
	multicart_members_unref(members);
	if (live->present != NULL && present->len == live->present->len &&
	    memcmp(present->data, live->present->data, present->len) == 0) {
		payload_unref(present);
		return;
	}
	payload_unref(live->present);
	live->present = present;
	live->version++;
	wake_observers(hub, live->room);
}

void
here_end(struct hub *hub, struct live *live)
{
	stop_gathering(hub, live);
	forget_present(live);
}

void
here_tick(struct hub *hub)
{
	struct seat *seat;
	struct live *live;

	while ((seat = TAILQ_FIRST(&hub->lingering)) != NULL &&
	    seat->lingers_ms <= hub->now.mono_ms) {
		stop_lingering(hub, seat);
		look_at(hub, seat);
	}
	while ((live = TAILQ_FIRST(&hub->gathering)) != NULL &&
	    live->gathered_ms <= hub->now.mono_ms)
		here_update(hub, live);
}

uint64_t
here_next_ms(const struct hub *hub)
{
	const struct seat *seat = TAILQ_FIRST(&hub->lingering);
	const struct live *live = TAILQ_FIRST(&hub->gathering);
	uint64_t seat_ms = seat == NULL ? UINT64_MAX : seat->lingers_ms;
	uint64_t live_ms = live == NULL ? UINT64_MAX : live->gathered_ms;

	return seat_ms < live_ms ? seat_ms : live_ms;
}

void
here_configure(struct hub *hub, const struct hub_settings *before)
{
	struct seat *seat;

	TAILQ_FOREACH(seat, &hub->lingering, lingering)
		seat->lingers_ms = timeout_changed_end_ms(seat->lingers_ms,
		    before->presence_grace_ms,
		    hub->settings.presence_grace_ms, hub->now.mono_ms);
}
