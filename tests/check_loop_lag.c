#include "suite.h"

#include <time.h>

#include "net/loop_lag.h"

/* How long a loop's turns are said to take. */

const char suite_name[] = "loop_lag";

static uint64_t clock_ns = 1000000000;

/* Instead of the C library's: what libuv takes the time from. */
int
clock_gettime(clockid_t id, struct timespec *ts)
{
	(void)id;	/* there is only one time */
	ts->tv_sec = (time_t)(clock_ns / 1000000000);
	ts->tv_nsec = (long)(clock_ns % 1000000000);
	return 0;
}

static void
pass_us(uint64_t us)
{
	clock_ns += us * 1000;
}

START_TEST(a_turn_takes_from_its_first_callback_to_its_end)
{
	uv_loop_t loop = { .data = NULL };
	struct loop_lag lag = { .begun_ns = 0 };

	loop_lag_init(&lag, &loop);
	pass_us(1000000);	/* it waits */
	loop_lag_begin(&loop);
	pass_us(300);
	loop_lag_begin(&loop);
	pass_us(40);
	loop_lag_end(&lag);
	ck_assert_uint_eq(lag.turns_us.sum, 340);
	pass_us(1000000);
	loop_lag_begin(&loop);
	pass_us(5);
	loop_lag_end(&lag);
	ck_assert_uint_eq(lag.turns_us.sum, 345);
	ck_assert_uint_eq(histogram_count(&lag.turns_us), 2);
}
END_TEST

START_TEST(a_loop_that_is_not_measured_runs_all_the_same)
{
	uv_loop_t loop = { .data = NULL };

	loop_lag_begin(&loop);
	ck_assert_ptr_null(loop.data);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, a_turn_takes_from_its_first_callback_to_its_end);
	tcase_add_test(tc, a_loop_that_is_not_measured_runs_all_the_same);
}
