/*
 * With src/daemon/main.c this is the daemon on a disk that fails on demand:
 * functions of a program take the place of the C library's, in libraries too.
 * While the file that FAULT_SYNC names exists, nothing can be flushed (EIO);
 * while that of FAULT_WRITE does, there is no room for SQLite (ENOSPC).  While
 * that of FAULT_WATCH does, no descriptor can be watched (ENOSPC), and while
 * that of FAULT_UNWATCH does, none can be forgotten (ENOENT).  While
 * FAULT_HANG names a FIFO, a flush waits until somebody has opened that for
 * writing, and closed it again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool
is_on(const char *name)
{
	const char *file = getenv(name);

	return file != NULL && access(file, F_OK) == 0;
}

static void
hang(void)
{
	char byte;
	int fd = open(getenv("FAULT_HANG"), O_RDONLY | O_CLOEXEC);

	while (read(fd, &byte, 1) > 0)
		continue;
	(void)close(fd);	/* which may be none */
}

int
fsync(int fd)
{
	if (is_on("FAULT_HANG"))
		hang();
	if (is_on("FAULT_SYNC")) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	if (is_on("FAULT_HANG"))
		hang();
	if (is_on("FAULT_SYNC")) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

ssize_t
pwrite64(int fd, const void *bytes, size_t len, off64_t offset)
{
	if (is_on("FAULT_WRITE")) {
		errno = ENOSPC;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, bytes, len, offset);
}

int
epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	if (operation == EPOLL_CTL_ADD && is_on("FAULT_WATCH")) {
		errno = ENOSPC;
		return -1;
	}
	if (operation == EPOLL_CTL_DEL && is_on("FAULT_UNWATCH")) {
		errno = ENOENT;
		return -1;
	}
	return (int)syscall(SYS_epoll_ctl, epoll, operation, fd, event);
}
