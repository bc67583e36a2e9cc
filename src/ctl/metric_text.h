#ifndef METRIC_TEXT_H
#define METRIC_TEXT_H

#include <stddef.h>

/*
 * What the daemon's /metrics says, in Prometheus' text format.  A part of the
 * labels is what stands between the braces, or a piece of that, as
 * "transport=\"http\"".
 */

/*
 * The sum of the samples of that name that have the labels, NULL for any; -1 if
 * there is none.
 */
double	 metric_text_sum(const char *text, const char *name,
	    const char *labels);
/*
 * The first label of the name's first sample, at most size - 1 bytes of it, ""
 * for none.
 */
void	 metric_text_label(const char *text, const char *name, char *value,
	    size_t size);
/*
 * The lowest bound of the histogram's that the share of what came between two
 * texts is within, over all labels: 0 if nothing came, INFINITY if no bound is
 * high enough.
 */
double	 metric_text_bound(const char *before, const char *after,
	    const char *name, double share);

#endif
