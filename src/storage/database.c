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

#include "atomic_file.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "column.h"
#include "db_header.h"
#include "fs.h"
#include "lock.h"
#include "migrate.h"
#include "wal_mark.h"
#include "pragma.h"

enum {
	CHECKPOINT_PAGES = 1000,	/* of the log: some 4 MB */
	BUSY_TIMEOUT_MS = 2000, /* a backup or an auditor at work */
	LOG_HEADER_BYTES = 32,		/* of the log */
	LOG_SALT_AT = 16,		/* in it, of LOG_SALT_BYTES: others */
	LOG_SALT_BYTES = 8,		/* whenever the log begins anew */
	LOG_FRAME_BYTES = 24,		/* of each page in the log */
	SCRUB_BYTES = 4 * 1024 * 1024, /* overwritten in one go, in ... */
	WRITE_BYTES = 65536 /* ... writes that every VFS can do */
};

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

/* A file that must stay where it was opened. */
struct anchored {
	const char *path;
	dev_t	 device;
	ino_t	 inode;
	off_t size; /* when it was looked at last */
};

struct database {
	char	*path;
	int lock; /* of path.lock, flocked; or -1 */
	sqlite3	*db;
	struct anchored file;
	struct anchored log;		/* SQLite's write-ahead log */
	int	 log_pages;		/* after the last commit */
	int checkpoint_at; /* log pages that are worth it */
	uint8_t	 log_salt[LOG_SALT_BYTES];
	bool wants_mark; /* the next transaction has to say, */
	bool has_mark; /* ... the one under way says, and */
	bool is_unmarked; /* ... the last did not, that the log */
	/* begins with it (log_mark.h) */
	int	 scrub_version;		/* when a scrub began */
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
		status = store_status_of_data(database->path, "is not a regular file");
	else if (st.st_nlink > 1)
		status = store_status_of_data(database->path, "has several names (hard links),"
		    " and each would have a log of its own");
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
	    sqlite3_busy_timeout(*db, BUSY_TIMEOUT_MS) != SQLITE_OK ||
	    sqlite3_exec(*db, connection_sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_status_of_sqlite(database->path, *db);
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
	if (status == STORE_OPENED)
		status = migrate_schema(database->path, db);
	if (sqlite3_close(db) != SQLITE_OK && status == STORE_OPENED)
		status = store_status_of_sqlite(database->path, db);
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

/* Note where file is now; -1 with errno. */
static int
remember_file(struct anchored *file, const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return -1;
	*file = (struct anchored){
		.path = path,
		.device = st.st_dev,
		.inode = st.st_ino,
		.size = st.st_size,
	};
	return 0;
}

/* SQLite would go on writing to a deleted file without an error. */
static bool
was_replaced(struct anchored *file)
{
	struct stat st;
	bool is_there = stat(file->path, &st) == 0;

	if (!is_there && errno != ENOENT) {
		log_error("store: %s: cannot be looked at", file->path);
		return true;
	}
	if (is_there && st.st_dev == file->device &&
	    st.st_ino == file->inode) {
		file->size = st.st_size;
		return false;
	}
	log_errorx("store: %s: was removed or replaced while in use",
	    file->path);
	return true;
}

/* Whether the log is another one than when it was looked at last. */
static bool
wal_has_restarted(struct database *database)
{
	uint8_t salt[LOG_SALT_BYTES] = { 0 };
	sqlite3_file *file;
	bool is_new;
	int rc;

	rc = sqlite3_file_control(database->db, "main",
	    SQLITE_FCNTL_JOURNAL_POINTER, &file);
	if (rc == SQLITE_OK)
		rc = file->pMethods->xRead(file, salt, sizeof(salt),
		    LOG_SALT_AT);
	/* Zeros are what an empty log has; what cannot be read is no news. */
	if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ)
		return false;
	is_new = memcmp(salt, database->log_salt, sizeof(salt)) != 0;
	memcpy(database->log_salt, salt, sizeof(salt));
	return is_new;
}

/* A transaction was committed, of ours. */
static int
on_wal_commit(void *ctx, sqlite3 *db, const char *schema, int pages)
{
	struct database *database = ctx;

	(void)db; /* ours */
	(void)schema; /* there is only main */
	database->log_pages = pages;
	/* After somebody else's checkpoint it begins unexpectedly. */
	if (wal_has_restarted(database)) {
		database->wants_mark = true;
		database->is_unmarked = true;
	}
	if (database->has_mark) {
		database->wants_mark = false;
		database->is_unmarked = false;
	}
	database->has_mark = false;
	return SQLITE_OK;
}

/* From here on the log is in use, and checkpoints are ours. */
static enum store_open_status
switch_to_wal(struct database *database)
{
	bool is_wal;

	if (pragma_says(database->db, "PRAGMA journal_mode = WAL", "wal",
	    &is_wal) != SQLITE_OK)
		return store_status_of_sqlite(database->path,
		    database->db);
	if (!is_wal) {
		log_errorx("store: %s: write-ahead log refused",
		    database->path);
		return STORE_IO_ERROR;
	}
	/* There was no other hook. */
	(void)sqlite3_wal_hook(database->db, on_wal_commit, database);
	database->checkpoint_at = CHECKPOINT_PAGES;
	return STORE_OPENED;
}

/* Whether closing the database may move the log into it. */
static void
set_checkpoint_on_close(const struct database *database, int on)
{
	/* Cannot fail with these arguments. */
	(void)sqlite3_db_config(database->db,
	    SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, on ? 0 : 1, NULL);
}

/*
 * Mark what the database's file will be, once the log is moved to it; it may be
 * with this mark that the log begins.  Moving the log makes room and lets
 * readers go on, so what hinders the mark but passes does not hinder that: then
 * a copy that was made since the last mark passes for that file.
 */
static int
mark_wal_end(struct database *database)
{
	int rc;

	database->has_mark = true;
	rc = database->wants_mark ? wal_mark_begin(database->db) :
	    wal_mark_end(database->db);
	if (rc == SQLITE_OK)
		return SQLITE_OK;
	database->has_mark = false;
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_FULL:
		return SQLITE_OK;
	}
	return rc;
}

/* Move the log's pages to the database, as far as its readers permit. */
static int
run_checkpoint(struct database *database)
{
	int pages = 0, moved = 0, rc = mark_wal_end(database);

	if (rc == SQLITE_OK)
		rc = sqlite3_wal_checkpoint_v2(database->db, NULL,
		    SQLITE_CHECKPOINT_PASSIVE, &pages, &moved);
	/* What a reader or an error kept back is tried with the next pages. */
	database->checkpoint_at = CHECKPOINT_PAGES;
	if (rc != SQLITE_OK || moved < pages)
		database->checkpoint_at += database->log_pages;
	else
		database->wants_mark = true;
	return (rc & 0xff) == SQLITE_BUSY ? SQLITE_OK : rc;
}

/*
 * SQLite syncs the directory with the log's first pages, but goes on where that
 * fails: after a power failure there would be no log.
 */
static enum store_open_status
sync_wal_file(struct database *database)
{
	const char *name = sqlite3_db_filename(database->db, "main");

	/* The first read makes the log's file. */
	if (pragma_number(database->db, "PRAGMA user_version") == -1)
		return store_status_of_sqlite(database->path,
		    database->db);
	if (fs_sync_directory(name) == -1)
		return store_status_of_errno(database->path,
		    "its directory cannot be made durable");
	if (remember_file(&database->file, name) == -1 ||
	    remember_file(&database->log, sqlite3_filename_wal(name)) == -1)
		return store_status_of_errno(database->path,
		    "cannot be found again");
	return STORE_OPENED;
}

enum store_open_status
database_start_log(struct database *database)
{
	enum store_open_status status = switch_to_wal(database);
	int rc;

	if (status == STORE_OPENED)
		status = sync_wal_file(database);
	if (status != STORE_OPENED)
		return status;
	(void)wal_has_restarted(database); /* it is looked at from here on */
	rc = run_checkpoint(database);
	if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_FULL)
		return store_status_of_sqlite(database->path, database->db);
	set_checkpoint_on_close(database, 1);
	return STORE_OPENED;
}

int
database_mark_log(struct database *database)
{
	int rc = SQLITE_OK;

	database->has_mark = false;
	if (database->wants_mark)
		rc = wal_mark_begin(database->db);
	if (rc == SQLITE_OK)
		database->has_mark = database->wants_mark;
	return rc;
}

int
database_mark_new_log(struct database *database)
{
	int rc;

	if (!database->is_unmarked)
		return SQLITE_OK;
	database->has_mark = true;
	rc = wal_mark_begin(database->db);
	if (rc != SQLITE_OK)
		database->has_mark = false;
	return rc;
}

int
database_checkpoint(struct database *database)
{
	/* All is moved if the next transaction begins the log anew. */
	return database->log_pages < database->checkpoint_at ||
	    database->wants_mark ? SQLITE_OK : run_checkpoint(database);
}

/* Run sql, which has to succeed or to change nothing. */
static int
run(const struct database *database, const char *sql)
{
	int rc = sqlite3_exec(database->db, sql, NULL, NULL, NULL);

	if (rc != SQLITE_OK && !sqlite3_get_autocommit(database->db))
		/* The cause is rc. */
		(void)sqlite3_exec(database->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

/* Changes whenever somebody else wrote to the database. */
static int
read_data_version(const struct database *database)
{
	return pragma_number(database->db, "PRAGMA data_version");
}

/*
 * Let the log begin anew, with a transaction that says so and nothing else;
 * what comes before is all in the database then.  SQLITE_BUSY if a reader still
 * needs it.
 */
static int
restart_wal(struct database *database)
{
	int rc = mark_wal_end(database), pages = 0;

	if (rc == SQLITE_OK)
		rc = sqlite3_wal_checkpoint_v2(database->db, NULL,
		    SQLITE_CHECKPOINT_RESTART, &pages, NULL);
	if (rc == SQLITE_OK)
		rc = run(database, "BEGIN IMMEDIATE");
	if (rc != SQLITE_OK)
		return rc;
	database->scrub_version = read_data_version(database);
	database->wants_mark = true;
	rc = database_mark_log(database);
	if (rc == SQLITE_OK)
		rc = run(database, "COMMIT");
	else
		(void)run(database, "ROLLBACK"); /* the cause is rc */
	if (rc != SQLITE_OK)
		return rc;
	return pages == 0 || database->log_pages <= pages ?
	    SQLITE_OK : SQLITE_BUSY;
}

/* Where the log's pages of today end, in its file. */
static int64_t
wal_end_offset(const struct database *database)
{
	int64_t page_bytes = pragma_number(database->db, "PRAGMA page_size");

	return LOG_HEADER_BYTES +
	    database->log_pages * (LOG_FRAME_BYTES + page_bytes);
}

/* Overwrite the file from begin to end, durably. */
static int
write_zeros(sqlite3_file *file, int64_t begin, int64_t end)
{
	static const uint8_t zeros[WRITE_BYTES];
	int rc = SQLITE_OK;

	while (begin < end && rc == SQLITE_OK) {
		int64_t len = end - begin < WRITE_BYTES ? end - begin :
		    WRITE_BYTES;

		rc = file->pMethods->xWrite(file, zeros, (int)len, begin);
		begin += len;
	}
	return rc == SQLITE_OK ?
	    file->pMethods->xSync(file, SQLITE_SYNC_NORMAL) : rc;
}

/*
 * Overwrite the log's file down from *upto, or from its end if that is 0, to
 * the pages of today or as far as one slice goes, which *upto says then.
 */
static int
overwrite_wal(const struct database *database, int64_t *upto)
{
	int64_t end = wal_end_offset(database), begin;
	sqlite3_int64 size = *upto;
	sqlite3_file *file;
	int rc;

	rc = sqlite3_file_control(database->db, "main",
	    SQLITE_FCNTL_JOURNAL_POINTER, &file);
	if (rc == SQLITE_OK && *upto == 0)
		rc = file->pMethods->xFileSize(file, &size);
	*upto = rc == SQLITE_OK && size > end ? size : 0;
	if (*upto == 0)
		return rc;
	begin = *upto - SCRUB_BYTES > end ? *upto - SCRUB_BYTES : end;
	rc = write_zeros(file, begin, *upto);
	*upto = begin > end ? begin : 0;
	return rc;
}

/* One slice, while nobody can write. */
static int
scrub_wal_slice(struct database *database, int64_t *upto)
{
	int rc = SQLITE_OK;

	if (*upto == 0)
		rc = restart_wal(database);
	if (rc == SQLITE_OK)
		rc = run(database, "BEGIN IMMEDIATE");
	if (rc != SQLITE_OK)
		return rc;
	/* Somebody's pages may be where nothing of ours is. */
	rc = read_data_version(database) == database->scrub_version ?
	    overwrite_wal(database, upto) : SQLITE_BUSY;
	if (rc != SQLITE_OK)
		(void)run(database, "ROLLBACK"); /* there is nothing in it */
	else
		rc = run(database, "ROLLBACK");
	return rc;
}

/*
 * Behind the pages of today the log's file still has those of before it began
 * anew, which nobody reads any more.  They are overwritten from the file's end
 * towards its beginning, so that new pages may come in between.
 */
int
database_scrub_log(struct database *database, int64_t *upto)
{
	int rc;

	/* Nobody is waited for: the thread has other work. */
	(void)sqlite3_busy_timeout(database->db, 0); /* cannot fail */
	rc = scrub_wal_slice(database, upto);
	(void)sqlite3_busy_timeout(database->db, BUSY_TIMEOUT_MS); /* same */
	if (rc != SQLITE_OK)
		*upto = 0;
	return rc;
}

bool
database_was_replaced(struct database *database)
{
	return was_replaced(&database->file) || was_replaced(&database->log);
}

void
database_sizes(const struct database *database, uint64_t *file, uint64_t *log)
{
	*file = (uint64_t)database->file.size;
	*log = (uint64_t)database->log.size;
}

void
database_keep_log(struct database *database)
{
	set_checkpoint_on_close(database, 0);
}

void
database_empty_log(struct database *database)
{
	int rc = mark_wal_end(database);

	set_checkpoint_on_close(database, 1);
	if (rc == SQLITE_OK)
		rc = sqlite3_wal_checkpoint_v2(database->db, NULL,
		    SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (rc != SQLITE_OK)
		log_warnx("store: %s: checkpoint: %s", database->path,
		    sqlite3_errmsg(database->db));
}

/* Whether the pages of file and log together are a database. */
static enum store_open_status
run_quick_check(const struct database *database)
{
	bool is_good;

	if (pragma_says(database->db, "PRAGMA quick_check(1)", "ok",
	    &is_good) != SQLITE_OK)
		return store_status_of_sqlite(database->path, database->db);
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

/*
 * Whether the log beside the database is its own.  The file says nothing of
 * that if a crash has torn it, or has kept it from leaving version 2.
 */
static enum store_open_status
check_wal_is_ours(const struct database *database, const char *vfs)
{
	struct wal_mark file, whole;
	bool is_marked = wal_mark_read_file(database->path, vfs, &file);
	int rc = wal_mark_read(database->db, &whole);

	if (rc == SQLITE_OK && pragma_number(database->db,
	    "PRAGMA application_id") != DB_APPLICATION_ID)
		rc = SQLITE_ERROR;
	if (rc == SQLITE_MISMATCH)
		return store_status_of_data(database->path, "has a log_mark that cannot be");
	if (rc != SQLITE_OK && rc != SQLITE_ERROR)
		return store_status_of_sqlite(database->path, database->db);
	if (!is_marked)
		return run_quick_check(database);
	if (rc == SQLITE_ERROR)
		return refuse_foreign_wal(database);
	switch (wal_mark_compare(&file, &whole)) {
	case WAL_MARK_BEGINS:
		return STORE_OPENED;
	case WAL_MARK_MIXED:
		return run_quick_check(database);
	case WAL_MARK_FOREIGN:
		break;
	}
	return refuse_foreign_wal(database);
}

/* Connect to the checked file, and bring it to today's schema. */
static enum store_open_status
open_and_migrate(struct database *database, const char *vfs)
{
	bool had_wal = sidecars_wal_exists(database->path);
	enum store_open_status status;

	status = open_connection(database, database->path, vfs, &database->db);
	/* Without a log there is nothing to move, and SQLite tidies up. */
	if (had_wal)
		set_checkpoint_on_close(database, 0);
	if (status == STORE_OPENED && sidecars_have_wal(database->path))
		status = check_wal_is_ours(database, vfs);
	return status == STORE_OPENED ? migrate_schema(database->path, database->db) :
	    status;
}

enum store_open_status
database_open(const char *path, const char *vfs, struct database **opened)
{
	struct database *database = xcalloc(1, sizeof(*database));
	enum store_open_status status;

	database->lock = -1;
	/* Two names of one file must meet at one lock. */
	database->path = realpath(path, NULL);
	if (database->path == NULL)
		database->path = xstrdup(path);
	status = lock_take(database->path, &database->lock);
	if (status == STORE_OPENED)
		status = check_or_create(database, vfs);
	if (status == STORE_OPENED)
		status = open_and_migrate(database, vfs);
	if (status == STORE_OPENED)
		*opened = database;
	else
		database_close(database);
	return status;
}

void
database_close(struct database *database)
{
	if (sqlite3_close(database->db) != SQLITE_OK)
		log_errorx("store: %s: close: %s", database->path,
		    sqlite3_errmsg(database->db));
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

sqlite3 *
database_connection(const struct database *database)
{
	return database->db;
}
