#include "timers.h"

#include "base/timeout.h"
#include "core.h"
#include "disk_space.h"
#include "dispatch.h"
#include "erasure.h"
#include "presence.h"
#include "publish.h"
#include "refusal_notes.h"
#include "retention.h"
#include "room.h"
#include "session/record.h"
#include "throttle.h"
#include "unjoined.h"

/*
 * Sessions in use tell the storage so this often in the time that an unused
 * one lives; between two slices of the search for unused ones, and between two
 * searches, there is a pause.
 */
#define TOUCHES_PER_TTL 24
#define TOUCH_MIN_MS 1000
#define SEARCH_SLICE_MS 200
#define SEARCH_PAUSE_MS 60000

static void
expire_absent(struct hub *hub, struct seat_list *absent)
{
	struct seat *seat;

	while ((seat = TAILQ_FIRST(absent)) != NULL &&
	    seat->expires_ms <= hub->now.mono_ms) {
		struct room *room = seat->room;
		struct job *job =
		    core_new_record(hub, room, RECORD_EXPIRE, NULL);

		job->record.has_customer = true;
		job->record.customer = seat->id;
		job->record.customer_row = seat->customer->row;
		/* Who is seated and absent can always be expired. */
		(void)core_apply_record(hub, room, job);
		presence_end_absence(hub, seat);
	}
}

static void
end_request_presence(struct hub *hub)
{
	struct seat *seat;

	while ((seat = TAILQ_FIRST(&hub->requested)) != NULL &&
	    seat->request_ends_ms <= hub->now.mono_ms) {
		struct room *room = seat->room;

		presence_end_request(hub, seat);
		room_release(hub, room);
	}
}

static bool
is_host_excused(const struct seat *seat)
{
	const struct peer *peer;

	TAILQ_FOREACH(peer, &seat->peers, entry)
		if (peer->ops->is_excused(peer))
			return true;
	return false;
}

/*
 * Hosts that were pinged and did not answer lose their connections, but for
 * those who still read what they were sent before.
 */
static void
end_unanswered_claims(struct hub *hub)
{
	struct room *room;

	while ((room = TAILQ_FIRST(&hub->claims)) != NULL &&
	    room->claim_ends_ms <= hub->now.mono_ms) {
		struct customer *host = session_host(room->session);
		struct peer *peer;

		if (host != NULL && host->seat != NULL &&
		    is_host_excused(host->seat)) {
			claim_host_lives(hub, host->seat);
			continue;
		}
		while (host != NULL && host->seat != NULL &&
		    (peer = TAILQ_FIRST(&host->seat->peers)) != NULL) {
			peer->wants_close = true;
			core_wake_peer(hub, peer);
			presence_unbind(hub, peer);
		}
		/* Its requests have no ping to answer. */
		if (host != NULL && host->seat != NULL)
			presence_end_request(hub, host->seat);
		claim_judge_again(hub, room);
	}
}

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
clock_doubt_ms(const struct hub *hub)
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
	if (clock_doubt_ms(hub) > 0) {
		hub->search_ms = hub->now.mono_ms + clock_doubt_ms(hub);
		return;
	}
	job = job_new(JOB_FIND_IDLE);
	job->wall_ms = idle_cutoff_ms(hub);
	job->after_row = hub->search_row;
	hub->is_searching = true;
	core_submit_job(hub, NULL, job);
}

static void
log_chain_head(struct hub *hub)
{
	if (hub->now.mono_ms < hub->log_head_ms)
		return;
	hub->log_head_ms = hub->now.mono_ms + hub->settings.log_head_ms;
	core_submit_job(hub, NULL, job_new(JOB_LOG_HEAD));
}

void
timers_run(struct hub *hub)
{
	refusal_notes_tick(hub);
	if (hub->is_draining)
		return;
	publish_tick(hub);
	throttle_tick(hub);
	unjoined_tick(hub);
	end_request_presence(hub);
	expire_absent(hub, &hub->absent[false]);
	expire_absent(hub, &hub->absent[true]);
	end_unanswered_claims(hub);
	touch_rooms(hub);
	room_tick(hub);
	search_idle(hub);
	erasure_tick(hub);
	retention_tick(hub);
	log_chain_head(hub);
	disk_space_tick(hub);
}

static uint64_t
sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t
timers_next_ms(const struct hub *hub)
{
	const struct seat *seat;
	const struct room *room;
	uint64_t next_ms = hub->is_searching ? UINT64_MAX : hub->search_ms;

	if (hub->is_draining)
		return refusal_notes_next_ms(hub);
	if ((seat = TAILQ_FIRST(&hub->absent[false])) != NULL)
		next_ms = sooner(next_ms, seat->expires_ms);
	if ((seat = TAILQ_FIRST(&hub->absent[true])) != NULL)
		next_ms = sooner(next_ms, seat->expires_ms);
	if ((seat = TAILQ_FIRST(&hub->requested)) != NULL)
		next_ms = sooner(next_ms, seat->request_ends_ms);
	if ((room = TAILQ_FIRST(&hub->claims)) != NULL)
		next_ms = sooner(next_ms, room->claim_ends_ms);
	next_ms = sooner(next_ms, room_next_ms(hub));
	if ((room = TAILQ_FIRST(&hub->touched)) != NULL &&
	    hub->settings.session_ttl_ms != 0)
		next_ms = sooner(next_ms,
		    room->touched_ms + touch_interval_ms(hub));
	next_ms = sooner(next_ms, publish_next_ms(hub));
	next_ms = sooner(next_ms, throttle_next_ms(hub));
	next_ms = sooner(next_ms, unjoined_next_ms(hub));
	next_ms = sooner(next_ms, refusal_notes_next_ms(hub));
	next_ms = sooner(next_ms, erasure_next_ms(hub));
	next_ms = sooner(next_ms, retention_next_ms(hub));
	next_ms = sooner(next_ms, disk_space_next_ms(hub));
	return sooner(next_ms, hub->log_head_ms);
}

void
timers_configure(struct hub *hub, const struct hub_settings *before)
{
	if (hub->settings.session_ttl_ms == 0)
		hub->search_ms = UINT64_MAX;
	else if (before->session_ttl_ms == 0 ||
	    before->clock_grace_ms != hub->settings.clock_grace_ms)
		hub->search_ms = hub->now.mono_ms;
	hub->log_head_ms = timeout_changed_end_ms(hub->log_head_ms,
	    before->log_head_ms, hub->settings.log_head_ms, hub->now.mono_ms);
	retention_configure(hub);
}

/* Sessions that are not in memory and not in use end when they are loaded. */
void
idle_search_done(struct hub *hub, struct job *job)
{
	size_t i;

	hub->is_searching = false;
	hub->search_row = job->next_row;
	hub->search_ms = hub->settings.session_ttl_ms == 0 ? UINT64_MAX :
	    hub->now.mono_ms + (job->result == JOB_DONE &&
	    job->next_row != 0 ? SEARCH_SLICE_MS :
	    sooner(touch_interval_ms(hub), SEARCH_PAUSE_MS));
	for (i = 0; i < job->idle_count; i++) {
		struct room *room = room_get(hub, job->idle[i]);

		if (room->state == ROOM_UNLOADED)
			room_load(hub, room);
	}
}

void
idle_end_session(struct hub *hub, struct room *room)
{
	if (hub->settings.session_ttl_ms == 0 || !room->session->is_running ||
	    !TAILQ_EMPTY(&room->seats) || clock_doubt_ms(hub) > 0 ||
	    room->session->active_ms > idle_cutoff_ms(hub))
		return;
	/* A running session can always be ended. */
	(void)core_apply_record(hub, room,
	    core_new_record(hub, room, RECORD_END, NULL));
}
