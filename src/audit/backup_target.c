#include "backup_target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "replaced_file.h"
#include "storage/atomic_file.h"
#include "storage/fs.h"
#include "storage/key_file.h"
#include "storage/sqlite/db_header.h"
#include "storage/sqlite/lock.h"
#include "storage/sqlite/sidecars.h"
#include "storage/store_status.h"

static const char draft_suffix[] = ".partial";

struct backup_target {
	const struct backup_order *order;
	struct atomic_file *draft;
	int	 lock;
};

static enum backup_status
refuse_target(const char *path, const char *why)
{
	log_errorx("%s: %s", path, why);
	return BACKUP_BAD_TARGET;
}

/* What failed with errno. */
static enum backup_status
target_failed(const char *path, const char *what)
{
	log_warn("%s: %s", path, what);
	return BACKUP_IO_ERROR;
}

static bool
has_file_beside(const char *path, const char *suffix)
{
	char *name = fs_with_suffix(path, suffix);
	struct stat st;
	bool is_there = lstat(name, &st) == 0;

	free(name);
	return is_there;
}

/* Whether target with suffix behind it is the database. */
static bool
is_database(const struct backup_order *order, const char *suffix)
{
	char *name = fs_with_suffix(order->target, suffix);
	struct stat database, other;
	bool is_same = stat(order->database, &database) == 0 &&
	    stat(name, &other) == 0 && database.st_dev == other.st_dev &&
	    database.st_ino == other.st_ino;

	free(name);
	return is_same;
}

/* Whether it is empty, or a database of ours in whatever version. */
static bool
is_copy(const char *path)
{
	uint8_t header[DB_HEADER_BYTES];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd == -1)
		return false;
	n = pread(fd, header, sizeof(header), 0);
	(void)close(fd); /* nothing was written to it */
	return n == 0 || (n > 0 &&
	    db_header_fault(header, (size_t)n) == NULL &&
	    db_header_version(header) <= INT32_MAX);
}

/* What is there already. */
static enum backup_status
check_existing(const struct backup_order *order, const struct stat *old)
{
	if (!S_ISREG(old->st_mode))
		return refuse_target(order->target,
		    "is there, and is not a regular file");
	if (!order->replaces)
		return refuse_target(order->target, "is there already");
	if (is_copy(order->target))
		return BACKUP_MADE;
	return refuse_target(order->target,
	    "is there, and is not a database that may be replaced");
}

/* Whether there is what SQLite would take for the copy's. */
static bool
has_wal_or_rollback(const char *target)
{
	return has_file_beside(target, "-wal") ||
	    has_file_beside(target, "-journal");
}

static enum backup_status
refuse_sidecars(const char *target)
{
	return refuse_target(target,
	    "another database has left a -wal or -journal there");
}

/* What is beside a target that is not there. */
static enum backup_status
check_beside(const struct backup_order *order)
{
	if (has_wal_or_rollback(order->target))
		return refuse_sidecars(order->target);
	if (order->with_key && has_file_beside(order->target, ".key"))
		return refuse_target(order->target, "there is a .key already");
	return BACKUP_MADE;
}

static enum backup_status
check_target(const struct backup_order *order)
{
	enum backup_status status = BACKUP_MADE;
	struct stat old;

	if (is_database(order, ""))
		return refuse_target(order->target, "is the database itself");
	if (is_database(order, draft_suffix) || is_database(order, ".lock"))
		return refuse_target(order->target,
		    "what is made beside it has the database's name");
	if (lstat(order->target, &old) == 0)
		status = check_existing(order, &old);
	else if (errno != ENOENT)
		status = target_failed(order->target, "cannot be made");
	if (status != BACKUP_MADE || order->replaces)
		return status;
	return check_beside(order);
}

static enum backup_status
backup_status_of(enum store_open_status status)
{
	switch (status) {
	case STORE_OPENED:
		return BACKUP_MADE;
	case STORE_IN_USE:
		return BACKUP_IN_USE;
	case STORE_BAD_DATA:
	case STORE_NO_DATABASE:
	case STORE_CANNOT_CREATE:
	case STORE_IO_ERROR:
		break;
	}
	return BACKUP_IO_ERROR;
}

enum backup_status
backup_target_open(const struct backup_order *order,
    struct backup_target **opened)
{
	struct backup_target *target;
	enum backup_status status = check_target(order);

	if (status != BACKUP_MADE)
		return status;
	target = xcalloc(1, sizeof(*target));
	target->order = order;
	target->lock = -1;
	status = backup_status_of(lock_take(order->target, NULL,
	    &target->lock));
	if (status == BACKUP_MADE)
		status = backup_status_of(atomic_file_open(order->target,
		    draft_suffix, &target->draft));
	if (status == BACKUP_MADE)
		*opened = target;
	else
		backup_target_close(target);
	return status;
}

void
backup_target_close(struct backup_target *target)
{
	atomic_file_close(target->draft);
	if (target->lock != -1)
		lock_release(target->order->target, target->lock);
	free(target);
}

const char *
backup_target_draft(const struct backup_target *target)
{
	return atomic_file_path(target->draft);
}

enum backup_status
backup_target_check_room(const struct backup_target *target, uint64_t bytes)
{
	return atomic_file_check_room(target->draft, bytes) == 0 ? BACKUP_MADE :
	    BACKUP_IO_ERROR;
}

static enum backup_status
publish_key(const struct backup_order *order)
{
	char *from = fs_with_suffix(order->database, ".key");
	char *to = fs_with_suffix(order->target, ".key");
	int result = order->replaces ? key_file_replace(from, to) :
	    key_file_copy(from, to);

	free(from);
	free(to);
	return result == 0 ? BACKUP_MADE : BACKUP_IO_ERROR;
}

/* The key of a copy that cannot be made; an older one's has been replaced. */
static void
withdraw_key(const struct backup_order *order)
{
	char *name = fs_with_suffix(order->target, ".key");

	if (!order->replaces && unlink(name) == -1)
		log_warn("%s", name);
	free(name);
}

/* An older copy goes by and by. */
static int
replace_copy(const struct backup_target *target, struct pace *pace)
{
	int old = replaced_file_open(target->order->target);
	int result = atomic_file_replace(target->draft), error = errno;

	replaced_file_close(old, pace);
	errno = error;
	return result;
}

static enum backup_status
publish_copy(const struct backup_target *target, struct pace *pace)
{
	const struct backup_order *order = target->order;

	/* An older database's would spoil the copy. */
	if (order->replaces && sidecars_remove(order->target) == -1)
		return target_failed(order->target, "cannot be made");
	if (!order->replaces && has_wal_or_rollback(order->target))
		return refuse_sidecars(order->target);
	if (order->replaces ? replace_copy(target, pace) == -1 :
	    atomic_file_publish(target->draft) == -1)
		return target_failed(order->target, "cannot be made");
	return BACKUP_MADE;
}

enum backup_status
backup_target_publish(const struct backup_target *target, struct pace *pace)
{
	const struct backup_order *order = target->order;
	enum backup_status status = BACKUP_MADE;

	if (order->with_key)
		status = publish_key(order);
	if (status != BACKUP_MADE)
		return status;
	status = publish_copy(target, pace);
	if (status != BACKUP_MADE && order->with_key)
		withdraw_key(order);
	return status;
}
