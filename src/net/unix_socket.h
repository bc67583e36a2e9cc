#ifndef UNIX_SOCKET_H
#define UNIX_SOCKET_H

#include <sys/types.h>
#include <sys/un.h>

struct endpoint;
struct socket_access;

/* Listening sockets in the file system. */

/* The file that was made, to know it again. */
struct unix_socket_file {
	char	 path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	dev_t	 device;
	ino_t	 inode;
};

/*
 * Make the socket, and nobody can connect before access holds.  A socket that
 * nobody listens on any more is replaced; anything else in its place is not.
 * Returns a descriptor that is bound, non-blocking and close-on-exec, or -1,
 * which was logged.
 */
int	 unix_socket_bind(const struct endpoint *endpoint,
	    const struct socket_access *access,
	    struct unix_socket_file *file)
	    __attribute__((warn_unused_result));

/* Remove the file, unless something else has taken its place. */
void	 unix_socket_remove(const struct unix_socket_file *file);

#endif
