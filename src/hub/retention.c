#include "retention.h"

#include "base/buf.h"
#include "core.h"
#include "session/record.h"

/*
 * Passes are this often in the time after which things are old, but within
 * these limits.  Between slices is a pause, so that most lists of jobs have
 * none and take no longer; as a slice is larger the more was written since the
 * last one, it holds up nothing.  One that was refused is tried again after
 * RETRY_MS.
 */
#define PASSES_PER_LIFE 24
#define PASS_MIN_MS 1000
#define PASS_MAX_MS 3600000
#define SLICE_PAUSE_MS 10
#define RETRY_MS 60000

/* The shorter of the two times, 0 if both are for ever. */
static uint64_t
shortest_life_ms(const struct hub_settings *settings)
{
	uint64_t bodies_ms = settings->journal_retention_ms;
	uint64_t rows_ms = settings->audit_retention_ms;

	if (bodies_ms == 0 || (rows_ms != 0 && rows_ms < bodies_ms))
		return rows_ms;
	return bodies_ms;
}

static uint64_t
pass_interval_ms(const struct hub *hub)
{
	uint64_t ms = shortest_life_ms(&hub->settings) / PASSES_PER_LIFE;

	if (ms < PASS_MIN_MS)
		return PASS_MIN_MS;
	return ms < PASS_MAX_MS ? ms : PASS_MAX_MS;
}

uint64_t
retention_first_ms(const struct hub *hub)
{
	return shortest_life_ms(&hub->settings) == 0 ? UINT64_MAX :
	    hub->now.mono_ms + pass_interval_ms(hub);
}

/* What is older than life_ms comes before this; 0 for none. */
static uint64_t
cutoff_ms(const struct hub *hub, uint64_t life_ms)
{
	return life_ms == 0 ? 0 :
			      wall_clock_cutoff_ms(&hub->wall_clock, &hub->now,
				  life_ms, WALL_CLOCK_BELIEVED);
}

static void
begin_pass(struct hub *hub)
{
	hub->retention_due_ms = hub->retention_ms;
	hub->retention = (struct retention){
		.now_ms = hub->now.wall_ms,
		.bodies_ms = cutoff_ms(hub, hub->settings.journal_retention_ms),
		.rows_ms = cutoff_ms(hub, hub->settings.audit_retention_ms),
		.step = RETENTION_PURGE,
	};
}

/* What is free can wait, what is old cannot. */
static bool
is_pass_due(const struct hub *hub)
{
	return hub->retention.step == RETENTION_OVER ||
	    (hub->retention.step == RETENTION_VACUUM &&
	    hub->now.mono_ms - hub->retention_due_ms >= pass_interval_ms(hub));
}

void
retention_tick(struct hub *hub)
{
	uint64_t doubt_ms = wall_clock_doubt_ms(&hub->wall_clock, &hub->now,
	    hub->settings.clock_grace_ms);
	struct job *job;
	struct record *note;

	if (retention_next_ms(hub) > hub->now.mono_ms)
		return;
	if (doubt_ms > 0) {
		hub->retention.step = RETENTION_OVER;
		hub->retention_ms = hub->now.mono_ms + doubt_ms;
		return;
	}
	if (is_pass_due(hub))
		begin_pass(hub);
	job = job_new(JOB_RETAIN);
	job->retain.pass = hub->retention;
	note = &job->record;
	note->event = RECORD_RETAIN;
	note->session = payload_new("", 0);
	/* Old is what is so by this time, whatever the clock did since. */
	note->time_ms = hub->retention.now_ms;
	note->old_ms = hub->retention.bodies_ms;
	id_source_bytes(&hub->random, note->salt, sizeof(note->salt));
	hub->is_retaining = true;
	core_submit_job(hub, NULL, job);
}

uint64_t
retention_next_ms(const struct hub *hub)
{
	return hub->is_retaining || hub->is_draining ? UINT64_MAX :
	    hub->retention_ms;
}

void
retention_done(struct hub *hub, const struct job *job)
{
	uint64_t pause_ms = SLICE_PAUSE_MS;

	hub->is_retaining = false;
	if (job->result == JOB_REFUSED) {
		pause_ms = RETRY_MS;
		/* Then a slice of the least size, however much was written. */
		hub->retention.head_row = 0;
	} else
		hub->retention = job->retain.next;
	hub->retention_ms = hub->retention.step == RETENTION_OVER ?
	    retention_first_ms(hub) : hub->now.mono_ms + pause_ms;
}

uint64_t
retention_behind_ms(const struct hub *hub)
{
	return hub->retention.step == RETENTION_PURGE ?
	    hub->now.mono_ms - hub->retention_due_ms : 0;
}

void
retention_configure(struct hub *hub)
{
	uint64_t first_ms = retention_first_ms(hub);

	if (hub->retention.step != RETENTION_OVER)
		return;
	if (first_ms == UINT64_MAX || first_ms < hub->retention_ms)
		hub->retention_ms = first_ms;
}
