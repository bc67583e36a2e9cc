#include "session_lock.h"

#include <stddef.h>

#include "base/timeout.h"
#include "core.h"
#include "room.h"
#include "session/record.h"
#include "session/session.h"

/* Until the storage is searched again for what got lost with a refusal. */
#define SEEK_AGAIN_MS 5000
/* Until one is unlocked again whose unlock by time was refused. */
#define UNLOCK_AGAIN_MS 5000

static void
seek_again(struct hub *hub)
{
	uint64_t again_ms = hub->now.mono_ms + SEEK_AGAIN_MS;

	/* What got lost may be behind the row that the search is at. */
	if (hub->is_seeking || hub->seek_row != 0)
		hub->must_seek_again = true;
	else if (again_ms < hub->seek_ms)
		hub->seek_ms = again_ms;
}

static void
unlock_timed_out(struct hub *hub, struct room *room)
{
	struct job *job = core_new_record(hub, room, RECORD_UNLOCK, NULL,
	    NULL);

	job->record.is_timed_out = true;
	if (core_apply_record(hub, room, job) == REFUSAL_NONE)
		return;
	/* One that does not run is not locked, whatever was said of it. */
	core_clear_lock(hub, room);
	room_release(hub, room);
}

void
session_lock_seek(struct hub *hub)
{
	struct job *job = job_new(JOB_FIND_LOCKED);

	job->idle.after_row = hub->seek_row;
	hub->is_seeking = true;
	core_submit_job(hub, NULL, job);
}

void
session_lock_tick(struct hub *hub)
{
	struct room *room;

	while ((room = TAILQ_FIRST(&hub->locks)) != NULL &&
	    room->lock_ends_ms <= hub->now.mono_ms)
		unlock_timed_out(hub, room);
	if (!hub->is_seeking && hub->seek_ms <= hub->now.mono_ms)
		session_lock_seek(hub);
}

uint64_t
session_lock_next_ms(const struct hub *hub)
{
	const struct room *room = TAILQ_FIRST(&hub->locks);
	uint64_t seek_ms = hub->is_seeking ? UINT64_MAX : hub->seek_ms;

	return room != NULL && room->lock_ends_ms < seek_ms ?
	    room->lock_ends_ms : seek_ms;
}

static uint64_t
changed_end_ms(const struct hub *hub, const struct hub_settings *before,
    uint64_t end_ms)
{
	return timeout_changed_end_ms(end_ms, before->lock_time_ms,
	    hub->settings.lock_time_ms, hub->now.mono_ms);
}

void
session_lock_configure(struct hub *hub, const struct hub_settings *before)
{
	struct room *room;

	TAILQ_FOREACH(room, &hub->locks, locks) {
		room->lock_ends_ms = changed_end_ms(hub, before,
		    room->lock_ends_ms);
		if (room->stored_lock_ends_ms != 0)
			room->stored_lock_ends_ms = changed_end_ms(hub, before,
			    room->stored_lock_ends_ms);
	}
}

void
session_lock_found(struct hub *hub, struct job *job)
{
	size_t i;

	hub->is_seeking = false;
	if (job->result == JOB_REFUSED) {
		hub->seek_ms = hub->now.mono_ms + SEEK_AGAIN_MS;
		return;
	}
	hub->seek_row = job->idle.next_row;
	hub->seek_ms = job->idle.next_row != 0 ? hub->now.mono_ms : UINT64_MAX;
	if (job->idle.next_row == 0 && hub->must_seek_again) {
		hub->must_seek_again = false;
		hub->seek_ms = hub->now.mono_ms + SEEK_AGAIN_MS;
	}
	for (i = 0; i < job->idle.count; i++) {
		struct room *room = room_get(hub, job->idle.ids[i]);

		room->is_sought = true;
		if (room->state == ROOM_UNLOADED)
			room_load(hub, room);
	}
}

/* How much of lock-time is left to a session that was locked at since_ms. */
static uint64_t
time_left_ms(const struct hub *hub, uint64_t since_ms)
{
	uint64_t life_ms = hub->settings.lock_time_ms;
	uint64_t age_ms = hub->now.wall_ms > since_ms ?
	    hub->now.wall_ms - since_ms : 0;

	return age_ms < life_ms ? life_ms - age_ms : 0;
}

/* When a lock ends that was found by a load. */
static uint64_t
found_lock_ends_ms(const struct hub *hub, const struct room *room)
{
	uint64_t now_ms = hub->now.mono_ms;
	/* The setting may be another one by now. */
	uint64_t latest_ms = now_ms + hub->settings.lock_time_ms;

	if (room->stored_lock_ends_ms == 0)
		return now_ms + time_left_ms(hub, room->session->locked_ms);
	return room->stored_lock_ends_ms < latest_ms ?
	    room->stored_lock_ends_ms : latest_ms;
}

void
session_lock_loaded(struct hub *hub, struct room *room)
{
	uint64_t ends_ms;

	if (room->state != ROOM_READY && room->is_sought)
		seek_again(hub);
	room->is_sought = false;
	if (room->state != ROOM_READY || !room->session->is_locked)
		return;
	if (hub->settings.lock_time_ms == 0) {
		core_set_lock(hub, room, UINT64_MAX);
		return;
	}
	ends_ms = found_lock_ends_ms(hub, room);
	room->stored_lock_ends_ms = ends_ms;
	if (ends_ms <= hub->now.mono_ms)
		unlock_timed_out(hub, room);
	else
		core_set_lock(hub, room, ends_ms);
}

void
session_lock_completed(struct room *room, const struct record *record)
{
	if (record->event == RECORD_LOCK)
		room->stored_lock_ends_ms = room->lock_ends_ms;
	else if (record->event == RECORD_UNLOCK ||
	    record->event == RECORD_END)
		room->stored_lock_ends_ms = 0;
}

void
session_lock_refused(struct hub *hub, struct room *room,
    const struct record *record)
{
	if (room->is_locked || record->event == RECORD_UNLOCK ||
	    record->event == RECORD_END)
		seek_again(hub);
	/* If it is loaded again at once, its time is up at once. */
	if (record->event == RECORD_UNLOCK && record->is_timed_out)
		room->stored_lock_ends_ms =
		    hub->now.mono_ms + UNLOCK_AGAIN_MS;
	core_clear_lock(hub, room);
}
