#include "suite.h"

#include "hub/hub.h"
#include "hub_script.h"
#include "session/session.h"

/* Nothing is told that is not durable, and what if it cannot be made so. */

const char suite_name[] = "hub_storage";

#define MINUTE_MS UINT64_C(60000)
#define DAY_MS UINT64_C(86400000)

START_TEST(nothing_is_shown_before_it_is_durable)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *eve = world_connect(w, "s1");

	world_ignore(w);
	world_hold(w);
	say(bob, CART_SEQ, bob->id, "{'b':1}", 1);
	say(eve, JOIN, "Eve");
	world_wait(w, 1000);
	expect_nothing(ann);
	expect_nothing(bob);
	expect_nothing(eve);
	world_go_on(w);
	expect(bob, "{'event':'updateCart','payload':{'seq':1}}");
	expect_carts(bob, "Ann* {}, Bob {'b':1}");
	expect_carts(bob, "Ann* {}, Bob {'b':1}, Eve {}");
	expect_carts(ann, "Ann* {}, Bob {'b':1}");
	expect(eve, JOINED, "<id>");
	expect_carts(eve, "Ann* {}, Bob {'b':1}, Eve {}");
	world_free(w);
}
END_TEST

START_TEST(an_error_waits_for_what_it_was_judged_upon)
{
	struct world *w = world_new();
	struct client *ann = world_connect(w, "s1");
	struct client *eve = world_connect(w, "s1");

	say(eve, JOIN, "Eve");
	expect_error(eve, "sessionNotFound", ",'event':'joinSession'");
	world_hold(w);
	say(ann, "{'event':'startSession','payload':{'customerName':'Ann',"
	    "'resumable':true}}");
	say(eve, START, "Eve");
	expect_nothing(eve);
	world_refuse(w, 1);
	world_go_on(w);
	/* There is no such session after all. */
	expect_error(ann, "storageUnavailable",
	    ",'event':'startSession','retryAfter':5");
	expect_error(eve, "storageUnavailable",
	    ",'event':'startSession','retryAfter':5");
	say(eve, START, "Eve");
	expect(eve, STARTED, "<id>");
	world_free(w);
}
END_TEST

START_TEST(lists_go_to_the_storage_one_at_a_time)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	unsigned lists = world_lists_done(w);
	int i;

	ignore(ann);
	world_hold(w);
	for (i = 0; i < 10; i++)
		say(ann, CART, ann->id, i == 9 ? "{'a':9}" : "{}");
	ck_assert(hub_has_jobs_out(world_hub(w)));
	world_go_on(w);
	ck_assert_uint_eq(world_lists_done(w), lists + 2);
	expect_carts(ann, "Ann* {}");
	expect_carts(ann, "Ann* {'a':9}");
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(who_resumes_is_shown_what_is_durable)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *again = world_connect(w, "s1");

	world_hold(w);
	say(again, RESUME, ann->id, ann->token);
	say(ann, CART, ann->id, "{'a':1}");
	world_do_one(w);
	expect(again, RESUMED, ann->id, 0);
	expect_nothing(again);
	if (_i == 1)
		world_refuse(w, 1);
	world_go_on(w);
	if (_i == 1)
		expect_carts(again, "Ann* {} @1.1");
	else
		expect_carts(again, "Ann* {'a':1} @1.2");
	expect_nothing(again);
	world_free(w);
}
END_TEST

START_TEST(a_refused_change_did_not_happen)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");

	say(bob, CART_SEQ, bob->id, "{'b':1}", 1);
	world_ignore(w);
	world_refuse(w, 1);
	say(bob, CART_SEQ, bob->id, "{'b':2}", 2);
	expect_error(bob, "storageUnavailable",
	    ",'event':'updateCart','seq':2,'retryAfter':5");
	world_ignore(w);
	ck_assert_uint_eq(world_stored(w, "s1")->count, 3);
	say(ann, READY, ann->id, "true");
	expect_carts(ann, "Ann*! {}, Bob {'b':1}");
	expect_carts(bob, "Ann*! {}, Bob {'b':1}");
	say(bob, CART_SEQ, bob->id, "{'b':2}", 2);
	expect(bob, "{'event':'updateCart','payload':{'seq':2}}");
	expect_carts(ann, "Ann*! {}, Bob {'b':2}");
	world_free(w);
}
END_TEST

START_TEST(everybody_in_a_refused_list_is_told)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *far = world_start(w, "s2", "Far");

	world_ignore(w);
	world_refuse(w, 1);
	tell(ann, CART, ann->id, "{'a':1}");
	tell(bob, READY, bob->id, "true");
	tell(far, CART, far->id, "{'f':1}");
	world_run(w);
	expect_error(ann, "storageUnavailable",
	    ",'event':'updateCart','retryAfter':5");
	expect_error(bob, "storageUnavailable",
	    ",'event':'customerReadyToCheckout','retryAfter':5");
	expect_error(far, "storageUnavailable",
	    ",'event':'updateCart','retryAfter':5");
	world_ignore(w);
	say(far, READY, far->id, "true");
	expect_carts(far, "Far*! {}");
	say(ann, READY, ann->id, "true");
	expect_carts(bob, "Ann*! {}, Bob {}");
	world_free(w);
}
END_TEST

START_TEST(what_gathered_meanwhile_is_refused_with_it)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *eve = world_connect(w, "s1");
	size_t count = world_stored(w, "s1")->count;

	world_ignore(w);
	world_hold(w);
	say(ann, CART_SEQ, ann->id, "{'a':1}", 1);
	say(ann, CART_SEQ, ann->id, "{'a':2}", 2);
	say(bob, LEAVE, bob->id);
	say(eve, JOIN, "Eve");
	world_refuse(w, 1);
	world_go_on(w);
	expect_error(ann, "storageUnavailable",
	    ",'event':'updateCart','seq':1,'retryAfter':5");
	expect_error(ann, "storageUnavailable",
	    ",'event':'updateCart','seq':2,'retryAfter':5");
	expect_error(bob, "storageUnavailable",
	    ",'event':'leaveSession','retryAfter':5");
	expect_error(eve, "storageUnavailable",
	    ",'event':'joinSession','retryAfter':5");
	ck_assert_uint_eq(world_stored(w, "s1")->count, count);
	world_ignore(w);
	say(bob, CART, bob->id, "{'b':1}");
	expect_carts(ann, "Ann* {}, Bob {'b':1}");
	expect_nothing(eve);
	say(eve, JOIN, "Eve");
	expect(eve, JOINED, "<id>");
	world_free(w);
}
END_TEST

START_TEST(a_refused_start_leaves_nothing)
{
	struct world *w = world_new();
	struct client *ann = world_connect(w, "s1");

	/* The first list reads, the second writes. */
	world_hold(w);
	say(ann, START, "Ann");
	world_do_one(w);
	world_refuse(w, 1);
	world_go_on(w);
	expect_error(ann, "storageUnavailable",
	    ",'event':'startSession','retryAfter':5");
	expect_nothing(ann);
	ck_assert_ptr_null(world_stored(w, "s1"));
	say(ann, JOIN, "Ann");
	expect_error(ann, "sessionNotFound", ",'event':'joinSession'");
	say(ann, START, "Ann");
	expect(ann, STARTED, "<id>");
	world_free(w);
}
END_TEST

static struct world *
short_lived_sessions(void)
{
	struct world_config config;

	world_defaults(&config);
	config.hub.session_ttl_ms = 24 * MINUTE_MS;
	config.hub.limits.checkout_barrier = true;
	return world_new_with(&config);
}

START_TEST(a_session_that_did_not_start_is_not_in_use)
{
	struct world *w = short_lived_sessions();
	struct client *ann = world_connect(w, "s1");

	world_hold(w);
	say(ann, START, "Ann");
	world_do_one(w);
	world_wait(w, 2 * MINUTE_MS);
	world_refuse(w, 1);
	world_go_on(w);
	expect_error(ann, "storageUnavailable",
	    ",'event':'startSession','retryAfter':5");
	ck_assert_ptr_null(world_stored(w, "s1"));
	say(ann, START, "Ann");
	expect(ann, STARTED, "<id>");
	world_free(w);
}
END_TEST

START_TEST(that_a_session_is_in_use_is_not_refused_with_others)
{
	struct world *w = short_lived_sessions();
	struct client *far = world_connect(w, "s2");
	uint64_t used_ms;

	(void)world_start(w, "s1", "Ann");
	world_hold(w);
	say(far, START, "Far");
	world_do_one(w);
	world_wait(w, MINUTE_MS);
	used_ms = world_now(w)->wall_ms;
	world_refuse(w, 1);
	world_go_on(w);
	ck_assert_ptr_null(world_stored(w, "s2"));
	ck_assert_uint_eq(world_stored(w, "s1")->session->active_ms, used_ms);
	world_free(w);
}
END_TEST

/* Its sender was told something else. */
START_TEST(a_refusal_that_was_judged_upon_a_refused_change_is_not_noted)
{
	struct world *w = short_lived_sessions();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	const struct record *notes;

	say(bob, READY, bob->id, "true");
	world_ignore(w);
	world_hold(w);
	say(bob, READY, bob->id, "false");
	say(ann, READY, ann->id, "true");
	world_refuse(w, 1);
	world_go_on(w);
	expect_error(ann, "storageUnavailable",
	    ",'event':'customerReadyToCheckout','retryAfter':5");
	world_wait(w, MINUTE_MS);
	ck_assert_uint_eq(world_notes(w, &notes), 0);
	world_free(w);
}
END_TEST

START_TEST(a_request_id_of_a_refused_join_is_fresh)
{
	struct world *w = world_new();
	struct client *bob = world_connect(w, "s1");
	static const char join[] = "{'event':'joinSession','payload':{"
	    "'customerName':'Bob','requestId':'0123456789abcdefghijkl'}}";

	(void)world_start(w, "s1", "Ann");
	world_refuse(w, 1);
	say(bob, "%s", join);
	expect_error(bob, "storageUnavailable",
	    ",'event':'joinSession','retryAfter':5");
	say(bob, "%s", join);
	expect(bob, JOINED, "<id>");
	expect_carts(bob, "Ann* {}, Bob {}");
	world_free(w);
}
END_TEST

START_TEST(a_refused_takeover_leaves_the_host)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *eve = world_connect(w, "s1");

	say(ann, CART, ann->id, "{'a':1}");
	hang_up(ann);
	world_ignore(w);
	world_refuse(w, 1);
	say(eve, START, "Eve");
	expect_error(eve, "storageUnavailable",
	    ",'event':'startSession','retryAfter':5");
	ignore(bob);
	say(bob, READY, bob->id, "true");
	expect_carts(bob, "Ann* {'a':1}, Bob! {}");
	say(eve, START, "Eve");
	expect(eve, STARTED, "<id>");
	expect_carts(bob, "Bob! {}, Eve* {}");
	world_free(w);
}
END_TEST

START_TEST(a_refused_return_is_tried_again)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");
	struct client *again = world_connect(w, "s1");

	hang_up(bob);
	world_wait(w, 60000);
	world_ignore(w);
	world_refuse(w, 1);
	say(again, RESUME, bob->id, bob->token);
	expect_error(again, "storageUnavailable",
	    ",'event':'resumeSession','retryAfter':5");
	expect_nothing(again);
	world_ignore(w);
	say(again, RESUME, bob->id, bob->token);
	expect(again, RESUMED, bob->id, 0);
	expect_carts(ann, "Ann* {}, Bob {}");
	world_free(w);
}
END_TEST

START_TEST(a_refused_expiry_happens_later)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");

	hang_up(world_join(w, "s1", "Bob"));
	world_wait(w, 4999);
	world_refuse(w, 1);
	world_wait(w, 1);
	ignore(ann);
	say(ann, READY, ann->id, "true");
	expect_carts(ann, "Ann*! {}, Bob {}");
	world_wait(w, 5000);
	expect_carts(ann, "Ann*! {}");
	world_free(w);
}
END_TEST

START_TEST(an_end_that_cannot_be_stored_is_not_tried_without_pause)
{
	struct world *w = world_new();
	unsigned lists;

	hang_up(world_start(w, "s1", "Ann"));
	world_wait(w, DAY_MS - 1);
	lists = world_lists_done(w);
	world_refuse(w, 1000000);
	world_wait(w, 600000);
	ck_assert_uint_lt(world_lists_done(w) - lists, 100);
	ck_assert_uint_eq(world_stored(w, "s1")->count, 1);
	world_refuse(w, 0);
	world_wait(w, 61000);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_END);
	world_free(w);
}
END_TEST

/* As on a full disk: what was written is still to be read. */
START_TEST(an_end_that_only_cannot_be_written_is_not_tried_without_pause)
{
	struct world *w = world_new();
	unsigned lists;

	hang_up(world_start(w, "s1", "Ann"));
	world_wait(w, DAY_MS - 1);
	lists = world_lists_done(w);
	world_refuse_writing(w, 1000000);
	world_wait(w, 600000);
	ck_assert_uint_lt(world_lists_done(w) - lists, 100);
	ck_assert_uint_eq(world_stored(w, "s1")->count, 1);
	world_refuse_writing(w, 0);
	world_wait(w, 61000);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_END);
	world_free(w);
}
END_TEST

START_TEST(a_session_that_cannot_be_read_is_unavailable)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *again, *bob;

	world_restart(w);
	again = world_connect(w, "s1");
	bob = world_connect(w, "s1");
	world_refuse_reading(w, 1);
	tell(again, RESUME, ann->id, ann->token);
	tell(bob, JOIN, "Bob");
	world_run(w);
	expect_error(again, "storageUnavailable",
	    ",'event':'resumeSession','retryAfter':5");
	expect_error(bob, "storageUnavailable",
	    ",'event':'joinSession','retryAfter':5");
	say(again, RESUME, ann->id, ann->token);
	expect(again, RESUMED, ann->id, 0);
	expect_carts(again, "Ann* {} @1.1");
	world_free(w);
}
END_TEST

START_TEST(members_stay_bound_while_their_session_cannot_be_read)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");

	world_ignore(w);
	world_refuse(w, 1);
	world_refuse_reading(w, 1);
	say(ann, CART, ann->id, "{'a':1}");
	expect_error(ann, "storageUnavailable",
	    ",'event':'updateCart','retryAfter':5");
	world_ignore(w);
	say(bob, CART_SEQ, bob->id, "{'b':1}", 1);
	world_wait(w, 10000);
	ignore(bob);
	world_ignore(w);
	say(bob, CART_SEQ, bob->id, "{'b':2}", 2);
	expect(bob, "{'event':'updateCart','payload':{'seq':2}}");
	expect_carts(ann, "Ann* {}, Bob {'b':2}");
	world_free(w);
}
END_TEST

/* Its multicart was on the way when the storage failed, twice. */
START_TEST(who_waits_for_its_multicart_gets_it_when_there_is_one)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *again = world_connect(w, "s1");

	world_hold(w);
	say(again, RESUME, ann->id, ann->token);
	say(ann, CART, ann->id, "{'a':1}");
	world_do_one(w);
	expect(again, RESUMED, ann->id, 0);
	world_refuse(w, 2);
	world_go_on(w);
	world_wait(w, 10000);
	expect_carts(again, "Ann* {} @1.1");
	world_free(w);
}
END_TEST

START_TEST(a_message_waits_while_its_session_is_read_again)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");

	world_ignore(w);
	world_hold(w);
	world_refuse(w, 1);
	say(ann, CART, ann->id, "{'a':1}");
	world_do_one(w);
	expect_error(ann, "storageUnavailable",
	    ",'event':'updateCart','retryAfter':5");
	say(bob, CART, bob->id, "{'b':1}");
	ck_assert(!hub_peer_is_ready(world_hub(w), &bob->peer));
	world_go_on(w);
	ck_assert(hub_peer_is_ready(world_hub(w), &bob->peer));
	world_ignore(w);
	say(ann, READY, ann->id, "true");
	expect_carts(bob, "Ann*! {}, Bob {'b':1}");
	world_free(w);
}
END_TEST

START_TEST(a_host_that_answers_during_a_failure_keeps_its_seat)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *eve = world_connect(w, "s1");

	say(eve, START, "Eve");
	world_hold(w);
	world_refuse(w, 1);
	say(bob, CART, bob->id, "{'b':1}");
	world_do_one(w);
	pong(ann);
	world_go_on(w);
	while (ann->pings > 0)
		pong(ann);
	world_wait(w, 10000);
	expect_error(eve, "sessionExists", ",'event':'startSession'");
	ck_assert(!ann->was_closed);
	world_free(w);
}
END_TEST

START_TEST(who_hangs_up_while_joining_has_joined)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_connect(w, "s1");

	ignore(ann);
	world_hold(w);
	say(bob, JOIN, "Bob");
	hang_up(bob);
	world_go_on(w);
	expect_nothing(bob);
	expect_carts(ann, "Ann* {}, Bob {}");
	world_wait(w, 4999);
	expect_nothing(ann);
	world_wait(w, 1);
	expect_carts(ann, "Ann* {}");
	world_free(w);
}
END_TEST

/* Whatever is on its way when the connection ends, and however that ends. */
START_TEST(a_connection_ends_with_anything_under_way)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");
	int i = _i % 4;

	world_hold(w);
	if (i == 0)
		say(bob, CART_SEQ, bob->id, "{'b':1}", 1);
	else if (i == 1)
		say(bob, READY, bob->id, "true");
	else if (i == 2)
		say(bob, LEAVE, bob->id);
	else
		say(bob, RESUME, bob->id, bob->token);
	hang_up(bob);
	world_refuse(w, _i >= 4);
	world_go_on(w);
	world_wait(w, 60000);
	ignore(ann);
	say(ann, CART, ann->id, "{}");
	expect_carts(ann, "Ann* {}");
	world_free(w);
}
END_TEST

START_TEST(a_connection_ends_while_its_message_waits)
{
	struct world *w = world_new();
	struct client *ann = world_connect(w, "s1");
	struct client *bob = world_connect(w, "s1");

	world_hold(w);
	say(ann, START, "Ann");
	hang_up(ann);
	say(bob, START, "Bob");
	world_go_on(w);
	expect(bob, STARTED, "<id>");
	expect_carts(bob, "Bob* {}");
	world_free(w);
}
END_TEST

START_TEST(a_draining_hub_answers_what_it_has_received)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_connect(w, "s1");

	ignore(ann);
	world_hold(w);
	say(ann, CART_SEQ, ann->id, "{'a':1}", 1);
	hub_drain(world_hub(w));
	ck_assert(!hub_peer_is_ready(world_hub(w), &ann->peer));
	ck_assert(!hub_peer_is_ready(world_hub(w), &bob->peer));
	ck_assert(!hub_is_drained(world_hub(w)));
	world_go_on(w);
	ck_assert(hub_is_drained(world_hub(w)));
	expect(ann, "{'event':'updateCart','payload':{'seq':1}}");
	expect_carts(ann, "Ann* {'a':1}");
	world_free(w);
}
END_TEST

START_TEST(what_was_told_is_there_after_a_crash)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *again;

	say(ann, CART, ann->id, "{'a':1}");
	expect_carts(ann, "Ann* {'a':1} @1.2");
	world_hold(w);
	say(ann, CART, ann->id, "{'a':2}");
	say(ann, LEAVE, ann->id);
	world_crash(w);
	expect_nothing(ann);
	again = world_connect(w, "s1");
	say(again, RESUME, ann->id, ann->token);
	expect(again, RESUMED, ann->id, 0);
	expect_carts(again, "Ann* {'a':1} @1.2");
	world_free(w);
}
END_TEST

START_TEST(a_hub_is_freed_with_everything_under_way)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");

	(void)world_start(w, "s2", "Ann");
	hang_up(bob);
	world_hold(w);
	say(ann, CART, ann->id, "{'a':2}");
	say(world_connect(w, "s1"), JOIN, "Eve");
	say(world_connect(w, "s1"), RESUME, ann->id, ann->token);
	say(world_connect(w, "s2"), START, "Eve");
	say(world_connect(w, "s3"), START, "Eve");
	world_free(w);
}
END_TEST

START_TEST(a_session_that_nobody_uses_is_not_kept_in_memory)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *again = world_connect(w, "s1");
	unsigned loads = world_loads_done(w);

	say(again, RESUME, ann->id, ann->token);
	ck_assert_uint_eq(world_loads_done(w), loads);
	hang_up(ann);
	hang_up(again);
	again = world_connect(w, "s1");
	say(again, RESUME, ann->id, ann->token);
	ck_assert_uint_eq(world_loads_done(w), loads + 1);
	expect(again, RESUMED, ann->id, 0);
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, nothing_is_shown_before_it_is_durable);
	tcase_add_test(tc, an_error_waits_for_what_it_was_judged_upon);
	tcase_add_test(tc, lists_go_to_the_storage_one_at_a_time);
	tcase_add_loop_test(tc, who_resumes_is_shown_what_is_durable, 0, 2);
	tcase_add_test(tc, a_refused_change_did_not_happen);
	tcase_add_test(tc, everybody_in_a_refused_list_is_told);
	tcase_add_test(tc, what_gathered_meanwhile_is_refused_with_it);
	tcase_add_test(tc, a_refused_start_leaves_nothing);
	tcase_add_test(tc, a_session_that_did_not_start_is_not_in_use);
	tcase_add_test(tc, that_a_session_is_in_use_is_not_refused_with_others);
	tcase_add_test(tc,
	    a_refusal_that_was_judged_upon_a_refused_change_is_not_noted);
	tcase_add_test(tc, a_request_id_of_a_refused_join_is_fresh);
	tcase_add_test(tc, a_refused_takeover_leaves_the_host);
	tcase_add_test(tc, a_refused_return_is_tried_again);
	tcase_add_test(tc, a_refused_expiry_happens_later);
	tcase_add_test(tc,
	    an_end_that_cannot_be_stored_is_not_tried_without_pause);
	tcase_add_test(tc,
	    an_end_that_only_cannot_be_written_is_not_tried_without_pause);
	tcase_add_test(tc, a_session_that_cannot_be_read_is_unavailable);
	tcase_add_test(tc,
	    members_stay_bound_while_their_session_cannot_be_read);
	tcase_add_test(tc,
	    who_waits_for_its_multicart_gets_it_when_there_is_one);
	tcase_add_test(tc, a_message_waits_while_its_session_is_read_again);
	tcase_add_test(tc,
	    a_host_that_answers_during_a_failure_keeps_its_seat);
	tcase_add_test(tc, who_hangs_up_while_joining_has_joined);
	tcase_add_loop_test(tc, a_connection_ends_with_anything_under_way, 0,
	    8);
	tcase_add_test(tc, a_connection_ends_while_its_message_waits);
	tcase_add_test(tc, a_draining_hub_answers_what_it_has_received);
	tcase_add_test(tc, what_was_told_is_there_after_a_crash);
	tcase_add_test(tc, a_hub_is_freed_with_everything_under_way);
	tcase_add_test(tc,
	    a_session_that_nobody_uses_is_not_kept_in_memory);
}
