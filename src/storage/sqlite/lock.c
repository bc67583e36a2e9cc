#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "storage/fs.h"

/*
 * Whether the locked file is still the one that the name leads to: 1, 0 or -1
 * with errno.
 */
static int
is_still_linked(int fd, const char *name)
{
	struct stat ours, named;

	if (fstat(fd, &ours) == -1)
		return -1;
	if (stat(name, &named) == -1)
		return errno == ENOENT ? 0 : -1;
	return ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

/* The file is locked by somebody, or cannot be locked. */
static enum store_open_status
refuse_lock(const char *path)
{
	if (errno != EWOULDBLOCK)
		return store_status_of_errno(path, "lock");
	log_errorx("store: %s: another daemon uses it", path);
	return STORE_IN_USE;
}

static int
open_lock_file(const char *name)
{
	return open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
	    S_IRUSR | S_IWUSR);
}

/* Be this user and group, who are root's to choose; -1 with errno. */
static int
set_effective_ids(uid_t user, gid_t group)
{
	if (seteuid(0) == -1 || setegid(group) == -1)
		return -1;
	return seteuid(user);
}

/*
 * Make the file as its owner, unless it is there.  One who may not is let in by
 * a group that we know nothing of, or not at all: the file is made by us then.
 */
static int
make_lock_file(const char *name, const struct fs_owner *owner)
{
	uid_t user = geteuid();
	gid_t group = getegid();
	int fd;

	if (user != 0 || owner->user == 0)
		return 0;
	if (set_effective_ids(owner->user, owner->group) == 0 &&
	    (fd = open_lock_file(name)) != -1)
		(void)close(fd); /* nothing was written to it */
	return set_effective_ids(user, group);
}

/* *lock stays -1 if the file that was locked is not the lock any more. */
static enum store_open_status
try_lock(const char *path, const char *name, const struct fs_owner *owner,
    int *lock)
{
	enum store_open_status status = STORE_OPENED;
	int fd, current;

	if (owner != NULL && make_lock_file(name, owner) == -1)
		return store_status_of_errno(name, "cannot be made");
	fd = open_lock_file(name);
	if (fd == -1)
		return store_status_of_errno(name, "cannot be opened");
	current = flock(fd, LOCK_EX | LOCK_NB);
	if (current == -1)
		status = refuse_lock(path);
	else if ((current = is_still_linked(fd, name)) == -1)
		status = store_status_of_errno(path, "lock");
	if (current == 1)
		*lock = fd;
	else
		(void)close(fd); /* nothing was written to it */
	return status;
}

/*
 * The lock's file is removed by who holds it, so that whoever then gets the
 * lock has to look whether it still counts.
 */
enum store_open_status
lock_take(const char *path, const struct fs_owner *owner, int *lock)
{
	enum store_open_status status;
	char *name = fs_with_suffix(path, ".lock");

	*lock = -1;
	do
		status = try_lock(path, name, owner, lock);
	while (status == STORE_OPENED && *lock == -1);
	free(name);
	return status;
}

void
lock_release(const char *path, int lock)
{
	char *name = fs_with_suffix(path, ".lock");

	if (unlink(name) == -1)
		log_warn("store: %s", name);
	(void)close(lock); /* nothing was written to it */
	free(name);
}
