#ifndef HTTP_TEXT_H
#define HTTP_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Pieces of a request's head, len bytes that may be any, even NUL. */

/* Whether it is text in whatever case. */
bool	 http_text_is(const char *at, size_t len, const char *text);

/* How many bytes at its beginning are of the set. */
size_t	 http_text_span(const char *at, size_t len, const char *set);

/*
 * Its length without the white space at its end, which is no part of a value
 * (RFC 9110, section 5.5).
 */
size_t	 http_text_trim(const char *at, size_t len);

#endif
