/*
 * SQLite's backup starts anew whenever somebody else commits, so the source is
 * held in a read transaction.  That keeps the daemon from emptying its log
 * until the copy is made.  Moving what has gathered there, and making that
 * durable, is then our work, because the daemon's commits would wait for it.
 * And the copy is made durable in slices, because a commit waits for whatever
 * the disk was given before.
 */
#include "backup.h"

#include <stdlib.h>

#include <sqlite3.h>

#include "audit.h"
#include "base/log.h"
#include "pace.h"
#include "storage/chain.h"
#include "storage/column.h"
#include "storage/sql.h"
#include "storage/sqlite/pragma.h"
#include "storage/sqlite/sidecars.h"
#include "storage/sqlite/sqlite_engine.h"
#include "storage/sqlite/wal_mark.h"

enum {
	SLICE_BYTES = 65536,		/* between two looks at goes_on() */
	SYNC_BYTES = 1 << 20,		/* what the disk may owe us */
	CHECK_STEPS = 100,		/* SQLite's: less than 0.1 ms */
	CHECKS_A_LOOK = 1000		/* likewise, at goes_on() */
};

static const struct sql_text page_count_sql = { .text = "PRAGMA page_count" };
static const struct sql_text page_size_sql = { .text = "PRAGMA page_size" };

struct backup {
	const char *database;
	const struct backup_watcher *watcher;
	struct backup_target *target;
	struct audit *source;
	struct pace *pace;
	sqlite3	*copy;
	unsigned checks;		/* of so many steps */
	uint64_t page_bytes;
	uint64_t size;			/* of the copy, in bytes */
};

/* SQLite says rc about the copy, or about a page to be copied. */
static enum backup_status
copy_failed(const struct backup *backup, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_ERROR:	/* its schema cannot be run */
	case SQLITE_NOTADB:
		log_errorx("%s: is damaged: %s", backup->database,
		    sqlite3_errstr(rc));
		return BACKUP_BAD_DATA;
	}
	log_errorx("%s: %s (%d)", backup_target_draft(backup->target),
	    sqlite3_errstr(rc), rc);
	return BACKUP_IO_ERROR;
}

static enum audit_status
read_pragma(struct audit *audit, const struct sql_text *sql, uint64_t *number)
{
	enum audit_status status;
	struct columns columns;
	struct sql_binding rows;

	status = audit_run_cached(audit, sql, &rows);
	if (status != AUDIT_OK)
		return status;
	columns = columns_at(rows.statement, sql->text);
	if (sql_next(&rows))
		*number = column_number(&columns, 0);
	return audit_end_row(audit, &rows, &columns);
}

/* Begin to read. */
static enum backup_status
begin_source_read(struct backup *backup)
{
	enum audit_status status = audit_begin(backup->source);
	uint64_t pages = 0;

	if (status == AUDIT_OK)
		status = read_pragma(backup->source, &page_count_sql,
		    &pages);
	if (status == AUDIT_OK)
		status = read_pragma(backup->source, &page_size_sql,
		    &backup->page_bytes);
	backup->size = backup->page_bytes * pages;
	return (enum backup_status)status;
}

static int
open_copy(struct backup *backup, const char *pragmas)
{
	int rc = sqlite3_open_v2(backup_target_draft(backup->target),
	    &backup->copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
	    SQLITE_OPEN_EXRESCODE, NULL);

	return rc != SQLITE_OK ? rc :
	    sqlite3_exec(backup->copy, pragmas, NULL, NULL, NULL);
}

static int
close_copy(struct backup *backup)
{
	int rc = sqlite3_close(backup->copy);

	if (rc == SQLITE_OK)
		backup->copy = NULL;
	return rc;
}

/* Make durable what was written so far; an SQLite result. */
static int
sync_file(sqlite3 *db)
{
	sqlite3_file *file;
	int rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER,
	    &file);

	return rc == SQLITE_OK ? file->pMethods->xSync(file,
	    SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY) : rc;
}

/* Whether to go on with the copy, of which so many pages are missing. */
static bool
goes_on(const struct backup *backup, int missing, int pages)
{
	uint64_t done = pages == 0 ? 0 : backup->size *
	    (uint64_t)(pages - missing) / (uint64_t)pages;

	return backup->watcher->goes_on(backup->watcher->ctx, BACKUP_COPYING,
	    done, backup->size);
}

/* SQLITE_DONE at the end, SQLITE_ABORT when it was stopped. */
static int
copy_page_slices(struct backup *backup, sqlite3_backup *handle)
{
	int slice = (int)(SLICE_BYTES / backup->page_bytes);
	int rc, pages, missing, slices = 0;

	while ((rc = sqlite3_backup_step(handle, slice)) == SQLITE_OK) {
		pages = sqlite3_backup_pagecount(handle);
		missing = sqlite3_backup_remaining(handle);
		if (!goes_on(backup, missing, pages))
			return SQLITE_ABORT;
		if (++slices % (SYNC_BYTES / SLICE_BYTES) == 0)
			rc = sync_file(backup->copy);
		if (rc != SQLITE_OK)
			return rc;
		pace_keep(backup->pace);
	}
	return rc;
}

static enum backup_status
copy_pages(struct backup *backup)
{
	sqlite3_backup *handle;
	int rc;

	/* Nothing has to be rolled back in a draft. */
	rc = open_copy(backup, "PRAGMA journal_mode = OFF;"
	    "PRAGMA synchronous = OFF");
	if (rc != SQLITE_OK)
		return copy_failed(backup, rc);
	handle = sqlite3_backup_init(backup->copy, "main",
	    sqlite_engine_db(audit_connection(backup->source)), "main");
	if (handle == NULL)
		return copy_failed(backup,
		    sqlite3_extended_errcode(backup->copy));
	rc = copy_page_slices(backup, handle);
	(void)sqlite3_backup_finish(handle); /* repeats the error */
	if (rc == SQLITE_ABORT)
		return BACKUP_STOPPED;
	if (rc == SQLITE_DONE)
		rc = sync_file(backup->copy);
	if (rc == SQLITE_OK)
		rc = close_copy(backup);
	return rc == SQLITE_OK ? BACKUP_MADE : copy_failed(backup, rc);
}

/* Whatever keeps this from being done, the daemon does it in time. */
static void
checkpoint_source(sqlite3 *db)
{
	int rc = sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
	    NULL);

	/* Only who has read knows of the log. */
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "PRAGMA user_version", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_wal_checkpoint_v2(db, NULL,
		    SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	/* SQLite leaves it to the checkpoint that reaches the log's end. */
	if (rc == SQLITE_OK)
		(void)sync_file(db);
}

static void
release_source(struct backup *backup)
{
	sqlite3 *db;

	audit_close(backup->source);
	backup->source = NULL;
	if (!sidecars_wal_exists(backup->database))
		return;
	if (sqlite3_open_v2(backup->database, &db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK)
		checkpoint_source(db);
	(void)sqlite3_close(db); /* has no statements */
}

/* Whether to go on with the check. */
static bool
goes_on_checking(const struct backup *backup)
{
	return backup->watcher->goes_on(backup->watcher->ctx, BACKUP_CHECKING,
	    backup->size, backup->size);
}

/* Not 0 to interrupt SQLite. */
static int
on_check_steps(void *ctx)
{
	struct backup *backup = ctx;

	pace_keep(backup->pace);
	return ++backup->checks % CHECKS_A_LOOK != 0 ||
	    goes_on_checking(backup) ? 0 : 1;
}

/* Let the copy do without a log, and look at all of it. */
static enum backup_status
check_copy(struct backup *backup)
{
	bool is_alone = false, is_good = false;
	int rc;

	if (!goes_on_checking(backup))
		return BACKUP_STOPPED;
	rc = open_copy(backup, "PRAGMA trusted_schema = OFF");
	if (rc == SQLITE_OK)
		rc = pragma_says(backup->copy, "PRAGMA journal_mode = DELETE",
		    "delete", &is_alone);
	if (rc == SQLITE_OK && !is_alone)
		rc = SQLITE_IOERR;
	if (rc == SQLITE_OK)
		rc = wal_mark_detach(backup->copy);
	if (rc == SQLITE_OK) {
		sqlite3_progress_handler(backup->copy, CHECK_STEPS,
		    on_check_steps, backup);
		rc = pragma_says(backup->copy, "PRAGMA quick_check(1)", "ok",
		    &is_good);
	}
	if (rc == SQLITE_OK)
		rc = close_copy(backup);
	if ((rc & 0xff) == SQLITE_INTERRUPT)
		return BACKUP_STOPPED;
	if (rc == SQLITE_OK && !is_good)
		rc = SQLITE_CORRUPT;
	return rc == SQLITE_OK ? BACKUP_MADE : copy_failed(backup, rc);
}

/*
 * Read the copy as an auditor would, while nobody else can put a log beside
 * it.
 */
static enum backup_status
read_copy_head(const struct backup *backup, struct chain_head *head)
{
	struct audit *audit;
	enum audit_status status;

	status = audit_open(backup_target_draft(backup->target), &audit);
	if (status != AUDIT_OK)
		return (enum backup_status)status;
	status = audit_head(audit, head);
	audit_close(audit);
	return (enum backup_status)status;
}

static enum backup_status
make_backup(struct backup *backup, struct chain_head *head)
{
	enum backup_status status = begin_source_read(backup);

	if (status == BACKUP_MADE)
		status = backup_target_check_room(backup->target, backup->size);
	if (status == BACKUP_MADE)
		status = copy_pages(backup);
	if (status != BACKUP_MADE)
		return status;
	release_source(backup);
	status = check_copy(backup);
	if (status == BACKUP_MADE)
		status = read_copy_head(backup, head);
	return status == BACKUP_MADE ? backup_target_publish(backup->target,
	    backup->pace) : status;
}

enum backup_status
backup_make(const struct backup_order *order,
    const struct backup_watcher *watcher, struct chain_head *head)
{
	struct backup backup = {
		.database = order->database,
		.watcher = watcher,
	};
	enum backup_status status;

	backup.pace = pace_new(order->database, PACE_OF_WRITING);
	status = (enum backup_status)audit_open(order->database,
	    &backup.source);
	if (status == BACKUP_MADE)
		status = backup_target_open(order, &backup.target);
	if (status == BACKUP_MADE) {
		status = make_backup(&backup, head);
		(void)sqlite3_close(backup.copy); /* has no statements */
		backup_target_close(backup.target);
	}
	audit_close(backup.source);
	pace_free(backup.pace);
	return status;
}
