#ifndef EXPOSITION_H
#define EXPOSITION_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct histogram;

/*
 * Prometheus' text exposition format, version 0.0.4: families of samples, one
 * after the other.
 */

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum exposition_kind {
	EXPOSITION_COUNTER,
	EXPOSITION_GAUGE,
	EXPOSITION_HISTOGRAM
};

struct exposition {
	struct buf text;
	const char *family;	/* whose samples follow */
};

struct exposition_label {
	const char *name;
	const char *value;	/* any text */
};

/* What the numbers of a sample are multiples of. */
enum exposition_unit {
	EXPOSITION_ONE,
	EXPOSITION_MICROSECONDS,	/* told in seconds */
	EXPOSITION_MILLISECONDS
};

void	 exposition_init(struct exposition *exposition);
/* The whole text, with one reference; exposition is as after init. */
struct payload *exposition_end(struct exposition *exposition)
	    __attribute__((warn_unused_result));

/* Begin a family; its name is lent until the next one, help is any text. */
void	 exposition_family(struct exposition *exposition, const char *name,
	    enum exposition_kind kind, const char *help);
/* A sample of it, with count labels. */
void	 exposition_sample(struct exposition *exposition,
	    const struct exposition_label *labels, size_t count,
	    uint64_t value, enum exposition_unit unit);
/* The samples of a histogram, likewise. */
void	 exposition_histogram(struct exposition *exposition,
	    const struct exposition_label *labels, size_t count,
	    const struct histogram *histogram, enum exposition_unit unit);

#endif
