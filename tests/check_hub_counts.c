#include "suite.h"

#include "hub/erasure.h"
#include "hub/hub.h"
#include "hub/hub_counts.h"
#include "hub/job.h"
#include "hub_script.h"

/* What a hub counts of what it does. */

#define NOBODY "000000000000000000000000"

const char suite_name[] = "hub_counts";

static struct hub_counts
counts_of(struct world *w)
{
	struct hub_counts counts;

	hub_copy_counts(world_hub(w), &counts);
	return counts;
}

/* Messages of event that were judged so. */
static uint64_t
judged(struct world *w, enum message_event event, enum hub_judgement judgement)
{
	return counts_of(w).messages[event][judgement];
}

static uint64_t
judged_at_all(struct world *w)
{
	struct hub_counts counts = counts_of(w);
	uint64_t sum = 0;
	int event, judgement;

	for (event = 0; event < MESSAGE_EVENTS; event++)
		for (judgement = 0; judgement < HUB_JUDGEMENTS; judgement++)
			sum += counts.messages[event][judgement];
	return sum;
}

START_TEST(each_message_is_judged_once)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *poll;

	say(ann, CART_SEQ, ann->id, "{}", 2);
	say(ann, CART_SEQ, ann->id, "{}", 1);
	say(bob, READY, bob->id, "true");
	say(bob, CART, NOBODY, "{}");
	say(bob, POLL, bob->id);
	say(bob, "{");
	say(bob, LEAVE, bob->id);
	poll = post(w, "s1", ann->token, POLL_AT, ann->id, "1.5");
	expect_waiting(poll);
	ck_assert_uint_eq(judged(w, MESSAGE_START_SESSION, HUB_ACCEPTED), 1);
	ck_assert_uint_eq(judged(w, MESSAGE_JOIN_SESSION, HUB_ACCEPTED), 1);
	ck_assert_uint_eq(judged(w, MESSAGE_UPDATE_CART, HUB_ACCEPTED), 1);
	ck_assert_uint_eq(judged(w, MESSAGE_UPDATE_CART, HUB_STALE), 1);
	ck_assert_uint_eq(judged(w, MESSAGE_UPDATE_CART, HUB_REFUSED), 1);
	ck_assert_uint_eq(judged(w, MESSAGE_READY, HUB_ACCEPTED), 1);
	ck_assert_uint_eq(judged(w, MESSAGE_POLL, HUB_REFUSED), 1);
	ck_assert_uint_eq(judged(w, MESSAGE_POLL, HUB_ACCEPTED), 1);
	ck_assert_uint_eq(judged(w, MESSAGE_NONE, HUB_REFUSED), 1);
	ck_assert_uint_eq(judged(w, MESSAGE_LEAVE_SESSION, HUB_ACCEPTED), 1);
	ck_assert_uint_eq(judged_at_all(w), 10);
	world_free(w);
}
END_TEST

START_TEST(a_held_poll_that_ends_with_an_error_was_judged_before)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *poll = post(w, "s1", ann->token, POLL_AT, ann->id,
	    "1.1");

	(void)post(w, "s1", ann->token, LEAVE, ann->id);
	expect_refusal(poll, "leftSession", ",'event':'poll'");
	ck_assert_uint_eq(judged(w, MESSAGE_POLL, HUB_ACCEPTED), 1);
	ck_assert_uint_eq(judged_at_all(w), 3);
	ck_assert_uint_eq(counts_of(w).refusals[REFUSAL_LEFT_SESSION], 1);
	world_free(w);
}
END_TEST

START_TEST(repeated_entries_and_returns_are_accepted)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *again = world_connect(w, "s1");

	say(again, RESUME, ann->id, ann->token);
	ck_assert_uint_eq(judged(w, MESSAGE_RESUME_SESSION, HUB_ACCEPTED), 1);
	hang_up(ann);
	hang_up(again);
	again = world_join_resumable(w, "s1", "Bob");
	world_wait(w, 61000);
	again = world_connect(w, "s1");
	say(again, RESUME, ann->id, ann->token);
	ck_assert_uint_eq(judged(w, MESSAGE_RESUME_SESSION, HUB_ACCEPTED), 2);
	ck_assert_uint_eq(judged_at_all(w), 4);
	world_free(w);
}
END_TEST

START_TEST(what_the_storage_refuses_was_accepted_and_is_an_error)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");

	world_refuse_writing(w, 1);
	say(ann, CART, ann->id, "{'a':1}");
	expect_error(ann, "storageUnavailable",
	    ",'event':'updateCart','retryAfter':5");
	ck_assert_uint_eq(judged(w, MESSAGE_UPDATE_CART, HUB_ACCEPTED), 1);
	ck_assert_uint_eq(
	    counts_of(w).refusals[REFUSAL_STORAGE_UNAVAILABLE], 1);
	world_free(w);
}
END_TEST

/* How many errors were told, by the counts. */
static uint64_t
told(struct world *w)
{
	struct hub_counts counts = counts_of(w);
	uint64_t sum = 0;
	size_t code;

	for (code = 0; code < REFUSALS; code++)
		sum += counts.refusals[code];
	return sum;
}

START_TEST(an_error_is_counted_once_when_it_is_told)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *eve = world_connect(w, "s1");
	struct client *bob = world_connect(w, "s1");

	world_hold(w);
	say(ann, CART, ann->id, "{'a':1}");
	say(eve, CART, NOBODY, "{}");
	say(bob, CART, NOBODY, "{}");
	hang_up(bob);
	ck_assert_uint_eq(told(w), 0);	/* all wait for the storage */
	if (_i == 1)
		world_refuse(w, 1);
	world_go_on(w);
	if (_i == 1) {
		expect_error(eve, "storageUnavailable",
		    ",'event':'updateCart','retryAfter':5");
		ck_assert_uint_eq(counts_of(w).refusals[
		    REFUSAL_STORAGE_UNAVAILABLE], 2);
	} else
		expect_error(eve, "unknownCustomer", ",'event':'updateCart'");
	ck_assert_uint_eq(told(w), _i == 1 ? 2 : 1);
	world_free(w);
}
END_TEST

START_TEST(limits_that_took_effect_are_told_apart)
{
	struct world_config config;
	struct world *w;
	struct client *ann;

	world_defaults(&config);
	config.hub.message_rate = 1;
	config.hub.message_burst = 2;
	config.sessions_per_minute = 1;
	w = world_new_with(&config);
	ann = world_connect_from(w, "s1", 1);
	say(ann, START, "Ann");
	ann = world_connect_from(w, "s2", 1);
	say(ann, START, "Ann");
	ck_assert_uint_eq(counts_of(w).limited_sessions, 1);
	ck_assert_uint_eq(counts_of(w).limited_messages, 0);
	say(ann, "{}");
	ck_assert_uint_eq(counts_of(w).limited_messages, 1);
	ck_assert_uint_eq(counts_of(w).refusals[REFUSAL_RATE_LIMITED], 1);
	world_free(w);
}
END_TEST

START_TEST(sessions_and_customers_are_those_that_are_there)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");
	struct client *eve = world_start(w, "s2", "Eve");

	ck_assert_uint_eq(counts_of(w).sessions, 2);
	ck_assert_uint_eq(counts_of(w).present, 3);
	ck_assert_uint_eq(counts_of(w).awaited, 0);
	hang_up(bob);
	hang_up(eve);
	world_run(w);
	ck_assert_uint_eq(counts_of(w).sessions, 1);
	ck_assert_uint_eq(counts_of(w).present, 1);
	ck_assert_uint_eq(counts_of(w).awaited, 1);
	world_wait(w, 61000);
	ck_assert_uint_eq(counts_of(w).awaited, 0);
	hang_up(ann);
	world_run(w);
	ck_assert_uint_eq(counts_of(w).sessions, 0);
	ck_assert_uint_eq(counts_of(w).present, 0);
	world_free(w);
}
END_TEST

/* Who asks before the next list is taken is told so. */
START_TEST(nothing_is_in_flight_when_a_list_has_come_back)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct job_list nothing = STAILQ_HEAD_INITIALIZER(nothing);

	say(ann, CART, ann->id, "{'a':1}");
	hub_complete_jobs(world_hub(w), &nothing, world_now(w));

	ck_assert_uint_eq(counts_of(w).jobs_in_flight, 0);
	ck_assert_uint_eq(counts_of(w).jobs_pending, 0);
	world_free(w);
}
END_TEST

START_TEST(a_host_that_was_replaced_is_not_waited_for)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");

	(void)world_join(w, "s1", "Bob");
	hang_up(ann);
	world_run(w);
	ck_assert_uint_eq(counts_of(w).present, 1);
	ck_assert_uint_eq(counts_of(w).awaited, 1);
	say(world_connect(w, "s1"), START, "Eve");
	ck_assert_uint_eq(counts_of(w).present, 2);
	ck_assert_uint_eq(counts_of(w).awaited, 0);
	world_free(w);
}
END_TEST

/* Not whoever takes the host's seat in one that runs, or has it vacant. */
START_TEST(each_session_that_is_started_is_counted)
{
	struct world *w = world_new();

	struct client *ann;

	(void)world_start(w, "s1", "Ann");
	(void)world_join(w, "s1", "Bob");
	(void)world_start(w, "s2", "Cid");
	ann = world_start(w, "s3", "Ann");
	(void)world_join(w, "s3", "Dot");
	ck_assert_uint_eq(counts_of(w).starts, 3);
	say(world_connect(w, "s1"), START, "Eve");
	world_wait(w, 3000);
	ck_assert(world_record(w, "s1")->has_displaced);
	ck_assert_uint_eq(counts_of(w).starts, 3);
	say(ann, LEAVE, ann->id);
	say(world_connect(w, "s3"), START, "Fay");
	ck_assert(!world_record(w, "s3")->has_displaced);
	ck_assert_uint_eq(counts_of(w).starts, 3);
	world_free(w);
}
END_TEST

START_TEST(each_time_that_all_become_ready_is_counted)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");

	say(ann, READY, ann->id, "true");
	ck_assert_uint_eq(counts_of(w).all_ready, 0);
	say(bob, READY, bob->id, "true");
	ck_assert_uint_eq(counts_of(w).all_ready, 1);
	say(bob, READY, bob->id, "false");
	ck_assert_uint_eq(counts_of(w).all_ready, 1);
	say(bob, LEAVE, bob->id);
	ck_assert_uint_eq(counts_of(w).all_ready, 2);
	world_free(w);
}
END_TEST

START_TEST(a_host_that_lost_its_seat_is_not_present)
{
	struct world *w = world_new();

	(void)world_start(w, "s1", "Ann");
	say(world_connect(w, "s1"), START, "Eve");
	world_wait(w, 3000);
	ck_assert(world_record(w, "s1")->has_displaced);
	ck_assert_uint_eq(counts_of(w).present, 1);
	ck_assert_uint_eq(counts_of(w).awaited, 0);
	world_free(w);
}
END_TEST

/* Each of these leaves nobody behind in s1. */

static void
ask_for_nothing(struct world *w)
{
	say(world_connect(w, "s1"), JOIN, "Eve");
}

static void
hang_up_with_a_change_under_way(struct world *w)
{
	struct client *ann = world_start(w, "s1", "Ann");

	world_hold(w);
	say(ann, CART, ann->id, "{}");
	hang_up(ann);
	world_go_on(w);
}

static void
hang_up_before_the_session_is_read(struct world *w)
{
	struct client *ann = world_connect(w, "s1");

	world_hold(w);
	say(ann, START, "Ann");
	hang_up(ann);
	world_go_on(w);
}

static void
fail_to_start(struct world *w)
{
	struct client *ann = world_connect(w, "s1");

	world_hold(w);
	say(ann, START, "Ann");
	world_do_one(w);
	world_refuse(w, 1);
	world_go_on(w);
}

static void
fail_to_read(struct world *w)
{
	world_refuse_reading(w, 1);
	say(world_connect(w, "s1"), START, "Ann");
}

static void
leave_for_good(struct world *w)
{
	struct client *ann = world_start(w, "s1", "Ann");

	say(ann, LEAVE, ann->id);
}

static void
ask_once_and_never_again(struct world *w)
{
	struct client *ann = world_start_by_request(w, "s1", "Ann");

	world_wait(w, 74999);
	ck_assert_uint_eq(counts_of(w).sessions, 1);
	world_wait(w, 1);
	ck_assert(ann->is_answered);
}

static void
be_too_many_for_a_claim(struct world *w)
{
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *again, *eve;

	(void)world_join(w, "s1", "Bob");
	(void)world_join(w, "s1", "Sam");
	world_config(w)->hub.limits.max_customers = 2;
	world_restart(w);
	again = world_connect(w, "s1");
	eve = world_connect(w, "s1");
	say(again, CART, ann->id, "{}");
	say(eve, START, "Eve");
	hang_up(again);
	expect_error(eve, "sessionFull",
	    ",'event':'startSession','retryAfter':60");
}

static void
end_unused(struct world *w)
{
	hang_up(world_start(w, "s1", "Ann"));
	world_wait(w, UINT64_C(86400000) + 61000);
	ck_assert(!world_stored(w, "s1")->session->is_running);
}

static void
erase_it(struct world *w)
{
	struct payload *id = payload_new("s1", 2);

	hang_up(world_start(w, "s1", "Ann"));
	ck_assert_uint_eq(erasure_begin(world_hub(w), id, NULL, world_now(w)),
	    1);
	world_run(w);
	ck_assert_int_eq(erasure_report(world_hub(w), 1).state, ERASURE_DONE);
	payload_unref(id);
}

static void (*const partings[])(struct world *w) = {
	ask_for_nothing, hang_up_with_a_change_under_way,
	hang_up_before_the_session_is_read, fail_to_start, fail_to_read,
	leave_for_good, ask_once_and_never_again, be_too_many_for_a_claim,
	end_unused, erase_it,
};

START_TEST(no_session_stays_in_memory_that_nobody_is_in)
{
	struct world *w = world_new();

	partings[_i](w);
	ck_assert_uint_eq(counts_of(w).sessions, 0);
	ck_assert_uint_eq(counts_of(w).present, 0);
	ck_assert_uint_eq(counts_of(w).awaited, 0);
	world_free(w);
}
END_TEST

START_TEST(jobs_are_pending_or_in_flight)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");

	world_hold(w);
	say(ann, CART, ann->id, "{'a':1}");
	world_run(w);
	ck_assert_uint_eq(counts_of(w).jobs_in_flight, 1);
	ck_assert_uint_eq(counts_of(w).jobs_pending, 0);
	say(ann, CART, ann->id, "{'a':2}");
	say(ann, CART, ann->id, "{'a':3}");
	world_run(w);
	ck_assert_uint_eq(counts_of(w).jobs_in_flight, 1);
	ck_assert_uint_eq(counts_of(w).jobs_pending, 2);
	world_go_on(w);
	ck_assert_uint_eq(counts_of(w).jobs_in_flight, 0);
	ck_assert_uint_eq(counts_of(w).jobs_pending, 0);
	world_free(w);
}
END_TEST

START_TEST(a_multicart_is_as_old_as_its_first_change)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	uint64_t first_us;

	bob->is_slow = true;
	ck_assert_uint_eq(counts_of(w).outboxes.conflations, 0);
	world_wait(w, 1000);
	first_us = world_now(w)->mono_us;
	say(ann, CART, ann->id, "{'a':1}");
	world_wait(w, 1000);
	say(ann, CART, ann->id, "{'a':2}");
	ck_assert_uint_eq(counts_of(w).outboxes.conflations, 1);
	ck_assert_uint_eq(counts_of(w).outboxes.multicarts, 1);
	ck_assert_uint_gt(first_us, 0);
	ck_assert_uint_eq(outbox_news(&bob->peer.outbox).since_us, first_us);
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, each_message_is_judged_once);
	tcase_add_test(tc,
	    a_held_poll_that_ends_with_an_error_was_judged_before);
	tcase_add_test(tc, repeated_entries_and_returns_are_accepted);
	tcase_add_test(tc,
	    what_the_storage_refuses_was_accepted_and_is_an_error);
	tcase_add_loop_test(tc, an_error_is_counted_once_when_it_is_told, 0, 2);
	tcase_add_test(tc, limits_that_took_effect_are_told_apart);
	tcase_add_test(tc, sessions_and_customers_are_those_that_are_there);
	tcase_add_test(tc, nothing_is_in_flight_when_a_list_has_come_back);
	tcase_add_test(tc, a_host_that_was_replaced_is_not_waited_for);
	tcase_add_test(tc, each_session_that_is_started_is_counted);
	tcase_add_test(tc, each_time_that_all_become_ready_is_counted);
	tcase_add_test(tc, a_host_that_lost_its_seat_is_not_present);
	tcase_add_loop_test(tc, no_session_stays_in_memory_that_nobody_is_in,
	    0, sizeof(partings) / sizeof(partings[0]));
	tcase_add_test(tc, jobs_are_pending_or_in_flight);
	tcase_add_test(tc, a_multicart_is_as_old_as_its_first_change);
}
