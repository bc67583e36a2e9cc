#include "publish.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "core.h"
#include "live.h"
#include "output.h"
#include "room.h"
#include "session/session.h"
#include "shown.h"
#include "wire/features.h"
#include "wire/multicart.h"
#include "wire/multicart_members.h"

/* Encodings of at least so many bytes are kept, and those that have a delta,
 * which is not made anew, ... */
#define KEEP_BYTES 16384
/* ... for so long after they were shown last, ... */
#define KEEP_MS 5000
/* ... and of all sessions together so many bytes. */
#define KEEP_TOTAL (64 * 1024 * 1024)
/* Sessions of at least so many bytes ... */
#define LARGE_BYTES 65536
/* ... have to wait when that much was encoded in this turn, ... */
#define TURN_BYTES (4 * 1024 * 1024)
/* ... and each for a millisecond for each so many bytes encoded last. */
#define PACE_BYTES (256 * 1024)
/* In the multicart about a customer, besides the cart and the name. */
#define OWNER_BYTES 128

/* About how large the multicart of room would be. */
static size_t
estimated_bytes(const struct room *room)
{
	const struct session *session = room->session;

	return session->cart_bytes +
	    session->counts[CUSTOMER_SEATED] * OWNER_BYTES;
}

/* Whether room may be encoded in this turn; if not, it waits until it may. */
static bool
may_encode(struct hub *hub, struct room *room)
{
	if (room->is_delayed)
		return false;
	if (hub->now.mono_ms < room->encode_ms) {
		output_delay(hub, room, room->encode_ms);
		return false;
	}
	if (hub->encoded_bytes < TURN_BYTES ||
	    estimated_bytes(room) < LARGE_BYTES)
		return true;
	output_delay(hub, room, hub->now.mono_ms + 1);
	return false;
}

static struct multicart *
encode_room(struct hub *hub, struct room *room)
{
	struct multicart *multicart = multicart_encode(room->session);

	hub->encoded_bytes += multicart->bytes->len;
	room->encode_ms = hub->now.mono_ms + multicart->bytes->len / PACE_BYTES;
	multicart->changed_us = room->unpublished_us;
	if (shown_features(hub, room) != 0)
		multicart->members = multicart_members(room->session);
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
			room->changed_by->multicart = encode_room(hub, room);
		room->changed_by = NULL;
	}
}

void
publish_when_completed(struct hub *hub, struct room *room,
    struct multicart *multicart)
{
	if (room->pending_multicart == NULL)
		TAILQ_INSERT_TAIL(&hub->publishing, room, publishing);
	else if (room->pending_multicart->changed_us != 0)
		multicart->changed_us = room->pending_multicart->changed_us;
	multicart_unref(room->pending_multicart);
	room->pending_multicart = multicart;
}

/* Takes the reference. */
static void
cache_encoding(struct hub *hub, struct room *room, struct multicart *multicart)
{
	room_drop_encoding(hub, room);
	room->encoding = multicart;
	hub->encoding_bytes += multicart_size(multicart);
	room->encoding_ends_ms = hub->now.mono_ms + KEEP_MS;
	TAILQ_INSERT_TAIL(&hub->encodings, room, by_encoding);
}

/* It is shown: keep it for a while from now on, if it is worth it. */
static void
keep_encoding(struct hub *hub, struct room *room)
{
	if (room->encoding->bytes->len < KEEP_BYTES &&
	    room->encoding->delta == NULL) {
		room_drop_encoding(hub, room);
		return;
	}
	room->encoding_ends_ms = hub->now.mono_ms + KEEP_MS;
	TAILQ_REMOVE(&hub->encodings, room, by_encoding);
	TAILQ_INSERT_TAIL(&hub->encodings, room, by_encoding);
	while (hub->encoding_bytes > KEEP_TOTAL)
		room_drop_encoding(hub, TAILQ_FIRST(&hub->encodings));
}

/* The kept encoding of room had so many bytes, and has got another form. */
static void
count_form(struct hub *hub, const struct room *room, size_t before)
{
	size_t made = multicart_size(room->encoding) - before;

	hub->encoding_bytes += made;
	hub->encoded_bytes += made;
}

/*
 * What is kept begins to be shown, and is what the next delta changes; its own
 * is made once for all.
 */
static void
begin_showing(struct hub *hub, struct room *room)
{
	size_t before = multicart_size(room->encoding);

	shown_update(hub, room, room->encoding);
	count_form(hub, room, before);
}

/*
 * Whether the cursor of a poll is just what delta changes, and it was we who gave
 * it to this customer, and nothing since: before its database was put back to
 * what it was, a session may have had another state of that revision.
 */
static bool
knows_by_poll(const struct peer *poll, const struct multicart *delta)
{
	return poll->request->incarnation == delta->incarnation &&
	    poll->request->revision == delta->from &&
	    poll->seat->given_incarnation == delta->incarnation &&
	    poll->seat->given_revision == delta->from;
}

/* Whether peer wants delta, and what it took last is just what that changes. */
static bool
takes_delta(const struct peer *peer, const struct multicart *delta)
{
	if (delta == NULL || (peer->features & FEATURE_DELTA) == 0)
		return false;
	return peer->request != NULL ? knows_by_poll(peer, delta) :
	    peer->seen_incarnation == delta->incarnation &&
	    peer->seen_revision == delta->from;
}

/* The form of what is kept that peer gets. */
static struct multicart *
encoding_for(struct hub *hub, struct room *room, const struct peer *peer)
{
	size_t before = multicart_size(room->encoding);
	struct multicart *featured;

	if (peer->features == 0)
		return room->encoding;
	if (takes_delta(peer, room->encoding->delta))
		return room->encoding->delta;
	featured = multicart_featured(room->encoding);
	count_form(hub, room, before);
	return featured;
}

/* What it costs to show peer multicart: in place of one that waits, the rest. */
static uint64_t
output_cost(const struct peer *peer, const struct multicart *multicart)
{
	size_t waiting = outbox_multicart_bytes(&peer->outbox);

	return multicart->bytes->len < waiting ? 0 :
	    multicart->bytes->len - waiting;
}

/* Show what is kept to everybody who is to be shown something. */
static void
send_to_due_peers(struct hub *hub, struct room *room)
{
	struct multicart *multicart;
	struct seat *seat;
	struct peer *peer;
	uint64_t bytes = 0;

	begin_showing(hub, room);
	TAILQ_FOREACH(seat, &room->seats, entry) {
		TAILQ_FOREACH(peer, &seat->peers, entry) {
			if (peer->due == PEER_NOT_DUE)
				continue;
			multicart = encoding_for(hub, room, peer);
			bytes += output_cost(peer, multicart);
			outbox_set_multicart(&peer->outbox, multicart,
			    peer->due == PEER_HAS_NEWS ?
			    room->encoding->changed_us : 0);
			peer->due = PEER_NOT_DUE;
			live_show(peer);
			core_wake_peer(hub, peer);
		}
	}
	keep_encoding(hub, room);
	if (bytes > 0)
		output_charge(hub, room, bytes);
	live_shown(hub, room);
}

static bool
is_encoding_current(const struct room *room)
{
	return room->encoding != NULL &&
	    room->encoding->incarnation == room->session->incarnation &&
	    room->encoding->revision == room->session->revision;
}

/* Show the newest there is to everybody who is to be shown something. */
static void
publish_newest(struct hub *hub, struct room *room)
{
	if (room->is_delayed || room->pending_multicart != NULL)
		return;
	if (!is_encoding_current(room)) {
		/* Where records are under way, the last of them is encoded
		 * yet, or shown when it is settled. */
		if (room->records > 0 || !may_encode(hub, room))
			return;
		cache_encoding(hub, room, encode_room(hub, room));
	}
	send_to_due_peers(hub, room);
}

void
publish_to_peer(struct hub *hub, struct peer *peer, struct room *room)
{
	if (room->pending_multicart != NULL || room->records > 0)
		return;
	if (peer->due == PEER_NOT_DUE)
		peer->due = PEER_ASKED;
	publish_newest(hub, room);
}

bool
publish_is_shown(const struct room *room, uint64_t incarnation,
    uint64_t revision)
{
	const struct multicart_members *shown = room->shown;

	if (shown != NULL && shown->incarnation == incarnation &&
	    shown->revision == revision)
		return true;
	/* With nothing under way it is shown, or waits for room->is_delayed. */
	return room->records == 0 && room->pending_multicart == NULL &&
	    room->session->incarnation == incarnation &&
	    room->session->revision == revision;
}

/* A refused change leaves a held request with what it has seen. */
static bool
has_seen(const struct peer *peer, uint64_t incarnation, uint64_t revision)
{
	return peer->request != NULL &&
	    peer->request->incarnation == incarnation &&
	    peer->request->revision == revision;
}

static void
mark_due(struct hub *hub, struct peer *peer, uint64_t incarnation,
    uint64_t revision)
{
	if (!has_seen(peer, incarnation, revision)) {
		peer->due = PEER_HAS_NEWS;
		return;
	}
	/* What it was to see first was refused. */
	live_show(peer);
	core_wake_peer(hub, peer);
}

/* There is something new: everybody is to be shown it. */
static void
mark_peers_due(struct hub *hub, struct room *room, uint64_t incarnation,
    uint64_t revision)
{
	struct seat *seat;
	struct peer *peer;

	TAILQ_FOREACH(seat, &room->seats, entry)
		TAILQ_FOREACH(peer, &seat->peers, entry)
			mark_due(hub, peer, incarnation, revision);
}

void
publish_all(struct hub *hub)
{
	struct room *room;

	while ((room = TAILQ_FIRST(&hub->publishing)) != NULL) {
		TAILQ_REMOVE(&hub->publishing, room, publishing);
		cache_encoding(hub, room, room->pending_multicart);
		room->pending_multicart = NULL;
		mark_peers_due(hub, room, room->encoding->incarnation,
		    room->encoding->revision);
		if (!room->is_delayed)
			send_to_due_peers(hub, room);
		room_release(hub, room);
	}
}

void
publish_unencoded(struct hub *hub, struct room *room)
{
	if (room->records > 0)
		return;
	mark_peers_due(hub, room, room->session->incarnation,
	    room->session->revision);
	publish_newest(hub, room);
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
			publish_newest(hub, room);
		live_go_on(hub, room);
	}
	while ((room = TAILQ_FIRST(&hub->encodings)) != NULL &&
	    room->encoding_ends_ms <= hub->now.mono_ms)
		room_drop_encoding(hub, room);
}

uint64_t
publish_next_ms(const struct hub *hub)
{
	const struct room *delayed = TAILQ_FIRST(&hub->delayed);
	const struct room *shown = TAILQ_FIRST(&hub->encodings);
	uint64_t next_ms = shown == NULL ? UINT64_MAX : shown->encoding_ends_ms;

	return delayed != NULL && delayed->delayed_ms < next_ms ?
	    delayed->delayed_ms : next_ms;
}
