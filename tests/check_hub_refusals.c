/*
 * Refused messages of customers go on record: the first at once, more of them
 * once a second.
 */
#include <stdio.h>
#include <string.h>

#include "hub/hub.h"
#include "hub_script.h"
#include "session/record.h"
#include "suite.h"
#include "wire/message.h"

const char suite_name[] = "hub_refusals";

/* What the next note on a refusal says; notes are taken in order. */
struct expected {
	enum refusal code;
	enum message_event event;
	uint64_t count;
};

/* There are n notes, and the last of them is that one, on customer. */
static void
expect_note(const struct world *w, size_t n, const struct client *customer,
    struct expected expected)
{
	char hex[ID_CUSTOMER_HEX + 1];
	const struct record *notes;

	ck_assert_uint_eq(world_notes(w, &notes), n);
	customer_id_format(&notes[n - 1].customer, hex);
	ck_assert_str_eq(hex, customer->id);
	ck_assert_int_eq(notes[n - 1].event, RECORD_REFUSED);
	ck_assert_uint_eq(notes[n - 1].incarnation, 1);
	ck_assert_uint_eq(notes[n - 1].time_ms, world_now(w)->wall_ms);
	ck_assert_int_eq(notes[n - 1].refused, expected.code);
	ck_assert_uint_eq(notes[n - 1].refused_event, expected.event);
	ck_assert_uint_eq(notes[n - 1].client_seq, expected.count);
}

static void
expect_notes(const struct world *w, size_t n)
{
	const struct record *notes;

	ck_assert_uint_eq(world_notes(w, &notes), n);
}

#define CART_OF_NOBODY "{'event':'updateCart','payload':{"		\
	"'customerId':'000000000000000000000000','cartContent':{}}}"

START_TEST(the_first_is_noted_at_once_the_rest_when_a_second_is_over)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	unsigned i;

	say(ann, CART_OF_NOBODY);
	expect_note(w, 1, ann, (struct expected){ REFUSAL_UNKNOWN_CUSTOMER,
	    MESSAGE_UPDATE_CART, 1 });
	say(ann, START, "Ann");
	for (i = 0; i < 40; i++)
		say(ann, "{");
	world_wait(w, 999);
	expect_notes(w, 1);
	world_wait(w, 1);
	/* The first of them is named. */
	expect_note(w, 2, ann, (struct expected){ REFUSAL_ALREADY_JOINED,
	    MESSAGE_START_SESSION, 41 });

	say(ann, "{");
	world_wait(w, 999);
	expect_notes(w, 2);
	world_wait(w, 1);
	expect_note(w, 3, ann, (struct expected){ REFUSAL_INVALID_JSON,
	    MESSAGE_NONE, 1 });
	/* Quiet for a second: the next is a first one again. */
	world_wait(w, 1000);
	say(ann, "{");
	expect_notes(w, 4);
	world_wait(w, 100000);
	expect_notes(w, 4);
	world_free(w);
}
END_TEST

START_TEST(each_customer_is_counted_for_itself)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *eve = world_start(w, "s2", "Eve");

	say(ann, "{");
	say(ann, "{");
	say(bob, "{");
	say(eve, "{");
	expect_notes(w, 3);
	say(bob, "{");
	say(bob, "{");
	world_wait(w, 1000);
	expect_notes(w, 5);
	expect_note(w, 5, bob, (struct expected){ REFUSAL_INVALID_JSON,
	    MESSAGE_NONE, 2 });
	world_free(w);
}
END_TEST

/* The nth customer, in a session with some of its neighbours. */
static struct client *
enter_nth(struct world *w, unsigned n)
{
	enum { NEIGHBOURS = 16 };
	char session[16];
	struct client *client;

	(void)snprintf(session, sizeof(session), "s%u", n / NEIGHBOURS);
	client = world_connect(w, session);
	tell(client, n % NEIGHBOURS == 0 ? START : JOIN, "Eve");
	return client;
}

START_TEST(a_second_is_cut_short_when_too_many_are_refused_in_it)
{
	enum { REFUSED_MAX = 16384 };
	struct world *w = world_new();
	struct client *customers[REFUSED_MAX + 1];
	unsigned i;

	for (i = 0; i <= REFUSED_MAX; i++)
		customers[i] = enter_nth(w, i);
	world_run(w);
	for (i = 0; i < REFUSED_MAX; i++)
		tell(customers[i], "{");
	tell(customers[0], "{");
	world_run(w);
	expect_notes(w, REFUSED_MAX);

	say(customers[REFUSED_MAX], "{");
	/* What was counted of the first one, and of the last. */
	expect_notes(w, REFUSED_MAX + 2);
	world_free(w);
}
END_TEST

START_TEST(a_note_says_where_the_customer_was)
{
	struct world *w = world_new();
	struct client *ann = world_connect_from(w, "s1", 9);
	const struct record *notes;

	say(ann, START, "Ann");
	say(ann, "{");

	ck_assert_uint_eq(world_notes(w, &notes), 1);
	ck_assert_str_eq(notes[0].address, "2001:db8::9");
	ck_assert_int_eq(notes[0].transport, TRANSPORT_WEBSOCKET);
	ck_assert_str_eq(notes[0].session->data, "s1");
	ck_assert_ptr_null(notes[0].name);
	world_free(w);
}
END_TEST

START_TEST(who_exceeds_a_rate_or_size_is_noted)
{
	struct world_config config;
	struct world *w;
	struct client *ann;

	world_defaults(&config);
	config.hub.message_rate = 1;
	config.hub.message_burst = 1;
	w = world_new_with(&config);
	ann = world_start_resumable(w, "s1", "Ann");
	(void)post(w, "s1", ann->token, CART, ann->id, "{}"); /* in time */
	(void)post(w, "s1", ann->token, CART, ann->id, "{}"); /* not so */
	expect_note(w, 1, ann, (struct expected){ REFUSAL_RATE_LIMITED,
	    MESSAGE_UPDATE_CART, 1 });
	world_wait(w, 10000);

	hub_receive_too_large(world_hub(w), &ann->peer, world_now(w));
	world_run(w);
	expect_note(w, 2, ann, (struct expected){ REFUSAL_MESSAGE_TOO_LARGE,
	    MESSAGE_NONE, 1 });
	world_free(w);
}
END_TEST

START_TEST(a_request_is_noted_once_it_is_proved)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *poll;

	poll = post(w, "s1", ann->token, RESUME, ann->id, "nonsense");
	expect_refusal(poll, "invalidToken", ",'event':'resumeSession'");
	poll = post(w, "s1", "nonsense", LEAVE, ann->id);
	expect_refusal(poll, "invalidToken", ",'event':'leaveSession'");
	poll = post(w, "s1", ann->token, "{");
	expect_refusal(poll, "invalidJson", "%s", "");
	expect_notes(w, 0);

	(void)post(w, "s1", ann->token, LEAVE, ann->id); /* as any other */
	poll = post(w, "s1", ann->token, CART, ann->id, "{}");
	expect_refusal(poll, "leftSession", ",'event':'updateCart'");
	expect_note(w, 1, ann, (struct expected){ REFUSAL_LEFT_SESSION,
	    MESSAGE_UPDATE_CART, 1 });
	world_free(w);
}
END_TEST

START_TEST(strangers_are_not_noted)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *eve = world_connect(w, "s1");

	say(eve, CART, ann->id, "{}");
	expect_error(eve, "notYourCustomer", ",'event':'updateCart'");
	say(eve, "{");
	say(eve, RESUME, ann->id, "nonsense");
	hub_receive_too_large(world_hub(w), &eve->peer, world_now(w));
	world_wait(w, 5000);

	expect_notes(w, 0);
	world_free(w);
}
END_TEST

START_TEST(what_is_not_stored_is_dropped_and_nothing_else_fails)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");

	world_refuse_writing(w, 1);
	say(ann, CART, ann->id, "{'a':1}");
	expect_error(ann, "storageUnavailable",
	    ",'event':'updateCart','retryAfter':5");
	expect_carts(ann, "Ann* {}");
	/* Which is not noted, as nothing can be. */
	world_wait(w, 5000);
	expect_notes(w, 0);
	world_free(w);
}
END_TEST

START_TEST(a_stop_writes_down_what_was_counted)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	unsigned i;

	for (i = 0; i < 4; i++)
		say(ann, "{");
	hub_drain(world_hub(w));
	world_run(w);

	expect_note(w, 2, ann, (struct expected){ REFUSAL_INVALID_JSON,
	    MESSAGE_NONE, 3 });
	world_free(w);
}
END_TEST

/* Who arrives while only a note is on its way is shown the session. */
START_TEST(a_note_in_flight_hides_nothing)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *again = world_connect(w, "s1");

	world_hold(w);
	say(ann, "{");
	say(again, RESUME, ann->id, ann->token);
	world_go_on(w);

	expect(again, RESUMED, ann->id, 0);
	expect_carts(again, "Ann* {} @1.1");
	expect_nothing(again);
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc,
	    the_first_is_noted_at_once_the_rest_when_a_second_is_over);
	tcase_add_test(tc, each_customer_is_counted_for_itself);
	tcase_add_test(tc,
	    a_second_is_cut_short_when_too_many_are_refused_in_it);
	tcase_add_test(tc, a_note_says_where_the_customer_was);
	tcase_add_test(tc, who_exceeds_a_rate_or_size_is_noted);
	tcase_add_test(tc, a_request_is_noted_once_it_is_proved);
	tcase_add_test(tc, strangers_are_not_noted);
	tcase_add_test(tc,
	    what_is_not_stored_is_dropped_and_nothing_else_fails);
	tcase_add_test(tc, a_stop_writes_down_what_was_counted);
	tcase_add_test(tc, a_note_in_flight_hides_nothing);
}
