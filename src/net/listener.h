#ifndef LISTENER_H
#define LISTENER_H

#include <stddef.h>
#include <sys/socket.h>

#include <uv.h>

struct endpoint;
struct socket_access;

/*
 * Sockets that accept connections.  One listener counts the connections of all
 * its sockets together, and stops accepting without spinning while there are
 * too many, or the process is out of descriptors.
 */
struct listener;

struct listener_config {
	uv_loop_t *loop;
	const char *limit;		/* what the log calls the most */
	/* Somebody waits, and there are as many as may be: let one of them end
	 * soon, if any may.  Asked again while it lasts.  NULL if none ever
	 * may. */
	void	(*make_room)(void *ctx);
	void	*ctx;
};

/* What becomes of a socket's connections. */
struct listener_user {
	/* Takes fd, a non-blocking, close-on-exec connection.  It counts until
	 * listener_release(). */
	void	(*accepted)(void *ctx, int fd, const struct sockaddr *address,
		    socklen_t len);
	void	*ctx;
};

/* There are at most max_connections; 0 for no limit. */
struct listener *listener_new(const struct listener_config *config,
	    size_t max_connections);
/* Take over another max_connections; those that are there stay. */
void	 listener_configure(struct listener *listener,
	    size_t max_connections);
/* How many connections there may be; 0 for no limit. */
size_t	 listener_max(const struct listener *listener);
/*
 * Listen on TCP port of all addresses, IPv6 and IPv4 on one socket (IPv4 only
 * where the machine has no IPv6).  Port 0 takes a free one.  Returns the port,
 * or -1, which was logged.
 */
int	 listener_add_tcp(struct listener *listener, unsigned port,
	    const struct listener_user *user)
	    __attribute__((warn_unused_result));
/*
 * Listen on an endpoint; a port of 0 there becomes the one that was taken, and
 * all IPv6 addresses are all IPv4 ones too, or only those where the machine has
 * no IPv6.
 * access is that of a UNIX-domain one, otherwise unused; unix_socket.h says
 * what becomes of a file that is in its way.  0, or -1, which was logged.
 */
int	 listener_add(struct listener *listener, struct endpoint *endpoint,
	    const struct socket_access *access,
	    const struct listener_user *user)
	    __attribute__((warn_unused_result));
/*
 * Take fd, a stream socket that somebody else made and listens already, and
 * say in endpoint where.  Its file is not ours to remove.  0, or -1, which was
 * logged, and fd is closed.
 */
int	 listener_adopt(struct listener *listener, int fd,
	    struct endpoint *endpoint, const struct listener_user *user)
	    __attribute__((warn_unused_result));
/* A connection that accepted() was given has ended. */
void	 listener_release(struct listener *listener);
/* Close the listening sockets and remove their files; connections live on. */
void	 listener_stop(struct listener *listener);
/* After listener_stop() and the loop's close callbacks. */
void	 listener_free(struct listener *listener);

#endif
