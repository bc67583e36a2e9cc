#ifndef FCGI_ENCODE_H
#define FCGI_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* The records of our answers (FastCGI Specification 1.0). */

/* Section 8. */
enum {
	FCGI_VERSION_1 = 1,
	FCGI_NULL_REQUEST_ID = 0,

	FCGI_BEGIN_REQUEST = 1,
	FCGI_ABORT_REQUEST = 2,
	FCGI_END_REQUEST = 3,
	FCGI_PARAMS = 4,
	FCGI_STDIN = 5,
	FCGI_STDOUT = 6,
	FCGI_GET_VALUES = 9,
	FCGI_GET_VALUES_RESULT = 10,
	FCGI_UNKNOWN_TYPE = 11,

	FCGI_KEEP_CONN = 1,
	FCGI_RESPONDER = 1
};

enum fcgi_protocol_status {
	FCGI_REQUEST_COMPLETE = 0,
	FCGI_CANT_MPX_CONN = 1,
	FCGI_OVERLOADED = 2,
	FCGI_UNKNOWN_ROLE = 3
};

enum {
	FCGI_HEADER_BYTES = 8,
	FCGI_BODY_BYTES = 8, /* content of the records with fixed content */
	FCGI_END_BYTES = FCGI_HEADER_BYTES + FCGI_BODY_BYTES,
	FCGI_CONTENT_MAX = 65528,	/* of our records: needs no padding */
	FCGI_TAIL_MAX = 31
};

/* The padding that is recommended behind so much content (section 3.3). */
size_t	 fcgi_padding(size_t content_len);
/* The header of a record with that content and its padding. */
void	 fcgi_encode_header(uint8_t out[FCGI_HEADER_BYTES], uint8_t type,
	    uint16_t id, size_t content_len);
void	 fcgi_encode_end(uint8_t out[FCGI_END_BYTES], uint16_t id,
	    uint32_t app_status, enum fcgi_protocol_status status);
/* A pair whose value is a number in decimal; returns its length. */
size_t	 fcgi_encode_pair(uint8_t *out, const char *name, uint64_t value);

/*
 * Append len bytes to a request's STDOUT, in as many records as it takes; none
 * if len is 0.  0, or -1 as buf_append: then nothing was appended.
 */
int	 fcgi_append_stdout(struct buf *out, uint16_t id, const void *data,
	    size_t len) __attribute__((warn_unused_result));

/*
 * The same around bytes that are sent from where they lie.  The header of the
 * record for the next of len bytes; returns how many of them follow it, at most
 * FCGI_CONTENT_MAX.  With len 0 it is the end of STDOUT.
 */
size_t	 fcgi_encode_stdout_header(uint8_t out[FCGI_HEADER_BYTES], uint16_t id,
	    size_t len);
/*
 * What follows the last of len bytes: the padding, the end of STDOUT and
 * END_REQUEST.  Returns its length.
 */
size_t	 fcgi_encode_tail(uint8_t out[FCGI_TAIL_MAX], uint16_t id, size_t len,
	    uint32_t app_status);

#endif
