#include "audit.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "pace.h"
#include "storage/chain.h"
#include "storage/column.h"
#include "storage/db_header.h"
#include "storage/migrate.h"
#include "storage/schema_check.h"
#include "storage/sidecars.h"
#include "storage/sql.h"
#include "storage/wal_mark.h"

enum {
	BUSY_TIMEOUT_MS = 5000,		/* a daemon that starts or stops */
	WAL_LOOKS = 3,			/* at a WAL that a daemon moves */
	CACHED_MAX = 20,		/* statements of audit_run_cached() */
	PACE_STEPS = 100		/* SQLite's: less than 0.1 ms */
};

enum statement {
	SQL_BEGIN,
	SQL_END,
	SQL_HEAD,
	STATEMENTS
};

static const char *const statement_sql[STATEMENTS] = {
	[SQL_BEGIN] = "BEGIN",
	[SQL_END] = "ROLLBACK",
	[SQL_HEAD] =
	    "SELECT * FROM (SELECT seq, hash FROM journal"
	    "  ORDER BY seq DESC LIMIT 1)"
	    " UNION ALL"
	    " SELECT * FROM (SELECT seq, hash FROM chain_anchor"
	    "  ORDER BY seq DESC LIMIT 1)"
	    " ORDER BY seq DESC LIMIT 1",
};

/* Nothing in the file may make us run what it says. */
static const char connection_sql[] =
    "PRAGMA query_only = ON;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA cell_size_check = ON;"
    "PRAGMA temp_store = MEMORY;";

struct audit {
	char	*path;
	struct pace *pace;
	sqlite3	*db;
	sqlite3_stmt *statements[STATEMENTS];
	sqlite3_stmt *cached[CACHED_MAX];
	const char *cached_sql[CACHED_MAX];
};

static enum audit_status
refuse_database(const char *path, const char *why)
{
	log_errorx("%s: %s", path, why);
	return AUDIT_BAD_DATA;
}

static enum audit_status
refuse_errno(const char *path)
{
	enum audit_status status = AUDIT_IO_ERROR;

	switch (errno) {
	case EACCES:
		log_errorx("%s: %s: use sudo, or be the daemon's user", path,
		    strerror(EACCES));
		return AUDIT_NO_DATABASE;
	case ELOOP:
	case ENAMETOOLONG:
	case ENOENT:
	case ENOTDIR:
		status = AUDIT_NO_DATABASE;
		break;
	}
	log_warn("%s", path);
	return status;
}

static enum audit_status
check_db_header(const char *path, int fd)
{
	uint8_t header[DB_HEADER_BYTES];
	ssize_t n = pread(fd, header, sizeof(header), 0);
	const char *fault;

	if (n == -1)
		return refuse_errno(path);
	/* A crash may have torn what the log has whole. */
	if (sidecars_have_wal(path) && db_header_is_torn(header, (size_t)n))
		return AUDIT_OK;
	/* A newer version is judged by what the WAL says, not the file, but
	 * for numbers that SQLite takes for negative ones. */
	fault = db_header_fault(header, (size_t)n);
	if (fault == NULL && db_header_version(header) > INT32_MAX)
		fault = migrate_version_fault(db_header_version(header));
	return fault != NULL ? refuse_database(path, fault) : AUDIT_OK;
}

/*
 * Whether reading leaves nothing behind that its owner cannot use: whoever
 * reads a database makes its log, if the daemon does not run.
 */
static bool
is_readable(const char *path, const struct stat *st)
{
	return sidecars_wal_exists(path) || geteuid() == 0 ||
	    geteuid() == st->st_uid;
}

static enum audit_status
refuse_other_user(const char *path)
{
	log_errorx("%s: is another user's: read it as that user, or while the "
	    "daemon runs", path);
	return AUDIT_NO_DATABASE;
}

/* Judge the file before SQLite sees it. */
static enum audit_status
check_db_file(const char *path)
{
	enum audit_status status;
	struct stat st;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return refuse_errno(path);
	if (fstat(fd, &st) == -1)
		status = refuse_errno(path);
	else if (S_ISDIR(st.st_mode))
		status = refuse_database(path, "is a directory");
	else if (!S_ISREG(st.st_mode))
		status = refuse_database(path, "is not a regular file");
	else if (!is_readable(path, &st))
		status = refuse_other_user(path);
	else
		status = check_db_header(path, fd);
	(void)close(fd); /* nothing was written to it */
	return status;
}

/* Log what SQLite's last call, which returned rc, says. */
static enum audit_status
sqlite_failed(const struct audit *audit, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
		log_errorx("%s: is damaged: %s", audit->path,
		    sqlite3_errstr(rc));
		return AUDIT_BAD_DATA;
	case SQLITE_ERROR:
	case SQLITE_SCHEMA:
		log_errorx("%s: has not the tables that it should have",
		    audit->path);
		return AUDIT_BAD_DATA;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		log_errorx("%s: is locked", audit->path);
		return AUDIT_BUSY;
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_READONLY:
		log_errorx("%s: its log cannot be read: run as the daemon's "
		    "user", audit->path);
		return AUDIT_NO_DATABASE;
	}
	log_errorx("%s: cannot be read: %s (%d)", audit->path,
	    sqlite3_errstr(rc), rc);
	return AUDIT_IO_ERROR;
}

enum audit_status
audit_prepare(struct audit *audit, const char *sql, sqlite3_stmt **statement)
{
	int rc = sqlite3_prepare_v3(audit->db, sql, -1,
	    SQLITE_PREPARE_PERSISTENT, statement, NULL);

	return rc == SQLITE_OK ? AUDIT_OK : sqlite_failed(audit, rc);
}

enum audit_status
audit_prepare_all(struct audit *audit, const char *const *texts,
    sqlite3_stmt **statements, size_t count)
{
	enum audit_status status = AUDIT_OK;
	size_t i;

	for (i = 0; i < count && status == AUDIT_OK; i++)
		status = audit_prepare(audit, texts[i], &statements[i]);
	return status;
}

enum audit_status
audit_run_cached(struct audit *audit, const char *sql, struct sql_binding *rows)
{
	enum audit_status status = AUDIT_OK;
	size_t i = 0;

	while (i < CACHED_MAX && audit->cached_sql[i] != NULL &&
	    audit->cached_sql[i] != sql)
		i++;
	assert(i < CACHED_MAX);
	if (audit->cached_sql[i] == NULL)
		status = audit_prepare(audit, sql, &audit->cached[i]);
	if (status == AUDIT_OK)
		audit->cached_sql[i] = sql;
	*rows = sql_run_of(audit->cached[i]);
	return status;
}

enum audit_status
audit_end_rows(struct audit *audit, const struct sql_binding *rows)
{
	int rc = rows->rc;

	(void)sqlite3_reset(rows->statement);	/* repeats rc */
	return rc == SQLITE_ROW || rc == SQLITE_DONE || rc == SQLITE_OK ?
	    AUDIT_OK : sqlite_failed(audit, rc);
}

enum audit_status
audit_end_row(struct audit *audit, const struct sql_binding *rows,
    const struct columns *columns)
{
	enum audit_status status = audit_end_rows(audit, rows);
	char text[COLUMN_FAULT_BYTES];

	if (status != AUDIT_OK || columns_fit(columns))
		return status;
	columns_describe(columns, text);
	return refuse_database(audit->path, text);
}

enum audit_status
audit_end_walk(struct audit *audit, const struct sql_binding *rows,
    enum audit_status status)
{
	enum audit_status ended = audit_end_rows(audit, rows);

	return status != AUDIT_OK ? status : ended;
}

/*
 * The version decides before a statement may miss a table, and none is run on
 * what is not one.
 */
static enum audit_status
check_version(struct audit *audit)
{
	enum audit_status status;
	struct sql_binding rows;
	struct columns columns;
	const char *fault;
	int64_t version = 0;
	int rc;

	status = audit_run_cached(audit, "PRAGMA user_version", &rows);
	if (status != AUDIT_OK)
		return status;
	columns = columns_at(rows.statement, "user_version");
	if (sql_next(&rows))
		version = column_between(&columns, 0, INT32_MIN, INT32_MAX);
	status = audit_end_rows(audit, &rows);
	if (status != AUDIT_OK)
		return status;
	fault = migrate_version_fault(version);
	if (fault != NULL)
		return refuse_database(audit->path, fault);
	if (version < migrate_newest_version())
		return refuse_database(audit->path, "is of an older version: "
		    "start the daemon once to bring it up to date");
	rc = schema_check_tables(audit->db);
	return rc == SQLITE_OK ? AUDIT_OK : sqlite_failed(audit, rc);
}

static int
keep_pace(void *ctx)
{
	pace_keep(ctx);
	return 0;
}

static enum audit_status
open_connection(struct audit *audit)
{
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX |
	    SQLITE_OPEN_EXRESCODE;
	int rc;

	rc = sqlite3_open_v2(audit->path, &audit->db, flags, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(audit->db, BUSY_TIMEOUT_MS);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(audit->db, connection_sql, NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return sqlite_failed(audit, rc);
	sqlite3_progress_handler(audit->db, PACE_STEPS, keep_pace, audit->pace);
	return AUDIT_OK;
}

/*
 * Whoever reads file and WAL of two databases reads neither.  While a daemon
 * checkpoints the two may not agree for a moment.
 */
static enum audit_status
check_wal_is_ours(struct audit *audit)
{
	enum wal_mark_relation relation;
	int looks, rc;

	for (looks = 0; looks < WAL_LOOKS; looks++) {
		if (!sidecars_have_wal(audit->path))
			return AUDIT_OK;
		rc = wal_mark_compare(audit->path, NULL, audit->db, &relation);
		if (relation == WAL_MARK_UNKNOWN)
			return AUDIT_OK;
		if (rc == SQLITE_MISMATCH)
			return refuse_database(audit->path,
			    "has a log_mark that cannot be");
		if (rc != SQLITE_OK)
			return sqlite_failed(audit, rc);
		if (relation != WAL_MARK_FOREIGN)
			return AUDIT_OK;
	}
	return refuse_database(audit->path, "the log beside it (-wal) is "
	    "another database's: put that database back, or move the log away");
}

enum audit_status
audit_open(const char *path, struct audit **opened)
{
	struct audit *audit;
	enum audit_status status;

	status = check_db_file(path);
	if (status != AUDIT_OK)
		return status;
	audit = xcalloc(1, sizeof(*audit));
	audit->path = xstrdup(path);
	audit->pace = pace_new(audit->path, PACE_OF_READING);
	status = open_connection(audit);
	if (status == AUDIT_OK)
		status = check_version(audit);
	if (status == AUDIT_OK)
		status = check_wal_is_ours(audit);
	if (status == AUDIT_OK)
		status = audit_prepare_all(audit, statement_sql,
		    audit->statements, STATEMENTS);
	if (status == AUDIT_OK)
		*opened = audit;
	else
		audit_close(audit);
	return status;
}

void
audit_close(struct audit *audit)
{
	if (audit == NULL)
		return;
	sql_finalize(audit->cached, CACHED_MAX);
	sql_finalize(audit->statements, STATEMENTS);
	/* Nothing was written, and all statements are finalized. */
	(void)sqlite3_close(audit->db);
	pace_free(audit->pace);
	free(audit->path);
	free(audit);
}

static enum audit_status
run_statement(struct audit *audit, enum statement id)
{
	struct sql_binding rows = sql_run_of(audit->statements[id]);

	(void)sql_next(&rows);
	return audit_end_rows(audit, &rows);
}

enum audit_status
audit_begin(struct audit *audit)
{
	return run_statement(audit, SQL_BEGIN);
}

void
audit_end(struct audit *audit)
{
	/* After some errors SQLite has ended it by itself. */
	if (!sqlite3_get_autocommit(audit->db))
		/* There was nothing to write. */
		(void)run_statement(audit, SQL_END);
}

enum audit_status
audit_head(struct audit *audit, struct chain_head *head)
{
	struct sql_binding rows = sql_run_of(audit->statements[SQL_HEAD]);
	struct columns columns = columns_at(rows.statement,
	    "journal or chain_anchor");

	*head = (struct chain_head){ .seq = 0 };
	if (sql_next(&rows)) {
		head->seq = column_id(&columns, 0);
		column_blob(&columns, 1, head->hash, sizeof(head->hash));
	}
	return audit_end_row(audit, &rows, &columns);
}

sqlite3 *
audit_connection(struct audit *audit)
{
	return audit->db;
}

const char *
audit_path(const struct audit *audit)
{
	return audit->path;
}
