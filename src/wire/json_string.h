#ifndef JSON_STRING_H
#define JSON_STRING_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Strings in JSON that json_scan found to be valid, so that nothing is checked
 * here but what JSON itself leaves open.
 */

/* Behind the string whose first quote is at p. */
const char *json_string_end(const char *p);

/* Whether it has an escape of half a surrogate pair, which no UTF-8 has. */
bool	 json_string_has_lone_surrogate(const char *json, size_t len);

/*
 * The characters of a value of len bytes, quotes and all, to out, which has
 * room for len; there are *out_len of them.  -1 if the value is no string, or
 * has half of a surrogate pair.
 */
int	 json_string_decode(const char *value, size_t len, char *out,
	    size_t *out_len) __attribute__((warn_unused_result));

#endif
