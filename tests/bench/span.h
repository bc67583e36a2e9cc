#ifndef SPAN_H
#define SPAN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A piece of somebody else's text, and a walk over JSON in it which finds the
 * extent of values without changing a byte of them.  It trusts the server to
 * send JSON: what it does not understand it does not find.
 */

struct span {
	const char *at;		/* NULL: nothing there */
	size_t	 len;
};

bool	 span_equals(struct span span, const char *text);

/* The value of an object's first member of that name. */
struct span span_member(struct span object, const char *name);
/* What is between the quotes of a string; nothing if it is not one. */
struct span span_string(struct span value);

/* What is between the brackets of an array, for span_next. */
struct span span_items(struct span array);
/* Take the next value off items; nothing behind the last. */
struct span span_next(struct span *items);

#endif
