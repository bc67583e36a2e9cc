#include "restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "audit.h"
#include "base/id.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "report.h"
#include "storage/atomic_file.h"
#include "storage/fs.h"
#include "storage/key_file.h"
#include "storage/sqlite/db_header.h"
#include "storage/sqlite/migrate.h"
#include "storage/sqlite/pragma.h"
#include "storage/sqlite/sidecars.h"
#include "storage/sqlite/sqlite_engine.h"
#include "verify.h"

enum {
	SLICE_BYTES = 1 << 20,		/* between two looks at goes_on() */
	CHECK_STEPS = 100000		/* SQLite's, likewise */
};

struct restore {
	const struct restore_order *order;
	const struct backup_watcher *watcher;
	struct restore_target *target;
	struct restore_plan *plan;
	int	 copy;			/* the file */
	uint64_t size;
	bool	 is_stopped;
	bool	 has_key;		/* to be put there */
	struct id_key key;
};

static enum restore_status
refuse_copy(const struct restore *restore, const char *why)
{
	log_errorx("%s: %s", restore->order->copy, why);
	return RESTORE_BAD_DATA;
}

/* A file to be read failed with errno. */
static enum restore_status
unreadable(const char *path)
{
	int error = errno;

	log_warn("%s", path);
	return error == ENOENT || error == ENOTDIR || error == EACCES ?
	    RESTORE_NO_COPY : RESTORE_IO_ERROR;
}

static enum restore_status
check_copy_header(struct restore *restore)
{
	uint8_t header[DB_HEADER_BYTES];
	ssize_t n = pread(restore->copy, header, sizeof(header), 0);
	const char *fault;

	if (n == -1)
		return unreadable(restore->order->copy);
	fault = db_header_fault(header, (size_t)n);
	if (fault == NULL)
		fault = migrate_version_fault(db_header_version(header));
	if (fault == NULL && db_header_is_partial(header))
		fault = db_header_partial;
	if (fault != NULL)
		return refuse_copy(restore, fault);
	/* A copy needs none; but somebody may call a database a copy. */
	if (db_header_has_wal(header) &&
	    sidecars_have_wal(restore->order->copy))
		return refuse_copy(restore, "has a log, without which it is "
		    "not whole: make a copy of it by backup");
	if (db_header_is_truncated(header, restore->size))
		return refuse_copy(restore, "is truncated");
	restore->plan->version = (int)db_header_version(header);
	return RESTORE_DONE;
}

static enum restore_status
check_copy_file(struct restore *restore)
{
	struct stat st, database;

	if (fstat(restore->copy, &st) == -1)
		return unreadable(restore->order->copy);
	if (!S_ISREG(st.st_mode))
		return refuse_copy(restore, "is not a regular file");
	if (stat(restore->order->database, &database) == 0 &&
	    database.st_dev == st.st_dev && database.st_ino == st.st_ino) {
		log_errorx("%s: is the database itself", restore->order->copy);
		return RESTORE_USAGE;
	}
	restore->size = (uint64_t)st.st_size;
	return check_copy_header(restore);
}

static enum restore_status
open_copy_file(struct restore *restore)
{
	restore->copy = open(restore->order->copy, O_RDONLY | O_CLOEXEC |
	    O_NONBLOCK);
	return restore->copy == -1 ? unreadable(restore->order->copy) :
	    check_copy_file(restore);
}

static bool
goes_on(struct restore *restore, enum backup_phase phase, uint64_t done)
{
	if (!restore->watcher->goes_on(restore->watcher->ctx, phase, done,
	    restore->size))
		restore->is_stopped = true;
	return !restore->is_stopped;
}

/* Append to the draft; -1 with errno. */
static int
write_slice(const struct atomic_file *draft, const uint8_t *bytes, size_t len)
{
	errno = ENOSPC; /* what a short write means */
	return write(atomic_file_fd(draft), bytes, len) == (ssize_t)len ?
	    0 : -1;
}

static enum restore_status
copy_file_slices(struct restore *restore, uint8_t *slice)
{
	const struct atomic_file *draft = restore_target_draft(restore->target);
	uint64_t done = 0;
	ssize_t n;

	while (done < restore->size) {
		if (!goes_on(restore, BACKUP_COPYING, done))
			return RESTORE_STOPPED;
		n = pread(restore->copy, slice, SLICE_BYTES, (off_t)done);
		if (n == -1)
			return unreadable(restore->order->copy);
		if (n == 0)
			return refuse_copy(restore, "is truncated");
		if (write_slice(draft, slice, (size_t)n) == -1) {
			log_warn("%s", atomic_file_path(draft));
			return RESTORE_IO_ERROR;
		}
		done += (uint64_t)n;
	}
	return RESTORE_DONE;
}

static enum restore_status
copy_file(struct restore *restore)
{
	const struct atomic_file *draft = restore_target_draft(restore->target);
	enum restore_status status;
	uint8_t *slice;

	if (atomic_file_check_room(draft, restore->size) == -1)
		return RESTORE_IO_ERROR;
	slice = xcalloc(1, SLICE_BYTES);
	status = copy_file_slices(restore, slice);
	free(slice);
	if (status == RESTORE_DONE && fsync(atomic_file_fd(draft)) == -1) {
		log_warn("%s", atomic_file_path(draft));
		status = RESTORE_IO_ERROR;
	}
	return status;
}

static int
report_checking(void *ctx)
{
	struct restore *restore = ctx;

	return goes_on(restore, BACKUP_CHECKING, restore->size) ? 0 : 1;
}

static int
quick_check_draft(struct restore *restore, sqlite3 *db, bool *is_good)
{
	int rc = sqlite3_exec(db, "PRAGMA trusted_schema = OFF;"
	    "PRAGMA cell_size_check = ON;"
	    "PRAGMA temp_store = MEMORY", NULL, NULL, NULL);

	if (rc != SQLITE_OK)
		return rc;
	sqlite3_progress_handler(db, CHECK_STEPS, report_checking, restore);
	return pragma_says(db, "PRAGMA quick_check(1)", "ok", is_good);
}

static enum restore_status
check_draft(struct restore *restore)
{
	const char *path =
	    atomic_file_path(restore_target_draft(restore->target));
	bool is_good = false;
	sqlite3 *db;
	int rc;

	rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY |
	    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	if (rc == SQLITE_OK)
		rc = quick_check_draft(restore, db, &is_good);
	(void)sqlite3_close(db); /* has no statements */
	if (restore->is_stopped)
		return RESTORE_STOPPED;
	if (is_good)
		return RESTORE_DONE;
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return refuse_copy(restore, "is damaged");
	}
	log_errorx("%s: %s (%d)", path, sqlite3_errstr(rc), rc);
	return RESTORE_IO_ERROR;
}

/* How an audit of the draft ended. */
static enum restore_status
restore_status_of_audit(const struct restore *restore, enum audit_status status)
{
	if (restore->is_stopped)
		return RESTORE_STOPPED;
	switch (status) {
	case AUDIT_OK:
		return RESTORE_DONE;
	case AUDIT_FAULT:
	case AUDIT_NONE:
	case AUDIT_BAD_DATA:
		return RESTORE_BAD_DATA;
	case AUDIT_NO_DATABASE:
	case AUDIT_IO_ERROR:
	case AUDIT_BUSY:
		break;
	}
	return RESTORE_IO_ERROR;
}

static enum audit_status
verify_draft(struct restore *restore, struct audit *audit)
{
	const struct audit_verify_options wish = { .from = 0 };
	struct audit_report report;
	enum audit_status status;

	sqlite3_progress_handler(sqlite_engine_db(audit_connection(audit)),
	    CHECK_STEPS, report_checking, restore);
	status = audit_verify(audit, &wish, &report);
	if (status == AUDIT_FAULT)
		log_errorx("%s: is not as it was written: %s",
		    restore->order->copy, report.fault.what);
	audit_report_clear(&report);
	return status == AUDIT_OK ?
	    audit_head(audit, &restore->plan->head) : status;
}

/* Only the version that wrote a chain knows what it covers. */
static enum restore_status
check_chain(struct restore *restore)
{
	const char *path =
	    atomic_file_path(restore_target_draft(restore->target));
	enum audit_status status;
	struct audit *audit;

	if (restore->plan->version < migrate_newest_version())
		return RESTORE_DONE;
	status = audit_open(path, &audit);
	if (status == AUDIT_OK) {
		status = verify_draft(restore, audit);
		audit_close(audit);
	}
	restore->plan->is_proved = status == AUDIT_OK;
	return restore_status_of_audit(restore, status);
}

/* Without a key to take: the one that is there, if the daemon can read it. */
static enum restore_status
find_present_key(struct restore *restore)
{
	struct restore_plan *plan = restore->plan;

	plan->key = access(plan->old.key, F_OK) == 0 ? RESTORE_KEY_STAYS :
	    RESTORE_KEY_MISSING;
	restore->has_key = restore_target_key_is_lost(restore->target) &&
	    key_file_read(plan->old.key, &restore->key) == 0;
	return RESTORE_DONE;
}

static enum restore_status
find_copied_key(struct restore *restore, const char *name)
{
	struct restore_plan *plan = restore->plan;
	struct id_key present;

	if (key_file_read(name, &restore->key) == -1) {
		if (errno != ENODATA)
			return unreadable(name);
		log_errorx("%s: is not a key of %d bytes", name, ID_KEY_BYTES);
		return RESTORE_BAD_DATA;
	}
	restore->has_key = true;
	plan->key = RESTORE_KEY_REPLACED;
	if (access(plan->old.key, F_OK) == -1)
		plan->key = RESTORE_KEY_NEW;
	else if (key_file_read(plan->old.key, &present) == 0 &&
	    memcmp(present.bytes, restore->key.bytes, ID_KEY_BYTES) == 0)
		plan->key = RESTORE_KEY_SAME;
	return RESTORE_DONE;
}

static enum restore_status
find_key(struct restore *restore)
{
	enum restore_status status;
	char *name;

	if (!restore->order->with_key)
		return find_present_key(restore);
	name = fs_with_suffix(restore->order->copy, ".key");
	status = find_copied_key(restore, name);
	free(name);
	return status;
}

static enum restore_status
prepare_restore(struct restore *restore)
{
	enum restore_status status = open_copy_file(restore);

	if (status == RESTORE_DONE)
		status = restore_target_open(restore->order->database,
		    &restore->target, &restore->plan->old);
	if (status == RESTORE_DONE)
		status = find_key(restore);
	if (status == RESTORE_DONE)
		status = copy_file(restore);
	if (status == RESTORE_DONE)
		status = check_draft(restore);
	if (status == RESTORE_DONE)
		status = check_chain(restore);
	return status;
}

enum restore_status
restore_open(const struct restore_order *order,
    const struct backup_watcher *watcher, struct restore **opened,
    struct restore_plan *plan)
{
	struct restore *restore = xcalloc(1, sizeof(*restore));
	enum restore_status status;

	*plan = (struct restore_plan){ .is_proved = false };
	restore->order = order;
	restore->watcher = watcher;
	restore->plan = plan;
	status = prepare_restore(restore);
	if (status == RESTORE_DONE)
		*opened = restore;
	else
		restore_close(restore);
	return status;
}

enum restore_status
restore_finish(struct restore *restore)
{
	return restore_target_publish(restore->target,
	    restore->has_key ? &restore->key : NULL);
}

void
restore_close(struct restore *restore)
{
	restore_target_close(restore->target);
	if (restore->copy != -1)
		(void)close(restore->copy); /* nothing was written to it */
	free(restore);
}
