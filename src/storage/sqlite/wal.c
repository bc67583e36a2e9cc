#include "wal.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "pragma.h"
#include "sqlite_status.h"
#include "storage/fs.h"
#include "wal_buffer.h"
#include "wal_mark.h"

enum {
	CHECKPOINT_BYTES = 4096000,	/* in the WAL that are worth it */
	HEADER_BYTES = 32,		/* of the WAL */
	SALT_AT = 16,			/* in it, of SALT_BYTES: others */
	SALT_BYTES = 8,			/* whenever the WAL begins anew */
	FRAME_BYTES = 24,		/* before each page in the WAL */
	SCRUB_BYTES = 4 * 1024 * 1024,	/* overwritten in one go, in ... */
	WRITE_BYTES = 65536		/* ... writes that every VFS can do */
};

struct wal {
	const char *path;		/* of the database */
	sqlite3	*db;
	struct wal_buffer *buffer;	/* goes when db closes the WAL; or NULL */
	struct fs_identity file;
	int	 page_bytes;
	int	 pages;			/* after the last commit */
	int	 checkpoint_at;		/* pages that are worth it */
	uint8_t	 salt[SALT_BYTES];
	bool	 wants_mark;		/* the next transaction has to say, */
	bool	 has_mark;		/* ... the one under way says, and */
	bool	 is_unmarked;		/* ... the last did not, that the WAL */
					/* begins with it (wal_mark.h) */
	int	 scrub_version;		/* when a scrub began */
};

/* SQLite's own handle of the file; an SQLite result. */
static int
find_wal_file(const struct wal *wal, sqlite3_file **file)
{
	return sqlite3_file_control(wal->db, "main",
	    SQLITE_FCNTL_JOURNAL_POINTER, file);
}

/* Whether it began anew since that was looked at last. */
static bool
wal_has_restarted(struct wal *wal)
{
	uint8_t salt[SALT_BYTES] = { 0 };
	sqlite3_file *file;
	bool is_new;
	int rc = find_wal_file(wal, &file);

	if (rc == SQLITE_OK)
		rc = file->pMethods->xRead(file, salt, sizeof(salt), SALT_AT);
	/* Zeros are what an empty WAL has; what cannot be read is no news. */
	if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ)
		return false;
	is_new = memcmp(salt, wal->salt, sizeof(salt)) != 0;
	memcpy(wal->salt, salt, sizeof(salt));
	return is_new;
}

/* A transaction was committed, of ours. */
static int
on_wal_commit(void *ctx, sqlite3 *db, const char *schema, int pages)
{
	struct wal *wal = ctx;

	(void)db; /* ours */
	(void)schema; /* there is only main */
	wal->pages = pages;
	/* After somebody else's checkpoint it begins unexpectedly. */
	if (wal_has_restarted(wal)) {
		wal->wants_mark = true;
		wal->is_unmarked = true;
	}
	if (wal->has_mark) {
		wal->wants_mark = false;
		wal->is_unmarked = false;
	}
	wal->has_mark = false;
	return SQLITE_OK;
}

static void
on_rollback(void *ctx)
{
	struct wal *wal = ctx;

	wal_buffer_discard(wal->buffer);
}

static enum store_open_status
switch_to_wal(struct wal *wal)
{
	bool is_wal;

	if (pragma_says(wal->db, "PRAGMA journal_mode = WAL", "wal",
	    &is_wal) != SQLITE_OK)
		return sqlite_status_of_open(wal->path, wal->db);
	if (!is_wal) {
		log_errorx("store: %s: write-ahead log refused", wal->path);
		return STORE_IO_ERROR;
	}
	wal->page_bytes = pragma_number(wal->db, "PRAGMA page_size");
	if (wal->page_bytes <= 0)
		return sqlite_status_of_open(wal->path, wal->db);
	/* There was no other hook. */
	(void)sqlite3_wal_hook(wal->db, on_wal_commit, wal);
	wal->checkpoint_at = CHECKPOINT_BYTES / wal->page_bytes;
	return STORE_OPENED;
}

/*
 * SQLite syncs the directory with the WAL's first pages, but goes on where that
 * fails: after a power failure there would be no WAL.
 */
static enum store_open_status
sync_wal_file(struct wal *wal)
{
	const char *name = sqlite3_db_filename(wal->db, "main");

	/* The first read makes the file. */
	if (pragma_number(wal->db, "PRAGMA user_version") == -1)
		return sqlite_status_of_open(wal->path, wal->db);
	if (fs_sync_directory(name) == -1)
		return store_status_of_errno(wal->path,
		    "its directory cannot be made durable");
	return fs_identify(sqlite3_filename_wal(name), &wal->file) == 0 ?
	    STORE_OPENED : store_status_of_errno(wal->path,
	    "cannot be found again");
}

static int
buffer_wal(struct wal *wal)
{
	sqlite3_file *file;
	int rc = find_wal_file(wal, &file);

	if (rc != SQLITE_OK)
		return rc;
	/* Else SQLite writes more of a transaction after it has synced it. */
	if ((file->pMethods->xDeviceCharacteristics(file) &
	    SQLITE_IOCAP_POWERSAFE_OVERWRITE) == 0)
		return SQLITE_OK;
	wal->buffer = wal_buffer_new(file);
	/* There was no other hook. */
	(void)sqlite3_rollback_hook(wal->db, on_rollback, wal);
	return SQLITE_OK;
}

static void
set_checkpoint_on_close(sqlite3 *db, int on)
{
	/* Fails with other arguments only. */
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
	    on ? 0 : 1, NULL);
}

void
wal_keep_on_close(sqlite3 *db)
{
	set_checkpoint_on_close(db, 0);
}

/* Change the mark, in the transaction under way or in one of its own. */
static int
set_mark(struct wal *wal, int (*change)(sqlite3 *db))
{
	int rc;

	/* Its commit asks for this. */
	wal->has_mark = true;
	rc = change(wal->db);
	if (rc != SQLITE_OK)
		wal->has_mark = false;
	return rc;
}

int
wal_mark_transaction(struct wal *wal)
{
	wal->has_mark = false;
	return wal->wants_mark ? set_mark(wal, wal_mark_begin) : SQLITE_OK;
}

int
wal_mark_committed(struct wal *wal)
{
	return wal->is_unmarked ? set_mark(wal, wal_mark_begin) : SQLITE_OK;
}

/*
 * Mark what the database's file will be once the WAL is moved to it; it may be
 * with this mark that the WAL begins.  A checkpoint makes room and lets readers
 * go on, so what hinders the mark but passes does not hinder that: then a copy
 * that was made since the last mark passes for that file.
 */
static int
mark_checkpoint(struct wal *wal)
{
	int rc = set_mark(wal, wal->wants_mark ? wal_mark_begin :
	    wal_mark_end);

	return (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_FULL ?
	    SQLITE_OK : rc;
}

static int
run_checkpoint(struct wal *wal)
{
	int pages = 0, moved = 0, rc = mark_checkpoint(wal);

	if (rc == SQLITE_OK)
		rc = sqlite3_wal_checkpoint_v2(wal->db, NULL,
		    SQLITE_CHECKPOINT_PASSIVE, &pages, &moved);
	/* What a reader or an error kept back is tried with the next pages. */
	wal->checkpoint_at = CHECKPOINT_BYTES / wal->page_bytes;
	if (rc != SQLITE_OK || moved < pages)
		wal->checkpoint_at += wal->pages;
	else
		wal->wants_mark = true;
	return (rc & 0xff) == SQLITE_BUSY ? SQLITE_OK : rc;
}

int
wal_checkpoint(struct wal *wal)
{
	/* All is moved if the next transaction begins the WAL anew. */
	return wal->pages < wal->checkpoint_at || wal->wants_mark ?
	    SQLITE_OK : run_checkpoint(wal);
}

static enum store_open_status
start_wal(struct wal *wal)
{
	enum store_open_status status = switch_to_wal(wal);
	int rc;

	if (status == STORE_OPENED)
		status = sync_wal_file(wal);
	if (status != STORE_OPENED)
		return status;
	(void)wal_has_restarted(wal); /* it is looked at from here on */
	rc = buffer_wal(wal);
	if (rc == SQLITE_OK)
		rc = run_checkpoint(wal);
	if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_FULL)
		return sqlite_status_of_open(wal->path, wal->db);
	set_checkpoint_on_close(wal->db, 1);
	return STORE_OPENED;
}

enum store_open_status
wal_start(const char *path, sqlite3 *db, struct wal **started)
{
	struct wal *wal = xcalloc(1, sizeof(*wal));
	enum store_open_status status;

	wal->path = path;
	wal->db = db;
	status = start_wal(wal);
	if (status == STORE_OPENED) {
		*started = wal;
		return status;
	}
	(void)sqlite3_wal_hook(db, NULL, NULL);
	(void)sqlite3_rollback_hook(db, NULL, NULL);
	wal_free(wal);
	return status;
}

void
wal_free(struct wal *wal)
{
	free(wal);
}

bool
wal_was_replaced(struct wal *wal)
{
	return fs_was_replaced(&wal->file);
}

uint64_t
wal_size(const struct wal *wal)
{
	return (uint64_t)wal->file.size;
}

void
wal_empty(struct wal *wal)
{
	int rc = mark_checkpoint(wal);

	set_checkpoint_on_close(wal->db, 1);
	if (rc == SQLITE_OK)
		rc = sqlite3_wal_checkpoint_v2(wal->db, NULL,
		    SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (rc != SQLITE_OK)
		log_warnx("store: %s: checkpoint: %s", wal->path,
		    sqlite3_errmsg(wal->db));
}

/* Run sql, which has to succeed or to change nothing. */
static int
run_sql(const struct wal *wal, const char *sql)
{
	int rc = sqlite3_exec(wal->db, sql, NULL, NULL, NULL);

	if (rc != SQLITE_OK && !sqlite3_get_autocommit(wal->db))
		/* The cause is rc. */
		(void)sqlite3_exec(wal->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

/* Changes whenever somebody else wrote to the database. */
static int
read_data_version(const struct wal *wal)
{
	return pragma_number(wal->db, "PRAGMA data_version");
}

/*
 * Let the WAL begin anew, with a transaction that says so and nothing else;
 * what comes before is all in the database then.  SQLITE_BUSY if a reader still
 * needs it.
 */
static int
restart_wal(struct wal *wal)
{
	int rc = mark_checkpoint(wal), pages = 0;

	if (rc == SQLITE_OK)
		rc = sqlite3_wal_checkpoint_v2(wal->db, NULL,
		    SQLITE_CHECKPOINT_RESTART, &pages, NULL);
	if (rc == SQLITE_OK)
		rc = run_sql(wal, "BEGIN IMMEDIATE");
	if (rc != SQLITE_OK)
		return rc;
	wal->scrub_version = read_data_version(wal);
	wal->wants_mark = true;
	rc = wal_mark_transaction(wal);
	if (rc == SQLITE_OK)
		rc = run_sql(wal, "COMMIT");
	else
		(void)run_sql(wal, "ROLLBACK"); /* the cause is rc */
	if (rc != SQLITE_OK)
		return rc;
	return pages == 0 || wal->pages <= pages ? SQLITE_OK : SQLITE_BUSY;
}

/* Where the pages of today end, in the file. */
static int64_t
wal_end_offset(const struct wal *wal)
{
	return HEADER_BYTES +
	    wal->pages * (int64_t)(FRAME_BYTES + wal->page_bytes);
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
 * Overwrite the file down from *upto, or from its end if that is 0, to the
 * pages of today or as far as one slice goes, which *upto says then.
 */
static int
overwrite_wal(const struct wal *wal, int64_t *upto)
{
	int64_t end = wal_end_offset(wal), begin;
	sqlite3_int64 size = *upto;
	sqlite3_file *file;
	int rc = find_wal_file(wal, &file);

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
scrub_wal_slice(struct wal *wal, int64_t *upto)
{
	int rc = SQLITE_OK;

	if (*upto == 0)
		rc = restart_wal(wal);
	if (rc == SQLITE_OK)
		rc = run_sql(wal, "BEGIN IMMEDIATE");
	if (rc != SQLITE_OK)
		return rc;
	/* Somebody's pages may be where nothing of ours is. */
	rc = read_data_version(wal) == wal->scrub_version ?
	    overwrite_wal(wal, upto) : SQLITE_BUSY;
	if (rc != SQLITE_OK)
		(void)run_sql(wal, "ROLLBACK"); /* there is nothing in it */
	else
		rc = run_sql(wal, "ROLLBACK");
	return rc;
}

/*
 * Behind the pages of today the file still has those of before it began anew,
 * which nobody reads any more.  They are overwritten from the file's end
 * towards its beginning, so that new pages may come in between.
 */
int
wal_scrub(struct wal *wal, int64_t *upto)
{
	int rc;

	/* Nobody is waited for: the thread has other work. */
	(void)sqlite3_busy_timeout(wal->db, 0); /* always SQLITE_OK */
	rc = scrub_wal_slice(wal, upto);
	(void)sqlite3_busy_timeout(wal->db, WAL_BUSY_TIMEOUT_MS);
	if (rc != SQLITE_OK)
		*upto = 0;
	return rc;
}
