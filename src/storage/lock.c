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

/* Whether the locked file is still the one that the name leads to. */
static bool
is_current(int fd, const char *name)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 && stat(name, &named) == 0 &&
	    ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
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

/*
 * The lock's file is removed by who holds it, so that whoever then gets the
 * lock has to look whether it still counts.
 */
enum store_open_status
lock_take(const char *path, int *lock)
{
	enum store_open_status status = STORE_OPENED;
	char *name = file_beside(path, ".lock");
	int fd;

	for (;;) {
		fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		    S_IRUSR | S_IWUSR);
		if (fd == -1) {
			status = store_status_of_errno(path,
			    "no file can be made in its directory");
			break;
		}
		if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
			status = refuse_lock(path);
			(void)close(fd); /* nothing was written to it */
			break;
		}
		if (is_current(fd, name)) {
			*lock = fd;
			break;
		}
		(void)close(fd); /* nothing was written to it */
	}
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
