#include "suite.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "hub/hub.h"
#include "hub/job.h"
#include "hub_script.h"
#include "session/session.h"

/* The wall clock may be wrong, and be put right. */

const char suite_name[] = "hub_clock";

#define SECOND_MS UINT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
/* Until it is noticed that a session is not used. */
#define SEARCH_MS (61 * SECOND_MS)
#define GRACE_MS (2 * HOUR_MS)
#define LIFE_MS (90 * DAY_MS)

static struct world *
cautious_world(void)
{
	struct world_config config;

	world_defaults(&config);
	config.hub.clock_grace_ms = GRACE_MS;
	return world_new_with(&config);
}

/* One in which no session ends, but what is old is forgotten. */
static struct world *
forgetful_world(void)
{
	struct world_config config;

	world_defaults(&config);
	config.hub.clock_grace_ms = GRACE_MS;
	config.hub.session_ttl_ms = 0;
	config.hub.journal_retention_ms = LIFE_MS;
	return world_new_with(&config);
}

/* Nobody is in s1 from now on. */
static void
leave_s1(struct world *w)
{
	hang_up(world_start_resumable(w, "s1", "Ann"));
}

/* What comes next finds it so. */
static void
turn_clock(struct world *w, int64_t ms)
{
	world_set_clock(w, world_now(w)->wall_ms + (uint64_t)ms);
}

static bool
has_ended(struct world *w)
{
	return world_record(w, "s1")->event == RECORD_END;
}

static unsigned
slices(struct world *w)
{
	struct retention last;

	return world_retention_slices(w, &last);
}

/* Bodies of rows before this were to be forgotten by the last slice. */
static uint64_t
forgotten_ms(struct world *w)
{
	struct retention last;

	(void)world_retention_slices(w, &last); /* how many is not asked */
	return last.bodies_ms;
}

static const struct {
	uint64_t before_ms;	/* the clock is right, in the grace or later */
	int64_t	 jump_ms;
	uint64_t wrong_ms;
} errors[] = {
	{ 3 * HOUR_MS, 2 * (int64_t)DAY_MS, 70 * SECOND_MS },
	{ 3 * HOUR_MS, 100 * (int64_t)DAY_MS, HOUR_MS },
	{ 3 * HOUR_MS, 100 * (int64_t)DAY_MS, 5 * HOUR_MS },
	{ HOUR_MS, 2 * (int64_t)DAY_MS, 70 * SECOND_MS },
	{ 1, 2 * (int64_t)DAY_MS, 3 * HOUR_MS },
};

START_TEST(a_clock_that_is_ahead_for_a_while_ends_nothing)
{
	struct world *w = cautious_world();

	leave_s1(w);
	world_wait(w, errors[_i].before_ms);
	turn_clock(w, errors[_i].jump_ms);
	world_wait(w, errors[_i].wrong_ms);
	ck_assert(!has_ended(w));
	turn_clock(w, -errors[_i].jump_ms);
	world_wait(w, DAY_MS - errors[_i].before_ms - errors[_i].wrong_ms -
	    1);
	ck_assert(!has_ended(w));
	world_wait(w, SEARCH_MS);
	ck_assert(has_ended(w));
	world_free(w);
}
END_TEST

START_TEST(who_comes_while_the_clock_is_ahead_finds_the_session)
{
	struct world *w = cautious_world();
	struct client *bob = world_connect(w, "s1");

	leave_s1(w);
	world_wait(w, 3 * HOUR_MS);
	turn_clock(w, 2 * (int64_t)DAY_MS);
	say(bob, JOIN, "Bob");
	expect(bob, JOINED, "<id>");
	expect_carts(bob, "Ann* {}, Bob {}");
	world_free(w);
}
END_TEST

START_TEST(a_clock_that_is_back_for_a_while_ends_nothing)
{
	struct world *w = cautious_world();

	world_wait(w, 3 * HOUR_MS);
	turn_clock(w, -10 * (int64_t)DAY_MS);
	world_wait(w, HOUR_MS);
	leave_s1(w);
	world_wait(w, HOUR_MS);
	turn_clock(w, 10 * (int64_t)DAY_MS);
	world_wait(w, DAY_MS - HOUR_MS - 1);
	ck_assert(!has_ended(w));
	world_wait(w, SEARCH_MS);
	ck_assert(has_ended(w));
	world_free(w);
}
END_TEST

/* Whether the clock was wrong, or is now, nobody can say. */
START_TEST(a_clock_that_stays_ahead_makes_no_session_older)
{
	struct world *w = cautious_world();

	leave_s1(w);
	world_wait(w, 3 * HOUR_MS);
	turn_clock(w, 2 * (int64_t)DAY_MS);
	world_wait(w, DAY_MS - 3 * HOUR_MS - 1);
	ck_assert(!has_ended(w));
	world_wait(w, SEARCH_MS);
	ck_assert(has_ended(w));
	world_free(w);
}
END_TEST

START_TEST(a_clock_that_stays_back_lets_sessions_live_that_much_longer)
{
	struct world *w = cautious_world();

	leave_s1(w);
	world_wait(w, 3 * HOUR_MS);
	turn_clock(w, -2 * (int64_t)DAY_MS);
	world_wait(w, 3 * DAY_MS - 3 * HOUR_MS - 1);
	ck_assert(!has_ended(w));
	world_wait(w, SEARCH_MS);
	ck_assert(has_ended(w));
	world_free(w);
}
END_TEST

START_TEST(a_start_with_a_wrong_clock_ends_nothing)
{
	struct world *w = cautious_world();
	int64_t ahead_ms = 100 * (int64_t)DAY_MS;

	leave_s1(w);
	world_wait(w, 3 * HOUR_MS);
	turn_clock(w, ahead_ms);
	if (_i == 1)	/* it is noticed before the restart */
		world_wait(w, HOUR_MS);
	world_restart(w);
	world_wait(w, HOUR_MS);
	turn_clock(w, -ahead_ms);
	world_wait(w, 12 * HOUR_MS);
	ck_assert(!has_ended(w));
	world_wait(w, 12 * HOUR_MS);
	ck_assert(has_ended(w));
	world_free(w);
}
END_TEST

START_TEST(who_comes_after_a_start_finds_the_session)
{
	struct world *w = cautious_world();
	struct client *bob;

	leave_s1(w);
	world_wait(w, 3 * HOUR_MS);
	turn_clock(w, 2 * (int64_t)DAY_MS);
	world_restart(w);
	world_wait(w, HOUR_MS);
	bob = world_connect(w, "s1");
	say(bob, JOIN, "Bob");
	expect(bob, JOINED, "<id>");
	expect_carts(bob, "Ann* {}, Bob {}");
	world_free(w);
}
END_TEST

START_TEST(a_start_is_believed_after_the_grace)
{
	struct world *w = cautious_world();
	unsigned loads;

	leave_s1(w);
	world_wait(w, DAY_MS - 1);
	world_restart(w);
	loads = world_loads_done(w);
	world_wait(w, GRACE_MS - 1);
	ck_assert(!has_ended(w));
	ck_assert_uint_eq(world_loads_done(w), loads);
	world_wait(w, SEARCH_MS);
	ck_assert(has_ended(w));
	world_free(w);
}
END_TEST

START_TEST(without_a_grace_a_start_is_believed_at_once)
{
	struct world *w = cautious_world();

	leave_s1(w);
	world_wait(w, DAY_MS - 1);
	world_config(w)->hub.clock_grace_ms = 0;
	world_restart(w);
	world_wait(w, SEARCH_MS);
	ck_assert(has_ended(w));
	world_free(w);
}
END_TEST

START_TEST(a_reload_changes_the_grace)
{
	struct world *w = cautious_world();
	struct hub_settings *config = &world_config(w)->hub;

	leave_s1(w);
	world_wait(w, DAY_MS);
	world_restart(w);
	world_wait(w, HOUR_MS);
	config->clock_grace_ms = 3 * HOUR_MS;
	hub_configure(world_hub(w), config, world_now(w));
	world_wait(w, 2 * HOUR_MS - 1);
	ck_assert(!has_ended(w));
	config->clock_grace_ms = HOUR_MS;
	hub_configure(world_hub(w), config, world_now(w));
	world_wait(w, 0);
	ck_assert(has_ended(w));
	world_free(w);
}
END_TEST

/* As in a machine that has no clock of its own. */
START_TEST(who_came_before_the_clock_was_set_has_its_time)
{
	struct world *w = cautious_world();
	uint64_t wall_ms = world_now(w)->wall_ms;

	world_set_clock(w, 5000);
	world_restart(w);
	leave_s1(w);
	world_wait(w, _i == 0 ? 30 * SECOND_MS : 5 * HOUR_MS);
	world_set_clock(w, wall_ms);
	world_wait(w, DAY_MS - (_i == 0 ? 30 * SECOND_MS : 5 * HOUR_MS) - 1);
	ck_assert(!has_ended(w));
	world_wait(w, SEARCH_MS);
	ck_assert(has_ended(w));
	world_free(w);
}
END_TEST

START_TEST(a_suspend_is_time_that_has_passed)
{
	struct world *w = cautious_world();

	leave_s1(w);
	world_wait(w, 3 * HOUR_MS);
	world_suspend(w, DAY_MS - 3 * HOUR_MS - SEARCH_MS);
	world_wait(w, SEARCH_MS - 1);
	ck_assert(!has_ended(w));
	world_wait(w, SEARCH_MS);
	ck_assert(has_ended(w));
	world_free(w);
}
END_TEST

START_TEST(a_clock_that_is_slewed_does_not_jump)
{
	struct world *w = cautious_world();
	int64_t minute;

	leave_s1(w);
	for (minute = 0; minute < 24 * 60; minute++) {
		world_wait(w, MINUTE_MS);
		turn_clock(w, _i * 30);	/* 500 ppm */
	}
	world_wait(w, 2 * MINUTE_MS);
	ck_assert(has_ended(w));
	world_free(w);
}
END_TEST

START_TEST(a_clock_that_jumps_again_and_again_makes_nothing_older)
{
	struct world *w = cautious_world();
	int i;

	leave_s1(w);
	for (i = 0; i < 40; i++) {
		world_wait(w, MINUTE_MS);
		turn_clock(w, (int64_t)DAY_MS);
	}
	world_wait(w, DAY_MS - 40 * MINUTE_MS - 1);
	ck_assert(!has_ended(w));
	world_wait(w, SEARCH_MS);
	ck_assert(has_ended(w));
	world_free(w);
}
END_TEST

/* The last second of 31 bits, of 32 bits, and of four digits for the year. */
static const uint64_t ends_ms[] = {
	UINT64_C(2147483647000), UINT64_C(4294967295000),
	UINT64_C(253402300799000),
};

START_TEST(no_year_is_special)
{
	struct world *w = cautious_world();

	world_config(w)->hub.journal_retention_ms = LIFE_MS;
	world_set_clock(w, ends_ms[_i] - 12 * HOUR_MS);
	world_restart(w);
	leave_s1(w);
	world_wait(w, DAY_MS - 1);
	ck_assert(!has_ended(w));
	world_wait(w, SEARCH_MS);
	ck_assert(has_ended(w));
	ck_assert_uint_gt(forgotten_ms(w), ends_ms[_i] + 10 * HOUR_MS -
	    LIFE_MS);
	world_free(w);
}
END_TEST

START_TEST(what_a_search_found_before_the_clock_jumped_goes_on)
{
	struct world *w = cautious_world();
	struct client *kept;

	leave_s1(w);
	world_wait(w, DAY_MS - MINUTE_MS);
	kept = world_start(w, "s2", "Far");
	world_hold(w);
	world_wait(w, 2 * MINUTE_MS);
	turn_clock(w, 2 * (int64_t)DAY_MS);
	world_go_on(w);
	ck_assert(!has_ended(w));
	world_wait(w, GRACE_MS - 1);
	ck_assert(!has_ended(w));
	world_wait(w, SEARCH_MS);
	ck_assert(has_ended(w));
	ignore(kept);
	world_free(w);
}
END_TEST

START_TEST(a_clock_that_is_ahead_for_a_while_erases_nothing)
{
	struct world *w = forgetful_world();
	uint64_t wall_ms = world_now(w)->wall_ms;

	leave_s1(w);
	world_wait(w, GRACE_MS - 1);
	ck_assert_uint_eq(slices(w), 0);
	world_wait(w, 1);
	/* With the rest of the pass still to be done. */
	ck_assert_uint_eq(slices(w), 1);
	turn_clock(w, 100 * (int64_t)DAY_MS);
	world_wait(w, HOUR_MS);
	ck_assert_uint_eq(slices(w), 1);
	turn_clock(w, -100 * (int64_t)DAY_MS);
	world_wait(w, 0);
	world_wait(w, GRACE_MS - 1);
	ck_assert_uint_eq(slices(w), 1);
	world_wait(w, 1);
	ck_assert_uint_eq(slices(w), 2);
	ck_assert_uint_eq(forgotten_ms(w), wall_ms + 2 * GRACE_MS + HOUR_MS -
	    LIFE_MS);
	world_free(w);
}
END_TEST

START_TEST(a_clock_that_stays_ahead_makes_nothing_older)
{
	struct world *w = forgetful_world();
	uint64_t wall_ms = world_now(w)->wall_ms;
	int day;

	leave_s1(w);
	world_wait(w, 3 * HOUR_MS);
	turn_clock(w, 100 * (int64_t)DAY_MS);
	world_wait(w, 0);
	world_wait(w, GRACE_MS);
	ck_assert_uint_eq(forgotten_ms(w), wall_ms + 5 * HOUR_MS - LIFE_MS);
	for (day = 0; day < 89; day++)
		world_wait(w, DAY_MS);
	ck_assert_uint_lt(forgotten_ms(w), wall_ms);
	/* All that is older was there before the jump. */
	world_wait(w, DAY_MS);
	ck_assert_uint_gt(forgotten_ms(w), wall_ms + 99 * DAY_MS);
	world_free(w);
}
END_TEST

START_TEST(a_clock_that_jumps_again_and_again_makes_nothing_old)
{
	struct world *w = forgetful_world();
	uint64_t wall_ms = world_now(w)->wall_ms;
	int i;

	world_wait(w, 3 * HOUR_MS);
	for (i = 0; i < 40; i++) {
		turn_clock(w, (int64_t)DAY_MS);
		world_wait(w, MINUTE_MS);
	}
	world_wait(w, GRACE_MS);
	ck_assert_uint_eq(forgotten_ms(w), wall_ms + 5 * HOUR_MS +
	    40 * MINUTE_MS - LIFE_MS);
	world_free(w);
}
END_TEST

/* It was believed, so what it said while it was wrong is as young as it is. */
START_TEST(a_clock_that_falls_back_for_a_while_makes_nothing_old)
{
	struct world *w = forgetful_world();
	uint64_t wall_ms = world_now(w)->wall_ms;

	world_wait(w, 3 * HOUR_MS);
	turn_clock(w, -100 * (int64_t)DAY_MS);
	world_wait(w, HOUR_MS);
	turn_clock(w, 100 * (int64_t)DAY_MS);
	world_wait(w, 0);
	world_wait(w, GRACE_MS);
	ck_assert_uint_eq(forgotten_ms(w), wall_ms + 4 * HOUR_MS + GRACE_MS -
	    100 * DAY_MS - LIFE_MS);
	world_free(w);
}
END_TEST

START_TEST(a_clock_that_was_never_believed_keeps_nothing_longer)
{
	struct world *w = forgetful_world();
	uint64_t wall_ms = world_now(w)->wall_ms;

	world_set_clock(w, 5000);
	world_restart(w);
	world_wait(w, 30 * SECOND_MS);
	world_set_clock(w, wall_ms);
	world_wait(w, 0);
	world_wait(w, GRACE_MS - 1);
	ck_assert_uint_eq(slices(w), 0);
	world_wait(w, 1);
	ck_assert_uint_eq(forgotten_ms(w), wall_ms + GRACE_MS - LIFE_MS);
	world_free(w);
}
END_TEST

/* What run() logs. */
static const char *
log_of(void (*run)(struct world *w), struct world *w)
{
	static char text[4096];
	int ends[2], original = dup(STDERR_FILENO);
	ssize_t len;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	run(w);
	ck_assert_int_eq(dup2(original, STDERR_FILENO), STDERR_FILENO);
	len = read(ends[0], text, sizeof(text) - 1);
	text[len > 0 ? len : 0] = '\0';
	close(ends[0]);
	close(ends[1]);
	close(original);
	return text;
}

static void
jump_and_return(struct world *w)
{
	world_wait(w, HOUR_MS);
	turn_clock(w, 2 * (int64_t)DAY_MS);
	world_wait(w, HOUR_MS);
	turn_clock(w, -2 * (int64_t)DAY_MS);
	world_wait(w, HOUR_MS);
}

START_TEST(each_jump_is_one_line_of_the_log)
{
	struct world *w = cautious_world();

	ck_assert_str_eq(log_of(jump_and_return, w),
	    "<4>wall clock: 172800 s ahead; no session ends and nothing is "
	    "erased by age for 7200 s\n"
	    "<4>wall clock: 172800 s back; no session ends and nothing is "
	    "erased by age for 7200 s\n");
	world_free(w);
}
END_TEST

static void
be_small(struct world *w)
{
	world_wait(w, HOUR_MS);
	turn_clock(w, 10 * (int64_t)SECOND_MS);
	world_wait(w, HOUR_MS);
	turn_clock(w, -10 * (int64_t)SECOND_MS);
	world_suspend(w, DAY_MS);
	world_wait(w, HOUR_MS);
}

START_TEST(what_is_no_jump_is_not_logged)
{
	struct world *w = cautious_world();

	ck_assert_str_eq(log_of(be_small, w), "");
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, a_clock_that_is_ahead_for_a_while_ends_nothing,
	    0, sizeof(errors) / sizeof(errors[0]));
	tcase_add_test(tc,
	    who_comes_while_the_clock_is_ahead_finds_the_session);
	tcase_add_test(tc, a_clock_that_is_back_for_a_while_ends_nothing);
	tcase_add_test(tc, a_clock_that_stays_ahead_makes_no_session_older);
	tcase_add_test(tc,
	    a_clock_that_stays_back_lets_sessions_live_that_much_longer);
	tcase_add_loop_test(tc, a_start_with_a_wrong_clock_ends_nothing, 0,
	    2);
	tcase_add_test(tc, who_comes_after_a_start_finds_the_session);
	tcase_add_test(tc, a_start_is_believed_after_the_grace);
	tcase_add_test(tc, without_a_grace_a_start_is_believed_at_once);
	tcase_add_test(tc, a_reload_changes_the_grace);
	tcase_add_loop_test(tc, who_came_before_the_clock_was_set_has_its_time,
	    0, 2);
	tcase_add_test(tc, a_suspend_is_time_that_has_passed);
	tcase_add_loop_test(tc, a_clock_that_is_slewed_does_not_jump, -1, 2);
	tcase_add_test(tc,
	    a_clock_that_jumps_again_and_again_makes_nothing_older);
	tcase_add_loop_test(tc, no_year_is_special, 0,
	    sizeof(ends_ms) / sizeof(ends_ms[0]));
	tcase_add_test(tc,
	    what_a_search_found_before_the_clock_jumped_goes_on);
	tcase_add_test(tc, a_clock_that_is_ahead_for_a_while_erases_nothing);
	tcase_add_test(tc, a_clock_that_stays_ahead_makes_nothing_older);
	tcase_add_test(tc,
	    a_clock_that_jumps_again_and_again_makes_nothing_old);
	tcase_add_test(tc,
	    a_clock_that_falls_back_for_a_while_makes_nothing_old);
	tcase_add_test(tc,
	    a_clock_that_was_never_believed_keeps_nothing_longer);
	tcase_add_test(tc, each_jump_is_one_line_of_the_log);
	tcase_add_test(tc, what_is_no_jump_is_not_logged);
}
