/*
 * The storage thread and its two lists: what was submitted and what is done.
 * Jobs pass from one to the other; in between only the thread has them and
 * works without the lock.
 */
#include "writer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "hub/job.h"
#include "session/session.h"
#include "storage/store.h"

/* Ids that one JOB_FIND_IDLE finds at the most. */
#define IDLE_ROOM 256

static const uint64_t commit_bounds_us[] = {
	100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000,
	500000, 1000000, 2500000, 5000000, 10000000,
};

static const uint64_t row_bounds[] = {
	1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096,
};

struct writer {
	struct writer_config config;
	pthread_t thread;

	pthread_mutex_t lock;		/* over these, ... */
	pthread_cond_t wake;		/* ... which have changed */
	struct writer_settings settings;
	struct job_list waiting;
	struct job_list finished;
	bool	 is_stopping;
	enum store_open_status verdict;	/* once the store is broken */
	void	(*alive)(void *ctx);	/* who asked; or NULL */
	void	*alive_ctx;
	struct writer_counts counts;
};

/* The jobs of one transaction. */
struct batch {
	struct job_list jobs;
	struct writer_settings settings;
	bool	 has_begun;		/* its transaction */
	bool	 has_notes;		/* that could be dropped */
	bool	 drops_notes;
	uint64_t begun_us;		/* the transaction */
	uint64_t commit_us;		/* what it took, with its commit */
	uint64_t rows;			/* written in it */
};

/* A job writes: begin the transaction if it is the first. */
static enum store_status
begin_transaction(struct store *store, struct batch *batch)
{
	enum store_status status;

	if (batch->has_begun) {
		batch->rows++;
		return STORE_OK;
	}
	batch->begun_us = clock_us();
	batch->rows = 1;
	status = store_begin(store);
	batch->has_begun = status == STORE_OK;
	return status;
}

static enum store_status
run_find_idle(struct store *store, struct job *job)
{
	job->idle.ids = xcalloc(IDLE_ROOM, sizeof(*job->idle.ids));
	job->idle.next_row = job->idle.after_row;
	return store_find_idle(store, job->idle.before_ms,
	    &job->idle.next_row, job->idle.ids, IDLE_ROOM, &job->idle.count);
}

static enum store_status
run_note(struct store *store, struct batch *batch, struct job *job)
{
	enum store_status status;

	if (batch->drops_notes)
		return STORE_OK;
	batch->has_notes = true;
	status = begin_transaction(store, batch);
	return status != STORE_OK ? status : store_note(store, &job->record);
}

static enum store_status
run_erase(struct store *store, struct batch *batch, struct job *job)
{
	enum store_status status = begin_transaction(store, batch);

	job->erase.next_row = job->erase.after_row;
	job->erase.note_row = job->erase.upto_row;
	return status != STORE_OK ? status : store_erase(store, &job->record,
	    &job->erase.note_row, &job->erase.next_row, &job->erase.bodies);
}

static enum store_status
run_purge(struct store *store, struct batch *batch, struct job *job)
{
	enum store_status status = begin_transaction(store, batch);

	job->retain.next = job->retain.pass;
	return status != STORE_OK ? status : store_purge(store,
	    &job->retain.next, &job->record);
}

static enum store_status
run_job(struct store *store, struct batch *batch, struct job *job)
{
	enum store_status status;

	switch (job->kind) {
	case JOB_APPEND:
		status = begin_transaction(store, batch);
		return status != STORE_OK ? status :
		    store_append(store, &job->record);
	case JOB_TOUCH:
		status = begin_transaction(store, batch);
		return status != STORE_OK ? status :
		    store_touch(store, job->touch.session_row,
		    job->touch.used_ms);
	case JOB_LOAD:
		return store_load(store, job->load.id,
		    batch->settings.max_remembered, &job->load.session);
	case JOB_FIND_IDLE:
		return run_find_idle(store, job);
	case JOB_NOTE:
		return run_note(store, batch, job);
	case JOB_ERASE:
		return run_erase(store, batch, job);
	case JOB_RETAIN:
		return run_purge(store, batch, job);
	case JOB_ANSWER:
	case JOB_SCRUB:
	case JOB_LOG_HEAD:
	case JOB_MEASURE_DISK:
		break;
	}
	return STORE_OK;
}

/* All that is one transaction, or none. */
static enum store_status
run_transaction(struct store *store, struct batch *batch)
{
	enum store_status status;
	struct job *job;

	STAILQ_FOREACH(job, &batch->jobs, entry) {
		status = run_job(store, batch, job);
		if (status != STORE_OK)
			return status;
	}
	if (!batch->has_begun)
		return STORE_OK;
	status = store_commit(store);
	batch->commit_us = clock_us() - batch->begun_us;
	return status;
}

static void
set_job_results(struct batch *batch, enum job_result result)
{
	struct job *job;

	STAILQ_FOREACH(job, &batch->jobs, entry) {
		job->result = result;
		if (result == JOB_REFUSED)
			job_drop_result(job);
	}
}

static enum store_status
run_scrub(struct store *store, struct job *job)
{
	enum store_status status;

	job->erase.next_row = job->erase.after_row;
	status = store_scrub_wal(store, &job->erase.next_row);
	job->erase.is_hindered = status == STORE_REFUSED;
	return status == STORE_FATAL ? STORE_FATAL : STORE_OK;
}

/* What is done when all that was to be written is durable. */
static enum store_status
run_after_commit(struct store *store, struct batch *batch)
{
	enum store_status status = STORE_OK;
	struct job *job;

	STAILQ_FOREACH(job, &batch->jobs, entry) {
		if (job->kind == JOB_SCRUB)
			status = run_scrub(store, job);
		else if (job->kind == JOB_LOG_HEAD)
			store_log_chain_head(store);
		if (status != STORE_OK)
			break;
	}
	return status;
}

/* What was written, or could not be, is measured either way. */
static void
measure_disk(struct store *store, struct batch *batch)
{
	struct job *job;

	STAILQ_FOREACH(job, &batch->jobs, entry)
		if (job->kind == JOB_MEASURE_DISK)
			job->disk.is_measured = store_free_bytes(store,
			    &job->disk.free_bytes) == 0;
}

/* Nothing fails because of a note that cannot be written. */
static enum store_status
group_commit(struct store *store, struct batch *batch)
{
	enum store_status status = run_transaction(store, batch);

	if (status == STORE_REFUSED && batch->has_notes) {
		set_job_results(batch, JOB_REFUSED);
		batch->has_begun = false;
		batch->drops_notes = true;
		status = run_transaction(store, batch);
	}
	if (status == STORE_OK)
		status = run_after_commit(store, batch);
	measure_disk(store, batch);
	set_job_results(batch, status == STORE_OK ? JOB_DONE : JOB_REFUSED);
	return status;
}

enum store_status
writer_run_inline(struct store *store, const struct writer_settings *settings,
    struct job_list *jobs)
{
	struct batch batch = { .settings = *settings };
	enum store_status status;

	STAILQ_INIT(&batch.jobs);
	STAILQ_CONCAT(&batch.jobs, jobs);
	status = group_commit(store, &batch);
	STAILQ_CONCAT(jobs, &batch.jobs);
	return status;
}

/* Count the batch, which was done; with the lock. */
static void
count_batch(struct writer *journal, const struct batch *batch,
    enum store_status status)
{
	struct writer_counts *counts = &journal->counts;

	store_copy_figures(journal->config.store, &counts->store);
	if (status != STORE_OK) {
		counts->refusals++;
		counts->refused_us = clock_us();
		return;
	}
	if (!batch->has_begun)
		return;
	counts->refused_us = 0;
	histogram_add(&counts->commit_us, batch->commit_us);
	histogram_add(&counts->commit_rows, batch->rows);
}

static void
work(struct writer *journal, struct batch *batch)
{
	enum store_status status = group_commit(journal->config.store, batch);

	(void)pthread_mutex_lock(&journal->lock); /* cannot fail */
	count_batch(journal, batch, status);
	STAILQ_CONCAT(&journal->finished, &batch->jobs);
	if (status == STORE_FATAL)
		journal->verdict = store_exit_status(journal->config.store);
	(void)pthread_mutex_unlock(&journal->lock); /* cannot fail */
	journal->config.done(journal->config.ctx);
}

/* Between batches, when nobody waits for a result. */
static void
checkpoint_wal(struct writer *journal)
{
	/* Pages that stay in the log are none of the owner's worries. */
	if (store_checkpoint(journal->config.store) != STORE_FATAL)
		return;
	(void)pthread_mutex_lock(&journal->lock); /* cannot fail */
	journal->verdict = store_exit_status(journal->config.store);
	(void)pthread_mutex_unlock(&journal->lock); /* cannot fail */
	journal->config.done(journal->config.ctx);
}

/* Tell who asked that the thread is here; with the lock. */
static void
answer_probe(struct writer *journal)
{
	if (journal->alive != NULL)
		journal->alive(journal->alive_ctx);
	journal->alive = NULL;
}

/* Wait for work and take all there is; false at the end. */
static bool
take(struct writer *journal, struct batch *batch)
{
	*batch = (struct batch){ .has_begun = false };
	STAILQ_INIT(&batch->jobs);
	(void)pthread_mutex_lock(&journal->lock); /* cannot fail */
	journal->counts.busy_since_us = 0;
	answer_probe(journal);
	while (STAILQ_EMPTY(&journal->waiting) && !journal->is_stopping) {
		(void)pthread_cond_wait(&journal->wake, &journal->lock);
		answer_probe(journal);
	}
	STAILQ_CONCAT(&batch->jobs, &journal->waiting);
	batch->settings = journal->settings;
	journal->counts.busy_since_us = clock_us();
	(void)pthread_mutex_unlock(&journal->lock); /* cannot fail */
	return !STAILQ_EMPTY(&batch->jobs);
}

static void *
writer_main(void *ctx)
{
	struct writer *journal = ctx;
	struct batch batch;

	while (take(journal, &batch)) {
		work(journal, &batch);
		checkpoint_wal(journal);
	}
	return NULL;
}

/* The thread inherits a mask that leaves all signals to the others. */
static void
start_writer_thread(struct writer *journal)
{
	sigset_t all, before;
	int error;

	(void)sigfillset(&all); /* cannot fail */
	(void)pthread_sigmask(SIG_SETMASK, &all, &before); /* likewise */
	error = pthread_create(&journal->thread, NULL, writer_main, journal);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL); /* likewise */
	if (error != 0) {
		errno = error;
		fatal("journal: thread");
	}
	/* A name in ps and debuggers, nothing more. */
	(void)pthread_setname_np(journal->thread, "storage");
}

struct writer *
writer_start(const struct writer_config *config,
    const struct writer_settings *settings)
{
	struct writer *journal = xcalloc(1, sizeof(*journal));

	journal->config = *config;
	journal->settings = *settings;
	histogram_init(&journal->counts.commit_us, commit_bounds_us,
	    sizeof(commit_bounds_us) / sizeof(commit_bounds_us[0]));
	histogram_init(&journal->counts.commit_rows, row_bounds,
	    sizeof(row_bounds) / sizeof(row_bounds[0]));
	store_copy_figures(config->store, &journal->counts.store);
	STAILQ_INIT(&journal->waiting);
	STAILQ_INIT(&journal->finished);
	if (pthread_mutex_init(&journal->lock, NULL) != 0 ||
	    pthread_cond_init(&journal->wake, NULL) != 0)
		fatalx("journal: no lock");
	start_writer_thread(journal);
	return journal;
}

void
writer_configure(struct writer *journal,
    const struct writer_settings *settings)
{
	(void)pthread_mutex_lock(&journal->lock); /* cannot fail */
	journal->settings = *settings;
	(void)pthread_mutex_unlock(&journal->lock); /* cannot fail */
}

enum store_open_status
writer_stop(struct writer *journal, struct job_list *results)
{
	enum store_open_status verdict;

	(void)pthread_mutex_lock(&journal->lock); /* cannot fail */
	journal->is_stopping = true;
	(void)pthread_cond_signal(&journal->wake); /* cannot fail */
	(void)pthread_mutex_unlock(&journal->lock); /* cannot fail */
	(void)pthread_join(journal->thread, NULL); /* it is ours */
	STAILQ_CONCAT(results, &journal->finished);
	verdict = journal->verdict;
	(void)pthread_cond_destroy(&journal->wake); /* nobody waits */
	(void)pthread_mutex_destroy(&journal->lock); /* nobody holds it */
	free(journal);
	return verdict;
}

void
writer_submit(struct writer *journal, struct job_list *jobs)
{
	(void)pthread_mutex_lock(&journal->lock); /* cannot fail */
	STAILQ_CONCAT(&journal->waiting, jobs);
	(void)pthread_cond_signal(&journal->wake); /* cannot fail */
	(void)pthread_mutex_unlock(&journal->lock); /* cannot fail */
}

void
writer_probe(struct writer *journal, void (*alive)(void *ctx), void *ctx)
{
	(void)pthread_mutex_lock(&journal->lock); /* cannot fail */
	journal->alive = alive;
	journal->alive_ctx = ctx;
	(void)pthread_cond_signal(&journal->wake); /* cannot fail */
	(void)pthread_mutex_unlock(&journal->lock); /* cannot fail */
}

enum store_open_status
writer_collect(struct writer *journal, struct job_list *results)
{
	enum store_open_status verdict;

	(void)pthread_mutex_lock(&journal->lock); /* cannot fail */
	verdict = journal->verdict;
	if (verdict == STORE_OPENED)
		STAILQ_CONCAT(results, &journal->finished);
	(void)pthread_mutex_unlock(&journal->lock); /* cannot fail */
	return verdict;
}

void
writer_copy_counts(struct writer *journal, struct writer_counts *counts)
{
	(void)pthread_mutex_lock(&journal->lock); /* cannot fail */
	*counts = journal->counts;
	(void)pthread_mutex_unlock(&journal->lock); /* cannot fail */
}
