#include "suite.h"

#include <string.h>

#include "hub/hub.h"
#include "hub_script.h"
#include "session/session.h"

/* Tokens, request ids and message numbers: what makes repeating harmless. */

const char suite_name[] = "hub_proofs";

#define R1 "request-0123456789_abcdef"
#define R2 "request-0123456789_abcdeg"
#define START_REQUEST "{'event':'startSession','payload':{"		\
	"'customerName':'%s','requestId':'%s'}}"
#define JOIN_REQUEST "{'event':'joinSession','payload':{"		\
	"'customerName':'%s','requestId':'%s'}}"
#define JOIN_REQUEST_RESUMABLE "{'event':'joinSession','payload':{"	\
	"'customerName':'%s','requestId':'%s','resumable':true}}"
#define CART_DONE "{'event':'updateCart','payload':{'seq':%d}}"
#define CART_STALE "{'event':'updateCart','payload':{'seq':%d,'stale':true}}"
#define READY_DONE "{'event':'customerReadyToCheckout','payload':{'seq':%d}}"

START_TEST(a_token_is_given_on_request)
{
	struct world *w = world_new();
	struct client *ann = world_connect(w, "s1");
	struct client *bob = world_connect(w, "s1");

	say(ann, "{'event':'startSession','payload':{'customerName':'Ann',"
	    "'resumable':true}}");
	expect(ann, STARTED_RESUMABLE, "<id>", "<token>");
	expect_carts(ann, "Ann* {} @1.1");
	say(bob, "{'event':'joinSession','payload':{'customerName':'Bob',"
	    "'resumable':false}}");
	expect(bob, JOINED, "<id>");
	expect_carts(bob, "Ann* {}, Bob {}");
	expect_carts(ann, "Ann* {}, Bob {} @1.2");
	world_free(w);
}
END_TEST

START_TEST(a_cursor_stands_behind_the_seeds_bytes)
{
	struct world *w = world_new();
	struct client *ann = world_connect(w, "s1");

	say(ann, "{'event':'startSession','payload':{'customerName':'Ann',"
	    "'resumable':true}}");
	expect(ann, STARTED_RESUMABLE, "<id>", "<token>");
	expect(ann, "{'event':'multicartUpdate','payload':{"
	    "'multicartContent':[{'owner':{'id':'%s','name':'Ann',"
	    "'isHost':true,'isReadyToCheckout':false},'content':{}}]},"
	    "'cursor':'1.1'}", ann->id);
	world_free(w);
}
END_TEST

START_TEST(a_token_is_implied_by_other_transports)
{
	struct world *w = world_new();
	struct client *ann = world_connect_by(w, "s1", TRANSPORT_HTTP);
	struct client *bob = world_connect_by(w, "s1", TRANSPORT_FASTCGI);

	say(ann, START, "Ann");
	expect(ann, STARTED_RESUMABLE, "<id>", "<token>");
	expect_carts(ann, "Ann* {} @1.1");
	say(bob, JOIN, "Bob");
	expect(bob, JOINED_RESUMABLE, "<id>", "<token>");
	ck_assert_int_eq(world_record(w, "s1")->transport, TRANSPORT_FASTCGI);
	world_free(w);
}
END_TEST

START_TEST(a_new_connection_takes_its_seat_again)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *again = world_connect(w, "s1");
	size_t count;

	say(ann, CART, ann->id, "{'a':1}");
	hang_up(ann);
	count = world_stored(w, "s1")->count;
	say(again, RESUME, ann->id, ann->token);
	expect(again, RESUMED, ann->id, 0);
	expect_carts(again, "Ann* {'a':1} @1.2");
	expect_nothing(again);
	/* It was never away: nothing happened. */
	ck_assert_uint_eq(world_stored(w, "s1")->count, count);
	say(again, CART, ann->id, "{'a':2}");
	expect_carts(again, "Ann* {'a':2} @1.3");
	world_free(w);
}
END_TEST

START_TEST(a_resumed_connection_may_resume_once_more)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	int i;

	for (i = 0; i < 2; i++) {
		say(ann, RESUME, ann->id, ann->token);
		expect(ann, RESUMED, ann->id, 0);
		expect_carts(ann, "Ann* {} @1.1");
		expect_nothing(ann);
	}
	world_free(w);
}
END_TEST

START_TEST(resuming_tells_the_highest_number_applied)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *again;

	say(ann, CART_SEQ, ann->id, "{}", 4);
	say(ann, READY_SEQ, ann->id, "true", 9);
	say(ann, CART_SEQ, ann->id, "{}", 7);
	world_restart(w);
	again = world_connect(w, "s1");
	say(again, RESUME, ann->id, ann->token);
	expect(again, RESUMED, ann->id, 9);
	expect_carts(again, "Ann*! {} @1.4");
	world_free(w);
}
END_TEST

START_TEST(both_tabs_of_a_customer_are_shown_everything)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *tab = world_connect(w, "s1");

	say(tab, RESUME, ann->id, ann->token);
	world_ignore(w);
	say(tab, CART, ann->id, "{'a':1}");
	expect_carts(ann, "Ann* {'a':1} @1.2");
	expect_carts(tab, "Ann* {'a':1} @1.2");
	hang_up(ann);
	world_wait(w, 3600000);
	expect_nothing(tab);
	world_free(w);
}
END_TEST

START_TEST(a_wrong_token_learns_nothing)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");
	struct client *eve = world_connect(w, "s1");
	struct client *far = world_connect(w, "s2");
	char changed[sizeof(ann->token)];
	unsigned loads;

	memcpy(changed, ann->token, sizeof(changed));
	changed[20] = changed[20] == 'A' ? 'B' : 'A';
	say(eve, RESUME, ann->id, changed);
	expect_error(eve, "invalidToken", ",'event':'resumeSession'");
	say(eve, RESUME, ann->id, bob->token);
	expect_error(eve, "invalidToken", ",'event':'resumeSession'");
	say(eve, RESUME, "0123456789abcdef01234567", ann->token);
	expect_error(eve, "invalidToken", ",'event':'resumeSession'");
	say(bob, LEAVE, bob->id);
	say(eve, RESUME, bob->id, ann->token);
	expect_error(eve, "invalidToken", ",'event':'resumeSession'");
	loads = world_loads_done(w);
	say(far, RESUME, ann->id, ann->token);
	expect_error(far, "invalidToken", ",'event':'resumeSession'");
	ck_assert_uint_eq(world_loads_done(w), loads);
	world_free(w);
}
END_TEST

START_TEST(a_proven_customer_of_a_lost_session_is_told_so)
{
	struct world *w = world_new();
	struct world *empty = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *again = world_connect(empty, "s1");

	say(again, RESUME, ann->id, ann->token);
	expect_error(again, "sessionNotFound", ",'event':'resumeSession'");
	world_free(w);
	world_free(empty);
}
END_TEST

START_TEST(a_repeated_join_is_answered_as_before)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_connect(w, "s1");
	struct client *again = world_connect(w, "s1");
	size_t count;

	say(bob, JOIN_REQUEST_RESUMABLE, "Bob", R1);
	expect(bob, JOINED_RESUMABLE, "<id>", "<token>");
	say(bob, CART, bob->id, "{'b':1}");
	hang_up(bob);
	count = world_stored(w, "s1")->count;
	world_ignore(w);
	/* Another name and no wish for a token: the answer is the same. */
	say(again, JOIN_REQUEST, "Robert", R1);
	expect(again, JOINED_RESUMABLE, bob->id, bob->token);
	expect_carts(again, "Ann* {}, Bob {'b':1} @1.3");
	ck_assert_uint_eq(world_stored(w, "s1")->count, count);
	expect_nothing(ann);
	say(again, CART, bob->id, "{'b':2}");
	expect_carts(ann, "Ann* {}, Bob {'b':2}");
	world_free(w);
}
END_TEST

START_TEST(a_repeated_start_is_answered_as_before)
{
	struct world *w = world_new();
	struct client *ann = world_connect(w, "s1");
	struct client *again = world_connect(w, "s1");

	say(ann, START_REQUEST, "Ann", R1);
	expect(ann, STARTED, "<id>");
	say(again, START_REQUEST, "Ann", R1);
	expect(again, STARTED, ann->id);
	expect_carts(again, "Ann* {}");
	ck_assert_uint_eq(world_stored(w, "s1")->count, 1);
	ck_assert_uint_eq(ann->pings, 0);
	world_free(w);
}
END_TEST

START_TEST(a_message_whose_answer_was_lost_is_repeated)
{
	struct world *w = world_new();
	struct client *ann = world_connect(w, "s1");
	struct client *again = world_connect(w, "s1");

	world_hold(w);
	say(ann, START_REQUEST, "Ann", R1);
	hang_up(ann);
	say(again, START_REQUEST, "Ann", R1);
	expect_nothing(again);
	world_go_on(w);
	expect(again, STARTED, "<id>");
	expect_carts(again, "Ann* {}");
	expect_nothing(again);
	ck_assert_uint_eq(world_stored(w, "s1")->count, 1);
	world_free(w);
}
END_TEST

START_TEST(a_repeat_on_the_same_connection_is_answered_as_before)
{
	struct world *w = world_new();
	struct client *ann = world_connect(w, "s1");

	say(ann, START_REQUEST, "Ann", R1);
	expect(ann, STARTED, "<id>");
	expect_carts(ann, "Ann* {}");
	say(ann, START_REQUEST, "Ann", R1);
	expect(ann, STARTED, ann->id);
	expect_carts(ann, "Ann* {}");
	expect_nothing(ann);
	say(ann, START_REQUEST, "Ann", R2);
	expect_error(ann, "alreadyJoined", ",'event':'startSession'");
	world_free(w);
}
END_TEST

START_TEST(a_repeat_of_somebody_else_is_already_joined)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_connect(w, "s1");

	say(bob, JOIN_REQUEST, "Bob", R1);
	ignore(ann);
	say(ann, JOIN_REQUEST, "Bob", R1);
	expect_error(ann, "alreadyJoined", ",'event':'joinSession'");
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(a_request_id_belongs_to_one_event)
{
	struct world *w = world_new();
	struct client *ann = world_connect(w, "s1");
	struct client *bob = world_connect(w, "s1");
	struct client *eve = world_connect(w, "s1");

	say(ann, START_REQUEST, "Ann", R1);
	say(bob, JOIN_REQUEST, "Bob", R2);
	say(eve, JOIN_REQUEST, "Ann", R1);
	expect_error(eve, "invalidMessage", ",'event':'joinSession'");
	say(eve, START_REQUEST, "Bob", R2);
	expect_error(eve, "invalidMessage", ",'event':'startSession'");
	expect_nothing(eve);
	ck_assert_uint_eq(world_stored(w, "s1")->count, 2);
	world_free(w);
}
END_TEST

START_TEST(a_request_id_of_one_who_left_is_spent)
{
	struct world *w = world_new();
	struct client *bob = world_connect(w, "s1");

	(void)world_start(w, "s1", "Ann");
	say(bob, JOIN_REQUEST, "Bob", R1);
	expect(bob, JOINED, "<id>");
	say(bob, LEAVE, bob->id);
	ignore(bob);
	say(bob, JOIN_REQUEST, "Bob", R1);
	expect_error(bob, "leftSession", ",'event':'joinSession'");
	say(world_connect(w, "s2"), START_REQUEST, "Bob", R1);
	ck_assert_ptr_nonnull(world_stored(w, "s2"));
	world_free(w);
}
END_TEST

/* Each of these would be refused were it not a repetition. */
START_TEST(a_request_id_is_looked_up_before_any_other_check)
{
	struct world_config config;
	struct world *w;
	struct client *ann, *again, *bob;

	world_defaults(&config);
	config.hub.limits.max_customers = 2;
	config.sessions_per_minute = 1;
	w = world_new_with(&config);
	ann = world_connect_from(w, "s1", 1);
	bob = world_connect(w, "s1");
	say(ann, START_REQUEST, "Ann", R1);
	expect(ann, STARTED, "<id>");
	say(bob, JOIN_REQUEST, "Bob", R2);
	expect(bob, JOINED, "<id>");
	again = world_connect_from(w, "s1", 1);
	say(again, START_REQUEST, "Ann", R1);
	expect(again, STARTED, ann->id);
	again = world_connect(w, "s1");
	say(again, JOIN_REQUEST, "Bob", R2);
	expect(again, JOINED, bob->id);
	world_config(w)->hub.require_tokens = true;
	world_restart(w);
	again = world_connect(w, "s1");
	say(again, JOIN_REQUEST, "Bob", R2);
	expect(again, JOINED, bob->id);
	world_free(w);
}
END_TEST

START_TEST(a_repeated_join_brings_an_expired_customer_back)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_connect(w, "s1");
	struct client *again = world_connect(w, "s1");

	say(bob, JOIN_REQUEST_RESUMABLE, "Bob", R1);
	expect(bob, JOINED_RESUMABLE, "<id>", "<token>");
	say(bob, CART, bob->id, "{'b':1}");
	hang_up(bob);
	world_wait(w, 60000);
	world_ignore(w);
	say(again, JOIN_REQUEST_RESUMABLE, "Bob", R1);
	expect(again, JOINED_RESUMABLE, bob->id, bob->token);
	expect_carts(again, "Ann* {}, Bob {'b':1} @1.5");
	expect_carts(ann, "Ann* {}, Bob {'b':1}");
	world_free(w);
}
END_TEST

START_TEST(request_ids_are_stored_as_proofs_only)
{
	struct world *w = world_new();
	const struct record *record;
	uint8_t proof[ID_PROOF_BYTES];

	say(world_connect(w, "s1"), START_REQUEST, "Ann", R1);
	record = world_record(w, "s1");
	ck_assert(record->has_request);
	id_request_digest(&world_config(w)->key, "s1", R1, proof);
	ck_assert_mem_eq(record->request, proof, sizeof(proof));
	say(world_connect(w, "s1"), JOIN, "Bob");
	ck_assert(!world_record(w, "s1")->has_request);
	world_free(w);
}
END_TEST

START_TEST(a_request_id_survives_a_restart)
{
	struct world *w = world_new();
	struct client *ann = world_connect(w, "s1");
	struct client *again;

	say(ann, START_REQUEST, "Ann", R1);
	expect(ann, STARTED, "<id>");
	world_crash(w);
	again = world_connect(w, "s1");
	say(again, START_REQUEST, "Ann", R1);
	expect(again, STARTED, ann->id);
	expect_carts(again, "Ann* {}");
	world_free(w);
}
END_TEST

START_TEST(a_numbered_message_is_answered)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");

	say(ann, CART_SEQ, ann->id, "{'a':1}", 1);
	expect(ann, CART_DONE, 1);
	expect_carts(ann, "Ann* {'a':1}");
	say(ann, READY_SEQ, ann->id, "true", 1);
	expect(ann, READY_DONE, 1);
	expect_carts(ann, "Ann*! {'a':1}");
	say(ann, "{'event':'updateCart','payload':{'customerId':'%s',"
	    "'cartContent':{},'seq':9007199254740991}}", ann->id);
	expect(ann, "{'event':'updateCart','payload':"
	    "{'seq':9007199254740991}}");
	expect_carts(ann, "Ann*! {}");
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(a_number_not_higher_than_the_last_is_stale)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	size_t count;
	int seq;

	say(ann, CART_SEQ, ann->id, "{'a':1}", 5);
	count = world_stored(w, "s1")->count;
	world_ignore(w);
	for (seq = 4; seq <= 5; seq++) {
		say(ann, CART_SEQ, ann->id, "{'old':1}", seq);
		expect(ann, CART_STALE, seq);
		expect_nothing(ann);
	}
	ck_assert_uint_eq(world_stored(w, "s1")->count, count);
	expect_nothing(bob);
	/* Each event counts for itself. */
	say(ann, READY_SEQ, ann->id, "true", 1);
	expect(ann, READY_DONE, 1);
	expect_carts(bob, "Ann*! {'a':1}, Bob {}");
	world_free(w);
}
END_TEST

START_TEST(a_stale_number_is_answered_when_the_last_is_durable)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *again = world_connect(w, "s1");

	say(again, RESUME, ann->id, ann->token);
	world_ignore(w);
	world_hold(w);
	say(ann, CART_SEQ, ann->id, "{'a':1}", 5);
	hang_up(ann);
	say(again, CART_SEQ, ann->id, "{'a':1}", 5);
	expect_nothing(again);
	world_go_on(w);
	expect_carts(again, "Ann* {'a':1} @1.2");
	expect(again, CART_STALE, 5);
	expect_nothing(again);
	world_free(w);
}
END_TEST

START_TEST(a_stale_number_is_refused_with_what_it_repeats)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");

	world_hold(w);
	say(ann, CART_SEQ, ann->id, "{'a':1}", 5);
	say(ann, CART_SEQ, ann->id, "{'a':1}", 5);
	world_refuse(w, 1);
	world_go_on(w);
	expect_error(ann, "storageUnavailable",
	    ",'event':'updateCart','seq':5,'retryAfter':5");
	expect_error(ann, "storageUnavailable",
	    ",'event':'updateCart','seq':5,'retryAfter':5");
	ignore(ann);
	say(ann, CART_SEQ, ann->id, "{'a':1}", 5);
	expect(ann, CART_DONE, 5);
	world_free(w);
}
END_TEST

START_TEST(numbers_of_other_connections_are_ignored)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *eve = world_connect(w, "s1");

	say(ann, CART_SEQ, ann->id, "{'a':1}", 5);
	ignore(ann);
	say(eve, CART_SEQ, ann->id, "{'a':2}", 3);
	expect_nothing(eve);
	expect_carts(ann, "Ann* {'a':2}");
	say(eve, CART_SEQ, ann->id, "{'a':3}", 99);
	expect_nothing(eve);
	ignore(ann);
	say(ann, CART_SEQ, ann->id, "{'a':4}", 6);
	expect(ann, CART_DONE, 6);
	world_free(w);
}
END_TEST

START_TEST(numbers_survive_a_restart)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *again;

	say(ann, CART_SEQ, ann->id, "{'a':1}", 5);
	world_crash(w);
	again = world_connect(w, "s1");
	say(again, RESUME, ann->id, ann->token);
	ignore(again);
	say(again, CART_SEQ, ann->id, "{'a':1}", 5);
	expect(again, CART_STALE, 5);
	say(again, CART_SEQ, ann->id, "{'a':2}", 6);
	expect(again, CART_DONE, 6);
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, a_token_is_given_on_request);
	tcase_add_test(tc, a_cursor_stands_behind_the_seeds_bytes);
	tcase_add_test(tc, a_token_is_implied_by_other_transports);
	tcase_add_test(tc, a_new_connection_takes_its_seat_again);
	tcase_add_test(tc, a_resumed_connection_may_resume_once_more);
	tcase_add_test(tc, resuming_tells_the_highest_number_applied);
	tcase_add_test(tc, both_tabs_of_a_customer_are_shown_everything);
	tcase_add_test(tc, a_wrong_token_learns_nothing);
	tcase_add_test(tc, a_proven_customer_of_a_lost_session_is_told_so);
	tcase_add_test(tc, a_repeated_join_is_answered_as_before);
	tcase_add_test(tc, a_repeated_start_is_answered_as_before);
	tcase_add_test(tc, a_message_whose_answer_was_lost_is_repeated);
	tcase_add_test(tc,
	    a_repeat_on_the_same_connection_is_answered_as_before);
	tcase_add_test(tc, a_repeat_of_somebody_else_is_already_joined);
	tcase_add_test(tc, a_request_id_belongs_to_one_event);
	tcase_add_test(tc, a_request_id_of_one_who_left_is_spent);
	tcase_add_test(tc, a_request_id_is_looked_up_before_any_other_check);
	tcase_add_test(tc, a_repeated_join_brings_an_expired_customer_back);
	tcase_add_test(tc, request_ids_are_stored_as_proofs_only);
	tcase_add_test(tc, a_request_id_survives_a_restart);
	tcase_add_test(tc, a_numbered_message_is_answered);
	tcase_add_test(tc, a_number_not_higher_than_the_last_is_stale);
	tcase_add_test(tc,
	    a_stale_number_is_answered_when_the_last_is_durable);
	tcase_add_test(tc, a_stale_number_is_refused_with_what_it_repeats);
	tcase_add_test(tc, numbers_of_other_connections_are_ignored);
	tcase_add_test(tc, numbers_survive_a_restart);
}
