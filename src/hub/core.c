#include "core.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/timeout.h"
#include "base/xalloc.h"
#include "quota.h"
#include "session/record.h"

void
core_set_now(struct hub *hub, const struct now *now)
{
	hub->now = *now;
	wall_clock_check(&hub->wall_clock, now, hub->settings.clock_grace_ms);
}

void
core_wake_peer(struct hub *hub, struct peer *peer)
{
	if (peer->is_woken)
		return;
	peer->is_woken = true;
	STAILQ_INSERT_TAIL(&hub->woken, peer, woken);
	hub->woken_count++;
}

void
core_hold_back(struct hub *hub, struct peer *peer)
{
	if (peer->waiting_in != NULL)
		return;
	peer->waiting_in = &hub->held_back;
	TAILQ_INSERT_TAIL(&hub->held_back, peer, waiting);
}

void
core_park_message(struct peer *peer, struct peer_list *list,
    struct message *message)
{
	peer->parked = xcalloc(1, sizeof(*message));
	*peer->parked = *message;
	*message = (struct message){ .event = MESSAGE_NONE };
	peer->waiting_in = list;
	TAILQ_INSERT_TAIL(list, peer, waiting);
}

struct message *
core_unpark_message(struct peer *peer)
{
	struct message *message = peer->parked;

	TAILQ_REMOVE(peer->waiting_in, peer, waiting);
	peer->waiting_in = NULL;
	peer->parked = NULL;
	return message;
}

struct peer *
core_unpark_first(struct hub *hub, struct peer_list *list,
    struct message *message)
{
	struct peer *peer = TAILQ_FIRST(list);
	struct message *parked;

	if (peer == NULL)
		return NULL;
	parked = core_unpark_message(peer);
	*message = *parked;
	free(parked);
	core_wake_peer(hub, peer);
	return peer;
}

/* A session pays for all that is written for it, by whomever. */
static void
charge_session_bytes(struct hub *hub, const struct job *job)
{
	uint64_t bytes = job_bytes(job);
	uint8_t key[QUOTA_KEY_BYTES];

	if (bytes == 0)
		return;
	quota_row_key(job->record.session_row, key);
	quota_write(hub->session_quota, key, bytes, hub->now.mono_ms);
	hub->disk_space.is_due = true;
}

void
core_submit_job(struct hub *hub, struct room *room, struct job *job)
{
	charge_session_bytes(hub, job);
	job->room = room;
	STAILQ_INSERT_TAIL(&hub->pending, job, entry);
	hub->jobs++;
	if (job->record.cart != NULL)
		hub->cart_bytes += job->record.cart->len;
	if (room == NULL)
		return;
	room->jobs++;
	if (job->kind == JOB_APPEND)
		room->records++;
}

void
core_set_origin(struct record *record, const struct peer *peer)
{
	record->transport = peer->transport;
	if (peer->address != NULL &&
	    peer->address->len < sizeof(record->address))
		memcpy(record->address, peer->address->data,
		    peer->address->len + 1);
}

struct job *
core_new_record(struct hub *hub, struct room *room, enum record_event event,
    const struct customer *customer, const struct peer *peer)
{
	struct job *job = job_new(JOB_APPEND);
	struct record *record = &job->record;

	record->event = event;
	record->session = payload_ref(room->id);
	record->session_row = room->session->row;
	record->time_ms = hub->now.wall_ms;
	id_source_bytes(&hub->random, record->salt, sizeof(record->salt));
	if (customer != NULL) {
		record->has_customer = true;
		record->customer = customer->id;
		record->customer_row = customer->row;
	}
	if (peer != NULL)
		core_set_origin(record, peer);
	return job;
}

void
core_clear_lock(struct hub *hub, struct room *room)
{
	if (!room->is_locked)
		return;
	room->is_locked = false;
	hub->counts.locked--;
	TAILQ_REMOVE(&hub->locks, room, locks);
}

void
core_set_lock(struct hub *hub, struct room *room, uint64_t ends_ms)
{
	struct room *before;

	core_clear_lock(hub, room);
	room->is_locked = true;
	hub->counts.locked++;
	room->lock_ends_ms = ends_ms;
	TAILQ_FOREACH_REVERSE(before, &hub->locks, room_list, locks)
		if (before->lock_ends_ms <= ends_ms)
			break;
	if (before == NULL)
		TAILQ_INSERT_HEAD(&hub->locks, room, locks);
	else
		TAILQ_INSERT_AFTER(&hub->locks, before, room, locks);
}

/* The record may have locked the session, or unlocked it. */
static void
update_lock(struct hub *hub, struct room *room, enum record_event event)
{
	if (event == RECORD_LOCK)
		core_set_lock(hub, room, timeout_end_ms(hub->now.mono_ms,
		    hub->settings.lock_time_ms));
	else if (!room->session->is_locked)
		core_clear_lock(hub, room);
}

enum refusal
core_apply_record(struct hub *hub, struct room *room, struct job *job)
{
	enum refusal refusal;

	refusal = session_judge(room->session, &job->record,
	    &hub->settings.limits);
	if (refusal != REFUSAL_NONE) {
		job_free(job);
		return refusal;
	}
	session_number(room->session, &job->record);
	if (session_apply(room->session, &job->record) == -1)
		fatalx("hub: a record that was judged does not fit");
	job->record.readiness = room->session->readiness;
	session_trim(room->session, &hub->settings.limits);
	update_lock(hub, room, job->record.event);
	if (room->changed_by == NULL)
		TAILQ_INSERT_TAIL(&hub->changed, room, changed);
	if (room->unpublished_us == 0)
		room->unpublished_us = hub->now.mono_us;
	room->changed_by = job;
	if (room->present > 0) {
		room->touched_ms = hub->now.mono_ms;
		TAILQ_REMOVE(&hub->touched, room, by_touch);
		TAILQ_INSERT_TAIL(&hub->touched, room, by_touch);
	}
	core_submit_job(hub, room, job);
	return REFUSAL_NONE;
}
