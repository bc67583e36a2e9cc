#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "claim.h"
#include "core.h"
#include "dispatch.h"
#include "room.h"
#include "roster.h"
#include "session/record.h"
#include "session/session.h"
#include "wire/multicart.h"

static void
forget_answer(struct call *call)
{
	multicart_unref(call->multicart);
	call->multicart = NULL;
	free(call->customers);
	call->customers = NULL;
}

static void
end_call(struct hub *hub, struct call *call)
{
	TAILQ_REMOVE(&hub->calls, call, entry);
	call->number = 0;
}

/* Its memory is its owner's again; done() may free it. */
static void
answer_call(struct hub *hub, struct call *call, enum refusal refused)
{
	struct multicart *multicart = call->multicart;
	struct call_customer *customers = call->customers;

	call->refused = refused;
	end_call(hub, call);
	call->done(call);
	multicart_unref(multicart);
	free(customers);
}

/* Its answer is behind all that is under way. */
static void
submit_for_call(struct hub *hub, struct call *call, struct room *room,
    struct job *job)
{
	job->call = call->number;
	core_submit_job(hub, room, job);
}

static void
copy_customers(struct call *call, const struct session *session)
{
	const struct customer *customer;

	call->customers = xcalloc(session->counts[CUSTOMER_SEATED] + 1,
	    sizeof(*call->customers));
	TAILQ_FOREACH(customer, &session->customers, entry)
		if (customer->state == CUSTOMER_SEATED)
			call->customers[call->count++] =
			    (struct call_customer){
			    .id = customer->id,
			    .is_present = customer->seat != NULL &&
				customer->seat->is_present,
			    .is_ready = customer->is_ready,
			    };
}

/* What is read is what it will be once all that is under way is durable. */
static enum refusal
read_session(struct call *call, const struct room *room)
{
	struct session *session = room->session;

	if (!session->is_running)
		return REFUSAL_SESSION_NOT_FOUND;
	call->incarnation = session->incarnation;
	call->revision = session->revision;
	call->active_ms = session->active_ms;
	call->is_locked = session->is_locked;
	call->multicart = multicart_encode(session);
	copy_customers(call, session);
	return REFUSAL_NONE;
}

/*
 * Put on record which server has what follows done.  The answer is that of this
 * job, which is in the same list as what follows.
 */
static void
submit_note(struct hub *hub, struct call *call, struct room *room,
    const struct customer *customer)
{
	static const enum record_call calls[] = {
		[CALL_LOCK] = RECORD_CALL_LOCK,
		[CALL_UNLOCK] = RECORD_CALL_UNLOCK,
		[CALL_END] = RECORD_CALL_END,
		[CALL_REMOVE] = RECORD_CALL_REMOVE,
	};
	struct record *record;
	struct job *job;

	if (call->key == NULL) {
		submit_for_call(hub, call, room, job_new(JOB_ANSWER));
		return;
	}
	job = core_new_record(hub, room, RECORD_CALL, customer, NULL);
	job->kind = JOB_CALL;
	record = &job->record;
	record->call = calls[call->kind];
	record->incarnation = room->session->incarnation;
	record->transport = TRANSPORT_HTTP;
	record->name = payload_ref(call->key);
	memcpy(record->address, call->address, strlen(call->address) + 1);
	submit_for_call(hub, call, room, job);
}

/* Whether it ends; if not, the call is refused or has what it wants. */
static bool
end_session(struct hub *hub, struct call *call, struct room *room)
{
	const struct session *session = room->session;
	bool ends;

	call->incarnation = call->only != 0 ? call->only :
	    session->incarnation;
	if (call->incarnation == 0 ||
	    call->incarnation > session->incarnation) {
		call->refused = REFUSAL_SESSION_NOT_FOUND;
		return false;
	}
	ends = session->is_running && call->incarnation == session->incarnation;
	if (ends) {
		submit_note(hub, call, room, NULL);
		/* A running session can always be ended. */
		(void)core_apply_record(hub, room,
		    core_new_record(hub, room, RECORD_END, NULL, NULL));
	}
	if (call->incarnation == session->incarnation)
		call->revision = session->revision;
	return ends;
}

/* Likewise, whether it is locked or unlocked. */
static bool
lock_session(struct hub *hub, struct call *call, struct room *room)
{
	bool locks = call->kind == CALL_LOCK, changes;

	if (!room->session->is_running || (call->only != 0 &&
	    call->only != room->session->incarnation)) {
		call->refused = REFUSAL_SESSION_NOT_FOUND;
		return false;
	}
	changes = locks || room->session->is_locked;
	if (changes) {
		submit_note(hub, call, room, NULL);
		/* A running session can always be locked. */
		(void)core_apply_record(hub, room, core_new_record(hub, room,
		    locks ? RECORD_LOCK : RECORD_UNLOCK, NULL, NULL));
	}
	call->incarnation = room->session->incarnation;
	call->revision = room->session->revision;
	if (locks)
		call->multicart = multicart_encode(room->session);
	return changes;
}

/* Likewise, whether a customer leaves. */
static bool
remove_customer(struct hub *hub, struct call *call, struct room *room)
{
	struct customer *customer = session_customer(room->session,
	    &call->customer);

	call->incarnation = room->session->incarnation;
	if (customer == NULL)
		call->refused = call->incarnation == 0 ?
		    REFUSAL_SESSION_NOT_FOUND : REFUSAL_UNKNOWN_CUSTOMER;
	if (customer == NULL || customer->state == CUSTOMER_GONE)
		return false;
	submit_note(hub, call, room, customer);
	roster_remove(hub, room, customer);
	return true;
}

/* Whether the call changes the session, and so has its job already. */
static bool
change_session(struct hub *hub, struct call *call, struct room *room)
{
	switch (call->kind) {
	case CALL_LIST:
		break;
	case CALL_READ:
		call->refused = read_session(call, room);
		break;
	case CALL_LOCK:
	case CALL_UNLOCK:
		return lock_session(hub, call, room);
	case CALL_END:
		return end_session(hub, call, room);
	case CALL_REMOVE:
		return remove_customer(hub, call, room);
	}
	return false;
}

/* The session is known. */
static void
do_call(struct hub *hub, struct call *call, struct room *room)
{
	call->is_waiting = false;
	call->refused = REFUSAL_NONE;
	if (!change_session(hub, call, room))
		submit_for_call(hub, call, room, job_new(JOB_ANSWER));
	else if (claim_is_vacant(room) && !hub->is_draining)
		dispatch_claims(hub, room);
}

static void
begin_with_session(struct hub *hub, struct call *call)
{
	struct room *room = room_get(hub, call->session);

	call->is_waiting = true;
	if (room->state == ROOM_UNLOADED)
		room_load(hub, room);
	if (room->state == ROOM_READY)
		do_call(hub, call, room);
}

static void
begin_list(struct hub *hub, struct call *call)
{
	struct job *job = job_new(JOB_LIST);

	job->list.after_row = call->after_row;
	job->list.max = call->max;
	memcpy(job->list.shop, call->shop, strlen(call->shop) + 1);
	submit_for_call(hub, call, NULL, job);
}

void
call_begin(struct hub *hub, struct call *call, const struct now *now)
{
	core_set_now(hub, now);
	call->number = ++hub->last_call;
	TAILQ_INSERT_TAIL(&hub->calls, call, entry);
	switch (call->kind) {
	case CALL_LIST:
		begin_list(hub, call);
		break;
	case CALL_READ:
	case CALL_LOCK:
	case CALL_UNLOCK:
	case CALL_END:
	case CALL_REMOVE:
		begin_with_session(hub, call);
		break;
	}
}

void
call_cancel(struct hub *hub, struct call *call)
{
	end_call(hub, call);
	forget_answer(call);
}

size_t
call_present(const struct hub *hub, const struct payload *session)
{
	const struct room *room = room_find(hub, session->data, session->len);

	return room == NULL ? 0 : room->present;
}

static bool
waits_for(const struct call *call, const struct room *room)
{
	return call->is_waiting &&
	    strcmp(call->session->data, room->id->data) == 0;
}

void
call_loaded(struct hub *hub, struct room *room)
{
	struct call *call, *next;

	for (call = TAILQ_FIRST(&hub->calls); call != NULL; call = next) {
		next = TAILQ_NEXT(call, entry);
		if (!waits_for(call, room))
			continue;
		if (room->state == ROOM_READY)
			do_call(hub, call, room);
		else
			answer_call(hub, call, REFUSAL_STORAGE_UNAVAILABLE);
	}
}

static struct call *
find_call(const struct hub *hub, uint64_t number)
{
	struct call *call;

	TAILQ_FOREACH(call, &hub->calls, entry)
		if (call->number == number)
			break;
	return call;
}

void
call_completed(struct hub *hub, struct job *job)
{
	/* Who called may be gone. */
	struct call *call = find_call(hub, job->call);

	if (call == NULL)
		return;
	if (job->result == JOB_REFUSED) {
		answer_call(hub, call, REFUSAL_STORAGE_UNAVAILABLE);
		return;
	}
	if (job->kind == JOB_LIST) {
		call->sessions = job->list.sessions;
		call->count = job->list.count;
		call->next_row = job->list.next_row;
	}
	answer_call(hub, call, call->refused);
}
