#include "restore_target.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "storage/atomic_file.h"
#include "storage/fs.h"
#include "storage/key_file.h"
#include "storage/sqlite/db_header.h"
#include "storage/sqlite/lock.h"
#include "storage/sqlite/sidecars.h"
#include "storage/store_status.h"

enum { STAMP_BYTES = 64 };

struct restore_target {
	char	*path;
	char	*kept;			/* the old database's name afterwards */
	char	*key;
	char	*kept_key;
	struct fs_owner owner;
	struct atomic_file *draft;
	int	 lock;
	bool	 has_old;
	bool	 has_placeholder;	/* in the place of an old one */
};

/* Both have the numbers of sysexits.h. */
static enum restore_status
restore_status_of(enum store_open_status status)
{
	return (enum restore_status)status;
}

/* What failed with errno. */
static enum restore_status
restore_failed(const char *path, const char *what)
{
	return restore_status_of(store_status_of_errno(path, what));
}

static void
name_files(struct restore_target *target, const char *path)
{
	uint64_t ms = clock_now().wall_ms;
	time_t seconds = (time_t)(ms / 1000);
	char time[STAMP_BYTES], stamp[2 * STAMP_BYTES];
	struct tm utc;

	/* Two names of one file must meet at one lock. */
	target->path = realpath(path, NULL);
	if (target->path == NULL)
		target->path = xstrdup(path);
	target->key = fs_with_suffix(target->path, ".key");
	(void)strftime(time, sizeof(time), "%Y%m%dT%H%M%S",
	    gmtime_r(&seconds, &utc));
	xsnprintf(stamp, sizeof(stamp), ".before-restore-%s.%03uZ", time,
	    (unsigned)(ms % 1000));
	target->kept = fs_with_suffix(target->path, stamp);
	target->kept_key = fs_with_suffix(target->kept, ".key");
}

static bool
is_placeholder(const char *path)
{
	uint8_t header[DB_HEADER_BYTES];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd == -1)
		return false;
	n = read(fd, header, sizeof(header));
	(void)close(fd); /* nothing was written to it */
	return n != -1 && db_header_is_placeholder(header, (size_t)n);
}

static enum restore_status
look_at_existing(struct restore_target *target, struct stat *st)
{
	target->has_old = lstat(target->path, st) == 0;
	if (!target->has_old)
		return errno == ENOENT ? RESTORE_DONE :
		    restore_failed(target->path, "cannot be read");
	if (!S_ISREG(st->st_mode)) {
		log_errorx("%s: is there, and is not a regular file",
		    target->path);
		return RESTORE_BAD_DATA;
	}
	target->has_placeholder = is_placeholder(target->path);
	return RESTORE_DONE;
}

/*
 * Root's files are of no use to a daemon that is somebody else, which the
 * folder is then.
 */
static enum restore_status
find_owner(struct restore_target *target, const struct stat *old)
{
	char *name = fs_dirname(target->path);
	struct stat folder;
	int result = stat(name, &folder);

	free(name);
	if (result == -1)
		return restore_failed(target->path, "no folder");
	target->owner.mode = S_IRUSR | S_IWUSR;
	if (target->has_old && (old->st_uid != 0 || folder.st_uid == 0))
		target->owner = (struct fs_owner){
			.user = old->st_uid,
			.group = old->st_gid,
			.mode = old->st_mode & (S_IRWXU | S_IRWXG | S_IRWXO),
		};
	else if (geteuid() == 0) {
		target->owner.user = folder.st_uid;
		target->owner.group = folder.st_gid;
	} else {
		target->owner.user = geteuid();
		target->owner.group = getegid();
	}
	if (geteuid() == 0 || geteuid() == target->owner.user)
		return RESTORE_DONE;
	log_errorx("%s: is another user's: use sudo, or be the daemon's user",
	    target->path);
	return RESTORE_CANNOT_CREATE;
}

static enum restore_status
look_at_target(struct restore_target *target, struct stat *old)
{
	enum restore_status status = look_at_existing(target, old);

	return status == RESTORE_DONE ? find_owner(target, old) : status;
}

/*
 * If we are killed a daemon has to find a lock that it can take: one that is
 * made is the owner's, and one that was left becomes theirs.
 */
static enum restore_status
give_lock_to_owner(const struct restore_target *target)
{
	struct fs_owner owner = target->owner;

	owner.mode = S_IRUSR | S_IWUSR;
	return fs_set_owner(target->lock, &owner) == 0 ? RESTORE_DONE :
	    restore_failed(target->path, "lock");
}

static enum restore_status
make_restore_draft(struct restore_target *target)
{
	enum restore_status status;

	status = restore_status_of(atomic_file_open(target->path, ".partial",
	    &target->draft));
	if (status != RESTORE_DONE)
		return status;
	if (fs_set_owner(atomic_file_fd(target->draft), &target->owner) == -1)
		return restore_failed(atomic_file_path(target->draft),
		    "cannot be given to the database's owner");
	return RESTORE_DONE;
}

static void
describe_existing(const struct restore_target *target, const struct stat *st,
    struct restore_old *old)
{
	*old = (struct restore_old){
		.path = target->path,
		.key = target->key,
		.kept_key = target->kept_key,
	};
	if (!target->has_old || target->has_placeholder)
		return;
	old->kept = target->kept;
	old->bytes = (uint64_t)st->st_size;
	old->changed_ms = (uint64_t)st->st_mtim.tv_sec * 1000 +
	    (uint64_t)st->st_mtim.tv_nsec / 1000000;
}

enum restore_status
restore_target_open(const char *path, struct restore_target **opened,
    struct restore_old *old)
{
	struct restore_target *target = xcalloc(1, sizeof(*target));
	enum restore_status status;
	struct stat st;

	target->lock = -1;
	name_files(target, path);
	status = look_at_target(target, &st);
	if (status == RESTORE_DONE)
		status = restore_status_of(
		    lock_take(target->path, &target->owner, &target->lock));
	/* Until then it was another's to change. */
	if (status == RESTORE_DONE)
		status = look_at_target(target, &st);
	if (status == RESTORE_DONE)
		status = give_lock_to_owner(target);
	if (status == RESTORE_DONE)
		status = make_restore_draft(target);
	if (status == RESTORE_DONE) {
		describe_existing(target, &st, old);
		*opened = target;
	} else
		restore_target_close(target);
	return status;
}

void
restore_target_close(struct restore_target *target)
{
	if (target == NULL)
		return;
	atomic_file_close(target->draft);
	if (target->lock != -1)
		lock_release(target->path, target->lock);
	free(target->path);
	free(target->kept);
	free(target->key);
	free(target->kept_key);
	free(target);
}

struct atomic_file *
restore_target_draft(const struct restore_target *target)
{
	return target->draft;
}

bool
restore_target_key_is_lost(const struct restore_target *target)
{
	struct stat st;

	return lstat(target->key, &st) == 0 &&
	    st.st_uid != target->owner.user;
}

/* Give a file, which need not be there, a second name; -1 with errno. */
static int
keep_second_name(const char *path, const char *kept)
{
	return link(path, kept) == 0 || errno == ENOENT ? 0 : -1;
}

/*
 * The old database with what belongs to it; that comes first: where a database
 * is kept all of it is.
 */
static int
keep_database(const struct restore_target *target)
{
	int result = 0;
	size_t i;

	for (i = 0; i <= SIDECARS && result == 0; i++) {
		char *path = fs_with_suffix(target->path, sidecars_suffixes[i]);
		char *kept = fs_with_suffix(target->kept, sidecars_suffixes[i]);

		result = keep_second_name(path, kept);
		free(path);
		free(kept);
	}
	return result;
}

/* Whether the key that is there is another one. */
static bool
has_other_key(const struct restore_target *target, const struct id_key *key)
{
	struct id_key present;

	return key_file_read(target->key, &present) == -1 ||
	    memcmp(present.bytes, key->bytes, ID_KEY_BYTES) != 0;
}

static enum restore_status
keep_old(const struct restore_target *target, const struct id_key *key)
{
	/* What had to be kept was kept before the mark was made. */
	if (!target->has_placeholder && keep_database(target) == -1)
		return restore_failed(target->path, "cannot be kept");
	if (key != NULL && has_other_key(target, key) &&
	    keep_second_name(target->key, target->kept_key) == -1)
		return restore_failed(target->key, "cannot be kept");
	return fs_sync_directory(target->path) == 0 ? RESTORE_DONE :
	    restore_failed(target->path, "cannot be kept");
}

static enum restore_status
put_key(const struct restore_target *target, const struct id_key *key)
{
	struct fs_owner owner = target->owner;

	owner.mode = S_IRUSR | S_IWUSR;
	return key_file_put(target->key, key, &owner) == 0 ? RESTORE_DONE :
	    RESTORE_IO_ERROR;
}

static int
write_placeholder(const struct restore_target *target,
    struct atomic_file *draft)
{
	ssize_t len = (ssize_t)strlen(db_header_placeholder);

	if (fs_set_owner(atomic_file_fd(draft), &target->owner) == -1)
		return -1;
	errno = ENOSPC; /* what a short write means */
	if (write(atomic_file_fd(draft), db_header_placeholder, (size_t)len) !=
	    len)
		return -1;
	return atomic_file_replace(draft);
}

static enum restore_status
put_placeholder(const struct restore_target *target)
{
	struct atomic_file *draft;
	enum restore_status status;

	status = restore_status_of(
	    atomic_file_open(target->path, ".interrupted", &draft));
	if (status != RESTORE_DONE)
		return status;
	if (write_placeholder(target, draft) == -1)
		status = restore_failed(target->path, "cannot be replaced");
	atomic_file_close(draft);
	return status;
}

static enum restore_status
remove_sidecars(const struct restore_target *target)
{
	if (sidecars_remove(target->path) == -1 ||
	    fs_sync_directory(target->path) == -1)
		return restore_failed(target->path,
		    "its log cannot be removed: do it again");
	return RESTORE_DONE;
}

enum restore_status
restore_target_publish(const struct restore_target *target,
    const struct id_key *key)
{
	enum restore_status status = keep_old(target, key);

	if (status == RESTORE_DONE &&
	    (key != NULL || sidecars_exist(target->path)))
		status = put_placeholder(target);
	if (status == RESTORE_DONE)
		status = remove_sidecars(target);
	if (status == RESTORE_DONE && key != NULL)
		status = put_key(target, key);
	if (status == RESTORE_DONE && atomic_file_replace(target->draft) == -1)
		status = restore_failed(target->path,
		    "cannot be replaced: do it again");
	return status;
}
