#ifndef ADMIN_SOCKET_H
#define ADMIN_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

struct endpoint;
struct options;

/*
 * Where the daemon with these options has its admin socket, for itself and for
 * the tool beside it.
 */

enum admin_socket {
	ADMIN_SOCKET_NONE,	/* it has none, as it was told */
	ADMIN_SOCKET_CONFIGURED, /* admin-listen says where */
	ADMIN_SOCKET_DEFAULT,	/* DATABASE.admin, links resolved; with */
				/* PostgreSQL it is the key's path */
	ADMIN_SOCKET_UNNAMED,	/* and there nothing says where that is */
	ADMIN_SOCKET_TOO_LONG	/* no socket can have that path */
};

/*
 * endpoint is filled in with CONFIGURED and DEFAULT.  The file must be
 * there for its links to be resolved.
 */
enum admin_socket admin_socket_find(const struct options *options,
	    struct endpoint *endpoint);

/* The file that it is beside if nothing says where; "" if there is none. */
const char *admin_socket_neighbour(const struct options *options);

/*
 * Find the next port of this machine that admin-listen names besides, from *i
 * on, which is moved behind it; false if there is none.
 */
bool	 admin_socket_next_port(const struct options *options, size_t *i,
	    struct endpoint *endpoint);

#endif
