#ifndef HTTP_VALIDATE_H
#define HTTP_VALIDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http_target.h"

/*
 * What libmicrohttpd lets through although it is malformed, or means one thing
 * to one reader and another to the next (request smuggling): the head of each
 * request is looked at again, line by line, before anything of it is believed
 * (RFC 9112, sections 3, 5 and 6).
 */
struct http_validation {
	struct http_target target;	/* if nothing is malformed */
	bool	 is_malformed;		/* a line was, by itself */
	unsigned hosts;			/* lines of these fields */
	unsigned lengths;
	unsigned encodings;
	unsigned singles; /* bits: seen of those that may stand once */
	bool	 is_chunked;
	uint64_t content_length;	/* 0 without */
};

/* Begin with the request line. */
void	 http_validate_begin(struct http_validation *audit, const char *method,
	    const char *target, const char *version);
/* A header line as libmicrohttpd gives it: the value may hold a NUL. */
void	 http_validate_line(struct http_validation *audit, const char *name,
	    size_t name_len, const char *value, size_t value_len);
/* All lines were seen: whether the request may be served. */
bool	 http_validate_passes(const struct http_validation *audit,
	    const char *version);
/* Whether a body comes with it. */
bool	 http_validate_has_body(const struct http_validation *audit);

#endif
