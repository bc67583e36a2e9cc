#ifndef JSON_SCAN_H
#define JSON_SCAN_H

#include <stddef.h>

#include "base/buf.h"

/*
 * A strict reader of JSON text (RFC 8259) in UTF-8 (RFC 3629) that builds
 * nothing: it says whether a text is JSON and where in it the values of an
 * object's members stand, so that a value can be passed on byte for byte.
 * Escapes of lone surrogates and of NUL are JSON, and are accepted here.
 */

enum {
	JSON_DEPTH_MAX = 64,	/* the deepest nesting that can be asked for */
	JSON_MEMBERS_MAX = 64	/* of an object whose members are wanted */
};

enum json_status {
	JSON_OK,
	JSON_INVALID,		/* not JSON, not UTF-8, or nested too deep */
	JSON_NOT_OBJECT,	/* valid, but another value than an object */
	JSON_TOO_MANY,		/* more than JSON_MEMBERS_MAX members */
	JSON_AMBIGUOUS		/* a key is escaped or repeated */
};

struct json_member {
	const char *key;	/* between its quotes, escapes not decoded */
	size_t	 key_len;
	const char *value;	/* first byte of the value */
	size_t	 value_len;
	size_t	 space;		/* bytes of white space between its tokens */
};

/* An object that was scanned. */
struct json_members {
	enum json_status status;
	size_t	 count;
	struct json_member list[JSON_MEMBERS_MAX]; /* in their order */
};

/*
 * Scan text, which must be one JSON value with nothing but white space around
 * it, nested at most max_depth deep.  What members of it says is returned, too.
 * The value of its member inner_key goes to inner in the same way; without such
 * a member that is JSON_NOT_OBJECT.  The lists are complete with JSON_OK only.
 */
enum json_status json_scan_object(const char *text, size_t len,
	    size_t max_depth, struct json_members *members,
	    const char *inner_key, struct json_members *inner)
	    __attribute__((warn_unused_result));

/* The first member with that key, or NULL. */
const struct json_member *json_find(const struct json_members *members,
	    const char *key);

/*
 * Append the value of a member to buf without the white space between its
 * tokens: value_len less space bytes.  -1 if buf is full.
 */
int	 json_minify(struct buf *buf, const struct json_member *member)
	    __attribute__((warn_unused_result));

#endif
