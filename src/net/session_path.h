#ifndef SESSION_PATH_H
#define SESSION_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "session/refusal.h"
#include "session/session.h"
#include "wire/http_target.h"

/* Which session a request is for, and whether its page may ask. */

/*
 * Find the session id in a target: the normal form of its path behind
 * base_path, without a slash at the end.  base_path is in normal form, and
 * begins and ends with a slash.  REFUSAL_NONE, and session is written with a
 * NUL; REFUSAL_NOT_FOUND for another path or an empty id;
 * REFUSAL_INVALID_SESSION, also where segments . and .. lead to neither.
 */
enum refusal session_path_parse(const char *base_path,
	    const struct http_target *target,
	    char session[SESSION_ID_MAX + 1]);

/* The normal form of a target's path, which is the caller's to free. */
char	*session_path_normalize(const struct http_target *target);

/*
 * Whether a target's path is, in normal form, that of file below base_path; ""
 * is base_path itself.
 */
bool	 session_path_is_file(const char *base_path, const char *file,
	    const struct http_target *target);

#endif
