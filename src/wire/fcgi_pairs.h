#ifndef FCGI_PAIRS_H
#define FCGI_PAIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Name-value pairs that come in pieces (FastCGI Specification, section 3.4). */

enum fcgi_pairs_phase {
	FCGI_PAIRS_LENGTHS,
	FCGI_PAIRS_NAME,
	FCGI_PAIRS_VALUE
};

enum fcgi_pairs_step {
	FCGI_PAIRS_MORE,	/* the input is used up */
	FCGI_PAIRS_NAMED,	/* the name is whole */
	FCGI_PAIRS_VALUED	/* a piece of the value, the last if the phase
				   is FCGI_PAIRS_LENGTHS again */
};

/* All zero before the first pair. */
struct fcgi_pairs {
	uint32_t name_left;
	uint32_t value_left;
	uint16_t matches;	/* bit i: names[i] is what came of the name */
	uint8_t	 name_at;	/* bytes of it that have come, if it matches */
	uint8_t	 phase;
	uint8_t	 lengths[8];	/* as they came */
	uint8_t	 lengths_len;
};

struct fcgi_span {
	const uint8_t *data;
	size_t	 len;
};

/* Cut up to most bytes off the front. */
struct fcgi_span fcgi_span_take(struct fcgi_span *in, size_t most);

/*
 * Read on, up to the next thing to be told.  names, at most 16 of 1 to 255
 * bytes, end with NULL.
 */
enum fcgi_pairs_step fcgi_pairs_next(struct fcgi_pairs *pairs,
	    const char *const *names, struct fcgi_span *in,
	    struct fcgi_span *piece) __attribute__((warn_unused_result));

/* Whether the last pair is whole. */
bool	 fcgi_pairs_is_whole(const struct fcgi_pairs *pairs);

#endif
