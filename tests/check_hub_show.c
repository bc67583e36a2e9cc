#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub/hub.h"
#include "hub/hub_counts.h"
#include "hub_script.h"
#include "wire/multicart.h"

/* What showing costs: one encoding for all, and no more than is allowed. */

const char suite_name[] = "hub_show";

enum {
	KEPT_BYTES = 16384,	/* of an encoding that is kept */
	KEPT_MS = 5000,		/* an encoding that nobody is shown */
	RATE = 1000,		/* bytes a second, and in a row */
	CHANGES_MAX = 20,	/* of a small cart until that is used up */
	LARGE_BYTES = 1500000,	/* three of them are more than a turn's */
	PACE_BYTES = 256 * 1024, /* keep an encoding from the next for a ms */
	LARGE = 4
};

static struct world *
world_with_rate(uint64_t rate)
{
	struct world_config config;

	world_defaults(&config);
	config.hub.session_output_rate = rate;
	return world_new_with(&config);
}

/* client's cart becomes one of about so many bytes. */
static void
send_large_cart(struct client *client, int bytes)
{
	char *text;
	int n = asprintf(&text, "{\"event\":\"updateCart\",\"payload\":{"
	    "\"customerId\":\"%s\",\"cartContent\":{\"a\":\"%0*d\"}}}",
	    client->id, bytes, 0);

	ck_assert_int_gt(n, bytes);
	client_send_message(client, text);
	free(text);
}

/* A session with a token and a cart of so many bytes. */
static struct client *
world_start_with(struct world *w, int bytes)
{
	struct client *client = world_start_resumable(w, "s1", "Ann");

	send_large_cart(client, bytes);
	world_run(w);
	ignore(client);
	return client;
}

/* A connection by which the customer resumes, whose network takes nothing. */
static struct client *
resume_slowly(struct world *w, const struct client *customer)
{
	struct client *client = world_connect(w, "s1");

	client->is_slow = true;
	say(client, RESUME, customer->id, customer->token);
	return client;
}

START_TEST(who_resumes_or_polls_is_shown_the_same_encoding)
{
	struct world *w = world_new();
	struct client *ann = world_start_with(w, KEPT_BYTES);
	struct client *first = resume_slowly(w, ann);
	struct client *second = resume_slowly(w, ann);
	const struct multicart *shown = first->peer.outbox.multicart;

	ck_assert_ptr_nonnull(shown);
	ck_assert_ptr_eq(second->peer.outbox.multicart, shown);
	say(ann, READY, ann->id, "true");
	ck_assert_ptr_ne(first->peer.outbox.multicart, shown);
	ck_assert_ptr_eq(second->peer.outbox.multicart,
	    first->peer.outbox.multicart);
	ck_assert_ptr_eq(resume_slowly(w, ann)->peer.outbox.multicart,
	    first->peer.outbox.multicart);
	world_free(w);
}
END_TEST

START_TEST(a_small_session_is_encoded_anew)
{
	struct world *w = world_new();
	struct client *ann = world_start_with(w, KEPT_BYTES - 1000);
	struct client *slow = resume_slowly(w, ann);

	ck_assert_int_eq(slow->peer.outbox.multicart->refs, 1);
	ck_assert_ptr_ne(resume_slowly(w, ann)->peer.outbox.multicart,
	    slow->peer.outbox.multicart);
	world_free(w);
}
END_TEST

START_TEST(an_encoding_that_nobody_is_shown_is_not_kept)
{
	struct world *w = world_new();
	struct client *ann = world_start_with(w, KEPT_BYTES);
	struct client *slow = resume_slowly(w, ann);
	struct multicart *shown = multicart_ref(slow->peer.outbox.multicart);

	catch_up(slow);
	ck_assert_int_eq(shown->refs, 2);
	world_wait(w, KEPT_MS - 1);
	ck_assert_int_eq(shown->refs, 2);
	world_wait(w, 1);
	ck_assert_int_eq(shown->refs, 1);
	ck_assert_ptr_ne(resume_slowly(w, ann)->peer.outbox.multicart, shown);
	multicart_unref(shown);
	world_free(w);
}
END_TEST

/* Ann changes her cart until Bob is not shown that; how often she did. */
static int
change_until_paced(struct client *ann, struct client *bob)
{
	struct line *line;
	int i;

	for (i = 1; i < CHANGES_MAX; i++) {
		say(ann, CART_SEQ, ann->id, "{}", i);
		line = client_take(bob);
		if (line == NULL)
			break;
		free(line);
	}
	ck_assert_int_lt(i, CHANGES_MAX);
	return i;
}

START_TEST(a_session_over_its_rate_shows_the_newest_later)
{
	struct world *w = world_with_rate(RATE);
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	int n;

	world_wait(w, 2000);
	n = change_until_paced(ann, bob);
	ck_assert_int_gt(n, 1);
	ignore(ann);
	/* What is durable is acknowledged all the same. */
	say(ann, CART_SEQ, ann->id, "{'a':2}", n + 1);
	expect(ann, "{'event':'updateCart','payload':{'seq':%d}}", n + 1);
	expect_nothing(ann);
	world_wait(w, 1000);
	expect_carts(ann, "Ann* {'a':2}, Bob {}");
	expect_carts(bob, "Ann* {'a':2}, Bob {}");
	expect_nothing(bob);
	world_free(w);
}
END_TEST

/* What waits for a slow reader is replaced, not sent once more. */
START_TEST(who_reads_nothing_delays_nobody)
{
	struct world *w = world_with_rate(RATE);
	struct client *ann = world_start(w, "s1", "Ann");
	int i;

	for (i = 0; i < 3; i++) {
		world_wait(w, RATE);
		world_join(w, "s1", "Bob")->is_slow = true;
	}
	/* One is for all of them. */
	say(ann, CART, ann->id, "{}");
	world_wait(w, 5 * RATE);
	ignore(ann);
	for (i = 0; i < CHANGES_MAX; i++) {
		say(ann, CART, ann->id, "{}");
		expect_carts(ann, "Ann* {}, Bob {}, Bob {}, Bob {}");
		world_wait(w, RATE);
	}
	world_free(w);
}
END_TEST

START_TEST(a_session_at_rest_shows_at_once)
{
	struct world *w = world_with_rate(RATE);
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	int i;

	for (i = 0; i < CHANGES_MAX; i++) {
		world_wait(w, RATE);
		say(ann, CART, ann->id, "{}");
		expect_carts(bob, "Ann* {}, Bob {}");
	}
	world_free(w);
}
END_TEST

START_TEST(the_rate_is_each_sessions_own)
{
	struct world *w = world_with_rate(RATE);
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *eve = world_start(w, "s2", "Eve");

	(void)change_until_paced(ann, bob);
	say(eve, CART, eve->id, "{'e':1}");
	expect_carts(eve, "Eve* {'e':1}");
	world_free(w);
}
END_TEST

/* Those who come wait as well, and so do polls. */
START_TEST(who_resumes_or_polls_waits_for_a_session_over_its_rate)
{
	struct world *w = world_with_rate(RATE);
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *again, *blank;

	(void)change_until_paced(ann, bob);
	again = world_connect(w, "s1");
	say(again, RESUME, ann->id, ann->token);
	free(client_take(again));
	expect_nothing(again);
	blank = post(w, "s1", ann->token, POLL, ann->id);
	expect_waiting(blank);
	world_wait(w, 1000);
	ck_assert(blank->is_answered);
	ck_assert_ptr_nonnull(blank->heard.stqh_first);
	ck_assert_ptr_nonnull(again->heard.stqh_first);
	world_free(w);
}
END_TEST

/* The answer to who comes by a request has the reply, if not more. */
START_TEST(who_comes_by_a_request_is_answered_in_a_second)
{
	struct world *w = world_with_rate(RATE / 100);
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *eve;
	struct line *line;

	(void)change_until_paced(ann, bob);
	eve = post(w, "s1", "", JOIN, "Eve");
	expect_waiting(eve);
	world_wait(w, 1000);
	expect_answer(eve, "");
	line = client_take(eve);
	ck_assert_ptr_nonnull(line);
	ck_assert_ptr_nonnull(strstr(line->text, "joinSession"));
	free(line);
	expect_nothing(eve);
	world_free(w);
}
END_TEST

START_TEST(polls_of_a_session_count_as_its_output)
{
	struct world *w = world_with_rate(RATE);
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *poll;
	int i;

	for (i = 0; i < CHANGES_MAX; i++) {
		poll = post(w, "s1", ann->token, POLL, ann->id);
		if (!poll->is_answered)
			break;
	}
	ck_assert_int_gt(i, 1);
	ck_assert_int_lt(i, CHANGES_MAX);
	world_free(w);
}
END_TEST

START_TEST(a_higher_rate_holds_at_once)
{
	struct world *w = world_with_rate(RATE);
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct hub_settings config = world_config(w)->hub;

	(void)change_until_paced(ann, bob);
	/* Nothing of what was counted before counts by it. */
	config.session_output_rate = 2 * RATE;
	hub_configure(world_hub(w), &config, world_now(w));
	world_wait(w, 1);
	expect_carts(bob, "Ann* {}, Bob {}");
	say(ann, CART, ann->id, "{'a':1}");
	expect_carts(bob, "Ann* {'a':1}, Bob {}");
	world_free(w);
}
END_TEST

/* A change that is refused while its session waits shows what there was. */
START_TEST(a_refused_change_of_a_session_over_its_rate_is_not_shown)
{
	struct world *w = world_with_rate(RATE);
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");

	(void)change_until_paced(ann, bob);
	ignore(ann);
	world_refuse(w, 1);
	say(ann, CART, ann->id, "{'a':2}");
	expect_error(ann, "storageUnavailable",
	    ",'event':'updateCart','retryAfter':5");
	world_wait(w, 1000);
	expect_carts(bob, "Ann* {}, Bob {}");
	expect_nothing(bob);
	world_free(w);
}
END_TEST

START_TEST(large_sessions_are_encoded_in_turn_and_small_ones_at_once)
{
	struct world *w = world_new();
	struct client *large[LARGE], *small;
	char id[] = "l0";
	int i, shown = 0;

	small = world_start(w, "small", "Sam");
	for (i = 0; i < LARGE; i++) {
		id[1] = (char)('0' + i);
		large[i] = world_start(w, id, "Lea");
	}
	for (i = 0; i < LARGE; i++)
		send_large_cart(large[i], LARGE_BYTES);
	tell(small, CART, small->id, "{'s':1}");
	world_run(w);
	expect_carts(small, "Sam* {'s':1}");
	for (i = 0; i < LARGE; i++)
		shown += !STAILQ_EMPTY(&large[i]->heard);
	ck_assert_int_gt(shown, 1);
	ck_assert_int_lt(shown, LARGE);
	world_wait(w, 2);
	for (i = 0; i < LARGE; i++)
		ck_assert(!STAILQ_EMPTY(&large[i]->heard));
	world_free(w);
}
END_TEST

START_TEST(what_is_very_large_is_not_encoded_for_each_change)
{
	struct world *w = world_new();
	struct client *ann = world_start_with(w, LARGE_BYTES);
	struct client *bob;

	world_wait(w, 1000);
	bob = world_join(w, "s1", "Bob");
	world_wait(w, 1000);
	ignore(ann);
	ignore(bob);
	say(ann, CART, bob->id, "{'b':1}");
	ck_assert(!STAILQ_EMPTY(&bob->heard));
	ignore(bob);
	say(ann, CART, bob->id, "{'b':2}");
	say(ann, CART, bob->id, "{'b':3}");
	expect_nothing(bob);
	world_wait(w, 1 + LARGE_BYTES / PACE_BYTES);
	ck_assert(!STAILQ_EMPTY(&bob->heard));
	free(client_take(bob));
	expect_nothing(bob);
	world_free(w);
}
END_TEST

START_TEST(what_had_to_wait_is_counted)
{
	struct world *w = world_with_rate(RATE);
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct hub_counts counts;

	hub_copy_counts(world_hub(w), &counts);
	ck_assert_uint_eq(counts.delayed_publishes, 0);
	(void)change_until_paced(ann, bob);
	hub_copy_counts(world_hub(w), &counts);
	ck_assert_uint_eq(counts.delayed_publishes, 1);
	world_free(w);
}
END_TEST

START_TEST(one_connection_too_many_of_a_customer_ends_the_oldest)
{
	struct world_config config;
	struct world *w;
	struct client *ann, *bob, *second, *third;

	world_defaults(&config);
	config.hub.max_customer_connections = 2;
	w = world_new_with(&config);
	ann = world_start_resumable(w, "s1", "Ann");
	bob = world_join_resumable(w, "s1", "Bob");
	second = world_connect(w, "s1");
	say(second, RESUME, ann->id, ann->token);
	ck_assert(!ann->was_closed);
	third = world_connect(w, "s1");
	say(third, RESUME, ann->id, ann->token);
	ck_assert(ann->was_closed);
	ck_assert(!second->was_closed && !third->was_closed);
	/* Bob has his own, and nobody is absent. */
	ck_assert(!bob->was_closed);
	world_ignore(w);
	world_wait(w, 3600000);
	expect_nothing(bob);
	world_free(w);
}
END_TEST

/* What is ended is none of them any more, even while it says goodbye. */
START_TEST(two_connections_too_many_end_two)
{
	struct world_config config;
	struct world *w;
	struct client *ann, *others[3];
	int i;

	world_defaults(&config);
	config.hub.max_customer_connections = 2;
	w = world_new_with(&config);
	ann = world_start_resumable(w, "s1", "Ann");
	for (i = 0; i < 3; i++) {
		others[i] = world_connect(w, "s1");
		tell(others[i], RESUME, ann->id, ann->token);
	}
	world_run(w);
	ck_assert(ann->was_closed && others[0]->was_closed);
	ck_assert(!others[1]->was_closed && !others[2]->was_closed);
	world_free(w);
}
END_TEST

START_TEST(polls_are_no_connections_of_their_customer)
{
	struct world_config config;
	struct world *w;
	struct client *asked, *polls[2], *ann, *again;

	world_defaults(&config);
	config.hub.max_customer_connections = 1;
	w = world_new_with(&config);
	asked = world_start_by_request(w, "s1", "Ann");
	polls[0] = post(w, "s1", asked->token, POLL_AT, asked->id, "1.1");
	polls[1] = post(w, "s1", asked->token, POLL_AT, asked->id, "1.1");
	ann = world_connect(w, "s1");
	say(ann, RESUME, asked->id, asked->token);
	ck_assert(!ann->was_closed);
	expect_waiting(polls[0]);
	expect_waiting(polls[1]);
	/* It may resume where it speaks already. */
	say(ann, RESUME, asked->id, asked->token);
	ck_assert(!ann->was_closed);
	again = world_connect(w, "s1");
	say(again, RESUME, asked->id, asked->token);
	ck_assert(ann->was_closed && !again->was_closed);
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, who_resumes_or_polls_is_shown_the_same_encoding);
	tcase_add_test(tc, a_small_session_is_encoded_anew);
	tcase_add_test(tc, an_encoding_that_nobody_is_shown_is_not_kept);
	tcase_add_test(tc, a_session_over_its_rate_shows_the_newest_later);
	tcase_add_test(tc, who_reads_nothing_delays_nobody);
	tcase_add_test(tc, a_session_at_rest_shows_at_once);
	tcase_add_test(tc, the_rate_is_each_sessions_own);
	tcase_add_test(tc,
	    who_resumes_or_polls_waits_for_a_session_over_its_rate);
	tcase_add_test(tc, who_comes_by_a_request_is_answered_in_a_second);
	tcase_add_test(tc, polls_of_a_session_count_as_its_output);
	tcase_add_test(tc, a_higher_rate_holds_at_once);
	tcase_add_test(tc,
	    a_refused_change_of_a_session_over_its_rate_is_not_shown);
	tcase_add_test(tc,
	    large_sessions_are_encoded_in_turn_and_small_ones_at_once);
	tcase_add_test(tc, what_is_very_large_is_not_encoded_for_each_change);
	tcase_add_test(tc, what_had_to_wait_is_counted);
	tcase_add_test(tc,
	    one_connection_too_many_of_a_customer_ends_the_oldest);
	tcase_add_test(tc, two_connections_too_many_end_two);
	tcase_add_test(tc, polls_are_no_connections_of_their_customer);
}
