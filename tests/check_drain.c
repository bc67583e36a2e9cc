#include "suite.h"

#include "daemon/drain.h"

/* How connections are spread over the time to close them. */

const char suite_name[] = "drain";

static const struct {
	size_t	 count;
	uint64_t elapsed_ms;
	uint64_t duration_ms;
	size_t	 due;
} dues[] = {
	{ 0, 0, 5000, 0 }, { 1, 0, 5000, 1 },
	{ 2, 0, 5000, 1 }, { 2, 2499, 5000, 1 }, { 2, 2500, 5000, 2 },
	{ 3, 0, 1000, 1 }, { 3, 333, 1000, 1 }, { 3, 334, 1000, 2 },
	{ 3, 666, 1000, 2 }, { 3, 667, 1000, 3 }, { 3, 9999, 1000, 3 },
	{ 10000, 0, 5000, 1 }, { 10000, 1, 5000, 3 },
	{ 10000, 2500, 5000, 5001 }, { 10000, 4999, 5000, 9999 },
	{ 10000, 5000, 5000, 10000 },
	{ 10000000, 3599999, 3600000, 9999998 },
	{ 7, 0, 0, 7 },
};

START_TEST(the_first_is_due_at_once_and_the_others_evenly)
{
	ck_assert_uint_eq(drain_closed_by(dues[_i].count, dues[_i].elapsed_ms,
	    dues[_i].duration_ms), dues[_i].due);
}
END_TEST

START_TEST(every_next_one_is_due_when_it_is_said_to_be)
{
	static const size_t counts[] = { 1, 2, 3, 7, 999, 1000, 1001, 12345 };
	const uint64_t duration_ms = 1000;
	uint64_t at_ms;
	size_t i, due;

	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		due = drain_closed_by(counts[i], 0, duration_ms);
		while (due < counts[i]) {
			at_ms =
			    drain_next_close_ms(counts[i], due, duration_ms);
			ck_assert_uint_eq(drain_closed_by(counts[i], at_ms - 1,
			    duration_ms), due);
			ck_assert_uint_gt(drain_closed_by(counts[i], at_ms,
			    duration_ms), due);
			due = drain_closed_by(counts[i], at_ms, duration_ms);
		}
	}
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc,
	    the_first_is_due_at_once_and_the_others_evenly, 0,
	    sizeof(dues) / sizeof(dues[0]));
	tcase_add_test(tc, every_next_one_is_due_when_it_is_said_to_be);
}
