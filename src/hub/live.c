#include "live.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "core.h"
#include "here.h"
#include "left.h"
#include "output.h"
#include "said.h"
#include "wire/announcement.h"
#include "wire/features.h"
#include "wire/message_cursor.h"
#include "wire/multicart.h"

/* No epoch has more than 16 digits: every client's numbers hold it, about. */
#define EPOCH_MAX UINT64_C(9999999999999999)

struct live *
live_open(struct hub *hub, struct room *room)
{
	struct live *live = room->live;
	uint64_t random;

	if (live != NULL)
		return live;
	live = room->live = xcalloc(1, sizeof(*live));
	live->room = room;
	id_source_bytes(&hub->random, &random, sizeof(random));
	live->epoch = random % EPOCH_MAX + 1;
	TAILQ_INIT(&live->said);
	TAILQ_INIT(&live->speakers);
	here_begin(hub, live);
	return live;
}

void
live_close(struct hub *hub, struct room *room)
{
	struct live *live = room->live;

	if (live == NULL)
		return;
	said_clear(hub, live);
	here_end(hub, live);
	left_free(live);
	room->live = NULL;
}

void
live_leave(struct hub *hub, struct room *room)
{
	struct live *live = room->live;

	/* Whose session ended, nobody comes back. */
	if (live == NULL || live->count == 0 ||
	    (room->session != NULL && !room->session->is_running))
		return;
	here_end(hub, live);
	left_put(hub, live);
}

/* Up to which number it has heard what was said whose cursor that is. */
static uint64_t
heard_upto(const struct live *live, const struct message_cursor *cursor)
{
	/* Of another epoch, it is older than all that was said in this one. */
	uint64_t said = cursor->epoch == 0 ? live->last :
	    cursor->epoch == live->epoch ? cursor->said : 0;

	return said < live->last ? said : live->last;
}

/*
 * The version of who is here that peer knows, whose cursor that is; 0 for none.
 * A connection is told anew, behind its multicart.
 */
static uint64_t
present_known(const struct live *live, const struct peer *peer,
    const struct message_cursor *cursor)
{
	return peer->request != NULL && cursor->epoch == live->epoch &&
	    (peer->features & FEATURE_PRESENCE) != 0 &&
	    cursor->present <= live->version ? cursor->present : 0;
}

void
live_follow(struct hub *hub, struct peer *peer, enum live_order order,
    const struct message_cursor *cursor)
{
	struct room *room = peer->seat->room;
	struct peer_told *told = peer->told;
	struct live *live;

	if ((peer->features & FEATURES_LIVE) == 0)
		return;
	live = live_open(hub, room);
	if ((peer->features & FEATURE_PRESENCE) != 0 && live->present == NULL)
		here_update(hub, live);
	if (told == NULL)
		told = peer->told = xcalloc(1, sizeof(*told));
	told->waits = order == LIVE_AFTER_MULTICART;
	told->said = heard_upto(live, cursor);
	told->present = present_known(live, peer, cursor);
}

void
live_keep_place(const struct peer *peer, struct message_cursor *cursor)
{
	if ((peer->features & FEATURE_SAY) == 0)
		return;
	cursor->epoch = peer->seat->room->live->epoch;
	cursor->said = peer->told->said;
}

void
live_show(struct peer *peer)
{
	if (peer->told != NULL)
		peer->told->waits = false;
}

/* The room's of which peer may be told something now; or NULL. */
static const struct live *
live_of(const struct peer *peer)
{
	const struct room *room;

	if ((peer->features & FEATURES_LIVE) == 0 || peer->seat == NULL ||
	    peer->told == NULL || peer->told->waits ||
	    (peer->request != NULL && !peer->request->is_held))
		return NULL;
	room = peer->seat->room;
	return room->is_delayed ? NULL : room->live;
}

static bool
lacks_present(const struct live *live, const struct peer *peer)
{
	return (peer->features & FEATURE_PRESENCE) != 0 &&
	    live->present != NULL && peer->told->present != live->version;
}

/* What was said that peer has to be told next: said_next(). */
static const struct said *
next_said(const struct live *live, const struct peer *peer, uint64_t *missed,
    uint64_t *upto)
{
	*missed = 0;
	*upto = live->last;
	return (peer->features & FEATURE_SAY) == 0 ? NULL : said_next(live,
	    peer->seat, peer->told->said, missed, upto);
}

size_t
live_next_bytes(const struct peer *peer)
{
	const struct live *live = live_of(peer);
	const struct said *said;
	uint64_t missed, upto;

	if (live == NULL)
		return 0;
	if (lacks_present(live, peer))
		return live->present->len;
	said = next_said(live, peer, &missed, &upto);
	return said != NULL ? said->body->len : missed > 0;
}

bool
live_has_news(const struct peer *peer)
{
	return live_next_bytes(peer) > 0;
}

/* What is not for peer counts as told. */
static void
pass_over(struct peer *peer)
{
	const struct live *live = live_of(peer);
	uint64_t missed, upto;

	if (live == NULL)
		return;
	(void)next_said(live, peer, &missed, &upto);
	if (missed == 0 && upto > peer->told->said)
		peer->told->said = upto;
}

/* Who has no news has nothing of it to look through again. */
static void
wake_or_pass_over(struct hub *hub, struct peer *peer)
{
	if (live_has_news(peer))
		core_wake_peer(hub, peer);
	else
		pass_over(peer);
}

static void
wake_if_news(struct hub *hub, struct room *room)
{
	struct seat *seat;
	struct peer *peer;

	TAILQ_FOREACH(seat, &room->seats, entry)
		TAILQ_FOREACH(peer, &seat->peers, entry)
			wake_or_pass_over(hub, peer);
}

void
live_go_on(struct hub *hub, struct room *room)
{
	if (room->live != NULL)
		wake_if_news(hub, room);
}

void
live_shown(struct hub *hub, struct room *room)
{
	struct live *live = room->live;

	if (live == NULL)
		return;
	here_update(hub, live);
	if (live->may_go == live->last)
		return;
	said_shown(live);
	wake_if_news(hub, room);
}

const char *
live_number(struct peer *peer)
{
	struct peer_told *told = peer->told;

	if (peer->features == 0)
		return "";
	if ((peer->features & FEATURES_LIVE) == 0 || told == NULL)
		return MULTICART_NUMBER;
	/* Of a poll that was released it is as it was then. */
	if (peer->seat == NULL)
		return told->number[0] != '\0' ? told->number :
		    MULTICART_NUMBER;
	pass_over(peer);
	xsnprintf(told->number, sizeof(told->number), "%" PRIu64 ".%" PRIu64
	    ".%" PRIu64, peer->seat->room->live->epoch, told->said,
	    told->present);
	return told->number;
}

/* The end of a message with peer's cursor. */
static const char *
end_with_cursor(struct peer *peer)
{
	struct peer_told *told = peer->told;

	xsnprintf(told->tail, sizeof(told->tail), ",\"cursor\":\"%" PRIu64
	    ".%" PRIu64 ".%s\"}", peer->seen_incarnation, peer->seen_revision,
	    live_number(peer));
	return told->tail;
}

void
live_set_cursor(struct peer *peer, struct outbox_item *item)
{
	struct multicart *multicart = item->multicart;

	if ((peer->features & FEATURES_LIVE) == 0 || peer->told == NULL ||
	    !multicart->is_featured)
		return;
	item->len = multicart->plain_len;
	item->tail = end_with_cursor(peer);
	multicart_stamp(multicart, peer->told->number);
}

/* Take body, of which the reference is taken, for peer as it is told. */
static void
set_item(struct hub *hub, struct peer *peer, struct payload *body,
    struct outbox_item *item)
{
	*item = (struct outbox_item){
		.body = body,
		.len = body->len,
		/* An answer has its cursor behind its messages. */
		.tail = peer->request != NULL ? "}" : end_with_cursor(peer),
		.is_live = true,
	};
	output_charge(hub, peer->seat->room,
	    body->len + strlen(item->tail));
}

bool
live_take(struct hub *hub, struct peer *peer, struct outbox_item *item)
{
	const struct live *live = live_of(peer);
	struct peer_told *told = peer->told;
	const struct said *said;
	uint64_t missed, upto;

	if (live == NULL)
		return false;
	if (lacks_present(live, peer)) {
		told->present = live->version;
		set_item(hub, peer, payload_ref(live->present), item);
		return true;
	}
	said = next_said(live, peer, &missed, &upto);
	if (missed > 0) {
		hub->counts.missed_says += missed;
		told->said = upto;
		set_item(hub, peer, announcement_missed(missed), item);
		return true;
	}
	if (said == NULL)
		return false;
	told->said = said->number;
	set_item(hub, peer, payload_ref(said->body), item);
	return true;
}
