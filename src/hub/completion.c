#include "completion.h"

#include "call.h"
#include "claim.h"
#include "core.h"
#include "disk_space.h"
#include "dispatch.h"
#include "erasure.h"
#include "idle.h"
#include "live.h"
#include "presence.h"
#include "publish.h"
#include "reply.h"
#include "retention.h"
#include "room.h"
#include "session/record.h"
#include "session_lock.h"
#include "shown.h"
#include "wire/multicart.h"

/* How long the answer to who comes by a request waits for a delayed session. */
#define DELAYED_WAIT_S 1

/*
 * A record did not happen after all: read what the session really is, if that
 * is of interest to anybody.
 */
static void
unload_session(struct hub *hub, struct room *room)
{
	if (room->state != ROOM_READY)
		return;
	if (room->changed_by != NULL) {
		TAILQ_REMOVE(&hub->changed, room, changed);
		room->changed_by = NULL;
	}
	room->unpublished_us = 0;
	shown_forget(room);
	presence_unlink(hub, room);
	session_free(room->session);
	room->session = NULL;
	room->state = ROOM_UNLOADED;
	if (!TAILQ_EMPTY(&room->seats))
		room_load(hub, room);
	/* They wait until it is known who is host. */
	if (!TAILQ_EMPTY(&room->claiming))
		dispatch_claims(hub, room);
}

static void
complete_load(struct hub *hub, struct room *room, struct job *job)
{
	if (job->result == JOB_REFUSED) {
		room->state = ROOM_UNLOADED;
		if (!TAILQ_EMPTY(&room->seats))
			room_load_later(hub, room);
		erasure_loaded(hub, room);
		call_loaded(hub, room);
		session_lock_loaded(hub, room);
		dispatch_load_failed(hub, room);
		return;
	}
	room->state = ROOM_READY;
	room->session = job->load.session;
	job->load.session = NULL;
	if (room->session == NULL)
		room->session = session_new(room->id, 0);
	presence_relink(hub, room);
	/* Only a room that was unloaded has seats: its peers may have missed
	 * what was announced to them and then refused. */
	if (!TAILQ_EMPTY(&room->seats))
		publish_when_completed(hub, room,
		    multicart_encode(room->session));
	idle_end_session(hub, room);
	session_lock_loaded(hub, room);
	erasure_loaded(hub, room);
	call_loaded(hub, room);
	dispatch_parked(hub, room);
}

/* A held poll of a customer that left learns so. */
static void
end_held_poll(struct hub *hub, struct peer *peer)
{
	static const struct message_error left = {
		.code = REFUSAL_LEFT_SESSION,
		.event = MESSAGE_POLL,
	};

	peer->request->is_held = false;
	reply_error(hub, peer, NULL, &left);
}

/*
 * The customer left: everybody who spoke for it but the origin, who is told
 * anyway, is told by reply, and free.
 */
static void
unbind_gone_customer(struct hub *hub, struct seat *seat, struct payload *reply,
    uint64_t origin)
{
	struct peer *peer, *next;

	for (peer = TAILQ_FIRST(&seat->peers); peer != NULL; peer = next) {
		next = TAILQ_NEXT(peer, entry);
		presence_unbind(hub, peer);
		if (peer->id == origin)
			continue;
		if (peer->request != NULL) {
			end_held_poll(hub, peer);
			continue;
		}
		outbox_add_reply(&peer->outbox, payload_ref(reply));
		core_wake_peer(hub, peer);
	}
	presence_end_request(hub, seat);
}

static bool
is_connection(const struct peer *peer)
{
	return peer->request == NULL;
}

/*
 * peer is one more connection of its customer: if that is one too many, end
 * the oldest, which may be left over from a network that is gone.
 */
static void
limit_connections(struct hub *hub, const struct peer *peer)
{
	struct peer *oldest = presence_oldest_beyond(peer->seat,
	    hub->settings.max_customer_connections, is_connection);

	if (oldest == NULL)
		return;
	hub->counts.limited_connections++;
	oldest->wants_close = true;
	core_wake_peer(hub, oldest);
	presence_unbind(hub, oldest);
}

/* peer has come to speak for seat; show it the room as it is. */
static void
seat_peer(struct hub *hub, struct peer *peer, struct seat *seat,
    const struct job *job)
{
	struct message_cursor cursor = job->cursor;

	if (seat->customer == NULL)
		return;
	if (peer->seat != NULL)
		live_keep_place(peer, &cursor);
	/* What waits would be shown as before, or is but a change. */
	if (peer->features != job->features ||
	    outbox_has_delta(&peer->outbox))
		outbox_drop_multicart(&peer->outbox);
	peer->features = job->features;
	peer->seen_incarnation = 0;
	if (peer->request != NULL) {
		peer->request->is_held = true;
		peer->request->wait_s = MESSAGE_WAIT_S;
		presence_by_request(hub, seat);
	}
	if (peer->seat == NULL) {
		presence_bind(hub, peer, seat);
		limit_connections(hub, peer);
	}
	live_follow(hub, peer, LIVE_AFTER_MULTICART, &cursor);
	claim_host_lives(hub, seat);
	publish_to_peer(hub, peer, seat->room);
	/* The reply, which has a token, does not wait long for a session whose
	 * output has to: a poll gets the multicart then. */
	if (peer->request != NULL && peer->due != PEER_NOT_DUE)
		peer->request->wait_s = DELAYED_WAIT_S;
}

static void
complete_move(struct hub *hub, struct peer *peer, struct job *job)
{
	struct seat *seat = job->seat;

	if (peer != NULL)
		peer->is_moving = false;
	if (job->result == JOB_DONE && job->kind == JOB_APPEND &&
	    job->record.event == RECORD_LEAVE)
		unbind_gone_customer(hub, seat, job->reply, job->origin);
	else if (job->result == JOB_DONE && peer != NULL)
		seat_peer(hub, peer, seat, job);
	seat->moves--;
	presence_update(hub, seat);
}

/* Tell peer, who asked for job, what came of it. */
static void
answer_origin(struct hub *hub, struct peer *peer, const struct job *job)
{
	struct message_error error = job->error;

	if (job->result == JOB_REFUSED)
		error = (struct message_error){
			.code = REFUSAL_STORAGE_UNAVAILABLE,
			.event = job->error.event,
			.seq = job->error.seq,
		};
	if (error.code != REFUSAL_NONE)
		reply_error_now(hub, peer, &error);
	else if (job->reply != NULL)
		outbox_add_reply(&peer->outbox, payload_ref(job->reply));
}

static void
complete_origin(struct hub *hub, struct job *job)
{
	struct peer *peer;

	HASH_FIND(hh, hub->peers, &job->origin, sizeof(job->origin), peer);
	if (peer != NULL) {
		peer->jobs--;
		answer_origin(hub, peer, job);
		core_wake_peer(hub, peer);
	}
	if (job->seat != NULL)
		complete_move(hub, peer, job);
}

/* A seat of room that somebody still has whose customer is gone; or NULL. */
static struct seat *
seat_of_gone_customer(const struct room *room)
{
	struct seat *seat;

	TAILQ_FOREACH(seat, &room->seats, entry)
		if (seat->customer != NULL &&
		    seat->customer->state == CUSTOMER_GONE &&
		    (!TAILQ_EMPTY(&seat->peers) ||
			seat->is_present_by_request || seat->is_absence_timed))
			return seat;
	return NULL;
}

/* The session ended, and so did everybody's part in it. */
static void
unbind_gone_customers(struct hub *hub, struct room *room)
{
	struct payload *reply;
	struct seat *seat;

	while ((seat = seat_of_gone_customer(room)) != NULL) {
		reply = message_reply_customer(MESSAGE_LEAVE_SESSION,
		    &seat->id, NULL);
		seat->moves++;	/* keeps it until all are gone */
		unbind_gone_customer(hub, seat, reply, 0);
		presence_end_absence(hub, seat);
		seat->moves--;
		presence_update(hub, seat);
		payload_unref(reply);
	}
}

static void
count_record(struct hub *hub, const struct record *record)
{
	if (record->event == RECORD_START && record->revision == 1)
		hub->counts.starts++;
	if (record->readiness == READINESS_REACHED)
		hub->counts.all_ready++;
}

/* A record is durable, or did not happen. */
static void
complete_record(struct hub *hub, struct room *room, struct job *job)
{
	room->records--;
	if (job->result == JOB_REFUSED) {
		session_lock_refused(hub, room, &job->record);
		unload_session(hub, room);
		return;
	}
	count_record(hub, &job->record);
	session_lock_completed(room, &job->record);
	if (job->multicart != NULL)
		publish_when_completed(hub, room,
		    multicart_ref(job->multicart));
	else
		publish_unencoded(hub, room);
	if (job->record.event == RECORD_END)
		unbind_gone_customers(hub, room);
}

static void
complete_kind(struct hub *hub, struct job *job)
{
	switch (job->kind) {
	case JOB_APPEND:
		complete_record(hub, job->room, job);
		return;
	case JOB_LOAD:
		complete_load(hub, job->room, job);
		return;
	case JOB_FIND_IDLE:
		idle_search_done(hub, job);
		return;
	case JOB_FIND_LOCKED:
		session_lock_found(hub, job);
		return;
	case JOB_ERASE:
	case JOB_SCRUB:
		erasure_done(hub, job);
		return;
	case JOB_RETAIN:
		retention_done(hub, job);
		return;
	case JOB_MEASURE_DISK:
		disk_space_measured(hub, job);
		return;
	case JOB_ANSWER:
	case JOB_LIST:
	case JOB_TOUCH:
	case JOB_NOTE:
	case JOB_CALL:
	case JOB_WEBHOOK:
	case JOB_LOG_HEAD:
		return;
	}
}

static void
complete_job(struct hub *hub, struct job *job)
{
	struct room *room = job->room;

	hub->jobs--;
	if (job->record.cart != NULL)
		hub->cart_bytes -= job->record.cart->len;
	complete_kind(hub, job);
	if (job->call != 0)
		call_completed(hub, job);
	if (job->origin != 0)
		complete_origin(hub, job);
	else if (job->seat != NULL)
		complete_move(hub, NULL, job);
	if (room != NULL && --room->jobs == 0)
		room_release(hub, room);
	job_free(job);
}

static void
complete_each(struct hub *hub, struct job_list *jobs)
{
	struct job *job;

	while ((job = STAILQ_FIRST(jobs)) != NULL) {
		STAILQ_REMOVE_HEAD(jobs, entry);
		complete_job(hub, job);
	}
}

/* Whether job was judged upon what was refused. */
static bool
is_built_upon(const struct job *job)
{
	switch (job->kind) {
	case JOB_APPEND:
	case JOB_ANSWER:
	/* The refusals that it counts were to be told by answers. */
	case JOB_NOTE:
	/* What it announces was. */
	case JOB_CALL:
		return true;
	/* Once its note is durable, it goes on whatever happens. */
	case JOB_ERASE:
		return job->erase.upto_row == 0;
	/* Of a session of which nothing was under way: room_touch(). */
	case JOB_TOUCH:
	/* What the storage finds when it does them. */
	case JOB_LOAD:
	case JOB_FIND_IDLE:
	case JOB_LIST:
	case JOB_FIND_LOCKED:
	case JOB_SCRUB:
	case JOB_RETAIN:
	case JOB_WEBHOOK:
	case JOB_LOG_HEAD:
	case JOB_MEASURE_DISK:
		break;
	}
	return false;
}

/*
 * A list was refused: what gathered meanwhile was judged upon it.  The rest
 * stays.
 */
static void
refuse_pending(struct hub *hub)
{
	struct job_list all = STAILQ_HEAD_INITIALIZER(all);
	struct job_list refused = STAILQ_HEAD_INITIALIZER(refused);
	struct job *job;

	STAILQ_CONCAT(&all, &hub->pending);
	while ((job = STAILQ_FIRST(&all)) != NULL) {
		bool stays = !is_built_upon(job);

		STAILQ_REMOVE_HEAD(&all, entry);
		if (!stays)
			job->result = JOB_REFUSED;
		STAILQ_INSERT_TAIL(stays ? &hub->pending : &refused, job,
		    entry);
	}
	complete_each(hub, &refused);
}

void
complete_jobs(struct hub *hub, struct job_list *jobs)
{
	const struct job *job;
	bool was_refused = false;

	STAILQ_FOREACH(job, jobs, entry)
		was_refused |= job->result == JOB_REFUSED;
	complete_each(hub, jobs);
	if (was_refused)
		refuse_pending(hub);
	publish_all(hub);
}
