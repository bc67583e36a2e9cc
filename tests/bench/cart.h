#ifndef CART_H
#define CART_H

#include <stddef.h>
#include <stdint.h>

#include "span.h"

/*
 * The carts of the benchmark look like a shop's and are all of one length.
 * Their first member is a marker: whose cart it is, and a counter that goes up
 * with every update.  A multicart is read by looking for its markers alone:
 * '~' occurs nowhere else in it, and the rest of each cart is skipped.
 */

enum {
	CART_MIN_BYTES = 64,
	CART_MAX_BYTES = 16 * 1024 * 1024,
	CART_MEMBERS_MAX = 100000	/* five digits */
};

struct cart_kind {
	char	*text;		/* of the cart, with the marker's digits open */
	size_t	 len;
};

struct cart_marker {
	uint32_t member;	/* its number in the session */
	uint32_t counter;
};

/* Carts of exactly len bytes, CART_MIN_BYTES to CART_MAX_BYTES. */
void	 cart_kind_init(struct cart_kind *kind, size_t len);
void	 cart_kind_clear(struct cart_kind *kind);

/* Write the cart with this marker: kind->len bytes, no NUL. */
void	 cart_write(const struct cart_kind *kind,
	    const struct cart_marker *marker, char *out);
/*
 * Find the first marker of a multicart: what is behind its cart, or nothing if
 * there is none.
 */
struct span cart_find(const struct cart_kind *kind, struct span multicart,
	    struct cart_marker *marker);

#endif
