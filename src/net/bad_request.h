#ifndef BAD_REQUEST_H
#define BAD_REQUEST_H

#include <stdint.h>

struct payload;

/*
 * Requests that were refused as malformed, or for a head that is too large,
 * before anybody looked at what they ask for.  Their clients may see nothing of
 * why, so the log says so, too: now and then, and without what they sent.
 */

/* What they were answered. */
enum bad_request_status {
	BAD_REQUEST_400,		/* malformed, or ambiguous */
	BAD_REQUEST_413,		/* a length has too many digits */
	BAD_REQUEST_414,		/* the target is too long */
	BAD_REQUEST_431,		/* the head is too large */
	BAD_REQUEST_OTHER,		/* a version that nobody knows */
	BAD_REQUEST_STATUSES
};

struct bad_requests {
	uint64_t counts[BAD_REQUEST_STATUSES];
	uint64_t unlogged;	/* since the last line */
	uint64_t next_ms;	/* when there may be another one */
};

/* One that came to name was answered so; now_ms is on any clock. */
void	 bad_request_count(struct bad_requests *refused, const char *name,
	    unsigned status, uint64_t now_ms);
/* The body of the answer, which says why. */
struct payload *bad_request_body(unsigned status)
	    __attribute__((warn_unused_result));
/* The status as a label of metrics. */
const char *bad_request_status_name(enum bad_request_status status);

#endif
