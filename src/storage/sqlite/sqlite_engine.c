#include "sqlite_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "database.h"
#include "sqlite_reader.h"
#include "sqlite_row.h"
#include "sqlite_status.h"
#include "storage/fs.h"
#include "vacuum.h"
#include "wal.h"

enum {
	WATCH_STEPS = 100,		/* SQLite's: less than 0.1 ms */
	MESSAGE_BYTES = 256
};

enum statement {
	SQL_BEGIN,
	SQL_READ,
	SQL_COMMIT,
	SQL_ROLLBACK,
	STATEMENTS
};

static const char *const statement_sql[STATEMENTS] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_READ] = "BEGIN",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
};

/* As numbers, DB_PARTIAL_ID and DB_APPLICATION_ID. */
static const struct sql_text marks[SQL_MARKS] = {
	[SQL_MARK_PARTIAL] = { .text = "PRAGMA application_id = 0x42534843" },
	[SQL_MARK_WHOLE] = { .text = "PRAGMA application_id = 0x42534850" },
};

struct connection {
	struct sql_connection base;
	char	*path;
	sqlite3	*db;			/* the database's, or a reader's */
	struct database *database;	/* a writer's; NULL for readers */
	struct wal *wal;		/* NULL before start() */
	sqlite3_stmt *statements[STATEMENTS];
	void	(*work)(void *ctx);	/* of watch() */
	void	*work_ctx;
	struct sql_fault fault;
	char	 message[MESSAGE_BYTES];
	char	 words[SQLITE_WORDS_BYTES];
};

struct statement_at {
	struct sql_statement base;
	sqlite3_stmt *at;
	int	 rc;			/* the first error of bind */
};

static struct connection *
connection_of(struct sql_connection *base)
{
	return (struct connection *)base;
}

static struct statement_at *
statement_of(struct sql_statement *base)
{
	return (struct statement_at *)base;
}

/* Whether the same may succeed later, with nothing lost or half done. */
static bool
is_transient(int rc)
{
	switch (rc) {
	case SQLITE_IOERR_WRITE:
	case SQLITE_IOERR_NOMEM:
	case SQLITE_IOERR_SHMSIZE:	/* no room for the log's index */
		return true;
	}
	switch (rc & 0xff) {
	case SQLITE_FULL:
	case SQLITE_BUSY:
	case SQLITE_NOMEM:
		return true;
	}
	return false;
}

static enum store_error
error_kind(int rc)
{
	switch (rc) {
	case SQLITE_IOERR_SHMSIZE:
		return STORE_ERROR_FULL;
	case SQLITE_IOERR_NOMEM:
		return STORE_ERROR_MEMORY;
	}
	switch (rc & 0xff) {
	case SQLITE_FULL:
		return STORE_ERROR_FULL;
	case SQLITE_BUSY:
		return STORE_ERROR_BUSY;
	case SQLITE_NOMEM:
		return STORE_ERROR_MEMORY;
	case SQLITE_IOERR:
		return STORE_ERROR_IO;
	}
	return STORE_ERROR_OTHER;
}

/* Who writes is told by these that the rows are not what was written. */
static enum store_open_status
exit_status(struct connection *c, int rc)
{
	enum store_open_status status = sqlite_status_for_reader(rc, c->words);

	switch (rc & 0xff) {
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_TOOBIG:
		return c->database != NULL ? STORE_BAD_DATA : status;
	}
	return status;
}

/* SQLite returned rc for what. */
static enum sql_result
fail(struct connection *c, int rc, const char *what)
{
	/* Cut is good enough. */
	(void)snprintf(c->message, sizeof(c->message), "%s (%d)",
	    rc == sqlite3_extended_errcode(c->db) ? sqlite3_errmsg(c->db) :
	    sqlite3_errstr(rc), rc);
	c->fault = (struct sql_fault){
		.code = rc,
		.what = what,
		.message = c->message,
		.error = error_kind(rc),
		.is_transient = is_transient(rc),
	};
	c->fault.status = exit_status(c, rc);
	c->fault.words = c->words[0] != '\0' ? c->words : NULL;
	return SQL_FAILED;
}

/* The cause was logged, and will be there later too. */
static enum sql_result
fail_for_good(struct connection *c)
{
	c->fault = (struct sql_fault){
		.code = SQLITE_IOERR,
		.what = c->path,
		.error = STORE_ERROR_OTHER,
		.status = STORE_IO_ERROR,
	};
	return SQL_FAILED;
}

static const struct sql_fault *
fault(const struct sql_connection *base)
{
	return &((const struct connection *)base)->fault;
}

static const char *
path(const struct sql_connection *base)
{
	return ((const struct connection *)base)->path;
}

/* Any name that is no other engine's is a file's. */
static bool
has(const char *database)
{
	(void)database;
	return true;
}

static enum sql_result
prepare_own(struct connection *c)
{
	size_t i;
	int rc;

	for (i = 0; i < STATEMENTS; i++) {
		rc = sqlite3_prepare_v3(c->db, statement_sql[i], -1,
		    SQLITE_PREPARE_PERSISTENT, &c->statements[i], NULL);
		if (rc != SQLITE_OK)
			return fail(c, rc, statement_sql[i]);
	}
	return SQL_OK;
}

static enum sql_result
run_own(struct connection *c, enum statement id)
{
	int rc;

	(void)sqlite3_step(c->statements[id]);	/* its reset repeats it */
	rc = sqlite3_reset(c->statements[id]);
	return rc == SQLITE_OK ? SQL_OK : fail(c, rc, statement_sql[id]);
}

static struct connection *
new_connection(const char *name)
{
	struct connection *c = xcalloc(1, sizeof(*c));

	c->base.engine = &sqlite_engine;
	c->path = xstrdup(name);
	return c;
}

static void
close_database(struct sql_connection *base, bool is_broken)
{
	struct connection *c = connection_of(base);
	size_t i;

	for (i = 0; i < STATEMENTS; i++)
		/* Repeats the error of the last run, which was handled. */
		(void)sqlite3_finalize(c->statements[i]);
	/*
	 * After a failed sync a second one may lie, and a log beside another
	 * database, or none, is not ours to remove: the next start reads what
	 * there is.
	 */
	if (c->wal != NULL) {
		if (is_broken || database_was_replaced(c->database))
			wal_keep_on_close(c->db);
		else
			wal_empty(c->wal);
	}
	if (c->database != NULL)
		database_close(c->database);
	else
		/* Nothing was written, and all statements are finalized. */
		(void)sqlite3_close(c->db);
	free(c->path);
	free(c);
}

static enum store_open_status
open_for(const char *name, const char *vfs, enum database_use use,
    struct sql_connection **opened)
{
	struct database *database;
	struct connection *c;
	enum store_open_status status = database_open(name, vfs, use,
	    &database);

	if (status != STORE_OPENED)
		return status;
	c = new_connection(database_path(database));
	c->database = database;
	c->db = database_connection(database);
	if (prepare_own(c) == SQL_OK) {
		*opened = &c->base;
		return STORE_OPENED;
	}
	status = sqlite_status_of_open(c->path, c->db);
	close_database(&c->base, false);
	return status;
}

static enum store_open_status
open_database(const char *name, const char *vfs, struct sql_connection **opened)
{
	return open_for(name, vfs, DATABASE_TO_SERVE, opened);
}

static enum store_open_status
open_copy(const char *name, struct sql_connection **opened)
{
	return open_for(name, NULL, DATABASE_TO_COPY, opened);
}

static enum store_open_status
start(struct sql_connection *base)
{
	struct connection *c = connection_of(base);
	enum store_open_status status = database_start_wal(c->database);

	if (status == STORE_OPENED)
		c->wal = database_wal(c->database);
	return status;
}

static enum store_open_status
open_reader(const char *name, enum sql_reader kind,
    const struct sql_waiting *waiting, struct sql_connection **opened)
{
	struct connection *c = new_connection(name);
	enum store_open_status status = sqlite_reader_open(name, kind, &c->db);

	(void)waiting;		/* there is no server */
	*opened = &c->base;
	if (status != STORE_OPENED)
		(void)fail(c, sqlite3_extended_errcode(c->db), name);
	else if (prepare_own(c) == SQL_FAILED)
		status = c->fault.status;
	return status;
}

static int
on_progress(void *ctx)
{
	struct connection *c = ctx;

	c->work(c->work_ctx);
	return 0;
}

static void
watch(struct sql_connection *base, void (*work)(void *ctx), void *ctx)
{
	struct connection *c = connection_of(base);

	c->work = work;
	c->work_ctx = ctx;
	sqlite3_progress_handler(c->db, WATCH_STEPS, on_progress, c);
}

static enum sql_result
rollback(struct sql_connection *base)
{
	struct connection *c = connection_of(base);

	/* After some errors SQLite has rolled back by itself. */
	return sqlite3_get_autocommit(c->db) ? SQL_OK :
	    run_own(c, SQL_ROLLBACK);
}

static enum sql_result
begin(struct sql_connection *base)
{
	struct connection *c = connection_of(base);
	enum sql_result result;
	int rc;

	if (c->database == NULL)
		return run_own(c, SQL_READ);
	result = run_own(c, SQL_BEGIN);
	if (result != SQL_OK)
		return result;
	rc = wal_mark_transaction(c->wal);
	return rc == SQLITE_OK ? SQL_OK : fail(c, rc, "marking the log");
}

static enum sql_result
commit(struct sql_connection *base, int64_t newest)
{
	struct connection *c = connection_of(base);

	(void)newest;	/* it always knows */
	if (database_was_replaced(c->database))
		return fail_for_good(c);
	return run_own(c, SQL_COMMIT);
}

static enum sql_result
committed(struct sql_connection *base)
{
	struct connection *c = connection_of(base);
	int rc = wal_mark_committed(c->wal);

	return rc == SQLITE_OK ? SQL_OK : fail(c, rc, "marking the log");
}

static struct sql_statement *
prepare(struct sql_connection *base, const struct sql_text *text)
{
	struct connection *c = connection_of(base);
	struct statement_at *s = xcalloc(1, sizeof(*s));
	int rc;

	s->base.connection = base;
	s->base.text = text;
	rc = sqlite3_prepare_v3(c->db, text->text, -1,
	    SQLITE_PREPARE_PERSISTENT, &s->at, NULL);
	s->base.row = s->at;
	if (rc == SQLITE_OK)
		return &s->base;
	(void)fail(c, rc, text->text);
	free(s);
	return NULL;
}

static void
finalize(struct sql_statement *base)
{
	struct statement_at *s = statement_of(base);

	/* Repeats the error of the last run, which was handled. */
	(void)sqlite3_finalize(s->at);
	free(s);
}

static int
bind_value(sqlite3_stmt *at, int number, const struct sql_value *value)
{
	switch (value->type) {
	case SQL_INTEGER:
		return sqlite3_bind_int64(at, number, value->number);
	case SQL_TEXT:
		return sqlite3_bind_text64(at, number, value->bytes,
		    value->len, SQLITE_STATIC, SQLITE_UTF8);
	case SQL_BLOB:
		return sqlite3_bind_blob64(at, number, value->bytes,
		    value->len, SQLITE_STATIC);
	case SQL_NULL:
	case SQL_OTHER:
		break;
	}
	return sqlite3_bind_null(at, number);
}

static void
bind(struct sql_statement *base, int number, const struct sql_value *value)
{
	struct statement_at *s = statement_of(base);
	int rc = bind_value(s->at, number, value);

	if (s->rc == SQLITE_OK)
		s->rc = rc;
}

static enum sql_result
run(struct sql_statement *base)
{
	struct statement_at *s = statement_of(base);
	int rc = s->rc;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(s->at);
	if (rc == SQLITE_DONE)
		rc = sqlite3_reset(s->at);
	else
		(void)sqlite3_reset(s->at);	/* repeats that error */
	s->rc = SQLITE_OK;
	return rc == SQLITE_OK ? SQL_OK :
	    fail(connection_of(base->connection), rc, base->text->text);
}

static enum sql_result
run_one(struct sql_statement *base)
{
	struct connection *c = connection_of(base->connection);
	enum sql_result result = run(base);

	if (result != SQL_OK || sqlite3_changes(c->db) == 1)
		return result;
	c->fault = (struct sql_fault){
		.code = SQLITE_MISMATCH,
		.what = base->text->text,
		.message = "not one row",
		.error = STORE_ERROR_OTHER,
		.status = STORE_BAD_DATA,
		.is_mismatch = true,
	};
	return SQL_FAILED;
}

static enum sql_result
step(struct sql_statement *base)
{
	struct statement_at *s = statement_of(base);
	int rc = s->rc;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(s->at);
	if (rc == SQLITE_ROW)
		return SQL_ROW;
	return rc == SQLITE_DONE ? SQL_DONE :
	    fail(connection_of(base->connection), rc, base->text->text);
}

static void
reset(struct sql_statement *base)
{
	struct statement_at *s = statement_of(base);

	(void)sqlite3_reset(s->at);	/* repeats what the step said */
	s->rc = SQLITE_OK;
}

static enum sql_result
checkpoint(struct sql_connection *base)
{
	struct connection *c = connection_of(base);
	int rc = wal_checkpoint(c->wal);

	return rc == SQLITE_OK ? SQL_OK : fail(c, rc, "checkpoint");
}

static enum sql_result
scrub(struct sql_connection *base, int64_t *upto)
{
	struct connection *c = connection_of(base);
	int rc = wal_scrub(c->wal, upto);

	if ((rc & 0xff) == SQLITE_BUSY)
		return SQL_DONE;
	return rc == SQLITE_OK ? SQL_OK : fail(c, rc, "overwriting the log");
}

static enum sql_result
spare_pages(struct sql_connection *base, int64_t *pages)
{
	struct connection *c = connection_of(base);
	int rc = vacuum_spare_pages(c->db, pages);

	return rc == SQLITE_OK ? SQL_OK : fail(c, rc, "counting free pages");
}

static enum sql_result
give_back(struct sql_connection *base, int64_t *pages)
{
	struct connection *c = connection_of(base);
	int rc = vacuum_slice(c->db, pages);

	return rc == SQLITE_OK ? SQL_OK : fail(c, rc, "giving back pages");
}

static int
free_bytes(const struct sql_connection *base, uint64_t *bytes)
{
	char *folder = fs_dirname(path(base));
	int result = fs_free_bytes(folder, bytes);

	free(folder);
	return result;
}

static void
sizes(const struct sql_connection *base, struct sql_sizes *sizes)
{
	const struct connection *c = (const struct connection *)base;

	*sizes = (struct sql_sizes){
		.database = database_size(c->database),
		.wal = c->wal != NULL ? wal_size(c->wal) : 0,
	};
}

const struct engine sqlite_engine = {
	.name = "SQLite",
	.has_files = true,
	.rows = &sqlite_row_reader,
	.has = has,
	.open = open_database,
	.start = start,
	.open_copy = open_copy,
	.marks = marks,
	.open_reader = open_reader,
	.watch = watch,
	.close = close_database,
	.fault = fault,
	.path = path,
	.begin = begin,
	.commit = commit,
	.committed = committed,
	.rollback = rollback,
	.prepare = prepare,
	.finalize = finalize,
	.bind = bind,
	.run = run,
	.run_one = run_one,
	.step = step,
	.reset = reset,
	.checkpoint = checkpoint,
	.scrub = scrub,
	.spare_pages = spare_pages,
	.give_back = give_back,
	.free_bytes = free_bytes,
	.sizes = sizes,
};

sqlite3 *
sqlite_engine_db(const struct sql_connection *connection)
{
	return ((const struct connection *)connection)->db;
}
