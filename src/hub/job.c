#include "job.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "session/session.h"
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

	if (job->kind != JOB_APPEND && job->kind != JOB_NOTE)
		return 0;
	if (record->name != NULL)
		bytes += record->name->len;
	if (record->cart != NULL)
		bytes += record->cart->len;
	return bytes;
}

void
job_free(struct job *job)
{
	size_t i;

	record_clear(&job->record);
	session_free(job->loaded);
	for (i = 0; i < job->idle_count; i++)
		payload_unref(job->idle[i]);
	free(job->idle);
	payload_unref(job->reply);
	multicart_unref(job->multicart);
	free(job);
}
