#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "file.h"

/*
 * Whether the locked file is still the one that the name leads to: 1, 0 or -1
 * with errno.
 */
static int
is_current(int fd, const char *name)
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

/* *lock stays -1 if the file that was locked is not the lock any more. */
static enum store_open_status
take_once(const char *path, const char *name, int *lock)
{
	enum store_open_status status = STORE_OPENED;
	int fd, current;

	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
	    S_IRUSR | S_IWUSR);
	if (fd == -1)
		return store_status_of_errno(path,
		    "no file can be made in its directory");
	current = flock(fd, LOCK_EX | LOCK_NB);
	if (current == -1)
		status = refuse_lock(path);
	else if ((current = is_current(fd, name)) == -1)
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
lock_take(const char *path, int *lock)
{
	enum store_open_status status;
	char *name = file_beside(path, ".lock");

	*lock = -1;
	do
		status = take_once(path, name, lock);
	while (status == STORE_OPENED && *lock == -1);
	free(name);
	return status;
}

void
lock_release(const char *path, int lock)
{
	char *name = file_beside(path, ".lock");

	if (unlink(name) == -1)
		log_warn("store: %s", name);
	(void)close(lock); /* nothing was written to it */
	free(name);
}
