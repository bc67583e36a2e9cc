#include "unix_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "config/endpoint.h"
#include "config/socket_access.h"

static int
make_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* Connect for a moment: 0 if somebody listens, or the error. */
static int
try_connect(const struct endpoint *endpoint)
{
	int fd = make_socket(), error = 0;

	if (fd == -1)
		return errno;
	if (connect(fd, (const struct sockaddr *)&endpoint->address,
	    endpoint->len) == -1)
		error = errno;
	close(fd);
	/* Too many wait for whoever listens. */
	return error == EAGAIN ? 0 : error;
}

/* See that the path is free; what a dead process left there is removed. */
static int
remove_stale_socket(const struct endpoint *endpoint, const char *path)
{
	struct stat st;
	int error;

	if (lstat(path, &st) == -1) {
		if (errno == ENOENT)
			return 0;
		log_error("listener: %s", path);
		return -1;
	}
	if (!S_ISSOCK(st.st_mode)) {
		log_errorx("listener: %s: is there, and is no socket", path);
		return -1;
	}
	error = try_connect(endpoint);
	if (error == 0) {
		log_errorx("listener: %s: another process listens there", path);
		return -1;
	}
	errno = error;
	if (error != ECONNREFUSED) {
		log_error("listener: %s: cannot tell whether anybody listens "
		    "there", path);
		return -1;
	}
	if (unlink(path) == 0 || errno == ENOENT)
		return 0;
	log_error("listener: %s: cannot be replaced", path);
	return -1;
}

static int
set_access(const char *path, const struct socket_access *access)
{
	if (socket_access_is_given(access) &&
	    lchown(path, access->owner, access->group) == -1) {
		log_error("listener: %s: cannot be given to user %d, group %d",
		    path, (int)access->owner, (int)access->group);
		return -1;
	}
	/* After it, as lchown() may clear bits. */
	if (chmod(path, access->mode) == -1) {
		log_error("listener: %s: cannot be given mode %04o", path,
		    (unsigned)access->mode);
		return -1;
	}
	return 0;
}

/* Bind fd to the path, and let file be what is there then. */
static int
bind_path(int fd, const struct endpoint *endpoint,
    const struct socket_access *access, struct unix_socket_file *file)
{
	struct stat st;

	if (bind(fd, (const struct sockaddr *)&endpoint->address,
	    endpoint->len) == -1 || lstat(file->path, &st) == -1) {
		log_error("listener: %s", file->path);
		return -1;
	}
	file->device = st.st_dev;
	file->inode = st.st_ino;
	/* Until listen() nobody can connect. */
	if (set_access(file->path, access) == 0)
		return 0;
	unix_socket_remove(file);
	return -1;
}

int
unix_socket_bind(const struct endpoint *endpoint,
    const struct socket_access *access, struct unix_socket_file *file)
{
	struct sockaddr_un un;
	int fd;

	memcpy(&un, &endpoint->address, sizeof(un));
	memcpy(file->path, un.sun_path, sizeof(un.sun_path));
	if (remove_stale_socket(endpoint, file->path) == -1)
		return -1;
	fd = make_socket();
	if (fd == -1) {
		log_error("listener: %s", file->path);
		return -1;
	}
	if (bind_path(fd, endpoint, access, file) == 0)
		return fd;
	close(fd);
	return -1;
}

void
unix_socket_remove(const struct unix_socket_file *file)
{
	struct stat st;

	if (lstat(file->path, &st) == -1 || st.st_dev != file->device ||
	    st.st_ino != file->inode)
		return;
	if (unlink(file->path) == -1)
		log_warn("listener: %s: cannot be removed", file->path);
}
