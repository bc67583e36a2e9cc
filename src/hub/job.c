#include "job.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "session/session.h"
#include "wire/multicart.h"

struct job *
job_new(enum job_kind kind)
{
	struct job *job = xcalloc(1, sizeof(*job));

	job->kind = kind;
	return job;
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
