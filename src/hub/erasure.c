#include "erasure.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "claim.h"
#include "core.h"
#include "dispatch.h"
#include "room.h"
#include "roster.h"
#include "say.h"
#include "session/record.h"

enum {
	ERASURES_MAX = 64	/* pending and remembered */
};

/* Until a slice that was refused is tried again, ... */
#define RETRY_REFUSED_MS 5000
/* ... and a scrub that a reader of the database was in the way of. */
#define RETRY_HINDERED_MS 500

enum step {
	STEP_LOAD,		/* the session has to be loaded */
	STEP_NOTE,		/* the first slice is out, with the note */
	STEP_BODIES,
	STEP_SCRUB
};

struct erasing {
	TAILQ_ENTRY(erasing) entry;
	uint64_t number;
	struct payload *session;
	bool	 has_customer;		/* else all of the session */
	struct customer_id customer;
	enum step step;
	int64_t	 session_row;
	int64_t	 after_row;		/* as in its jobs */
	int64_t	 upto_row;
	uint64_t incarnation;		/* when its note was submitted */
	int64_t	 away_row;		/* of a customer forgotten here */
	bool	 has_left;		/* for that, by any of these */
	uint64_t due_ms;		/* of its next job; UINT64_MAX: none */
	struct erasure report;
};

static struct erasing *
find_erasure(const struct hub *hub, uint64_t number)
{
	struct erasing *erasing;

	TAILQ_FOREACH(erasing, &hub->erasures, entry)
		if (erasing->number == number)
			return erasing;
	return NULL;
}

static void
forget_erasure(struct hub *hub, struct erasing *erasing)
{
	TAILQ_REMOVE(&hub->erasures, erasing, entry);
	hub->erasure_count--;
	payload_unref(erasing->session);
	free(erasing);
}

void
erasure_clear(struct hub *hub)
{
	struct erasing *erasing;

	while ((erasing = TAILQ_FIRST(&hub->erasures)) != NULL)
		forget_erasure(hub, erasing);
}

/* Make room for one more; -1 if all are pending. */
static int
forget_oldest(struct hub *hub)
{
	struct erasing *erasing;

	if (hub->erasure_count < ERASURES_MAX)
		return 0;
	TAILQ_FOREACH(erasing, &hub->erasures, entry) {
		if (erasing->report.state == ERASURE_PENDING)
			continue;
		forget_erasure(hub, erasing);
		return 0;
	}
	return -1;
}

static void
end_erasure(struct erasing *erasing, enum erasure_state state)
{
	erasing->report.state = state;
	erasing->due_ms = UINT64_MAX;
}

/* The proof of its request is no reason to know it again. */
static void
forget_request_proof(struct customer *customer)
{
	static const uint8_t none[ID_PROOF_BYTES];

	customer->has_request = false;
	memcpy(customer->request, none, sizeof(none));
}

/* Whoever of these is told that the customer is away knows that it leaves. */
static void
mark_leaving(struct hub *hub, const struct erasing *erasing)
{
	struct erasing *other;

	TAILQ_FOREACH(other, &hub->erasures, entry)
		if (other->has_customer &&
		    customer_id_equal(&other->customer, &erasing->customer) &&
		    strcmp(other->session->data, erasing->session->data) == 0)
			other->has_left = true;
}

/* Who has to leave, if it is one customer and has not; or NULL. */
static struct customer *
customer_to_leave(struct hub *hub, struct session *session,
    const struct erasing *erasing)
{
	struct customer *customer = session_customer(session,
	    &erasing->customer);

	if (customer != NULL && customer->state != CUSTOMER_GONE)
		return customer;
	/* The storage remembers more of the absent, who may return. */
	if (erasing->away_row == 0 || erasing->has_left || !session->is_running ||
	    session->incarnation != erasing->incarnation)
		return NULL;
	mark_leaving(hub, erasing);
	return session_recall(session, &erasing->customer, erasing->away_row);
}

/* Nobody takes part any more whose traces are to be erased. */
static void
make_customers_leave(struct hub *hub, struct room *room,
    const struct erasing *erasing)
{
	struct session *session = room->session;
	struct customer *customer;

	TAILQ_FOREACH(customer, &session->customers, entry)
		if (!erasing->has_customer ||
		    customer_id_equal(&customer->id, &erasing->customer))
			forget_request_proof(customer);
	if (erasing->has_customer) {
		customer = customer_to_leave(hub, session, erasing);
		if (customer != NULL)
			roster_make_leave(hub, room, customer);
	} else if (session->is_running) {
		/* A running session can always be ended. */
		(void)core_apply_record(hub, room,
		    core_new_record(hub, room, RECORD_END, NULL, NULL));
	}
}

static void
submit_erasure_job(struct hub *hub, struct erasing *erasing, struct room *room,
    struct job *job)
{
	job->erase.after_row = erasing->after_row;
	job->erase.upto_row = erasing->upto_row;
	job->erase.number = erasing->number;
	erasing->due_ms = UINT64_MAX;
	core_submit_job(hub, room, job);
}

static void
fill_erasure_job(struct job *job, const struct erasing *erasing)
{
	job->record.session_row = erasing->session_row;
	job->record.has_customer = erasing->has_customer;
	job->record.customer = erasing->customer;
}

/* The session is known: everything begins, in one list. */
static void
begin_loaded_erasure(struct hub *hub, struct erasing *erasing,
    struct room *room)
{
	struct job *job;

	if (room->session->row == 0) {
		end_erasure(erasing, ERASURE_NOT_FOUND);
		return;
	}
	make_customers_leave(hub, room, erasing);
	say_forget(hub, room, erasing->has_customer ? &erasing->customer :
	    NULL);
	erasing->step = STEP_NOTE;
	erasing->session_row = room->session->row;
	erasing->incarnation = room->session->incarnation;
	erasing->away_row = 0;
	job = core_new_record(hub, room, RECORD_ERASE, NULL, NULL);
	job->kind = JOB_ERASE;
	job->record.incarnation = room->session->incarnation;
	fill_erasure_job(job, erasing);
	submit_erasure_job(hub, erasing, room, job);
	if (claim_is_vacant(room))
		dispatch_claims(hub, room);
}

/* The next job of one whose note is written. */
static void
submit_next_job(struct hub *hub, struct erasing *erasing)
{
	struct job *job = job_new(erasing->step == STEP_SCRUB ? JOB_SCRUB :
	    JOB_ERASE);

	job->record.event = RECORD_ERASE;
	job->record.session = payload_ref(erasing->session);
	fill_erasure_job(job, erasing);
	submit_erasure_job(hub, erasing, NULL, job);
}

uint64_t
erasure_begin(struct hub *hub, struct payload *session,
    const struct customer_id *customer, const struct now *now)
{
	struct erasing *erasing;
	struct room *room;

	core_set_now(hub, now);
	if (forget_oldest(hub) == -1)
		return 0;
	erasing = xcalloc(1, sizeof(*erasing));
	erasing->number = ++hub->last_erasure;
	erasing->session = payload_ref(session);
	erasing->has_customer = customer != NULL;
	if (customer != NULL)
		erasing->customer = *customer;
	erasing->due_ms = UINT64_MAX;
	erasing->report.state = ERASURE_PENDING;
	TAILQ_INSERT_TAIL(&hub->erasures, erasing, entry);
	hub->erasure_count++;
	room = room_get(hub, session);
	if (room->state == ROOM_UNLOADED)
		room_load(hub, room);
	if (room->state == ROOM_READY)
		begin_loaded_erasure(hub, erasing, room);
	room_release(hub, room);
	return erasing->number;
}

struct erasure
erasure_report(const struct hub *hub, uint64_t number)
{
	const struct erasing *erasing = find_erasure(hub, number);

	if (erasing == NULL)
		return (struct erasure){ .state = ERASURE_UNKNOWN };
	return erasing->report;
}

void
erasure_loaded(struct hub *hub, struct room *room)
{
	struct erasing *erasing;

	TAILQ_FOREACH(erasing, &hub->erasures, entry) {
		if (erasing->step != STEP_LOAD ||
		    erasing->report.state != ERASURE_PENDING ||
		    strcmp(erasing->session->data, room->id->data) != 0)
			continue;
		if (room->state == ROOM_READY)
			begin_loaded_erasure(hub, erasing, room);
		else
			end_erasure(erasing, ERASURE_FAILED);
	}
}

/* Do what comes next in wait_ms; at once if that is 0. */
static void
submit_next_job_in(struct hub *hub, struct erasing *erasing, uint64_t wait_ms)
{
	erasing->due_ms = hub->now.mono_ms + wait_ms;
	erasure_tick(hub);
}

static void
scrub_done(struct hub *hub, struct erasing *erasing, const struct job *job)
{
	erasing->after_row = job->erase.next_row;
	if (!job->erase.is_hindered && job->erase.next_row == 0)
		end_erasure(erasing, ERASURE_DONE);
	else
		submit_next_job_in(hub, erasing,
		    job->erase.is_hindered ? RETRY_HINDERED_MS : 0);
}

static void
bodies_done(struct hub *hub, struct erasing *erasing, const struct job *job)
{
	if (job->erase.away_row != 0) {
		/* The room is as it was then: else this had been refused. */
		erasing->away_row = job->erase.away_row;
		begin_loaded_erasure(hub, erasing, job->room);
		return;
	}
	if (job->erase.note_row == 0) {
		end_erasure(erasing, ERASURE_NOT_FOUND);
		return;
	}
	erasing->report.bodies += job->erase.bodies;
	erasing->after_row = job->erase.next_row;
	erasing->upto_row = job->erase.note_row;
	erasing->step = job->erase.next_row != 0 ? STEP_BODIES : STEP_SCRUB;
	submit_next_job_in(hub, erasing, 0);
}

void
erasure_done(struct hub *hub, const struct job *job)
{
	/* One with a job out is never forgotten. */
	struct erasing *erasing = find_erasure(hub, job->erase.number);

	if (job->result == JOB_REFUSED && erasing->step == STEP_NOTE)
		end_erasure(erasing, ERASURE_FAILED);
	else if (job->result == JOB_REFUSED)
		submit_next_job_in(hub, erasing, RETRY_REFUSED_MS);
	else if (job->kind == JOB_SCRUB)
		scrub_done(hub, erasing, job);
	else
		bodies_done(hub, erasing, job);
}

void
erasure_tick(struct hub *hub)
{
	struct erasing *erasing;

	if (hub->is_draining)
		return;
	TAILQ_FOREACH(erasing, &hub->erasures, entry)
		if (erasing->due_ms <= hub->now.mono_ms)
			submit_next_job(hub, erasing);
}

uint64_t
erasure_next_ms(const struct hub *hub)
{
	const struct erasing *erasing;
	uint64_t next_ms = UINT64_MAX;

	if (hub->is_draining)
		return UINT64_MAX;
	TAILQ_FOREACH(erasing, &hub->erasures, entry)
		if (erasing->due_ms < next_ms)
			next_ms = erasing->due_ms;
	return next_ms;
}
