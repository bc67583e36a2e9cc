/*
 * Who wants deltas gets them, and what is made of them is what others are
 * shown; who comes, is behind or in doubt gets the whole.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delta_reader.h"
#include "hub/call.h"
#include "hub/hub.h"
#include "hub/hub_counts.h"
#include "hub_script.h"
#include "suite.h"
#include "wire/multicart.h"

const char suite_name[] = "hub_deltas";

#define MINUTE_MS UINT64_C(60000)
#define KEPT_MS 5000

#define DELTA "'features':['delta']"
#define ENTER "{'event':'%s','payload':{'customerName':'%s'," DELTA "}}"
#define ENTERED "{'event':'%s','payload':{'customerId':'<id>','token':"	\
	"'<token>','features':['delta']}}"
#define RESUME_DELTA "{'event':'resumeSession','payload':{"		\
	"'customerId':'%s','token':'%s'," DELTA "}}"
#define RESUMED_DELTA "{'event':'resumeSession','payload':{"		\
	"'customerId':'%s','seq':0,'features':['delta']}}"
#define POLL_DELTA "{'event':'poll','payload':{'customerId':'%s',"	\
	"'cursor':'%s'," DELTA "}}"

/* A page that takes deltas, and what it has made of them. */
struct page {
	struct client *client;
	char	 seen[8192];
};

static void
see(struct page *page, const char *text)
{
	ck_assert_uint_lt(strlen(text), sizeof(page->seen));
	strcpy(page->seen, text);
}

static void
expect_whole(struct page *page, const char *carts)
{
	const struct line *next = STAILQ_FIRST(&page->client->heard);

	ck_assert_ptr_nonnull(next);
	see(page, next->text);
	expect_carts(page->client, "%s", carts);
}

static void
expect_delta(struct page *page, const char *carts)
{
	struct line *line = client_take(page->client), *made;
	char *text;

	ck_assert_ptr_nonnull(line);
	ck_assert_msg(delta_is_one(line->text), "no delta: %s", line->text);
	text = delta_apply(page->seen, line->text);
	ck_assert_msg(text != NULL, "%s\ndoes not fit %s", line->text,
	    page->seen);
	free(line);
	made = calloc(1, sizeof(*made) + strlen(text) + 1);
	ck_assert_ptr_nonnull(made);
	strcpy(made->text, text);
	free(text);
	STAILQ_INSERT_HEAD(&page->client->heard, made, entry);
	expect_whole(page, carts);
}

static struct page
open_page(struct world *w, const char *event, const char *name,
    const char *carts)
{
	struct page page = { .client = world_connect(w, "s1") };

	say(page.client, ENTER, event, name);
	expect(page.client, ENTERED, event);
	expect_whole(&page, carts);
	return page;
}

/* Ann, who takes deltas, and Bob, who does not. */
struct pair {
	struct world *w;
	struct page ann;
	struct client *bob;
};

static struct pair
begin_with(const struct world_config *config)
{
	struct pair pair = { .w = config == NULL ? world_new() :
	    world_new_with(config) };

	pair.ann = open_page(pair.w, "startSession", "Ann", "Ann* {} @1.1.0");
	pair.bob = world_connect(pair.w, "s1");
	say(pair.bob, JOIN, "Bob");
	expect(pair.bob, "{'event':'joinSession','payload':{'customerId':"
	    "'<id>'}}");
	expect_carts(pair.bob, "Ann* {}, Bob {}");
	expect_delta(&pair.ann, "Ann* {}, Bob {} @1.2.0");
	return pair;
}

static struct pair
begin(void)
{
	return begin_with(NULL);
}

static void
ignore_done(struct call *call)
{
	payload_unref(call->session);
	free(call);
}

static void
change_lock(struct world *w, enum call_kind kind)
{
	struct call *call = calloc(1, sizeof(*call));

	ck_assert_ptr_nonnull(call);
	call->kind = kind;
	call->done = ignore_done;
	call->session = payload_new("s1", 2);
	call_begin(world_hub(w), call, world_now(w));
	world_run(w);
}

START_TEST(whoever_asked_gets_deltas_and_nobody_else)
{
	struct pair p = begin();

	say(p.bob, CART, p.bob->id, "{'b':1}");
	expect_delta(&p.ann, "Ann* {}, Bob {'b':1} @1.3.0");
	expect_carts(p.bob, "Ann* {}, Bob {'b':1}");
	say(p.ann.client, READY, p.ann.client->id, "true");
	expect_delta(&p.ann, "Ann*! {}, Bob {'b':1} @1.4.0");
	expect_carts(p.bob, "Ann*! {}, Bob {'b':1}");
	change_lock(p.w, CALL_LOCK);
	expect_delta(&p.ann, "Ann*! {}, Bob {'b':1} locked @1.5.0");
	change_lock(p.w, CALL_UNLOCK);
	expect_delta(&p.ann, "Ann*! {}, Bob {'b':1} @1.6.0");
	say(p.bob, LEAVE, p.bob->id);
	expect_delta(&p.ann, "Ann*! {} @1.7.0");
	world_free(p.w);
}
END_TEST

START_TEST(who_has_another_feature_on_gets_the_whole)
{
	struct pair p = begin();
	struct client *eve = world_connect(p.w, "s1");

	say(eve, "{'event':'joinSession','payload':{'customerName':'Eve',"
	    "'features':['lock']}}");
	ignore(eve);
	say(p.bob, CART, p.bob->id, "{'b':1}");
	expect_carts(eve, "Ann* {}, Bob {'b':1}, Eve {} @1.4.0");
	expect_delta(&p.ann, "Ann* {}, Bob {}, Eve {} @1.3.0");
	expect_delta(&p.ann, "Ann* {}, Bob {'b':1}, Eve {} @1.4.0");
	world_free(p.w);
}
END_TEST

START_TEST(who_comes_gets_the_whole_and_then_deltas)
{
	struct pair p = begin();
	struct page eve = open_page(p.w, "joinSession", "Eve",
	    "Ann* {}, Bob {}, Eve {} @1.3.0");

	expect_delta(&p.ann, "Ann* {}, Bob {}, Eve {} @1.3.0");
	say(p.bob, CART, p.bob->id, "{'b':1}");
	expect_delta(&eve, "Ann* {}, Bob {'b':1}, Eve {} @1.4.0");

	/* Nothing changed since, and it asks again: also the whole. */
	say(eve.client, RESUME_DELTA, eve.client->id, eve.client->token);
	expect(eve.client, RESUMED_DELTA, eve.client->id);
	expect_whole(&eve, "Ann* {}, Bob {'b':1}, Eve {} @1.4.0");
	expect_delta(&p.ann, "Ann* {}, Bob {'b':1}, Eve {} @1.4.0");
	expect_nothing(p.ann.client);
	say(p.bob, CART, p.bob->id, "{'b':2}");
	expect_delta(&eve, "Ann* {}, Bob {'b':2}, Eve {} @1.5.0");

	/* By leaving and joining on the same connection it comes anew. */
	say(eve.client, LEAVE, eve.client->id);
	expect(eve.client, LEFT, eve.client->id);
	say(eve.client, ENTER, "joinSession", "Eve");
	expect(eve.client, ENTERED, "joinSession");
	expect_whole(&eve, "Ann* {}, Bob {'b':2}, Eve {} @1.7.0");
	world_free(p.w);
}
END_TEST

/* In the same turn as a change, with which its multicart is shared. */
START_TEST(who_comes_together_with_a_change_gets_the_whole)
{
	struct pair p = begin();
	struct page eve = { .client = world_connect(p.w, "s1") };

	tell(p.bob, CART, p.bob->id, "{'b':1}");
	tell(eve.client, ENTER, "joinSession", "Eve");
	world_run(p.w);
	expect(eve.client, ENTERED, "joinSession");
	expect_whole(&eve, "Ann* {}, Bob {'b':1}, Eve {} @1.4.0");
	expect_delta(&p.ann, "Ann* {}, Bob {'b':1}, Eve {} @1.4.0");
	world_free(p.w);
}
END_TEST

START_TEST(who_is_slow_gets_the_whole_in_place_of_two)
{
	struct pair p = begin();

	p.ann.client->is_slow = true;
	say(p.bob, CART, p.bob->id, "{'b':1}");
	say(p.bob, CART, p.bob->id, "{'b':2}");
	catch_up(p.ann.client);
	expect_whole(&p.ann, "Ann* {}, Bob {'b':2} @1.4.0");
	expect_nothing(p.ann.client);

	/* One change alone does not make it slow. */
	say(p.bob, CART, p.bob->id, "{'b':3}");
	catch_up(p.ann.client);
	expect_delta(&p.ann, "Ann* {}, Bob {'b':3} @1.5.0");
	world_free(p.w);
}
END_TEST

START_TEST(a_delta_that_waits_is_none_for_who_resumes)
{
	struct pair p = begin();

	p.ann.client->is_slow = true;
	say(p.bob, CART, p.bob->id, "{'b':1}");
	say(p.ann.client, RESUME_DELTA, p.ann.client->id, p.ann.client->token);
	catch_up(p.ann.client);
	expect(p.ann.client, RESUMED_DELTA, p.ann.client->id);
	expect_whole(&p.ann, "Ann* {}, Bob {'b':1} @1.3.0");
	expect_nothing(p.ann.client);

	/* Nor for who wants no more of them. */
	say(p.bob, CART, p.bob->id, "{'b':2}");
	say(p.ann.client, RESUME, p.ann.client->id, p.ann.client->token);
	catch_up(p.ann.client);
	expect(p.ann.client, RESUMED, p.ann.client->id, 0);
	expect_whole(&p.ann, "Ann* {}, Bob {'b':2} @1.4");
	say(p.bob, CART, p.bob->id, "{'b':3}");
	catch_up(p.ann.client);
	expect_whole(&p.ann, "Ann* {}, Bob {'b':3} @1.5");
	world_free(p.w);
}
END_TEST

START_TEST(a_delta_is_not_from_what_was_refused)
{
	struct pair p = begin();

	world_hold(p.w);
	say(p.bob, CART, p.bob->id, "{'b':1}");
	say(p.bob, CART, p.bob->id, "{'b':2}");
	world_refuse_writing(p.w, 1);
	world_go_on(p.w);
	world_ignore(p.w);
	world_run(p.w);
	say(p.ann.client, RESUME_DELTA, p.ann.client->id, p.ann.client->token);
	expect(p.ann.client, RESUMED_DELTA, p.ann.client->id);
	expect_whole(&p.ann, "Ann* {}, Bob {} @1.2.0");
	say(p.bob, CART, p.bob->id, "{'b':3}");
	expect_delta(&p.ann, "Ann* {}, Bob {'b':3} @1.3.0");
	world_free(p.w);
}
END_TEST

START_TEST(after_trouble_with_the_storage_all_get_the_whole)
{
	struct pair p = begin();

	world_refuse_writing(p.w, 1);
	say(p.bob, CART, p.bob->id, "{'b':1}");
	expect_whole(&p.ann, "Ann* {}, Bob {} @1.2.0");
	say(p.bob, CART, p.bob->id, "{'b':2}");
	expect_delta(&p.ann, "Ann* {}, Bob {'b':2} @1.3.0");
	world_free(p.w);
}
END_TEST

static struct client *
poll_at(struct world *w, const struct client *customer, const char *cursor)
{
	return post(w, "s1", customer->token, POLL_DELTA, customer->id,
	    cursor);
}

START_TEST(a_poll_gets_the_delta_from_its_cursor)
{
	struct pair p = begin();
	struct page poll = p.ann;
	struct client *ann = p.ann.client;

	hang_up(ann);

	/* A held one. */
	poll.client = poll_at(p.w, ann, "1.2.0");
	expect_waiting(poll.client);
	say(p.bob, CART, p.bob->id, "{'b':1}");
	expect_answer(poll.client, "1.3.0");
	expect_delta(&poll, "Ann* {}, Bob {'b':1} @1.3.0");

	/* One that comes just afterwards. */
	say(p.bob, CART, p.bob->id, "{'b':2}");
	world_wait(p.w, KEPT_MS - 1);
	poll.client = poll_at(p.w, ann, "1.3.0");
	expect_answer(poll.client, "1.4.0");
	expect_delta(&poll, "Ann* {}, Bob {'b':2} @1.4.0");
	world_free(p.w);
}
END_TEST

START_TEST(a_poll_with_another_cursor_gets_the_whole)
{
	static const char *const cursors[] = {
		"1.1.0", "1.2", "1.4.0", "2.2.0", "x", "0.2.0",
	};
	struct pair p = begin();
	struct page poll;

	say(p.bob, CART, p.bob->id, "{'b':1}");
	poll.client = poll_at(p.w, p.ann.client, cursors[_i]);
	expect_answer(poll.client, "1.3.0");
	expect_whole(&poll, "Ann* {}, Bob {'b':1} @1.3.0");
	world_free(p.w);
}
END_TEST

/*
 * What another daemon gave may have been another state: its database may have
 * been put back to what it was.
 */
START_TEST(a_poll_gets_no_delta_from_what_it_was_not_given)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *bob = world_join_by_request(w, "s1", "Bob");
	struct page eve = open_page(w, "joinSession", "Eve",
	    "Ann* {}, Bob {}, Eve {} @1.3.0"), again, poll;

	world_restart(w);
	again.client = world_connect(w, "s1");
	say(again.client, RESUME_DELTA, eve.client->id, eve.client->token);
	expect(again.client, RESUMED_DELTA, eve.client->id);
	expect_whole(&again, "Ann* {}, Bob {}, Eve {} @1.3.0");
	poll.client = poll_at(w, ann, "1.3.0");
	expect_waiting(poll.client);
	(void)post(w, "s1", bob->token, CART, bob->id, "{'b':1}");
	expect_delta(&again, "Ann* {}, Bob {'b':1}, Eve {} @1.4.0");
	expect_whole(&poll, "Ann* {}, Bob {'b':1}, Eve {} @1.4.0");
	poll.client = poll_at(w, ann, "1.4.0");
	(void)post(w, "s1", bob->token, CART, bob->id, "{'b':2}");
	expect_delta(&poll, "Ann* {}, Bob {'b':2}, Eve {} @1.5.0");
	world_free(w);
}
END_TEST

START_TEST(a_poll_long_afterwards_gets_the_whole)
{
	struct pair p = begin();
	struct page poll;

	say(p.bob, CART, p.bob->id, "{'b':1}");
	world_wait(p.w, KEPT_MS);
	poll.client = poll_at(p.w, p.ann.client, "1.2.0");
	expect_answer(poll.client, "1.3.0");
	expect_whole(&poll, "Ann* {}, Bob {'b':1} @1.3.0");
	world_free(p.w);
}
END_TEST

/* Nobody is connected, and polls are held by turns: it goes on by deltas. */
START_TEST(polls_alone_get_deltas)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *bob = world_join_by_request(w, "s1", "Bob");
	struct page poll;

	poll.client = poll_at(w, ann, "1.1.0");
	expect_whole(&poll, "Ann* {}, Bob {} @1.2.0");
	(void)post(w, "s1", bob->token, CART, bob->id, "{'b':1}");
	poll.client = poll_at(w, ann, "1.2.0");
	expect_delta(&poll, "Ann* {}, Bob {'b':1} @1.3.0");
	world_wait(w, MINUTE_MS / 2);
	(void)post(w, "s1", bob->token, CART, bob->id, "{'b':2}");
	poll.client = poll_at(w, ann, "1.3.0");
	expect_delta(&poll, "Ann* {}, Bob {'b':2} @1.4.0");

	/* When nobody asked for a minute, none is made. */
	world_wait(w, MINUTE_MS);
	(void)post(w, "s1", bob->token, CART, bob->id, "{'b':3}");
	poll.client = poll_at(w, ann, "1.4.0");
	expect_whole(&poll, "Ann* {}, Bob {'b':3} @1.5.0");
	world_free(w);
}
END_TEST

/* Who was away is where they were before. */
START_TEST(who_returns_is_put_in_its_place)
{
	struct pair p = begin();
	struct client *eve = world_join_resumable(p.w, "s1", "Eve"), *again;
	struct client *jim = world_join(p.w, "s1", "Jim");

	expect_delta(&p.ann, "Ann* {}, Bob {}, Eve {} @1.3.0");
	expect_delta(&p.ann, "Ann* {}, Bob {}, Eve {}, Jim {} @1.4.0");
	hang_up(eve);
	world_wait(p.w, MINUTE_MS);
	expect_delta(&p.ann, "Ann* {}, Bob {}, Jim {} @1.5.0");
	again = world_connect(p.w, "s1");
	say(again, RESUME, eve->id, eve->token);
	expect_delta(&p.ann, "Ann* {}, Bob {}, Eve {}, Jim {} @1.6.0");
	ignore(jim);
	world_free(p.w);
}
END_TEST

/* So much for all members of a session in a second, and for a cart of one. */
enum { RATE = 6000, CART_BYTES = 2000, LARGE_CART_BYTES = 5900 };

static void
send_cart(struct client *client, int bytes)
{
	say(client, "{'event':'updateCart','payload':{'customerId':'%s',"
	    "'cartContent':{'c':'%0*d'}}}", client->id, bytes, 0);
}

static uint64_t
delayed(struct world *w)
{
	struct hub_counts counts;

	hub_copy_counts(world_hub(w), &counts);
	return counts.delayed_publishes;
}

static struct pair
begin_with_rate(void)
{
	struct world_config config;

	world_defaults(&config);
	config.hub.session_output_rate = RATE;
	return begin_with(&config);
}

/* Ann alone, with a cart, and nothing spent. */
static struct client *
begin_alone(void)
{
	struct pair p = begin_with_rate();

	hang_up(p.bob);
	world_wait(p.w, MINUTE_MS);
	send_cart(p.ann.client, CART_BYTES);
	world_wait(p.w, MINUTE_MS);
	ignore(p.ann.client);
	ck_assert_uint_eq(delayed(p.w), 0);
	return p.ann.client;
}

static void
change_often(struct client *client)
{
	int i;

	for (i = 0; i < 10; i++)
		say(client, READY, client->id, i % 2 == 0 ? "true" : "false");
}

/* As many wholes would be more than three times what is allowed. */
START_TEST(a_delta_costs_the_bytes_that_it_has)
{
	struct client *ann = begin_alone();

	change_often(ann);
	ck_assert_uint_eq(delayed(ann->world), 0);
	world_free(ann->world);
}
END_TEST

/* It is charged when it comes in place of a delta, but once. */
START_TEST(a_whole_in_place_of_a_delta_costs_the_rest)
{
	struct client *ann = begin_alone();

	ann->is_slow = true;
	change_often(ann);
	ck_assert_uint_eq(delayed(ann->world), 0);
	send_cart(ann, LARGE_CART_BYTES);
	ck_assert_uint_eq(delayed(ann->world), 1);
	world_free(ann->world);
}
END_TEST

/* What is shown late is changed from what was shown last. */
START_TEST(what_had_to_wait_is_one_delta)
{
	struct pair p = begin_with_rate();
	char carts[64];
	int n;

	for (n = 3; delayed(p.w) == 0; n++) {
		say(p.bob, CART, p.bob->id, n % 2 == 0 ? "{}" : "{'b':1}");
		(void)snprintf(carts, sizeof(carts),
		    "Ann* {}, Bob %s @1.%d.0",
		    n % 2 == 0 ? "{}" : "{'b':1}", n);
		expect_delta(&p.ann, carts);
	}
	say(p.bob, READY, p.bob->id, "true");
	say(p.bob, CART, p.bob->id, "{'b':2}");
	expect_nothing(p.ann.client);
	world_wait(p.w, MINUTE_MS);
	(void)snprintf(carts, sizeof(carts), "Ann* {}, Bob! {'b':2} @1.%d.0",
	    n + 1);
	expect_delta(&p.ann, carts);
	expect_nothing(p.ann.client);
	world_free(p.w);
}
END_TEST

/* Even where the whole has to wait, it comes first. */
START_TEST(no_delta_comes_before_what_who_resumes_waits_for)
{
	struct pair p = begin_with_rate();
	struct client *ann = p.ann.client;

	ann->is_slow = true;
	while (delayed(p.w) == 0) {
		catch_up(ann);
		ignore(ann);
		say(p.bob, CART, p.bob->id, "{'b':1}");
	}
	ck_assert_uint_ne(ann->peer.outbox.multicart->from, 0);
	say(ann, RESUME_DELTA, ann->id, ann->token);
	catch_up(ann);
	expect(ann, RESUMED_DELTA, ann->id);
	expect_nothing(ann);
	ann->is_slow = false;
	world_wait(p.w, MINUTE_MS);
	ck_assert(!delta_is_one(STAILQ_FIRST(&ann->heard)->text));
	world_free(p.w);
}
END_TEST

START_TEST(it_is_made_once_for_all)
{
	struct pair p = begin();
	struct page eve = open_page(p.w, "joinSession", "Eve",
	    "Ann* {}, Bob {}, Eve {} @1.3.0");
	struct multicart *delta;

	p.ann.client->is_slow = true;
	eve.client->is_slow = true;
	ignore(p.ann.client);
	say(p.bob, CART, p.bob->id, "{'b':1}");
	delta = p.ann.client->peer.outbox.multicart;
	ck_assert_uint_eq(delta->from, 3);
	ck_assert_ptr_eq(eve.client->peer.outbox.multicart, delta);
	world_free(p.w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, whoever_asked_gets_deltas_and_nobody_else);
	tcase_add_test(tc, who_has_another_feature_on_gets_the_whole);
	tcase_add_test(tc, who_comes_gets_the_whole_and_then_deltas);
	tcase_add_test(tc, who_comes_together_with_a_change_gets_the_whole);
	tcase_add_test(tc, who_is_slow_gets_the_whole_in_place_of_two);
	tcase_add_test(tc, a_delta_that_waits_is_none_for_who_resumes);
	tcase_add_test(tc, a_delta_is_not_from_what_was_refused);
	tcase_add_test(tc, after_trouble_with_the_storage_all_get_the_whole);
	tcase_add_test(tc, a_poll_gets_the_delta_from_its_cursor);
	tcase_add_loop_test(tc, a_poll_with_another_cursor_gets_the_whole, 0,
	    6);
	tcase_add_test(tc, a_poll_gets_no_delta_from_what_it_was_not_given);
	tcase_add_test(tc, a_poll_long_afterwards_gets_the_whole);
	tcase_add_test(tc, polls_alone_get_deltas);
	tcase_add_test(tc, who_returns_is_put_in_its_place);
	tcase_add_test(tc, a_delta_costs_the_bytes_that_it_has);
	tcase_add_test(tc, a_whole_in_place_of_a_delta_costs_the_rest);
	tcase_add_test(tc, what_had_to_wait_is_one_delta);
	tcase_add_test(tc,
	    no_delta_comes_before_what_who_resumes_waits_for);
	tcase_add_test(tc, it_is_made_once_for_all);
}
