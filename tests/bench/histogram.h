#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

/*
 * Counts of values in slots whose width is 1/128 of the value or less, so that
 * a quantile is told to within half a percent; the maximum is exact.  Values of
 * 2^48 and more are counted as 2^48 - 1.
 */

enum {
	HISTOGRAM_STEP_BITS = 7,
	HISTOGRAM_VALUE_BITS = 48,
	HISTOGRAM_SLOTS = (HISTOGRAM_VALUE_BITS - HISTOGRAM_STEP_BITS + 1) <<
	    HISTOGRAM_STEP_BITS
};

struct histogram {
	uint64_t count;
	uint64_t max;
	uint64_t slots[HISTOGRAM_SLOTS];
};

void	 histogram_add(struct histogram *histogram, uint64_t value);
/* Add what other counted. */
void	 histogram_merge(struct histogram *histogram,
	    const struct histogram *other);
/* The value that the part q (0 to 1) of all values does not exceed. */
uint64_t histogram_quantile(const struct histogram *histogram, double q);

#endif
