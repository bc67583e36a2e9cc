#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/metric_text.h"
#include "ctl/top_figures.h"

/* What "top" makes of two answers of /metrics. */

const char suite_name[] = "top_figures";

static const char before_text[] =
    "# HELP buddyshopping_build_info The version that runs; always 1.\n"
    "# TYPE buddyshopping_build_info gauge\n"
    "buddyshopping_build_info{version=\"1.2.3\"} 1\n"
    "buddyshopping_connections{transport=\"websocket\"} 5\n"
    "buddyshopping_connections{transport=\"http\"} 3\n"
    "buddyshopping_connections{transport=\"fastcgi\"} 2\n"
    "buddyshopping_connections_max 10000\n"
    "buddyshopping_held_polls{transport=\"http\"} 2\n"
    "buddyshopping_held_polls{transport=\"fastcgi\"} 1\n"
    "buddyshopping_sessions 4\n"
    "buddyshopping_sessions_locked 1\n"
    "buddyshopping_customers{state=\"present\"} 9\n"
    "buddyshopping_customers{state=\"awaited\"} 2\n"
    "buddyshopping_messages_total{event=\"updateCart\",result=\"accepted\"} 10\n"
    "buddyshopping_messages_total{event=\"updateCart\",result=\"refused\"} 7\n"
    "buddyshopping_refusals_total{code=\"a\"} 3\n"
    "buddyshopping_refusals_total{code=\"b\"} 4\n"
    "buddyshopping_deliveries_total{transport=\"websocket\"} 100\n"
    "buddyshopping_delivery_latency_seconds_bucket"
    "{transport=\"websocket\",le=\"0.005\"} 100\n"
    "buddyshopping_delivery_latency_seconds_bucket"
    "{transport=\"websocket\",le=\"+Inf\"} 100\n"
    "buddyshopping_delivery_latency_seconds_count"
    "{transport=\"websocket\"} 100\n"
    "buddyshopping_commit_duration_seconds_bucket{le=\"0.001\"} 50\n"
    "buddyshopping_commit_duration_seconds_bucket{le=\"0.0025\"} 50\n"
    "buddyshopping_commit_duration_seconds_bucket{le=\"0.01\"} 50\n"
    "buddyshopping_commit_duration_seconds_bucket{le=\"+Inf\"} 50\n"
    "buddyshopping_commit_duration_seconds_sum 0.05\n"
    "buddyshopping_commit_duration_seconds_count 50\n"
    "process_cpu_seconds_total 1.5\n"
    "process_resident_memory_bytes 45000000\n"
    "process_start_time_seconds 1700000000.25\n";

/* What another answer has instead. */
struct change {
	const char *from;
	const char *to;
};

static const struct change two_seconds_later[] = {
	{ "\"accepted\"} 10", "\"accepted\"} 30" },
	{ "code=\"b\"} 4", "code=\"b\"} 9" },
	{ "total{transport=\"websocket\"} 100",
	    "total{transport=\"websocket\"} 300" },
	{ "le=\"+Inf\"} 100", "le=\"+Inf\"} 300" },
	{ "count{transport=\"websocket\"} 100",
	    "count{transport=\"websocket\"} 300" },
	{ "le=\"0.0025\"} 50", "le=\"0.0025\"} 58" },
	{ "le=\"0.01\"} 50", "le=\"0.01\"} 60" },
	{ "{le=\"+Inf\"} 50", "{le=\"+Inf\"} 60" },
	{ "_sum 0.05", "_sum 0.08" },
	{ "_count 50", "_count 60" },
	{ "cpu_seconds_total 1.5", "cpu_seconds_total 2" },
	{ NULL, NULL },
};

/* The text with these changes; free() it. */
static char *
changed(const struct change *changes)
{
	char *text = strdup(before_text), *next;
	const char *at;

	for (; changes->from != NULL; changes++) {
		at = strstr(text, changes->from);
		ck_assert_msg(at != NULL, "%s", changes->from);
		ck_assert_int_ne(asprintf(&next, "%.*s%s%s", (int)(at - text),
		    text, changes->to, at + strlen(changes->from)), -1);
		free(text);
		text = next;
	}
	return text;
}

static void
read_later(struct top_figures *figures)
{
	char *after = changed(two_seconds_later);

	ck_assert_ptr_null(top_figures_read(figures, before_text, after, 2));
	free(after);
}

/* What write prints of figures; free() it. */
static char *
printed(void (*write)(FILE *out, const struct top_figures *figures),
    const struct top_figures *figures)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	write(out, figures);
	ck_assert_int_eq(fclose(out), 0);
	return text;
}

START_TEST(figures_are_drawn_in_lines)
{
	struct top_figures figures;
	size_t lines = 0, i;
	char *text;

	read_later(&figures);
	text = printed(top_figures_draw, &figures);

	ck_assert_str_eq(text,
	    "buddyshopping 1.2.3, 45.0 MB, 25 % of a core; q ends\n"
	    "sessions             4   1 locked\n"
	    "people               9   2 absent and waited for\n"
	    "connections         10   5 WebSocket, 3 HTTP, 2 FastCGI; "
	    "3 polls are held\n"
	    "updates/s         10.0   100.0 multicarts shown, "
	    "more than 1 % very late\n"
	    "commits/s          5.0   3.0 ms each, 99 % within 10 ms\n"
	    "refused/s          2.5   12 since the start\n");
	for (i = 0; text[i] != '\0'; i++)
		lines += text[i] == '\n';
	ck_assert_uint_eq(lines, TOP_LINES);
	free(text);
}
END_TEST

START_TEST(figures_are_an_object)
{
	struct top_figures figures;
	char *text;

	read_later(&figures);
	text = printed(top_figures_write_json, &figures);

	ck_assert_str_eq(text, "{\"version\":\"1.2.3\",\"sessions\":4,"
	    "\"locked\":1,\"present\":9,\"awaited\":2,\"websockets\":5,"
	    "\"http\":3,\"fastcgi\":2,\"polls\":3,\"updates\":10,"
	    "\"deliveries\":100,\"deliveryP99\":null,\"commits\":5,"
	    "\"commitMean\":3,\"commitP99\":10,\"refused\":2.5,"
	    "\"refusedTotal\":12,\"cpu\":0.25,\"memory\":45000000}\n");
	free(text);
}
END_TEST

START_TEST(nothing_came_is_no_time_at_all)
{
	struct top_figures figures;

	ck_assert_ptr_null(top_figures_read(&figures, before_text,
	    before_text, 1));
	ck_assert(figures.values[TOP_COMMIT_MEAN] == 0);
	ck_assert(figures.values[TOP_COMMIT_P99] == 0);
	ck_assert(figures.values[TOP_UPDATES] == 0);
	ck_assert(figures.values[TOP_SESSIONS] == 4);
}
END_TEST

/* It counts from 0 again. */
START_TEST(a_restart_takes_nothing_away)
{
	static const struct change restarted[] = {
		{ "start_time_seconds 17", "start_time_seconds 18" },
		{ "\"accepted\"} 10", "\"accepted\"} 3" },
		{ NULL, NULL },
	};
	char *after = changed(restarted);
	struct top_figures figures;

	ck_assert_ptr_null(top_figures_read(&figures, before_text, after, 1));
	ck_assert(figures.values[TOP_UPDATES] == 0);
	free(after);
}
END_TEST

START_TEST(a_family_that_is_not_there_is_named)
{
	static const struct change other[] = {
		{ "buddyshopping_held_polls", "another" },
		{ "buddyshopping_held_polls", "another" },
		{ NULL, NULL },
	};
	char *text = changed(other);
	struct top_figures figures;

	ck_assert_str_eq(top_figures_read(&figures, before_text, text, 1),
	    "buddyshopping_held_polls");
	ck_assert_str_eq(top_figures_read(&figures, text, before_text, 1),
	    "buddyshopping_held_polls");
	ck_assert_str_eq(top_figures_read(&figures, "", "{}", 1),
	    "buddyshopping_sessions");
	free(text);
}
END_TEST

static const struct {
	const char *text;
	double sum;
} sums[] = {
	{ "", -1 },
	{ "a", -1 },
	{ "a ", -1 },
	{ "a 1", 1 },
	{ "a 1\n", 1 },
	{ "a 1.5\na{l=\"x\"} 2\n", 3.5 },
	{ "ab 1\n b 2\n", -1 },
	{ "a{l=\"x y\"} 7\n", 7 },
	{ "a{ 7\n", 7 },
	{ "a} 7\n", -1 },
	{ "a x\n", -1 },
	{ "# a 4\na 2\n\n\na 1\n", 3 },
};

enum { SUMS = sizeof(sums) / sizeof(sums[0]) };

START_TEST(samples_are_summed)
{
	ck_assert(metric_text_sum(sums[_i].text, "a", NULL) == sums[_i].sum);
}
END_TEST

START_TEST(a_label_may_be_anything)
{
	char value[4];

	metric_text_label("a{v=\"1.2.3\"} 1\n", "a", value, sizeof(value));
	ck_assert_str_eq(value, "1.2");
	metric_text_label("a{v=\"", "a", value, sizeof(value));
	ck_assert_str_eq(value, "");
	metric_text_label("a{v=\"} 1\n", "a", value, sizeof(value));
	ck_assert_str_eq(value, "");
	metric_text_label("a 1\n", "a", value, sizeof(value));
	ck_assert_str_eq(value, "");
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, figures_are_drawn_in_lines);
	tcase_add_test(tc, figures_are_an_object);
	tcase_add_test(tc, nothing_came_is_no_time_at_all);
	tcase_add_test(tc, a_restart_takes_nothing_away);
	tcase_add_test(tc, a_family_that_is_not_there_is_named);
	tcase_add_loop_test(tc, samples_are_summed, 0, SUMS);
	tcase_add_test(tc, a_label_may_be_anything);
}
