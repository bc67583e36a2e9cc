#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "hub/hub.h"
#include "hub/hub_counts.h"
#include "hub_script.h"
#include "ticket_maker.h"
#include "wire/ticket.h"

/* Who may start and join, and what else is said before that and after. */

const char suite_name[] = "hub_tickets";

#define HS "{'alg':'HS256','kid':'hs'}"
#define R1 "request-0123456789_abcdef"
#define START_TICKET "{'event':'startSession','payload':{"		\
	"'customerName':'%s','ticket':'%s'}}"
#define JOIN_TICKET "{'event':'joinSession','payload':{"		\
	"'customerName':'%s','ticket':'%s'}}"
#define JOIN_REQUEST "{'event':'joinSession','payload':{"		\
	"'customerName':'%s','requestId':'" R1 "','ticket':'%s'}}"
#define NO_TICKET "e30.e30."
/* Later than the world's clock, and earlier. */
#define LATER 4000000000
#define EARLIER 1000

static struct ticket_keys *keys;

static void
setup(void)
{
	keys = ticket_maker_keys();
}

static void
teardown(void)
{
	ticket_keys_free(keys);
}

/* A world with tickets, which are needed as it says. */
static struct world *
new_world(enum ticket_requirement requirement)
{
	struct world_config config;

	world_defaults(&config);
	config.shop.ticket_keys = keys;
	config.shop.ticket_audience = "";
	config.shop.require_tickets = requirement;
	return world_new_with(&config);
}

/* A ticket until some time with more claims; lent until the next call. */
static const char *
ticket(long long exp, const char *more)
{
	static char text[TICKET_BYTES_MAX + 1];
	char claims[512];
	struct payload *made;

	(void)snprintf(claims, sizeof(claims), "{'exp':%lld%s}", exp, more);
	made = ticket_make(TICKET_HS256, HS, claims);
	memcpy(text, made->data, made->len + 1);
	payload_unref(made);
	return text;
}

static uint64_t
refused(struct world *world, enum ticket_fault fault)
{
	struct hub_counts counts;

	hub_copy_counts(world_hub(world), &counts);
	return counts.refused_tickets[fault];
}

START_TEST(a_ticket_is_needed_where_it_is_required)
{
	static const struct {
		enum ticket_requirement requirement;
		bool	 starts;
		bool	 joins;
	} cases[] = {
		{ TICKET_FOR_NOTHING, true, true },
		{ TICKET_TO_START, false, true },
		{ TICKET_TO_TAKE_PART, false, false },
	};
	struct world *w = new_world(cases[_i].requirement);
	struct client *ann = world_connect(w, "s1");
	struct client *bob = world_connect(w, "s1");

	say(ann, START, "Ann");
	if (cases[_i].starts) {
		expect(ann, STARTED, "<id>");
	} else {
		expect_error(ann, "ticketRequired", ",'event':'startSession'");
		say(ann, START_TICKET, "Ann", ticket(LATER, ""));
		expect(ann, STARTED, "<id>");
	}
	say(bob, JOIN, "Bob");
	if (cases[_i].joins) {
		expect(bob, JOINED, "<id>");
	} else {
		expect_error(bob, "ticketRequired", ",'event':'joinSession'");
		say(bob, JOIN_TICKET, "Bob", ticket(LATER, ""));
		expect(bob, JOINED, "<id>");
	}
	world_free(w);
}
END_TEST

START_TEST(a_bad_ticket_is_refused_where_none_is_needed)
{
	struct world *w = new_world(TICKET_FOR_NOTHING);
	struct client *ann = world_connect(w, "s1");

	say(ann, START_TICKET, "Ann", NO_TICKET);
	expect_error(ann, "invalidTicket", ",'event':'startSession'");
	say(ann, START_TICKET, "Ann", "");
	expect_error(ann, "invalidTicket", ",'event':'startSession'");
	say(ann, START_TICKET, "Ann", ticket(EARLIER, ""));
	expect_error(ann, "invalidTicket", ",'event':'startSession'");
	ck_assert_uint_eq(refused(w, TICKET_MALFORMED), 2);
	ck_assert_uint_eq(refused(w, TICKET_EXPIRED), 1);
	ck_assert_ptr_null(world_stored(w, "s1"));
	world_free(w);
}
END_TEST

START_TEST(without_keys_a_ticket_is_ignored)
{
	struct world *w = world_new();
	struct client *ann = world_connect(w, "s1");

	say(ann, START_TICKET, "Ann", NO_TICKET);
	expect(ann, STARTED, "<id>");
	world_free(w);
}
END_TEST

START_TEST(a_ticket_is_good_for_its_session_name_and_role)
{
	static const char claims[] = ",'session':'s1','name':'Bob',"
	    "'role':'guest'";
	struct world *w = new_world(TICKET_FOR_NOTHING);
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_connect(w, "s1");
	struct client *eve = world_connect(w, "s2");

	say(eve, JOIN_TICKET, "Bob", ticket(LATER, claims));
	expect_error(eve, "invalidTicket", ",'event':'joinSession'");
	say(eve, START_TICKET, "Bob", ticket(LATER, claims));
	expect_error(eve, "invalidTicket", ",'event':'startSession'");
	say(bob, JOIN_TICKET, "Ann", ticket(LATER, claims));
	expect_error(bob, "invalidTicket", ",'event':'joinSession'");
	say(bob, START_TICKET, "Bob", ticket(LATER, claims));
	expect_error(bob, "invalidTicket", ",'event':'startSession'");
	say(bob, JOIN_TICKET, "Bob", ticket(LATER, claims));
	expect(bob, JOINED, "<id>");
	expect_carts(bob, "Ann* {}, Bob {}");
	ck_assert_uint_eq(refused(w, TICKET_WRONG_SESSION), 2);
	ck_assert_uint_eq(refused(w, TICKET_WRONG_NAME), 1);
	ck_assert_uint_eq(refused(w, TICKET_WRONG_ROLE), 1);
	ignore(ann);
	world_free(w);
}
END_TEST

START_TEST(a_ticket_is_judged_before_the_session)
{
	struct world *w = new_world(TICKET_TO_TAKE_PART);
	struct client *ann = world_connect(w, "s1");
	struct client *bob = world_connect(w, "s1");

	/* Nobody learns from either error whether there is a session. */
	say(bob, JOIN, "Bob");
	expect_error(bob, "ticketRequired", ",'event':'joinSession'");
	say(bob, JOIN_TICKET, "Bob", NO_TICKET);
	expect_error(bob, "invalidTicket", ",'event':'joinSession'");
	say(bob, JOIN_TICKET, "Bob", ticket(LATER, ""));
	expect_error(bob, "sessionNotFound", ",'event':'joinSession'");
	say(ann, "{'event':'startSession','payload':{'customerName':'Ann',"
	    "'resumable':true,'ticket':'%s'}}", ticket(LATER, ""));
	expect(ann, STARTED_RESUMABLE, "<id>", "<token>");
	say(bob, START, "Bob");
	expect_error(bob, "ticketRequired", ",'event':'startSession'");
	say(bob, START_TICKET, "Bob", NO_TICKET);
	expect_error(bob, "invalidTicket", ",'event':'startSession'");
	say(bob, START_TICKET, "Bob", ticket(LATER, ""));
	expect_error(bob, "sessionExists", ",'event':'startSession'");
	world_free(w);
}
END_TEST

START_TEST(who_takes_part_is_told_so_before_the_ticket_is_judged)
{
	struct world *w = new_world(TICKET_FOR_NOTHING);
	struct client *ann = world_start(w, "s1", "Ann");

	say(ann, JOIN_TICKET, "Ann", NO_TICKET);
	expect_error(ann, "alreadyJoined", ",'event':'joinSession'");
	ck_assert_uint_eq(refused(w, TICKET_MALFORMED), 0);
	world_free(w);
}
END_TEST

START_TEST(a_repeated_request_needs_no_ticket)
{
	struct world *w = new_world(TICKET_TO_TAKE_PART);
	struct client *ann = world_connect(w, "s1");
	struct client *bob = world_connect(w, "s1");
	struct client *again = world_connect(w, "s1");

	say(ann, START_TICKET, "Ann", ticket(LATER, ""));
	say(bob, JOIN_REQUEST, "Bob", ticket(LATER, ""));
	expect(bob, JOINED, "<id>");
	hang_up(bob);
	say(again, JOIN_REQUEST, "Bob", NO_TICKET);
	expect(again, JOINED, bob->id);
	world_free(w);
}
END_TEST

START_TEST(an_attempt_is_charged_before_the_ticket_is_judged)
{
	struct world_config config;
	struct client *eve;
	struct world *w;

	world_defaults(&config);
	config.shop.ticket_keys = keys;
	config.shop.ticket_audience = "";
	config.joins_per_minute = 2;
	w = world_new_with(&config);
	eve = world_connect_from(w, "s1", 1);
	say(eve, JOIN_TICKET, "Eve", NO_TICKET);
	expect_error(eve, "invalidTicket", ",'event':'joinSession'");
	say(eve, JOIN_TICKET, "Eve", NO_TICKET);
	expect_error(eve, "invalidTicket", ",'event':'joinSession'");
	say(eve, JOIN_TICKET, "Eve", NO_TICKET);
	expect_error(eve, "rateLimited",
	    ",'event':'joinSession','retryAfter':30");
	ck_assert_uint_eq(refused(w, TICKET_MALFORMED), 2);
	world_free(w);
}
END_TEST

START_TEST(no_ticket_starts_a_session_beyond_the_rate)
{
	struct world_config config;
	struct client *eve, *ann;
	struct world *w;

	world_defaults(&config);
	config.shop.ticket_keys = keys;
	config.shop.ticket_audience = "";
	config.sessions_per_minute = 1;
	w = world_new_with(&config);
	/* Who is refused for the ticket has started nothing. */
	eve = world_connect_from(w, "s1", 1);
	say(eve, START_TICKET, "Eve", NO_TICKET);
	expect_error(eve, "invalidTicket", ",'event':'startSession'");
	say(eve, START_TICKET, "Eve", ticket(LATER, ""));
	expect(eve, STARTED, "<id>");
	ann = world_connect_from(w, "s2", 1);
	say(ann, START_TICKET, "Ann", ticket(LATER, ""));
	expect_error(ann, "rateLimited",
	    ",'event':'startSession','retryAfter':60");
	world_free(w);
}
END_TEST

START_TEST(resuming_needs_no_ticket_and_goes_on_when_it_is_over)
{
	struct world *w = new_world(TICKET_TO_TAKE_PART);
	struct client *ann = world_connect(w, "s1");
	struct client *again = world_connect(w, "s1");
	long long now_s = (long long)(world_now(w)->wall_ms / 1000);

	say(ann, "{'event':'startSession','payload':{'customerName':'Ann',"
	    "'resumable':true,'ticket':'%s'}}", ticket(now_s + 1, ""));
	expect(ann, STARTED_RESUMABLE, "<id>", "<token>");
	world_wait(w, 120000);
	say(again, RESUME, ann->id, ann->token);
	expect(again, RESUMED, ann->id, 0);
	world_free(w);
}
END_TEST

START_TEST(a_ticket_is_good_again_and_again_until_it_is_over)
{
	struct world *w = new_world(TICKET_TO_TAKE_PART);
	long long now_s = (long long)(world_now(w)->wall_ms / 1000);
	char text[512];
	struct client *eve;
	int i;

	(void)snprintf(text, sizeof(text), "%s", ticket(now_s + 10, ""));
	eve = world_connect(w, "s1");
	say(eve, START_TICKET, "Ann", text);
	expect(eve, STARTED, "<id>");
	for (i = 0; i < 3; i++) {
		eve = world_connect(w, "s1");
		say(eve, JOIN_TICKET, "Bob", text);
		expect(eve, JOINED, "<id>");
	}
	/* With its leeway. */
	world_wait(w, 70000 - world_now(w)->wall_ms % 1000 - 1);
	eve = world_connect(w, "s1");
	say(eve, JOIN_TICKET, "Cid", text);
	expect(eve, JOINED, "<id>");
	world_wait(w, 1);
	eve = world_connect(w, "s1");
	say(eve, JOIN_TICKET, "Dan", text);
	expect_error(eve, "invalidTicket", ",'event':'joinSession'");
	world_free(w);
}
END_TEST

START_TEST(keys_and_audience_change_while_it_runs)
{
	struct ticket_keys *fresh = ticket_keys_new();
	struct world *w = new_world(TICKET_TO_TAKE_PART);
	struct shop_settings *settings = &world_config(w)->shop;
	struct client *ann = world_connect(w, "s1");

	ck_assert_ptr_null(ticket_keys_add_pem(fresh, "hs",
	    ticket_maker_ed_pem, strlen(ticket_maker_ed_pem)));
	settings->ticket_keys = fresh;
	world_configure(w);
	say(ann, START_TICKET, "Ann", ticket(LATER, ""));
	expect_error(ann, "invalidTicket", ",'event':'startSession'");
	ck_assert_uint_eq(refused(w, TICKET_WRONG_ALGORITHM), 1);

	settings->ticket_keys = keys;
	settings->ticket_audience = "shop";
	world_configure(w);
	say(ann, START_TICKET, "Ann", ticket(LATER, ""));
	expect_error(ann, "invalidTicket", ",'event':'startSession'");
	say(ann, START_TICKET, "Ann", ticket(LATER, ",'aud':'shop'"));
	expect(ann, STARTED, "<id>");
	world_free(w);
	ticket_keys_free(fresh);
}
END_TEST

/* Its host has lost the net, and is asked for before its seat is taken. */
START_TEST(who_waits_for_a_seat_is_judged_again)
{
	struct world *w = new_world(TICKET_TO_START);
	struct shop_settings *settings = &world_config(w)->shop;
	struct client *ann = world_connect(w, "s1");
	struct client *bob = world_connect(w, "s1");
	struct ticket_keys *none = ticket_keys_new();

	say(ann, START_TICKET, "Ann", ticket(LATER, ""));
	say(bob, START_TICKET, "Bob", ticket(LATER, ""));
	expect_nothing(bob);
	settings->ticket_keys = none;
	world_configure(w);
	world_wait(w, 3000);
	expect_error(bob, "invalidTicket", ",'event':'startSession'");
	world_free(w);
	ticket_keys_free(none);
}
END_TEST

START_TEST(the_account_is_in_the_record_and_nowhere_else)
{
	struct world *w = new_world(TICKET_FOR_NOTHING);
	struct client *ann = world_connect(w, "s1");
	struct client *bob = world_connect(w, "s1");
	const struct record *record;

	say(ann, START_TICKET, "Ann", ticket(LATER, ",'sub':'4711'"));
	record = world_record(w, "s1");
	ck_assert(record->has_account);
	ck_assert_str_eq(record->account->data, "4711");
	expect(ann, STARTED, "<id>");
	expect_carts(ann, "Ann* {}");
	say(bob, JOIN_TICKET, "Bob", ticket(LATER, ""));
	record = world_record(w, "s1");
	ck_assert(!record->has_account);
	ck_assert_ptr_null(record->account);
	expect(bob, JOINED, "<id>");
	expect_carts(bob, "Ann* {}, Bob {}");
	world_free(w);
}
END_TEST

START_TEST(without_keys_no_account_is_believed)
{
	struct world *w = world_new();
	struct client *ann = world_connect(w, "s1");

	say(ann, START_TICKET, "Ann", ticket(LATER, ",'sub':'4711'"));
	ck_assert_ptr_null(world_record(w, "s1")->account);
	world_free(w);
}
END_TEST

START_TEST(a_request_is_judged_likewise)
{
	struct world *w = new_world(TICKET_TO_TAKE_PART);
	struct client *eve;

	eve = post(w, "s1", "", START, "Eve");
	expect_refusal(eve, "ticketRequired", ",'event':'startSession'");
	eve = post(w, "s1", "", START_TICKET, "Eve", NO_TICKET);
	expect_refusal(eve, "invalidTicket", ",'event':'startSession'");
	eve = post(w, "s1", "", START_TICKET, "Eve", ticket(LATER, ""));
	expect(eve, STARTED_RESUMABLE, "<id>", "<token>");
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_ticket_is_needed_where_it_is_required, 0, 3);
	tcase_add_test(tc, a_bad_ticket_is_refused_where_none_is_needed);
	tcase_add_test(tc, without_keys_a_ticket_is_ignored);
	tcase_add_test(tc, a_ticket_is_good_for_its_session_name_and_role);
	tcase_add_test(tc, a_ticket_is_judged_before_the_session);
	tcase_add_test(tc,
	    who_takes_part_is_told_so_before_the_ticket_is_judged);
	tcase_add_test(tc, a_repeated_request_needs_no_ticket);
	tcase_add_test(tc, an_attempt_is_charged_before_the_ticket_is_judged);
	tcase_add_test(tc, no_ticket_starts_a_session_beyond_the_rate);
	tcase_add_test(tc,
	    resuming_needs_no_ticket_and_goes_on_when_it_is_over);
	tcase_add_test(tc, a_ticket_is_good_again_and_again_until_it_is_over);
	tcase_add_test(tc, keys_and_audience_change_while_it_runs);
	tcase_add_test(tc, who_waits_for_a_seat_is_judged_again);
	tcase_add_test(tc, the_account_is_in_the_record_and_nowhere_else);
	tcase_add_test(tc, without_keys_no_account_is_believed);
	tcase_add_test(tc, a_request_is_judged_likewise);
}
