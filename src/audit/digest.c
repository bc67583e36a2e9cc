/*
 * One hand-over place: the thread fills a slice of its own and leaves it there
 * when the last one was taken.
 */
#include "digest.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "row.h"
#include "storage/column.h"
#include "storage/sql.h"

enum {
	SLICE_BODIES = 2000		/* of one transaction */
};

struct slice {
	struct audit_digest digests[SLICE_BODIES];
	size_t	 count;
	enum audit_status status;	/* AUDIT_OK: there are more */
};

struct audit_digests {
	struct audit *audit;		/* the thread's */
	struct sql_statement *statement;	/* likewise */
	int64_t	 after;			/* likewise */
	pthread_t thread;

	struct slice *taken;		/* the caller's */
	size_t	 at;			/* in it */

	pthread_mutex_t lock;		/* over the next three */
	pthread_cond_t moved;		/* a slice, here or away */
	struct slice *ready;		/* NULL while there is none */
	bool	 is_stopping;
};

static const struct sql_text bodies_sql = { .text =
    "SELECT b.seq, " AUDIT_BODY_COLUMNS " FROM journal_body AS b"
    " WHERE b.seq > ?1 ORDER BY b.seq LIMIT ?2", .is_long = true };

void
audit_digest_make(struct audit_digest *digest, struct audit_row *row,
    const struct sql_statement *at, int first)
{
	const struct record *record = &row->record;

	digest->fault = audit_row_read_body(at, first, row);
	digest->is_erased = row->is_erased;
	digest->has_account = record->account != NULL;
	digest->has_request = record->has_request;
	memcpy(digest->request, record->request, sizeof(digest->request));
	if (digest->fault == NULL && !row->is_erased)
		chain_hash_body(record, digest->digest);
}

static void
digest_next(const struct sql_statement *at, struct audit_digest *digest)
{
	struct columns columns = columns_at(at, "journal_body");
	struct audit_row row = { .seq = 0 };

	digest->seq = column_between(&columns, 0, INT64_MIN, INT64_MAX);
	audit_digest_make(digest, &row, at, 1);
	audit_row_clear(&row);
}

static void
read_body_slice(struct audit_digests *digests, struct slice *slice)
{
	struct sql_binding rows = sql_run_of(digests->statement);

	sql_bind_row(&rows, digests->after);
	sql_bind_row(&rows, SLICE_BODIES);
	slice->count = 0;
	while (sql_next(&rows)) {
		digest_next(rows.statement, &slice->digests[slice->count]);
		digests->after = slice->digests[slice->count].seq;
		slice->count++;
	}
	slice->status = audit_end_rows(digests->audit, &rows);
	if (slice->status == AUDIT_OK && slice->count < SLICE_BODIES)
		slice->status = AUDIT_NONE;
}

/* Hand the slice over when there is room; false at the end. */
static bool
hand_over_slice(struct audit_digests *digests, struct slice *slice)
{
	bool is_stopping;

	mutex_lock(&digests->lock);
	while (digests->ready != NULL && !digests->is_stopping)
		condition_wait(&digests->moved, &digests->lock);
	is_stopping = digests->is_stopping;
	if (!is_stopping)
		digests->ready = slice;
	condition_signal(&digests->moved);
	mutex_unlock(&digests->lock);
	if (is_stopping)
		free(slice);
	return !is_stopping;
}

static void *
digest_main(void *ctx)
{
	struct audit_digests *digests = ctx;
	struct slice *slice;
	bool is_more;

	do {
		slice = xcalloc(1, sizeof(*slice));
		read_body_slice(digests, slice);
		is_more = slice->status == AUDIT_OK;
	} while (hand_over_slice(digests, slice) && is_more);
	return NULL;
}

static void
start_digest_thread(struct audit_digests *digests)
{
	if (pthread_mutex_init(&digests->lock, NULL) != 0 ||
	    pthread_cond_init(&digests->moved, NULL) != 0)
		fatalx("audit: no lock");
	digests->thread = thread_start("digests", digest_main, digests);
}

enum audit_status
audit_digests_start(const char *path, int64_t after,
    struct audit_digests **started)
{
	struct audit_digests *digests = xcalloc(1, sizeof(*digests));
	enum audit_status status;

	digests->after = after;
	status = audit_open(path, &digests->audit);
	if (status == AUDIT_OK)
		status = audit_prepare_all(digests->audit, &bodies_sql,
		    &digests->statement, 1);
	if (status != AUDIT_OK) {
		audit_close(digests->audit);
		free(digests);
		return status;
	}
	start_digest_thread(digests);
	*started = digests;
	return AUDIT_OK;
}

void
audit_digests_stop(struct audit_digests *digests)
{
	if (digests == NULL)
		return;
	mutex_lock(&digests->lock);
	digests->is_stopping = true;
	condition_signal(&digests->moved);
	mutex_unlock(&digests->lock);
	(void)pthread_join(digests->thread, NULL); /* it is ours */
	(void)pthread_cond_destroy(&digests->moved); /* nobody waits */
	(void)pthread_mutex_destroy(&digests->lock); /* nobody holds it */
	sql_finalize(&digests->statement, 1);
	audit_close(digests->audit);
	free(digests->ready);
	free(digests->taken);
	free(digests);
}

/* Wait for the next slice. */
static void
wait_for_slice(struct audit_digests *digests)
{
	free(digests->taken);
	digests->at = 0;
	mutex_lock(&digests->lock);
	while (digests->ready == NULL)
		condition_wait(&digests->moved, &digests->lock);
	digests->taken = digests->ready;
	digests->ready = NULL;
	condition_signal(&digests->moved);
	mutex_unlock(&digests->lock);
}

enum audit_status
audit_digests_find(struct audit_digests *digests, int64_t seq,
    const struct audit_digest **digest)
{
	struct slice *slice = digests->taken;

	*digest = NULL;
	for (;;) {
		while (slice != NULL && digests->at < slice->count &&
		    slice->digests[digests->at].seq < seq)
			digests->at++;
		if (slice != NULL && digests->at < slice->count)
			break;
		if (slice != NULL && slice->status != AUDIT_OK)
			return slice->status == AUDIT_NONE ? AUDIT_OK :
			    slice->status;
		wait_for_slice(digests);
		slice = digests->taken;
	}
	if (slice->digests[digests->at].seq == seq)
		*digest = &slice->digests[digests->at];
	return AUDIT_OK;
}
