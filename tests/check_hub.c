#include "suite.h"

#include <string.h>

#include "hub/hub.h"
#include "hub_script.h"
#include "session/session.h"

/* What messages do and how they are answered: the protocol's section 1. */

const char suite_name[] = "hub";

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

START_TEST(the_seed_gets_its_bytes)
{
	struct world *w = world_new();
	struct client *ann = world_connect(w, "s1");
	struct client *bob = world_connect(w, "s1");

	say(ann, "{\"event\":\"startSession\",\"payload\":"
	    "{\"customerName\":\"Ann\"}}");
	expect(ann, "{\"event\":\"startSession\",\"payload\":"
	    "{\"customerId\":\"<id>\"}}");
	expect(ann, "{\"event\":\"multicartUpdate\",\"payload\":"
	    "{\"multicartContent\":[{\"owner\":{\"id\":\"%s\","
	    "\"name\":\"Ann\",\"isHost\":true,\"isReadyToCheckout\":false},"
	    "\"content\":{}}]}}", ann->id);
	expect_nothing(ann);

	say(bob, "{\"event\":\"joinSession\",\"payload\":"
	    "{\"customerName\":\"Bob\"}}");
	expect(bob, "{\"event\":\"joinSession\",\"payload\":"
	    "{\"customerId\":\"<id>\"}}");
	ignore(bob);
	ignore(ann);
	say(bob, "{\"event\":\"updateCart\",\"payload\":{\"customerId\":\"%s\","
	    "\"cartContent\":{\"items\":[1]}}}", bob->id);
	expect(ann, "{\"event\":\"multicartUpdate\",\"payload\":"
	    "{\"multicartContent\":[{\"owner\":{\"id\":\"%s\","
	    "\"name\":\"Ann\",\"isHost\":true,\"isReadyToCheckout\":false},"
	    "\"content\":{}},{\"owner\":{\"id\":\"%s\",\"name\":\"Bob\","
	    "\"isHost\":false,\"isReadyToCheckout\":false},"
	    "\"content\":{\"items\":[1]}}]}}", ann->id, bob->id);
	world_free(w);
}
END_TEST

START_TEST(readiness_is_shown_and_withdrawn)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");

	ignore(ann);
	say(bob, READY, bob->id, "true");
	expect_carts(ann, "Ann* {}, Bob! {}");
	expect_carts(bob, "Ann* {}, Bob! {}");
	say(bob, READY, bob->id, "false");
	expect_carts(ann, "Ann* {}, Bob {}");
	expect_carts(bob, "Ann* {}, Bob {}");
	expect_nothing(ann);
	expect_nothing(bob);
	world_free(w);
}
END_TEST

START_TEST(a_change_reaches_every_member)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *eve = world_join(w, "s1", "Eve");

	world_ignore(w);
	say(eve, CART, eve->id, "{'a':1}");
	expect_carts(ann, "Ann* {}, Bob {}, Eve {'a':1}");
	expect_carts(bob, "Ann* {}, Bob {}, Eve {'a':1}");
	expect_carts(eve, "Ann* {}, Bob {}, Eve {'a':1}");
	world_free(w);
}
END_TEST

START_TEST(an_unchanging_message_is_broadcast_too)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	int i;

	for (i = 0; i < 2; i++) {
		world_ignore(w);
		say(bob, CART, bob->id, "{'a':1}");
		expect_carts(ann, "Ann* {}, Bob {'a':1}");
	}
	for (i = 0; i < 2; i++) {
		world_ignore(w);
		say(bob, READY, bob->id, "true");
		expect_carts(ann, "Ann* {}, Bob! {'a':1}");
		expect_carts(bob, "Ann* {}, Bob! {'a':1}");
	}
	world_free(w);
}
END_TEST

START_TEST(joining_shows_carts_and_readiness_of_the_others)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_connect(w, "s1");

	say(ann, CART, ann->id, "{'a':1}");
	say(ann, READY, ann->id, "true");
	ignore(ann);
	say(bob, JOIN, "Bob");
	expect(bob, JOINED, "<id>");
	expect_carts(bob, "Ann*! {'a':1}, Bob {}");
	expect_carts(ann, "Ann*! {'a':1}, Bob {}");
	expect_nothing(ann);
	expect_nothing(bob);
	world_free(w);
}
END_TEST

START_TEST(members_stand_in_joining_order)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");
	struct client *eve = world_join(w, "s1", "Eve");

	hang_up(bob);
	world_wait(w, 60000);
	world_ignore(w);
	say(eve, CART, eve->id, "{}");
	expect_carts(ann, "Ann* {}, Eve {}");
	say(world_connect(w, "s1"), RESUME, bob->id, bob->token);
	expect_carts(ann, "Ann* {}, Bob {}, Eve {}");
	world_free(w);
}
END_TEST

/* Numbers, escapes, repeated and unsorted keys: nothing is anybody's but the
 * client's. */
START_TEST(a_cart_comes_back_byte_for_byte)
{
	static const char cart[] = "{'z':12345678901234567890123,'a':1.0e+0,"
	    "'a':-0,'\\u0041':'\\u0000\\ud800\\/\\b\\\"','':[[],{},null,true]}";
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");

	say(ann, CART, ann->id, cart);
	expect(ann, "{'event':'multicartUpdate','payload':{"
	    "'multicartContent':[{'owner':{'id':'%s','name':'Ann',"
	    "'isHost':true,'isReadyToCheckout':false},'content':%s}]}}",
	    ann->id, cart);
	world_restart(w);
	ann = world_join(w, "s1", "Bob");
	say(ann, CART, ann->id, "{}");
	expect_carts(ann, "Ann* %s, Bob {}", cart);
	world_free(w);
}
END_TEST

START_TEST(white_space_between_tokens_is_taken_out_of_a_cart)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");

	say(ann, CART, ann->id, " { 'a b' :\t[ 1 ,\n2 ] , 'c' : ' d ' }\r\n");
	expect_carts(ann, "Ann* {'a b':[1,2],'c':' d '}");
	world_free(w);
}
END_TEST

START_TEST(unknown_fields_are_ignored)
{
	struct world *w = world_new();
	struct client *ann = world_connect(w, "s1");

	say(ann, "{'id':[1],'payload':{'customerName':'Ann','seq':'x',"
	    "'isHost':false},'event':'startSession','cursor':null}");
	expect(ann, STARTED, "<id>");
	expect_carts(ann, "Ann* {}");
	world_free(w);
}
END_TEST

START_TEST(nothing_unasked_for_comes_before_a_connection_speaks)
{
	struct world *w = world_new();
	struct client *lurker = world_connect(w, "s1");
	struct client *ann = world_start(w, "s1", "Ann");

	say(ann, CART, ann->id, "{'a':1}");
	(void)world_join(w, "s1", "Bob");
	say(lurker, CART, ann->id, "{'a':2}");

	expect_nothing(lurker);
	expect_carts(ann, "Ann* {'a':1}");
	expect_carts(ann, "Ann* {'a':1}, Bob {}");
	expect_carts(ann, "Ann* {'a':2}, Bob {}");
	world_free(w);
}
END_TEST

START_TEST(sessions_know_nothing_of_one_another)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_start(w, "S1", "Bob");

	say(ann, CART, ann->id, "{'a':1}");
	expect_nothing(bob);
	say(bob, CART, ann->id, "{'a':2}");
	expect_error(bob, "unknownCustomer", ",'event':'updateCart'");
	expect_carts(ann, "Ann* {'a':1}");
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(changes_that_become_durable_together_are_shown_once)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");

	world_ignore(w);
	tell(ann, CART, ann->id, "{'a':1}");
	tell(bob, CART, bob->id, "{'b':1}");
	tell(ann, READY, ann->id, "true");
	tell(ann, CART, ann->id, "{'a':2}");
	world_run(w);
	expect_carts(ann, "Ann*! {'a':2}, Bob {'b':1}");
	expect_carts(bob, "Ann*! {'a':2}, Bob {'b':1}");
	expect_nothing(ann);
	expect_nothing(bob);
	world_free(w);
}
END_TEST

START_TEST(a_slow_reader_gets_all_replies_and_the_newest_multicart)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	int i;

	world_ignore(w);
	bob->is_slow = true;
	for (i = 1; i <= 20; i++) {
		say(ann, CART, ann->id, i % 2 == 0 ? "{'even':1}" : "{}");
		say(bob, CART_SEQ, bob->id, "{}", i);
	}
	say(ann, CART, ann->id, "{'last':1}");

	catch_up(bob);
	for (i = 1; i <= 20; i++)
		expect(bob, "{'event':'updateCart','payload':{'seq':%d}}", i);
	expect_carts(bob, "Ann* {'last':1}, Bob {}");
	expect_nothing(bob);
	world_free(w);
}
END_TEST

START_TEST(everything_that_is_shown_is_a_record)
{
	static const enum record_event expected[] = {
		RECORD_START, RECORD_JOIN, RECORD_CART, RECORD_READY,
		RECORD_EXPIRE, RECORD_RETURN, RECORD_LEAVE, RECORD_START,
		RECORD_END,
	};
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");
	struct client *again = world_connect(w, "s1");
	const struct stored *stored = world_stored(w, "s1");
	size_t i;

	say(ann, CART, ann->id, "{'a':1}");
	say(bob, READY, bob->id, "true");
	hang_up(bob);
	world_wait(w, 60000);
	say(again, RESUME, bob->id, bob->token);
	say(again, LEAVE, bob->id);
	hang_up(ann);
	say(again, START, "Eve");
	hang_up(again);
	world_wait(w, 2 * UINT64_C(86400000));

	ck_assert_uint_eq(stored->count, COUNT(expected));
	for (i = 0; i < COUNT(expected); i++) {
		ck_assert_int_eq(stored->records[i].event, expected[i]);
		ck_assert_uint_eq(stored->records[i].revision, i + 1);
	}
	ck_assert(stored->records[7].has_displaced);
	world_free(w);
}
END_TEST

START_TEST(records_say_when_and_from_where)
{
	struct world *w = world_new();
	struct client *ann = world_connect_from(w, "s1", 9);
	const struct record *record;

	world_wait(w, 1234);
	say(ann, START, "Ann");
	record = world_record(w, "s1");
	ck_assert_int_eq(record->transport, TRANSPORT_WEBSOCKET);
	ck_assert_uint_eq(record->time_ms, world_now(w)->wall_ms);
	ck_assert_str_eq(record->address, "2001:db8::9");
	hang_up(ann);
	world_wait(w, 2 * UINT64_C(86400000));
	record = world_record(w, "s1");
	ck_assert_int_eq(record->event, RECORD_END);
	ck_assert_int_eq(record->transport, TRANSPORT_NONE);
	ck_assert_str_eq(record->address, "");
	world_free(w);
}
END_TEST

/* What each message is answered by a connection that speaks for nobody. */
static const struct {
	const char *text;
	const char *code;
	const char *rest;
} refused[] = {
	{ "", "invalidJson", "" },
	{ "{", "invalidJson", "" },
	{ "{'event':'startSession','payload':{}} x", "invalidJson", "" },
	{ "{'event':'startSession','event':'joinSession','payload':{}}",
	    "invalidJson", "" },
	{ "{'\\u0065vent':'startSession','payload':{}}", "invalidJson", "" },
	{ "[]", "invalidMessage", "" },
	{ "1", "invalidMessage", "" },
	{ "{}", "invalidMessage", "" },
	{ "{'event':7,'payload':{}}", "invalidMessage", "" },
	{ "{'event':'frobnicate','payload':{}}", "unknownEvent", "" },
	{ "{'event':'startsession','payload':{}}", "unknownEvent", "" },
	{ "{'event':'multicartUpdate','payload':{}}", "unknownEvent", "" },
	{ "{'event':'poll','payload':{}}", "unknownEvent", ",'event':'poll'" },
	{ "{'event':'startSession'}", "invalidMessage",
	    ",'event':'startSession'" },
	{ "{'event':'startSession','payload':[]}", "invalidMessage",
	    ",'event':'startSession'" },
	{ "{'event':'startSession','payload':{}}", "invalidMessage",
	    ",'event':'startSession'" },
	{ "{'event':'joinSession','payload':{'customerName':''}}",
	    "invalidMessage", ",'event':'joinSession'" },
	{ "{'event':'joinSession','payload':{'customerName':'\\u0000'}}",
	    "invalidMessage", ",'event':'joinSession'" },
	{ "{'event':'joinSession','payload':{'customerName':'A',"
	    "'resumable':1}}", "invalidMessage", ",'event':'joinSession'" },
	{ "{'event':'joinSession','payload':{'customerName':'A',"
	    "'requestId':'short'}}", "invalidMessage",
	    ",'event':'joinSession'" },
	{ "{'event':'updateCart','payload':{'seq':7,'customerId':"
	    "'0123456789abcdef01234567','cartContent':[]}}", "invalidMessage",
	    ",'event':'updateCart','seq':7" },
	{ "{'event':'updateCart','payload':{'customerId':'x',"
	    "'cartContent':{}}}", "invalidMessage", ",'event':'updateCart'" },
	{ "{'event':'customerReadyToCheckout','payload':{'customerId':"
	    "'0123456789abcdef01234567','customerReadyToCheckout':1}}",
	    "invalidMessage", ",'event':'customerReadyToCheckout'" },
	{ "{'event':'leaveSession','payload':{}}", "invalidMessage",
	    ",'event':'leaveSession'" },
	{ "{'event':'resumeSession','payload':{'customerId':"
	    "'0123456789abcdef01234567'}}", "invalidMessage",
	    ",'event':'resumeSession'" },
	{ "{'event':'resumeSession','payload':{'customerId':"
	    "'0123456789abcdef01234567','token':'x'}}", "invalidToken",
	    ",'event':'resumeSession'" },
	{ "{'event':'joinSession','payload':{'customerName':'A'}}",
	    "sessionNotFound", ",'event':'joinSession'" },
	{ "{'event':'updateCart','payload':{'customerId':"
	    "'0123456789abcdef01234567','cartContent':{},'seq':9}}",
	    "sessionNotFound", ",'event':'updateCart','seq':9" },
	{ "{'event':'customerReadyToCheckout','payload':{'customerId':"
	    "'0123456789abcdef01234567','customerReadyToCheckout':true}}",
	    "sessionNotFound", ",'event':'customerReadyToCheckout'" },
	{ "{'event':'leaveSession','payload':{'customerId':"
	    "'0123456789abcdef01234567'}}", "sessionNotFound",
	    ",'event':'leaveSession'" },
};

START_TEST(what_is_wrong_is_refused_and_the_connection_goes_on)
{
	struct world *w = world_new();
	struct client *ann = world_connect(w, "s1");
	size_t i;

	for (i = 0; i < COUNT(refused); i++) {
		say(ann, "%s", refused[i].text);
		expect_error(ann, refused[i].code, "%s", refused[i].rest);
		expect_nothing(ann);
	}
	ck_assert_ptr_null(world_stored(w, "s1"));
	say(ann, START, "Ann");
	expect(ann, STARTED, "<id>");
	ck_assert(!ann->was_closed);
	world_free(w);
}
END_TEST

START_TEST(an_error_goes_to_its_sender_only)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");

	world_ignore(w);
	say(bob, "{'event':'updateCart'}");
	expect_error(bob, "invalidMessage", ",'event':'updateCart'");
	expect_nothing(bob);
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(an_error_does_not_overtake_the_answers_before_it)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");

	tell(ann, CART_SEQ, ann->id, "{}", 1);
	tell(ann, "nonsense");
	tell(ann, CART_SEQ, ann->id, "{}", 2);
	world_run(w);
	expect(ann, "{'event':'updateCart','payload':{'seq':1}}");
	expect_error(ann, "invalidJson", "%s", "");
	expect(ann, "{'event':'updateCart','payload':{'seq':2}}");
	expect_carts(ann, "Ann* {}");
	world_free(w);
}
END_TEST

START_TEST(an_unknown_customer_of_a_running_session_is_refused)
{
	static const char nobody[] = "0123456789abcdef01234567";
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");

	say(ann, CART, nobody, "{}");
	expect_error(ann, "unknownCustomer", ",'event':'updateCart'");
	say(ann, READY, nobody, "true");
	expect_error(ann, "unknownCustomer",
	    ",'event':'customerReadyToCheckout'");
	say(ann, LEAVE, nobody);
	expect_error(ann, "unknownCustomer", ",'event':'leaveSession'");
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(messages_come_at_a_limited_rate)
{
	struct world_config config;
	struct world *w;
	struct client *ann, *bob;
	int i;

	world_defaults(&config);
	config.hub.message_rate = 2;
	config.hub.message_burst = 3;
	w = world_new_with(&config);
	ann = world_start(w, "s1", "Ann");
	bob = world_join(w, "s1", "Bob");
	world_ignore(w);
	for (i = 1; i <= 2; i++) {
		say(ann, READY, bob->id, "true");
		expect_carts(ann, "Ann* {}, Bob! {}");
	}
	ck_assert(!hub_peer_is_ready(world_hub(w), &ann->peer));
	/* Who is named is not charged. */
	say(bob, READY, bob->id, "true");
	expect_carts(ann, "Ann* {}, Bob! {}");
	world_wait(w, 499);
	ck_assert(!hub_peer_is_ready(world_hub(w), &ann->peer));
	world_wait(w, 1);
	say(ann, READY, ann->id, "true");
	expect_carts(ann, "Ann*! {}, Bob! {}");
	ck_assert(!hub_peer_is_ready(world_hub(w), &ann->peer));
	/* Who goes is not waited for. */
	hang_up(ann);
	world_wait(w, 500);
	world_free(w);
}
END_TEST

/* A message of 40 000 bytes counts three times. */
START_TEST(large_messages_and_pings_count_as_several)
{
	struct world_config config;
	struct world *w;
	struct client *ann;
	int i;

	world_defaults(&config);
	config.hub.message_rate = 10;
	config.hub.message_burst = 6;
	w = world_new_with(&config);
	ann = world_start(w, "s1", "Ann");
	say(ann, CART, ann->id, "{}");
	say(ann, "{'event':'updateCart','payload':{'customerId':'%s',"
	    "'cartContent':{'a':%039900d}}}", ann->id, 1);
	ck_assert(hub_peer_is_ready(world_hub(w), &ann->peer));
	hub_charge_frames(world_hub(w), &ann->peer, 1, world_now(w));
	ck_assert(!hub_peer_is_ready(world_hub(w), &ann->peer));
	world_wait(w, 100);
	/* What is more than there is has to be made up for. */
	say(ann, "{'event':'updateCart','payload':{'customerId':'%s',"
	    "'cartContent':{'a':%039900d}}}", ann->id, 1);
	for (i = 0; i < 3; i++) {
		ck_assert(!hub_peer_is_ready(world_hub(w), &ann->peer));
		world_wait(w, 100);
	}
	ck_assert(hub_peer_is_ready(world_hub(w), &ann->peer));
	hub_receive_pong(world_hub(w), &ann->peer, world_now(w));
	ck_assert(!hub_peer_is_ready(world_hub(w), &ann->peer));
	/* What comes all the same waits no longer. */
	hub_receive_pong(world_hub(w), &ann->peer, world_now(w));
	world_wait(w, 200);
	ck_assert(hub_peer_is_ready(world_hub(w), &ann->peer));
	hub_charge_frames(world_hub(w), &ann->peer, 3, world_now(w));
	world_wait(w, 200);
	ck_assert(!hub_peer_is_ready(world_hub(w), &ann->peer));
	world_wait(w, 100);
	ck_assert(hub_peer_is_ready(world_hub(w), &ann->peer));
	world_free(w);
}
END_TEST

START_TEST(sessions_are_started_at_a_limited_rate_by_an_address)
{
	struct world_config config;
	struct world *w;
	struct client *ann;

	world_defaults(&config);
	config.sessions_per_minute = 2;
	w = world_new_with(&config);
	say(world_connect_from(w, "s1", 1), START, "Ann");
	say(world_connect_from(w, "s2", 1), START, "Ann");
	ann = world_connect_from(w, "s3", 1);
	say(ann, START, "Ann");
	expect_error(ann, "rateLimited",
	    ",'event':'startSession','retryAfter':30");
	ck_assert_ptr_null(world_stored(w, "s3"));
	/* Others, and joining, are not concerned. */
	say(world_connect_from(w, "s4", 2), START, "Bob");
	say(world_connect(w, "s5"), START, "Eve");
	say(world_connect_from(w, "s1", 1), JOIN, "Ann");
	ck_assert_uint_eq(world_stored(w, "s1")->count, 2);
	ck_assert_ptr_nonnull(world_stored(w, "s4"));
	ck_assert_ptr_nonnull(world_stored(w, "s5"));
	world_wait(w, 30000);
	say(ann, START, "Ann");
	expect(ann, STARTED, "<id>");
	world_free(w);
}
END_TEST

static struct world *
world_of_joins(unsigned per_minute)
{
	struct world_config config;

	world_defaults(&config);
	config.joins_per_minute = per_minute;
	return world_new_with(&config);
}

START_TEST(so_many_join_from_an_address_in_a_minute)
{
	struct world *w = world_of_joins(3);
	struct client *ann = world_connect_from(w, "s1", 1);
	struct client *bob;

	say(ann, START, "Ann");
	expect(ann, STARTED, "<id>");
	say(world_connect_from(w, "s1", 1), JOIN, "Bob");
	/* In vain counts too; what a customer says does not. */
	bob = world_connect_from(w, "s2", 1);
	say(bob, JOIN, "Bob");
	expect_error(bob, "sessionNotFound", ",'event':'joinSession'");
	say(ann, JOIN, "Ann");
	say(ann, LEAVE, ann->id);
	hang_up(bob);
	bob = world_connect_from(w, "s1", 1);
	say(bob, JOIN, "Bob");
	expect_error(bob, "rateLimited",
	    ",'event':'joinSession','retryAfter':20");
	say(bob, START, "Bob");
	expect_error(bob, "rateLimited",
	    ",'event':'startSession','retryAfter':20");
	/* Others, and who has no address, are not concerned. */
	(void)world_join(w, "s1", "Cid");
	ck_assert_uint_eq(world_stored(w, "s1")->count, 4);
	say(world_connect_from(w, "s1", 2), JOIN, "Eve");
	ck_assert_uint_eq(world_stored(w, "s1")->count, 5);
	world_wait(w, 20000);
	say(bob, JOIN, "Bob");
	expect(bob, JOINED, "<id>");
	world_free(w);
}
END_TEST

/* A request from address 1. */
static struct client *
request_from_1(struct world *world, const char *token)
{
	struct client *client = world_request(world, "s1", token);

	client_come_from(client, 1);
	return client;
}

/* Nor is a session read for who names somebody, again and again. */
START_TEST(sessions_are_not_read_for_who_has_proved_nothing)
{
	struct world *w = world_of_joins(4);
	struct client *client;
	unsigned before = world_loads_done(w), i;

	client = world_connect_from(w, "s1", 1);
	for (i = 0; i < 4; i++) {
		say(client, READY, "0123456789abcdef01234567", "true");
		expect_error(client, "sessionNotFound",
		    ",'event':'customerReadyToCheckout'");
	}
	ck_assert_uint_eq(world_loads_done(w), before + 4);
	say(client, READY, "0123456789abcdef01234567", "true");
	expect_error(client, "rateLimited",
	    ",'event':'customerReadyToCheckout','retryAfter':15");
	ck_assert_uint_eq(world_loads_done(w), before + 4);
	world_free(w);
}
END_TEST

START_TEST(what_proves_no_customer_counts_as_a_join)
{
	static const char *const tokens[] = { "", "-" };
	struct world *w = world_of_joins(4);
	struct client *ann = world_start_by_request(w, "s1", "Ann"), *client;
	unsigned i;

	for (i = 0; i < 2; i++) {
		client = request_from_1(w, tokens[i]);
		say(client, LEAVE, ann->id);
		expect_refusal(client, "invalidToken",
		    ",'event':'leaveSession'");
	}
	client = request_from_1(w, ann->token);
	say(client, "{");
	expect_refusal(client, "invalidJson", "%s", "");
	client = world_connect_from(w, "s1", 1);
	say(client, RESUME, ann->id, "nonsense");
	expect_error(client, "invalidToken", ",'event':'resumeSession'");

	say(client, RESUME, ann->id, "nonsense");
	expect_error(client, "rateLimited",
	    ",'event':'resumeSession','retryAfter':15");
	client = request_from_1(w, "");
	say(client, LEAVE, ann->id);
	expect_refusal(client, "rateLimited",
	    ",'event':'leaveSession','retryAfter':15");
	client = request_from_1(w, "");
	say(client, "{");
	expect_refusal(client, "rateLimited", ",'retryAfter':15");
	/* Who proves a customer does not count. */
	for (i = 0; i < 10; i++) {
		client = request_from_1(w, ann->token);
		say(client, READY, ann->id, "true");
		expect_answer(client, "");
	}
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, the_seed_gets_its_bytes);
	tcase_add_test(tc, readiness_is_shown_and_withdrawn);
	tcase_add_test(tc, a_change_reaches_every_member);
	tcase_add_test(tc, an_unchanging_message_is_broadcast_too);
	tcase_add_test(tc, joining_shows_carts_and_readiness_of_the_others);
	tcase_add_test(tc, members_stand_in_joining_order);
	tcase_add_test(tc, a_cart_comes_back_byte_for_byte);
	tcase_add_test(tc, white_space_between_tokens_is_taken_out_of_a_cart);
	tcase_add_test(tc, unknown_fields_are_ignored);
	tcase_add_test(tc,
	    nothing_unasked_for_comes_before_a_connection_speaks);
	tcase_add_test(tc, sessions_know_nothing_of_one_another);
	tcase_add_test(tc,
	    changes_that_become_durable_together_are_shown_once);
	tcase_add_test(tc,
	    a_slow_reader_gets_all_replies_and_the_newest_multicart);
	tcase_add_test(tc, everything_that_is_shown_is_a_record);
	tcase_add_test(tc, records_say_when_and_from_where);
	tcase_add_test(tc,
	    what_is_wrong_is_refused_and_the_connection_goes_on);
	tcase_add_test(tc, an_error_goes_to_its_sender_only);
	tcase_add_test(tc, an_error_does_not_overtake_the_answers_before_it);
	tcase_add_test(tc,
	    an_unknown_customer_of_a_running_session_is_refused);
	tcase_add_test(tc, messages_come_at_a_limited_rate);
	tcase_add_test(tc, large_messages_and_pings_count_as_several);
	tcase_add_test(tc,
	    sessions_are_started_at_a_limited_rate_by_an_address);
	tcase_add_test(tc, so_many_join_from_an_address_in_a_minute);
	tcase_add_test(tc, sessions_are_not_read_for_who_has_proved_nothing);
	tcase_add_test(tc, what_proves_no_customer_counts_as_a_join);
}
