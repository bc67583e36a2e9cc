#include "socket_access.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "endpoint.h"

static const struct {
	const char *key;
	const char *unit;	/* that makes the socket instead */
} owners[] = {
	[SOCKET_ACCESS_HTTP] = { "listen-owner", "buddyshopping-local.socket" },
	[SOCKET_ACCESS_FASTCGI] = { "fastcgi-owner",
	    "buddyshopping-fastcgi.socket" },
	[SOCKET_ACCESS_API] = { "api-owner", "buddyshopping-api.socket" },
};

static bool
has_file(const struct endpoint *endpoints, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (endpoints[i].address.ss_family == AF_UNIX)
			return true;
	return false;
}

bool
socket_access_is_given(const struct socket_access *access)
{
	return access->owner != (uid_t)-1 || access->group != (gid_t)-1;
}

/* Whether this process is permitted to give a file of its own to those. */
static bool
may_be_given(const struct socket_access *access)
{
	bool is_forbidden;
	int fd;

	if (!socket_access_is_given(access))
		return true;
	/* Privileges, groups and filters of system calls: trying is the only
	 * way to know, and a socket without a name does for it. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return true;
	is_forbidden = fchown(fd, access->owner, access->group) == -1 &&
	    errno == EPERM;
	close(fd);
	return !is_forbidden;
}

bool
socket_access_is_permitted(enum socket_access_setting setting,
    const struct endpoint *endpoints, size_t count,
    const struct socket_access *access)
{
	if (!has_file(endpoints, count) || may_be_given(access))
		return true;
	log_errorx("%s: the daemon may not give files away: with systemd use "
	    "%s", owners[setting].key, owners[setting].unit);
	return false;
}

void
socket_access_warn(enum socket_access_setting setting,
    const struct endpoint *endpoints, size_t count,
    const struct socket_access *access)
{
	if (!has_file(endpoints, count) || !socket_access_is_given(access))
		return;
	(void)fprintf(stderr, "warning: %s: takes a privilege that the daemon "
	    "does not have under its systemd unit: use %s there\n",
	    owners[setting].key, owners[setting].unit);
}
