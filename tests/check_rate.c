#include "suite.h"

#include <string.h>

#include "hub/quota.h"
#include "hub/rate.h"

/* What one connection, and what one address, may take. */

const char suite_name[] = "rate";

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct id_key hash_key = { .bytes = { 0 } };

/* Any point in time. */
#define NOW_MS UINT64_C(1000000)

static const struct step {
	uint64_t at_ms;
	unsigned wait_s;
} two_a_second_three_in_a_row[] = {
	{ 1000, 0 }, { 1000, 0 }, { 1000, 0 }, { 1000, 1 }, { 1000, 1 },
	{ 1499, 1 }, { 1500, 0 }, { 1500, 1 }, { 2000, 0 }, { 2400, 1 },
	{ 3500, 0 }, { 3500, 0 }, { 3500, 0 }, { 3500, 1 }, { 9000, 0 },
	{ 9000, 0 }, { 9000, 0 }, { 9000, 1 },
}, two_a_minute[] = {
	{ 0, 0 }, { 0, 0 }, { 0, 30 }, { 10000, 20 }, { 29001, 1 },
	{ 30000, 0 }, { 30000, 30 }, { 59999, 1 }, { 60000, 0 },
	{ 200000, 0 }, { 200000, 0 }, { 200000, 30 },
}, unlimited[] = {
	{ 0, 0 }, { 0, 0 }, { 0, 0 }, { 0, 0 },
};

static void
walk(struct rate_limit limit, const struct step *steps, size_t n)
{
	struct rate rate = { 0 };
	size_t i;

	for (i = 0; i < n; i++)
		ck_assert_msg(rate_take(&rate, &limit, steps[i].at_ms) ==
		    steps[i].wait_s, "step %zu", i);
}

START_TEST(a_rate_lets_a_burst_pass_and_then_one_an_interval)
{
	walk(rate_limit(2, 1, 3), two_a_second_three_in_a_row,
	    COUNT(two_a_second_three_in_a_row));
}
END_TEST

START_TEST(a_rate_may_be_slower_than_one_a_second)
{
	walk(rate_limit(2, 60, 2), two_a_minute, COUNT(two_a_minute));
}
END_TEST

START_TEST(no_rate_or_no_burst_is_no_limit)
{
	walk(rate_limit(0, 1, 0), unlimited, COUNT(unlimited));
	walk(rate_limit(0, 1, 1), unlimited, COUNT(unlimited));
	walk(rate_limit(1, 1, 0), unlimited, COUNT(unlimited));
}
END_TEST

START_TEST(high_rates_are_exact)
{
	struct rate_limit limit = rate_limit(100000, 1, 1);
	struct rate rate = { 0 };
	unsigned passed = 0;
	uint64_t now_ms;
	int i;

	for (now_ms = 5000; now_ms < 5100; now_ms++)
		for (i = 0; i < 1000; i++)
			passed += rate_take(&rate, &limit, now_ms) == 0;
	/* A burst of one passes once in what the clock calls one time. */
	ck_assert_uint_eq(passed, 100);
	limit.burst = 100;
	rate = (struct rate){ 0 };
	for (passed = 0, now_ms = 5000; now_ms < 5100; now_ms++)
		for (i = 0; i < 1000; i++)
			passed += rate_take(&rate, &limit, now_ms) == 0;
	ck_assert_uint_eq(passed, 10000);
}
END_TEST

START_TEST(many_units_may_be_taken_at_once)
{
	struct rate_limit limit = rate_limit(1000, 1, 5000);
	struct rate rate = { 0 };

	ck_assert_uint_eq(rate_take_n(&rate, &limit, 3000, 1000), 0);
	ck_assert_uint_eq(rate_take_n(&rate, &limit, 2001, 1000), 1);
	/* What was refused was not counted. */
	ck_assert_uint_eq(rate_take_n(&rate, &limit, 2000, 1000), 0);
	ck_assert_uint_eq(rate_take_n(&rate, &limit, 1, 1000), 1);
	ck_assert_uint_eq(rate_take_n(&rate, &limit, 4000, 1000), 4);
	ck_assert_uint_eq(rate_take_n(&rate, &limit, 4000, 4999), 1);
	ck_assert_uint_eq(rate_take_n(&rate, &limit, 4000, 5000), 0);
}
END_TEST

START_TEST(more_than_the_burst_passes_when_all_of_it_is_available)
{
	struct rate_limit limit = rate_limit(1000, 1, 5000);
	struct rate rate = { 0 };

	ck_assert_uint_eq(rate_take_n(&rate, &limit, UINT64_MAX, 1000), 0);
	ck_assert_uint_eq(rate_take_n(&rate, &limit, 1, 1000), 1);
	ck_assert_uint_eq(rate_take_n(&rate, &limit, 6000, 2000), 4);
	ck_assert_uint_eq(rate_take_n(&rate, &limit, 6000, 6000), 0);
}
END_TEST

START_TEST(what_happens_anyway_uses_up_the_burst_at_the_most)
{
	struct rate_limit limit = rate_limit(1000, 1, 5000);
	struct rate rate = { 0 };

	rate_charge_n(&rate, &limit, 4000, 1000);
	ck_assert_uint_eq(rate_wait_n(&rate, &limit, 1000, 1000), 0);
	ck_assert_uint_eq(rate_wait_n(&rate, &limit, 1001, 1000), 1);
	rate_charge_n(&rate, &limit, 100000, 1000);
	ck_assert_uint_eq(rate_rest_ms(&rate, 5999), 1);
	ck_assert_uint_eq(rate_rest_ms(&rate, 6000), 0);
}
END_TEST

/* Amounts at a rate, and how long it takes until they may be used again. */
static const struct {
	uint64_t per, period_s, amount, seconds;
} amounts[] = {
	{ 1 << 20, 1, UINT64_C(1000) << 20, 1000 },
	{ 1 << 30, 1, UINT64_C(100) << 30, 100 },
	{ UINT64_C(2) << 30, 86400, UINT64_C(2) << 30, 86400 },
	{ UINT64_C(1) << 40, 86400, UINT64_C(1) << 40, 86400 },
	{ 1000000, 1, 1000000, 1 },
	{ 1, 1, 1000000, 1000000 },
	{ 3, 86400, 3, 86400 },
};

START_TEST(rates_of_any_size_are_exact_to_a_hundredth)
{
	uint64_t amount = amounts[_i].amount, s = amounts[_i].seconds;
	struct rate_limit limit = rate_limit(amounts[_i].per,
	    amounts[_i].period_s, amount);
	struct rate rate = { 0 };
	unsigned wait_s;

	ck_assert_uint_eq(rate_take_n(&rate, &limit, amount, 1000), 0);
	wait_s = rate_wait_n(&rate, &limit, amount, 1000);
	ck_assert_uint_ge(wait_s, s - s / 100);
	ck_assert_uint_le(wait_s, s);
	ck_assert_uint_eq(rate_rest_ms(&rate, 1000 + s * 1000), 0);
}
END_TEST

START_TEST(a_burst_of_centuries_is_cut_short)
{
	struct rate_limit limit = rate_limit(1, 86400, UINT64_C(1) << 40);
	struct rate rate = { 0 };

	ck_assert_uint_eq(rate_take_n(&rate, &limit, UINT64_MAX, 1000), 0);
	ck_assert_uint_eq(rate_wait_n(&rate, &limit, 1, 1000), 86400);
	ck_assert_uint_gt(rate_rest_ms(&rate, UINT64_C(50) * 86400000), 0);
}
END_TEST

static const uint8_t one[QUOTA_KEY_BYTES] = { 1 };
static const uint8_t two[QUOTA_KEY_BYTES] = { 2 };

START_TEST(a_changed_rate_asks_for_no_longer_wait_than_its_own)
{
	const struct rate_limit slow = rate_limit(1, 60, 1000);
	const struct rate_limit fast = rate_limit(2, 1, 3);
	struct rate rate = { 0 };
	int i;

	for (i = 0; i < 1000; i++)
		ck_assert_uint_eq(rate_take(&rate, &slow, 1000), 0);

	ck_assert_uint_eq(rate_take(&rate, &fast, 1000), 1);
	ck_assert_uint_eq(rate_take(&rate, &fast, 1999), 1);
	ck_assert_uint_eq(rate_take(&rate, &slow, 1999), 60);
}
END_TEST

START_TEST(what_is_overdrawn_is_made_up_for)
{
	struct rate_limit limit = rate_limit(1000, 1, 500);
	struct rate rate = { 0 };

	ck_assert_uint_eq(rate_overdraw(&rate, &limit, 400, NOW_MS), 0);
	ck_assert_uint_eq(rate_overdraw(&rate, &limit, 100, NOW_MS), 0);
	ck_assert_uint_eq(rate_overdraw(&rate, &limit, 1, NOW_MS), 1);
	ck_assert_uint_eq(rate_overdraw(&rate, &limit, 2000, NOW_MS), 2001);
	ck_assert_uint_eq(rate_overdraw(&rate, &limit, 0, NOW_MS + 2000), 1);
	ck_assert_uint_eq(rate_overdraw(&rate, &limit, 0, NOW_MS + 2001), 0);
	limit = rate_limit(0, 1, 500);
	ck_assert_uint_eq(rate_overdraw(&rate, &limit, 2000, NOW_MS), 0);
	/* As much as there is does not run over, but stands for weeks. */
	limit = rate_limit(1, 1, 1);
	ck_assert_uint_gt(rate_overdraw(&rate, &limit, UINT64_MAX, NOW_MS),
	    UINT64_C(1000000000));
}
END_TEST

START_TEST(limits_of_an_address_may_change)
{
	struct quota_settings settings = { .max_connections = 1,
		.sessions_per_minute = 1 };
	struct quota *quota = quota_new(&hash_key, &settings);
	const uint8_t key[QUOTA_KEY_BYTES] = { 1 };

	ck_assert_int_eq(quota_connect(quota, key), 0);
	ck_assert_int_eq(quota_connect(quota, key), -1);
	ck_assert_uint_eq(quota_start_session(quota, key, 0), 0);
	ck_assert_uint_eq(quota_start_session(quota, key, 0), 60);
	settings.max_connections = 2;
	settings.sessions_per_minute = 0;
	quota_configure(quota, &settings);

	ck_assert_int_eq(quota_connect(quota, key), 0);
	ck_assert_int_eq(quota_connect(quota, key), -1);
	ck_assert_uint_eq(quota_start_session(quota, key, 0), 0);
	quota_free(quota);
}
END_TEST

START_TEST(an_address_has_so_many_connections)
{
	const struct quota_settings settings = { .max_connections = 2 };
	struct quota *quota = quota_new(&hash_key, &settings);

	ck_assert_int_eq(quota_connect(quota, one), 0);
	ck_assert_int_eq(quota_connect(quota, one), 0);
	ck_assert_int_eq(quota_connect(quota, one), -1);
	ck_assert_int_eq(quota_connect(quota, one), -1);
	ck_assert_int_eq(quota_connect(quota, two), 0);
	/* What was refused was not counted. */
	quota_disconnect(quota, one, 0);
	ck_assert_int_eq(quota_connect(quota, one), 0);
	ck_assert_int_eq(quota_connect(quota, one), -1);
	quota_free(quota);
}
END_TEST

START_TEST(connections_need_not_be_limited)
{
	const struct quota_settings settings = { .max_connections = 0 };
	struct quota *quota = quota_new(&hash_key, &settings);
	int i;

	for (i = 0; i < 1000; i++)
		ck_assert_int_eq(quota_connect(quota, one), 0);
	for (i = 0; i < 1000; i++)
		quota_disconnect(quota, one, 0);
	quota_free(quota);
}
END_TEST

START_TEST(an_address_starts_so_many_sessions_a_minute)
{
	const struct quota_settings settings = { .sessions_per_minute = 2 };
	struct quota *quota = quota_new(&hash_key, &settings);

	ck_assert_int_eq(quota_connect(quota, one), 0);
	ck_assert_int_eq(quota_connect(quota, two), 0);
	ck_assert_uint_eq(quota_start_session(quota, one, 1000), 0);
	ck_assert_uint_eq(quota_start_session(quota, one, 1000), 0);
	ck_assert_uint_eq(quota_start_session(quota, one, 1000), 30);
	ck_assert_uint_eq(quota_start_session(quota, two, 1000), 0);
	ck_assert_uint_eq(quota_start_session(quota, one, 31000), 0);
	quota_free(quota);
}
END_TEST

START_TEST(sessions_still_count_after_a_reconnect)
{
	const struct quota_settings settings = { .sessions_per_minute = 1 };
	struct quota *quota = quota_new(&hash_key, &settings);

	ck_assert_int_eq(quota_connect(quota, one), 0);
	ck_assert_uint_eq(quota_start_session(quota, one, 0), 0);
	quota_disconnect(quota, one, 10000);
	ck_assert_int_eq(quota_connect(quota, one), 0);
	ck_assert_uint_eq(quota_start_session(quota, one, 20000), 40);
	quota_disconnect(quota, one, 30000);
	/* Another that goes clears away what no longer counts. */
	ck_assert_int_eq(quota_connect(quota, two), 0);
	ck_assert_uint_eq(quota_start_session(quota, two, 60000), 0);
	quota_disconnect(quota, two, 60000);
	ck_assert_int_eq(quota_connect(quota, one), 0);
	ck_assert_uint_eq(quota_start_session(quota, one, 60000), 0);
	quota_free(quota);
}
END_TEST

START_TEST(so_many_addresses_without_connections_are_remembered)
{
	enum { ADDRESSES = 70000, REMEMBERED = 65536 };
	const struct quota_settings settings = { .sessions_per_minute = 1 };
	struct quota *quota = quota_new(&hash_key, &settings);
	uint8_t key[QUOTA_KEY_BYTES] = { 0 };
	uint32_t i, forgotten = 0;

	for (i = 0; i < ADDRESSES; i++) {
		memcpy(key, &i, sizeof(i));
		ck_assert_int_eq(quota_connect(quota, key), 0);
		ck_assert_uint_eq(quota_start_session(quota, key, 0), 0);
		quota_disconnect(quota, key, 0);
	}
	/* Those that went first were forgotten. */
	for (i = 0; i < ADDRESSES; i++) {
		memcpy(key, &i, sizeof(i));
		ck_assert_int_eq(quota_connect(quota, key), 0);
		if (quota_start_session(quota, key, 0) == 0) {
			ck_assert_uint_eq(i, forgotten);
			forgotten++;
		}
	}
	ck_assert_uint_eq(forgotten, ADDRESSES - REMEMBERED);
	quota_free(quota);
}
END_TEST

START_TEST(who_has_no_connection_may_try_as_often)
{
	const struct quota_settings settings = { .attempts_per_minute = 2 };
	struct quota *quota = quota_new(&hash_key, &settings);

	ck_assert_uint_eq(quota_attempt(quota, one, 0), 0);
	ck_assert_uint_eq(quota_attempt(quota, one, 0), 0);
	ck_assert_uint_eq(quota_attempt(quota, one, 0), 30);
	ck_assert_uint_eq(quota_attempt(quota, two, 0), 0);
	ck_assert_int_eq(quota_connect(quota, one), 0);
	ck_assert_uint_eq(quota_attempt(quota, one, 10000), 20);
	quota_disconnect(quota, one, 10000);
	ck_assert_uint_eq(quota_attempt(quota, one, 30000), 0);
	quota_free(quota);
}
END_TEST

START_TEST(an_address_joins_so_often_a_minute)
{
	const struct quota_settings settings = { .attempts_per_minute = 2 };
	struct quota *quota = quota_new(&hash_key, &settings);

	ck_assert_int_eq(quota_connect(quota, one), 0);
	ck_assert_int_eq(quota_connect(quota, two), 0);
	ck_assert_uint_eq(quota_attempt(quota, one, 0), 0);
	ck_assert_uint_eq(quota_attempt(quota, one, 0), 0);
	ck_assert_uint_eq(quota_attempt(quota, one, 0), 30);
	ck_assert_uint_eq(quota_attempt(quota, two, 0), 0);
	ck_assert_uint_eq(quota_start_session(quota, one, 0), 0);
	quota_disconnect(quota, one, 10000);
	ck_assert_int_eq(quota_connect(quota, one), 0);
	ck_assert_uint_eq(quota_attempt(quota, one, 10000), 20);
	quota_free(quota);
}
END_TEST

static unsigned
write_wait(const struct quota *quota, const uint8_t key[QUOTA_KEY_BYTES],
    uint64_t bytes, uint64_t now_ms, enum quota_window expected)
{
	enum quota_window window = expected;
	unsigned wait_s;

	wait_s = quota_write_wait(quota, key, bytes, now_ms, &window);
	ck_assert_int_eq(window, expected);
	return wait_s;
}

START_TEST(so_many_bytes_are_written_in_a_second_and_in_a_day)
{
	const struct quota_settings settings = {
		.writes = { .per_s = 1000, .burst = 10000, .per_day = 86400 },
	};
	struct quota *quota = quota_new(&hash_key, &settings);
	uint64_t now_ms = 1000;
	int i;

	quota_write(quota, one, 9000, now_ms);
	ck_assert_uint_eq(write_wait(quota, one, 1000, now_ms,
	    QUOTA_SECOND), 0);
	ck_assert_uint_eq(write_wait(quota, one, 2000, now_ms,
	    QUOTA_SECOND), 1);
	ck_assert_uint_eq(write_wait(quota, two, 10000, now_ms,
	    QUOTA_SECOND), 0);
	for (i = 0; i < 8; i++) {
		now_ms += 10000;
		quota_write(quota, one, 9000, now_ms);
	}
	/* 81000 of which 80 have come back. */
	ck_assert_uint_eq(write_wait(quota, one, 5480, now_ms + 10000,
	    QUOTA_DAY), 0);
	ck_assert_uint_eq(write_wait(quota, one, 5500, now_ms + 10000,
	    QUOTA_DAY), 10);
	quota_free(quota);
}
END_TEST

START_TEST(those_of_which_most_counts_are_forgotten_last)
{
	enum { OTHERS = 200000 };
	const struct quota_settings settings = {
		.writes = { .per_day = 86400 },
	};
	struct quota *quota = quota_new(&hash_key, &settings);
	uint32_t i;

	quota_write(quota, one, 86400, 0);
	quota_write(quota, two, 1, 0);
	for (i = 0; i < OTHERS; i++) {
		uint8_t key[QUOTA_KEY_BYTES] = { 3 };

		memcpy(key + 1, &i, sizeof(i));
		quota_write(quota, key, 100, 0);
	}
	ck_assert_uint_eq(write_wait(quota, one, 86400, 0, QUOTA_DAY), 86400);
	ck_assert_uint_eq(write_wait(quota, two, 86400, 0, QUOTA_DAY), 0);
	quota_free(quota);
}
END_TEST

START_TEST(what_was_written_stays_written_over_connections)
{
	const struct quota_settings settings = {
		.writes = { .per_day = 86400 },
	};
	struct quota *quota = quota_new(&hash_key, &settings);

	quota_write(quota, one, 100, 0);
	ck_assert_int_eq(quota_connect(quota, one), 0);
	quota_write(quota, one, 100, 0);
	quota_disconnect(quota, one, 0);
	quota_write(quota, one, 100, 0);
	ck_assert_uint_eq(write_wait(quota, one, 86400, 0, QUOTA_DAY), 300);
	ck_assert_uint_eq(write_wait(quota, one, 86400, 300000, QUOTA_DAY), 0);
	quota_free(quota);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, a_rate_lets_a_burst_pass_and_then_one_an_interval);
	tcase_add_test(tc, a_rate_may_be_slower_than_one_a_second);
	tcase_add_test(tc, no_rate_or_no_burst_is_no_limit);
	tcase_add_test(tc, high_rates_are_exact);
	tcase_add_test(tc, many_units_may_be_taken_at_once);
	tcase_add_test(tc,
	    more_than_the_burst_passes_when_all_of_it_is_available);
	tcase_add_test(tc, what_happens_anyway_uses_up_the_burst_at_the_most);
	tcase_add_loop_test(tc, rates_of_any_size_are_exact_to_a_hundredth,
	    0, COUNT(amounts));
	tcase_add_test(tc, a_burst_of_centuries_is_cut_short);
	tcase_add_test(tc,
	    a_changed_rate_asks_for_no_longer_wait_than_its_own);
	tcase_add_test(tc, what_is_overdrawn_is_made_up_for);
	tcase_add_test(tc, limits_of_an_address_may_change);
	tcase_add_test(tc, an_address_has_so_many_connections);
	tcase_add_test(tc, connections_need_not_be_limited);
	tcase_add_test(tc, an_address_starts_so_many_sessions_a_minute);
	tcase_add_test(tc, sessions_still_count_after_a_reconnect);
	tcase_add_test(tc,
	    so_many_addresses_without_connections_are_remembered);
	tcase_add_test(tc, who_has_no_connection_may_try_as_often);
	tcase_add_test(tc, an_address_joins_so_often_a_minute);
	tcase_add_test(tc, so_many_bytes_are_written_in_a_second_and_in_a_day);
	tcase_add_test(tc, those_of_which_most_counts_are_forgotten_last);
	tcase_add_test(tc, what_was_written_stays_written_over_connections);
}
