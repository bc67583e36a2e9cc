#include "suite.h"

#include <string.h>

#include "hub/hub.h"
#include "hub_script.h"
#include "session/session.h"

/* Who is absent, how long it is waited for, and when a session ends. */

const char suite_name[] = "hub_presence";

#define HOUR_MS UINT64_C(3600000)
#define DAY_MS UINT64_C(86400000)

/* A guest's absence window: of which kind, and how long by default. */
static const struct {
	struct client *(*join)(struct world *, const char *, const char *);
	uint64_t window_ms;
} windows[] = {
	{ world_join, 5000 },
	{ world_join_resumable, 60000 },
};

START_TEST(an_absent_customer_stays_for_its_window)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = windows[_i].join(w, "s1", "Bob");

	hang_up(bob);
	world_ignore(w);
	world_wait(w, windows[_i].window_ms - 1);
	expect_nothing(ann);
	world_wait(w, 1);
	expect_carts(ann, "Ann* {}");
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_EXPIRE);
	world_wait(w, DAY_MS);
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(nobody_expires_while_the_daemon_stops)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");

	world_ignore(w);
	hub_drain(world_hub(w));
	hang_up(bob);

	world_wait(w, DAY_MS);
	expect_nothing(ann);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_JOIN);
	world_free(w);
}
END_TEST

START_TEST(the_window_counts_from_the_last_of_several_connections)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");
	struct client *tab = world_connect(w, "s1");

	say(tab, RESUME, bob->id, bob->token);
	hang_up(bob);
	world_wait(w, 100000);
	hang_up(tab);
	world_ignore(w);
	world_wait(w, 59999);
	expect_nothing(ann);
	world_wait(w, 1);
	expect_carts(ann, "Ann* {}");
	world_free(w);
}
END_TEST

START_TEST(a_return_in_time_changes_nothing)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");
	struct client *again = world_connect(w, "s1");

	hang_up(bob);
	world_wait(w, 59999);
	say(again, RESUME, bob->id, bob->token);
	world_ignore(w);
	world_wait(w, 3600000);
	expect_nothing(ann);
	ck_assert_uint_eq(world_stored(w, "s1")->count, 2);
	/* The next absence has a whole window again. */
	hang_up(again);
	world_wait(w, 59999);
	expect_nothing(ann);
	world_wait(w, 1);
	expect_carts(ann, "Ann* {}");
	world_free(w);
}
END_TEST

START_TEST(a_late_death_of_an_old_connection_is_of_no_interest)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");
	struct client *again = world_connect(w, "s1");

	say(again, RESUME, bob->id, bob->token);
	world_wait(w, 10000);
	hang_up(bob);
	world_ignore(w);
	world_wait(w, 3600000);
	expect_nothing(ann);
	say(again, CART, bob->id, "{'b':1}");
	expect_carts(ann, "Ann* {}, Bob {'b':1}");
	world_free(w);
}
END_TEST

START_TEST(a_refused_message_does_not_prolong_an_absence)
{
	struct world_config config;
	struct world *w;
	struct client *ann, *bob;

	world_defaults(&config);
	config.hub.limits.max_cart_bytes = 4;
	w = world_new_with(&config);
	ann = world_start(w, "s1", "Ann");
	bob = world_join(w, "s1", "Bob");
	hang_up(bob);
	world_wait(w, 3000);
	say(world_connect(w, "s1"), CART, bob->id, "{'b':1}");
	world_ignore(w);
	world_wait(w, 1999);
	expect_nothing(ann);
	world_wait(w, 1);
	expect_carts(ann, "Ann* {}");
	world_free(w);
}
END_TEST

START_TEST(nobody_is_waited_for_while_nobody_is_there)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");

	hang_up(bob);
	world_wait(w, 4000);
	hang_up(ann);
	world_wait(w, DAY_MS / 2);
	ck_assert_uint_eq(world_stored(w, "s1")->count, 2);
	/* With the first to come, all windows open anew. */
	bob = world_join(w, "s1", "Eve");
	world_wait(w, 4999);
	say(bob, CART, bob->id, "{}");
	expect_carts(bob, "Ann* {}, Bob {}, Eve {}");
	world_wait(w, 1);
	expect_carts(bob, "Eve {}");
	world_free(w);
}
END_TEST

START_TEST(after_a_restart_everybody_finds_the_carts)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");
	struct client *eve = world_join(w, "s1", "Eve");
	struct client *again;

	hang_up(bob);
	world_wait(w, 59000);
	say(eve, CART, eve->id, "{'e':1}");
	world_crash(w);
	world_wait(w, DAY_MS / 2);
	again = world_connect(w, "s1");
	say(again, RESUME, ann->id, ann->token);
	expect(again, RESUMED, ann->id, 0);
	expect_carts(again, "Ann* {}, Bob {}, Eve {'e':1} @1.4");
	world_wait(w, 4999);
	expect_nothing(again);
	world_wait(w, 1);
	expect_carts(again, "Ann* {}, Bob {} @1.5");
	world_wait(w, 54999);
	expect_nothing(again);
	world_wait(w, 1);
	expect_carts(again, "Ann* {} @1.6");
	world_free(w);
}
END_TEST

START_TEST(without_a_window_the_absent_stay)
{
	struct world_config config;
	struct world *w;
	struct client *ann, *bob;

	world_defaults(&config);
	config.hub.absence_window_ms[0] = 0;
	config.hub.absence_window_ms[1] = 0;
	w = world_new_with(&config);
	ann = world_start(w, "s1", "Ann");
	bob = world_join(w, "s1", "Bob");
	hang_up(bob);
	hang_up(world_join_resumable(w, "s1", "Eve"));
	world_ignore(w);
	world_wait(w, 2 * DAY_MS);
	expect_nothing(ann);
	say(ann, CART, ann->id, "{}");
	expect_carts(ann, "Ann* {}, Bob {}, Eve {}");
	world_free(w);
}
END_TEST

START_TEST(an_expired_customer_resumes_cart_and_all)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");
	struct client *again = world_connect(w, "s1");

	say(bob, CART_SEQ, bob->id, "{'b':1}", 8);
	say(bob, READY, bob->id, "true");
	hang_up(bob);
	world_wait(w, DAY_MS);
	world_ignore(w);
	say(again, RESUME, bob->id, bob->token);
	expect(again, RESUMED, bob->id, 8);
	expect_carts(again, "Ann* {}, Bob! {'b':1} @1.6");
	expect_carts(ann, "Ann* {}, Bob! {'b':1}");
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_RETURN);
	world_free(w);
}
END_TEST

START_TEST(an_expired_host_resumes_as_host)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *again = world_connect(w, "s1");

	hang_up(ann);
	world_wait(w, 60000);
	ignore(bob);
	/* Expired is not gone: the seat is not to be had. */
	say(again, START, "Eve");
	expect_error(again, "sessionExists", ",'event':'startSession'");
	say(again, RESUME, ann->id, ann->token);
	expect_carts(bob, "Ann* {}, Bob {}");
	world_free(w);
}
END_TEST

START_TEST(an_expired_customer_without_token_is_gone)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *again = world_connect(w, "s1");

	hang_up(bob);
	world_wait(w, 5000);
	world_ignore(w);
	say(again, CART, bob->id, "{'b':1}");
	expect_error(again, "leftSession", ",'event':'updateCart'");
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(who_is_away_comes_back_when_there_is_room)
{
	struct world_config config;
	struct world *w;
	struct client *bob, *eve, *again;

	world_defaults(&config);
	config.hub.limits.max_customers = 2;
	w = world_new_with(&config);
	(void)world_start(w, "s1", "Ann");
	bob = world_join_resumable(w, "s1", "Bob");
	hang_up(bob);
	world_wait(w, 60000);
	eve = world_join(w, "s1", "Eve");
	again = world_connect(w, "s1");
	say(again, RESUME, bob->id, bob->token);
	expect_error(again, "sessionFull",
	    ",'event':'resumeSession','retryAfter':60");
	expect_nothing(again);
	say(eve, LEAVE, eve->id);
	say(again, RESUME, bob->id, bob->token);
	expect(again, RESUMED, bob->id, 0);
	expect_carts(again, "Ann* {}, Bob {} @1.6");
	world_free(w);
}
END_TEST

START_TEST(the_longest_absent_beyond_the_limit_is_forgotten)
{
	static const char *const names[] = { "A", "B", "C" };
	struct world_config config;
	struct world *w;
	struct client *away[3], *again;
	size_t i;

	world_defaults(&config);
	config.hub.limits.max_remembered = 2;
	w = world_new_with(&config);
	(void)world_start(w, "s1", "Ann");
	for (i = 0; i < 3; i++) {
		away[i] = world_join_resumable(w, "s1", names[i]);
		hang_up(away[i]);
		world_wait(w, 60000);
	}
	/* The absence of a second counts from when it began. */
	again = world_connect(w, "s1");
	say(again, RESUME, away[0]->id, away[0]->token);
	expect_error(again, "leftSession", ",'event':'resumeSession'");
	if (_i == 1) {
		world_restart(w);
		again = world_connect(w, "s1");
	}
	say(again, RESUME, away[1]->id, away[1]->token);
	expect(again, RESUMED, away[1]->id, 0);
	again = world_connect(w, "s1");
	say(again, RESUME, away[2]->id, away[2]->token);
	expect(again, RESUMED, away[2]->id, 0);
	world_free(w);
}
END_TEST

START_TEST(a_session_ends_when_it_was_unused_for_long)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *again = world_connect(w, "s1");

	say(ann, CART, ann->id, "{'a':1}");
	world_wait(w, 3 * DAY_MS + 1234567);
	hang_up(ann);
	world_wait(w, DAY_MS - 1);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_CART);
	/* It need not be noticed at once. */
	world_wait(w, 61000);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_END);
	say(again, RESUME, ann->id, ann->token);
	expect_error(again, "leftSession", ",'event':'resumeSession'");
	say(again, JOIN, "Bob");
	expect_error(again, "sessionNotFound", ",'event':'joinSession'");
	world_free(w);
}
END_TEST

/* An hour is what it may be behind: a 24th of what a session lives. */
START_TEST(a_session_in_use_does_not_end_after_a_crash)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");

	world_wait(w, 3 * DAY_MS);
	ignore(ann);
	world_crash(w);
	world_wait(w, DAY_MS - HOUR_MS - 1);
	ck_assert(world_stored(w, "s1")->session->is_running);
	world_wait(w, HOUR_MS + 61000);
	ck_assert(!world_stored(w, "s1")->session->is_running);
	world_free(w);
}
END_TEST

/* When s1 was in use, as the storage knows. */
static uint64_t
used_ms(struct world *w)
{
	return world_stored(w, "s1")->session->active_ms;
}

START_TEST(a_session_in_use_is_said_to_be_so_when_nothing_else_does)
{
	static const struct {
		uint64_t ttl_ms, interval_ms;
	} lives[] = { { DAY_MS, HOUR_MS }, { 2000, 1000 } };
	uint64_t interval_ms = lives[_i].interval_ms, began_ms;
	struct world_config config;
	struct world *w;
	struct client *ann;

	world_defaults(&config);
	config.hub.session_ttl_ms = lives[_i].ttl_ms;
	w = world_new_with(&config);
	ann = world_start(w, "s1", "Ann");
	began_ms = world_now(w)->wall_ms;
	world_wait(w, interval_ms - 1);
	ck_assert_uint_eq(used_ms(w), began_ms);
	world_wait(w, 1);
	ck_assert_uint_eq(used_ms(w), began_ms + interval_ms);
	world_wait(w, interval_ms / 2);
	say(ann, CART, ann->id, "{}");
	world_wait(w, interval_ms - 1);
	ck_assert_uint_eq(used_ms(w), began_ms + interval_ms * 3 / 2);
	world_wait(w, 1);
	ck_assert_uint_eq(used_ms(w), began_ms + interval_ms * 5 / 2);
	world_wait(w, interval_ms);
	ck_assert_uint_eq(used_ms(w), began_ms + interval_ms * 7 / 2);
	world_free(w);
}
END_TEST

START_TEST(an_ended_session_is_found_ended_before_it_was_searched_for)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *again;

	hang_up(ann);
	world_wait(w, DAY_MS - 1);
	world_crash(w);
	world_wait(w, 1);
	again = world_connect(w, "s1");
	say(again, JOIN, "Bob");
	expect_error(again, "sessionNotFound", ",'event':'joinSession'");
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_END);
	world_free(w);
}
END_TEST

START_TEST(a_session_one_moment_younger_goes_on)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *again = world_connect(w, "s1");

	hang_up(ann);
	world_wait(w, DAY_MS - 1);
	say(again, JOIN, "Bob");
	expect(again, JOINED, "<id>");
	expect_carts(again, "Ann* {}, Bob {}");
	world_free(w);
}
END_TEST

START_TEST(all_unused_sessions_are_found)
{
	static const char *const ids[] = { "a", "b", "c", "d", "e", "f", "g" };
	struct world *w = world_new();
	const struct stored *stored;
	struct client *kept = world_start(w, "kept", "Ann");
	size_t i, ended = 0;

	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		hang_up(world_start(w, ids[i], "Ann"));
	world_wait(w, DAY_MS + 120000);
	TAILQ_FOREACH(stored, world_all_stored(w), entry)
		ended += !stored->session->is_running;
	ck_assert_uint_eq(ended, i);
	ck_assert(world_stored(w, "kept")->session->is_running);
	ignore(kept);
	world_free(w);
}
END_TEST

START_TEST(the_same_id_is_started_afresh)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *again = world_connect(w, "s1");

	say(ann, CART, ann->id, "{'a':1}");
	hang_up(ann);
	world_wait(w, 2 * DAY_MS);
	say(again, "{'event':'startSession','payload':{'customerName':'Eve',"
	    "'resumable':true}}");
	expect(again, STARTED_RESUMABLE, "<id>", "<token>");
	expect_carts(again, "Eve* {} @2.1");
	ck_assert(!world_record(w, "s1")->has_displaced);
	again = world_connect(w, "s1");
	say(again, RESUME, ann->id, ann->token);
	expect_error(again, "leftSession", ",'event':'resumeSession'");
	world_free(w);
}
END_TEST

START_TEST(tombstones_are_limited_and_still_say_left)
{
	struct world_config config;
	struct world *w;
	struct client *ann, *bob, *last;

	world_defaults(&config);
	config.hub.limits.max_remembered = 1;
	w = world_new_with(&config);
	ann = world_start_resumable(w, "s1", "Ann");
	bob = world_join_resumable(w, "s1", "Bob");
	last = world_join_resumable(w, "s1", "Eve");
	say(bob, LEAVE, bob->id);
	say(last, LEAVE, last->id);
	world_ignore(w);
	ck_assert_uint_eq(
	    world_stored(w, "s1")->session->counts[CUSTOMER_GONE], 2);
	/* Who is not remembered is still proven by its token. */
	say(bob, RESUME, bob->id, bob->token);
	expect_error(bob, "leftSession", ",'event':'resumeSession'");
	say(ann, CART, last->id, "{}");
	expect_error(ann, "leftSession", ",'event':'updateCart'");
	say(ann, CART, bob->id, "{}");
	expect_error(ann, "unknownCustomer", ",'event':'updateCart'");
	world_free(w);
}
END_TEST

START_TEST(sessions_may_live_for_ever)
{
	struct world_config config;
	struct world *w;

	world_defaults(&config);
	config.hub.session_ttl_ms = 0;
	w = world_new_with(&config);
	hang_up(world_start(w, "s1", "Ann"));
	ck_assert_uint_eq(hub_next_tick_ms(world_hub(w)), UINT64_MAX);
	world_wait(w, 1000 * DAY_MS);
	ck_assert_uint_eq(world_stored(w, "s1")->count, 1);
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, an_absent_customer_stays_for_its_window, 0, 2);
	tcase_add_test(tc, nobody_expires_while_the_daemon_stops);
	tcase_add_test(tc,
	    the_window_counts_from_the_last_of_several_connections);
	tcase_add_test(tc, a_return_in_time_changes_nothing);
	tcase_add_test(tc,
	    a_late_death_of_an_old_connection_is_of_no_interest);
	tcase_add_test(tc, a_refused_message_does_not_prolong_an_absence);
	tcase_add_test(tc, nobody_is_waited_for_while_nobody_is_there);
	tcase_add_test(tc, after_a_restart_everybody_finds_the_carts);
	tcase_add_test(tc, without_a_window_the_absent_stay);
	tcase_add_test(tc, an_expired_customer_resumes_cart_and_all);
	tcase_add_test(tc, an_expired_host_resumes_as_host);
	tcase_add_test(tc, an_expired_customer_without_token_is_gone);
	tcase_add_test(tc, who_is_away_comes_back_when_there_is_room);
	tcase_add_loop_test(tc,
	    the_longest_absent_beyond_the_limit_is_forgotten, 0, 2);
	tcase_add_test(tc, a_session_ends_when_it_was_unused_for_long);
	tcase_add_test(tc, a_session_in_use_does_not_end_after_a_crash);
	tcase_add_loop_test(tc,
	    a_session_in_use_is_said_to_be_so_when_nothing_else_does, 0, 2);
	tcase_add_test(tc,
	    an_ended_session_is_found_ended_before_it_was_searched_for);
	tcase_add_test(tc, a_session_one_moment_younger_goes_on);
	tcase_add_test(tc, all_unused_sessions_are_found);
	tcase_add_test(tc, the_same_id_is_started_afresh);
	tcase_add_test(tc, tombstones_are_limited_and_still_say_left);
	tcase_add_test(tc, sessions_may_live_for_ever);
}
