#ifndef SOCKET_OWNER_H
#define SOCKET_OWNER_H

#include <stdbool.h>
#include <stddef.h>

struct endpoint;
struct unix_socket_access;

/*
 * The settings that give the files of sockets to somebody.  That takes a
 * privilege which the daemon does not have under its systemd unit, where
 * systemd makes such sockets instead.
 */

enum socket_owner {
	SOCKET_OWNER_HTTP,
	SOCKET_OWNER_FASTCGI
};

/* Whether the daemon may do so for these; if not, that was logged. */
bool	 socket_owner_is_permitted(enum socket_owner owner,
	    const struct endpoint *endpoints, size_t count,
	    const struct unix_socket_access *access);

/*
 * Print what will not do under the unit.  Who tests a configuration may do
 * more than the daemon will, so whether this process may does not count.
 */
void	 socket_owner_warn(enum socket_owner owner,
	    const struct endpoint *endpoints, size_t count,
	    const struct unix_socket_access *access);

#endif
