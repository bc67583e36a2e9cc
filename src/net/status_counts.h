#ifndef STATUS_COUNTS_H
#define STATUS_COUNTS_H

#include <stdint.h>

/* Answers of HTTP, counted by their status; there is a fixed set of them. */
enum { STATUS_COUNTS = 11 };

struct status_counts {
	uint64_t counts[STATUS_COUNTS];
};

void	 status_counts_add(struct status_counts *counts, unsigned status);
/* The status of the i-th count, as a label of metrics. */
const char *status_counts_name(unsigned i);

#endif
