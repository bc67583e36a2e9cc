#ifndef QUERY_H
#define QUERY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The query of a URL, without '?', as forms write it (WHATWG URL,
 * application/x-www-form-urlencoded): parameters between '&', each a name, '='
 * and a value, where '+' is a space and %XX any byte.
 */

/* One parameter as it stands there; the strings are the query's. */
struct query_field {
	const char *name;	/* neither unescaped */
	size_t	 name_len;
	const char *value;	/* NULL without '=' */
	size_t	 value_len;
};

/*
 * Take the next parameter off the query, which is moved behind it; -1 if there
 * is none.  Of "a=1&" there is one, of "&a=1" two, the first without a name.
 */
int	 query_next(const char **query, struct query_field *field)
	    __attribute__((warn_unused_result));

/* Whether that is the field's name, which nobody escapes. */
bool	 query_field_is(const struct query_field *field, const char *name);

/*
 * Unescape a field's value into size bytes, a NUL behind it.  -1 if it has
 * none, or one that is no text: an escape is broken or of a NUL; or it does not
 * fit.  value is "" then.
 */
int	 query_decode(const struct query_field *field, char *value,
	    size_t size);

/* The value of a query's one parameter, which name is; else -1. */
int	 query_only(const char *query, const char *name, char *value,
	    size_t size) __attribute__((warn_unused_result));

/*
 * The value of the first parameter of that name that has one, "" if it is none
 * that query_decode() takes; -1 if there is no such parameter.
 */
int	 query_find(const char *query, const char *name, char *value,
	    size_t size);

#endif
