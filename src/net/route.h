#ifndef ROUTE_H
#define ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "session/refusal.h"
#include "session/session.h"

/* Which session a request is for, and whether its page may ask. */

enum { ROUTE_SESSION_MAX = SESSION_ID_MAX };

/*
 * Find the session id in a raw request target: the path behind base_path, up
 * to the query, without slashes at both ends.  base_path begins and ends with
 * a slash.  REFUSAL_NONE, and session is written with a NUL; REFUSAL_NOT_FOUND
 * for another path or an empty id; REFUSAL_INVALID_SESSION.
 */
enum refusal route_session(const char *base_path, const char *target,
	    char session[ROUTE_SESSION_MAX + 1]);

/* Whether len bytes are a session id. */
bool	 route_session_is_valid(const char *id, size_t len);

/* Whether text is scheme://host[:port] in lower case, as in RFC 6454. */
bool	 route_origin_is_valid(const char *text);

/*
 * Whether origin is one of the count allowed ones, or "*" is.  NULL, a request
 * without Origin, always passes.  Compared exactly, a default port omitted;
 * scheme and host without regard to case.
 */
bool	 route_origin_is_allowed(char *const *allowed, size_t count,
	    const char *origin);

#endif
