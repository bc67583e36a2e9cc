/*
 * The storage thread and its two lists: what was submitted and what is done.
 * Jobs pass from one to the other; in between only the thread has them and
 * works without the lock.
 */
#include "writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "hub/job.h"
#include "session/session.h"
#include "storage/store.h"

/* Between two calls of store_tend(). */
#define TEND_MS 1000

/* Ids that one JOB_FIND_IDLE or _LOCKED finds at the most. */
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
	uint64_t tend_us;		/* when store_tend() is due: its own */

	pthread_mutex_t lock;		/* over these, ... */
	pthread_cond_t wake;		/* ... which have changed */
	struct writer_settings settings;
	struct job_list waiting;
	struct job_list finished;
	bool	 is_stopping;
	enum store_open_status exit_status;	/* once the store is broken */
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
run_list(struct store *store, struct job *job)
{
	job->list.sessions = xcalloc(job->list.max,
	    sizeof(*job->list.sessions));
	job->list.next_row = job->list.after_row;
	return store_list(store, job->list.shop, &job->list.next_row,
	    job->list.sessions, job->list.max, &job->list.count);
}

static enum store_status
run_find_locked(struct store *store, struct job *job)
{
	job->idle.ids = xcalloc(IDLE_ROOM, sizeof(*job->idle.ids));
	job->idle.next_row = job->idle.after_row;
	return store_find_locked(store, &job->idle.next_row, job->idle.ids,
	    IDLE_ROOM, &job->idle.count);
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
	if (status == STORE_OK && job->erase.upto_row == 0 &&
	    job->record.has_customer)
		status = store_find_away(store, &job->record,
		    &job->erase.away_row);
	if (job->erase.away_row != 0)
		return status;
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
	case JOB_CALL:
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
	case JOB_LIST:
		return run_list(store, job);
	case JOB_FIND_LOCKED:
		return run_find_locked(store, job);
	case JOB_NOTE:
		return run_note(store, batch, job);
	case JOB_ERASE:
		return run_erase(store, batch, job);
	case JOB_RETAIN:
		return run_purge(store, batch, job);
	case JOB_WEBHOOK:
		status = begin_transaction(store, batch);
		return status != STORE_OK ? status :
		    store_webhook(store, job->webhook);
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

/* Nothing of it is there. */
static enum store_status
run_again(struct store *store, struct batch *batch)
{
	set_job_results(batch, JOB_REFUSED);
	batch->has_begun = false;
	return run_transaction(store, batch);
}

/*
 * Nothing fails because a connection was lost that can be made again, or
 * because of a note that cannot be written.
 */
static enum store_status
group_commit(struct store *store, struct batch *batch)
{
	enum store_status status = run_transaction(store, batch);

	if (status == STORE_REFUSED && store_was_lost(store))
		status = run_again(store, batch);
	if (status == STORE_REFUSED && batch->has_notes) {
		batch->drops_notes = true;
		status = run_again(store, batch);
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
count_batch(struct writer *writer, const struct batch *batch,
    enum store_status status)
{
	struct writer_counts *counts = &writer->counts;

	store_copy_figures(writer->config.store, &counts->store);
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
run_batch(struct writer *writer, struct batch *batch)
{
	enum store_status status = group_commit(writer->config.store, batch);

	mutex_lock(&writer->lock);
	count_batch(writer, batch, status);
	STAILQ_CONCAT(&writer->finished, &batch->jobs);
	if (status == STORE_FATAL)
		writer->exit_status = store_exit_status(writer->config.store);
	mutex_unlock(&writer->lock);
	writer->config.done(writer->config.ctx);
}

/* Between batches, when nobody waits for a result. */
static void
checkpoint_wal(struct writer *writer)
{
	/* Pages that stay in the log are none of the owner's worries. */
	if (store_checkpoint(writer->config.store) != STORE_FATAL)
		return;
	mutex_lock(&writer->lock);
	writer->exit_status = store_exit_status(writer->config.store);
	mutex_unlock(&writer->lock);
	writer->config.done(writer->config.ctx);
}

/* Tell who asked that the thread is here; with the lock. */
static void
answer_probe(struct writer *writer)
{
	if (writer->alive != NULL)
		writer->alive(writer->alive_ctx);
	writer->alive = NULL;
}

/* Nothing was to do for a while; with the lock, which it lets go of. */
static void
tend_store(struct writer *writer)
{
	struct store *store = writer->config.store;
	enum store_status status;

	mutex_unlock(&writer->lock);
	status = store_tend(store);
	writer->tend_us = clock_us() + TEND_MS * 1000;
	mutex_lock(&writer->lock);
	store_copy_figures(store, &writer->counts.store);
	if (status != STORE_FATAL)
		return;
	writer->exit_status = store_exit_status(store);
	writer->config.done(writer->config.ctx);
}

/*
 * Wait for work, or for whoever has a question; with the lock.  Questions do
 * not put off what is due.
 */
static void
wait_for_news(struct writer *writer)
{
	uint64_t now_us = clock_us();

	if (!store_is_tended(writer->config.store) ||
	    writer->exit_status != STORE_OPENED)
		condition_wait(&writer->wake, &writer->lock);
	else if (now_us >= writer->tend_us || condition_wait_for(&writer->wake,
	    &writer->lock, (writer->tend_us - now_us) / 1000 + 1))
		tend_store(writer);
}

/* A call of the store's waits for a server: does anybody wait for the call? */
static bool
goes_on(void *ctx)
{
	struct writer *writer = ctx;
	bool is_stopping;

	mutex_lock(&writer->lock);
	answer_probe(writer);
	store_copy_figures(writer->config.store, &writer->counts.store);
	is_stopping = writer->is_stopping;
	mutex_unlock(&writer->lock);
	return !is_stopping;
}

/* Wait for work and take all there is; false at the end. */
static bool
wait_for_jobs(struct writer *writer, struct batch *batch)
{
	*batch = (struct batch){ .has_begun = false };
	STAILQ_INIT(&batch->jobs);
	mutex_lock(&writer->lock);
	writer->counts.busy_since_us = 0;
	answer_probe(writer);
	while (STAILQ_EMPTY(&writer->waiting) && !writer->is_stopping) {
		wait_for_news(writer);
		answer_probe(writer);
	}
	STAILQ_CONCAT(&batch->jobs, &writer->waiting);
	batch->settings = writer->settings;
	writer->counts.busy_since_us = clock_us();
	mutex_unlock(&writer->lock);
	return !STAILQ_EMPTY(&batch->jobs);
}

static void *
writer_main(void *ctx)
{
	struct writer *writer = ctx;
	struct batch batch;

	while (wait_for_jobs(writer, &batch)) {
		run_batch(writer, &batch);
		checkpoint_wal(writer);
	}
	return NULL;
}

struct writer *
writer_start(const struct writer_config *config,
    const struct writer_settings *settings)
{
	struct writer *writer = xcalloc(1, sizeof(*writer));

	writer->config = *config;
	writer->settings = *settings;
	histogram_init(&writer->counts.commit_us, commit_bounds_us,
	    sizeof(commit_bounds_us) / sizeof(commit_bounds_us[0]));
	histogram_init(&writer->counts.commit_rows, row_bounds,
	    sizeof(row_bounds) / sizeof(row_bounds[0]));
	store_copy_figures(config->store, &writer->counts.store);
	STAILQ_INIT(&writer->waiting);
	STAILQ_INIT(&writer->finished);
	if (pthread_mutex_init(&writer->lock, NULL) != 0 ||
	    pthread_cond_init(&writer->wake, NULL) != 0)
		fatalx("journal: no lock");
	store_set_waiting(config->store, goes_on, writer);
	writer->thread = thread_start("storage", writer_main, writer);
	return writer;
}

void
writer_configure(struct writer *writer,
    const struct writer_settings *settings)
{
	mutex_lock(&writer->lock);
	writer->settings = *settings;
	mutex_unlock(&writer->lock);
}

enum store_open_status
writer_stop(struct writer *writer, struct job_list *results)
{
	enum store_open_status exit_status;

	mutex_lock(&writer->lock);
	writer->is_stopping = true;
	condition_signal(&writer->wake);
	mutex_unlock(&writer->lock);
	(void)pthread_join(writer->thread, NULL); /* it is ours */
	store_set_waiting(writer->config.store, NULL, NULL);
	STAILQ_CONCAT(results, &writer->finished);
	exit_status = writer->exit_status;
	(void)pthread_cond_destroy(&writer->wake); /* nobody waits */
	(void)pthread_mutex_destroy(&writer->lock); /* nobody holds it */
	free(writer);
	return exit_status;
}

void
writer_submit(struct writer *writer, struct job_list *jobs)
{
	mutex_lock(&writer->lock);
	STAILQ_CONCAT(&writer->waiting, jobs);
	mutex_unlock(&writer->lock);
	/* Not before, or the thread wakes up and finds the lock taken. */
	condition_signal(&writer->wake);
}

void
writer_probe(struct writer *writer, void (*alive)(void *ctx), void *ctx)
{
	mutex_lock(&writer->lock);
	writer->alive = alive;
	writer->alive_ctx = ctx;
	condition_signal(&writer->wake);
	mutex_unlock(&writer->lock);
}

enum store_open_status
writer_collect(struct writer *writer, struct job_list *results)
{
	enum store_open_status exit_status;

	mutex_lock(&writer->lock);
	exit_status = writer->exit_status;
	if (exit_status == STORE_OPENED)
		STAILQ_CONCAT(results, &writer->finished);
	mutex_unlock(&writer->lock);
	return exit_status;
}

void
writer_copy_counts(struct writer *writer, struct writer_counts *counts)
{
	mutex_lock(&writer->lock);
	*counts = writer->counts;
	mutex_unlock(&writer->lock);
}
