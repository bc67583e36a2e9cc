#include "suite.h"

#include <stdio.h>

#include "hub/hub.h"
#include "hub_script.h"
#include "session/session.h"

/*
 * Customers who speak by single requests: what each is answered and when, and
 * that they are members as good as any.
 */

const char suite_name[] = "hub_polls";

#define DAY_MS UINT64_C(86400000)
/* The last request keeps a customer present, and the absent stay a while. */
#define PRESENCE_MS 75000
#define WINDOW_MS 60000
#define WAIT_S 25
#define WAIT_MAX_S 55

#define R1 "request-0123456789_abcdef"
#define START_REQUEST "{'event':'startSession','payload':{"		\
	"'customerName':'%s','requestId':'" R1 "'}}"
#define JOIN_REQUEST "{'event':'joinSession','payload':{"		\
	"'customerName':'%s','requestId':'" R1 "'}}"
#define RESUME_BARE "{'event':'resumeSession','payload':{"		\
	"'customerId':'%s'}}"
#define CART_PROVED "{'event':'updateCart','payload':{"			\
	"'customerId':'%s','cartContent':{},'token':'%s'}}"
#define POLL_WAIT "{'event':'poll','payload':{'customerId':'%s',"	\
	"'cursor':'%s','wait':%u}}"
#define CART_DONE "{'event':'updateCart','payload':{'seq':%d}}"
#define CART_STALE "{'event':'updateCart','payload':{'seq':%d,'stale':true}}"
#define READY_DONE "{'event':'customerReadyToCheckout','payload':{'seq':%d}}"
#define STORAGE_ERROR ",'event':'%s','retryAfter':5"

/* What a customer does by a request. */
static const struct {
	const char *name;
	const char *more;	/* in its payload */
} events[] = {
	{ "updateCart", ",'cartContent':{'x':1}" },
	{ "customerReadyToCheckout", ",'customerReadyToCheckout':true" },
	{ "resumeSession", "" },
	{ "poll", ",'wait':0" },
	{ "leaveSession", "" },
};

enum {
	EVENTS = sizeof(events) / sizeof(events[0]),
	EVENTS_OF_MEMBERS = EVENTS - 1,	/* all but leaveSession */
	READY_EVENT = 1,
	RESUME_EVENT = 2,
	POLL_EVENT = 3
};

/* events[i] of the customer whose id that is, with a token in its payload. */
static struct client *
post_event(struct world *w, int i, const char *id, const char *token)
{
	return post(w, "s1", "", "{'event':'%s','payload':{'customerId':'%s',"
	    "'token':'%s'%s}}", events[i].name, id, token, events[i].more);
}

/* A poll of the customer, who knows what was shown at cursor. */
static struct client *
poll_at(struct world *w, const struct client *customer, const char *cursor)
{
	return post(w, "s1", customer->token, POLL_AT, customer->id, cursor);
}

START_TEST(who_enters_is_answered_with_the_multicart)
{
	struct world *w = world_new();
	struct client *ann = post(w, "s1", "", START, "Ann");
	struct client *bob, *again;

	expect_answer(ann, "1.1");
	expect(ann, STARTED_RESUMABLE, "<id>", "<token>");
	expect_carts(ann, "Ann* {} @1.1");
	expect_nothing(ann);
	bob = post(w, "s1", "", JOIN, "Bob");
	expect_answer(bob, "1.2");
	expect(bob, JOINED_RESUMABLE, "<id>", "<token>");
	expect_carts(bob, "Ann* {}, Bob {} @1.2");
	expect_nothing(bob);
	again = post(w, "s1", "", RESUME, ann->id, ann->token);
	expect_answer(again, "1.2");
	expect(again, RESUMED, ann->id, 0);
	expect_carts(again, "Ann* {}, Bob {} @1.2");
	expect_nothing(again);
	ck_assert_int_eq(world_record(w, "s1")->transport, TRANSPORT_HTTP);
	world_free(w);
}
END_TEST

START_TEST(who_enters_is_answered_once_that_is_durable)
{
	struct world *w = world_new();
	struct client *ann, *bob, *again;

	world_hold(w);
	ann = post(w, "s1", "", START, "Ann");
	world_do_one(w);
	expect_waiting(ann);
	world_go_on(w);
	expect_answer(ann, "1.1");
	expect(ann, STARTED_RESUMABLE, "<id>", "<token>");
	world_hold(w);
	bob = request(w, "s1", "", JOIN, "Bob");
	again = post(w, "s1", ann->token, RESUME_BARE, ann->id);
	world_wait(w, 1000);
	expect_waiting(bob);
	expect_waiting(again);
	world_go_on(w);
	expect_answer(bob, "1.2");
	expect_answer(again, "1.2");
	world_free(w);
}
END_TEST

START_TEST(changes_are_answered_once_durable)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *cart, *numbered, *ready, *stale, *leave;

	world_hold(w);
	cart = post(w, "s1", ann->token, CART, ann->id, "{'a':1}");
	numbered = post(w, "s1", ann->token, CART_SEQ, ann->id, "{'a':2}", 7);
	ready = post(w, "s1", ann->token, READY_SEQ, ann->id, "true", 1);
	stale = post(w, "s1", ann->token, CART_SEQ, ann->id, "{'a':3}", 6);
	leave = post(w, "s1", ann->token, LEAVE, ann->id);
	world_do_one(w);
	expect_answer(cart, "");
	expect_nothing(cart);
	expect_waiting(numbered);
	expect_waiting(ready);
	expect_waiting(stale);
	expect_waiting(leave);
	world_go_on(w);
	expect_answer(numbered, "");
	expect(numbered, CART_DONE, 7);
	expect_nothing(numbered);
	expect_answer(ready, "");
	expect(ready, READY_DONE, 1);
	expect_answer(stale, "");
	expect(stale, CART_STALE, 6);
	expect_answer(leave, "");
	expect(leave, LEFT, ann->id);
	expect_nothing(leave);
	world_free(w);
}
END_TEST

START_TEST(a_resumed_customer_learns_its_highest_number)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *again;

	(void)post(w, "s1", ann->token, CART_SEQ, ann->id, "{}", 7);
	(void)post(w, "s1", ann->token, READY_SEQ, ann->id, "true", 12);
	world_restart(w);
	again = post(w, "s1", ann->token, RESUME_BARE, ann->id);
	expect(again, RESUMED, ann->id, 12);
	expect_carts(again, "Ann*! {} @1.3");
	world_free(w);
}
END_TEST

/* Cursors of polls on a session that is at 1.3. */
static const struct {
	const char *more;	/* in the payload */
	bool	 is_held;
} cursors[] = {
	{ ",'cursor':'1.3'", true },
	{ ",'cursor':'01.0003'", true },
	{ "", false },
	{ ",'cursor':'1.2'", false },
	{ ",'cursor':'1.0'", false },
	{ ",'cursor':'1.4'", false },
	{ ",'cursor':'1.9999999999999999'", false },
	{ ",'cursor':'0.3'", false },
	{ ",'cursor':'2.3'", false },
	{ ",'cursor':''", false },
	{ ",'cursor':'.'", false },
	{ ",'cursor':'1.'", false },
	{ ",'cursor':'.3'", false },
	{ ",'cursor':'13'", false },
	{ ",'cursor':'1.3 '", false },
	{ ",'cursor':'1.3.3'", true },
	{ ",'cursor':'1.3.17.0'", true },
	{ ",'cursor':'1.2.3'", false },
	{ ",'cursor':'1.3.'", false },
	{ ",'cursor':'1.3.x'", false },
	{ ",'cursor':'1..3'", false },
	{ ",'cursor':'1.+3'", false },
	{ ",'cursor':'1.18446744073709551619'", false },
	{ ",'cursor':1.3", false },
	{ ",'cursor':null", false },
	{ ",'cursor':{}", false },
};

START_TEST(a_poll_is_held_only_if_it_knows_the_newest)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *poll;

	(void)world_join_by_request(w, "s1", "Bob");
	(void)post(w, "s1", ann->token, CART, ann->id, "{'a':1}");
	poll = post(w, "s1", ann->token, "{'event':'poll','payload':{"
	    "'customerId':'%s'%s}}", ann->id, cursors[_i].more);
	if (cursors[_i].is_held) {
		expect_waiting(poll);
		(void)post(w, "s1", ann->token, CART, ann->id, "{'a':1}");
		expect_answer(poll, "1.4");
		expect_carts(poll, "Ann* {'a':1}, Bob {} @1.4");
	} else {
		expect_answer(poll, "1.3");
		expect_carts(poll, "Ann* {'a':1}, Bob {} @1.3");
	}
	expect_nothing(poll);
	world_free(w);
}
END_TEST

/* Whatever changes the session: what others do, and what happens to them. */
START_TEST(a_held_poll_is_answered_by_anybodys_change)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *eve = world_connect(w, "s1");
	struct client *poll = poll_at(w, ann, "1.2");

	expect_waiting(poll);
	say(bob, CART, bob->id, "{'b':1}");
	expect_carts(poll, "Ann* {}, Bob {'b':1} @1.3");
	poll = poll_at(w, ann, poll->cursor);
	expect_waiting(poll);
	(void)post(w, "s1", ann->token, READY, ann->id, "true");
	expect_carts(poll, "Ann*! {}, Bob {'b':1} @1.4");
	poll = poll_at(w, ann, poll->cursor);
	say(eve, JOIN, "Eve");
	expect_carts(poll, "Ann*! {}, Bob {'b':1}, Eve {} @1.5");
	poll = poll_at(w, ann, poll->cursor);
	hang_up(bob);
	world_wait(w, 4999);
	expect_waiting(poll);
	world_wait(w, 1);
	expect_answer(poll, "1.6");
	expect_carts(poll, "Ann*! {}, Eve {} @1.6");
	world_free(w);
}
END_TEST

START_TEST(a_poll_is_held_as_long_as_it_wants)
{
	static const struct {
		const char *more;
		uint64_t s;
	} waits[] = {
		{ "", WAIT_S }, { ",'wait':0", 0 }, { ",'wait':7", 7 },
		{ ",'wait':55", WAIT_MAX_S }, { ",'wait':56", WAIT_MAX_S },
		{ ",'wait':999999999999", WAIT_MAX_S },
	};
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	size_t i;

	for (i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		struct client *poll = post(w, "s1", ann->token, "{'event':"
		    "'poll','payload':{'customerId':'%s','cursor':'1.1'%s}}",
		    ann->id, waits[i].more);

		if (waits[i].s > 0)
			world_wait(w, waits[i].s * 1000 - 1);
		expect_waiting(poll);
		world_wait(w, waits[i].s > 0 ? 1 : 0);
		expect_answer(poll, "1.1");
		expect_nothing(poll);
	}
	world_free(w);
}
END_TEST

START_TEST(reading_consumes_nothing)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *tabs[3];
	int i;

	tabs[0] = poll_at(w, ann, "1.1");
	tabs[1] = poll_at(w, ann, "1.1");
	(void)post(w, "s1", ann->token, CART, ann->id, "{'a':1}");
	tabs[2] = poll_at(w, ann, "1.1");
	for (i = 0; i < 3; i++) {
		expect_answer(tabs[i], "1.2");
		expect_carts(tabs[i], "Ann* {'a':1} @1.2");
		expect_nothing(tabs[i]);
	}
	world_free(w);
}
END_TEST

START_TEST(changes_of_one_commit_are_one_answer)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *poll = poll_at(w, ann, "1.1");
	struct client *cart, *ready;

	cart = request(w, "s1", ann->token, CART, ann->id, "{'a':1}");
	ready = request(w, "s1", ann->token, READY, ann->id, "true");
	world_run(w);
	expect_answer(cart, "");
	expect_answer(ready, "");
	expect_answer(poll, "1.3");
	expect_carts(poll, "Ann*! {'a':1} @1.3");
	expect_nothing(poll);
	world_free(w);
}
END_TEST

/* With a poll that was held before, and one that came meanwhile. */
START_TEST(nothing_uncommitted_is_shown_to_a_poll)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *held = poll_at(w, ann, "1.1");
	struct client *newest, *blank, *change;

	world_hold(w);
	change = post(w, "s1", ann->token, CART, ann->id, "{'a':1}");
	newest = poll_at(w, ann, "1.1");
	blank = poll_at(w, ann, "");
	(void)post(w, "s1", ann->token, CART, ann->id, "{'a':2}");
	world_wait(w, 1000);
	expect_waiting(change);
	expect_waiting(held);
	expect_waiting(newest);
	expect_waiting(blank);
	world_do_one(w);
	expect_answer(change, "");
	expect_carts(held, "Ann* {'a':1} @1.2");
	expect_carts(newest, "Ann* {'a':1} @1.2");
	expect_carts(blank, "Ann* {'a':1} @1.2");
	/* What comes between two lists waits for the second. */
	held = poll_at(w, ann, "1.2");
	blank = poll_at(w, ann, "");
	expect_waiting(held);
	expect_waiting(blank);
	world_go_on(w);
	expect_carts(held, "Ann* {'a':2} @1.3");
	expect_carts(blank, "Ann* {'a':2} @1.3");
	world_free(w);
}
END_TEST

START_TEST(a_change_that_was_refused_is_no_news)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *held = poll_at(w, ann, "1.1");
	struct client *meanwhile, *blank, *change;

	world_hold(w);
	world_refuse(w, 1);
	change = post(w, "s1", ann->token, CART_SEQ, ann->id, "{'a':1}", 3);
	meanwhile = poll_at(w, ann, "1.1");
	blank = poll_at(w, ann, "");
	world_go_on(w);
	expect_refusal(change, "storageUnavailable",
	    ",'event':'updateCart','seq':3,'retryAfter':5");
	expect_waiting(held);
	expect_waiting(meanwhile);
	expect_carts(blank, "Ann* {} @1.1");
	world_wait(w, WAIT_S * 1000);
	expect_answer(held, "1.1");
	expect_nothing(held);
	expect_answer(meanwhile, "1.1");
	world_free(w);
}
END_TEST

START_TEST(held_polls_outlive_a_refused_change)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *held = poll_at(w, ann, "1.1");

	world_refuse(w, 1);
	/* Not even the session can be read again at first. */
	world_refuse_reading(w, 1);
	(void)post(w, "s1", ann->token, CART, ann->id, "{'a':1}");
	expect_waiting(held);
	world_wait(w, 5000);
	expect_waiting(held);
	(void)post(w, "s1", ann->token, CART, ann->id, "{'a':2}");
	expect_answer(held, "1.2");
	expect_carts(held, "Ann* {'a':2} @1.2");
	world_free(w);
}
END_TEST

START_TEST(one_poll_too_many_releases_the_oldest)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *bob = world_join_by_request(w, "s1", "Bob");
	struct client *of_bob = poll_at(w, bob, "1.2");
	struct client *polls[6];
	int i;

	for (i = 0; i < 6; i++)
		polls[i] = poll_at(w, ann, "1.2");
	for (i = 0; i < 2; i++) {
		expect_answer(polls[i], "1.2");
		expect_nothing(polls[i]);
	}
	for (i = 2; i < 6; i++)
		expect_waiting(polls[i]);
	expect_waiting(of_bob);
	hang_up(polls[3]);
	(void)poll_at(w, ann, "1.2");
	expect_waiting(polls[2]);
	world_free(w);
}
END_TEST

START_TEST(a_poll_that_is_not_held_releases_nobody)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *polls[4];
	int i;

	for (i = 0; i < 4; i++)
		polls[i] = poll_at(w, ann, "1.1");
	expect_answer(poll_at(w, ann, ""), "1.1");
	expect_answer(poll_at(w, ann, "1.0"), "1.1");
	expect_answer(post(w, "s1", ann->token, RESUME_BARE, ann->id), "1.1");
	for (i = 0; i < 4; i++)
		expect_waiting(polls[i]);
	world_free(w);
}
END_TEST

START_TEST(who_enters_is_not_released_without_the_multicart)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *again;
	int i;

	world_hold(w);
	again = post(w, "s1", ann->token, RESUME_BARE, ann->id);
	(void)post(w, "s1", ann->token, CART, ann->id, "{'a':1}");
	world_do_one(w);
	expect_waiting(again);
	for (i = 0; i < 5; i++)
		(void)poll_at(w, ann, "1.1");
	world_go_on(w);
	expect_answer(again, "1.2");
	expect(again, RESUMED, ann->id, 0);
	expect_carts(again, "Ann* {'a':1} @1.2");
	world_free(w);
}
END_TEST

START_TEST(held_polls_may_be_without_limit)
{
	struct world_config config;
	struct world *w;
	struct client *ann, *first;
	int i;

	world_defaults(&config);
	config.hub.max_held_polls = 0;
	w = world_new_with(&config);
	ann = world_start_by_request(w, "s1", "Ann");
	first = poll_at(w, ann, "1.1");
	for (i = 0; i < 100; i++)
		expect_waiting(poll_at(w, ann, "1.1"));
	expect_waiting(first);
	world_free(w);
}
END_TEST

/* By another request, and by a connection. */
START_TEST(leaving_ends_the_customers_polls)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");
	struct client *tab = world_connect(w, "s1");
	struct client *held = poll_at(w, bob, "1.2");
	struct client *of_ann = poll_at(w, ann, "1.2");

	say(tab, RESUME, bob->id, bob->token);
	world_ignore(w);
	world_hold(w);
	if (_i == 0)
		say(bob, LEAVE, bob->id);
	else
		(void)post(w, "s1", bob->token, LEAVE, bob->id);
	expect_waiting(held);
	expect_waiting(of_ann);
	world_go_on(w);
	expect_refusal(held, "leftSession", ",'event':'poll'");
	expect_carts(of_ann, "Ann* {} @1.3");
	expect(bob, LEFT, bob->id);
	expect(tab, LEFT, bob->id);
	expect_nothing(tab);
	expect_refusal(poll_at(w, bob, "1.2"), "leftSession",
	    ",'event':'poll'");
	/* It is not present any more either. */
	ck_assert_ptr_null(tab->peer.seat);
	world_free(w);
}
END_TEST

START_TEST(a_leaving_that_was_refused_ends_nothing)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *held = poll_at(w, ann, "1.1");
	struct client *left, *meanwhile;

	world_hold(w);
	world_refuse(w, 1);
	left = post(w, "s1", ann->token, LEAVE, ann->id);
	meanwhile = poll_at(w, ann, "1.1");
	expect_waiting(meanwhile);
	world_go_on(w);
	expect_refusal(left, "storageUnavailable", STORAGE_ERROR,
	    "leaveSession");
	expect_refusal(meanwhile, "storageUnavailable", STORAGE_ERROR, "poll");
	expect_waiting(held);
	(void)post(w, "s1", ann->token, CART, ann->id, "{'a':1}");
	expect_carts(held, "Ann* {'a':1} @1.2");
	world_free(w);
}
END_TEST

START_TEST(every_request_but_start_and_join_needs_its_token)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *bob = world_join_by_request(w, "s1", "Bob");
	struct client *other = world_start_by_request(w, "s2", "Ann");
	const char *wrong[] = { "", "x", bob->token, other->token };
	/* One that is not there, in a session that is not there. */
	const char *ids[] = { ann->id, "0123456789abcdef01234567" };
	const char *sessions[] = { "s1", "s2", "s3" };
	unsigned loads = world_loads_done(w);
	char rest[64];
	int i;

	(void)snprintf(rest, sizeof(rest), ",'event':'%s'", events[_i].name);
	for (i = 0; i < 24; i++) {
		struct client *asked = post(w, sessions[i % 3], wrong[i / 6],
		    "{'event':'%s','payload':{'customerId':'%s'%s}}",
		    events[_i].name, ids[i / 3 % 2], events[_i].more);

		if (i == 11)	/* where that token is right */
			continue;
		expect_refusal(asked, "invalidToken", "%s", rest);
	}
	/* Nobody so much as looked. */
	ck_assert_uint_eq(world_loads_done(w), loads);
	ck_assert_uint_eq(world_stored(w, "s1")->count, 2);
	world_free(w);
}
END_TEST

START_TEST(a_token_stands_in_the_payload_or_beside_it)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *bob = world_join_by_request(w, "s1", "Bob");

	expect_answer(post(w, "s1", ann->token, CART, ann->id, "{}"), "");
	expect_answer(post(w, "s1", "", CART_PROVED, ann->id, ann->token), "");
	/* What the message says comes first. */
	expect_answer(post(w, "s1", bob->token, CART_PROVED, ann->id,
	    ann->token), "");
	expect_refusal(post(w, "s1", ann->token, CART_PROVED, ann->id,
	    bob->token), "invalidToken", ",'event':'updateCart'");
	expect_refusal(post(w, "s1", ann->token, CART_PROVED, ann->id, "x"),
	    "invalidToken", ",'event':'updateCart'");
	world_free(w);
}
END_TEST

/* A customer who once got a token may find nothing at all, or another one. */
START_TEST(a_valid_token_is_told_what_is_not_there)
{
	struct world *w = world_new();
	struct client *ann;
	int i;

	world_hold(w);
	ann = post(w, "s1", "", START, "Ann");
	world_go_on(w);
	expect(ann, STARTED_RESUMABLE, "<id>", "<token>");
	(void)post(w, "s1", ann->token, LEAVE, ann->id);
	for (i = 0; i < EVENTS; i++)
		expect_refusal(post_event(w, i, ann->id, ann->token),
		    "leftSession", ",'event':'%s'", events[i].name);
	world_wait(w, 2 * DAY_MS);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_END);
	for (i = 0; i < EVENTS; i++)
		expect_refusal(post_event(w, i, ann->id, ann->token),
		    "leftSession", ",'event':'%s'", events[i].name);
	(void)world_start_by_request(w, "s1", "Eve");
	for (i = 0; i < EVENTS; i++)
		expect_refusal(post_event(w, i, ann->id, ann->token),
		    "leftSession", ",'event':'%s'", events[i].name);
	world_free(w);
}
END_TEST

/* Its session remembers only who left last. */
START_TEST(a_valid_token_of_a_forgotten_customer_has_left)
{
	struct world_config config;
	struct world *w;
	struct client *bob, *eve;
	int i;

	world_defaults(&config);
	config.hub.limits.max_remembered = 1;
	w = world_new_with(&config);
	(void)world_start(w, "s1", "Ann");
	bob = world_join_by_request(w, "s1", "Bob");
	eve = world_join_by_request(w, "s1", "Eve");
	(void)post(w, "s1", bob->token, LEAVE, bob->id);
	(void)post(w, "s1", eve->token, LEAVE, eve->id);
	for (i = 0; i < EVENTS; i++)
		expect_refusal(post_event(w, i, bob->id, bob->token),
		    "leftSession", ",'event':'%s'", events[i].name);
	world_free(w);
}
END_TEST

START_TEST(a_valid_token_of_no_session_finds_none)
{
	struct world *w = world_new();
	struct customer_id id = { { 1, 2, 3 } };
	char digits[ID_CUSTOMER_HEX + 1], token[ID_TOKEN_CHARS + 1];
	int i;

	customer_id_format(&id, digits);
	id_token(&world_config(w)->key, "s1", &id, token);
	for (i = 0; i < EVENTS; i++)
		expect_refusal(post_event(w, i, digits, token),
		    "sessionNotFound", ",'event':'%s'", events[i].name);
	world_free(w);
}
END_TEST

START_TEST(a_request_counts_as_presence_for_a_while)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_by_request(w, "s1", "Bob");
	size_t count;

	world_wait(w, PRESENCE_MS + WINDOW_MS - 1);
	(void)post_event(w, POLL_EVENT, bob->id, bob->token);
	world_wait(w, PRESENCE_MS - 1);
	expect_answer(post_event(w, _i, bob->id, bob->token),
	    _i == RESUME_EVENT || _i == POLL_EVENT ? "1.2" : "");
	count = world_stored(w, "s1")->count;
	world_ignore(w);
	world_wait(w, PRESENCE_MS + WINDOW_MS - 1);
	expect_nothing(ann);
	ck_assert_uint_eq(world_stored(w, "s1")->count, count);
	world_wait(w, 1);
	expect_carts(ann, "Ann* {}");
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_EXPIRE);
	world_free(w);
}
END_TEST

START_TEST(a_held_poll_is_presence)
{
	struct world_config config;
	struct world *w;
	struct client *ann, *bob, *poll;
	int i;

	world_defaults(&config);
	config.hub.poll_presence_ms = 1000;
	w = world_new_with(&config);
	ann = world_start(w, "s1", "Ann");
	bob = world_join_by_request(w, "s1", "Bob");
	world_ignore(w);
	for (i = 0; i < 10; i++) {
		poll = post(w, "s1", bob->token, POLL_WAIT, bob->id, "1.2",
		    WAIT_MAX_S);
		world_wait(w, WAIT_MAX_S * 1000);
		expect_answer(poll, "1.2");
	}
	poll = post(w, "s1", bob->token, POLL_WAIT, bob->id, "1.2", WAIT_MAX_S);
	world_wait(w, 30000);
	hang_up(poll);
	/* Its end is the last that was seen of the customer. */
	world_wait(w, WINDOW_MS - 1);
	expect_nothing(ann);
	world_wait(w, 1);
	expect_carts(ann, "Ann* {}");
	world_free(w);
}
END_TEST

START_TEST(nobody_expires_while_nobody_is_present)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *bob = world_join_by_request(w, "s1", "Bob");
	struct client *poll;

	world_wait(w, 12 * UINT64_C(3600000));
	ck_assert_uint_eq(world_stored(w, "s1")->count, 2);
	poll = poll_at(w, ann, "");
	expect_carts(poll, "Ann* {}, Bob {} @1.2");
	world_wait(w, WINDOW_MS - 1);
	ck_assert_uint_eq(world_stored(w, "s1")->count, 2);
	world_wait(w, 1);
	expect_carts(poll_at(w, ann, "1.2"), "Ann* {} @1.3");
	expect_carts(poll_at(w, bob, "1.2"), "Ann* {}, Bob {} @1.4");
	world_free(w);
}
END_TEST

/* Nor are they who have left, however lately that was. */
START_TEST(who_has_left_is_not_present)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *bob = world_join_by_request(w, "s1", "Bob");

	world_wait(w, PRESENCE_MS - 1);
	(void)poll_at(w, ann, "");
	world_wait(w, WINDOW_MS / 2);
	(void)post(w, "s1", ann->token, LEAVE, ann->id);
	world_wait(w, 10 * WINDOW_MS);
	expect_carts(poll_at(w, bob, ""), "Bob {} @1.3");
	world_free(w);
}
END_TEST

/* Bob, who came by a request and was not heard of until he expired. */
static struct client *
expired_guest(struct world *w)
{
	struct client *bob = world_join_by_request(w, "s1", "Bob");

	(void)post(w, "s1", bob->token, CART, bob->id, "{'b':1}");
	world_wait(w, PRESENCE_MS + WINDOW_MS);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_EXPIRE);
	world_ignore(w);
	return bob;
}

START_TEST(any_request_but_leaving_brings_a_customer_back)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = expired_guest(w);
	struct client *back = post_event(w, _i, bob->id, bob->token);

	switch (_i) {
	case RESUME_EVENT:
		expect(back, RESUMED, bob->id, 0);
		/* FALLTHROUGH */
	case POLL_EVENT:
		expect_answer(back, "1.5");
		expect_carts(back, "Ann* {}, Bob {'b':1} @1.5");
		break;
	default:
		expect_answer(back, "");
	}
	expect_nothing(back);
	expect_carts(ann, "Ann* {}, Bob%s %s",
	    _i == READY_EVENT ? "!" : "",
	    _i == 0 ? "{'x':1}" : "{'b':1}");
	expect_nothing(ann);
	ck_assert_int_eq(world_stored(w, "s1")->records[4].event,
	    RECORD_RETURN);
	world_free(w);
}
END_TEST

START_TEST(leaving_brings_nobody_back)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = expired_guest(w);
	struct client *left = post(w, "s1", bob->token, LEAVE, bob->id);

	expect_answer(left, "");
	expect(left, LEFT, bob->id);
	expect_carts(ann, "Ann* {}");
	expect_nothing(ann);
	ck_assert_uint_eq(world_stored(w, "s1")->count, 5);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_LEAVE);
	world_free(w);
}
END_TEST

START_TEST(there_may_be_no_room_to_come_back_to)
{
	struct world_config config;
	struct world *w;
	struct client *bob, *eve;
	int i;

	world_defaults(&config);
	config.hub.limits.max_customers = 2;
	w = world_new_with(&config);
	(void)world_start(w, "s1", "Ann");
	bob = expired_guest(w);
	eve = world_join(w, "s1", "Eve");
	for (i = 0; i < EVENTS_OF_MEMBERS; i++)
		expect_refusal(post_event(w, i, bob->id, bob->token),
		    "sessionFull", ",'event':'%s','retryAfter':60",
		    events[i].name);
	ck_assert_uint_eq(world_stored(w, "s1")->count, 5);
	say(eve, LEAVE, eve->id);
	expect_carts(post_event(w, POLL_EVENT, bob->id, bob->token),
	    "Ann* {}, Bob {'b':1} @1.7");
	world_free(w);
}
END_TEST

START_TEST(a_return_that_was_refused_did_not_happen)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = expired_guest(w);
	struct client *back;

	world_hold(w);
	world_refuse(w, 1);
	back = post_event(w, _i, bob->id, bob->token);
	expect_waiting(back);
	world_go_on(w);
	expect_refusal(back, "storageUnavailable", STORAGE_ERROR,
	    events[_i].name);
	world_ignore(w);
	back = poll_at(w, bob, "1.4");
	expect_answer(back, "1.5");
	expect_carts(back, "Ann* {}, Bob {'b':1} @1.5");
	expect_carts(ann, "Ann* {}, Bob {'b':1}");
	world_free(w);
}
END_TEST

static struct world *
world_with_rate(void)
{
	struct world_config config;

	world_defaults(&config);
	config.hub.message_rate = 1;
	config.hub.message_burst = 3;
	return world_new_with(&config);
}

START_TEST(the_rate_is_the_customers_not_the_requests)
{
	struct world *w = world_with_rate();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *bob = world_join_by_request(w, "s1", "Bob");
	int i;

	for (i = 0; i < 3; i++)
		expect_answer(post_event(w, POLL_EVENT, ann->id, ann->token),
		    "1.2");
	for (i = 0; i < EVENTS; i++)
		expect_refusal(post_event(w, i, ann->id, ann->token),
		    "rateLimited", ",'event':'%s','retryAfter':1",
		    events[i].name);
	expect_refusal(post(w, "s1", ann->token, CART_SEQ, ann->id, "{}", 5),
	    "rateLimited", ",'event':'updateCart','seq':5,'retryAfter':1");
	/* Others are not concerned, nor is its connection. */
	expect_answer(post_event(w, POLL_EVENT, bob->id, bob->token), "1.2");
	world_ignore(w);
	say(ann, CART_SEQ, ann->id, "{}", 5);
	expect(ann, CART_DONE, 5);
	world_wait(w, 1000);
	expect_answer(post_event(w, POLL_EVENT, ann->id, ann->token), "1.3");
	expect_refusal(post_event(w, POLL_EVENT, ann->id, ann->token),
	    "rateLimited", ",'event':'poll','retryAfter':1");
	world_free(w);
}
END_TEST

START_TEST(who_cannot_prove_itself_costs_the_customer_nothing)
{
	struct world *w = world_with_rate();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	int i;

	for (i = 0; i < 50; i++)
		expect_refusal(post_event(w, i % EVENTS, ann->id, "x"),
		    "invalidToken", ",'event':'%s'", events[i % EVENTS].name);
	expect_answer(post_event(w, POLL_EVENT, ann->id, ann->token), "1.1");
	world_free(w);
}
END_TEST

START_TEST(requests_under_way_are_refused_with_the_storage)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *start, *join, *doings[EVENTS];
	int i;

	world_hold(w);
	world_refuse(w, 1);
	start = post(w, "s2", "", START, "Eve");
	/* Its session is read first, by the list that is refused. */
	join = post(w, "s1", "", JOIN, "Bob");
	for (i = 0; i < EVENTS; i++)
		doings[i] = i == POLL_EVENT ? NULL :
		    post_event(w, i, ann->id, ann->token);
	world_go_on(w);
	expect_refusal(start, "storageUnavailable", STORAGE_ERROR,
	    "startSession");
	expect_refusal(join, "storageUnavailable", STORAGE_ERROR,
	    "joinSession");
	for (i = 0; i < EVENTS; i++)
		if (doings[i] != NULL)
			expect_refusal(doings[i], "storageUnavailable",
			    STORAGE_ERROR, events[i].name);
	ck_assert_uint_eq(world_stored(w, "s1")->count, 1);
	ck_assert_ptr_null(world_stored(w, "s2"));
	expect_carts(poll_at(w, ann, ""), "Ann* {} @1.1");
	world_free(w);
}
END_TEST

START_TEST(a_session_that_cannot_be_read_is_told_to_requests)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	int i;

	for (i = 0; i < EVENTS; i++) {
		world_restart(w);
		world_refuse_reading(w, 1);
		expect_refusal(post_event(w, i, ann->id, ann->token),
		    "storageUnavailable", STORAGE_ERROR, events[i].name);
	}
	expect_carts(poll_at(w, ann, ""), "Ann* {} @1.1");
	world_free(w);
}
END_TEST

START_TEST(polls_of_a_session_that_is_being_read_wait_for_it)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *polls[6], *gone;
	int i;

	world_restart(w);
	world_hold(w);
	gone = poll_at(w, ann, "1.1");
	for (i = 0; i < 6; i++)
		polls[i] = poll_at(w, ann, i == 5 ? "1.0" : "1.1");
	hang_up(gone);
	for (i = 0; i < 6; i++)
		expect_waiting(polls[i]);
	world_go_on(w);
	/* Five of them are held, one too many. */
	expect_answer(polls[0], "1.1");
	expect_nothing(polls[0]);
	for (i = 1; i < 5; i++)
		expect_waiting(polls[i]);
	expect_answer(polls[5], "1.1");
	expect_carts(polls[5], "Ann* {} @1.1");
	world_wait(w, WAIT_S * 1000);
	for (i = 1; i < 5; i++)
		expect_answer(polls[i], "1.1");
	world_free(w);
}
END_TEST

START_TEST(a_cancelled_poll_is_forgotten)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *first = poll_at(w, ann, "1.1");
	struct client *second = poll_at(w, ann, "1.1");

	hang_up(first);
	ck_assert_uint_eq(world_stored(w, "s1")->count, 1);
	(void)post(w, "s1", ann->token, CART, ann->id, "{'a':1}");
	expect_nothing(first);
	expect_carts(second, "Ann* {'a':1} @1.2");
	/* The last one of a customer that is gone besides. */
	first = poll_at(w, ann, "1.2");
	world_wait(w, WAIT_S * 1000 - 1);
	hang_up(first);
	world_wait(w, DAY_MS);
	world_free(w);
}
END_TEST

START_TEST(a_cancelled_request_takes_effect_all_the_same)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_by_request(w, "s1", "Bob");
	struct client *gone;
	int i;

	for (i = 0; i < EVENTS; i++) {
		ignore(ann);
		world_hold(w);
		gone = post_event(w, i, bob->id, bob->token);
		if (gone->is_connected)
			hang_up(gone);
		world_go_on(w);
		expect_nothing(gone->is_answered ? ann : gone);
	}
	expect_carts(ann, "Ann* {}");
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_LEAVE);
	ck_assert_uint_eq(world_stored(w, "s1")->count, 5);
	world_free(w);
}
END_TEST

START_TEST(a_join_whose_answer_was_lost_can_be_repeated)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *lost, *bob, *again, *tab;

	world_hold(w);
	lost = post(w, "s1", "", JOIN_REQUEST, "Bob");
	hang_up(lost);
	bob = post(w, "s1", "", JOIN_REQUEST, "Bob");
	expect_waiting(bob);
	world_go_on(w);
	expect_answer(bob, "1.2");
	expect(bob, JOINED_RESUMABLE, "<id>", "<token>");
	expect_carts(bob, "Ann* {}, Bob {} @1.2");
	again = post(w, "s1", "", JOIN_REQUEST, "Robert");
	expect_answer(again, "1.2");
	expect(again, JOINED_RESUMABLE, bob->id, bob->token);
	expect_carts(again, "Ann* {}, Bob {} @1.2");
	tab = world_connect(w, "s1");
	say(tab, JOIN_REQUEST, "Bob");
	expect(tab, JOINED_RESUMABLE, bob->id, bob->token);
	expect_carts(tab, "Ann* {}, Bob {} @1.2");
	ck_assert_uint_eq(world_stored(w, "s1")->count, 2);
	/* A cancelled one is looked for like any other. */
	world_ignore(w);
	hang_up(tab);
	world_wait(w, PRESENCE_MS + WINDOW_MS);
	expect_carts(ann, "Ann* {}");
	expect_answer(post(w, "s1", "", JOIN_REQUEST, "Bob"), "1.4");
	world_free(w);
}
END_TEST

START_TEST(a_request_id_is_good_for_its_own_event_alone)
{
	struct world *w = world_new();
	struct client *ann = post(w, "s1", "", START_REQUEST, "Ann");

	expect(ann, STARTED_RESUMABLE, "<id>", "<token>");
	expect_answer(post(w, "s1", "", START_REQUEST, "Ann"), "1.1");
	expect_refusal(post(w, "s1", "", JOIN_REQUEST, "Ann"),
	    "invalidMessage", ",'event':'joinSession'");
	(void)post(w, "s1", ann->token, LEAVE, ann->id);
	expect_refusal(post(w, "s1", "", START_REQUEST, "Ann"), "leftSession",
	    ",'event':'startSession'");
	world_free(w);
}
END_TEST

START_TEST(a_host_who_only_seems_there_is_claimed_by_a_request)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *gone = post(w, "s1", "", START, "Eve");
	struct client *eve;

	ck_assert_uint_eq(ann->pings, 1);
	expect_waiting(gone);
	hang_up(gone);
	eve = post(w, "s1", "", START, "Eve");
	expect_waiting(eve);
	if (_i == 0) {
		pong(ann);
		expect_refusal(eve, "sessionExists",
		    ",'event':'startSession'");
		ck_assert(ann->is_connected);
	} else {
		world_wait(w, 3000);
		expect_answer(eve, "1.2");
		expect(eve, STARTED_RESUMABLE, "<id>", "<token>");
		expect_carts(eve, "Eve* {} @1.2");
		ck_assert(ann->was_closed);
	}
	world_free(w);
}
END_TEST

/* By then somebody else may be host, who was never asked. */
START_TEST(a_claim_ends_when_the_host_leaves)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *eve = post(w, "s1", "", START, "Eve");
	struct client *fay = world_connect(w, "s1");

	expect_waiting(eve);
	say(ann, LEAVE, ann->id);
	expect_answer(eve, "1.3");
	expect(eve, STARTED_RESUMABLE, "<id>", "<token>");
	say(fay, START, "Fay");
	expect_error(fay, "sessionExists", ",'event':'startSession'");
	world_wait(w, 3000);
	ck_assert(fay->is_connected);
	world_free(w);
}
END_TEST

/* Who once joined without a token has none when a request repeats that. */
START_TEST(a_host_without_a_token_has_no_ping_to_answer_by_requests)
{
	struct world *w = world_new();
	struct client *ann = world_connect(w, "s1");
	struct client *again, *eve;

	say(ann, START_REQUEST, "Ann");
	expect(ann, STARTED, "<id>");
	again = post(w, "s1", "", START_REQUEST, "Ann");
	expect_answer(again, "1.1");
	expect(again, STARTED_RESUMABLE, ann->id, "<token>");
	expect_carts(again, "Ann* {}");
	hang_up(ann);
	eve = post(w, "s1", "", START, "Eve");
	world_wait(w, 3000);
	expect_answer(eve, "1.2");
	expect(eve, STARTED_RESUMABLE, "<id>", "<token>");
	world_free(w);
}
END_TEST

START_TEST(a_draining_hub_answers_what_is_under_way)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *held = poll_at(w, ann, "1.1");
	struct client *bob, *cart;

	world_hold(w);
	bob = post(w, "s1", "", JOIN, "Bob");
	cart = post(w, "s1", ann->token, CART_SEQ, ann->id, "{'a':1}", 1);
	hub_drain(world_hub(w));
	ck_assert(!hub_is_drained(world_hub(w)));
	hang_up(held);
	world_go_on(w);
	ck_assert(hub_is_drained(world_hub(w)));
	expect(bob, JOINED_RESUMABLE, "<id>", "<token>");
	expect_carts(bob, "Ann* {}, Bob {} @1.2");
	expect(cart, CART_DONE, 1);
	world_free(w);
}
END_TEST

START_TEST(a_customer_may_use_both_transports_at_once)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *held = poll_at(w, ann, "1.1");
	struct client *cart;

	expect_waiting(held);
	say(ann, CART_SEQ, ann->id, "{'a':1}", 1);
	expect(ann, CART_DONE, 1);
	expect_carts(ann, "Ann* {'a':1} @1.2");
	expect_carts(held, "Ann* {'a':1} @1.2");
	cart = post(w, "s1", ann->token, CART_SEQ, ann->id, "{'a':2}", 2);
	expect(cart, CART_DONE, 2);
	expect_carts(ann, "Ann* {'a':2} @1.3");
	/* They number their messages together. */
	say(ann, CART_SEQ, ann->id, "{'a':1}", 2);
	expect(ann, CART_STALE, 2);
	held = poll_at(w, ann, "1.3");
	hang_up(ann);
	(void)post(w, "s1", ann->token, CART, ann->id, "{'a':3}");
	expect_carts(held, "Ann* {'a':3} @1.4");
	world_free(w);
}
END_TEST

/* The connection dies late, when the customer polls already, or early. */
START_TEST(changing_the_transport_is_no_absence)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");
	int i;

	world_ignore(w);
	if (_i == 0)
		hang_up(bob);
	for (i = 0; i < 10; i++) {
		expect_waiting(post(w, "s1", bob->token, POLL_WAIT, bob->id,
		    "1.2", WAIT_MAX_S));
		if (_i == 1 && i == 0)
			hang_up(bob);
		world_wait(w, WAIT_MAX_S * 1000);
	}
	expect_nothing(ann);
	world_free(w);
}
END_TEST

/* However wrong it is. */
START_TEST(a_connection_knows_no_poll)
{
	static const char *const polls[] = {
		"{'event':'poll','payload':{'customerId':'%s'}}",
		"{'event':'poll','payload':{'customerId':'%s','wait':-1}}",
		"{'event':'poll','payload':{}}",
		"{'event':'poll','payload':7}",
		"{'event':'poll'}",
	};
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *eve = world_connect(w, "s1");
	size_t i;

	say(ann, POLL, ann->id);
	expect_error(ann, "unknownEvent", ",'event':'poll'");
	for (i = 0; i < sizeof(polls) / sizeof(polls[0]); i++) {
		say(ann, "%s", polls[i]);
		expect_error(ann, "unknownEvent", ",'event':'poll'");
		say(eve, "%s", polls[i]);
		expect_error(eve, "unknownEvent", ",'event':'poll'");
	}
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(a_request_that_says_nothing_right_is_told_so)
{
	static const struct {
		const char *text, *code, *rest;
	} wrongs[] = {
		{ "", "invalidJson", "" },
		{ "{'event':", "invalidJson", "" },
		{ "[]", "invalidMessage", "" },
		{ "{'event':'poll','payload':{}}", "invalidMessage",
		    ",'event':'poll'" },
		{ "{'event':'poll','payload':{'customerId':"
		    "'0123456789abcdef01234567','wait':-1}}",
		    "invalidMessage", ",'event':'poll'" },
		{ "{'event':'poll','payload':{'customerId':"
		    "'0123456789abcdef01234567','wait':1.5}}",
		    "invalidMessage", ",'event':'poll'" },
		{ "{'event':'poll','payload':{'customerId':'x'}}",
		    "invalidMessage", ",'event':'poll'" },
		{ "{'event':'pull','payload':{}}", "unknownEvent", "" },
		{ "{'event':'joinSession','payload':{'customerName':'B'}}",
		    "sessionNotFound", ",'event':'joinSession'" },
	};
	struct world *w = world_new();
	size_t i;

	for (i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++)
		expect_refusal(post(w, "s1", "", "%s", wrongs[i].text),
		    wrongs[i].code, "%s", wrongs[i].rest);
	world_free(w);
}
END_TEST

START_TEST(limits_are_the_same_for_requests)
{
	struct world_config config;
	struct world *w;
	struct client *ann, *bob;

	world_defaults(&config);
	config.hub.limits.max_customers = 2;
	config.hub.limits.max_cart_bytes = 10;
	config.hub.limits.checkout_barrier = true;
	w = world_new_with(&config);
	ann = world_start_by_request(w, "s1", "Ann");
	bob = world_join_by_request(w, "s1", "Bob");
	expect_refusal(post(w, "s1", "", START, "Eve"), "sessionExists",
	    ",'event':'startSession'");
	expect_refusal(post(w, "s1", "", JOIN, "Eve"), "sessionFull",
	    ",'event':'joinSession','retryAfter':60");
	expect_refusal(post(w, "s1", bob->token, CART_SEQ, bob->id,
	    "{'a':123456}", 4), "messageTooLarge",
	    ",'event':'updateCart','seq':4");
	expect_refusal(post(w, "s1", ann->token, READY, ann->id, "true"),
	    "guestsNotReady", ",'event':'customerReadyToCheckout'");
	expect_answer(post(w, "s1", bob->token, READY, bob->id, "true"), "");
	expect_answer(post(w, "s1", ann->token, READY, ann->id, "true"), "");
	world_free(w);
}
END_TEST

/* More under way than the hub takes: even so all are answered in the end. */
START_TEST(requests_of_a_busy_hub_are_answered_when_it_is_not)
{
	enum { MANY = 5000 };
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *asked[MANY], *wrong;
	int i;

	world_hold(w);
	(void)post(w, "s1", ann->token, CART, ann->id, "{}");
	for (i = 0; i < MANY; i++)
		asked[i] = request(w, "s1", ann->token, READY, ann->id, "true");
	wrong = request(w, "s1", "x", READY, ann->id, "true");
	hang_up(asked[MANY - 1]);
	world_go_on(w);
	for (i = 0; i < MANY - 1; i++)
		expect_answer(asked[i], "");
	expect_refusal(wrong, "invalidToken",
	    ",'event':'customerReadyToCheckout'");
	expect_answer(poll_at(w, ann, ""), "1.5002");
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, who_enters_is_answered_with_the_multicart);
	tcase_add_test(tc, who_enters_is_answered_once_that_is_durable);
	tcase_add_test(tc, changes_are_answered_once_durable);
	tcase_add_test(tc, a_resumed_customer_learns_its_highest_number);
	tcase_add_loop_test(tc, a_poll_is_held_only_if_it_knows_the_newest, 0,
	    sizeof(cursors) / sizeof(cursors[0]));
	tcase_add_test(tc, a_held_poll_is_answered_by_anybodys_change);
	tcase_add_test(tc, a_poll_is_held_as_long_as_it_wants);
	tcase_add_test(tc, reading_consumes_nothing);
	tcase_add_test(tc, changes_of_one_commit_are_one_answer);
	tcase_add_test(tc, nothing_uncommitted_is_shown_to_a_poll);
	tcase_add_test(tc, a_change_that_was_refused_is_no_news);
	tcase_add_test(tc, held_polls_outlive_a_refused_change);
	tcase_add_test(tc, one_poll_too_many_releases_the_oldest);
	tcase_add_test(tc, a_poll_that_is_not_held_releases_nobody);
	tcase_add_test(tc, who_enters_is_not_released_without_the_multicart);
	tcase_add_test(tc, held_polls_may_be_without_limit);
	tcase_add_loop_test(tc, leaving_ends_the_customers_polls, 0, 2);
	tcase_add_test(tc, a_leaving_that_was_refused_ends_nothing);
	tcase_add_loop_test(tc,
	    every_request_but_start_and_join_needs_its_token, 0, EVENTS);
	tcase_add_test(tc, a_token_stands_in_the_payload_or_beside_it);
	tcase_add_test(tc, a_valid_token_is_told_what_is_not_there);
	tcase_add_test(tc, a_valid_token_of_a_forgotten_customer_has_left);
	tcase_add_test(tc, a_valid_token_of_no_session_finds_none);
	tcase_add_loop_test(tc, a_request_counts_as_presence_for_a_while, 0,
	    EVENTS_OF_MEMBERS);
	tcase_add_test(tc, a_held_poll_is_presence);
	tcase_add_test(tc, nobody_expires_while_nobody_is_present);
	tcase_add_test(tc, who_has_left_is_not_present);
	tcase_add_loop_test(tc, any_request_but_leaving_brings_a_customer_back,
	    0, EVENTS_OF_MEMBERS);
	tcase_add_test(tc, leaving_brings_nobody_back);
	tcase_add_test(tc, there_may_be_no_room_to_come_back_to);
	tcase_add_loop_test(tc, a_return_that_was_refused_did_not_happen, 0,
	    EVENTS_OF_MEMBERS);
	tcase_add_test(tc, the_rate_is_the_customers_not_the_requests);
	tcase_add_test(tc, who_cannot_prove_itself_costs_the_customer_nothing);
	tcase_add_test(tc, requests_under_way_are_refused_with_the_storage);
	tcase_add_test(tc, a_session_that_cannot_be_read_is_told_to_requests);
	tcase_add_test(tc, polls_of_a_session_that_is_being_read_wait_for_it);
	tcase_add_test(tc, a_cancelled_poll_is_forgotten);
	tcase_add_test(tc, a_cancelled_request_takes_effect_all_the_same);
	tcase_add_test(tc, a_join_whose_answer_was_lost_can_be_repeated);
	tcase_add_test(tc, a_request_id_is_good_for_its_own_event_alone);
	tcase_add_loop_test(tc,
	    a_host_who_only_seems_there_is_claimed_by_a_request, 0, 2);
	tcase_add_test(tc, a_claim_ends_when_the_host_leaves);
	tcase_add_test(tc,
	    a_host_without_a_token_has_no_ping_to_answer_by_requests);
	tcase_add_test(tc, a_draining_hub_answers_what_is_under_way);
	tcase_add_test(tc, a_customer_may_use_both_transports_at_once);
	tcase_add_loop_test(tc, changing_the_transport_is_no_absence, 0, 2);
	tcase_add_test(tc, a_connection_knows_no_poll);
	tcase_add_test(tc, a_request_that_says_nothing_right_is_told_so);
	tcase_add_test(tc, limits_are_the_same_for_requests);
	tcase_add_test(tc, requests_of_a_busy_hub_are_answered_when_it_is_not);
}
