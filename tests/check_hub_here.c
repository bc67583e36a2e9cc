/*
 * Who is here, as those see it who asked for it: at once, never before the
 * multicart, and with some patience for who only changes connections.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub/hub.h"
#include "hub_script.h"
#include "suite.h"

const char suite_name[] = "hub_here";

#define SEEING "'features':['presence']"
#define ENTER "{'event':'%s','payload':{'customerName':'%s'," SEEING "}}"
#define HERE "{'event':'presenceUpdate','payload':{'present':["
#define AT "]},'cursor':'<cursor>'}"
/* In answers over HTTP there is no cursor in it. */
#define TOLD "]}}"
#define POLL_SEEING "{'event':'poll','payload':{'customerId':'%s',"	\
	"'cursor':'%s'," SEEING "}}"
#define RESUME_SEEING "{'event':'resumeSession','payload':{"		\
	"'customerId':'%s','token':'%s'," SEEING "}}"
#define RESUMED_SEEING "{'event':'resumeSession','payload':{"		\
	"'customerId':'%s','seq':0," SEEING "}}"

enum { GRACE_MS = 4000, GATHER_MS = 250 };

static struct client *
enter(struct world *w, const char *event, const char *name)
{
	struct client *client = world_connect(w, "s1");

	say(client, ENTER, event, name);
	expect(client, "{'event':'%s','payload':{'customerId':'<id>',"
	    "'token':'<token>'," SEEING "}}", event);
	return client;
}

START_TEST(who_comes_is_shown_the_multicart_and_then_who_is_here)
{
	struct world *w = world_new();
	struct client *ann = enter(w, "startSession", "Ann"), *bob, *joe;

	expect_carts(ann, "Ann* {} @1.1.n");
	expect(ann, HERE "'%s'" AT, ann->id);
	bob = enter(w, "joinSession", "Bob");
	expect_carts(bob, "Ann* {}, Bob {} @1.2.n");
	expect(bob, HERE "'%s','%s'" AT, ann->id, bob->id);
	expect_carts(ann, "Ann* {}, Bob {} @1.2.n");
	expect(ann, HERE "'%s','%s'" AT, ann->id, bob->id);
	/* Who asked for nothing is shown, and is told nothing. */
	joe = world_join(w, "s1", "Joe");
	expect_carts(ann, "Ann* {}, Bob {}, Joe {} @1.3.n");
	expect(ann, HERE "'%s','%s','%s'" AT, ann->id, bob->id, joe->id);
	expect_nothing(joe);
	/* A cart is no news of it. */
	say(ann, CART, ann->id, "{'n':1}");
	expect_carts(ann, "Ann* {'n':1}, Bob {}, Joe {} @1.4.n");
	world_wait(w, 10000);
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(who_goes_is_here_for_a_moment)
{
	struct world *w = world_new();
	struct client *ann = enter(w, "startSession", "Ann");
	struct client *bob = enter(w, "joinSession", "Bob");

	world_ignore(w);
	hang_up(bob);
	world_wait(w, GRACE_MS - 1);
	expect_nothing(ann);
	world_wait(w, GATHER_MS + 1);
	expect(ann, HERE "'%s'" AT, ann->id);
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(who_comes_back_in_time_was_never_gone)
{
	struct world *w = world_new();
	struct client *ann = enter(w, "startSession", "Ann");
	struct client *bob = enter(w, "joinSession", "Bob"), *again;

	world_ignore(w);
	hang_up(bob);
	world_wait(w, GRACE_MS - 1);
	again = world_connect(w, "s1");
	say(again, RESUME_SEEING, bob->id, bob->token);
	expect(again, RESUMED_SEEING, bob->id);
	expect_carts(again, "Ann* {}, Bob {} @1.2.n");
	expect(again, HERE "'%s','%s'" AT, ann->id, bob->id);
	world_wait(w, 10000);
	expect_nothing(ann);
	hang_up(again);
	world_wait(w, 10000);
	expect(ann, HERE "'%s'" AT, ann->id);
	again = world_connect(w, "s1");
	say(again, RESUME_SEEING, bob->id, bob->token);
	expect(again, RESUMED_SEEING, bob->id);
	expect_carts(again, "Ann* {}, Bob {} @1.2.n");
	expect(again, HERE "'%s','%s'" AT, ann->id, bob->id);
	expect(ann, HERE "'%s','%s'" AT, ann->id, bob->id);
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(changes_within_a_moment_come_as_one)
{
	struct world *w = world_new();
	struct client *ann = enter(w, "startSession", "Ann");
	struct client *bob = enter(w, "joinSession", "Bob");
	struct client *eve = enter(w, "joinSession", "Eve"), *again;

	world_ignore(w);
	hang_up(bob);
	world_wait(w, 100);
	hang_up(eve);
	world_wait(w, GRACE_MS + GATHER_MS - 100);
	expect(ann, HERE "'%s'" AT, ann->id);
	expect_nothing(ann);
	/* There and gone again is no change. */
	again = world_connect(w, "s1");
	say(again, RESUME_SEEING, bob->id, bob->token);
	world_wait(w, GATHER_MS);
	expect(ann, HERE "'%s','%s'" AT, ann->id, bob->id);
	world_free(w);
}
END_TEST

START_TEST(one_of_two_tabs_is_enough)
{
	struct world *w = world_new();
	struct client *ann = enter(w, "startSession", "Ann");
	struct client *bob = enter(w, "joinSession", "Bob");
	struct client *tab = world_connect(w, "s1");

	say(tab, RESUME, bob->id, bob->token);
	world_ignore(w);
	hang_up(bob);
	world_wait(w, 10000);
	expect_nothing(ann);
	hang_up(tab);
	world_wait(w, 10000);
	expect(ann, HERE "'%s'" AT, ann->id);
	world_free(w);
}
END_TEST

START_TEST(polls_and_requests_are_presence_for_a_moment)
{
	struct world *w = world_new();
	struct client *ann = enter(w, "startSession", "Ann");
	struct client *bob = world_join_by_request(w, "s1", "Bob"), *poll;

	world_ignore(w);
	poll = post(w, "s1", bob->token, POLL_AT, bob->id, "1.2");
	world_wait(w, 20000);
	expect_waiting(poll);
	expect_nothing(ann);
	world_wait(w, 5000 + GRACE_MS + GATHER_MS);
	ck_assert(poll->is_answered);
	expect(ann, HERE "'%s'" AT, ann->id);
	/* It is in the multicart for much longer. */
	poll = post(w, "s1", bob->token, CART, bob->id, "{}");
	expect_carts(ann, "Ann* {}, Bob {} @1.3.n");
	expect(ann, HERE "'%s','%s'" AT, ann->id, bob->id);
	world_wait(w, GRACE_MS + GATHER_MS);
	expect(ann, HERE "'%s'" AT, ann->id);
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(a_poll_is_answered_when_it_changes)
{
	struct world *w = world_new();
	struct client *joe = world_start(w, "s1", "Joe");
	struct client *bob, *poll;
	char before[CLIENT_CURSOR_CHARS + 1];

	bob = post(w, "s1", "", ENTER, "joinSession", "Bob");
	expect(bob, "{'event':'joinSession','payload':{'customerId':'<id>',"
	    "'token':'<token>'," SEEING "}}");
	memcpy(before, bob->cursor, sizeof(before));
	expect_carts(bob, "Joe* {}, Bob {} @1.2.n");
	expect(bob, HERE "'%s','%s'" TOLD, joe->id, bob->id);
	expect_nothing(bob);
	poll = post(w, "s1", bob->token, POLL_SEEING, bob->id, before);
	expect_waiting(poll);
	hang_up(joe);
	world_wait(w, GRACE_MS + GATHER_MS);
	expect_answer(poll, poll->cursor);
	expect(poll, HERE "'%s'" TOLD, bob->id);
	expect_nothing(poll);
	memcpy(before, poll->cursor, sizeof(before));
	poll = post(w, "s1", bob->token, POLL_SEEING, bob->id, before);
	expect_waiting(poll);
	world_wait(w, 600);
	expect_waiting(poll);
	/* One that has seen another set is told at once. */
	poll = post(w, "s1", bob->token, POLL_SEEING, bob->id, bob->cursor);
	expect(poll, HERE "'%s'" TOLD, bob->id);
	expect_nothing(poll);
	/* And so is one of another daemon. */
	world_restart(w);
	poll = post(w, "s1", bob->token, POLL_SEEING, bob->id, before);
	expect(poll, HERE "'%s'" TOLD, bob->id);
	expect_nothing(poll);
	world_free(w);
}
END_TEST

/* Between two polls at the time when somebody asks for the first time. */
START_TEST(who_was_here_just_now_is_here_when_it_is_asked_first)
{
	struct world *w = world_new();
	struct client *joe = world_start_by_request(w, "s1", "Joe");
	struct client *eve = world_join(w, "s1", "Eve"), *ann;

	hang_up(eve);
	world_wait(w, GRACE_MS / 2);
	ann = enter(w, "joinSession", "Ann");
	expect_carts(ann, "Joe* {}, Eve {}, Ann {} @1.3.n");
	expect(ann, HERE "'%s','%s','%s'" AT, joe->id, eve->id, ann->id);
	world_wait(w, GRACE_MS / 2 + GATHER_MS);
	expect(ann, HERE "'%s'" AT, ann->id);
	expect_nothing(ann);
	world_free(w);
}
END_TEST

/* The newest alone waits for who is slow, and nothing if it is as before. */
START_TEST(who_is_slow_is_told_the_newest)
{
	struct world *w = world_new();
	struct client *ann = enter(w, "startSession", "Ann");
	struct client *bob = enter(w, "joinSession", "Bob");
	struct client *eve = enter(w, "joinSession", "Eve");

	world_ignore(w);
	ann->is_slow = true;
	hang_up(bob);
	world_wait(w, 10000);
	hang_up(eve);
	world_wait(w, 10000);
	ann->is_slow = false;
	catch_up(ann);
	expect(ann, HERE "'%s'" AT, ann->id);
	expect_nothing(ann);
	world_free(w);
}
END_TEST

/* Who joined is present, and not told of before the multicart shows it. */
START_TEST(only_who_is_shown_is_told_of)
{
	struct world_config config;
	struct client *ann, *bob, *eve;
	struct world *w;
	char cart[3000];

	world_defaults(&config);
	config.hub.session_output_rate = 2000;
	w = world_new_with(&config);
	ann = enter(w, "startSession", "Ann");
	bob = enter(w, "joinSession", "Bob");
	world_wait(w, 10000);
	world_ignore(w);
	memset(cart, 'x', sizeof(cart));
	cart[sizeof(cart) - 1] = '\0';
	say(ann, "{'event':'updateCart','payload':{'customerId':'%s',"
	    "'cartContent':{'n':'%s'}}}", ann->id, cart);
	world_ignore(w);
	say(ann, CART, ann->id, "{'n':2}");
	expect_nothing(bob);
	/* It has to wait for all of them. */
	eve = world_join(w, "s1", "Eve");
	hang_up(eve);
	world_wait(w, GATHER_MS);
	expect_nothing(bob);
	world_wait(w, 3500);
	expect_carts(bob, "Ann* {'n':2}, Bob {}, Eve {} @1.5.n");
	expect(bob, HERE "'%s','%s','%s'" AT, ann->id, bob->id, eve->id);
	expect_nothing(bob);
	world_free(w);
}
END_TEST

/* A record that is under way will show who joined before it. */
START_TEST(who_is_about_to_be_shown_is_not_told_of)
{
	struct world_config config;
	struct client *ann, *bob, *eve;
	struct world *w;
	char cart[3000];

	world_defaults(&config);
	config.hub.session_output_rate = 2000;
	w = world_new_with(&config);
	ann = enter(w, "startSession", "Ann");
	bob = enter(w, "joinSession", "Bob");
	world_wait(w, 10000);
	memset(cart, 'x', sizeof(cart));
	cart[sizeof(cart) - 1] = '\0';
	say(ann, "{'event':'updateCart','payload':{'customerId':'%s',"
	    "'cartContent':{'n':'%s'}}}", ann->id, cart);
	world_ignore(w);
	eve = world_join(w, "s1", "Eve");
	world_hold(w);
	say(ann, CART, ann->id, "{'n':1}");
	world_wait(w, 5000);
	expect_nothing(bob);
	world_go_on(w);
	expect_carts(bob, "Ann* {'n':1}, Bob {}, Eve {} @1.5.n");
	expect(bob, HERE "'%s','%s','%s'" AT, ann->id, bob->id, eve->id);
	expect_nothing(bob);
	world_free(w);
}
END_TEST

/* Whatever is under way when it comes back. */
START_TEST(who_resumes_is_shown_the_multicart_first)
{
	struct world *w = world_new();
	struct client *ann = enter(w, "startSession", "Ann");
	struct client *bob = enter(w, "joinSession", "Bob"), *again;

	world_ignore(w);
	world_hold(w);
	say(ann, CART, ann->id, "{'n':1}");
	again = world_connect(w, "s1");
	say(again, RESUME_SEEING, bob->id, bob->token);
	world_do_one(w);
	say(ann, CART, ann->id, "{'n':2}");
	world_do_one(w);
	expect(again, RESUMED_SEEING, bob->id);
	expect_nothing(again);
	world_go_on(w);
	expect_carts(again, "Ann* {'n':2}, Bob {} @1.4.n");
	expect(again, HERE "'%s','%s'" AT, ann->id, bob->id);
	expect_nothing(again);
	world_free(w);
}
END_TEST

/* Absence and its window are another thing. */
START_TEST(it_has_no_effect_on_who_stays)
{
	struct world *w = world_new();
	struct client *ann = enter(w, "startSession", "Ann");
	struct client *bob = enter(w, "joinSession", "Bob");

	world_ignore(w);
	hang_up(bob);
	world_wait(w, 10000);
	expect(ann, HERE "'%s'" AT, ann->id);
	world_wait(w, 49000);
	expect_nothing(ann);
	world_wait(w, 1000);
	expect_carts(ann, "Ann* {} @1.3.n");
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(another_grace_holds_for_who_is_gone_already)
{
	struct world *w = world_new();
	struct client *ann = enter(w, "startSession", "Ann");
	struct client *bob = enter(w, "joinSession", "Bob");

	world_ignore(w);
	hang_up(bob);
	world_wait(w, 1000);
	world_config(w)->hub.presence_grace_ms = 2000;
	world_configure(w);
	world_wait(w, 1000 + GATHER_MS);
	expect(ann, HERE "'%s'" AT, ann->id);
	world_free(w);
}
END_TEST

START_TEST(who_asks_no_more_is_told_no_more)
{
	struct world *w = world_new();
	struct client *ann = enter(w, "startSession", "Ann");
	struct client *bob = enter(w, "joinSession", "Bob");

	say(ann, RESUME, ann->id, ann->token);
	world_ignore(w);
	hang_up(bob);
	world_wait(w, 10000);
	expect_nothing(ann);
	say(ann, RESUME_SEEING, ann->id, ann->token);
	expect(ann, RESUMED_SEEING, ann->id);
	expect_carts(ann, "Ann* {}, Bob {} @1.2.n");
	expect(ann, HERE "'%s'" AT, ann->id);
	world_free(w);
}
END_TEST

/* The session is read again, and those who are there are still. */
START_TEST(a_refused_commit_changes_nothing_of_it)
{
	struct world *w = world_new();
	struct client *ann = enter(w, "startSession", "Ann");
	struct client *bob = enter(w, "joinSession", "Bob");

	world_ignore(w);
	world_refuse(w, 1);
	say(bob, CART, bob->id, "{'n':1}");
	expect_error(bob, "storageUnavailable",
	    ",'event':'updateCart','retryAfter':5");
	world_ignore(w);
	world_wait(w, 10000);
	expect_nothing(ann);
	hang_up(bob);
	world_wait(w, 10000);
	expect(ann, HERE "'%s'" AT, ann->id);
	world_free(w);
}
END_TEST

/* What the others see shows Bob, and Ann has not seen it. */
START_TEST(a_poll_waits_for_the_multicart_that_shows_who_is_here)
{
	struct world *w = world_new();
	struct client *ann = enter(w, "startSession", "Ann"), *bob, *poll;

	expect_carts(ann, "Ann* {} @1.1.n");
	bob = enter(w, "joinSession", "Bob");
	world_hold(w);
	say(bob, CART, bob->id, "{'n':1}");
	poll = post(w, "s1", ann->token, POLL_SEEING, ann->id, ann->cursor);
	expect_waiting(poll);
	world_wait(w, GATHER_MS + 1);
	expect_waiting(poll);
	world_go_on(w);
	world_run(w);
	expect_carts(poll, "Ann* {}, Bob {'n':1} @1.3.n");
	expect(poll, HERE "'%s','%s'" TOLD, ann->id, bob->id);
	expect_nothing(poll);
	world_free(w);
}
END_TEST

/* It is not known what the others see, but then nothing else comes of it. */
START_TEST(a_poll_waits_for_no_multicart_that_was_refused)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann"), *poll;
	struct client *bob = world_join(w, "s1", "Bob");

	world_hold(w);
	say(bob, CART, bob->id, "{'n':1}");
	poll = post(w, "s1", ann->token, POLL_SEEING, ann->id, "1.2.0");
	expect_waiting(poll);
	world_refuse_writing(w, 1);
	world_go_on(w);
	world_run(w);
	expect(poll, HERE "'%s','%s'" TOLD, ann->id, bob->id);
	expect_nothing(poll);
	world_free(w);
}
END_TEST

/* How often it was found out another time: that counts it, for client. */
static uint64_t
times_found_out(const struct client *client)
{
	uint64_t times;

	ck_assert_int_eq(sscanf(client->cursor, "%*u.%*u.%*u.%*u.%" SCNu64,
	    &times), 1);
	return times;
}

START_TEST(for_nobody_nothing_is_found_out)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann"), *bob, *eve;

	say(ann, "{'event':'say','payload':{'customerId':'%s','what':1}}",
	    ann->id);
	bob = world_join(w, "s1", "Bob");
	say(ann, CART, ann->id, "{'n':1}");
	eve = enter(w, "joinSession", "Eve");
	expect_carts(eve, "Ann* {'n':1}, Bob {}, Eve {} @1.4.n");
	expect(eve, HERE "'%s','%s','%s'" AT, ann->id, bob->id, eve->id);
	ck_assert_uint_eq(times_found_out(eve), 1);
	/* Nor once nobody asks any more. */
	say(eve, RESUME, eve->id, eve->token);
	world_ignore(w);
	world_wait(w, 60000);
	say(ann, LEAVE, ann->id);
	say(bob, CART, bob->id, "{'n':2}");
	world_ignore(w);
	say(eve, RESUME_SEEING, eve->id, eve->token);
	expect(eve, RESUMED_SEEING, eve->id);
	expect_carts(eve, "Bob {'n':2}, Eve {} @1.6.n");
	expect(eve, HERE "'%s','%s'" AT, bob->id, eve->id);
	ck_assert_uint_eq(times_found_out(eve), 2);
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc,
	    who_comes_is_shown_the_multicart_and_then_who_is_here);
	tcase_add_test(tc, who_goes_is_here_for_a_moment);
	tcase_add_test(tc, who_comes_back_in_time_was_never_gone);
	tcase_add_test(tc, changes_within_a_moment_come_as_one);
	tcase_add_test(tc, one_of_two_tabs_is_enough);
	tcase_add_test(tc, polls_and_requests_are_presence_for_a_moment);
	tcase_add_test(tc, a_poll_is_answered_when_it_changes);
	tcase_add_test(tc,
	    who_was_here_just_now_is_here_when_it_is_asked_first);
	tcase_add_test(tc, who_is_slow_is_told_the_newest);
	tcase_add_test(tc, only_who_is_shown_is_told_of);
	tcase_add_test(tc, who_is_about_to_be_shown_is_not_told_of);
	tcase_add_test(tc, who_resumes_is_shown_the_multicart_first);
	tcase_add_test(tc, it_has_no_effect_on_who_stays);
	tcase_add_test(tc, another_grace_holds_for_who_is_gone_already);
	tcase_add_test(tc, who_asks_no_more_is_told_no_more);
	tcase_add_test(tc, a_refused_commit_changes_nothing_of_it);
	tcase_add_test(tc,
	    a_poll_waits_for_the_multicart_that_shows_who_is_here);
	tcase_add_test(tc, a_poll_waits_for_no_multicart_that_was_refused);
	tcase_add_test(tc, for_nobody_nothing_is_found_out);
}
