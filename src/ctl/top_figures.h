#ifndef TOP_FIGURES_H
#define TOP_FIGURES_H

#include <stdio.h>

/* What "top" shows: how much there is, and how much came in some seconds. */

enum top_figure {
	TOP_SESSIONS,
	TOP_LOCKED,
	TOP_PRESENT,
	TOP_AWAITED,
	TOP_WEBSOCKETS,
	TOP_HTTP,
	TOP_FASTCGI,
	TOP_POLLS,		/* of those by HTTP and FastCGI */
	TOP_UPDATES,		/* from here on by the second */
	TOP_DELIVERIES,
	TOP_DELIVERY_P99,	/* milliseconds; INFINITY: more than is told */
	TOP_COMMITS,
	TOP_COMMIT_MEAN,	/* milliseconds; 0: there was none */
	TOP_COMMIT_P99,
	TOP_REFUSED,
	TOP_REFUSED_ALL,	/* since the start */
	TOP_CPU,		/* of one core, 1 for all of it */
	TOP_MEMORY,		/* bytes */
	TOP_FIGURES
};

enum { TOP_VERSION_BYTES = 32 };

struct top_figures {
	char	 version[TOP_VERSION_BYTES];
	double	 values[TOP_FIGURES];
};

/*
 * Make figures of two answers of /metrics, between which seconds went by.
 * NULL, or the family that one of them lacks.  If the daemon was started
 * between the two, nothing came.
 */
const char *top_figures_read(struct top_figures *figures, const char *before,
	    const char *after, double seconds)
	    __attribute__((warn_unused_result));

/* TOP_LINES lines for a reader. */
void	 top_figures_draw(FILE *out, const struct top_figures *figures);
enum { TOP_LINES = 7 };
/* An object, on a line of its own. */
void	 top_figures_write_json(FILE *out, const struct top_figures *figures);

#endif
