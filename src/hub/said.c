#include "said.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/timeout.h"
#include "base/xalloc.h"
#include "core.h"
#include "left.h"
#include "wire/announcement.h"
#include "wire/message.h"
#include "wire/multicart_members.h"

enum {
	KEPT = 32,	/* of a room, with what was said, ... */
	KNOWN = 256,	/* ... and with those that it forgot */
	TURN_MAX = KEPT / 4	/* then who says more waits for the next turn */
};

/* What it takes of memory, its bookkeeping and all. */
static size_t
said_bytes(const struct said *said)
{
	return sizeof(*said) + (said->body == NULL ? 0 :
	    sizeof(*said->body) + said->body->len + 1);
}

static void
drop(struct hub *hub, struct said *said)
{
	struct live *live = said->live;

	hub->counts.said_bytes -= said_bytes(said);
	TAILQ_REMOVE(said->body != NULL ? &hub->said : &hub->forgotten, said,
	    by_age);
	TAILQ_REMOVE(&live->said, said, entry);
	live->count--;
	live->kept -= said->body != NULL;
	payload_unref(said->body);
	free(said);
	left_end_if_over(hub, live);
}

/* That it was said is known from now on, for as long as what it was. */
static void
forget(struct hub *hub, struct said *said)
{
	hub->counts.said_bytes -= said_bytes(said);
	payload_unref(said->body);
	said->body = NULL;
	said->live->kept--;
	said->since_ms = hub->now.mono_ms;
	hub->counts.said_bytes += said_bytes(said);
	TAILQ_REMOVE(&hub->said, said, by_age);
	TAILQ_INSERT_TAIL(&hub->forgotten, said, by_age);
}

/* The oldest of all rooms go first. */
static void
keep_to_max(struct hub *hub)
{
	size_t max = hub->settings.max_said;

	while (max != 0 && hub->counts.said_bytes > max) {
		if (!TAILQ_EMPTY(&hub->forgotten))
			drop(hub, TAILQ_FIRST(&hub->forgotten));
		else
			forget(hub, TAILQ_FIRST(&hub->said));
	}
}

/* The oldest of the room that is not forgotten; there is one. */
static struct said *
oldest_kept(struct live *live)
{
	struct said *said = TAILQ_FIRST(&live->said);

	while (said->body == NULL)
		said = TAILQ_NEXT(said, entry);
	return said;
}

/* Whether the room shows the customer: otherwise it is about to. */
static bool
is_shown(const struct room *room, const struct customer_id *id)
{
	const struct multicart_members *shown = room->shown;
	size_t i;

	if (shown == NULL)
		return true;
	for (i = 0; i < shown->count; i++)
		if (customer_id_equal(&shown->members[i].id, id))
			return true;
	return false;
}

static void
count_in_turn(const struct hub *hub, struct live *live)
{
	if (live->turn != hub->turn)
		live->turn_count = 0;
	live->turn = hub->turn;
	live->turn_count++;
}

bool
said_add(struct hub *hub, struct live *live, const struct customer_id *from,
    const struct message *message)
{
	struct said *said = xcalloc(1, sizeof(*said));

	said->live = live;
	said->number = ++live->last;
	said->since_ms = hub->now.mono_ms;
	said->body = announcement_said(from, message);
	said->from = *from;
	said->has_to = message->has_to;
	said->to = message->to;
	said->last_row = hub->last_customer_row;
	TAILQ_INSERT_TAIL(&live->said, said, entry);
	TAILQ_INSERT_TAIL(&hub->said, said, by_age);
	count_in_turn(hub, live);
	live->count++;
	hub->counts.said_bytes += said_bytes(said);
	if (live->may_go == said->number - 1 && is_shown(live->room, from))
		live->may_go = said->number;
	if (++live->kept > KEPT)
		forget(hub, oldest_kept(live));
	if (live->count > KNOWN)
		drop(hub, TAILQ_FIRST(&live->said));
	keep_to_max(hub);
	return live->turn_count < TURN_MAX;
}

/* Not for who said it, nor for who joined later. */
static bool
is_for(const struct said *said, const struct seat *seat)
{
	return !customer_id_equal(&said->from, &seat->id) &&
	    seat->row <= said->last_row &&
	    (!said->has_to || customer_id_equal(&said->to, &seat->id));
}

/* The first one after number; or NULL. */
static const struct said *
first_after(const struct live *live, uint64_t number)
{
	const struct said *said = NULL, *last = TAILQ_LAST(&live->said,
	    said_list);

	while (last != NULL && last->number > number) {
		said = last;
		last = TAILQ_PREV(last, said_list, entry);
	}
	return said;
}

const struct said *
said_next(const struct live *live, const struct seat *seat, uint64_t number,
    uint64_t *missed, uint64_t *upto)
{
	const struct said *said = first_after(live, number);

	*missed = 0;
	for (; said != NULL && said->number <= live->may_go;
	     said = TAILQ_NEXT(said, entry)) {
		if (!is_for(said, seat))
			continue;
		if (said->body != NULL) {
			*upto = said->number - 1;
			return said;
		}
		(*missed)++;
	}
	*upto = number > live->may_go ? number : live->may_go;
	return NULL;
}

void
said_shown(struct live *live)
{
	live->may_go = live->last;
}

void
said_forget(struct hub *hub, struct live *live, const struct customer_id *id)
{
	struct said *said, *next;

	for (said = TAILQ_FIRST(&live->said); said != NULL; said = next) {
		next = TAILQ_NEXT(said, entry);
		if (customer_id_equal(&said->from, id) ||
		    (said->has_to && customer_id_equal(&said->to, id)))
			drop(hub, said);
	}
}

void
said_clear(struct hub *hub, struct live *live)
{
	while (!TAILQ_EMPTY(&live->said))
		drop(hub, TAILQ_FIRST(&live->said));
}

/* When what is the first of a list is over. */
static uint64_t
end_ms(const struct hub *hub, const struct said_list *list)
{
	const struct said *said = TAILQ_FIRST(list);

	return said == NULL ? UINT64_MAX : timeout_end_ms(said->since_ms,
	    hub->settings.poll_presence_ms);
}

void
said_tick(struct hub *hub)
{
	while (end_ms(hub, &hub->said) <= hub->now.mono_ms)
		forget(hub, TAILQ_FIRST(&hub->said));
	while (end_ms(hub, &hub->forgotten) <= hub->now.mono_ms)
		drop(hub, TAILQ_FIRST(&hub->forgotten));
}

uint64_t
said_next_ms(const struct hub *hub)
{
	uint64_t said_ms = end_ms(hub, &hub->said);
	uint64_t forgotten_ms = end_ms(hub, &hub->forgotten);

	return said_ms < forgotten_ms ? said_ms : forgotten_ms;
}

void
said_configure(struct hub *hub)
{
	hub->say_limit = rate_limit(hub->settings.say_rate, 1,
	    hub->settings.say_burst);
	keep_to_max(hub);
}
