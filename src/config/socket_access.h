#ifndef SOCKET_ACCESS_H
#define SOCKET_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct endpoint;

/*
 * Who may use the file of a UNIX-domain socket.  To give it to somebody takes a
 * privilege which the daemon does not have under its systemd unit, where
 * systemd makes such sockets instead.
 */

/* Who may connect: those who may write to the file. */
struct socket_access {
	mode_t	 mode;
	uid_t	 owner;		/* (uid_t)-1: as it is made */
	gid_t	 group;		/* (gid_t)-1: likewise */
};

/* Whether the file is to be somebody's in particular. */
bool	 socket_access_is_given(const struct socket_access *access);

/* The settings that give one away. */
enum socket_access_setting {
	SOCKET_ACCESS_HTTP,
	SOCKET_ACCESS_FASTCGI,
	SOCKET_ACCESS_API
};

/* Whether the daemon may do so for these; if not, that was logged. */
bool	 socket_access_is_permitted(enum socket_access_setting setting,
	    const struct endpoint *endpoints, size_t count,
	    const struct socket_access *access);

/*
 * Print what will not do under the unit.  Who tests a configuration may do
 * more than the daemon will, so whether this process may does not count.
 */
void	 socket_access_warn(enum socket_access_setting setting,
	    const struct endpoint *endpoints, size_t count,
	    const struct socket_access *access);

#endif
