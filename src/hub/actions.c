#include "actions.h"

#include <stdbool.h>
#include <string.h>

#include "auth.h"
#include "base/buf.h"
#include "base/id.h"
#include "claim.h"
#include "core.h"
#include "live.h"
#include "presence.h"
#include "publish.h"
#include "quota.h"
#include "reply.h"
#include "session/record.h"
#include "session/session.h"
#include "shop.h"
#include "shown.h"
#include "throttle.h"
#include "wire/features.h"
#include "wire/message.h"
#include "write_quota.h"

/* Until another session may be started where there are max-sessions. */
#define RETRY_SESSIONS_S 30

/*
 * Let job's record happen, if there is one, and reply to peer, which speaks for
 * customer from then on.
 */
static enum refusal
seat_peer(struct hub *hub, struct peer *peer, struct room *room,
    struct job *job, struct customer *customer, struct reply *reply)
{
	struct seat *seat = presence_seat(room, customer);
	enum refusal code = REFUSAL_NONE;

	reply->seat = seat;
	if (job == NULL)
		reply_send(hub, peer, room, reply);
	else
		code = reply_to_record(hub, peer, room, job, reply);
	presence_update(hub, seat);
	return code;
}

/* Likewise; customer is back in the multicart if it had left that. */
static enum refusal
seat_returning(struct hub *hub, struct peer *peer, struct room *room,
    struct customer *customer, struct reply *reply)
{
	struct job *job = NULL;

	if (customer->state == CUSTOMER_AWAY)
		job = core_new_record(hub, room, RECORD_RETURN, customer, peer);
	return seat_peer(hub, peer, room, job, customer, reply);
}

enum refusal
actions_charge_seat(struct hub *hub, struct seat *seat, struct reply *reply)
{
	const struct message *message = reply->message;
	const struct payload *value = message->what != NULL ?
	    message->what : message->cart;

	reply->retry_after_s = rate_take_n(&seat->rate, &hub->message_limit,
	    throttle_units(value == NULL ? 0 : value->len), hub->now.mono_ms);
	if (reply->retry_after_s == 0)
		return REFUSAL_NONE;
	hub->counts.limited_messages++;
	return REFUSAL_RATE_LIMITED;
}

enum refusal
actions_charge_request(struct hub *hub, const struct peer *peer,
    struct room *room, struct customer *customer, struct reply *reply)
{
	struct seat *seat;

	if (peer->request == NULL)
		return REFUSAL_NONE;
	seat = presence_seat(room, customer);
	presence_by_request(hub, seat);
	return actions_charge_seat(hub, seat, reply);
}

/* Whether seq is not higher than the customer's last one of that event. */
static bool
is_stale_seq(const struct customer *customer, enum message_event event,
    uint64_t seq)
{
	return seq != 0 && seq <= customer->seq[event == MESSAGE_UPDATE_CART ?
	    SEQUENCE_CART : SEQUENCE_READY];
}

/*
 * Likewise, and customer is back in the multicart if it had left that; but not
 * for an update that the lock of the session forbids.
 */
static enum refusal
return_requester(struct hub *hub, const struct peer *peer,
    struct room *room, struct customer *customer, struct reply *reply)
{
	enum refusal code = actions_charge_request(hub, peer, room, customer,
	    reply);

	if (code != REFUSAL_NONE || peer->request == NULL ||
	    customer->state != CUSTOMER_AWAY)
		return code;
	if (room->session->is_locked && !is_stale_seq(customer,
	    reply->message->event, reply->message->seq))
		return REFUSAL_SESSION_LOCKED;
	return write_quota_apply_record(hub, room,
	    core_new_record(hub, room, RECORD_RETURN, customer, peer), peer,
	    &reply->retry_after_s);
}

static struct payload *
reply_with_token(struct hub *hub, struct room *room,
    enum message_event event, const struct customer_id *id, bool has_token)
{
	char token[ID_TOKEN_CHARS + 1];

	if (!has_token)
		return message_reply_customer(event, id, NULL);
	id_token(&hub->config.key, room->id->data, id, token);
	return message_reply_customer(event, id, token);
}

/*
 * Let those features be on that the message asks for, of which a customer
 * without a token has none; the reply says so to who asked for any.
 */
static void
set_features(const struct hub *hub, struct room *room, struct reply *reply,
    bool has_token)
{
	const struct message *message = reply->message;

	reply->features = has_token ? message->features : 0;
	shown_expect(hub, room, reply->features);
	if (message->has_features)
		reply->body = features_add_to_reply(reply->body,
		    reply->features);
}

/* A start or join that was made before: the same answer once more. */
static enum refusal
repeat_admission(struct hub *hub, struct peer *peer, struct room *room,
    struct customer *customer, struct reply *reply)
{
	enum message_event event = reply->message->event;

	if (customer->is_host != (event == MESSAGE_START_SESSION)) {
		reply->field = "requestId";
		return REFUSAL_INVALID_MESSAGE;
	}
	if (customer->state == CUSTOMER_GONE)
		return REFUSAL_LEFT_SESSION;
	/* By HTTP nothing can be said without one. */
	reply->body = reply_with_token(hub, room, event, &customer->id,
	    customer->has_token || peer->transport != TRANSPORT_WEBSOCKET);
	set_features(hub, room, reply, customer->has_token);
	return seat_returning(hub, peer, room, customer, reply);
}

/* Whether the daemon and the shop have room for one more session. */
static bool
has_room_for_session(struct hub *hub, struct shop *shop)
{
	size_t max = hub->settings.max_sessions;

	return (max == 0 || hub->used_sessions < max) && shop_has_room(shop);
}

/* In how many seconds the address may start one, 0 if it just did. */
static unsigned
charge_start(struct hub *hub, const struct peer *peer)
{
	struct shop *shop = peer->shop;
	unsigned wait_s;

	if (shop->quota == NULL)
		return quota_start_session(hub->config.quota, peer->quota_key,
		    hub->now.mono_ms);
	wait_s = quota_attempt(shop->quota, peer->quota_key,
	    hub->now.mono_ms);
	shop->counts.limited_starts += wait_s > 0;
	return wait_s;
}

/* One more session of the shop, and of the address. */
static enum refusal
charge_new_session(struct hub *hub, const struct peer *peer,
    const struct room *room, struct reply *reply)
{
	if (room->session->is_running)
		return REFUSAL_NONE;
	if (!has_room_for_session(hub, peer->shop))
		reply->retry_after_s = RETRY_SESSIONS_S;
	else if (peer->is_limited)
		reply->retry_after_s = charge_start(hub, peer);
	if (reply->retry_after_s == 0)
		return REFUSAL_NONE;
	hub->counts.limited_sessions++;
	return REFUSAL_RATE_LIMITED;
}

/* The record of a start or join of a new customer. */
static struct job *
new_admission(struct hub *hub, struct room *room, struct peer *peer,
    const struct message *message, const uint8_t request[ID_PROOF_BYTES])
{
	bool starts = message->event == MESSAGE_START_SESSION;
	struct job *job = core_new_record(hub, room,
	    starts ? RECORD_START : RECORD_JOIN, NULL, peer);
	struct record *record = &job->record;

	if (room->session->row == 0 && starts)
		room->session->row = ++hub->last_session_row;
	record->session_row = room->session->row;
	record->has_customer = true;
	id_source_bytes(&hub->random, &record->customer,
	    sizeof(record->customer));
	record->customer_row = ++hub->last_customer_row;
	record->name = payload_ref(message->name);
	record->has_account = message->account != NULL;
	record->account = payload_ref(message->account);
	record->has_token = message->is_resumable || message->features != 0 ||
	    hub->settings.require_tokens ||
	    peer->transport != TRANSPORT_WEBSOCKET;
	record->has_request = message->request_id[0] != '\0';
	memcpy(record->request, request, sizeof(record->request));
	return job;
}

/* Seat a new customer; displaced is the host that it replaces, or NULL. */
static enum refusal
admit_customer(struct hub *hub, struct peer *peer, struct room *room,
    struct reply *reply, const uint8_t request[ID_PROOF_BYTES],
    struct customer *displaced)
{
	struct job *job = new_admission(hub, room, peer, reply->message,
	    request);
	struct customer_id id = job->record.customer;
	bool has_token = job->record.has_token;
	struct seat *vacated = displaced != NULL ? displaced->seat : NULL;
	bool is_new = !room->session->is_running;
	enum refusal code;

	if (displaced != NULL) {
		job->record.has_displaced = true;
		job->record.displaced = displaced->id;
		job->record.displaced_row = displaced->row;
	}
	code = write_quota_apply_record(hub, room, job, peer,
	    &reply->retry_after_s);
	if (code != REFUSAL_NONE)
		return code;
	peer->shop->counts.started += is_new;
	if (vacated != NULL)
		presence_end_absence(hub, vacated);
	reply->body = reply_with_token(hub, room, reply->message->event, &id,
	    has_token);
	set_features(hub, room, reply, has_token);
	reply->seat = presence_seat(room,
	    session_customer(room->session, &id));
	reply_when_done(hub, peer, job, reply);
	presence_update(hub, reply->seat);
	return REFUSAL_NONE;
}

enum refusal
actions_start_or_join(struct hub *hub, struct peer *peer,
    struct room *room, struct reply *reply)
{
	struct message *message = reply->message;
	uint8_t request[ID_PROOF_BYTES] = { 0 };
	struct customer *known = NULL, *displaced = NULL;
	enum claim claim = CLAIM_GRANTED;
	enum refusal code = REFUSAL_NONE;

	if (message->request_id[0] != '\0') {
		id_request_digest(&hub->config.key, room->id->data,
		    message->request_id, request);
		known = session_customer_by_request(room->session, request);
	}
	if (peer->seat != NULL &&
	    (known == NULL || known != peer->seat->customer))
		return REFUSAL_ALREADY_JOINED;
	if (known != NULL)
		return repeat_admission(hub, peer, room, known, reply);
	/* Before anything is said about the session. */
	code = auth_ticket(hub, peer, room, message);
	if (code != REFUSAL_NONE)
		return code;
	if (message->event == MESSAGE_START_SESSION) {
		claim = claim_may_replace_host(hub, peer, room, message,
		    &displaced);
		if (claim == CLAIM_REFUSED)
			return REFUSAL_SESSION_EXISTS;
		if (claim == CLAIM_WAITS)
			return REFUSAL_NONE;
		code = charge_new_session(hub, peer, room, reply);
	}
	if (code != REFUSAL_NONE)
		return code;
	return admit_customer(hub, peer, room, reply, request, displaced);
}

enum refusal
actions_resume(struct hub *hub, struct peer *peer, struct room *room,
    struct reply *reply)
{
	const struct message *message = reply->message;
	struct customer *customer = session_customer(room->session,
	    &message->customer);
	enum refusal code;
	uint64_t seq;

	if (customer == NULL && room->session->incarnation == 0)
		return REFUSAL_SESSION_NOT_FOUND;
	if (customer == NULL || customer->state == CUSTOMER_GONE)
		return REFUSAL_LEFT_SESSION;
	if (peer->seat != NULL && peer->seat->customer != customer)
		return REFUSAL_ALREADY_JOINED;
	code = actions_charge_request(hub, peer, room, customer, reply);
	if (code != REFUSAL_NONE)
		return code;
	seq = customer->seq[SEQUENCE_CART] > customer->seq[SEQUENCE_READY] ?
	    customer->seq[SEQUENCE_CART] : customer->seq[SEQUENCE_READY];
	reply->body = message_reply_resume(&customer->id, seq);
	set_features(hub, room, reply, customer->has_token);
	return seat_returning(hub, peer, room, customer, reply);
}

enum refusal
actions_leave(struct hub *hub, struct peer *peer, struct room *room,
    struct reply *reply)
{
	struct customer *customer;
	enum refusal code;

	code = auth_addressee(peer, room, reply->message, &customer);
	if (code != REFUSAL_NONE)
		return code;
	if (!auth_speaks_for(peer, customer))
		return REFUSAL_NOT_YOUR_CUSTOMER;
	code = actions_charge_request(hub, peer, room, customer, reply);
	if (code != REFUSAL_NONE)
		return code;
	reply->body = message_reply_customer(MESSAGE_LEAVE_SESSION,
	    &customer->id, NULL);
	reply->seat = presence_seat(room, customer);
	return reply_to_record(hub, peer, room,
	    core_new_record(hub, room, RECORD_LEAVE, customer, peer), reply);
}

static struct job *
new_update(struct hub *hub, struct room *room, const struct peer *peer,
    const struct customer *customer, const struct message *message)
{
	struct job *job = core_new_record(hub, room,
	    message->event == MESSAGE_UPDATE_CART ? RECORD_CART : RECORD_READY,
	    customer, peer);

	job->record.is_ready = message->is_ready;
	job->record.cart = payload_ref(message->cart);
	return job;
}

enum refusal
actions_update(struct hub *hub, struct peer *peer, struct room *room,
    struct reply *reply)
{
	const struct message *message = reply->message;
	struct customer *customer;
	enum refusal code;
	bool is_own;
	uint64_t seq;
	struct job *job;

	code = auth_addressee(peer, room, message, &customer);
	if (code == REFUSAL_NONE)
		code = return_requester(hub, peer, room, customer,
		    reply);
	if (code != REFUSAL_NONE)
		return code;
	is_own = auth_speaks_for(peer, customer);
	if (!is_own && (customer->has_token || hub->settings.require_tokens))
		return REFUSAL_NOT_YOUR_CUSTOMER;
	seq = is_own ? message->seq : 0;
	reply->is_stale = is_stale_seq(customer, message->event, seq);
	if (seq != 0)
		reply->body = message_reply_seq(message->event, seq,
		    reply->is_stale);
	if (reply->is_stale) {
		reply_send(hub, peer, room, reply);
		return REFUSAL_NONE;
	}
	job = new_update(hub, room, peer, customer, message);
	job->record.client_seq = seq;
	/* Who is not here and has no token is anybody's to speak for. */
	if (!is_own && peer->seat == NULL &&
	    (customer->seat == NULL || !customer->seat->is_present))
		return seat_peer(hub, peer, room, job, customer, reply);
	return reply_to_record(hub, peer, room, job, reply);
}

/* Whether there is nothing said to it, nor about to be. */
static bool
is_held_poll(const struct peer *peer)
{
	return peer->request != NULL && !peer->wants_close &&
	    outbox_is_empty(&peer->outbox) && !live_has_news(peer);
}

static void
limit_held_polls(struct hub *hub, const struct seat *seat)
{
	struct peer *oldest = presence_oldest_beyond(seat,
	    hub->settings.max_held_polls, is_held_poll);

	if (oldest == NULL)
		return;
	oldest->wants_close = true;
	core_wake_peer(hub, oldest);
}

enum refusal
actions_poll(struct hub *hub, struct peer *peer, struct room *room,
    struct reply *reply)
{
	const struct message *message = reply->message;
	struct peer_request *request = peer->request;
	struct customer *customer;
	enum refusal code;

	code = auth_addressee(peer, room, message, &customer);
	if (code == REFUSAL_NONE)
		code = actions_charge_request(hub, peer, room, customer, reply);
	if (code != REFUSAL_NONE)
		return code;
	reply->features = customer->has_token ? message->features : 0;
	shown_expect(hub, room, reply->features);
	/* Its return is news. */
	if (customer->state == CUSTOMER_AWAY)
		return seat_returning(hub, peer, room, customer, reply);
	hub->counts.messages[MESSAGE_POLL][HUB_ACCEPTED]++;
	request->is_held = true;
	request->wait_s = message->wait_s;
	peer->features = reply->features;
	/* What a cursor of other features knows is not enough. */
	if (peer->features == 0 || message->cursor.has_number) {
		request->incarnation = message->cursor.incarnation;
		request->revision = message->cursor.revision;
	}
	presence_bind(hub, peer, presence_seat(room, customer));
	live_follow(hub, peer, publish_is_shown(room, request->incarnation,
	    request->revision) ? LIVE_AT_ONCE : LIVE_AFTER_MULTICART,
	    &message->cursor);
	if (request->incarnation != room->session->incarnation ||
	    request->revision != room->session->revision)
		publish_to_peer(hub, peer, room);
	limit_held_polls(hub, peer->seat);
	return REFUSAL_NONE;
}
