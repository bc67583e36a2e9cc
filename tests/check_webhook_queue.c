#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "api/webhook_queue.h"
#include "base/buf.h"
#include "hub/webhook_state.h"

/* What is delivered next, and when. */

const char suite_name[] = "webhook_queue";

enum { WALL_MS = 1000000000, DAY_MS = 86400000 };

static struct webhook_queue *queue;
static struct webhook_clock now;

static void
setup(void)
{
	static const struct id_key seed = { { 7 } };

	now = (struct webhook_clock){ WALL_MS, 5000 };
	queue = webhook_queue_new(&seed, 3 * DAY_MS);
	webhook_queue_begin(queue, 0);
}

static void
teardown(void)
{
	webhook_queue_free(queue);
}

static void
pass(uint64_t ms)
{
	now.wall_ms += ms;
	now.mono_ms += ms;
}

static struct webhook_event
event(int64_t seq, unsigned part, enum event_type type)
{
	return (struct webhook_event){
		.place = { seq, part },
		.type = type,
		.time_ms = WALL_MS - 100 + (uint64_t)seq,
		.id = payload_new("id", 2),
		.body = payload_new("{}", 2),
	};
}

/* The journal's next row is an event of session. */
static void
happen(const char *session, int64_t seq, enum event_type type)
{
	struct webhook_event it = event(seq, 0, type);

	webhook_queue_add(queue, session, &it);
	webhook_queue_moved(queue, seq);
}

/* The delivery that is due is that of row seq; 0: none is. */
static struct webhook_lane *
take(int64_t seq)
{
	struct webhook_lane *lane = webhook_queue_take(queue, &now);

	if (seq == 0)
		ck_assert_ptr_null(lane);
	else {
		ck_assert_ptr_nonnull(lane);
		ck_assert_int_eq(webhook_lane_event(lane)->place.seq, seq);
	}
	return lane;
}

static void
deliver(int64_t seq)
{
	webhook_queue_delivered(queue, take(seq), &now);
}

static void
fail_delivery(int64_t seq)
{
	ck_assert_int_eq(webhook_queue_failed(queue, take(seq), &now),
	    WEBHOOK_TRY_AGAIN);
}

/* The lane of session is read anew, with one event of row seq and of type. */
static struct webhook_lane *
hunger(const char *session, int64_t next)
{
	struct webhook_lane *lane = webhook_queue_hungry(queue, &now);

	ck_assert_ptr_nonnull(lane);
	ck_assert_str_eq(webhook_lane_session(lane), session);
	ck_assert_int_eq(webhook_lane_next(lane), next);
	return lane;
}

static void
feed(struct webhook_lane *lane, int64_t seq, unsigned part,
    enum event_type type)
{
	struct webhook_event it = event(seq, part, type);

	ck_assert_int_eq(webhook_lane_add(queue, lane, &it), 0);
}

static void
refill(const char *session, int64_t seq)
{
	struct webhook_lane *lane = hunger(session, seq);

	feed(lane, seq, 0, EVENT_CUSTOMER_READY);
	webhook_lane_filled(queue, lane, seq + 1, WEBHOOK_LANE_WHOLE);
}

static int64_t
kept_seq(void)
{
	struct webhook_state *state = webhook_queue_state(queue);
	int64_t seq = state->seq;

	webhook_state_free(state);
	return seq;
}

static struct webhook_queue_figures
figures(void)
{
	struct webhook_queue_figures it;

	webhook_queue_copy_figures(queue, &it);
	return it;
}

START_TEST(one_of_a_session_is_under_way_and_others_pass)
{
	struct webhook_lane *first;

	happen("a", 1, EVENT_SESSION_STARTED);
	happen("a", 2, EVENT_CUSTOMER_JOINED);
	happen("b", 3, EVENT_SESSION_STARTED);
	first = take(1);
	deliver(3);
	(void)take(0);
	ck_assert_int_eq(kept_seq(), 0);
	webhook_queue_delivered(queue, first, &now);
	ck_assert_int_eq(kept_seq(), 1);
	deliver(2);
	(void)take(0);
	ck_assert_int_eq(kept_seq(), 3);
}
END_TEST

START_TEST(what_failed_waits_for_longer_each_time)
{
	uint64_t whole = WEBHOOK_PAUSE_MIN_MS, wait;
	int i;

	happen("b", 1, EVENT_CUSTOMER_READY);
	happen("a", 2, EVENT_CUSTOMER_READY);
	for (i = 0; i < 16; i++) {
		fail_delivery(1);
		wait = webhook_queue_wait_ms(queue, &now);
		/* Another one gets through, or it is tried every minute. */
		happen("a", 3 + i, EVENT_CUSTOMER_READY);
		if (i == 0)
			deliver(2);
		deliver(3 + i);
		wait = webhook_queue_wait_ms(queue, &now);
		ck_assert_uint_ge(wait, whole / 2);
		ck_assert_uint_le(wait, whole);
		pass(wait - 1);
		ck_assert_ptr_null(webhook_queue_hungry(queue, &now));
		pass(1);
		refill("b", 1);
		whole = whole * 2 < WEBHOOK_PAUSE_MAX_MS ? whole * 2 :
		    WEBHOOK_PAUSE_MAX_MS;
	}
	ck_assert_uint_eq(whole, WEBHOOK_PAUSE_MAX_MS);
}
END_TEST

START_TEST(what_is_parked_is_kept_and_goes_on_after_a_restart)
{
	struct webhook_state *state;

	happen("a", 1, EVENT_CUSTOMER_READY);
	happen("b", 2, EVENT_CUSTOMER_READY);
	happen("a", 3, EVENT_CUSTOMER_UNREADY);
	fail_delivery(1);
	deliver(2);
	state = webhook_queue_state(queue);
	ck_assert_int_eq(state->seq, 3);
	ck_assert_uint_eq(state->parked_count, 1);
	ck_assert_str_eq(state->parked[0].session, "a");
	ck_assert_int_eq(state->parked[0].seq, 1);
	ck_assert_uint_eq(state->parked[0].attempts, 1);
	ck_assert_uint_eq(state->parked[0].first_ms, WALL_MS);
	teardown();
	setup();
	webhook_queue_restore(queue, state);
	webhook_state_free(state);
	ck_assert_int_eq(webhook_queue_position(queue), 3);
	ck_assert_ptr_null(webhook_queue_hungry(queue, &now));
	pass(WEBHOOK_PAUSE_MIN_MS);
	refill("a", 1);
	ck_assert_uint_eq(webhook_lane_attempts(take(1)), 1);
}
END_TEST

START_TEST(what_came_while_it_was_parked_follows_in_order)
{
	struct webhook_lane *lane;

	happen("a", 1, EVENT_CUSTOMER_READY);
	fail_delivery(1);
	happen("a", 2, EVENT_SESSION_READY);
	ck_assert_uint_eq(figures().held, 0);
	pass(WEBHOOK_PAUSE_MIN_MS);
	lane = hunger("a", 1);
	feed(lane, 1, 0, EVENT_CUSTOMER_READY);
	feed(lane, 2, 0, EVENT_SESSION_READY);
	webhook_lane_filled(queue, lane, 3, WEBHOOK_LANE_WHOLE);
	/* This is not in it any more. */
	happen("a", 3, EVENT_SESSION_LOCKED);
	deliver(1);
	deliver(2);
	(void)take(0);
	ck_assert_uint_eq(figures().parked, 1);
	lane = hunger("a", 3);
	feed(lane, 3, 0, EVENT_SESSION_LOCKED);
	webhook_lane_filled(queue, lane, 4, WEBHOOK_LANE_WHOLE);
	deliver(3);
	ck_assert_uint_eq(figures().parked, 0);
	happen("a", 4, EVENT_SESSION_ENDED);
	deliver(4);
	ck_assert_int_eq(kept_seq(), 4);
}
END_TEST

START_TEST(parts_of_a_row_are_delivered_each_once)
{
	struct webhook_lane *lane;

	happen("a", 1, EVENT_CUSTOMER_READY);
	fail_delivery(1);
	pass(WEBHOOK_PAUSE_MIN_MS);
	lane = hunger("a", 1);
	feed(lane, 1, 0, EVENT_CUSTOMER_READY);
	webhook_lane_filled(queue, lane, 1, WEBHOOK_LANE_CUT);
	deliver(1);
	lane = hunger("a", 1);
	/* What was delivered is passed over. */
	feed(lane, 1, 0, EVENT_CUSTOMER_READY);
	feed(lane, 1, 1, EVENT_SESSION_READY);
	webhook_lane_filled(queue, lane, 2, WEBHOOK_LANE_WHOLE);
	lane = take(1);
	ck_assert_uint_eq(webhook_lane_event(lane)->place.part, 1);
}
END_TEST

START_TEST(after_three_days_an_event_is_given_up_and_the_next_one_tried)
{
	struct webhook_lane *lane;

	happen("a", 1, EVENT_CUSTOMER_READY);
	fail_delivery(1);
	happen("a", 2, EVENT_CUSTOMER_UNREADY);
	pass(3 * DAY_MS - 1);
	refill("a", 1);
	fail_delivery(1);
	pass(DAY_MS);
	refill("a", 1);
	ck_assert_int_eq(webhook_queue_failed(queue, take(1), &now),
	    WEBHOOK_GIVEN_UP);
	lane = hunger("a", 1);
	feed(lane, 1, 0, EVENT_CUSTOMER_READY);
	feed(lane, 2, 0, EVENT_CUSTOMER_UNREADY);
	webhook_lane_filled(queue, lane, 3, WEBHOOK_LANE_WHOLE);
	/* Its own three days begin when it fails. */
	lane = take(2);
	ck_assert_uint_eq(webhook_lane_attempts(lane), 0);
	ck_assert_int_eq(webhook_queue_failed(queue, lane, &now),
	    WEBHOOK_TRY_AGAIN);
}
END_TEST

START_TEST(where_others_are_taken_what_follows_is_tried_once)
{
	happen("a", 1, EVENT_CUSTOMER_READY);
	fail_delivery(1);
	happen("a", 2, EVENT_CUSTOMER_UNREADY);
	pass(3 * DAY_MS);
	happen("b", 3, EVENT_CUSTOMER_READY);
	deliver(3);
	refill("a", 1);
	ck_assert_int_eq(webhook_queue_failed(queue, take(1), &now),
	    WEBHOOK_GIVEN_UP);
	feed(hunger("a", 1), 2, 0, EVENT_CUSTOMER_UNREADY);
	ck_assert_int_eq(webhook_queue_failed(queue, take(2), &now),
	    WEBHOOK_GIVEN_UP);
}
END_TEST

START_TEST(without_a_limit_nothing_is_given_up)
{
	webhook_queue_configure(queue, 0);
	happen("a", 1, EVENT_CUSTOMER_READY);
	fail_delivery(1);
	pass((uint64_t)400 * DAY_MS);
	refill("a", 1);
	fail_delivery(1);
}
END_TEST

START_TEST(a_session_of_which_nothing_is_left_is_parked_no_more)
{
	happen("a", 1, EVENT_CUSTOMER_READY);
	fail_delivery(1);
	pass(WEBHOOK_PAUSE_MIN_MS);
	webhook_lane_filled(queue, hunger("a", 1), 2, WEBHOOK_LANE_WHOLE);
	ck_assert_uint_eq(figures().parked, 0);
	ck_assert_ptr_null(webhook_queue_hungry(queue, &now));
}
END_TEST

START_TEST(a_long_way_without_events_is_gone_in_pieces)
{
	happen("a", 1, EVENT_CUSTOMER_READY);
	fail_delivery(1);
	pass(WEBHOOK_PAUSE_MIN_MS);
	webhook_queue_moved(queue, 80);
	webhook_lane_filled(queue, hunger("a", 1), 71, WEBHOOK_LANE_CUT);
	(void)hunger("a", 71);
}
END_TEST

START_TEST(who_has_a_long_way_lets_others_go_first)
{
	happen("a", 1, EVENT_CUSTOMER_READY);
	fail_delivery(1);
	happen("b", 2, EVENT_CUSTOMER_READY);
	fail_delivery(2);
	pass(WEBHOOK_PAUSE_MIN_MS);
	webhook_queue_moved(queue, 80);
	webhook_lane_filled(queue, hunger("a", 1), 71, WEBHOOK_LANE_CUT);
	webhook_lane_filled(queue, hunger("b", 2), 72, WEBHOOK_LANE_CUT);
	(void)hunger("a", 71);
}
END_TEST

START_TEST(who_cannot_be_read_lets_others_go_first)
{
	happen("a", 1, EVENT_CUSTOMER_READY);
	fail_delivery(1);
	happen("b", 2, EVENT_CUSTOMER_READY);
	fail_delivery(2);
	pass(WEBHOOK_PAUSE_MIN_MS);
	webhook_lane_unread(queue, hunger("a", 1));
	refill("b", 2);
	deliver(2);
	(void)hunger("a", 1);
}
END_TEST

START_TEST(what_was_read_of_a_session_is_not_read_again)
{
	struct webhook_lane *lane;

	happen("a", 1, EVENT_CUSTOMER_READY);
	fail_delivery(1);
	pass(WEBHOOK_PAUSE_MIN_MS);
	webhook_queue_moved(queue, 80);
	lane = hunger("a", 1);
	feed(lane, 1, 0, EVENT_CUSTOMER_READY);
	webhook_lane_filled(queue, lane, 71, WEBHOOK_LANE_CUT);
	deliver(1);
	lane = hunger("a", 71);
	/* Nor after a restart. */
	ck_assert_int_eq(webhook_lane_from(lane).seq, 71);
	feed(lane, 72, 0, EVENT_CUSTOMER_READY);
	webhook_lane_filled(queue, lane, 81, WEBHOOK_LANE_WHOLE);
	/* But what fails is. */
	fail_delivery(72);
	pass(WEBHOOK_PAUSE_MIN_MS);
	(void)hunger("a", 72);
}
END_TEST

START_TEST(a_cart_that_was_read_waits_for_newer_ones)
{
	struct webhook_lane *lane;

	happen("a", 1, EVENT_CART_CHANGED);
	fail_delivery(1);
	pass(WEBHOOK_PAUSE_MIN_MS);
	webhook_queue_moved(queue, 80);
	lane = hunger("a", 1);
	feed(lane, 1, 0, EVENT_CART_CHANGED);
	webhook_lane_filled(queue, lane, 21, WEBHOOK_LANE_CUT);
	(void)take(0);
	lane = hunger("a", 21);
	feed(lane, 30, 0, EVENT_CART_CHANGED);
	webhook_lane_filled(queue, lane, 41, WEBHOOK_LANE_CUT);
	(void)take(0);
	webhook_lane_filled(queue, hunger("a", 41), 81, WEBHOOK_LANE_WHOLE);
	deliver(30);
}
END_TEST

START_TEST(whose_event_was_purged_goes_on_with_the_oldest)
{
	struct webhook_lane *lane;

	happen("a", 1, EVENT_CUSTOMER_READY);
	fail_delivery(1);
	pass(WEBHOOK_PAUSE_MIN_MS);
	webhook_queue_moved(queue, 80);
	ck_assert(webhook_lane_purged(queue, hunger("a", 1)));
	lane = hunger("a", 0);
	feed(lane, 50, 0, EVENT_CUSTOMER_READY);
	webhook_lane_filled(queue, lane, 81, WEBHOOK_LANE_WHOLE);
	lane = take(50);
	/* It has failed not once. */
	ck_assert_uint_eq(webhook_lane_attempts(lane), 0);
}
END_TEST

START_TEST(what_may_be_of_others_is_not_known_to_be_lost)
{
	struct webhook_lane *lane;

	happen("a", 1, EVENT_CUSTOMER_READY);
	fail_delivery(1);
	pass(WEBHOOK_PAUSE_MIN_MS);
	webhook_queue_moved(queue, 80);
	lane = hunger("a", 1);
	feed(lane, 1, 0, EVENT_CUSTOMER_READY);
	webhook_lane_filled(queue, lane, 21, WEBHOOK_LANE_CUT);
	deliver(1);
	/* What of it is behind row 20 nobody has looked at. */
	ck_assert(!webhook_lane_purged(queue, hunger("a", 21)));
	webhook_lane_filled(queue, hunger("a", 0), 51, WEBHOOK_LANE_CUT);
	ck_assert(!webhook_lane_purged(queue, hunger("a", 51)));
	/* What is read already is not lost. */
	lane = hunger("a", 0);
	feed(lane, 60, 0, EVENT_CART_CHANGED);
	webhook_lane_filled(queue, lane, 71, WEBHOOK_LANE_CUT);
	ck_assert(!webhook_lane_purged(queue, hunger("a", 71)));
	webhook_lane_filled(queue, hunger("a", 0), 81, WEBHOOK_LANE_WHOLE);
	deliver(60);
}
END_TEST

START_TEST(nor_is_it_after_a_start)
{
	struct webhook_state *state = webhook_state_new();
	const struct webhook_parked failed = {
		.session = (char []){ "a" }, .seq = 1, .first_ms = WALL_MS,
	};
	const struct webhook_parked passed = {
		.session = (char []){ "b" }, .seq = 2,
	};

	state->seq = 80;
	webhook_state_park(state, &failed);
	webhook_state_park(state, &passed);
	webhook_queue_restore(queue, state);
	webhook_state_free(state);
	ck_assert(webhook_lane_purged(queue, hunger("a", 1)));
	webhook_lane_filled(queue, hunger("a", 0), 81, WEBHOOK_LANE_WHOLE);
	ck_assert(!webhook_lane_purged(queue, hunger("b", 2)));
}
END_TEST

/* Sessions s1 and so on have failed, of which there are too many. */
static int64_t
gather_crowd(void)
{
	char session[16];
	int64_t i;

	for (i = 1; i <= WEBHOOK_PARKED_MAX; i++) {
		(void)snprintf(session, sizeof(session), "s%d", (int)i);
		happen(session, i, EVENT_SESSION_STARTED);
		fail_delivery(i);
	}
	return i - 1;
}

/* All that are due and were read up to seq are tried; how many there were. */
static size_t
try_crowd(int64_t seq, bool is_taken)
{
	struct webhook_lane *lane;
	size_t count = 0;

	for (; (lane = webhook_queue_hungry(queue, &now)) != NULL; count++) {
		feed(lane, webhook_lane_from(lane).seq, 0,
		    EVENT_SESSION_STARTED);
		webhook_lane_filled(queue, lane, seq + 1,
		    WEBHOOK_LANE_WHOLE);
		lane = webhook_queue_take(queue, &now);
		if (is_taken)
			webhook_queue_delivered(queue, lane, &now);
		else
			ck_assert_int_eq(webhook_queue_failed(queue, lane,
			    &now), WEBHOOK_TRY_AGAIN);
	}
	return count;
}

/* A session's newcomer of that row, whose account the body names. */
static void
come(const char *session, int64_t seq)
{
	struct webhook_event it = event(seq, 0, EVENT_CUSTOMER_JOINED);

	it.has_account = true;
	webhook_queue_add(queue, session, &it);
	webhook_queue_moved(queue, seq);
}

START_TEST(what_was_erased_is_read_anew_in_its_order)
{
	struct webhook_erased erased = { .first = 1, .last = 4,
		.session = "a" };
	struct webhook_lane *lane;

	happen("a", 1, EVENT_CUSTOMER_READY);
	come("a", 2);
	come("b", 3);
	lane = webhook_queue_find_erased(queue, &erased);
	ck_assert_str_eq(webhook_lane_session(lane), "a");
	webhook_queue_forget(queue, lane);
	ck_assert_ptr_null(webhook_queue_find_erased(queue, &erased));
	ck_assert_uint_eq(figures().held, 1);
	happen("a", 4, EVENT_SESSION_LOCKED);
	deliver(3);
	(void)take(0);
	lane = hunger("a", 1);
	feed(lane, 1, 0, EVENT_CUSTOMER_READY);
	feed(lane, 2, 0, EVENT_CUSTOMER_JOINED);
	feed(lane, 4, 0, EVENT_SESSION_LOCKED);
	webhook_lane_filled(queue, lane, 5, WEBHOOK_LANE_WHOLE);
	/* It says nothing of anybody any more. */
	ck_assert_ptr_null(webhook_queue_find_erased(queue, &erased));
	deliver(1);
	deliver(2);
	deliver(4);
	ck_assert_int_eq(kept_seq(), 4);
}
END_TEST

START_TEST(who_is_parked_stays_so_when_something_is_erased)
{
	struct webhook_erased erased = { .first = 1, .last = 9 };
	struct webhook_event it = event(1, 0, EVENT_SESSION_STARTED);
	struct webhook_lane *lane;

	happen("a", 1, EVENT_SESSION_STARTED);
	fail_delivery(1);
	pass(WEBHOOK_PAUSE_MIN_MS);
	lane = hunger("a", 1);
	it.has_account = true;
	ck_assert_int_eq(webhook_lane_add(queue, lane, &it), 0);
	webhook_lane_filled(queue, lane, 2, WEBHOOK_LANE_WHOLE);
	(void)take(1);
	ck_assert_ptr_eq(webhook_queue_find_erased(queue, &erased), lane);
	webhook_queue_forget(queue, lane);
	refill("a", 1);
	ck_assert_uint_eq(webhook_lane_attempts(take(1)), 1);
}
END_TEST

/* The state that is kept has so many sessions, and goes on behind row seq. */
static void
expect_kept(size_t parked, int64_t seq)
{
	struct webhook_state *state = webhook_queue_state(queue);

	ck_assert_uint_eq(state->parked_count, parked);
	ck_assert_int_eq(state->seq, seq);
	webhook_state_free(state);
}

START_TEST(what_was_erased_makes_no_crowd)
{
	struct webhook_erased erased = { .first = 1, .last = 1000 };
	struct webhook_lane *lane;
	char session[16];
	int64_t seq = 1;
	int i;

	happen("bad", seq, EVENT_SESSION_STARTED);
	for (i = 0; i < WEBHOOK_HOPELESS_ATTEMPTS; i++) {
		fail_delivery(1);
		pass(WEBHOOK_PAUSE_MAX_MS);
		refill("bad", 1);
	}
	fail_delivery(1);
	while (seq <= WEBHOOK_CROWD_MAX) {
		(void)snprintf(session, sizeof(session), "s%d", (int)seq);
		come(session, ++seq);
	}
	deliver(2);
	while ((lane = webhook_queue_find_erased(queue, &erased)) != NULL)
		webhook_queue_forget(queue, lane);
	ck_assert_ptr_null(webhook_queue_hopeless(queue, &now));
	/* They go on as what is in memory does. */
	ck_assert_uint_eq(figures().parked, 1);
	expect_kept(1, 2);
	happen("other", ++seq, EVENT_SESSION_STARTED);
	deliver(seq);
	ck_assert_uint_eq(try_crowd(seq, true), WEBHOOK_CROWD_MAX - 1);
	expect_kept(1, seq);
}
END_TEST

START_TEST(of_what_was_erased_a_crowd_lets_one_pass_a_minute)
{
	struct webhook_erased erased = { .first = 1, .last = 1000 };
	int64_t seq = gather_crowd();
	struct webhook_lane *lane;

	come("a", ++seq);
	come("b", ++seq);
	while ((lane = webhook_queue_find_erased(queue, &erased)) != NULL)
		webhook_queue_forget(queue, lane);
	refill("a", seq - 1);
	refill("b", seq);
	fail_delivery(seq - 1);
	(void)take(0);
	pass(WEBHOOK_PROBE_MS);
	fail_delivery(seq);
}
END_TEST

START_TEST(only_rows_of_what_was_erased_are_read_anew)
{
	struct webhook_erased erased = { .first = 3, .last = 3 };

	come("a", 2);
	happen("b", 3, EVENT_CUSTOMER_READY);
	come("c", 4);
	ck_assert_ptr_null(webhook_queue_find_erased(queue, &erased));
	erased.first = 2;
	ck_assert_ptr_nonnull(webhook_queue_find_erased(queue, &erased));
	erased = (struct webhook_erased){ .first = 3, .last = 4 };
	ck_assert_ptr_nonnull(webhook_queue_find_erased(queue, &erased));
}
END_TEST

START_TEST(of_several_erased_none_is_left_out)
{
	const struct webhook_erased a = { .first = 5, .last = 7,
		.session = "a" };
	const struct webhook_erased b = { .first = 2, .last = 6,
		.session = "b" };
	struct webhook_erased sum = { .last = 0 };

	webhook_erased_add(&sum, &a);
	webhook_erased_add(&sum, &a);
	ck_assert_str_eq(sum.session, "a");
	webhook_erased_add(&sum, &b);
	ck_assert_str_eq(sum.session, "");
	ck_assert_int_eq(sum.first, 2);
	ck_assert_int_eq(sum.last, 7);
}
END_TEST

START_TEST(when_too_many_are_parked_one_of_the_others_is_tried_a_minute)
{
	char session[16];
	int64_t i;

	for (i = 1; i <= WEBHOOK_PARKED_MAX; i++) {
		ck_assert(webhook_queue_wants(queue));
		(void)snprintf(session, sizeof(session), "s%d", (int)i);
		happen(session, i, EVENT_SESSION_STARTED);
		fail_delivery(i);
	}
	ck_assert(webhook_queue_wants(queue));
	happen("other", i, EVENT_SESSION_STARTED);
	happen("another", i + 1, EVENT_SESSION_STARTED);
	ck_assert(!webhook_queue_wants(queue));
	fail_delivery(i);
	(void)take(0);
	ck_assert_int_eq(kept_seq(), i);
	pass(WEBHOOK_PAUSE_MIN_MS);
	refill("s1", 1);
	deliver(1);
	refill("s2", 2);
	deliver(2);
	ck_assert(webhook_queue_wants(queue));
	deliver(i + 1);
}
END_TEST

START_TEST(whom_the_receiver_never_takes_holds_up_nobody)
{
	struct webhook_lane *lane;
	int64_t seq = gather_crowd();
	int round;

	for (round = 1; round < WEBHOOK_HOPELESS_ATTEMPTS; round++) {
		happen("other", ++seq, EVENT_SESSION_STARTED);
		deliver(seq);
		ck_assert_ptr_null(webhook_queue_hopeless(queue, &now));
		pass(WEBHOOK_PAUSE_MAX_MS);
		ck_assert_uint_eq(try_crowd(seq, false), WEBHOOK_PARKED_MAX);
	}
	happen("other", ++seq, EVENT_SESSION_STARTED);
	deliver(seq);
	lane = webhook_queue_hopeless(queue, &now);
	ck_assert_str_eq(webhook_lane_session(lane), "s1");
	webhook_queue_give_up(queue, lane);
	ck_assert_ptr_null(webhook_queue_hopeless(queue, &now));
	ck_assert_uint_eq(figures().parked, WEBHOOK_PARKED_MAX - 1);
}
END_TEST

/* The receiver takes nothing for hours. */
static int64_t
wait_out_an_outage(void)
{
	int64_t seq = gather_crowd();
	int round;

	for (round = 0; round < WEBHOOK_HOPELESS_ATTEMPTS; round++) {
		pass(WEBHOOK_PAUSE_MAX_MS);
		ck_assert_uint_eq(try_crowd(seq, false), WEBHOOK_PARKED_MAX);
	}
	return seq;
}

START_TEST(after_an_outage_nobody_is_hopeless)
{
	int64_t seq = wait_out_an_outage() + 1;

	pass(WEBHOOK_PROBE_MS);
	happen("other", seq, EVENT_SESSION_STARTED);
	deliver(seq);
	ck_assert_ptr_null(webhook_queue_hopeless(queue, &now));
	ck_assert_uint_eq(try_crowd(seq, true), WEBHOOK_PARKED_MAX);
	ck_assert_uint_eq(figures().parked, 0);
}
END_TEST

START_TEST(nor_after_a_start)
{
	int64_t seq = wait_out_an_outage() + 1;
	struct webhook_state *state = webhook_queue_state(queue);

	teardown();
	setup();
	webhook_queue_restore(queue, state);
	webhook_state_free(state);
	webhook_queue_hurry(queue, now.wall_ms);
	happen("other", seq, EVENT_SESSION_STARTED);
	deliver(seq);
	ck_assert_ptr_null(webhook_queue_hopeless(queue, &now));
	ck_assert_uint_eq(try_crowd(seq, true), WEBHOOK_PARKED_MAX);
}
END_TEST

START_TEST(what_is_parked_waits_until_the_journal_is_read_so_far)
{
	struct webhook_state *state = webhook_state_new();
	const struct webhook_parked parked = {
		.session = (char []){ "a" }, .seq = 7, .attempts = 3,
	};

	state->seq = 2;
	webhook_state_park(state, &parked);
	webhook_queue_restore(queue, state);
	webhook_state_free(state);
	ck_assert_ptr_null(webhook_queue_hungry(queue, &now));
	ck_assert_uint_eq(webhook_queue_wait_ms(queue, &now), UINT64_MAX);
	webhook_queue_moved(queue, 7);
	refill("a", 7);
	ck_assert_uint_eq(webhook_lane_attempts(take(7)), 3);
}
END_TEST

START_TEST(no_more_is_held_than_fits)
{
	char session[16];
	int64_t i;

	for (i = 1; webhook_queue_wants(queue); i++) {
		(void)snprintf(session, sizeof(session), "s%d", (int)i % 9);
		happen(session, i, EVENT_CUSTOMER_READY);
		ck_assert_int_le(i, WEBHOOK_HELD_MAX);
	}
	ck_assert_uint_eq(figures().held, WEBHOOK_HELD_MAX);
}
END_TEST

START_TEST(of_carts_in_a_row_the_newest_is_told_once_a_second)
{
	struct webhook_lane *lane;

	happen("a", 1, EVENT_CART_CHANGED);
	lane = take(1);
	happen("a", 2, EVENT_CART_CHANGED);
	happen("a", 3, EVENT_CART_CHANGED);
	webhook_queue_delivered(queue, lane, &now);
	happen("a", 4, EVENT_CART_CHANGED);
	(void)take(0);
	ck_assert_uint_eq(webhook_queue_wait_ms(queue, &now),
	    WEBHOOK_CART_MS);
	pass(WEBHOOK_CART_MS - 1);
	(void)take(0);
	pass(1);
	deliver(4);
	pass(WEBHOOK_CART_MS);
	(void)take(0);
	happen("a", 5, EVENT_CART_CHANGED);
	deliver(5);
}
END_TEST

START_TEST(a_cart_goes_before_what_is_behind_it)
{
	happen("a", 1, EVENT_CART_CHANGED);
	deliver(1);
	happen("a", 2, EVENT_CART_CHANGED);
	(void)take(0);
	happen("a", 3, EVENT_SESSION_READY);
	happen("a", 4, EVENT_CART_CHANGED);
	deliver(2);
	deliver(3);
	(void)take(0);
	pass(WEBHOOK_CART_MS);
	deliver(4);
}
END_TEST

START_TEST(while_nothing_gets_through_somebody_is_tried_every_minute)
{
	int i;

	happen("a", 1, EVENT_CUSTOMER_READY);
	for (i = 0; i < 12; i++) {
		fail_delivery(1);
		ck_assert_uint_le(webhook_queue_wait_ms(queue, &now),
		    WEBHOOK_PROBE_MS);
		pass(webhook_queue_wait_ms(queue, &now));
		refill("a", 1);
	}
}
END_TEST

START_TEST(after_an_outage_all_are_tried_at_once)
{
	int i;

	happen("a", 1, EVENT_CUSTOMER_READY);
	happen("b", 2, EVENT_CUSTOMER_READY);
	happen("c", 3, EVENT_CUSTOMER_READY);
	fail_delivery(1);
	fail_delivery(2);
	fail_delivery(3);
	ck_assert_ptr_null(webhook_queue_hungry(queue, &now));
	pass(WEBHOOK_PROBE_MS);
	for (i = 0; i < 8; i++) {
		refill("a", 1);
		fail_delivery(1);
		refill("b", 2);
		fail_delivery(2);
		refill("c", 3);
		fail_delivery(3);
		webhook_queue_hurry(queue, now.wall_ms);
	}
	refill("a", 1);
	fail_delivery(1);
	refill("b", 2);
	fail_delivery(2);
	refill("c", 3);
	fail_delivery(3);
	ck_assert_ptr_null(webhook_queue_hungry(queue, &now));
	happen("d", 4, EVENT_CUSTOMER_READY);
	deliver(4);
	refill("a", 1);
	refill("b", 2);
	refill("c", 3);
}
END_TEST

START_TEST(several_that_always_fail_are_not_hurried_by_others)
{
	int64_t seq;
	int i;

	happen("a", 1, EVENT_CUSTOMER_READY);
	happen("b", 2, EVENT_CUSTOMER_READY);
	happen("c", 3, EVENT_CUSTOMER_READY);
	fail_delivery(1);
	fail_delivery(2);
	fail_delivery(3);
	for (i = 0, seq = 4; i < 10; i++, seq++) {
		happen("d", seq, EVENT_CUSTOMER_READY);
		deliver(seq);
		ck_assert_ptr_null(webhook_queue_hungry(queue, &now));
	}
}
END_TEST

START_TEST(a_longer_hold_is_not_cut_short)
{
	struct webhook_lane *first, *second;

	happen("a", 1, EVENT_CUSTOMER_READY);
	happen("b", 2, EVENT_CUSTOMER_READY);
	first = take(1);
	second = take(2);
	webhook_queue_hold(queue, now.wall_ms + 30000);
	webhook_queue_hold(queue, now.wall_ms + 1000);
	ck_assert_int_eq(webhook_queue_failed(queue, first, &now),
	    WEBHOOK_TRY_AGAIN);
	webhook_queue_delivered(queue, second, &now);
	ck_assert_uint_eq(webhook_queue_wait_ms(queue, &now), 30000);
}
END_TEST

START_TEST(two_that_always_fail_are_not_hurried_by_others)
{
	happen("a", 1, EVENT_CUSTOMER_READY);
	happen("b", 2, EVENT_CUSTOMER_READY);
	happen("c", 3, EVENT_CUSTOMER_READY);
	fail_delivery(1);
	fail_delivery(2);
	deliver(3);
	ck_assert_ptr_null(webhook_queue_hungry(queue, &now));
}
END_TEST

START_TEST(nothing_is_sent_before_the_receiver_wants_it)
{
	happen("a", 1, EVENT_CUSTOMER_READY);
	webhook_queue_hold(queue, now.wall_ms + 30000);
	(void)take(0);
	ck_assert_uint_eq(webhook_queue_wait_ms(queue, &now), 30000);
	pass(30000);
	deliver(1);
}
END_TEST

START_TEST(a_clock_that_was_wrong_holds_nothing_up)
{
	happen("a", 1, EVENT_CUSTOMER_READY);
	fail_delivery(1);
	webhook_queue_hold(queue, now.wall_ms + 1000);
	now.wall_ms -= DAY_MS;
	refill("a", 1);
	deliver(1);
}
END_TEST

START_TEST(a_replay_begins_again_and_forgets_none_before)
{
	struct webhook_state *state;

	happen("a", 5, EVENT_CUSTOMER_READY);
	happen("b", 6, EVENT_CUSTOMER_READY);
	fail_delivery(5);
	fail_delivery(6);
	happen("c", 7, EVENT_CUSTOMER_READY);
	webhook_queue_replay(queue, 5);
	ck_assert_int_eq(webhook_queue_position(queue), 5);
	state = webhook_queue_state(queue);
	ck_assert_int_eq(state->seq, 5);
	ck_assert_uint_eq(state->parked_count, 1);
	ck_assert_int_eq(state->parked[0].seq, 5);
	webhook_state_free(state);
	(void)take(0);
	happen("b", 6, EVENT_CUSTOMER_READY);
	deliver(6);
}
END_TEST

START_TEST(what_was_not_tried_to_its_end_is_tried_again)
{
	happen("a", 1, EVENT_CUSTOMER_READY);
	webhook_queue_put_back(queue, take(1));
	ck_assert_uint_eq(webhook_lane_attempts(take(1)), 0);
}
END_TEST

START_TEST(the_oldest_that_is_not_delivered_is_known)
{
	ck_assert_uint_eq(figures().oldest_ms, 0);
	happen("a", 1, EVENT_CUSTOMER_READY);
	happen("b", 2, EVENT_CUSTOMER_READY);
	ck_assert_uint_eq(figures().oldest_ms, WALL_MS - 99);
	fail_delivery(1);
	deliver(2);
	ck_assert_uint_eq(figures().oldest_ms, WALL_MS - 99);
	ck_assert_int_eq(figures().delivered_seq, 2);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, one_of_a_session_is_under_way_and_others_pass);
	tcase_add_test(tc, what_failed_waits_for_longer_each_time);
	tcase_add_test(tc, what_is_parked_is_kept_and_goes_on_after_a_restart);
	tcase_add_test(tc, what_came_while_it_was_parked_follows_in_order);
	tcase_add_test(tc, parts_of_a_row_are_delivered_each_once);
	tcase_add_test(tc,
	    after_three_days_an_event_is_given_up_and_the_next_one_tried);
	tcase_add_test(tc, without_a_limit_nothing_is_given_up);
	tcase_add_test(tc,
	    a_session_of_which_nothing_is_left_is_parked_no_more);
	tcase_add_test(tc, a_long_way_without_events_is_gone_in_pieces);
	tcase_add_test(tc, who_has_a_long_way_lets_others_go_first);
	tcase_add_test(tc, who_cannot_be_read_lets_others_go_first);
	tcase_add_test(tc, what_was_read_of_a_session_is_not_read_again);
	tcase_add_test(tc, a_cart_that_was_read_waits_for_newer_ones);
	tcase_add_test(tc, whose_event_was_purged_goes_on_with_the_oldest);
	tcase_add_test(tc, what_may_be_of_others_is_not_known_to_be_lost);
	tcase_add_test(tc, nor_is_it_after_a_start);
	tcase_add_test(tc, what_was_erased_is_read_anew_in_its_order);
	tcase_add_test(tc, who_is_parked_stays_so_when_something_is_erased);
	tcase_add_test(tc, what_was_erased_makes_no_crowd);
	tcase_add_test(tc, of_what_was_erased_a_crowd_lets_one_pass_a_minute);
	tcase_add_test(tc, only_rows_of_what_was_erased_are_read_anew);
	tcase_add_test(tc, of_several_erased_none_is_left_out);
	tcase_add_test(tc,
	    when_too_many_are_parked_one_of_the_others_is_tried_a_minute);
	tcase_add_test(tc, whom_the_receiver_never_takes_holds_up_nobody);
	tcase_add_test(tc, after_an_outage_nobody_is_hopeless);
	tcase_add_test(tc, nor_after_a_start);
	tcase_add_test(tc,
	    what_is_parked_waits_until_the_journal_is_read_so_far);
	tcase_add_test(tc, where_others_are_taken_what_follows_is_tried_once);
	tcase_add_test(tc, no_more_is_held_than_fits);
	tcase_add_test(tc, of_carts_in_a_row_the_newest_is_told_once_a_second);
	tcase_add_test(tc, a_cart_goes_before_what_is_behind_it);
	tcase_add_test(tc,
	    while_nothing_gets_through_somebody_is_tried_every_minute);
	tcase_add_test(tc, after_an_outage_all_are_tried_at_once);
	tcase_add_test(tc,
	    several_that_always_fail_are_not_hurried_by_others);
	tcase_add_test(tc, a_longer_hold_is_not_cut_short);
	tcase_add_test(tc, two_that_always_fail_are_not_hurried_by_others);
	tcase_add_test(tc, nothing_is_sent_before_the_receiver_wants_it);
	tcase_add_test(tc, a_clock_that_was_wrong_holds_nothing_up);
	tcase_add_test(tc, a_replay_begins_again_and_forgets_none_before);
	tcase_add_test(tc, what_was_not_tried_to_its_end_is_tried_again);
	tcase_add_test(tc, the_oldest_that_is_not_delivered_is_known);
}
