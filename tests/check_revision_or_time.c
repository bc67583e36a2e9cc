#include "suite.h"

#include "audit/replay.h"
#include "ctl/revision_or_time.h"

const char suite_name[] = "revision_or_time";

enum { NOW_MS = 1000000 };

START_TEST(a_revision_is_read_with_and_without_its_incarnation)
{
	static const struct {
		const char *text;
		uint64_t incarnation, revision;
	} rows[] = {
		{ "1", 0, 1 },
		{ "12", 0, 12 },
		{ "3.7", 3, 7 },
		{ "18446744073709551615", 0, UINT64_MAX },
	};
	char problem[TIMESTAMP_PROBLEM_BYTES];
	struct audit_point point;

	ck_assert_int_eq(revision_or_time_parse(rows[_i].text, NOW_MS, &point,
			     problem),
	    0);
	ck_assert_int_eq(point.moment, AUDIT_REVISION);
	ck_assert_uint_eq(point.incarnation, rows[_i].incarnation);
	ck_assert_uint_eq(point.revision, rows[_i].revision);
}
END_TEST

START_TEST(anything_else_is_a_time)
{
	char problem[TIMESTAMP_PROBLEM_BYTES];
	struct audit_point point;

	ck_assert_int_eq(revision_or_time_parse("10s", NOW_MS, &point, problem),
	    0);
	ck_assert_int_eq(point.moment, AUDIT_TIME);
	ck_assert_uint_eq(point.time_ms, NOW_MS - 10000);
}
END_TEST

START_TEST(what_is_neither_is_refused_with_a_word)
{
	static const char *const texts[] = { "", "0", "1.0", "0.1", "1.", ".1",
	    "1.2.3", "18446744073709551616", "-1", "x", "1 2", "+1" };
	char problem[TIMESTAMP_PROBLEM_BYTES] = "";
	struct audit_point point;

	ck_assert_int_eq(revision_or_time_parse(texts[_i], NOW_MS, &point,
			     problem),
	    -1);
	ck_assert_str_ne(problem, "");
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc,
	    a_revision_is_read_with_and_without_its_incarnation, 0, 4);
	tcase_add_test(tc, anything_else_is_a_time);
	tcase_add_loop_test(tc, what_is_neither_is_refused_with_a_word, 0, 12);
}
