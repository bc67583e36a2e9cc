#include "sql.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "column.h"

enum { SETS_MAX = 7 };

enum statement {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	STATEMENTS
};

static const char *const statement_sql[STATEMENTS] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
};

/* Of a module. */
struct sql_set {
	const char *const *texts;
	size_t	 count;
	sqlite3_stmt **statements;
};

struct sql {
	const char *path;
	sqlite3	*db;
	struct sql_set sets[SETS_MAX];
	size_t	 set_count;
	int	 reported;	/* failure that was logged last, or 0 */
	bool	 is_broken;	/* STORE_FATAL was returned */
	bool	 is_bad;	/* because of what is in the database */
	uint64_t errors[STORE_ERRORS];
};

struct sql *
sql_new(const char *path, sqlite3 *db)
{
	struct sql *sql = xcalloc(1, sizeof(*sql));

	sql->path = path;
	sql->db = db;
	if (sql_prepare(sql, statement_sql, STATEMENTS) == 0)
		return sql;
	sql_free(sql);
	return NULL;
}

void
sql_free(struct sql *sql)
{
	size_t i;

	if (sql == NULL)
		return;
	for (i = 0; i < sql->set_count; i++) {
		sql_finalize(sql->sets[i].statements, sql->sets[i].count);
		free(sql->sets[i].statements);
	}
	free(sql);
}

bool
sql_is_broken(const struct sql *sql)
{
	return sql->is_broken;
}

enum store_open_status
sql_exit_status(const struct sql *sql)
{
	return sql->is_bad ? STORE_BAD_DATA : STORE_IO_ERROR;
}

int
sql_prepare(struct sql *sql, const char *const *texts, size_t count)
{
	struct sql_set *set = &sql->sets[sql->set_count++];
	size_t i;

	assert(sql->set_count <= SETS_MAX);
	*set = (struct sql_set){ .texts = texts, .count = count };
	set->statements = xcalloc(count, sizeof(sqlite3_stmt *));
	for (i = 0; i < count; i++)
		if (sqlite3_prepare_v3(sql->db, texts[i], -1,
		    SQLITE_PREPARE_PERSISTENT, &set->statements[i], NULL) !=
		    SQLITE_OK)
			return -1;
	return 0;
}

void
sql_finalize(sqlite3_stmt **statements, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		/* Repeats the error of the last run, which was handled. */
		(void)sqlite3_finalize(statements[i]);
}

void
sql_rollback(struct sql *sql)
{
	struct sql_binding rollback = sql_bind(sql, statement_sql,
	    SQL_ROLLBACK);
	int rc;

	/* After some errors SQLite has rolled back by itself. */
	if (sqlite3_get_autocommit(sql->db))
		return;
	(void)sql_next(&rollback); /* says what its reset repeats */
	rc = sqlite3_reset(rollback.statement);
	if (rc == SQLITE_OK)
		return;
	log_errorx("store: %s: rollback: %s", sql->path,
	    sqlite3_errmsg(sql->db));
	sql->is_broken = true;
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

/* Whether it is not the disk that fails, but what is on it is wrong. */
static bool
is_data_fault(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_CONSTRAINT:
	case SQLITE_CORRUPT:
	case SQLITE_ERROR:	/* a table is not there, for example */
	case SQLITE_FORMAT:
	case SQLITE_MISMATCH:
	case SQLITE_NOTADB:
	case SQLITE_SCHEMA:
	case SQLITE_TOOBIG:
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

void
sql_copy_errors(const struct sql *sql, struct store_figures *figures)
{
	memcpy(figures->errors, sql->errors, sizeof(sql->errors));
	figures->trouble = sql->reported == 0 ? STORE_ERRORS :
	    error_kind(sql->reported);
}

/* What lasts (a full disk) is logged when it begins, and when it is over. */
enum store_status
sql_failed(struct sql *sql, const char *what, int rc)
{
	if (rc != sql->reported)
		log_errorx("store: %s: %s: %s (%d)", sql->path, what,
		    rc == sqlite3_extended_errcode(sql->db) ?
		    sqlite3_errmsg(sql->db) : sqlite3_errstr(rc), rc);
	sql->reported = rc;
	sql->errors[error_kind(rc)]++;
	if (!is_transient(rc))
		sql->is_broken = true;
	sql->is_bad |= is_data_fault(rc);
	sql_rollback(sql);
	return sql->is_broken ? STORE_FATAL : STORE_REFUSED;
}

enum store_status
sql_set_broken(struct sql *sql)
{
	sql->is_broken = true;
	sql_rollback(sql);
	return STORE_FATAL;
}

enum store_status
sql_mismatch(struct sql *sql, const char *statement)
{
	log_errorx("store: %s: database and program disagree: %s", sql->path,
	    statement);
	sql->is_bad = true;
	return sql_set_broken(sql);
}

struct sql_binding
sql_bind(struct sql *sql, const char *const *texts, size_t number)
{
	const struct sql_set *set = sql->sets;

	while (set->texts != texts)
		set++;
	return (struct sql_binding){
		.sql = sql,
		.statement = set->statements[number],
	};
}

struct sql_binding
sql_run_of(sqlite3_stmt *statement)
{
	return (struct sql_binding){ .statement = statement };
}

void
sql_bind_row(struct sql_binding *binding, int64_t value)
{
	binding->at++;
	if (binding->rc == SQLITE_OK)
		binding->rc = sqlite3_bind_int64(binding->statement,
		    binding->at, value);
}

void
sql_bind_number(struct sql_binding *binding, uint64_t value)
{
	assert(value <= INT64_MAX);
	sql_bind_row(binding, (int64_t)value);
}

void
sql_bind_null(struct sql_binding *binding)
{
	binding->at++;
	if (binding->rc == SQLITE_OK)
		binding->rc = sqlite3_bind_null(binding->statement,
		    binding->at);
}

void
sql_bind_text(struct sql_binding *binding, const char *text, size_t len)
{
	binding->at++;
	if (binding->rc == SQLITE_OK)
		binding->rc = sqlite3_bind_text64(binding->statement,
		    binding->at, text, len, SQLITE_STATIC, SQLITE_UTF8);
}

void
sql_bind_blob(struct sql_binding *binding, const void *bytes, size_t len)
{
	binding->at++;
	if (binding->rc == SQLITE_OK)
		binding->rc = sqlite3_bind_blob64(binding->statement,
		    binding->at, bytes, len, SQLITE_STATIC);
}

void
sql_bind_payload(struct sql_binding *binding, const struct payload *payload)
{
	if (payload == NULL)
		sql_bind_null(binding);
	else
		sql_bind_text(binding, payload->data, payload->len);
}

void
sql_bind_customer(struct sql_binding *binding, const struct customer_id *id,
    char digits[ID_CUSTOMER_HEX + 1])
{
	if (id == NULL) {
		sql_bind_null(binding);
		return;
	}
	customer_id_format(id, digits);
	sql_bind_text(binding, digits, ID_CUSTOMER_HEX);
}

enum store_status
sql_run(const struct sql_binding *binding)
{
	sqlite3_stmt *statement = binding->statement;
	int rc = binding->rc;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_DONE)
		rc = sqlite3_reset(statement);
	if (rc == SQLITE_OK)
		return STORE_OK;
	rc = sqlite3_extended_errcode(binding->sql->db);
	(void)sqlite3_reset(statement);	/* repeats that error */
	return sql_failed(binding->sql, sqlite3_sql(statement), rc);
}

enum store_status
sql_run_one(const struct sql_binding *binding)
{
	enum store_status status = sql_run(binding);

	if (status != STORE_OK)
		return status;
	return sqlite3_changes(binding->sql->db) == 1 ? STORE_OK :
	    sql_mismatch(binding->sql, sqlite3_sql(binding->statement));
}

bool
sql_next(struct sql_binding *binding)
{
	if (binding->rc == SQLITE_OK || binding->rc == SQLITE_ROW)
		binding->rc = sqlite3_step(binding->statement);
	return binding->rc == SQLITE_ROW;
}

enum store_status
sql_end_rows(const struct sql_binding *binding)
{
	sqlite3_stmt *statement = binding->statement;
	int rc = binding->rc;

	if (rc == SQLITE_ROW || rc == SQLITE_DONE || rc == SQLITE_OK)
		rc = sqlite3_reset(statement);
	else
		(void)sqlite3_reset(statement);	/* as rc */
	return rc == SQLITE_OK ? STORE_OK :
	    sql_failed(binding->sql, sqlite3_sql(statement), rc);
}

enum store_status
sql_end_row(const struct sql_binding *binding, const struct columns *columns)
{
	struct sql *sql = binding->sql;
	char text[COLUMN_FAULT_BYTES];

	if (columns_fit(columns))
		return sql_end_rows(binding);
	columns_describe(columns, text);
	log_errorx("store: %s: %s", sql->path, text);
	(void)sqlite3_reset(binding->statement); /* was fine until here */
	sql->is_bad = true;
	return sql_set_broken(sql);
}

static enum store_status
run_unbound(struct sql *sql, enum statement id)
{
	struct sql_binding none = sql_bind(sql, statement_sql, id);

	return sql_run(&none);
}

enum store_status
sql_begin(struct sql *sql)
{
	return sql->is_broken ? STORE_FATAL : run_unbound(sql, SQL_BEGIN);
}

enum store_status
sql_commit(struct sql *sql)
{
	enum store_status status = run_unbound(sql, SQL_COMMIT);

	if (status != STORE_OK || sql->reported == 0)
		return status;
	log_info("store: %s: is written again", sql->path);
	sql->reported = 0;
	return STORE_OK;
}
