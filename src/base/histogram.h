#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

/*
 * How values are spread: how many are up to each of some fixed bounds, and the
 * sum of all.  Whole numbers of a unit that the bounds share.  A copy is a
 * histogram of its own.
 */

enum { HISTOGRAM_BOUNDS_MAX = 20 };

struct histogram {
	const uint64_t *bounds;	/* ascending and inclusive; a constant */
	size_t	 bounds_count;
	/* Those above the bound before; the last ones are above all bounds. */
	uint64_t counts[HISTOGRAM_BOUNDS_MAX + 1];
	uint64_t sum;
};

/* At most HISTOGRAM_BOUNDS_MAX bounds, which stay where they are. */
void	 histogram_init(struct histogram *histogram, const uint64_t *bounds,
	    size_t bounds_count);
void	 histogram_add(struct histogram *histogram, uint64_t value);
/* Add what another one of the same bounds has. */
void	 histogram_merge(struct histogram *histogram,
	    const struct histogram *other);
/* How many values were added. */
uint64_t histogram_count(const struct histogram *histogram);

#endif
