#include "top_figures.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "json_line.h"
#include "metric_text.h"
#include "printable.h"

#define COMMIT "buddyshopping_commit_duration_seconds"
#define DELIVERY "buddyshopping_delivery_latency_seconds"

enum {
	NUMBER_BYTES = 48,
	MS = 1000		/* in a second */
};

/* How a figure is made of a family's samples. */
enum making {
	MAKE_LEVEL,		/* as it is */
	MAKE_RATE,		/* how much came in a second */
	MAKE_BOUND,		/* what 99 % of a histogram were within */
	MAKE_MEAN		/* the mean of a histogram */
};

static const struct source {
	const char *key;	/* in JSON */
	const char *family;
	const char *labels;	/* NULL for all */
	enum making making;
} sources[TOP_FIGURES] = {
	[TOP_SESSIONS] = { "sessions", "buddyshopping_sessions", NULL,
	    MAKE_LEVEL },
	[TOP_LOCKED] = { "locked", "buddyshopping_sessions_locked", NULL,
	    MAKE_LEVEL },
	[TOP_PRESENT] = { "present", "buddyshopping_customers",
	    "state=\"present\"", MAKE_LEVEL },
	[TOP_AWAITED] = { "awaited", "buddyshopping_customers",
	    "state=\"awaited\"", MAKE_LEVEL },
	[TOP_WEBSOCKETS] = { "websockets", "buddyshopping_connections",
	    "transport=\"websocket\"", MAKE_LEVEL },
	[TOP_HTTP] = { "http", "buddyshopping_connections",
	    "transport=\"http\"", MAKE_LEVEL },
	[TOP_FASTCGI] = { "fastcgi", "buddyshopping_connections",
	    "transport=\"fastcgi\"", MAKE_LEVEL },
	[TOP_POLLS] = { "polls", "buddyshopping_held_polls", NULL,
	    MAKE_LEVEL },
	[TOP_UPDATES] = { "updates", "buddyshopping_messages_total",
	    "event=\"updateCart\",result=\"accepted\"", MAKE_RATE },
	[TOP_DELIVERIES] = { "deliveries", "buddyshopping_deliveries_total",
	    NULL, MAKE_RATE },
	[TOP_DELIVERY_P99] = { "deliveryP99", DELIVERY, NULL, MAKE_BOUND },
	[TOP_COMMITS] = { "commits", COMMIT "_count", NULL, MAKE_RATE },
	[TOP_COMMIT_MEAN] = { "commitMean", COMMIT, NULL, MAKE_MEAN },
	[TOP_COMMIT_P99] = { "commitP99", COMMIT, NULL, MAKE_BOUND },
	[TOP_REFUSED] = { "refused", "buddyshopping_refusals_total", NULL,
	    MAKE_RATE },
	[TOP_REFUSED_ALL] = { "refusedTotal", "buddyshopping_refusals_total",
	    NULL, MAKE_LEVEL },
	[TOP_CPU] = { "cpu", "process_cpu_seconds_total", NULL, MAKE_RATE },
	[TOP_MEMORY] = { "memory", "process_resident_memory_bytes", NULL,
	    MAKE_LEVEL },
};

static const char started[] = "process_start_time_seconds";

/* The mean of what came, in milliseconds; 0 if nothing did. */
static double
mean_ms(const char *family, const char *before, const char *after)
{
	char sum[128], count[128];
	double n;

	xsnprintf(sum, sizeof(sum), "%s_sum", family);
	xsnprintf(count, sizeof(count), "%s_count", family);
	n = metric_text_sum(after, count, NULL) -
	    metric_text_sum(before, count, NULL);
	return n <= 0 ? 0 : (metric_text_sum(after, sum, NULL) -
	    metric_text_sum(before, sum, NULL)) * MS / n;
}

static double
make_figure(const struct source *source, const char *before,
    const char *after, double seconds)
{
	double level = metric_text_sum(after, source->family, source->labels);

	switch (source->making) {
	case MAKE_LEVEL:
		return level;
	case MAKE_RATE:
		return (level - metric_text_sum(before, source->family,
		    source->labels)) / seconds;
	case MAKE_BOUND:
		return metric_text_bound(before, after, source->family,
		    0.99) * MS;
	case MAKE_MEAN:
		return mean_ms(source->family, before, after);
	}
	return 0;
}

/* Whether a text has what a figure is made of. */
static bool
has_source(const char *text, const struct source *source)
{
	char name[128];
	bool is_histogram = source->making == MAKE_BOUND ||
	    source->making == MAKE_MEAN;

	xsnprintf(name, sizeof(name), "%s%s", source->family,
	    is_histogram ? "_count" : "");
	return metric_text_sum(text, name, source->labels) >= 0;
}

const char *
top_figures_read(struct top_figures *figures, const char *before,
    const char *after, double seconds)
{
	size_t i;

	if (metric_text_sum(before, started, NULL) !=
	    metric_text_sum(after, started, NULL))
		before = after;
	metric_text_label(after, "buddyshopping_build_info", figures->version,
	    sizeof(figures->version));
	for (i = 0; i < TOP_FIGURES; i++) {
		if (!has_source(before, &sources[i]) ||
		    !has_source(after, &sources[i]))
			return sources[i].family;
		figures->values[i] = make_figure(&sources[i], before, after,
		    seconds);
	}
	return NULL;
}

/* "99 % within 5 ms". */
static void
draw_bound(FILE *out, double ms)
{
	if (ms == 0)
		(void)fputs("none", out);
	else if (isinf(ms))
		(void)fputs("more than 1 % very late", out);
	else
		(void)fprintf(out, "99 %% within %g ms", ms);
}

void
top_figures_draw(FILE *out, const struct top_figures *figures)
{
	const double *values = figures->values;

	(void)fputs("buddyshopping ", out);
	(void)printable_write(out, figures->version,
	    strlen(figures->version), SIZE_MAX);
	(void)fprintf(out, ", %.1f MB, %.0f %% of a core; q ends\n",
	    values[TOP_MEMORY] / 1e6, values[TOP_CPU] * 100);
	(void)fprintf(out, "%-12s %9.0f   %.0f locked\n", "sessions",
	    values[TOP_SESSIONS], values[TOP_LOCKED]);
	(void)fprintf(out, "%-12s %9.0f   %.0f absent and waited for\n",
	    "people", values[TOP_PRESENT], values[TOP_AWAITED]);
	(void)fprintf(out, "%-12s %9.0f   %.0f WebSocket, %.0f HTTP, %.0f "
	    "FastCGI; %.0f polls are held\n", "connections",
	    values[TOP_WEBSOCKETS] + values[TOP_HTTP] + values[TOP_FASTCGI],
	    values[TOP_WEBSOCKETS], values[TOP_HTTP], values[TOP_FASTCGI],
	    values[TOP_POLLS]);
	(void)fprintf(out, "%-12s %9.1f   %.1f multicarts shown, ",
	    "updates/s", values[TOP_UPDATES], values[TOP_DELIVERIES]);
	draw_bound(out, values[TOP_DELIVERY_P99]);
	(void)fprintf(out, "\n%-12s %9.1f   %.1f ms each, ", "commits/s",
	    values[TOP_COMMITS], values[TOP_COMMIT_MEAN]);
	draw_bound(out, values[TOP_COMMIT_P99]);
	(void)fprintf(out, "\n%-12s %9.1f   %.0f since the start\n",
	    "refused/s", values[TOP_REFUSED], values[TOP_REFUSED_ALL]);
}

void
top_figures_write_json(FILE *out, const struct top_figures *figures)
{
	char number[NUMBER_BYTES];
	struct json_line line;
	size_t i;

	json_line_begin(&line, out);
	json_line_string(&line, "version", figures->version);
	for (i = 0; i < TOP_FIGURES; i++) {
		xsnprintf(number, sizeof(number), "%.10g",
		    figures->values[i]);
		json_line_literal(&line, sources[i].key,
		    isinf(figures->values[i]) ? "null" : number);
	}
	json_line_end(&line);
}
