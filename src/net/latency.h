#ifndef LATENCY_H
#define LATENCY_H

#include <stdint.h>

#include "base/histogram.h"

struct outbox_news;

/* Multicarts that were written to clients of one transport. */
struct latency_counts {
	uint64_t multicarts;
	/* From the receipt of the oldest change that a multicart was the first
	 * to show to this client, to the write of its last byte. */
	struct histogram latency_us;
};

void	 latency_init(struct latency_counts *counts);
/* The last byte was written of what shows news, if it shows any. */
void	 latency_add(struct latency_counts *counts,
	    const struct outbox_news *news);

#endif
