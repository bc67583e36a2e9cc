#include "database.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "db_header.h"
#include "lock.h"
#include "migrate.h"
#include "pragma.h"
#include "sidecars.h"
#include "sqlite_status.h"
#include "storage/atomic_file.h"
#include "storage/fs.h"
#include "wal.h"
#include "wal_mark.h"

/* Of every connection; what is durable when it is committed depends on it. */
static const char connection_sql[] =
    "PRAGMA synchronous = FULL;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA recursive_triggers = ON;"	/* REPLACE fires delete triggers */
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA secure_delete = ON;"	/* erased bodies are overwritten */
    /* A commit waits while the log is cut: only after very long readers. */
    "PRAGMA journal_size_limit = 268435456;";

/*
 * Of a file that has no table yet.  Few carts fit into 4 KiB, SQLite's default,
 * and none of what is left behind the last; from 16 KiB on, a commit of one
 * record writes more than it saves.  See also vacuum.h.
 */
static const char creation_sql[] =
    "PRAGMA page_size = 8192;"
    "PRAGMA auto_vacuum = INCREMENTAL;";

struct database {
	char	*path;
	int	 lock;			/* of path.lock, flocked; or -1 */
	sqlite3	*db;
	struct fs_identity file;
	struct wal *wal;		/* NULL before database_start_wal() */
};

static enum store_open_status
check_db_header(const struct database *database, int fd, off_t size)
{
	uint8_t header[DB_HEADER_BYTES];
	ssize_t n = pread(fd, header, sizeof(header), 0);
	bool has_log = sidecars_have_wal(database->path) ||
	    sidecars_have_rollback(database->path);
	const char *fault;

	if (n == -1)
		return store_status_of_errno(database->path, "cannot be read");
	/* A crash leaves pages torn that the log or journal has whole, or
	 * leaves them there alone: what they are together only SQLite can
	 * tell. */
	if (has_log && db_header_is_torn(header, (size_t)n))
		return STORE_OPENED;
	fault = db_header_fault(header, (size_t)n);
	if (fault == NULL)
		fault = migrate_version_fault(db_header_version(header));
	if (fault != NULL)
		return store_status_of_data(database->path, fault);
	if (!has_log && db_header_is_truncated(header, (uint64_t)size))
		return store_status_of_data(database->path, "is truncated");
	return STORE_OPENED;
}

/* Judge the file before SQLite touches anything. */
static enum store_open_status
check_db_file(const struct database *database)
{
	enum store_open_status status;
	struct stat st;
	int fd;

	fd = open(database->path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1 && errno == EISDIR)
		return store_status_of_data(database->path, "is a directory");
	if (fd == -1)
		return store_status_of_errno(database->path,
		    "cannot be written");
	if (fstat(fd, &st) == -1)
		status = store_status_of_errno(database->path,
		    "cannot be read");
	else if (!S_ISREG(st.st_mode))
		status = store_status_of_data(database->path,
		    "is not a regular file");
	else if (st.st_nlink > 1)
		status = store_status_of_data(database->path, "has several "
		    "names (hard links), and each would have a log of its own");
	else
		status = sidecars_check(database->path, &st);
	if (status == STORE_OPENED)
		status = check_db_header(database, fd, st.st_size);
	(void)close(fd); /* nothing was written to it */
	return status;
}

/* Open file; *db has to be closed in any case. */
static enum store_open_status
open_connection(const struct database *database, const char *file,
    const char *vfs, sqlite3 **db)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
	    SQLITE_OPEN_EXRESCODE;

	if (sqlite3_open_v2(file, db, flags, vfs) != SQLITE_OK ||
	    sqlite3_busy_timeout(*db, WAL_BUSY_TIMEOUT_MS) != SQLITE_OK ||
	    sqlite3_exec(*db, connection_sql, NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_status_of_open(database->path, *db);
	if (sqlite3_db_readonly(*db, "main") != 0) {
		log_errorx("store: %s: cannot be written", database->path);
		return STORE_CANNOT_CREATE;
	}
	return STORE_OPENED;
}

/* Give the empty file its schema. */
static enum store_open_status
create_schema(const struct database *database, const char *file,
    const char *vfs)
{
	enum store_open_status status;
	sqlite3 *db;

	status = open_connection(database, file, vfs, &db);
	if (status == STORE_OPENED && sqlite3_exec(db, creation_sql, NULL, NULL,
	    NULL) != SQLITE_OK)
		status = sqlite_status_of_open(database->path, db);
	if (status == STORE_OPENED)
		status = migrate_schema(database->path, db);
	if (sqlite3_close(db) != SQLITE_OK && status == STORE_OPENED)
		status = sqlite_status_of_open(database->path, db);
	return status;
}

/* A new database appears under its name when it is whole and durable. */
static enum store_open_status
create_database(const struct database *database, const char *vfs)
{
	enum store_open_status status;
	struct atomic_file *draft;

	status = atomic_file_open(database->path, ".new", &draft);
	if (status != STORE_OPENED)
		return status;
	status = create_schema(database, atomic_file_path(draft), vfs);
	if (status == STORE_OPENED && atomic_file_publish(draft) == -1)
		status = store_status_of_errno(database->path,
		    "cannot be created");
	atomic_file_close(draft);
	return status;
}

static enum store_open_status
check_or_create(const struct database *database, const char *vfs)
{
	enum store_open_status status;

	if (access(database->path, F_OK) == 0 || errno != ENOENT)
		return check_db_file(database);
	status = sidecars_check_absent(database->path);
	return status == STORE_OPENED ? create_database(database, vfs) :
	    status;
}

/* Whether the pages of file and log together are a database. */
static enum store_open_status
run_quick_check(const struct database *database)
{
	bool is_good;

	if (pragma_says(database->db, "PRAGMA quick_check(1)", "ok",
	    &is_good) != SQLITE_OK)
		return sqlite_status_of_open(database->path, database->db);
	return is_good ? STORE_OPENED : store_status_of_data(database->path,
	    "is damaged, or the log beside it (-wal) is another database's");
}

static enum store_open_status
refuse_foreign_wal(const struct database *database)
{
	log_errorx("store: %s: the log %s-wal is another database's: put that "
	    "database back, or move the log away if what it holds may be lost",
	    database->path, database->path);
	return STORE_BAD_DATA;
}

static bool
is_partial(const struct database *database)
{
	return pragma_number(database->db, "PRAGMA application_id") ==
	    DB_PARTIAL_ID;
}

static bool
is_ours(const struct database *database)
{
	return is_partial(database) || pragma_number(database->db,
	    "PRAGMA application_id") == DB_APPLICATION_ID;
}

/*
 * Whether the WAL beside the database is its own.  The file says nothing of
 * that if a crash has torn it, or has kept it from leaving version 2.
 */
static enum store_open_status
check_wal_is_ours(const struct database *database, const char *vfs)
{
	enum wal_mark_relation relation;
	int rc = wal_mark_compare(database->path, vfs, database->db,
	    &relation);

	if (rc == SQLITE_MISMATCH)
		return store_status_of_data(database->path,
		    "has a log_mark that cannot be");
	if (rc != SQLITE_OK && rc != SQLITE_ERROR)
		return sqlite_status_of_open(database->path, database->db);
	if (relation == WAL_MARK_UNKNOWN)
		return run_quick_check(database);
	if (relation == WAL_MARK_FOREIGN || !is_ours(database))
		return refuse_foreign_wal(database);
	return relation == WAL_MARK_MIXED ? run_quick_check(database) :
	    STORE_OPENED;
}

/* Connect to the checked file, and bring it to today's schema. */
static enum store_open_status
open_and_migrate(struct database *database, const char *vfs,
    enum database_use use)
{
	bool had_wal = sidecars_wal_exists(database->path);
	enum store_open_status status;

	status = open_connection(database, database->path, vfs, &database->db);
	/* Without a log there is nothing to move, and SQLite tidies up. */
	if (had_wal)
		wal_keep_on_close(database->db);
	if (status == STORE_OPENED && sidecars_have_wal(database->path))
		status = check_wal_is_ours(database, vfs);
	if (status == STORE_OPENED && use == DATABASE_TO_SERVE &&
	    is_partial(database))
		status = store_status_of_data(database->path,
		    db_header_partial);
	return status != STORE_OPENED ? status :
	    migrate_schema(database->path, database->db);
}

enum store_open_status
database_open(const char *path, const char *vfs, enum database_use use,
    struct database **opened)
{
	struct database *database = xcalloc(1, sizeof(*database));
	enum store_open_status status;

	/* Nobody asks SQLite for its memory.  It is refused when SQLite is in
	 * use already, and counts on. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	database->lock = -1;
	/* Two names of one file must meet at one lock. */
	database->path = realpath(path, NULL);
	if (database->path == NULL)
		database->path = xstrdup(path);
	status = lock_take(database->path, NULL, &database->lock);
	if (status == STORE_OPENED)
		status = check_or_create(database, vfs);
	if (status == STORE_OPENED)
		status = open_and_migrate(database, vfs, use);
	if (status == STORE_OPENED)
		*opened = database;
	else
		database_close(database);
	return status;
}

enum store_open_status
database_start_wal(struct database *database)
{
	const char *name = sqlite3_db_filename(database->db, "main");

	return fs_identify(name, &database->file) == 0 ?
	    wal_start(database->path, database->db, &database->wal) :
	    store_status_of_errno(database->path, "cannot be found again");
}

bool
database_was_replaced(struct database *database)
{
	return fs_was_replaced(&database->file) ||
	    wal_was_replaced(database->wal);
}

uint64_t
database_size(const struct database *database)
{
	return (uint64_t)database->file.size;
}

void
database_close(struct database *database)
{
	if (sqlite3_close(database->db) != SQLITE_OK)
		log_errorx("store: %s: close: %s", database->path,
		    sqlite3_errmsg(database->db));
	wal_free(database->wal);
	if (database->lock != -1)
		lock_release(database->path, database->lock);
	free(database->path);
	free(database);
}

const char *
database_path(const struct database *database)
{
	return database->path;
}

struct wal *
database_wal(const struct database *database)
{
	return database->wal;
}

sqlite3 *
database_connection(const struct database *database)
{
	return database->db;
}
