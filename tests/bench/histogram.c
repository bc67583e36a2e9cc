#include "histogram.h"

#include <stddef.h>

/*
 * A slot's number is its value's highest STEP_BITS + 1 bits, after as many
 * times 2^STEP_BITS as bits were dropped below them.
 */
static size_t
slot_of(uint64_t value)
{
	unsigned bits, dropped = 0;

	if (value >> HISTOGRAM_STEP_BITS > 1) {
		bits = 64 - (unsigned)__builtin_clzll(value);
		dropped = bits - HISTOGRAM_STEP_BITS - 1;
	}
	return ((size_t)dropped << HISTOGRAM_STEP_BITS) +
	    (size_t)(value >> dropped);
}

/* The value in the middle of a slot. */
static uint64_t
slot_value(size_t slot)
{
	const size_t step = (size_t)1 << HISTOGRAM_STEP_BITS;
	size_t dropped;

	if (slot < 2 * step)
		return slot;
	dropped = slot / step - 1;
	return ((slot - dropped * step) << dropped) + ((1ULL << dropped) >> 1);
}

void
histogram_add(struct histogram *histogram, uint64_t value)
{
	if (value >> HISTOGRAM_VALUE_BITS != 0)
		value = (1ULL << HISTOGRAM_VALUE_BITS) - 1;
	histogram->slots[slot_of(value)]++;
	histogram->count++;
	if (value > histogram->max)
		histogram->max = value;
}

void
histogram_merge(struct histogram *histogram, const struct histogram *other)
{
	size_t i;

	for (i = 0; i < HISTOGRAM_SLOTS; i++)
		histogram->slots[i] += other->slots[i];
	histogram->count += other->count;
	if (other->max > histogram->max)
		histogram->max = other->max;
}

uint64_t
histogram_quantile(const struct histogram *histogram, double q)
{
	uint64_t below = 0, value;
	size_t i;

	for (i = 0; i < HISTOGRAM_SLOTS; i++) {
		below += histogram->slots[i];
		if (below > 0 && (double)below >= q * (double)histogram->count)
			break;
	}
	if (i == HISTOGRAM_SLOTS)
		return histogram->max;
	value = slot_value(i);
	return value < histogram->max ? value : histogram->max;
}
