#ifndef ENDPOINT_H
#define ENDPOINT_H

#include <stdbool.h>
#include <sys/socket.h>

/*
 * Where a socket listens, as people write it: unix:/path, 192.0.2.1:9000,
 * [2001:db8::1]:9000, or *:9000 for all addresses, which is the same as
 * [::]:9000.  Addresses are numeric: nothing is looked up.
 */

/* "unix:" and the longest path, which has no room for a NUL, or name */
enum { ENDPOINT_TEXT_MAX = 113 };

struct endpoint {
	struct sockaddr_storage address;
	socklen_t len;
};

/*
 * Read an endpoint; port 0 stands for any free one.  Returns NULL, or what is
 * wrong with text in a few words.
 */
const char *endpoint_parse(const char *text, struct endpoint *endpoint)
	    __attribute__((warn_unused_result));

/* Whether only this machine reaches it: a UNIX-domain or loopback one. */
bool	 endpoint_is_local(const struct endpoint *endpoint);

/*
 * Write it as above.  The name of an abstract UNIX-domain socket begins with
 * '@'; it and a path are cut at a NUL.
 */
void	 endpoint_format(const struct endpoint *endpoint,
	    char out[ENDPOINT_TEXT_MAX + 1]);

#endif
