#include "idle.h"

#include <stddef.h>

#include "core.h"
#include "room.h"
#include "session/record.h"
#include "session/session.h"

/*
 * Sessions in use tell the storage so this often in the time that an unused
 * one lives; between two slices of the search for unused ones, and between two
 * searches, there is a pause.
 */
#define TOUCHES_PER_TTL 24
#define TOUCH_MIN_MS 1000
#define SEARCH_SLICE_MS 200
#define SEARCH_PAUSE_MS 60000

static uint64_t
touch_interval_ms(const struct hub *hub)
{
	uint64_t ms = hub->settings.session_ttl_ms / TOUCHES_PER_TTL;

	return ms > TOUCH_MIN_MS ? ms : TOUCH_MIN_MS;
}

static void
touch_rooms(struct hub *hub)
{
	uint64_t interval_ms = touch_interval_ms(hub);
	struct room *room;

	if (hub->settings.session_ttl_ms == 0)
		return;
	while ((room = TAILQ_FIRST(&hub->touched)) != NULL &&
	    room->touched_ms + interval_ms <= hub->now.mono_ms) {
		room_touch(hub, room);
		room->touched_ms = hub->now.mono_ms;
		TAILQ_REMOVE(&hub->touched, room, by_touch);
		TAILQ_INSERT_TAIL(&hub->touched, room, by_touch);
	}
}

/* Sessions that were in use then, or later, are no unused ones. */
static uint64_t
idle_cutoff_ms(const struct hub *hub)
{
	return wall_clock_cutoff_ms(&hub->wall_clock, &hub->now,
	    hub->settings.session_ttl_ms, WALL_CLOCK_ANY);
}

static uint64_t
doubt_left_ms(const struct hub *hub)
{
	return wall_clock_doubt_ms(&hub->wall_clock, &hub->now,
	    hub->settings.clock_grace_ms);
}

static void
search_idle(struct hub *hub)
{
	struct job *job;

	if (hub->is_searching || hub->now.mono_ms < hub->search_ms)
		return;
	if (doubt_left_ms(hub) > 0) {
		hub->search_ms = hub->now.mono_ms + doubt_left_ms(hub);
		return;
	}
	job = job_new(JOB_FIND_IDLE);
	job->idle.before_ms = idle_cutoff_ms(hub);
	job->idle.after_row = hub->search_row;
	hub->is_searching = true;
	core_submit_job(hub, NULL, job);
}

void
idle_tick(struct hub *hub)
{
	touch_rooms(hub);
	search_idle(hub);
}

uint64_t
idle_next_ms(const struct hub *hub)
{
	const struct room *room = TAILQ_FIRST(&hub->touched);
	uint64_t search_ms = hub->is_searching ? UINT64_MAX : hub->search_ms;
	uint64_t touch_ms;

	if (room == NULL || hub->settings.session_ttl_ms == 0)
		return search_ms;
	touch_ms = room->touched_ms + touch_interval_ms(hub);
	return touch_ms < search_ms ? touch_ms : search_ms;
}

void
idle_configure(struct hub *hub, const struct hub_settings *before)
{
	if (hub->settings.session_ttl_ms == 0)
		hub->search_ms = UINT64_MAX;
	else if (before->session_ttl_ms == 0 ||
	    before->clock_grace_ms != hub->settings.clock_grace_ms)
		hub->search_ms = hub->now.mono_ms;
}

static uint64_t
search_pause_ms(const struct hub *hub)
{
	uint64_t ms = touch_interval_ms(hub);

	return ms < SEARCH_PAUSE_MS ? ms : SEARCH_PAUSE_MS;
}

/*
 * Sessions that are not in use end; those that are not in memory do so when
 * they are loaded.
 */
void
idle_search_done(struct hub *hub, struct job *job)
{
	size_t i;

	hub->is_searching = false;
	hub->search_row = job->idle.next_row;
	if (hub->settings.session_ttl_ms == 0)
		hub->search_ms = UINT64_MAX;
	else if (job->result == JOB_DONE && job->idle.next_row != 0)
		hub->search_ms = hub->now.mono_ms + SEARCH_SLICE_MS;
	else
		hub->search_ms = hub->now.mono_ms + search_pause_ms(hub);
	for (i = 0; i < job->idle.count; i++) {
		struct room *room = room_get(hub, job->idle.ids[i]);

		if (room->state == ROOM_UNLOADED)
			room_load(hub, room);
		/* A lock keeps it there. */
		else if (room->state == ROOM_READY)
			idle_end_session(hub, room);
	}
}

void
idle_end_session(struct hub *hub, struct room *room)
{
	if (hub->settings.session_ttl_ms == 0 || !room->session->is_running ||
	    !TAILQ_EMPTY(&room->seats) || doubt_left_ms(hub) > 0 ||
	    room->session->active_ms > idle_cutoff_ms(hub))
		return;
	/* A running session can always be ended. */
	(void)core_apply_record(hub, room,
	    core_new_record(hub, room, RECORD_END, NULL, NULL));
}
