#include "socket_owner.h"

#include <stdio.h>
#include <sys/socket.h>

#include "base/log.h"
#include "net/endpoint.h"
#include "net/unix_socket.h"

static const struct {
	const char *key;
	const char *unit;	/* that makes the socket instead */
} owners[] = {
	[SOCKET_OWNER_HTTP] = { "listen-owner", "buddyshopping-local.socket" },
	[SOCKET_OWNER_FASTCGI] = { "fastcgi-owner",
	    "buddyshopping-fastcgi.socket" },
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
socket_owner_is_permitted(enum socket_owner owner,
    const struct endpoint *endpoints, size_t count,
    const struct unix_socket_access *access)
{
	if (!has_file(endpoints, count) || unix_socket_may_give(access))
		return true;
	log_errorx("%s: the daemon may not give files away: with systemd use "
	    "%s", owners[owner].key, owners[owner].unit);
	return false;
}

void
socket_owner_warn(enum socket_owner owner, const struct endpoint *endpoints,
    size_t count, const struct unix_socket_access *access)
{
	if (!has_file(endpoints, count) || !unix_socket_is_given(access))
		return;
	(void)fprintf(stderr, "warning: %s: takes a privilege that the daemon "
	    "does not have under its systemd unit: use %s there\n",
	    owners[owner].key, owners[owner].unit);
}
