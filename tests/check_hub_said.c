/*
 * What customers say to one another: who hears it, once and in order, by
 * whatever way, and who is not let say it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub/hub.h"
#include "hub/hub_counts.h"
#include "hub_script.h"
#include "suite.h"

const char suite_name[] = "hub_said";

#define HEARING "'features':['say']"
#define ENTER "{'event':'%s','payload':{'customerName':'%s'," HEARING "}}"
#define SAY "{'event':'say','payload':{'customerId':'%s','what':%s}}"
#define SAY_SEQ "{'event':'say','payload':{'customerId':'%s','what':%s,"	\
	"'seq':%d}}"
#define SAY_TO "{'event':'say','payload':{'customerId':'%s','what':%s,"	\
	"'to':'%s'}}"
#define SAID "{'event':'say','payload':{'from':'%s','what':%s}," AT
#define SAID_TO "{'event':'say','payload':{'from':'%s','what':%s,"	\
	"'to':'%s'}," AT
#define MISSED "{'event':'say','payload':{'missed':%d}," AT
#define AT "'cursor':'<cursor>'}"
/* In answers over HTTP there is no cursor in it. */
#define TOLD "{'event':'say','payload':{'from':'%s','what':%s}}"
#define TOLD_MISSED "{'event':'say','payload':{'missed':%d}}"
#define POLL_SAID "{'event':'poll','payload':{'customerId':'%s',"	\
	"'cursor':'%s'," HEARING "}}"
#define RESUME_AT "{'event':'resumeSession','payload':{'customerId':'%s',"	\
	"'token':'%s','cursor':'%s'," HEARING "}}"
#define RESUME_HEARING "{'event':'resumeSession','payload':{"		\
	"'customerId':'%s','token':'%s'," HEARING "}}"

enum { KEPT = 32, KNOWN = 256 };

static struct client *
enter(struct world *w, const char *event, const char *name)
{
	struct client *client = world_connect(w, "s1");

	say(client, ENTER, event, name);
	expect(client, "{'event':'%s','payload':{'customerId':'<id>',"
	    "'token':'<token>'," HEARING "}}", event);
	return client;
}

/* Both hear, and have heard nothing yet. */
static struct world *
ann_and_bob(struct client **ann, struct client **bob)
{
	struct world *w = world_new();

	*ann = enter(w, "startSession", "Ann");
	*bob = enter(w, "joinSession", "Bob");
	expect_carts(*bob, "Ann* {}, Bob {} @1.2.n");
	world_ignore(w);
	return w;
}

/* client says the numbers from first on, n of them. */
static void
say_numbers(struct client *client, int first, int n)
{
	char number[16];
	int i;

	for (i = first; i < first + n; i++) {
		(void)snprintf(number, sizeof(number), "%d", i);
		say(client, SAY, client->id, number);
	}
}

static void
expect_numbers(struct client *client, const char *from, int first, int n)
{
	char number[16];
	int i;

	for (i = first; i < first + n; i++) {
		(void)snprintf(number, sizeof(number), "%d", i);
		expect(client, SAID, from, number);
	}
}

static void
expect_told(struct client *poll, const char *from, int first, int n)
{
	char number[16];
	int i;

	for (i = first; i < first + n; i++) {
		(void)snprintf(number, sizeof(number), "%d", i);
		expect(poll, TOLD, from, number);
	}
}

START_TEST(all_others_hear_who_asked_for_it)
{
	struct client *ann, *bob, *tab, *eve, *joe;
	struct world *w = ann_and_bob(&ann, &bob);

	eve = world_join_resumable(w, "s1", "Eve");
	joe = world_join(w, "s1", "Joe");
	tab = world_connect(w, "s1");
	say(tab, RESUME_HEARING, ann->id, ann->token);
	world_ignore(w);
	say(ann, SAY, ann->id, "{'a' : [1.0, '\\u0000' ]}");
	expect(bob, SAID, ann->id, "{'a':[1.0,'\\u0000']}");
	say(joe, SAY, joe->id, "null");
	expect(ann, SAID, joe->id, "null");
	expect(tab, SAID, joe->id, "null");
	expect(bob, SAID, joe->id, "null");
	expect_nothing(ann);
	expect_nothing(tab);
	expect_nothing(bob);
	expect_nothing(eve);
	expect_nothing(joe);
	world_free(w);
}
END_TEST

START_TEST(one_alone_hears_what_is_said_to_it)
{
	struct client *ann, *bob, *eve;
	struct world *w = ann_and_bob(&ann, &bob);

	eve = enter(w, "joinSession", "Eve");
	world_ignore(w);
	say(ann, SAY_TO, ann->id, "1", bob->id);
	say(ann, SAY_TO, ann->id, "2", ann->id);
	say(ann, SAY, ann->id, "3");
	expect(bob, SAID_TO, ann->id, "1", bob->id);
	expect(bob, SAID, ann->id, "3");
	expect(eve, SAID, ann->id, "3");
	expect_nothing(bob);
	expect_nothing(eve);
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(a_seq_is_answered_and_counts_once)
{
	struct client *ann, *bob, *tab;
	struct world *w = ann_and_bob(&ann, &bob);

	say(ann, SAY_SEQ, ann->id, "1", 5);
	expect(ann, "{'event':'say','payload':{'seq':5}}");
	say(ann, SAY_SEQ, ann->id, "2", 5);
	expect(ann, "{'event':'say','payload':{'seq':5,'stale':true}}");
	/* It is a count of the customer's, and of says alone. */
	tab = world_connect(w, "s1");
	say(tab, RESUME, ann->id, ann->token);
	ignore(tab);
	say(tab, SAY_SEQ, ann->id, "2", 5);
	expect(tab, "{'event':'say','payload':{'seq':5,'stale':true}}");
	say(bob, CART_SEQ, bob->id, "{}", 9);
	world_ignore(w);
	say(bob, SAY_SEQ, bob->id, "4", 1);
	expect(bob, "{'event':'say','payload':{'seq':1}}");
	expect(ann, SAID, bob->id, "4");
	expect_nothing(bob);
	world_free(w);
}
END_TEST

/* Each tab has a clock of its own to number by. */
START_TEST(a_lower_seq_is_no_repeat)
{
	struct client *ann, *bob;
	struct world *w = ann_and_bob(&ann, &bob);
	int i;

	for (i = 200; i > 200 - 128; i--) {
		say(ann, SAY_SEQ, ann->id, "1", i);
		expect(ann, "{'event':'say','payload':{'seq':%d}}", i);
		expect(bob, SAID, ann->id, "1");
		world_wait(w, 1000);
	}
	/* All of these are remembered, and of one more the first is not. */
	say(ann, SAY_SEQ, ann->id, "2", 200);
	expect(ann, "{'event':'say','payload':{'seq':200,'stale':true}}");
	say(ann, SAY_SEQ, ann->id, "3", 1);
	expect(ann, "{'event':'say','payload':{'seq':1}}");
	expect(bob, SAID, ann->id, "3");
	say(ann, SAY_SEQ, ann->id, "4", 199);
	expect(ann, "{'event':'say','payload':{'seq':199,'stale':true}}");
	world_free(w);
}
END_TEST

START_TEST(a_request_says_too_and_learns_whether_it_may)
{
	struct client *ann, *bob, *poll;
	struct world *w = ann_and_bob(&ann, &bob);

	poll = post(w, "s1", ann->token, SAY, ann->id, "1");
	expect_answer(poll, "");
	expect_nothing(poll);
	poll = post(w, "s1", ann->token, SAY_SEQ, ann->id, "2", 1);
	expect_answer(poll, "");
	expect(poll, "{'event':'say','payload':{'seq':1}}");
	expect_numbers(bob, ann->id, 1, 2);
	poll = post(w, "s1", bob->token, SAY, ann->id, "3");
	expect_refusal(poll, "invalidToken", ",'event':'say'");
	expect_nothing(bob);
	world_free(w);
}
END_TEST

START_TEST(nobody_says_anything_for_others_or_to_strangers)
{
	static const char nobody[] = "000000000000000000000000";
	struct client *ann, *bob, *joe, *out;
	struct world *w = ann_and_bob(&ann, &bob);

	joe = world_join(w, "s1", "Joe");
	out = world_connect(w, "s1");
	world_ignore(w);
	say(ann, SAY, bob->id, "1");
	expect_error(ann, "notYourCustomer", ",'event':'say'");
	/* Nor for who has no token. */
	say(ann, SAY_SEQ, joe->id, "1", 2);
	expect_error(ann, "notYourCustomer", ",'event':'say','seq':2");
	say(out, SAY, joe->id, "1");
	expect_error(out, "notYourCustomer", ",'event':'say'");
	say(ann, SAY, nobody, "1");
	expect_error(ann, "unknownCustomer", ",'event':'say'");
	say(ann, SAY_TO, ann->id, "1", nobody);
	expect_error(ann, "unknownCustomer", ",'event':'say'");
	say(joe, LEAVE, joe->id);
	world_ignore(w);
	say(ann, SAY_TO, ann->id, "1", joe->id);
	expect_error(ann, "unknownCustomer", ",'event':'say'");
	expect_nothing(bob);
	world_free(w);
}
END_TEST

START_TEST(who_is_out_of_the_multicart_is_not_heard)
{
	struct client *ann, *bob, *poll;
	struct world *w = ann_and_bob(&ann, &bob);

	hang_up(bob);
	world_wait(w, 61000);
	expect_carts(ann, "Ann* {} @1.3.n");
	poll = post(w, "s1", bob->token, SAY, bob->id, "1");
	expect_refusal(poll, "unknownCustomer", ",'event':'say'");
	say(ann, SAY_TO, ann->id, "1", bob->id);
	expect_error(ann, "unknownCustomer", ",'event':'say'");
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(what_is_said_has_a_length_and_a_rate)
{
	struct world_config config;
	struct client *ann, *bob, *tab;
	struct world *w;

	world_defaults(&config);
	config.hub.max_say = 5;
	config.hub.say_rate = 1;
	config.hub.say_burst = 2;
	w = world_new_with(&config);
	ann = enter(w, "startSession", "Ann");
	bob = enter(w, "joinSession", "Bob");
	tab = world_connect(w, "s1");
	say(tab, RESUME, ann->id, ann->token);
	world_ignore(w);
	say(ann, SAY_SEQ, ann->id, "'1234'", 1);
	expect_error(ann, "messageTooLarge", ",'event':'say','seq':1");
	say(ann, SAY, ann->id, "[ 1, 2 ]");
	expect(bob, SAID, ann->id, "[1,2]");
	say(tab, SAY, ann->id, "2");
	say(ann, SAY_SEQ, ann->id, "3", 1);
	expect_error(ann, "rateLimited",
	    ",'event':'say','seq':1,'retryAfter':1");
	/* It is of a customer, each has its own. */
	say(bob, SAY, bob->id, "4");
	expect(ann, SAID, bob->id, "4");
	world_wait(w, 1000);
	say(ann, SAY_SEQ, ann->id, "3", 1);
	expect(ann, "{'event':'say','payload':{'seq':1}}");
	expect_numbers(bob, ann->id, 2, 2);
	world_free(w);
}
END_TEST

/* It is no record, and waits for none. */
START_TEST(it_is_told_while_the_storage_is_busy_and_never_stored)
{
	struct client *ann, *bob;
	struct world *w = ann_and_bob(&ann, &bob);
	size_t records = world_stored(w, "s1")->count;

	world_hold(w);
	say(ann, CART, ann->id, "{'n':1}");
	say(ann, SAY_SEQ, ann->id, "1", 1);
	expect(ann, "{'event':'say','payload':{'seq':1}}");
	expect_numbers(bob, ann->id, 1, 1);
	expect_nothing(bob);
	world_go_on(w);
	expect_carts(bob, "Ann* {'n':1}, Bob {} @1.3.n");
	ck_assert_uint_eq(world_stored(w, "s1")->count, records + 1);
	world_free(w);
}
END_TEST

START_TEST(a_lock_forbids_nothing_of_it)
{
	struct client *ann, *bob;
	struct world *w = ann_and_bob(&ann, &bob);

	/* A refused commit has the session loaded again meanwhile. */
	world_refuse(w, 1);
	say(ann, CART, ann->id, "{'n':1}");
	expect_error(ann, "storageUnavailable",
	    ",'event':'updateCart','retryAfter':5");
	world_ignore(w);
	say(ann, SAY, ann->id, "1");
	expect_numbers(bob, ann->id, 1, 1);
	world_free(w);
}
END_TEST

START_TEST(who_is_slow_hears_the_last_32_and_how_many_it_missed)
{
	struct client *ann, *bob, *eve;
	struct world *w = ann_and_bob(&ann, &bob);

	eve = enter(w, "joinSession", "Eve");
	world_ignore(w);
	bob->is_slow = true;
	say_numbers(ann, 1, 3);
	/* Neither its own nor what is not for it was missed. */
	say(bob, SAY, bob->id, "0");
	say(ann, SAY_TO, ann->id, "0", eve->id);
	say_numbers(ann, 4, KEPT);
	ignore(eve);
	bob->is_slow = false;
	catch_up(bob);
	expect(bob, MISSED, 3);
	expect_numbers(bob, ann->id, 4, KEPT);
	expect_nothing(bob);
	say_numbers(ann, 100, 1);
	expect_numbers(bob, ann->id, 100, 1);
	world_free(w);
}
END_TEST

/* Of whom is too far behind, it is not known how much was for it. */
/* Nobody is read faster than who is not slow can be told. */
START_TEST(who_is_not_slow_misses_nothing_that_many_say_at_once)
{
	enum { SPEAKERS = 3, EACH = 2 * KEPT };
	struct client *speakers[SPEAKERS], *bob;
	struct world *w = ann_and_bob(&speakers[0], &bob);
	const char *from[SPEAKERS * EACH];
	char number[16];
	int i, said = 0;

	speakers[1] = enter(w, "joinSession", "Eve");
	speakers[2] = enter(w, "joinSession", "Joe");
	world_ignore(w);
	while (said < SPEAKERS * EACH) {
		int before = said;

		for (i = 0; i < SPEAKERS && said < SPEAKERS * EACH; i++) {
			if (!hub_peer_is_ready(world_hub(w),
			    &speakers[i]->peer))
				continue;
			(void)snprintf(number, sizeof(number), "%d", said);
			tell(speakers[i], SAY, speakers[i]->id, number);
			from[said++] = speakers[i]->id;
		}
		if (said == before)
			world_run(w);
	}
	world_run(w);
	for (i = 0; i < said; i++)
		expect_numbers(bob, from[i], i, 1);
	expect_nothing(bob);
	world_free(w);
}
END_TEST

START_TEST(what_was_missed_is_never_too_much)
{
	struct client *ann, *bob;
	struct world *w = ann_and_bob(&ann, &bob);
	struct hub_counts counts;

	bob->is_slow = true;
	say_numbers(ann, 1, KNOWN + 50);
	bob->is_slow = false;
	catch_up(bob);
	expect(bob, MISSED, KNOWN - KEPT);
	expect_numbers(bob, ann->id, KNOWN + 50 - KEPT + 1, KEPT);
	expect_nothing(bob);
	hub_copy_counts(world_hub(w), &counts);
	ck_assert_uint_eq(counts.missed_says, KNOWN - KEPT);
	world_free(w);
}
END_TEST

START_TEST(a_poll_goes_on_where_its_cursor_is)
{
	struct world *w = world_new();
	struct client *ann = enter(w, "startSession", "Ann"), *bob, *poll;
	char before[CLIENT_CURSOR_CHARS + 1];

	bob = post(w, "s1", "", ENTER, "joinSession", "Bob");
	expect(bob, "{'event':'joinSession','payload':{'customerId':'<id>',"
	    "'token':'<token>'," HEARING "}}");
	expect_carts(bob, "Ann* {}, Bob {} @1.2.n");
	world_ignore(w);

	poll = post(w, "s1", bob->token, POLL_SAID, bob->id, bob->cursor);
	expect_waiting(poll);
	say_numbers(ann, 1, 1);
	expect_answer(poll, poll->cursor);
	expect_told(poll, ann->id, 1, 1);
	expect_nothing(poll);
	ck_assert_str_ne(poll->cursor, bob->cursor);

	/* Between two polls. */
	memcpy(before, poll->cursor, sizeof(before));
	say_numbers(ann, 2, 2);
	poll = post(w, "s1", bob->token, POLL_SAID, bob->id, before);
	expect_answer(poll, poll->cursor);
	expect_told(poll, ann->id, 2, 2);
	expect_nothing(poll);

	/* The answer was lost: reading consumes nothing. */
	poll = post(w, "s1", bob->token, POLL_SAID, bob->id, before);
	expect_told(poll, ann->id, 2, 2);
	expect_nothing(poll);
	memcpy(before, poll->cursor, sizeof(before));
	poll = post(w, "s1", bob->token, POLL_SAID, bob->id, before);
	expect_waiting(poll);

	/* What is not for it is no news, but its cursor has it. */
	say(ann, SAY_TO, ann->id, "0", ann->id);
	expect_waiting(poll);
	world_wait(w, 60000);
	expect_answer(poll, poll->cursor);
	expect_nothing(poll);
	ck_assert_str_ne(poll->cursor, before);
	world_free(w);
}
END_TEST

START_TEST(a_poll_far_behind_learns_what_it_missed)
{
	struct world *w = world_new();
	struct client *ann = enter(w, "startSession", "Ann"), *bob, *poll;

	bob = post(w, "s1", "", ENTER, "joinSession", "Bob");
	expect(bob, "{'event':'joinSession','payload':{'customerId':'<id>',"
	    "'token':'<token>'," HEARING "}}");
	expect_carts(bob, "Ann* {}, Bob {} @1.2.n");
	say_numbers(ann, 1, KEPT + 7);
	poll = post(w, "s1", bob->token, POLL_SAID, bob->id, bob->cursor);
	expect(poll, TOLD_MISSED, 7);
	expect_told(poll, ann->id, 8, KEPT);
	expect_nothing(poll);
	world_free(w);
}
END_TEST

START_TEST(without_a_number_it_hears_what_comes)
{
	struct client *ann, *bob, *poll;
	struct world *w = ann_and_bob(&ann, &bob);

	say_numbers(ann, 1, 1);
	expect_numbers(bob, ann->id, 1, 1);
	poll = post(w, "s1", bob->token, POLL_SAID, bob->id, "1.2");
	expect_carts(poll, "Ann* {}, Bob {} @1.2.n");
	expect_nothing(poll);
	/* That of who had other features on knows nothing of it. */
	poll = post(w, "s1", bob->token, POLL_SAID, bob->id, "1.2.0");
	expect_waiting(poll);
	say_numbers(ann, 2, 1);
	expect_told(poll, ann->id, 2, 1);
	expect_nothing(poll);
	world_free(w);
}
END_TEST

START_TEST(a_cursor_goes_over_to_polls_and_back)
{
	struct client *ann, *bob, *poll, *again;
	struct world *w = ann_and_bob(&ann, &bob);

	say_numbers(ann, 1, 1);
	expect_numbers(bob, ann->id, 1, 1);
	poll = post(w, "s1", bob->token, POLL_SAID, bob->id, bob->cursor);
	expect_waiting(poll);
	hang_up(bob);
	say_numbers(ann, 2, 1);
	expect_told(poll, ann->id, 2, 1);
	expect_nothing(poll);
	say_numbers(ann, 3, 2);
	again = world_connect(w, "s1");
	say(again, RESUME_AT, bob->id, bob->token, poll->cursor);
	expect(again, "{'event':'resumeSession','payload':{'customerId':'%s',"
	    "'seq':0," HEARING "}}", bob->id);
	expect_carts(again, "Ann* {}, Bob {} @1.2.n");
	expect_numbers(again, ann->id, 3, 2);
	expect_nothing(again);
	world_free(w);
}
END_TEST

START_TEST(who_resumes_without_a_cursor_hears_what_comes)
{
	struct client *ann, *bob, *again;
	struct world *w = ann_and_bob(&ann, &bob);

	hang_up(bob);
	say_numbers(ann, 1, 1);
	again = world_connect(w, "s1");
	say(again, RESUME_HEARING, bob->id, bob->token);
	ignore(again);
	say_numbers(ann, 2, 1);
	expect_numbers(again, ann->id, 2, 1);
	expect_nothing(again);
	world_free(w);
}
END_TEST

/* What waits for it comes once, whatever cursor it gives. */
START_TEST(who_resumes_where_it_is_misses_nothing)
{
	struct client *ann, *bob;
	struct world *w = ann_and_bob(&ann, &bob);
	char before[CLIENT_CURSOR_CHARS + 1];

	say_numbers(ann, 1, 1);
	expect_numbers(bob, ann->id, 1, 1);
	memcpy(before, bob->cursor, sizeof(before));
	say_numbers(ann, 2, 1);
	bob->is_slow = true;
	say_numbers(ann, 3, 1);
	say(bob, RESUME_AT, bob->id, bob->token, before);
	bob->is_slow = false;
	catch_up(bob);
	expect_numbers(bob, ann->id, 2, 1);
	expect(bob, "{'event':'resumeSession','payload':{'customerId':'%s',"
	    "'seq':0," HEARING "}}", bob->id);
	expect_carts(bob, "Ann* {}, Bob {} @1.2.n");
	expect_numbers(bob, ann->id, 3, 1);
	expect_nothing(bob);
	world_free(w);
}
END_TEST

START_TEST(who_comes_hears_nothing_of_before)
{
	struct client *ann, *bob, *eve, *poll;
	struct world *w = ann_and_bob(&ann, &bob);
	char forged[CLIENT_CURSOR_CHARS + 1];
	uint64_t epoch;

	say_numbers(ann, 1, 1);
	expect_numbers(bob, ann->id, 1, 1);
	eve = enter(w, "joinSession", "Eve");
	expect_carts(eve, "Ann* {}, Bob {}, Eve {} @1.3.n");
	expect_nothing(eve);
	/* Not by a cursor either that says it came before. */
	ck_assert_int_eq(sscanf(eve->cursor, "1.3.%" SCNu64, &epoch), 1);
	(void)snprintf(forged, sizeof(forged), "1.3.%" PRIu64 ".0.0", epoch);
	poll = post(w, "s1", eve->token, POLL_SAID, eve->id, forged);
	expect_waiting(poll);
	(void)snprintf(forged, sizeof(forged), "1.3.%d.0.0", 7);
	poll = post(w, "s1", eve->token, POLL_SAID, eve->id, forged);
	expect_waiting(poll);
	world_free(w);
}
END_TEST

/* All that was said under another epoch is older than what is said now. */
START_TEST(after_a_restart_nothing_new_is_lost)
{
	struct client *ann, *bob, *poll;
	struct world *w = ann_and_bob(&ann, &bob);
	struct client *again;

	say_numbers(ann, 1, 2);
	expect_numbers(bob, ann->id, 1, 2);
	world_restart(w);
	again = world_connect(w, "s1");
	say(again, RESUME_HEARING, ann->id, ann->token);
	say(again, SAY, ann->id, "3");
	poll = post(w, "s1", bob->token, POLL_SAID, bob->id, bob->cursor);
	expect_told(poll, ann->id, 3, 1);
	expect_nothing(poll);
	world_free(w);
}
END_TEST

START_TEST(it_is_forgotten_after_a_while)
{
	struct world_config config;
	struct world *w;
	struct client *ann, *bob, *poll;
	struct hub_counts counts;

	world_defaults(&config);
	config.hub.absence_window_ms[true] = 3600000;
	w = world_new_with(&config);
	ann = enter(w, "startSession", "Ann");
	bob = enter(w, "joinSession", "Bob");
	expect_carts(bob, "Ann* {}, Bob {} @1.2.n");
	hang_up(bob);
	say_numbers(ann, 1, 2);
	world_wait(w, 74000);
	say_numbers(ann, 3, 1);
	world_wait(w, 1000);
	poll = post(w, "s1", bob->token, POLL_SAID, bob->id, bob->cursor);
	expect(poll, TOLD_MISSED, 2);
	expect_told(poll, ann->id, 3, 1);
	expect_nothing(poll);
	world_wait(w, 200000);
	hub_copy_counts(world_hub(w), &counts);
	ck_assert_uint_eq(counts.said_bytes, 0);
	world_free(w);
}
END_TEST

/* The oldest of all sessions go first. */
START_TEST(all_together_keep_so_many_bytes)
{
	struct client *ann, *bob, *zoe, *poll;
	struct world *w = ann_and_bob(&ann, &bob);
	struct hub_counts counts;
	size_t one;

	poll = post(w, "s1", bob->token, POLL_SAID, bob->id, bob->cursor);
	say_numbers(ann, 1, 1);
	hub_copy_counts(world_hub(w), &counts);
	one = counts.said_bytes;
	ck_assert_uint_gt(one, 0);
	ignore(bob);
	ignore(poll);
	bob->is_slow = true;
	zoe = world_start(w, "s2", "Zoe");
	world_config(w)->hub.max_said = 3 * one;
	world_configure(w);
	say_numbers(ann, 2, 2);
	say(zoe, SAY, zoe->id, "1");
	hub_copy_counts(world_hub(w), &counts);
	ck_assert_uint_le(counts.said_bytes, 3 * one);
	bob->is_slow = false;
	catch_up(bob);
	expect_numbers(bob, ann->id, 2, 2);
	bob->is_slow = true;
	say_numbers(ann, 4, 1);
	say_numbers(zoe, 1, 3);
	bob->is_slow = false;
	catch_up(bob);
	hub_copy_counts(world_hub(w), &counts);
	ck_assert_uint_le(counts.said_bytes, 3 * one);
	expect_nothing(bob);
	world_free(w);
}
END_TEST

/* What a stranger may make others be sent is bounded as multicarts are. */
START_TEST(a_session_that_showed_too_much_is_silent_for_a_while)
{
	struct world_config config;
	struct client *ann, *bob;
	struct world *w;

	world_defaults(&config);
	config.hub.session_output_rate = 1000;
	w = world_new_with(&config);
	ann = enter(w, "startSession", "Ann");
	bob = enter(w, "joinSession", "Bob");
	world_wait(w, 10000);
	world_ignore(w);
	say_numbers(ann, 1, 20);
	expect_numbers(bob, ann->id, 1, 10);
	expect_nothing(bob);
	world_wait(w, 10000);
	expect_numbers(bob, ann->id, 11, 10);
	expect_nothing(bob);
	world_free(w);
}
END_TEST

/* Who spoke is shown first, who is shown already is heard at once. */
START_TEST(a_multicart_comes_before_what_is_said_of_it)
{
	struct world_config config;
	struct client *ann, *bob, *eve;
	struct world *w;

	world_defaults(&config);
	w = world_new_with(&config);
	ann = enter(w, "startSession", "Ann");
	bob = enter(w, "joinSession", "Bob");
	world_ignore(w);
	bob->is_slow = true;
	eve = enter(w, "joinSession", "Eve");
	ignore(eve);
	say(eve, SAY, eve->id, "1");
	say(ann, CART, ann->id, "{'n':1}");
	say(ann, SAY, ann->id, "2");
	bob->is_slow = false;
	catch_up(bob);
	expect_carts(bob, "Ann* {'n':1}, Bob {}, Eve {} @1.4.n");
	expect(bob, SAID, eve->id, "1");
	expect(bob, SAID, ann->id, "2");
	expect_nothing(bob);
	world_free(w);
}
END_TEST

/* A record that is under way will show who joined before it. */
START_TEST(who_is_not_shown_yet_is_not_heard_yet)
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
	say(eve, SAY, eve->id, "1");
	say(ann, SAY, ann->id, "2");
	expect_nothing(bob);
	world_go_on(w);
	expect_carts(bob, "Ann* {'n':1}, Bob {}, Eve {} @1.5.n");
	expect(bob, SAID, eve->id, "1");
	expect(bob, SAID, ann->id, "2");
	expect_nothing(bob);
	world_free(w);
}
END_TEST

START_TEST(nobody_there_keeps_no_session_in_memory)
{
	struct client *ann, *bob;
	struct world *w = ann_and_bob(&ann, &bob);
	struct hub_counts counts;

	say_numbers(ann, 1, 3);
	hang_up(ann);
	hang_up(bob);
	world_run(w);
	hub_copy_counts(world_hub(w), &counts);
	ck_assert_uint_eq(counts.sessions, 0);
	world_wait(w, 150000);
	hub_copy_counts(world_hub(w), &counts);
	ck_assert_uint_eq(counts.said_bytes, 0);
	world_free(w);
}
END_TEST

/* It is the same for all, whatever they say that they know. */
START_TEST(a_poll_knows_nothing_of_what_it_does_not_ask_for)
{
	struct client *ann, *bob, *poll;
	struct world *w = ann_and_bob(&ann, &bob);
	char forged[CLIENT_CURSOR_CHARS + 8];
	const char *number;

	say_numbers(ann, 1, 1);
	expect_numbers(bob, ann->id, 1, 1);
	number = strrchr(bob->cursor, '.');
	ck_assert_str_eq(number, ".0");
	(void)snprintf(forged, sizeof(forged), "%.*s.7",
	    (int)(number - bob->cursor), bob->cursor);
	poll = post(w, "s1", bob->token, POLL_SAID, bob->id, forged);
	expect_waiting(poll);
	say(ann, CART, ann->id, "{'n':1}");
	expect_carts(poll, "Ann* {'n':1}, Bob {} @1.3.n");
	ck_assert_str_eq(strrchr(poll->cursor, '.'), ".0");
	world_free(w);
}
END_TEST

/* However long that goes on, it is not looked through again. */
START_TEST(who_is_told_nothing_is_not_behind)
{
	struct client *ann, *bob, *eve;
	struct world *w = ann_and_bob(&ann, &bob);
	int i;

	eve = enter(w, "joinSession", "Eve");
	ignore(eve);
	for (i = 1; i <= KEPT; i++) {
		say(ann, SAY_TO, ann->id, "1", bob->id);
		ck_assert_uint_eq(eve->peer.told->said, (unsigned)i);
	}
	expect_nothing(eve);
	say_numbers(ann, 2, 1);
	expect_numbers(eve, ann->id, 2, 1);
	expect_nothing(eve);
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, all_others_hear_who_asked_for_it);
	tcase_add_test(tc, one_alone_hears_what_is_said_to_it);
	tcase_add_test(tc, a_seq_is_answered_and_counts_once);
	tcase_add_test(tc, a_lower_seq_is_no_repeat);
	tcase_add_test(tc, a_request_says_too_and_learns_whether_it_may);
	tcase_add_test(tc, nobody_says_anything_for_others_or_to_strangers);
	tcase_add_test(tc, who_is_out_of_the_multicart_is_not_heard);
	tcase_add_test(tc, what_is_said_has_a_length_and_a_rate);
	tcase_add_test(tc,
	    it_is_told_while_the_storage_is_busy_and_never_stored);
	tcase_add_test(tc, a_lock_forbids_nothing_of_it);
	tcase_add_test(tc,
	    who_is_slow_hears_the_last_32_and_how_many_it_missed);
	tcase_add_test(tc,
	    who_is_not_slow_misses_nothing_that_many_say_at_once);
	tcase_add_test(tc, what_was_missed_is_never_too_much);
	tcase_add_test(tc, a_poll_goes_on_where_its_cursor_is);
	tcase_add_test(tc, a_poll_far_behind_learns_what_it_missed);
	tcase_add_test(tc, without_a_number_it_hears_what_comes);
	tcase_add_test(tc, a_cursor_goes_over_to_polls_and_back);
	tcase_add_test(tc, who_resumes_without_a_cursor_hears_what_comes);
	tcase_add_test(tc, who_resumes_where_it_is_misses_nothing);
	tcase_add_test(tc, who_comes_hears_nothing_of_before);
	tcase_add_test(tc, after_a_restart_nothing_new_is_lost);
	tcase_add_test(tc, it_is_forgotten_after_a_while);
	tcase_add_test(tc, all_together_keep_so_many_bytes);
	tcase_add_test(tc,
	    a_session_that_showed_too_much_is_silent_for_a_while);
	tcase_add_test(tc, a_multicart_comes_before_what_is_said_of_it);
	tcase_add_test(tc, who_is_not_shown_yet_is_not_heard_yet);
	tcase_add_test(tc, nobody_there_keeps_no_session_in_memory);
	tcase_add_test(tc,
	    a_poll_knows_nothing_of_what_it_does_not_ask_for);
	tcase_add_test(tc, who_is_told_nothing_is_not_behind);
}
