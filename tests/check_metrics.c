#include "suite.h"

#include <stdlib.h>
#include <string.h>

#include "admin/exposition.h"
#include "admin/metrics.h"
#include "admin/probes.h"
#include "base/xalloc.h"
#include "net/exchange.h"

/* What a monitoring system is told, and in which format. */

const char suite_name[] = "metrics";

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The text is exactly that. */
static void
expect_text(struct exposition *out, const char *text)
{
	struct payload *payload = exposition_end(out);

	ck_assert_str_eq(payload->data, text);
	payload_unref(payload);
}

START_TEST(a_family_has_help_type_and_samples)
{
	const struct exposition_label labels[] = {
		{ "a", "x" }, { "b", "y" },
	};
	struct exposition out;

	exposition_init(&out);
	exposition_family(&out, "shop_things_total", EXPOSITION_COUNTER,
	    "Things.");
	exposition_sample(&out, NULL, 0, 0, EXPOSITION_ONE);
	exposition_sample(&out, labels, 1, UINT64_MAX, EXPOSITION_ONE);
	exposition_sample(&out, labels, 2, 7, EXPOSITION_ONE);
	exposition_family(&out, "shop_room", EXPOSITION_GAUGE, "Room.");
	expect_text(&out, "# HELP shop_things_total Things.\n"
	    "# TYPE shop_things_total counter\n"
	    "shop_things_total 0\n"
	    "shop_things_total{a=\"x\"} 18446744073709551615\n"
	    "shop_things_total{a=\"x\",b=\"y\"} 7\n"
	    "# HELP shop_room Room.\n"
	    "# TYPE shop_room gauge\n");
}
END_TEST

START_TEST(help_and_labels_are_escaped)
{
	const struct exposition_label labels[] = {
		{ "a", "back\\slash \"quoted\"\nline" }, { "b", "" },
		{ "c", "\\" }, { "d", "\n\n\"\"" },
	};
	struct exposition out;

	exposition_init(&out);
	exposition_family(&out, "x", EXPOSITION_GAUGE,
	    "back\\slash \"quoted\"\nline\\");
	exposition_sample(&out, labels, COUNT(labels), 1, EXPOSITION_ONE);
	expect_text(&out,
	    "# HELP x back\\\\slash \"quoted\"\\nline\\\\\n# TYPE x gauge\n"
	    "x{a=\"back\\\\slash \\\"quoted\\\"\\nline\",b=\"\","
	    "c=\"\\\\\",d=\"\\n\\n\\\"\\\"\"} 1\n");
}
END_TEST

START_TEST(times_are_told_in_seconds_without_loss)
{
	static const struct {
		uint64_t value;
		enum exposition_unit unit;
		const char *text;
	} cases[] = {
		{ 0, EXPOSITION_MICROSECONDS, "x 0\n" },
		{ 1, EXPOSITION_MICROSECONDS, "x 0.000001\n" },
		{ 250, EXPOSITION_MICROSECONDS, "x 0.00025\n" },
		{ 999999, EXPOSITION_MICROSECONDS, "x 0.999999\n" },
		{ 1000000, EXPOSITION_MICROSECONDS, "x 1\n" },
		{ 10000000, EXPOSITION_MICROSECONDS, "x 10\n" },
		{ 12500000, EXPOSITION_MICROSECONDS, "x 12.5\n" },
		{ UINT64_MAX, EXPOSITION_MICROSECONDS,
		    "x 18446744073709.551615\n" },
		{ 1700000000001, EXPOSITION_MILLISECONDS,
		    "x 1700000000.001\n" },
		{ 100, EXPOSITION_ONE, "x 100\n" },
	};
	struct exposition out;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		exposition_init(&out);
		out.family = "x";
		exposition_sample(&out, NULL, 0, cases[i].value,
		    cases[i].unit);
		expect_text(&out, cases[i].text);
	}
}
END_TEST

START_TEST(buckets_of_a_histogram_hold_those_below_them)
{
	static const uint64_t bounds[] = { 500, 1000, 2500000 };
	const struct exposition_label label = { "t", "x" };
	struct histogram histogram;
	struct exposition out;

	histogram_init(&histogram, bounds, COUNT(bounds));
	histogram_add(&histogram, 500);
	histogram_add(&histogram, 501);
	histogram_add(&histogram, 1);
	histogram_add(&histogram, 3000000);
	exposition_init(&out);
	out.family = "x";
	exposition_histogram(&out, NULL, 0, &histogram,
	    EXPOSITION_MICROSECONDS);
	exposition_histogram(&out, &label, 1, &histogram, EXPOSITION_ONE);
	expect_text(&out, "x_bucket{le=\"0.0005\"} 2\n"
	    "x_bucket{le=\"0.001\"} 3\n"
	    "x_bucket{le=\"2.5\"} 3\n"
	    "x_bucket{le=\"+Inf\"} 4\n"
	    "x_sum 3.001002\n"
	    "x_count 4\n"
	    "x_bucket{t=\"x\",le=\"500\"} 2\n"
	    "x_bucket{t=\"x\",le=\"1000\"} 3\n"
	    "x_bucket{t=\"x\",le=\"2500000\"} 3\n"
	    "x_bucket{t=\"x\",le=\"+Inf\"} 4\n"
	    "x_sum{t=\"x\"} 3001002\n"
	    "x_count{t=\"x\"} 4\n");
}
END_TEST

static void
collect(void *ctx, struct metrics *metrics)
{
	*metrics = *(const struct metrics *)ctx;
}

/* Ask for path of what has these metrics; the status, 0 for no answer. */
static unsigned
ask(const struct metrics *metrics, const char *path, struct payload **body)
{
	struct metrics copy = *metrics;
	const struct probes probes = { .collect = collect, .ctx = &copy };
	struct exchange_answer answer = { .status = 0 };

	if (!probes_answer(&probes, path, strlen(path), &answer))
		return 0;
	*body = answer.body;
	return answer.status;
}

/* The number of the one sample with that name and these labels. */
static uint64_t
value_of(const struct metrics *metrics, const char *sample)
{
	struct payload *text = metrics_format(metrics);
	size_t len = strlen(sample);
	const char *line = text->data;
	uint64_t value = UINT64_MAX;

	for (; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, sample, len) != 0 || line[len] != ' ')
			continue;
		ck_assert_msg(value == UINT64_MAX, "twice: %s", sample);
		value = strtoull(line + len, NULL, 10);
	}
	ck_assert_msg(value != UINT64_MAX, "not there: %s", sample);
	payload_unref(text);
	return value;
}

START_TEST(refusals_are_those_of_all_modules)
{
	struct metrics metrics = { .hub.sessions = 5 };

	metrics.hub.refusals[REFUSAL_LEFT_SESSION] = 1;
	metrics.longpolls.refusals[REFUSAL_SHUTTING_DOWN] = 2;
	metrics.longpolls.refusals[REFUSAL_LEFT_SESSION] = 3;
	metrics.router.refusals[REFUSAL_LEFT_SESSION] = 4;
	ck_assert_uint_eq(value_of(&metrics, "buddyshopping_sessions"), 5);
	ck_assert_uint_eq(value_of(&metrics,
	    "buddyshopping_refusals_total{code=\"leftSession\"}"), 8);
	ck_assert_uint_eq(value_of(&metrics,
	    "buddyshopping_refusals_total{code=\"shuttingDown\"}"), 2);
	ck_assert_uint_eq(value_of(&metrics,
	    "buddyshopping_refusals_total{code=\"invalidJson\"}"), 0);
}
END_TEST

START_TEST(deliveries_are_those_of_each_transport)
{
	struct metrics metrics = { .ws.deliveries.multicarts = 1 };

	metrics.longpolls.deliveries[TRANSPORT_HTTP].multicarts = 2;
	metrics.longpolls.deliveries[TRANSPORT_FASTCGI].multicarts = 3;
	ck_assert_uint_eq(value_of(&metrics, "buddyshopping_deliveries_total"
	    "{transport=\"websocket\"}"), 1);
	ck_assert_uint_eq(value_of(&metrics, "buddyshopping_deliveries_total"
	    "{transport=\"http\"}"), 2);
	ck_assert_uint_eq(value_of(&metrics, "buddyshopping_deliveries_total"
	    "{transport=\"fastcgi\"}"), 3);
}
END_TEST

START_TEST(a_list_that_came_after_the_clock_was_read_takes_no_time)
{
	struct metrics metrics = { .now_us = 7000000 };

	metrics.writer.busy_since_us = 7000001;
	ck_assert_uint_eq(value_of(&metrics,
	    "buddyshopping_storage_busy_seconds"), 0);
	metrics.writer.busy_since_us = 4000000;
	ck_assert_uint_eq(value_of(&metrics,
	    "buddyshopping_storage_busy_seconds"), 3);
	metrics.writer.busy_since_us = 0;
	ck_assert_uint_eq(value_of(&metrics,
	    "buddyshopping_storage_busy_seconds"), 0);
}
END_TEST

START_TEST(retention_is_behind_by_seconds)
{
	const struct metrics metrics = { .hub.retention_behind_ms = 5000 };

	ck_assert_uint_eq(value_of(&metrics,
	    "buddyshopping_retention_behind_seconds"), 5);
}
END_TEST

static size_t
lines_of(const struct metrics *metrics)
{
	struct payload *text = metrics_format(metrics);
	size_t lines = 0;
	const char *at;

	ck_assert_uint_lt(text->len, 65536);
	for (at = text->data; *at != '\0'; at++)
		lines += *at == '\n';
	payload_unref(text);
	return lines;
}

START_TEST(there_are_as_many_samples_whatever_happens)
{
	struct metrics metrics = { .now_us = 1 };
	size_t lines = lines_of(&metrics);

	memset(&metrics.hub, 0x7f, sizeof(metrics.hub));
	memset(&metrics.router, 0x7f, sizeof(metrics.router));
	memset(&metrics.http, 0x7f, sizeof(metrics.http));
	ck_assert_uint_gt(lines, 100);
	ck_assert_uint_eq(lines_of(&metrics), lines);
}
END_TEST

START_TEST(only_three_paths_are_answered)
{
	static const struct {
		const char *path;
		unsigned status;
	} cases[] = {
		{ "/metrics", 200 }, { "/healthz", 200 }, { "/readyz", 200 },
		{ "/", 0 }, { "/metric", 0 },
		{ "/metrics/", 0 }, { "/metricss", 0 }, { "*", 0 },
		{ "//metrics", 0 }, { "", 0 },
	};
	const struct metrics metrics = { .now_us = 1 };
	struct payload *body;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		body = NULL;
		ck_assert_msg(ask(&metrics, cases[i].path, &body) ==
		    cases[i].status, "%s", cases[i].path);
		ck_assert((body != NULL) == (cases[i].status != 0));
		payload_unref(body);
	}
}
END_TEST

START_TEST(health_has_its_reasons)
{
	enum { NOW_S = 1000 };
	static const struct {
		struct health_signs signs;	/* in seconds */
		enum health health;
	} cases[] = {
		{ { false, NOW_S, 0, 0, false }, HEALTH_READY },
		{ { true, NOW_S, 0, 0, false }, HEALTH_DRAINING },
		{ { true, NOW_S, NOW_S, NOW_S - 60, false }, HEALTH_DRAINING },
		{ { false, NOW_S, NOW_S, 0, false }, HEALTH_REFUSED },
		{ { false, NOW_S, NOW_S - 14, 0, false }, HEALTH_REFUSED },
		{ { false, NOW_S, NOW_S - 15, 0, false }, HEALTH_READY },
		{ { false, NOW_S, 0, NOW_S - 4, false }, HEALTH_READY },
		{ { false, NOW_S, 0, NOW_S - 5, false }, HEALTH_STUCK },
		{ { false, NOW_S, 0, NOW_S + 1, false }, HEALTH_READY },
		{ { false, NOW_S, NOW_S, NOW_S - 5, false }, HEALTH_STUCK },
		{ { false, NOW_S, 0, 0, true }, HEALTH_UNREACHABLE },
		{ { false, NOW_S, 0, NOW_S - 5, true }, HEALTH_UNREACHABLE },
		{ { true, NOW_S, 0, 0, true }, HEALTH_DRAINING },
	};
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		struct health_signs signs = cases[i].signs;

		signs.now_us *= 1000000;
		signs.refused_us *= 1000000;
		signs.busy_since_us *= 1000000;
		ck_assert_msg(health_judge(&signs) == cases[i].health,
		    "case %zu", i);
	}
}
END_TEST

START_TEST(who_is_not_ready_says_why)
{
	static const struct {
		enum health health;
		unsigned status;
		const char *body;
	} cases[] = {
		{ HEALTH_READY, 200, "{\"ready\":true}\n" },
		{ HEALTH_DRAINING, 503, "{\"ready\":false,\"reason\":"
		    "\"draining\",\"message\":\"The daemon is stopping.\"}\n" },
		{ HEALTH_REFUSED, 503, "{\"ready\":false,\"reason\":"
		    "\"storageRefused\",\"message\":\"Changes could not be "
		    "written to the database; the log says why.\"}\n" },
		{ HEALTH_STUCK, 503, "{\"ready\":false,\"reason\":"
		    "\"storageStuck\",\"message\":\"The storage does not "
		    "come back.\"}\n" },
		{ HEALTH_UNREACHABLE, 503, "{\"ready\":false,\"reason\":"
		    "\"storageUnreachable\",\"message\":\"The database's "
		    "server cannot be reached.\"}\n" },
	};
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		const struct metrics metrics = { .health = cases[i].health };
		struct payload *body;

		ck_assert_uint_eq(ask(&metrics, "/readyz", &body),
		    cases[i].status);
		ck_assert_str_eq(body->data, cases[i].body);
		payload_unref(body);
		ck_assert_uint_eq(value_of(&metrics, "buddyshopping_ready"),
		    cases[i].health == HEALTH_READY);
	}
}
END_TEST

START_TEST(the_process_knows_itself)
{
	struct process_figures before, after;
	char *bytes;

	process_read(&before);
	bytes = xcalloc(1, 64 << 20);
	memset(bytes, 1, 64 << 20);
	process_read(&after);
	ck_assert_int_eq(bytes[12345], 1);
	free(bytes);
	ck_assert_uint_gt(before.virtual_bytes, before.resident_bytes);
	ck_assert_uint_ge(after.resident_bytes,
	    before.resident_bytes + (60 << 20));
	ck_assert_uint_ge(after.cpu_us, before.cpu_us);
	ck_assert_uint_ge(after.max_fds, 3);
	ck_assert(after.open_fds == 0 || after.open_fds >= 2);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, a_family_has_help_type_and_samples);
	tcase_add_test(tc, help_and_labels_are_escaped);
	tcase_add_test(tc, times_are_told_in_seconds_without_loss);
	tcase_add_test(tc, buckets_of_a_histogram_hold_those_below_them);
	tcase_add_test(tc, refusals_are_those_of_all_modules);
	tcase_add_test(tc, deliveries_are_those_of_each_transport);
	tcase_add_test(tc,
	    a_list_that_came_after_the_clock_was_read_takes_no_time);
	tcase_add_test(tc, retention_is_behind_by_seconds);
	tcase_add_test(tc, there_are_as_many_samples_whatever_happens);
	tcase_add_test(tc, only_three_paths_are_answered);
	tcase_add_test(tc, health_has_its_reasons);
	tcase_add_test(tc, who_is_not_ready_says_why);
	tcase_add_test(tc, the_process_knows_itself);
}
