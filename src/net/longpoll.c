#include "longpoll.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "answer_body.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "client_quota.h"
#include "deferred.h"
#include "exchange.h"
#include "hub/hub.h"
#include "hub/outbox.h"
#include "hub/peer.h"
#include "loop_lag.h"
#include "wire/message.h"
#include "wire/multicart.h"

/* Up to this part of a wait is left out, so that polls do not keep in step. */
#define WAIT_SPREAD_PERCENT 10
/* Waits are counted in steps, so that those of one length form a list. */
#define WAIT_STEP_MS 100
#define WAIT_STEPS (MESSAGE_WAIT_MAX_S * 1000 / WAIT_STEP_MS + 1)
/* A multicart of more bytes is followed by nothing in its answer. */
#define ALONE_BYTES 65536
/* How long who asks too often waits for the answer that says so. */
#define DELAY_MS 1000

struct longpoll {
	struct peer peer;
	struct peer_request state;		/* of peer */
	struct longpolls *polls;
	TAILQ_ENTRY(longpoll) entry;	/* polls->all */
	bool	 is_held;		/* in the list polls->due[wait] */
	unsigned wait;			/* in steps */
	uint64_t due_ms;		/* of the loop's clock */
	TAILQ_ENTRY(longpoll) waiting;
	struct buf body;
	bool	 has_query;		/* it stands for a body */
	bool	 has_stray_body;	/* and one came besides */
	char	 bearer[ID_TOKEN_CHARS + 1];
	struct deferred deferred;	/* its answer */
};

TAILQ_HEAD(longpoll_list, longpoll);

struct longpolls {
	struct longpolls_config config;
	struct longpolls_settings settings;
	struct longpoll_list all;
	size_t	 count;
	struct longpoll_list due[WAIT_STEPS]; /* by wait; soonest first */
	size_t	 held;			/* in these lists */
	uv_timer_t timer;		/* every step while any is held */
	struct longpolls_counts counts;
	bool	 is_draining;
	unsigned spread;		/* moves on with each wait */
};

struct longpolls *
longpolls_new(const struct longpolls_config *config,
    const struct longpolls_settings *settings)
{
	struct longpolls *polls = xcalloc(1, sizeof(*polls));
	size_t i;

	polls->config = *config;
	polls->settings = *settings;
	TAILQ_INIT(&polls->all);
	for (i = 0; i < WAIT_STEPS; i++)
		TAILQ_INIT(&polls->due[i]);
	for (i = 0; i < LONGPOLL_TRANSPORTS; i++)
		latency_init(&polls->counts.deliveries[i]);
	uv_timer_init(config->loop, &polls->timer);
	polls->timer.data = polls;
	return polls;
}

void
longpolls_configure(struct longpolls *polls,
    const struct longpolls_settings *settings)
{
	polls->settings = *settings;
}

static void
on_longpolls_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void
longpolls_free(struct longpolls *polls)
{
	uv_close((uv_handle_t *)&polls->timer, on_longpolls_closed);
}

size_t
longpolls_count(const struct longpolls *polls)
{
	return polls->count;
}

void
longpolls_copy_counts(const struct longpolls *polls,
    struct longpolls_counts *counts)
{
	*counts = polls->counts;
}

void
longpolls_delivered(struct longpolls *polls, enum transport transport,
    const struct outbox_news *news)
{
	latency_add(&polls->counts.deliveries[transport], news);
}

static void
unhold_longpoll(struct longpoll *poll)
{
	struct longpolls *polls = poll->polls;

	if (!poll->is_held)
		return;
	poll->is_held = false;
	polls->counts.held[poll->peer.transport]--;
	TAILQ_REMOVE(&polls->due[poll->wait], poll, waiting);
	if (--polls->held == 0)
		uv_timer_stop(&polls->timer);
}

static void
cancel_longpoll(struct longpoll *poll)
{
	struct longpolls *polls = poll->polls;
	struct now now = clock_now();

	unhold_longpoll(poll);
	TAILQ_REMOVE(&polls->all, poll, entry);
	polls->count--;
	hub_detach(polls->config.hub, &poll->peer, &now);
	client_quota_leave(&poll->peer, polls->config.quota);
	buf_clear(&poll->body);
	free(poll);
}

/* What all polls get that are answered with multicart alone. */
static struct payload *
multicart_body(struct multicart *multicart, const struct answer_cursor *cursor)
{
	struct answer_body body;

	if (multicart->enclosed == NULL) {
		answer_body_init(&body);
		answer_body_add(&body, multicart->bytes->data,
		    multicart->bytes->len, "");
		multicart->enclosed = answer_body_end(&body, cursor);
	}
	return payload_ref(multicart->enclosed);
}

/* What all of them begin with who get item with a tail of their own. */
static struct payload *
told_body(const struct outbox_item *item)
{
	struct multicart *multicart = item->multicart;
	struct answer_body body;

	if (multicart->told_enclosed == NULL) {
		answer_body_init(&body);
		answer_body_add(&body, item->body->data, item->len, "");
		multicart->told_enclosed = answer_body_begin(&body);
	}
	return payload_ref(multicart->told_enclosed);
}

/* The multicart of item, and this number in the cursor, end answer. */
static void
set_multicart(const struct outbox_item *item, const char *number,
    struct exchange_answer *answer)
{
	const struct answer_cursor cursor = {
		.incarnation = item->multicart->incarnation,
		.revision = item->multicart->revision,
		.number = number,
	};

	if (!item->multicart->is_featured || item->tail[0] == '\0') {
		answer->body = multicart_body(item->multicart, &cursor);
		return;
	}
	answer->body = told_body(item);
	answer->tail = answer_body_tail(item->tail, &cursor);
}

/*
 * Whether an answer ends with the multicart of item: it has a form that others
 * get too, and what is not in it comes with the next poll, which has its cursor.
 */
static bool
ends_with(const struct longpoll *poll, const struct outbox_item *item)
{
	return item->multicart != NULL &&
	    (!hub_peer_has_live(&poll->peer) ||
		item->multicart->bytes->len > ALONE_BYTES);
}

/* The messages in body and the multicart of item become those of answer. */
static void
end_with_multicart(struct longpoll *poll, struct answer_body *body,
    const struct outbox_item *item, struct exchange_answer *answer)
{
	if (body->count > 0) {
		answer->lead = answer_body_lead(body);
		answer->body_from = ANSWER_BODY_HEAD_BYTES;
	} else {
		buf_clear(&body->bytes);
	}
	set_multicart(item, hub_peer_number(&poll->peer), answer);
}

static void
unref_item(const struct outbox_item *item)
{
	payload_unref(item->body);
	multicart_unref(item->multicart);
}

/* All that the hub has for poll becomes the body of answer. */
static void
take_outbox(struct longpoll *poll, struct exchange_answer *answer)
{
	struct answer_cursor cursor = { .incarnation = 0 };
	struct answer_body body;
	struct outbox_item item;

	if (poll->state.is_held) {
		cursor.incarnation = poll->state.incarnation;
		cursor.revision = poll->state.revision;
	}
	answer_body_init(&body);
	while (hub_peer_next_message(poll->polls->config.hub, &poll->peer,
	    &item)) {
		if (ends_with(poll, &item)) {
			end_with_multicart(poll, &body, &item, answer);
			unref_item(&item);
			return;
		}
		answer_body_add(&body, item.body->data, item.len,
		    item.tail);
		if (item.multicart != NULL) {
			cursor.incarnation = item.multicart->incarnation;
			cursor.revision = item.multicart->revision;
		}
		unref_item(&item);
	}
	cursor.number = hub_peer_number(&poll->peer);
	answer->body = answer_body_end(&body, &cursor);
}

/* Answer with all that the hub has for poll, and end it. */
static void
answer_longpoll(struct longpoll *poll)
{
	void (*answered)(void *ctx, const struct exchange_answer *answer) =
	    poll->deferred.answered;
	void *ctx = poll->deferred.ctx;
	struct exchange_answer answer = {
		.status = message_refusal_status(poll->state.refused),
		.retry_after_s = poll->state.retry_after_s,
		.news = outbox_news(&poll->peer.outbox),
	};

	take_outbox(poll, &answer);
	cancel_longpoll(poll);
	answered(ctx, &answer);
}

static void
refuse_longpoll(struct longpoll *poll, enum refusal code, const char *field,
    unsigned retry_after_s)
{
	struct message_error error = {
		.code = code,
		.field = field,
		.event = poll->state.is_held ? MESSAGE_POLL : MESSAGE_NONE,
		.retry_after_s = retry_after_s,
	};

	poll->polls->counts.refusals[code]++;
	poll->state.is_held = false;
	poll->state.refused = code;
	poll->state.retry_after_s = retry_after_s;
	outbox_add_reply(&poll->peer.outbox, message_reply_error(&error));
	answer_longpoll(poll);
}

static void
on_longpoll_timer(uv_timer_t *timer)
{
	struct longpolls *polls = timer->data;
	uint64_t now_ms = uv_now(polls->config.loop);
	struct longpoll *poll;
	size_t i;

	loop_lag_begin(timer->loop);
	for (i = 0; i < WAIT_STEPS; i++)
		while ((poll = TAILQ_FIRST(&polls->due[i])) != NULL &&
		    poll->due_ms <= now_ms)
			answer_longpoll(poll);
}

/* Answer poll in so many steps, at the latest. */
static void
hold_for_steps(struct longpoll *poll, unsigned steps)
{
	struct longpolls *polls = poll->polls;

	poll->wait = steps;
	poll->due_ms = uv_now(polls->config.loop) +
	    (uint64_t)poll->wait * WAIT_STEP_MS;
	poll->is_held = true;
	polls->counts.held[poll->peer.transport]++;
	TAILQ_INSERT_TAIL(&polls->due[poll->wait], poll, waiting);
	if (polls->held++ == 0)
		uv_timer_start(&polls->timer, on_longpoll_timer, WAIT_STEP_MS,
		    WAIT_STEP_MS);
}

/* The hub may keep poll for as long as its client wanted, or a bit less. */
static void
hold_longpoll(struct longpoll *poll)
{
	struct longpolls *polls = poll->polls;
	unsigned steps = poll->state.wait_s * 1000 / WAIT_STEP_MS;
	unsigned spread = steps * WAIT_SPREAD_PERCENT / 100;

	polls->spread = polls->spread * 1103515245 + 12345;
	hold_for_steps(poll, steps - (polls->spread >> 16) % (spread + 1));
}

/*
 * Whether to answer poll later than its client could ask again: its connection
 * is not read meanwhile.  Whoever proves no customer is charged no rate.
 */
static bool
is_answered_late(const struct longpoll *poll)
{
	return poll->state.refused == REFUSAL_RATE_LIMITED ||
	    poll->state.refused == REFUSAL_INVALID_TOKEN ||
	    poll->state.refused == REFUSAL_INVALID_TICKET;
}

/* Go on as far as the hub did. */
static void
answer_or_hold(struct longpoll *poll)
{
	bool is_answered = poll->peer.wants_close ||
	    hub_peer_is_answered(&poll->peer);

	if (is_answered && !is_answered_late(poll))
		answer_longpoll(poll);
	else if (is_answered && !poll->is_held)
		hold_for_steps(poll, DELAY_MS / WAIT_STEP_MS);
	else if (poll->state.is_held && !poll->is_held)
		hold_longpoll(poll);
}

static void
on_longpoll_wake(struct peer *peer)
{
	answer_or_hold((struct longpoll *)((uintptr_t)peer -
	    offsetof(struct longpoll, peer)));
}

/* It is answered and gone, however long that takes. */
static bool
is_longpoll_excused(const struct peer *peer)
{
	(void)peer;	/* is never pinged */
	return false;
}

static const struct peer_ops peer_ops = {
	.wake = on_longpoll_wake,
	.is_excused = is_longpoll_excused,
};

static struct longpoll *
longpoll_of(const struct deferred *deferred)
{
	return (struct longpoll *)((uintptr_t)deferred -
	    offsetof(struct longpoll, deferred));
}

static int
add_to_body(struct deferred *deferred, const void *data, size_t len)
{
	struct longpoll *poll = longpoll_of(deferred);

	if (poll->has_query) {
		poll->has_stray_body = true;
		return 0;
	}
	return buf_append(&poll->body, data, len);
}

static void
start_longpoll(struct deferred *deferred)
{
	struct longpoll *poll = longpoll_of(deferred);
	struct hub *hub = poll->polls->config.hub;
	struct now now = clock_now();
	struct buf body = poll->body;

	if (poll->polls->is_draining) {
		refuse_longpoll(poll, REFUSAL_SHUTTING_DOWN, NULL,
		    EXCHANGE_RETRY_STOPPED_S);
		return;
	}
	if (poll->has_stray_body) {
		refuse_longpoll(poll, REFUSAL_INVALID_MESSAGE, "request", 0);
		return;
	}
	/* The body lives until it is read, even if the poll does not. */
	buf_init(&poll->body, 0);
	if (poll->has_query)
		hub_receive_query(hub, &poll->peer, buf_data(&body), &now);
	else
		hub_receive(hub, &poll->peer,
		    body.len > 0 ? buf_data(&body) : "", body.len, &now);
	buf_clear(&body);
	answer_or_hold(poll);
}

static void
refuse_large_body(struct deferred *deferred)
{
	refuse_longpoll(longpoll_of(deferred), REFUSAL_MESSAGE_TOO_LARGE, NULL,
	    0);
}

static bool
is_longpoll_held(const struct deferred *deferred)
{
	return longpoll_of(deferred)->is_held;
}

static void
on_client_gone(struct deferred *deferred)
{
	cancel_longpoll(longpoll_of(deferred));
}

static const struct deferred_ops deferred_ops = {
	.add_body = add_to_body,
	.start = start_longpoll,
	.refuse_body = refuse_large_body,
	.is_held = is_longpoll_held,
	.cancel = on_client_gone,
};

struct longpoll *
longpoll_new(struct longpolls *polls, enum transport transport,
    const struct client_origin *client)
{
	struct longpoll *poll = xcalloc(1, sizeof(*poll));
	struct now now = clock_now();

	if (client_quota_enter(&poll->peer, polls->config.quota, client,
		polls->settings.log_addresses) == -1) {
		polls->counts.limited++;
		free(poll);
		return NULL;
	}
	poll->polls = polls;
	poll->deferred.ops = &deferred_ops;
	poll->state.bearer = poll->bearer;
	poll->peer.ops = &peer_ops;
	poll->peer.request = &poll->state;
	poll->peer.transport = transport;
	buf_init(&poll->body, polls->settings.max_body != 0 ?
	    polls->settings.max_body : UINT32_MAX);
	TAILQ_INSERT_TAIL(&polls->all, poll, entry);
	polls->count++;
	hub_attach(polls->config.hub, &poll->peer, &now);
	return poll;
}

void
longpoll_set_authorization(struct longpoll *poll, const char *value)
{
	static const char scheme[] = "Bearer ";

	if (value == NULL)
		return;
	/* What is no token of ours is one that proves nothing. */
	poll->bearer[0] = '-';
	if (strncasecmp(value, scheme, sizeof(scheme) - 1) != 0)
		return;
	value += sizeof(scheme) - 1;
	if (strlen(value) == ID_TOKEN_CHARS)
		memcpy(poll->bearer, value, ID_TOKEN_CHARS);
}

void
longpoll_set_query(struct longpoll *poll, const char *query)
{
	size_t size = strlen(query) + 1;

	poll->has_query = true;
	buf_clear(&poll->body);
	buf_init(&poll->body, size);
	if (buf_append(&poll->body, query, size) == -1)
		fatalx("out of memory (query of a poll)");
}

struct deferred *
longpoll_defer(struct longpoll *poll)
{
	return &poll->deferred;
}

void
longpolls_drain(struct longpolls *polls)
{
	struct longpoll *poll, *next;

	polls->is_draining = true;
	for (poll = TAILQ_FIRST(&polls->all); poll != NULL; poll = next) {
		next = TAILQ_NEXT(poll, entry);
		/* What is done is said, what the storage has under way when
		 * that is done, and what is being read is refused then. */
		if (poll->deferred.answered == NULL)
			continue;
		if (hub_peer_is_answered(&poll->peer))
			answer_longpoll(poll);
		else if (poll->peer.waiting_in != NULL ||
		    (poll->state.is_held &&
		    poll->peer.outbox.reply_count == 0))
			refuse_longpoll(poll, REFUSAL_SHUTTING_DOWN, NULL,
			    EXCHANGE_RETRY_STOPPED_S);
	}
}
