/* Times as people write them. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/timestamp.h"

#include "suite.h"

const char suite_name[] = "timestamp";

#define NOW UINT64_C(1795365264500)	/* 2026-11-22T16:34:24.500Z */
#define DAY UINT64_C(86400000)

/* A zone whose clocks go forward on 2026-03-29 at 2:00. */
static void
live_in_berlin(void)
{
	ck_assert_int_eq(setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1), 0);
	tzset();
}

START_TEST(times_are_read_in_all_their_forms)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} cases[] = {
		{ "2026-11-22T16:34:24Z", NOW - 500 },
		{ "2026-11-22t16:34:24.5z", NOW },
		{ "2026-11-22 16:34:24.5006Z", NOW },
		{ "2026-11-22T17:34:24.500+01:00", NOW },
		{ "2026-11-22T12:04:24.500-04:30", NOW },
		{ "2026-11-22T16:34Z", NOW - 24500 },
		{ "2026-11-22T17:34:24.5", NOW },
		{ "2026-07-01", UINT64_C(1782856800000) },
		{ "2026-03-29T03:00", UINT64_C(1774746000000) },
		{ "2016-12-31T23:59:60Z", UINT64_C(1483228800000) },
		{ "2024-02-29T00:00Z", UINT64_C(1709164800000) },
		{ "1970-01-01T00:00Z", 0 },
		{ "9999-12-31T23:59:59.999Z", UINT64_C(253402300799999) },
		{ "@0", 0 },
		{ "@1795365264.5", NOW },
		{ "now", NOW },
		{ "0s", NOW },
		{ "90s", NOW - 90000 },
		{ "15m ago", NOW - 900000 },
		{ "3d", NOW - 3 * DAY },
		{ "1w", NOW - 7 * DAY },
		{ "1d12h", NOW - DAY - DAY / 2 },
	};
	char problem[TIMESTAMP_PROBLEM_BYTES];
	uint64_t ms = 1;
	size_t i;

	live_in_berlin();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_msg(timestamp_parse(cases[i].text, NOW, &ms,
		    problem) == 0, "%s: %s", cases[i].text, problem);
		ck_assert_msg(ms == cases[i].ms, "%s", cases[i].text);
	}
}
END_TEST

START_TEST(what_is_no_time_is_refused_with_a_reason)
{
	static const struct {
		const char *text;
		const char *problem;
	} cases[] = {
		{ "", "not a time" }, { "yesterday", "not a time" },
		{ "2026", "not a time" }, { "2026-11", "not a time" },
		{ "2026-1-2", "not a time" }, { "2026-11-22T", "not a time" },
		{ "2026-11-22x", "not a time" },
		{ "2026-11-22T16", "not a time" },
		{ "2026-11-22T16:34:24.Z", "not a time" },
		{ "2026-11-22T24:00Z", "not a time" },
		{ "2026-11-22T16:60Z", "not a time" },
		{ "2026-11-22T16:34:61Z", "not a time" },
		{ "2026-11-22T16:34+1", "not a time" },
		{ "2026-11-22T16:34+24:00", "not a time" },
		{ "2026-11-22T16:34Zulu", "not a time" },
		{ "2026-11-22T16:34 CET", "not a time" },
		{ "2026-02-29", "no such day" },
		{ "2026-13-01", "no such day" },
		{ "2026-00-01", "no such day" },
		{ "2026-11-31", "no such day" },
		{ "1900-02-29", "no such day" },
		{ "1969-12-31T23:59Z", "before 1970" },
		{ "1970-01-01T00:00+00:01", "before 1970" },
		{ "9999-12-31T23:59:59-00:01", "after 9999" },
		{ "@", "not seconds" }, { "@-1", "not seconds" },
		{ "@1.", "not seconds" }, { "@1s", "not seconds" },
		{ "@99999999999999999999", "not seconds" },
		{ "3x", "long ago" }, { "3d2", "long ago" },
		{ "3days", "long ago" }, { "2h later", "long ago" },
		{ "20000w", "before 1970" },
		{ "99999999999999999999d", "long ago" },
		{ "253402300799w253402300799w", "before 1970" },
	};
	char problem[TIMESTAMP_PROBLEM_BYTES];
	uint64_t ms;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_msg(timestamp_parse(cases[i].text, NOW, &ms,
		    problem) == -1, "%s", cases[i].text);
		ck_assert_msg(strstr(problem, cases[i].problem) != NULL,
		    "%s: %s", cases[i].text, problem);
	}
}
END_TEST

START_TEST(times_are_shown_in_utc)
{
	char text[TIMESTAMP_CHARS + 1];

	live_in_berlin();
	timestamp_format(NOW, text);
	ck_assert_str_eq(text, "2026-11-22T16:34:24.500Z");
	timestamp_format(7, text);
	ck_assert_str_eq(text, "1970-01-01T00:00:00.007Z");
	timestamp_format(UINT64_MAX, text);
	ck_assert_str_eq(text, "9999-12-31T23:59:59.999Z");
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, times_are_read_in_all_their_forms);
	tcase_add_test(tc, what_is_no_time_is_refused_with_a_reason);
	tcase_add_test(tc, times_are_shown_in_utc);
}
