#include "histogram.h"

#include <assert.h>

void
histogram_init(struct histogram *histogram, const uint64_t *bounds,
    size_t bounds_count)
{
	assert(bounds_count <= HISTOGRAM_BOUNDS_MAX);
	*histogram = (struct histogram){
		.bounds = bounds,
		.bounds_count = bounds_count,
	};
}

void
histogram_add(struct histogram *histogram, uint64_t value)
{
	size_t i = 0;

	while (i < histogram->bounds_count && value > histogram->bounds[i])
		i++;
	histogram->counts[i]++;
	histogram->sum += value;
}

void
histogram_merge(struct histogram *histogram, const struct histogram *other)
{
	size_t i;

	assert(histogram->bounds == other->bounds);
	for (i = 0; i <= other->bounds_count; i++)
		histogram->counts[i] += other->counts[i];
	histogram->sum += other->sum;
}

uint64_t
histogram_count(const struct histogram *histogram)
{
	uint64_t count = 0;
	size_t i;

	for (i = 0; i <= histogram->bounds_count; i++)
		count += histogram->counts[i];
	return count;
}
