#ifndef ADMIN_CLIENT_H
#define ADMIN_CLIENT_H

#include <stddef.h>

struct endpoint;

/*
 * One request to the daemon's admin socket, and its answer: HTTP/1.1 as the
 * daemon speaks it, with Content-Length and no more, and nothing else is taken
 * for an answer.
 */

enum { ADMIN_CLIENT_BODY_MAX = 1 << 28 };	/* bytes */

enum admin_client_status {
	ADMIN_CLIENT_ANSWERED,
	ADMIN_CLIENT_ABSENT,	/* nobody listens there; errno says why */
	ADMIN_CLIENT_FAILED	/* no whole answer came, which was logged */
};

struct admin_client_answer {
	unsigned status;	/* of HTTP */
	char	*body;		/* with a NUL; free() it */
};

/*
 * Ask, and wait for the answer for some seconds.  answer is filled in with
 * ADMIN_CLIENT_ANSWERED only.
 */
enum admin_client_status admin_client_ask(const struct endpoint *endpoint,
	    const char *method, const char *target,
	    struct admin_client_answer *answer);

/*
 * Read an answer of len bytes, which ends in a NUL besides and is written to;
 * -1 if it is not one, or not a whole one.
 */
int	 admin_client_parse(char *text, size_t len, unsigned *status,
	    const char **body) __attribute__((warn_unused_result));

#endif
