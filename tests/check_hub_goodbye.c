/*
 * A page says that it is closed: its polls are answered, and its requests keep
 * its customer here no longer.
 */
#include <string.h>

#include "hub/hub.h"
#include "hub/hub_counts.h"
#include "hub_script.h"
#include "suite.h"

const char suite_name[] = "hub_goodbye";

enum {
	WINDOW_MS = 60000,	/* absence-window */
	GATHER_MS = 250,
	LONG_MS = 10 * WINDOW_MS
};

#define GOODBYE "{'event':'goodbye','payload':{'customerId':'%s'}}"
#define GOODBYE_TOKEN "{'event':'goodbye','payload':{'customerId':'%s'," \
	"'token':'%s'}}"
#define POLL_FEATURES "{'event':'poll','payload':{'customerId':'%s',"	\
	"'cursor':'%s','features':['presence','say']}}"

/* Ann by requests, and Bob by a connection; both were shown both. */
struct pair {
	struct world *w;
	struct client *ann, *bob;
};

static struct pair
begin(void)
{
	struct pair p = { .w = world_new() };

	p.ann = world_start_by_request(p.w, "s1", "Ann");
	p.bob = world_join(p.w, "s1", "Bob");
	return p;
}

static struct client *
hold_poll(struct pair *p)
{
	struct client *poll = post(p->w, "s1", p->ann->token, POLL_AT,
	    p->ann->id, "1.2");

	expect_waiting(poll);
	return poll;
}

static void
say_goodbye(struct pair *p)
{
	struct client *goodbye = post(p->w, "s1", "", GOODBYE_TOKEN,
	    p->ann->id, p->ann->token);

	expect_answer(goodbye, "");
	expect(goodbye, "{'event':'goodbye','payload':{'customerId':'%s'}}",
	    p->ann->id);
	expect_nothing(goodbye);
}

static struct hub_counts
counts(struct world *w)
{
	struct hub_counts counts;

	hub_copy_counts(world_hub(w), &counts);
	return counts;
}

START_TEST(held_polls_are_answered_and_the_window_begins)
{
	struct pair p = begin();
	struct client *poll = hold_poll(&p), *other = hold_poll(&p);

	say_goodbye(&p);
	expect_answer(poll, "1.2");
	expect_nothing(poll);
	expect_answer(other, "1.2");
	expect_nothing(other);
	ck_assert_uint_eq(counts(p.w).present, 1);
	world_wait(p.w, WINDOW_MS - 1);
	expect_nothing(p.bob);
	world_wait(p.w, 1);
	expect_carts(p.bob, "Bob {}");
	world_free(p.w);
}
END_TEST

START_TEST(who_has_a_connection_stays)
{
	struct pair p = begin();
	struct client *tab = world_connect(p.w, "s1"), *poll = hold_poll(&p);

	say(tab, RESUME, p.ann->id, p.ann->token);
	say_goodbye(&p);
	expect_answer(poll, "1.2");
	world_wait(p.w, LONG_MS);
	expect_nothing(p.bob);
	hang_up(tab);
	world_wait(p.w, WINDOW_MS);
	expect_carts(p.bob, "Bob {}");
	world_free(p.w);
}
END_TEST

START_TEST(who_polls_again_was_never_away)
{
	struct pair p = begin();
	struct client *poll;

	say_goodbye(&p);
	world_wait(p.w, WINDOW_MS - 1);
	poll = hold_poll(&p);
	world_wait(p.w, 20000);
	expect_waiting(poll);
	expect_nothing(p.bob);
	say(p.bob, CART, p.bob->id, "{'b':1}");
	expect_answer(poll, "1.3");
	expect_carts(poll, "Ann* {}, Bob {'b':1} @1.3");
	world_free(p.w);
}
END_TEST

/* A page that was closed before another one came says so too late. */
START_TEST(it_may_come_after_who_resumed)
{
	struct pair p = begin();
	struct client *again = world_connect(p.w, "s1");

	say(again, RESUME, p.ann->id, p.ann->token);
	say_goodbye(&p);
	expect(again, RESUMED, p.ann->id, 0);
	expect_carts(again, "Ann* {}, Bob {} @1.2");
	world_wait(p.w, LONG_MS);
	expect_nothing(p.bob);
	expect_nothing(again);
	world_free(p.w);
}
END_TEST

START_TEST(saying_it_again_changes_nothing)
{
	struct pair p = begin();
	unsigned loads;

	say_goodbye(&p);
	world_wait(p.w, WINDOW_MS - 1);
	say_goodbye(&p);
	world_wait(p.w, 1);
	expect_carts(p.bob, "Bob {}");

	/* Nor does it bring back who is away. */
	say_goodbye(&p);
	expect_nothing(p.bob);
	ck_assert_uint_eq(counts(p.w).present, 1);
	hang_up(p.bob);
	ck_assert_uint_eq(counts(p.w).sessions, 0);
	loads = world_loads_done(p.w);
	say_goodbye(&p);
	ck_assert_uint_eq(counts(p.w).sessions, 0);
	/* What is read for that is nothing. */
	ck_assert_uint_eq(world_loads_done(p.w), loads);
	world_free(p.w);
}
END_TEST

/* A session that could not be read has somebody all the same. */
START_TEST(it_is_heard_by_a_session_that_is_read_later)
{
	struct pair p = begin();
	struct client *goodbye;

	world_hold(p.w);
	tell(p.bob, CART, p.bob->id, "{'b':1}");
	world_run(p.w);
	world_refuse(p.w, 1);
	world_refuse_reading(p.w, 1);
	world_go_on(p.w);
	ignore(p.bob);
	goodbye = post(p.w, "s1", p.ann->token, GOODBYE, p.ann->id);
	expect_answer(goodbye, "");
	ignore(p.bob);
	ck_assert_uint_eq(counts(p.w).present, 1);
	world_wait(p.w, WINDOW_MS);
	expect_carts(p.bob, "Bob {}");
	world_free(p.w);
}
END_TEST

START_TEST(nothing_is_left_of_who_was_alone)
{
	struct world *w = world_new();
	struct pair p = { .w = w };
	struct client *poll;

	p.ann = world_start_by_request(w, "s1", "Ann");
	poll = post(w, "s1", p.ann->token, POLL_AT, p.ann->id, "1.1");
	expect_waiting(poll);
	say_goodbye(&p);
	expect_answer(poll, "1.1");
	ck_assert_uint_eq(counts(w).sessions, 0);
	ck_assert_uint_eq(counts(w).present, 0);
	world_wait(w, LONG_MS);
	poll = post(w, "s1", p.ann->token, POLL, p.ann->id);
	expect_answer(poll, "1.1");
	expect_carts(poll, "Ann* {} @1.1");
	world_free(w);
}
END_TEST

/* What it waits for is answered first, and it counts as here till then. */
START_TEST(what_is_under_way_is_answered_all_the_same)
{
	struct pair p = begin();
	struct client *cart;

	world_hold(p.w);
	cart = post(p.w, "s1", p.ann->token, CART_SEQ, p.ann->id, "{'a':1}",
	    1);
	expect_waiting(cart);
	(void)post(p.w, "s1", p.ann->token, GOODBYE, p.ann->id);
	world_go_on(p.w);
	world_run(p.w);
	expect_answer(cart, "");
	expect(cart, "{'event':'updateCart','payload':{'seq':1}}");
	expect_carts(p.bob, "Ann* {'a':1}, Bob {}");
	world_wait(p.w, WINDOW_MS);
	expect_carts(p.bob, "Bob {}");
	world_free(p.w);
}
END_TEST

START_TEST(who_comes_by_a_request_gets_its_answer)
{
	struct pair p = begin();
	struct client *resume;

	world_hold(p.w);
	say(p.bob, CART, p.bob->id, "{'b':1}");
	resume = post(p.w, "s1", "", RESUME, p.ann->id, p.ann->token);
	expect_waiting(resume);
	(void)post(p.w, "s1", p.ann->token, GOODBYE, p.ann->id);
	world_go_on(p.w);
	world_run(p.w);
	expect_answer(resume, "1.3");
	expect(resume, RESUMED, p.ann->id, 0);
	expect_carts(resume, "Ann* {}, Bob {'b':1} @1.3");
	world_free(p.w);
}
END_TEST

/* Even one that has to wait for its multicart. */
START_TEST(who_came_is_not_answered_without_the_reply)
{
	struct world_config config;
	struct pair p = { .w = NULL };
	struct client *resume;

	world_defaults(&config);
	config.hub.session_output_rate = 100;
	p.w = world_new_with(&config);
	p.ann = world_start_by_request(p.w, "s1", "Ann");
	resume = post(p.w, "s1", "", RESUME, p.ann->id, p.ann->token);
	expect_waiting(resume);
	say_goodbye(&p);
	expect_waiting(resume);
	world_wait(p.w, WINDOW_MS);
	expect(resume, RESUMED, p.ann->id, 0);
	world_free(p.w);
}
END_TEST

START_TEST(a_connection_has_no_such_message)
{
	struct pair p = begin();

	if (_i == 0)
		say(p.bob, GOODBYE, p.bob->id);
	else
		say(p.bob, "{'event':'goodbye','payload':{}}");
	expect_error(p.bob, "unknownEvent", ",'event':'goodbye'");
	world_free(p.w);
}
END_TEST

START_TEST(it_has_to_be_proved)
{
	struct pair p = begin();
	struct client *goodbye, *poll = hold_poll(&p);

	goodbye = post(p.w, "s1", "", GOODBYE, p.ann->id);
	expect_refusal(goodbye, "invalidToken", ",'event':'goodbye'");
	goodbye = post(p.w, "s1", "", GOODBYE_TOKEN, p.bob->id, p.ann->token);
	expect_refusal(goodbye, "invalidToken", ",'event':'goodbye'");
	expect_waiting(poll);
	world_wait(p.w, WINDOW_MS - 1);
	expect_nothing(p.bob);
	world_free(p.w);
}
END_TEST

START_TEST(who_left_is_told_so)
{
	struct pair p = begin();
	struct client *goodbye;

	(void)post(p.w, "s1", p.ann->token, LEAVE, p.ann->id);
	goodbye = post(p.w, "s1", p.ann->token, GOODBYE, p.ann->id);
	expect_refusal(goodbye, "leftSession", ",'event':'goodbye'");
	world_free(p.w);
}
END_TEST

START_TEST(it_counts_as_a_message)
{
	struct world_config config;
	struct pair p = { .w = NULL };
	struct client *goodbye;

	world_defaults(&config);
	config.hub.message_rate = 1;
	config.hub.message_burst = 2;
	p.w = world_new_with(&config);
	p.ann = world_start_by_request(p.w, "s1", "Ann");
	p.bob = world_join(p.w, "s1", "Bob");
	(void)hold_poll(&p);
	(void)hold_poll(&p);
	goodbye = post(p.w, "s1", p.ann->token, GOODBYE, p.ann->id);
	expect_refusal(goodbye, "rateLimited",
	    ",'event':'goodbye','retryAfter':1");
	world_free(p.w);
}
END_TEST

/* Who is alone is known until it may send as much as ever. */
START_TEST(what_was_sent_counts_until_it_is_made_up_for)
{
	struct world_config config;
	struct pair p = { .w = NULL };
	struct client *cart;

	world_defaults(&config);
	config.hub.message_rate = 1;
	config.hub.message_burst = 3;
	p.w = world_new_with(&config);
	p.ann = world_start_by_request(p.w, "s1", "Ann");
	(void)post(p.w, "s1", p.ann->token, CART, p.ann->id, "{'a':1}");
	say_goodbye(&p);
	(void)post(p.w, "s1", p.ann->token, CART, p.ann->id, "{'a':2}");
	ck_assert_uint_eq(world_record(p.w, "s1")->revision, 3);
	cart = post(p.w, "s1", p.ann->token, CART, p.ann->id, "{'a':3}");
	expect_refusal(cart, "rateLimited",
	    ",'event':'updateCart','retryAfter':1");
	world_wait(p.w, 1000);
	say_goodbye(&p);
	world_wait(p.w, 2999);
	ck_assert_uint_eq(counts(p.w).sessions, 1);
	world_wait(p.w, 1);
	ck_assert_uint_eq(counts(p.w).sessions, 0);
	world_free(p.w);
}
END_TEST

/* Whoever made requests later is forgotten later. */
START_TEST(it_comes_before_the_end_of_what_others_asked)
{
	struct world_config config;
	struct pair p = { .w = NULL };

	world_defaults(&config);
	config.hub.message_rate = 1;
	config.hub.message_burst = 3;
	p.w = world_new_with(&config);
	(void)world_start_by_request(p.w, "s2", "Eve");
	p.ann = world_start_by_request(p.w, "s1", "Ann");
	say_goodbye(&p);
	world_wait(p.w, 1000);
	ck_assert_uint_eq(counts(p.w).sessions, 1);
	world_wait(p.w, 74000);
	ck_assert_uint_eq(counts(p.w).sessions, 0);
	/* Nor does it keep anybody longer. */
	config.hub.message_burst = 200;
	world_config(p.w)->hub = config.hub;
	world_config(p.w)->hub.poll_presence_ms = 1;
	world_configure(p.w);
	(void)post(p.w, "s1", p.ann->token, CART, p.ann->id, "{'a':1}");
	say_goodbye(&p);
	world_wait(p.w, 1);
	ck_assert_uint_eq(counts(p.w).sessions, 0);
	world_free(p.w);
}
END_TEST

/* Who wants to know who is here knows at once, without presence-grace. */
START_TEST(who_is_here_is_told_at_once)
{
	struct pair p = begin();
	struct client *eve = world_connect(p.w, "s1"), *poll;
	char cursor[CLIENT_CURSOR_CHARS + 1];

	say(eve, "{'event':'joinSession','payload':{'customerName':'Eve',"
	    "'features':['presence']}}");
	expect(eve, "{'event':'joinSession','payload':{'customerId':'<id>',"
	    "'token':'<token>','features':['presence']}}");
	poll = post(p.w, "s1", p.ann->token, POLL_FEATURES, p.ann->id, "0.0");
	strcpy(cursor, poll->cursor);
	poll = post(p.w, "s1", p.ann->token, POLL_FEATURES, p.ann->id, cursor);
	expect_waiting(poll);
	ignore(eve);
	say_goodbye(&p);
	/* It goes on from where it was. */
	expect_answer(poll, cursor);
	expect_nothing(poll);
	world_wait(p.w, GATHER_MS);
	expect(eve, "{'event':'presenceUpdate','payload':{'present':['%s',"
	    "'%s']},'cursor':'<cursor>'}", p.bob->id, eve->id);
	poll = post(p.w, "s1", p.ann->token, POLL_FEATURES, p.ann->id, cursor);
	world_wait(p.w, GATHER_MS);
	expect(eve, "{'event':'presenceUpdate','payload':{'present':['%s',"
	    "'%s','%s']},'cursor':'<cursor>'}", p.ann->id, p.bob->id, eve->id);
	world_free(p.w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, held_polls_are_answered_and_the_window_begins);
	tcase_add_test(tc, who_has_a_connection_stays);
	tcase_add_test(tc, who_polls_again_was_never_away);
	tcase_add_test(tc, it_may_come_after_who_resumed);
	tcase_add_test(tc, saying_it_again_changes_nothing);
	tcase_add_test(tc, it_is_heard_by_a_session_that_is_read_later);
	tcase_add_test(tc, nothing_is_left_of_who_was_alone);
	tcase_add_test(tc, what_is_under_way_is_answered_all_the_same);
	tcase_add_test(tc, who_comes_by_a_request_gets_its_answer);
	tcase_add_test(tc, who_came_is_not_answered_without_the_reply);
	tcase_add_loop_test(tc, a_connection_has_no_such_message, 0, 2);
	tcase_add_test(tc, it_has_to_be_proved);
	tcase_add_test(tc, who_left_is_told_so);
	tcase_add_test(tc, it_counts_as_a_message);
	tcase_add_test(tc, what_was_sent_counts_until_it_is_made_up_for);
	tcase_add_test(tc, it_comes_before_the_end_of_what_others_asked);
	tcase_add_test(tc, who_is_here_is_told_at_once);
}
