#include "publish.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "core.h"
#include "session/session.h"
#include "wire/multicart.h"

/* Encodings of at least so many bytes are kept, others as soon made anew ... */
#define KEEP_BYTES 16384
/* ... for so long after they were shown last, ... */
#define KEEP_MS 5000
/* ... and of all sessions together so many bytes. */
#define KEEP_TOTAL (64 * 1024 * 1024)
/* Sessions of at least so many bytes ... */
#define LARGE_BYTES 65536
/* ... have to wait when that much was encoded in this turn. */
#define TURN_BYTES (4 * 1024 * 1024)
/* In the multicart about a customer, besides the cart and the name. */
#define OWNER_BYTES 128

/* About how large the multicart of room would be. */
static size_t
estimate(const struct room *room)
{
	const struct session *session = room->session;

	return session->cart_bytes +
	    session->counts[CUSTOMER_SEATED] * OWNER_BYTES;
}

/* Show nothing of room before due_ms. */
static void
delay(struct hub *hub, struct room *room, uint64_t due_ms)
{
	struct room *before;

	assert(!room->is_delayed);
	room->is_delayed = true;
	room->delayed_ms = due_ms;
	TAILQ_FOREACH_REVERSE(before, &hub->delayed, room_list, delaying)
		if (before->delayed_ms <= due_ms)
			break;
	if (before == NULL)
		TAILQ_INSERT_HEAD(&hub->delayed, room, delaying);
	else
		TAILQ_INSERT_AFTER(&hub->delayed, before, room, delaying);
}

/* Whether room may be encoded in this turn; if not, it waits for the next. */
static bool
may_encode(struct hub *hub, struct room *room)
{
	if (room->is_delayed)
		return false;
	if (hub->encoded_bytes < TURN_BYTES || estimate(room) < LARGE_BYTES)
		return true;
	delay(hub, room, hub->now.mono_ms + 1);
	return false;
}

static struct multicart *
encode(struct hub *hub, struct room *room)
{
	struct multicart *multicart = multicart_encode(room->session);

	hub->encoded_bytes += multicart->bytes->len;
	multicart->changed_us = room->unpublished_us;
	room->unpublished_us = 0;
	return multicart;
}

void
publish_encode_changed(struct hub *hub)
{
	struct room *room;

	while ((room = TAILQ_FIRST(&hub->changed)) != NULL) {
		TAILQ_REMOVE(&hub->changed, room, changed);
		if (may_encode(hub, room))
			room->changed_by->multicart = encode(hub, room);
		room->changed_by = NULL;
	}
}

void
publish_when_completed(struct hub *hub, struct room *room,
    struct multicart *multicart)
{
	if (room->settled == NULL)
		TAILQ_INSERT_TAIL(&hub->publishing, room, publishing);
	else if (room->settled->changed_us != 0)
		multicart->changed_us = room->settled->changed_us;
	multicart_unref(room->settled);
	room->settled = multicart;
}

/* Takes the reference. */
static void
keep_shown(struct hub *hub, struct room *room, struct multicart *multicart)
{
	room_drop_encoding(hub, room);
	room->shown = multicart;
	hub->encoding_bytes += multicart->bytes->len;
	room->shown_ms = hub->now.mono_ms + KEEP_MS;
	TAILQ_INSERT_TAIL(&hub->showing, room, showing);
}

/* It is shown: keep it for a while from now on, if it is worth it. */
static void
keep_longer(struct hub *hub, struct room *room)
{
	if (room->shown->bytes->len < KEEP_BYTES) {
		room_drop_encoding(hub, room);
		return;
	}
	room->shown_ms = hub->now.mono_ms + KEEP_MS;
	TAILQ_REMOVE(&hub->showing, room, showing);
	TAILQ_INSERT_TAIL(&hub->showing, room, showing);
	while (hub->encoding_bytes > KEEP_TOTAL)
		room_drop_encoding(hub, TAILQ_FIRST(&hub->showing));
}

/* The output of room comes to so many more bytes. */
static void
charge(struct hub *hub, struct room *room, uint64_t bytes)
{
	uint64_t wait_ms = rate_overdraw(&room->output,
	    &hub->output_limit, bytes, hub->now.mono_ms);

	if (wait_ms == 0)
		return;
	hub->counts.delayed_publishes++;
	delay(hub, room, hub->now.mono_ms + wait_ms);
}

/* Show what is kept to everybody who is to be shown something. */
static void
give(struct hub *hub, struct room *room)
{
	struct seat *seat;
	struct peer *peer;
	uint64_t bytes = 0;

	TAILQ_FOREACH(seat, &room->seats, entry) {
		TAILQ_FOREACH(peer, &seat->peers, entry) {
			if (peer->due == PEER_NOT_DUE)
				continue;
			/* In place of one that waits it costs no more. */
			if (peer->outbox.state == NULL)
				bytes += room->shown->bytes->len;
			outbox_set_multicart(&peer->outbox, room->shown,
			    peer->due == PEER_HAS_NEWS ?
			    room->shown->changed_us : 0);
			peer->due = PEER_NOT_DUE;
			core_wake_peer(hub, peer);
		}
	}
	keep_longer(hub, room);
	if (bytes > 0)
		charge(hub, room, bytes);
}

static bool
is_current(const struct room *room)
{
	return room->shown != NULL &&
	    room->shown->incarnation == room->session->incarnation &&
	    room->shown->revision == room->session->revision;
}

/* Show the newest there is to everybody who is to be shown something. */
static void
catch_up(struct hub *hub, struct room *room)
{
	if (room->is_delayed || room->settled != NULL)
		return;
	if (!is_current(room)) {
		/* Where records are under way, the last of them is encoded
		 * yet, or shown when it is settled. */
		if (room->records > 0 || !may_encode(hub, room))
			return;
		keep_shown(hub, room, encode(hub, room));
	}
	give(hub, room);
}

void
publish_to_peer(struct hub *hub, struct peer *peer, struct room *room)
{
	if (room->settled != NULL || room->records > 0)
		return;
	if (peer->due == PEER_NOT_DUE)
		peer->due = PEER_ASKED;
	catch_up(hub, room);
}

/* A refused change leaves a held request with what it has seen. */
static bool
has_seen(const struct peer *peer, uint64_t incarnation, uint64_t revision)
{
	return peer->poll != NULL && peer->poll->incarnation == incarnation &&
	    peer->poll->revision == revision;
}

/* There is something new: everybody is to be shown it. */
static void
announce(struct room *room, uint64_t incarnation, uint64_t revision)
{
	struct seat *seat;
	struct peer *peer;

	TAILQ_FOREACH(seat, &room->seats, entry)
		TAILQ_FOREACH(peer, &seat->peers, entry)
			if (!has_seen(peer, incarnation, revision))
				peer->due = PEER_HAS_NEWS;
}

void
show_all(struct hub *hub)
{
	struct room *room;

	while ((room = TAILQ_FIRST(&hub->publishing)) != NULL) {
		TAILQ_REMOVE(&hub->publishing, room, publishing);
		keep_shown(hub, room, room->settled);
		room->settled = NULL;
		announce(room, room->shown->incarnation,
		    room->shown->revision);
		if (!room->is_delayed)
			give(hub, room);
		room_release(hub, room);
	}
}

void
publish_unencoded(struct hub *hub, struct room *room)
{
	if (room->records > 0)
		return;
	announce(room, room->session->incarnation, room->session->revision);
	catch_up(hub, room);
}

void
publish_begin_turn(struct hub *hub)
{
	hub->encoded_bytes = 0;
}

void
publish_tick(struct hub *hub)
{
	struct room *room;

	while ((room = TAILQ_FIRST(&hub->delayed)) != NULL &&
	    room->delayed_ms <= hub->now.mono_ms) {
		room_end_delay(hub, room);
		if (room->state == ROOM_READY)
			catch_up(hub, room);
	}
	while ((room = TAILQ_FIRST(&hub->showing)) != NULL &&
	    room->shown_ms <= hub->now.mono_ms)
		room_drop_encoding(hub, room);
}

uint64_t
publish_next_ms(const struct hub *hub)
{
	const struct room *delayed = TAILQ_FIRST(&hub->delayed);
	const struct room *shown = TAILQ_FIRST(&hub->showing);
	uint64_t next_ms = shown == NULL ? UINT64_MAX : shown->shown_ms;

	return delayed != NULL && delayed->delayed_ms < next_ms ?
	    delayed->delayed_ms : next_ms;
}

void
publish_configure(struct hub *hub)
{
	uint64_t rate = hub->settings.session_output_rate;
	struct room *room;

	/* A second's worth may go out at once. */
	hub->output_limit = rate_limit(rate, 1, rate);
	/* What was spent was counted by another rate. */
	TAILQ_FOREACH(room, &hub->delayed, delaying) {
		room->output = (struct rate){ 0 };
		room->delayed_ms = hub->now.mono_ms;
	}
}
