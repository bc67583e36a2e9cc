#ifndef ORIGIN_H
#define ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

/* Origins, the Origin header field and the list of allowed ones (RFC 6454). */

/* Whether text is scheme://host[:port] in lower case. */
bool	 origin_is_valid(const char *text);

/*
 * Whether origin is one of the count allowed ones, or "*" is.  NULL, a request
 * without Origin, always passes.  Compared exactly, a default port omitted;
 * scheme and host without regard to case.
 */
bool	 origin_is_allowed(char *const *allowed, size_t count,
	    const char *origin);

#endif
