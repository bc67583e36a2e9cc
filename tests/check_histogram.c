#include "suite.h"

#include "base/histogram.h"

/* How values are spread over bounds. */

const char suite_name[] = "histogram";

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const uint64_t bounds[] = { 0, 10, 100 };

START_TEST(a_new_one_is_empty)
{
	struct histogram histogram;
	size_t i;

	histogram_init(&histogram, bounds, COUNT(bounds));
	ck_assert_uint_eq(histogram_count(&histogram), 0);
	ck_assert_uint_eq(histogram.sum, 0);
	for (i = 0; i <= HISTOGRAM_BOUNDS_MAX; i++)
		ck_assert_uint_eq(histogram.counts[i], 0);
}
END_TEST

START_TEST(a_value_counts_up_to_the_first_bound_that_it_is_not_above)
{
	static const struct {
		uint64_t value;
		size_t	 at;
	} cases[] = {
		{ 0, 0 }, { 1, 1 }, { 9, 1 }, { 10, 1 }, { 11, 2 },
		{ 100, 2 }, { 101, 3 }, { UINT64_MAX, 3 },
	};
	size_t i, at;

	for (i = 0; i < COUNT(cases); i++) {
		struct histogram histogram;

		histogram_init(&histogram, bounds, COUNT(bounds));
		histogram_add(&histogram, cases[i].value);
		for (at = 0; at <= COUNT(bounds); at++)
			ck_assert_msg(histogram.counts[at] ==
			    (at == cases[i].at), "case %zu, count %zu", i, at);
		ck_assert_uint_eq(histogram.sum, cases[i].value);
	}
}
END_TEST

START_TEST(counts_and_sum_add_up)
{
	struct histogram histogram;
	uint64_t value;

	histogram_init(&histogram, bounds, COUNT(bounds));
	for (value = 0; value <= 200; value++)
		histogram_add(&histogram, value);
	ck_assert_uint_eq(histogram.counts[0], 1);
	ck_assert_uint_eq(histogram.counts[1], 10);
	ck_assert_uint_eq(histogram.counts[2], 90);
	ck_assert_uint_eq(histogram.counts[3], 100);
	ck_assert_uint_eq(histogram_count(&histogram), 201);
	ck_assert_uint_eq(histogram.sum, 200 * 201 / 2);
}
END_TEST

START_TEST(all_bounds_may_be_used_or_none)
{
	uint64_t many[HISTOGRAM_BOUNDS_MAX];
	struct histogram histogram;
	size_t i;

	for (i = 0; i < COUNT(many); i++)
		many[i] = i;
	histogram_init(&histogram, many, COUNT(many));
	histogram_add(&histogram, HISTOGRAM_BOUNDS_MAX);
	ck_assert_uint_eq(histogram.counts[HISTOGRAM_BOUNDS_MAX], 1);
	histogram_init(&histogram, NULL, 0);
	histogram_add(&histogram, 7);
	ck_assert_uint_eq(histogram.counts[0], 1);
	ck_assert_uint_eq(histogram_count(&histogram), 1);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, a_new_one_is_empty);
	tcase_add_test(tc,
	    a_value_counts_up_to_the_first_bound_that_it_is_not_above);
	tcase_add_test(tc, counts_and_sum_add_up);
	tcase_add_test(tc, all_bounds_may_be_used_or_none);
}
