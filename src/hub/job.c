#include "job.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "session/session.h"
#include "webhook_state.h"
#include "wire/multicart.h"

/*
 * What a record takes besides its name and cart: rows of three tables, indexes,
 * and a part of what its pages leave empty.  A small one was seen to take 190
 * bytes, one with a cart of 1.7 KB 460.
 */
#define RECORD_BYTES 512

struct job *
job_new(enum job_kind kind)
{
	struct job *job = xcalloc(1, sizeof(*job));

	job->kind = kind;
	return job;
}

uint64_t
job_bytes(const struct job *job)
{
	const struct record *record = &job->record;
	uint64_t bytes = RECORD_BYTES;

	if (job->kind != JOB_APPEND && job->kind != JOB_NOTE &&
	    job->kind != JOB_CALL)
		return 0;
	if (record->name != NULL)
		bytes += record->name->len;
	if (record->cart != NULL)
		bytes += record->cart->len;
	if (record->account != NULL)
		bytes += record->account->len;
	return bytes;
}

static void
drop_listed(struct job *job)
{
	while (job->list.count > 0)
		payload_unref(job->list.sessions[--job->list.count].id);
	free(job->list.sessions);
	job->list.sessions = NULL;
}

void
job_drop_result(struct job *job)
{
	if (job->kind == JOB_LOAD) {
		session_free(job->load.session);
		job->load.session = NULL;
	}
	if (job->kind == JOB_LIST)
		drop_listed(job);
	if (job->kind != JOB_FIND_IDLE && job->kind != JOB_FIND_LOCKED)
		return;
	while (job->idle.count > 0)
		payload_unref(job->idle.ids[--job->idle.count]);
	free(job->idle.ids);
	job->idle.ids = NULL;
}

void
job_free(struct job *job)
{
	job_drop_result(job);
	record_clear(&job->record);
	if (job->kind == JOB_LOAD)
		payload_unref(job->load.id);
	if (job->kind == JOB_WEBHOOK)
		webhook_state_free(job->webhook);
	if (job->kind == JOB_APPEND)
		multicart_unref(job->multicart);
	payload_unref(job->reply);
	free(job);
}
