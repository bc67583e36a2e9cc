#include "dispatch.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "core.h"
#include "presence.h"
#include "publish.h"
#include "refusal_notes.h"
#include "room.h"
#include "session/record.h"
#include "throttle.h"
#include "unjoined.h"
#include "write_quota.h"

/* How long a silent host has to answer a ping before it loses its seat. */
#define CLAIM_WAIT_MS 3000

/*
 * Requests prove their customer each time, but for those that make one; a
 * connection does so once.
 */
static bool
needs_proof(const struct peer *peer, const struct message *message)
{
	if (message->event == MESSAGE_RESUME_SESSION)
		return true;
	return peer->request != NULL &&
	    message->event != MESSAGE_START_SESSION &&
	    message->event != MESSAGE_JOIN_SESSION;
}

/*
 * Who has proved to have sent message, of which room is known once it is
 * admissible; or NULL.
 */
static const struct customer *
proven_sender(const struct peer *peer, const struct room *room,
    const struct message *message)
{
	if (peer->seat != NULL)
		return core_customer_of(peer);
	if (room == NULL || room->session == NULL ||
	    !needs_proof(peer, message))
		return NULL;
	return session_customer(room->session, &message->customer);
}

static void
refuse_for(struct hub *hub, struct peer *peer, struct room *room,
    const struct message *message, enum refusal code, unsigned retry_after_s)
{
	struct message_error error = {
		.code = code,
		.event = message->event,
		.seq = message->seq,
		.retry_after_s = retry_after_s,
	};

	refusal_notes_refuse(hub, peer, room,
	    proven_sender(peer, room, message), &error);
}

static void
refuse_message(struct hub *hub, struct peer *peer, struct room *room,
    const struct message *message, enum refusal code)
{
	refuse_for(hub, peer, room, message, code, 0);
}

static void
refuse_field(struct hub *hub, struct peer *peer, struct room *room,
    const struct message *message, const char *field)
{
	struct message_error error = {
		.code = REFUSAL_INVALID_MESSAGE,
		.field = field,
		.event = message->event,
	};

	refusal_notes_refuse(hub, peer, room,
	    proven_sender(peer, room, message), &error);
}

/*
 * Let job's record happen and answer peer with answer when it is durable, or
 * with the refusal at once.
 */
static enum refusal
apply_and_answer(struct hub *hub, struct peer *peer, struct room *room,
    struct job *job, const struct core_answer *answer)
{
	unsigned retry_after_s = 0;
	enum refusal code = write_quota_apply_record(hub, room, job, peer,
	    &retry_after_s);

	if (code == REFUSAL_NONE) {
		core_count_judgement(hub, answer->message->event, HUB_ACCEPTED);
		core_answer_when_done(peer, job, answer);
		unjoined_renew(hub, peer);
		return code;
	}
	payload_unref(answer->reply);
	refuse_for(hub, peer, room, answer->message, code, retry_after_s);
	return code;
}

/* As happen, for a customer that peer speaks for from then on. */
static void
apply_and_seat(struct hub *hub, struct peer *peer, struct room *room,
    struct job *job, struct customer *customer, struct core_answer *answer)
{
	struct seat *seat = presence_seat(room, customer);

	answer->seat = seat;
	if (job == NULL) {
		core_count_judgement(hub, answer->message->event, HUB_ACCEPTED);
		core_answer(hub, peer, room, answer);
	} else {
		(void)apply_and_answer(hub, peer, room, job,
		    answer); /* it told peer */
	}
	presence_update(hub, seat);
}

static struct job *
new_return(struct hub *hub, struct peer *peer, struct room *room,
    const struct customer *customer)
{
	struct job *job = core_new_record(hub, room, RECORD_RETURN, peer);

	job->record.has_customer = true;
	job->record.customer = customer->id;
	job->record.customer_row = customer->row;
	return job;
}

/* peer speaks for customer again, who may have expired meanwhile. */
static void
seat_returning(struct hub *hub, struct peer *peer, struct room *room,
    struct customer *customer, struct core_answer *answer)
{
	struct job *job = NULL;

	if (customer->state == CUSTOMER_AWAY)
		job = new_return(hub, peer, room, customer);
	apply_and_seat(hub, peer, room, job, customer, answer);
}

static struct payload *
reply_with_token(struct hub *hub, struct room *room,
    const struct message *message, const struct customer_id *id,
    bool has_token)
{
	char token[ID_TOKEN_CHARS + 1];

	if (!has_token)
		return message_reply_customer(message->event, id, NULL);
	id_token(&hub->config.key, room->id->data, id, token);
	return message_reply_customer(message->event, id, token);
}

/* A start or join that was made before: the same answer once more. */
static void
repeat_admission(struct hub *hub, struct peer *peer, struct room *room,
    struct customer *customer, const struct message *message)
{
	struct core_answer answer = { .message = message };

	if (customer->is_host != (message->event == MESSAGE_START_SESSION)) {
		refuse_field(hub, peer, room, message, "requestId");
		return;
	}
	if (customer->state == CUSTOMER_GONE) {
		refuse_message(hub, peer, room, message, REFUSAL_LEFT_SESSION);
		return;
	}
	/* By HTTP nothing can be said without one. */
	answer.reply = reply_with_token(hub, room, message, &customer->id,
	    customer->has_token || peer->transport != TRANSPORT_WEBSOCKET);
	seat_returning(hub, peer, room, customer, &answer);
}

/*
 * Wait until the host of room, which has no token and only seems to be there,
 * answers a ping or does not.
 */
static void
wait_for_host(struct hub *hub, struct peer *peer, struct room *room,
    struct seat *host, struct message *message)
{
	struct peer *of_host;

	if (TAILQ_EMPTY(&room->claiming)) {
		room->claim_ends_ms = hub->now.mono_ms + CLAIM_WAIT_MS;
		TAILQ_INSERT_TAIL(&hub->claims, room, claims);
		TAILQ_FOREACH(of_host, &host->peers, entry) {
			of_host->wants_ping = true;
			core_wake_peer(hub, of_host);
		}
	}
	core_park_message(peer, &room->claiming, message);
}

/*
 * Whether the start may go on: nobody holds the host's seat, or *displaced
 * does and loses it.  Otherwise peer was answered, or waits.
 */
static bool
may_replace_host(struct hub *hub, struct peer *peer, struct room *room,
    struct message *message, struct customer **displaced)
{
	struct customer *host = session_host(room->session);
	bool has_connection;

	*displaced = NULL;
	if (host == NULL)
		return true;
	has_connection = host->seat != NULL && host->seat->is_present;
	if (host->has_token || hub->settings.require_tokens ||
	    (has_connection && host->seat->moves > 0)) {
		refuse_message(hub, peer, room, message,
		    REFUSAL_SESSION_EXISTS);
		return false;
	}
	if (has_connection) {
		wait_for_host(hub, peer, room, host->seat, message);
		return false;
	}
	*displaced = host;
	return true;
}

static bool
may_start_session(struct hub *hub, struct peer *peer, struct room *room,
    const struct message *message)
{
	unsigned wait_s;

	if (room->session->is_running || !peer->is_limited)
		return true;
	wait_s = quota_start_session(hub->config.quota, peer->quota_key,
	    hub->now.mono_ms);
	if (wait_s == 0)
		return true;
	hub->counts.limited_sessions++;
	refuse_for(hub, peer, room, message, REFUSAL_RATE_LIMITED, wait_s);
	return false;
}

/* The record of a start or join of a new customer. */
static struct job *
new_admission(struct hub *hub, struct room *room, struct peer *peer,
    const struct message *message, const uint8_t request[ID_PROOF_BYTES])
{
	struct job *job = core_new_record(hub, room,
	    message->event == MESSAGE_START_SESSION ?
	    RECORD_START : RECORD_JOIN, peer);
	struct record *record = &job->record;

	record->has_customer = true;
	id_source_bytes(&hub->random, &record->customer,
	    sizeof(record->customer));
	record->customer_row = ++hub->config.customer_row;
	record->name = payload_ref(message->name);
	record->has_token = message->is_resumable ||
	    hub->settings.require_tokens ||
	    peer->transport != TRANSPORT_WEBSOCKET;
	record->has_request = message->request_id[0] != '\0';
	memcpy(record->request, request, sizeof(record->request));
	return job;
}

/* Seat a new customer; displaced is the host that it replaces, or NULL. */
static void
admit_customer(struct hub *hub, struct peer *peer, struct room *room,
    const struct message *message, const uint8_t request[ID_PROOF_BYTES],
    struct customer *displaced)
{
	struct session *session = room->session;
	struct core_answer answer = { .message = message };
	struct job *job = new_admission(hub, room, peer, message, request);
	struct customer_id id = job->record.customer;
	bool has_token = job->record.has_token;
	struct seat *vacated = displaced != NULL ? displaced->seat : NULL;
	unsigned retry_after_s = 0;
	enum refusal code;

	if (displaced != NULL) {
		job->record.has_displaced = true;
		job->record.displaced = displaced->id;
		job->record.displaced_row = displaced->row;
	}
	if (session->row == 0 && message->event == MESSAGE_START_SESSION)
		session->row = ++hub->config.session_row;
	job->record.session_row = session->row;
	code = write_quota_apply_record(hub, room, job, peer, &retry_after_s);
	if (code != REFUSAL_NONE) {
		refuse_for(hub, peer, room, message, code, retry_after_s);
		return;
	}
	core_count_judgement(hub, message->event, HUB_ACCEPTED);
	if (vacated != NULL)
		presence_end_absence(hub, vacated);
	answer.reply = reply_with_token(hub, room, message, &id, has_token);
	answer.seat = presence_seat(room, session_customer(session, &id));
	core_answer_when_done(peer, job, &answer);
	presence_update(hub, answer.seat);
}

static void
start_or_join(struct hub *hub, struct peer *peer, struct room *room,
    struct message *message)
{
	uint8_t request[ID_PROOF_BYTES] = { 0 };
	struct customer *known = NULL, *displaced = NULL;

	if (message->request_id[0] != '\0') {
		id_request_digest(&hub->config.key, room->id->data,
		    message->request_id, request);
		known = session_customer_by_request(room->session, request);
	}
	if (peer->seat != NULL &&
	    (known == NULL || known != peer->seat->customer)) {
		refuse_message(hub, peer, room, message,
		    REFUSAL_ALREADY_JOINED);
		return;
	}
	if (known != NULL) {
		repeat_admission(hub, peer, room, known, message);
		return;
	}
	if (message->event == MESSAGE_START_SESSION &&
	    (!may_replace_host(hub, peer, room, message, &displaced) ||
	    !may_start_session(hub, peer, room, message)))
		return;
	admit_customer(hub, peer, room, message, request, displaced);
}

/* The token that comes with message, in it or beside it. */
static const char *
token_of(const struct peer *peer, const struct message *message)
{
	return message->token[0] != '\0' || peer->request == NULL ?
	    message->token : peer->request->bearer;
}

/*
 * The customer that message is about.  NULL if there is none that still takes
 * part, and peer was told.
 */
static struct customer *
find_addressee(struct hub *hub, struct peer *peer, struct room *room,
    const struct message *message)
{
	struct customer *customer;
	enum refusal code = REFUSAL_UNKNOWN_CUSTOMER;

	customer = session_customer(room->session, &message->customer);
	if (customer != NULL && customer->state != CUSTOMER_GONE)
		return customer;
	if (customer != NULL ||
	    (peer->request != NULL && room->session->incarnation > 0))
		code = REFUSAL_LEFT_SESSION;
	else if (!room->session->is_running)
		code = REFUSAL_SESSION_NOT_FOUND;
	refuse_message(hub, peer, room, message, code);
	return NULL;
}

static bool
speaks_for(const struct peer *peer, const struct customer *customer)
{
	/* A request that got this far has proved it. */
	return peer->request != NULL ||
	    (peer->seat != NULL && peer->seat->customer == customer);
}

/*
 * A request shows that its customer is here, and counts against its rate, not
 * that of a connection.  False if peer was refused.
 */
static bool
charge_request(struct hub *hub, struct peer *peer, struct room *room,
    struct customer *customer, const struct message *message)
{
	struct seat *seat = presence_seat(room, customer);
	unsigned wait_s;

	presence_by_request(hub, seat);
	wait_s = rate_take_n(&seat->rate, &hub->message_limit,
	    throttle_units(message->cart == NULL ? 0 : message->cart->len),
	    hub->now.mono_ms);
	if (wait_s == 0)
		return true;
	hub->counts.limited_messages++;
	refuse_for(hub, peer, room, message, REFUSAL_RATE_LIMITED, wait_s);
	return false;
}

/*
 * Likewise, and its customer is back in the multicart if it had left that.
 */
static bool
return_requester(struct hub *hub, struct peer *peer, struct room *room,
    struct customer *customer, const struct message *message)
{
	unsigned retry_after_s = 0;
	enum refusal code;

	if (!charge_request(hub, peer, room, customer, message))
		return false;
	if (customer->state != CUSTOMER_AWAY ||
	    message->event == MESSAGE_LEAVE_SESSION)
		return true;
	code = write_quota_apply_record(hub, room,
	    new_return(hub, peer, room, customer), peer, &retry_after_s);
	if (code != REFUSAL_NONE)
		refuse_for(hub, peer, room, message, code, retry_after_s);
	return code == REFUSAL_NONE;
}

static void
resume_customer(struct hub *hub, struct peer *peer, struct room *room,
    struct message *message)
{
	struct session *session = room->session;
	struct customer *customer;
	struct core_answer answer = { .message = message };
	uint64_t seq;

	customer = session_customer(session, &message->customer);
	if (customer == NULL && session->incarnation == 0) {
		refuse_message(hub, peer, room, message,
		    REFUSAL_SESSION_NOT_FOUND);
		return;
	}
	if (customer == NULL || customer->state == CUSTOMER_GONE) {
		refuse_message(hub, peer, room, message, REFUSAL_LEFT_SESSION);
		return;
	}
	if (peer->seat != NULL && peer->seat->customer != customer) {
		refuse_message(hub, peer, room, message,
		    REFUSAL_ALREADY_JOINED);
		return;
	}
	if (peer->request != NULL &&
	    !charge_request(hub, peer, room, customer, message))
		return;
	seq = customer->seq[SEQUENCE_CART] > customer->seq[SEQUENCE_READY] ?
	    customer->seq[SEQUENCE_CART] : customer->seq[SEQUENCE_READY];
	answer.reply = message_reply_resume(&customer->id, seq);
	seat_returning(hub, peer, room, customer, &answer);
}

/* Release the customer's oldest held request if there is one too many. */
static void
limit_held_polls(struct hub *hub, struct seat *seat)
{
	struct peer *peer, *oldest = NULL;
	size_t held = 0;

	if (hub->settings.max_held_polls == 0)
		return;
	TAILQ_FOREACH(peer, &seat->peers, entry) {
		/* What is there to be said is said, or about to be. */
		if (peer->request == NULL || peer->wants_close ||
		    !outbox_is_empty(&peer->outbox))
			continue;
		held++;
		if (oldest == NULL)
			oldest = peer;
	}
	if (held <= hub->settings.max_held_polls)
		return;
	oldest->wants_close = true;
	core_wake_peer(hub, oldest);
}

static void
hold_poll(struct hub *hub, struct peer *peer, struct room *room,
    struct message *message)
{
	struct session *session = room->session;
	struct customer *customer = find_addressee(hub, peer, room, message);
	struct peer_request *state = peer->request;
	struct core_answer answer = { .message = message };

	if (customer == NULL ||
	    !charge_request(hub, peer, room, customer, message))
		return;
	/* Its return is news. */
	if (customer->state == CUSTOMER_AWAY) {
		seat_returning(hub, peer, room, customer, &answer);
		return;
	}
	core_count_judgement(hub, message->event, HUB_ACCEPTED);
	state->is_held = true;
	state->wait_s = message->wait_s;
	state->incarnation = message->cursor_incarnation;
	state->revision = message->cursor_revision;
	presence_bind(hub, peer, presence_seat(room, customer));
	if (state->incarnation != session->incarnation ||
	    state->revision != session->revision)
		publish_to_peer(hub, peer, room);
	limit_held_polls(hub, peer->seat);
}

/* A change to the customer's cart or readiness, filled into job. */
static void
fill_change(struct job *job, const struct customer *customer,
    const struct message *message, uint64_t seq)
{
	struct record *record = &job->record;

	record->has_customer = true;
	record->customer = customer->id;
	record->customer_row = customer->row;
	record->client_seq = seq;
	record->is_ready = message->is_ready;
	record->cart = payload_ref(message->cart);
}

static void
change_cart_or_ready(struct hub *hub, struct peer *peer, struct room *room,
    struct message *message)
{
	struct customer *customer = find_addressee(hub, peer, room, message);
	bool is_cart = message->event == MESSAGE_UPDATE_CART;
	struct core_answer answer = { .message = message };
	bool is_own;
	uint64_t seq, last;
	struct job *job;

	if (customer == NULL)
		return;
	if (peer->request != NULL &&
	    !return_requester(hub, peer, room, customer, message))
		return;
	is_own = speaks_for(peer, customer);
	if (!is_own && (customer->has_token || hub->settings.require_tokens)) {
		refuse_message(hub, peer, room, message,
		    REFUSAL_NOT_YOUR_CUSTOMER);
		return;
	}
	seq = is_own ? message->seq : 0;
	last = customer->seq[is_cart ? SEQUENCE_CART : SEQUENCE_READY];
	if (seq != 0)
		answer.reply = message_reply_seq(message->event, seq,
		    seq <= last);
	if (seq != 0 && seq <= last) {
		core_count_judgement(hub, message->event, HUB_STALE);
		core_answer(hub, peer, room, &answer);
		return;
	}
	job = core_new_record(hub, room, is_cart ? RECORD_CART : RECORD_READY,
	    peer);
	fill_change(job, customer, message, seq);
	if (!is_own && peer->seat == NULL &&
	    (customer->seat == NULL || !customer->seat->is_present))
		apply_and_seat(hub, peer, room, job, customer, &answer);
	else
		(void)apply_and_answer(hub, peer, room, job,
		    &answer); /* it told peer */
}

static void
leave_session(struct hub *hub, struct peer *peer, struct room *room,
    struct message *message)
{
	struct customer *customer = find_addressee(hub, peer, room, message);
	struct core_answer answer = { .message = message };
	struct job *job;

	if (customer == NULL)
		return;
	if (!speaks_for(peer, customer)) {
		refuse_message(hub, peer, room, message,
		    REFUSAL_NOT_YOUR_CUSTOMER);
		return;
	}
	if (peer->request != NULL &&
	    !return_requester(hub, peer, room, customer, message))
		return;
	job = core_new_record(hub, room, RECORD_LEAVE, peer);
	fill_change(job, customer, message, 0);
	answer.reply = message_reply_customer(message->event, &customer->id,
	    NULL);
	answer.seat = presence_seat(room, customer);
	(void)apply_and_answer(hub, peer, room, job,
	    &answer); /* it told peer */
	if (!TAILQ_EMPTY(&room->claiming) &&
	    session_host(room->session) == NULL)
		claim_judge_again(hub, room);
}

static void
dispatch_by_event(struct hub *hub, struct peer *peer, struct room *room,
    struct message *message)
{
	switch (message->event) {
	case MESSAGE_START_SESSION:
	case MESSAGE_JOIN_SESSION:
		start_or_join(hub, peer, room, message);
		return;
	case MESSAGE_UPDATE_CART:
	case MESSAGE_READY:
		change_cart_or_ready(hub, peer, room, message);
		return;
	case MESSAGE_RESUME_SESSION:
		resume_customer(hub, peer, room, message);
		return;
	case MESSAGE_LEAVE_SESSION:
		leave_session(hub, peer, room, message);
		return;
	case MESSAGE_POLL:
		hold_poll(hub, peer, room, message);
		return;
	case MESSAGE_NONE:
	case MESSAGE_EVENTS:
		return;
	}
}

/* Whether peer, who has proved nothing, may try that; otherwise it was told. */
static bool
may_attempt(struct hub *hub, struct peer *peer, const struct message *message)
{
	unsigned wait_s = core_charge_join(hub, peer);

	if (wait_s == 0)
		return true;
	refuse_for(hub, peer, NULL, message, REFUSAL_RATE_LIMITED, wait_s);
	return false;
}

/*
 * Whether message may be judged at all; otherwise peer was told.  A wrong token
 * learns nothing of sessions and customers.
 */
static bool
is_authorized(struct hub *hub, struct peer *peer,
    const struct message *message)
{
	const char *token = token_of(peer, message);
	bool is_attempt = message->event == MESSAGE_START_SESSION ||
	    message->event == MESSAGE_JOIN_SESSION;

	if (message->event == MESSAGE_POLL && peer->request == NULL) {
		refuse_message(hub, peer, NULL, message, REFUSAL_UNKNOWN_EVENT);
		return false;
	}
	if (!needs_proof(peer, message))
		return !is_attempt || peer->seat != NULL ||
		    may_attempt(hub, peer, message);
	if (id_token_is_valid(&hub->config.key, peer->session_id->data,
	    &message->customer, token))
		return true;
	if (!may_attempt(hub, peer, message))
		return false;
	/* A request can have its token elsewhere, a connection cannot. */
	if (token[0] == '\0' && peer->request == NULL)
		refuse_field(hub, peer, NULL, message, "token");
	else
		refuse_message(hub, peer, NULL, message, REFUSAL_INVALID_TOKEN);
	return false;
}

/*
 * Whether a session may be read for message: for who names a customer without a
 * proof that is an attempt as a join is.  Otherwise peer was told.
 */
static bool
may_load_session(struct hub *hub, struct peer *peer,
    const struct message *message)
{
	return needs_proof(peer, message) ||
	    message->event == MESSAGE_START_SESSION ||
	    message->event == MESSAGE_JOIN_SESSION ||
	    peer->seat != NULL || may_attempt(hub, peer, message);
}

/* An admissible message is judged, once its session is there. */
static void
dispatch_when_loaded(struct hub *hub, struct peer *peer,
    struct message *message)
{
	struct room *room;

	room = peer->seat != NULL ? peer->seat->room :
	    room_get(hub, peer->session_id);
	if (room->state == ROOM_UNLOADED &&
	    !may_load_session(hub, peer, message)) {
		message_clear(message);
		room_release(hub, room);
		return;
	}
	if (room->state == ROOM_UNLOADED)
		room_load(hub, room);
	if (room->state == ROOM_LOADING) {
		core_park_message(peer, &room->waiting, message);
		return;
	}
	dispatch_by_event(hub, peer, room, message);
	message_clear(message);
	room_release(hub, room);
}

void
dispatch_message(struct hub *hub, struct peer *peer, struct message *message)
{
	if (is_authorized(hub, peer, message))
		dispatch_when_loaded(hub, peer, message);
	else
		message_clear(message);
}

/* Take the first peer and its message out of list; false if it is empty. */
static bool
unpark_first(struct hub *hub, struct peer_list *list, struct peer **peer,
    struct message *message)
{
	struct message *parked;

	*peer = TAILQ_FIRST(list);
	if (*peer == NULL)
		return false;
	parked = core_unpark_message(*peer);
	*message = *parked;
	free(parked);
	core_wake_peer(hub, *peer);
	return true;
}

static void
dispatch_again(struct hub *hub, struct peer_list *list)
{
	struct peer_list now = TAILQ_HEAD_INITIALIZER(now);
	struct peer *peer;
	struct message message;

	/* Who has to wait again does so in list. */
	TAILQ_CONCAT(&now, list, waiting);
	TAILQ_FOREACH(peer, &now, waiting)
		peer->waiting_in = &now;
	while (unpark_first(hub, &now, &peer, &message))
		dispatch_when_loaded(hub, peer, &message);
}

void
dispatch_parked(struct hub *hub, struct room *room)
{
	dispatch_again(hub, &room->waiting);
}

static void
refuse_parked(struct hub *hub, struct room *room, struct peer_list *list,
    enum refusal code)
{
	struct peer *peer;
	struct message message;

	while (unpark_first(hub, list, &peer, &message)) {
		refuse_message(hub, peer, room, &message, code);
		message_clear(&message);
	}
}

void
dispatch_load_failed(struct hub *hub, struct room *room)
{
	refuse_parked(hub, room, &room->waiting, REFUSAL_STORAGE_UNAVAILABLE);
}

void
claim_host_lives(struct hub *hub, const struct seat *seat)
{
	struct room *room = seat->room;

	if (TAILQ_EMPTY(&room->claiming) ||
	    session_host(room->session) != seat->customer)
		return;
	TAILQ_REMOVE(&hub->claims, room, claims);
	refuse_parked(hub, room, &room->claiming, REFUSAL_SESSION_EXISTS);
}

void
claim_judge_again(struct hub *hub, struct room *room)
{
	TAILQ_REMOVE(&hub->claims, room, claims);
	dispatch_again(hub, &room->claiming);
}
