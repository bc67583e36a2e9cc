#ifndef JSON_WRITE_H
#define JSON_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * JSON for administrators, written piece by piece into a buf.  What finds no
 * room ends the process: who writes keeps to a size that is bounded.
 */
struct json_write {
	struct buf buf;
	const char *comma;	/* in front of the next value */
};

/* Between begin and end come the members of an object. */
void	 json_write_begin(struct json_write *json, size_t max);
/* With a newline; the payload has one reference. */
struct payload *json_write_end(struct json_write *json)
	    __attribute__((warn_unused_result));

/* A key is NULL in an array, and needs no escapes. */
void	 json_write_text(struct json_write *json, const char *key,
	    const char *text, size_t len);
/* NULL is null. */
void	 json_write_string(struct json_write *json, const char *key,
	    const char *text);
void	 json_write_number(struct json_write *json, const char *key,
	    uint64_t value);
/* true, false or null. */
void	 json_write_literal(struct json_write *json, const char *key,
	    const char *literal);

/* A value that is JSON already. */
void	 json_write_json(struct json_write *json, const char *key,
	    const char *value, size_t len);

/* What stands between open and close is in an object or an array. */
void	 json_write_open(struct json_write *json, const char *key,
	    const char *bracket);
void	 json_write_close(struct json_write *json, const char *bracket);

#endif
