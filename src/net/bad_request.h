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
enum refused_status {
	REFUSED_400,		/* malformed, or ambiguous */
	REFUSED_413,		/* a length has too many digits */
	REFUSED_414,		/* the target is too long */
	REFUSED_431,		/* the head is too large */
	REFUSED_OTHER,		/* a version that nobody knows */
	REFUSED_STATUSES
};

struct refused {
	uint64_t counts[REFUSED_STATUSES];
	uint64_t unlogged;	/* since the last line */
	uint64_t next_ms;	/* when there may be another one */
};

/* One that came to name was answered so; now_ms is on any clock. */
void	 refused_count(struct refused *refused, const char *name,
	    unsigned status, uint64_t now_ms);
/* The body of the answer, which says why. */
struct payload *refused_body(unsigned status)
	    __attribute__((warn_unused_result));
/* The status as a label of metrics. */
const char *refused_status_name(enum refused_status status);

#endif
