#include "sqlite_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "db_header.h"
#include "migrate.h"
#include "pragma.h"
#include "schema_check.h"
#include "sidecars.h"
#include "sqlite_status.h"
#include "wal_mark.h"

enum {
	BUSY_TIMEOUT_MS = 5000,		/* a daemon that starts or stops */
	STORE_TIMEOUT_MS = 1000,
	WAL_LOOKS = 3			/* at a WAL that a daemon moves */
};

/* Nothing in the file may make us run what it says. */
static const char connection_sql[] =
    "PRAGMA query_only = ON;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA cell_size_check = ON;"
    "PRAGMA temp_store = MEMORY;";

/* Of a file that the store has judged, and of which little is read at once. */
static const char store_connection_sql[] =
    "PRAGMA query_only = ON;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA cache_size = -1024;";

/* Log what SQLite's last call, which returned rc, says. */
static enum store_open_status
sqlite_failed(const char *path, int rc)
{
	char words[SQLITE_WORDS_BYTES];
	enum store_open_status status = sqlite_status_for_reader(rc, words);

	if (words[0] != '\0')
		log_errorx("%s: %s", path, words);
	else
		log_errorx("%s: cannot be read: %s (%d)", path,
		    sqlite3_errstr(rc), rc);
	return status;
}

static enum store_open_status
refuse_database(const char *path, const char *why)
{
	log_errorx("%s: %s", path, why);
	return STORE_BAD_DATA;
}

static enum store_open_status
refuse_errno(const char *path)
{
	enum store_open_status status = STORE_IO_ERROR;

	switch (errno) {
	case EACCES:
		log_errorx("%s: %s: use sudo, or be the daemon's user", path,
		    strerror(EACCES));
		return STORE_NO_DATABASE;
	case ELOOP:
	case ENAMETOOLONG:
	case ENOENT:
	case ENOTDIR:
		status = STORE_NO_DATABASE;
		break;
	}
	log_warn("%s", path);
	return status;
}

static enum store_open_status
check_db_header(const char *path, int fd)
{
	uint8_t header[DB_HEADER_BYTES];
	ssize_t n = pread(fd, header, sizeof(header), 0);
	const char *fault;

	if (n == -1)
		return refuse_errno(path);
	/* A crash may have torn what the log has whole. */
	if (sidecars_have_wal(path) && db_header_is_torn(header, (size_t)n))
		return STORE_OPENED;
	/* A newer version is judged by what the WAL says, not the file, but
	 * for numbers that SQLite takes for negative ones. */
	fault = db_header_fault(header, (size_t)n);
	if (fault == NULL && db_header_version(header) > INT32_MAX)
		fault = migrate_version_fault(db_header_version(header));
	return fault != NULL ? refuse_database(path, fault) : STORE_OPENED;
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

static enum store_open_status
refuse_other_user(const char *path)
{
	log_errorx("%s: is another user's: read it as that user, or while the "
	    "daemon runs", path);
	return STORE_NO_DATABASE;
}

/* Judge the file before SQLite sees it. */
static enum store_open_status
check_db_file(const char *path)
{
	enum store_open_status status;
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

/*
 * The version decides before a statement may miss a table, and none is run on
 * what is not one.
 */
static enum store_open_status
check_version(const char *path, sqlite3 *db)
{
	int version = pragma_number(db, "PRAGMA user_version");
	int rc = sqlite3_errcode(db) & 0xff;
	const char *fault;

	if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW)
		return sqlite_failed(path, sqlite3_extended_errcode(db));
	fault = migrate_version_fault(version);
	if (fault == NULL && pragma_number(db, "PRAGMA application_id") ==
	    DB_PARTIAL_ID)
		fault = db_header_partial;
	if (fault != NULL)
		return refuse_database(path, fault);
	if (version < migrate_newest_version())
		return refuse_database(path, "is of an older version: "
		    "start the daemon once to bring it up to date");
	rc = schema_check_tables(db);
	return rc == SQLITE_OK ? STORE_OPENED : sqlite_failed(path, rc);
}

/*
 * Whoever reads file and WAL of two databases reads neither.  While a daemon
 * checkpoints the two may not agree for a moment.
 */
static enum store_open_status
check_wal_is_ours(const char *path, sqlite3 *db)
{
	enum wal_mark_relation relation;
	int looks, rc;

	for (looks = 0; looks < WAL_LOOKS; looks++) {
		if (!sidecars_have_wal(path))
			return STORE_OPENED;
		rc = wal_mark_compare(path, NULL, db, &relation);
		if (relation == WAL_MARK_UNKNOWN)
			return STORE_OPENED;
		if (rc == SQLITE_MISMATCH)
			return refuse_database(path,
			    "has a log_mark that cannot be");
		if (rc != SQLITE_OK)
			return sqlite_failed(path, rc);
		if (relation != WAL_MARK_FOREIGN)
			return STORE_OPENED;
	}
	return refuse_database(path, "the log beside it (-wal) is "
	    "another database's: put that database back, or move the log away");
}

static int
connect_to(const char *path, int timeout_ms, const char *pragmas, sqlite3 **db)
{
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX |
	    SQLITE_OPEN_EXRESCODE;
	int rc;

	rc = sqlite3_open_v2(path, db, flags, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(*db, timeout_ms);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(*db, pragmas, NULL, NULL, NULL);
	return rc;
}

static enum store_open_status
open_any(const char *path, sqlite3 **db)
{
	enum store_open_status status = check_db_file(path);
	int rc;

	if (status != STORE_OPENED)
		return status;
	rc = connect_to(path, BUSY_TIMEOUT_MS, connection_sql, db);
	if (rc != SQLITE_OK)
		return sqlite_failed(path, rc);
	status = check_version(path, *db);
	return status != STORE_OPENED ? status : check_wal_is_ours(path, *db);
}

enum store_open_status
sqlite_reader_open(const char *path, enum sql_reader kind, sqlite3 **db)
{
	char words[SQLITE_WORDS_BYTES];
	int rc;

	*db = NULL;
	switch (kind) {
	case SQL_READER_OF_STORE:
		rc = connect_to(path, STORE_TIMEOUT_MS, store_connection_sql,
		    db);
		return rc == SQLITE_OK ? STORE_OPENED :
		    sqlite_status_for_reader(rc, words);
	case SQL_READER_OF_ANY:
		break;
	}
	return open_any(path, db);
}
