#include "suite.h"

#include "hub/hub.h"
#include "hub_script.h"

/* Who takes the seat of a host that is gone, or only seems to be there. */

const char suite_name[] = "hub_takeover";

START_TEST(a_reloaded_page_takes_its_seat_whatever_the_window)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *again = world_connect(w, "s1");

	say(ann, CART, ann->id, "{'a':1}");
	hang_up(ann);
	world_ignore(w);
	say(again, START, "Ann");
	expect(again, STARTED, "<id>");
	expect_carts(again, "Bob {}, Ann* {}");
	expect_carts(bob, "Bob {}, Ann* {}");
	expect_nothing(bob);
	ck_assert_str_ne(again->id, ann->id);
	say(bob, CART, ann->id, "{}");
	expect_error(bob, "leftSession", ",'event':'updateCart'");
	world_wait(w, 3600000);
	expect_nothing(bob);
	world_free(w);
}
END_TEST

START_TEST(a_lone_host_that_reloads_its_page_starts_again)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *again;

	hang_up(ann);
	if (_i == 1)
		world_restart(w);
	again = world_connect(w, "s1");
	say(again, START, "Ann");
	expect(again, STARTED, "<id>");
	expect_carts(again, "Ann* {}");
	ck_assert(world_record(w, "s1")->has_displaced);
	ck_assert_uint_eq(world_record(w, "s1")->incarnation, 1);
	world_free(w);
}
END_TEST

START_TEST(the_seat_of_an_absent_host_with_token_is_kept)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *eve = world_connect(w, "s1");

	hang_up(ann);
	world_ignore(w);
	say(eve, START, "Eve");
	expect_error(eve, "sessionExists", ",'event':'startSession'");
	ck_assert_uint_eq(ann->pings, 0);
	expect_nothing(bob);
	world_free(w);
}
END_TEST

START_TEST(a_host_that_answers_a_ping_keeps_its_seat)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *eve = world_connect(w, "s1");

	say(eve, START, "Eve");
	ck_assert_uint_eq(ann->pings, 1);
	expect_nothing(eve);
	ck_assert(!hub_peer_is_ready(world_hub(w), &eve->peer));
	world_wait(w, 2999);
	expect_nothing(eve);
	pong(ann);
	expect_error(eve, "sessionExists", ",'event':'startSession'");
	ck_assert(hub_peer_is_ready(world_hub(w), &eve->peer));
	world_wait(w, 10000);
	expect_nothing(eve);
	ck_assert(!ann->was_closed);
	say(ann, CART, ann->id, "{'a':1}");
	expect_carts(ann, "Ann* {'a':1}");
	world_free(w);
}
END_TEST

START_TEST(a_silent_host_loses_connection_and_seat)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *eve = world_connect(w, "s1");

	world_ignore(w);
	say(eve, START, "Eve");
	world_wait(w, 2999);
	expect_nothing(eve);
	ck_assert(!ann->was_closed);
	world_wait(w, 1);
	ck_assert(ann->was_closed);
	expect(eve, STARTED, "<id>");
	expect_carts(eve, "Bob {}, Eve* {}");
	expect_carts(bob, "Bob {}, Eve* {}");
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(a_host_that_still_reads_keeps_its_seat)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *eve = world_connect(w, "s1");
	struct client *sam = world_connect(w, "s1");

	ann->is_excused = true;
	say(eve, START, "Eve");
	say(sam, START, "Sam");
	world_wait(w, 2999);
	expect_nothing(eve);
	world_wait(w, 1);
	expect_error(eve, "sessionExists", ",'event':'startSession'");
	expect_error(sam, "sessionExists", ",'event':'startSession'");
	world_wait(w, 10000);
	ck_assert(!ann->was_closed);

	ann->is_excused = false;
	say(eve, START, "Eve");
	ck_assert_uint_eq(ann->pings, 2);
	world_wait(w, 3000);
	ck_assert(ann->was_closed);
	expect(eve, STARTED, "<id>");
	world_free(w);
}
END_TEST

START_TEST(a_silent_host_is_gone_before_its_connection_is)
{
	struct world_config config;
	struct world *w;
	struct client *ann, *eve;
	struct now now;

	world_defaults(&config);
	config.hub.session_ttl_ms = 0;
	w = world_new_with(&config);
	ann = world_start(w, "s1", "Ann");
	eve = world_connect(w, "s1");
	say(eve, START, "Eve");
	now = *world_now(w);
	now.mono_ms += 3000;
	hub_tick(world_hub(w), &now);
	ck_assert(!ann->was_closed);
	/* Nobody is waited for any more. */
	ck_assert_uint_eq(hub_next_tick_ms(world_hub(w)), UINT64_MAX);
	world_run(w);
	ck_assert(ann->was_closed);
	expect(eve, STARTED, "<id>");
	world_free(w);
}
END_TEST

/* Nothing else is ever due in a session that lives for ever. */
START_TEST(claims_are_due_one_after_the_other)
{
	struct world_config config;
	struct world *w;
	struct client *claimants[2];
	uint64_t begun_ms;

	world_defaults(&config);
	config.hub.session_ttl_ms = 0;
	w = world_new_with(&config);
	(void)world_start(w, "s1", "Ann");
	(void)world_start(w, "s2", "Bob");
	begun_ms = world_now(w)->mono_ms;
	claimants[0] = world_connect(w, "s1");
	claimants[1] = world_connect(w, "s2");
	say(claimants[0], START, "Eve");
	world_wait(w, 1000);
	say(claimants[1], START, "Sam");
	ck_assert_uint_eq(hub_next_tick_ms(world_hub(w)), begun_ms + 3000);
	world_wait(w, 2000);
	expect(claimants[0], STARTED, "<id>");
	expect_nothing(claimants[1]);
	ck_assert_uint_eq(hub_next_tick_ms(world_hub(w)), begun_ms + 4000);
	world_wait(w, 1000);
	expect(claimants[1], STARTED, "<id>");
	ck_assert_uint_eq(hub_next_tick_ms(world_hub(w)), UINT64_MAX);
	world_free(w);
}
END_TEST

START_TEST(a_silent_host_alone_in_its_session_loses_it_too)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *eve = world_connect(w, "s1");

	say(eve, START, "Eve");
	world_wait(w, 3000);
	ck_assert(ann->was_closed);
	expect(eve, STARTED, "<id>");
	expect_carts(eve, "Eve* {}");
	world_free(w);
}
END_TEST

START_TEST(a_host_that_hangs_up_meanwhile_frees_its_seat)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *eve = world_connect(w, "s1");

	say(eve, START, "Eve");
	world_wait(w, 100);
	hang_up(ann);
	expect(eve, STARTED, "<id>");
	expect_carts(eve, "Eve* {}");
	world_wait(w, 10000);
	expect_nothing(eve);
	world_free(w);
}
END_TEST

START_TEST(a_host_whom_a_stop_disconnects_keeps_its_seat)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *eve = world_connect(w, "s1");

	say(eve, START, "Eve");
	hub_drain(world_hub(w));
	hang_up(ann);
	world_wait(w, 10000);

	expect_nothing(eve);
	hang_up(eve);
	world_restart(w);
	ck_assert(!world_record(w, "s1")->has_displaced);
	world_free(w);
}
END_TEST

START_TEST(a_host_that_leaves_meanwhile_frees_its_seat)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *eve = world_connect(w, "s1");

	say(eve, START, "Eve");
	say(ann, LEAVE, ann->id);
	world_wait(w, 3000);
	expect(eve, STARTED, "<id>");
	expect_carts(eve, "Eve* {}");
	ck_assert(!ann->was_closed);
	world_free(w);
}
END_TEST

START_TEST(of_two_claimants_the_first_gets_the_seat)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *eve = world_connect(w, "s1");
	struct client *sam = world_connect(w, "s1");

	say(eve, START, "Eve");
	world_wait(w, 2000);
	say(sam, START, "Sam");
	ck_assert_uint_eq(ann->pings, 1);
	world_wait(w, 1000);
	expect(eve, STARTED, "<id>");
	expect_carts(eve, "Eve* {}");
	expect_error(sam, "sessionExists", ",'event':'startSession'");
	expect_nothing(eve);
	expect_nothing(sam);
	world_free(w);
}
END_TEST

START_TEST(both_claimants_hear_that_the_host_is_there)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *eve = world_connect(w, "s1");
	struct client *sam = world_connect(w, "s1");

	say(eve, START, "Eve");
	say(sam, START, "Sam");
	pong(ann);
	expect_error(eve, "sessionExists", ",'event':'startSession'");
	expect_error(sam, "sessionExists", ",'event':'startSession'");
	/* The next claim is a new question. */
	say(sam, START, "Sam");
	ck_assert_uint_eq(ann->pings, 1);
	world_wait(w, 3000);
	expect(sam, STARTED, "<id>");
	world_free(w);
}
END_TEST

START_TEST(a_claimant_that_is_gone_leaves_the_host_alone)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *eve = world_connect(w, "s1");

	say(eve, START, "Eve");
	hang_up(eve);
	world_wait(w, 10000);
	ck_assert(!ann->was_closed);
	say(ann, CART, ann->id, "{}");
	expect_carts(ann, "Ann* {}");
	world_free(w);
}
END_TEST

START_TEST(a_second_claimant_goes_on_when_the_first_is_gone)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *eve = world_connect(w, "s1");
	struct client *sam = world_connect(w, "s1");

	say(eve, START, "Eve");
	say(sam, START, "Sam");
	hang_up(eve);
	world_wait(w, 3000);
	ck_assert(ann->was_closed);
	expect(sam, STARTED, "<id>");
	world_free(w);
}
END_TEST

START_TEST(any_of_the_hosts_connections_may_answer)
{
	struct world *w = world_new();
	struct client *ann = world_connect(w, "s1");
	struct client *tab = world_connect(w, "s1");
	struct client *eve = world_connect(w, "s1");

	say(ann, "{'event':'startSession','payload':{'customerName':'Ann',"
	    "'requestId':'0123456789abcdefghijkl'}}");
	say(tab, "{'event':'startSession','payload':{'customerName':'Ann',"
	    "'requestId':'0123456789abcdefghijkl'}}");
	say(eve, START, "Eve");
	ck_assert_uint_eq(ann->pings, 1);
	ck_assert_uint_eq(tab->pings, 1);
	pong(tab);
	expect_error(eve, "sessionExists", ",'event':'startSession'");
	world_wait(w, 10000);
	ck_assert(!ann->was_closed);
	ck_assert(!tab->was_closed);
	world_free(w);
}
END_TEST

START_TEST(a_host_that_comes_back_meanwhile_keeps_its_seat)
{
	struct world *w = world_new();
	struct client *ann = world_connect(w, "s1");
	struct client *again = world_connect(w, "s1");
	struct client *eve = world_connect(w, "s1");

	say(ann, "{'event':'startSession','payload':{'customerName':'Ann',"
	    "'requestId':'0123456789abcdefghijkl'}}");
	expect(ann, STARTED, "<id>");
	say(eve, START, "Eve");
	world_wait(w, 1000);
	say(again, "{'event':'startSession','payload':{'customerName':'Ann',"
	    "'requestId':'0123456789abcdefghijkl'}}");
	world_wait(w, 3000);
	expect_error(eve, "sessionExists", ",'event':'startSession'");
	ck_assert(!again->was_closed);
	ignore(again);
	say(again, READY, ann->id, "true");
	expect_carts(again, "Ann*! {}");
	world_free(w);
}
END_TEST

START_TEST(a_guests_pong_says_nothing_of_the_host)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *eve = world_connect(w, "s1");

	say(eve, START, "Eve");
	ck_assert_uint_eq(bob->pings, 0);
	hub_receive_pong(world_hub(w), &bob->peer, world_now(w));
	world_run(w);
	expect_nothing(eve);
	world_wait(w, 3000);
	ck_assert(ann->was_closed);
	expect(eve, STARTED, "<id>");
	world_free(w);
}
END_TEST

START_TEST(a_displaced_host_may_be_forgotten_at_once)
{
	struct world_config config;
	struct world *w;
	struct client *ann, *bob, *eve;

	world_defaults(&config);
	config.hub.limits.max_remembered = 1;
	config.hub.absence_window_ms[0] = 0;
	w = world_new_with(&config);
	ann = world_start(w, "s1", "Ann");
	bob = world_join(w, "s1", "Bob");
	eve = world_connect(w, "s1");
	hang_up(ann);
	world_hold(w);
	say(bob, LEAVE, bob->id);
	say(eve, START, "Eve");
	world_go_on(w);
	expect(eve, STARTED, "<id>");
	expect_carts(eve, "Eve* {}");
	world_free(w);
}
END_TEST

/* The host is the last who is present: nobody else keeps the session. */
START_TEST(a_claim_of_a_seat_in_a_session_too_full_is_refused)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *again, *eve;

	(void)world_join(w, "s1", "Bob");
	(void)world_join(w, "s1", "Sam");
	world_config(w)->hub.limits.max_customers = 2;
	world_restart(w);
	again = world_connect(w, "s1");
	eve = world_connect(w, "s1");
	say(again, CART, ann->id, "{}");
	say(eve, START, "Eve");
	hang_up(again);
	expect_error(eve, "sessionFull",
	    ",'event':'startSession','retryAfter':60");
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, a_reloaded_page_takes_its_seat_whatever_the_window);
	tcase_add_loop_test(tc,
	    a_lone_host_that_reloads_its_page_starts_again, 0, 2);
	tcase_add_test(tc, the_seat_of_an_absent_host_with_token_is_kept);
	tcase_add_test(tc, a_host_that_answers_a_ping_keeps_its_seat);
	tcase_add_test(tc, a_silent_host_loses_connection_and_seat);
	tcase_add_test(tc, a_host_that_still_reads_keeps_its_seat);
	tcase_add_test(tc, a_silent_host_is_gone_before_its_connection_is);
	tcase_add_test(tc, claims_are_due_one_after_the_other);
	tcase_add_test(tc, a_silent_host_alone_in_its_session_loses_it_too);
	tcase_add_test(tc, a_host_that_hangs_up_meanwhile_frees_its_seat);
	tcase_add_test(tc, a_host_whom_a_stop_disconnects_keeps_its_seat);
	tcase_add_test(tc, a_host_that_leaves_meanwhile_frees_its_seat);
	tcase_add_test(tc, of_two_claimants_the_first_gets_the_seat);
	tcase_add_test(tc, both_claimants_hear_that_the_host_is_there);
	tcase_add_test(tc, a_claimant_that_is_gone_leaves_the_host_alone);
	tcase_add_test(tc, a_second_claimant_goes_on_when_the_first_is_gone);
	tcase_add_test(tc, any_of_the_hosts_connections_may_answer);
	tcase_add_test(tc, a_host_that_comes_back_meanwhile_keeps_its_seat);
	tcase_add_test(tc, a_guests_pong_says_nothing_of_the_host);
	tcase_add_test(tc, a_displaced_host_may_be_forgotten_at_once);
	tcase_add_test(tc,
	    a_claim_of_a_seat_in_a_session_too_full_is_refused);
}
