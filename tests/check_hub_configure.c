#include "suite.h"

#include "hub/hub.h"
#include "hub_script.h"
#include "session/record.h"
#include "session/session.h"

/* Settings that change while sessions are under way. */

const char suite_name[] = "hub_configure";

#define DAY_MS UINT64_C(86400000)

/* The settings, to be changed before configure(). */
static struct hub_settings *
settings(struct world *world)
{
	return &world_config(world)->hub;
}

static void
configure(struct world *world)
{
	hub_configure(world_hub(world), settings(world), world_now(world));
	world_run(world);
}

/* Windows of absence, and when somebody leaves who is absent for a second. */
static const struct {
	uint64_t before_ms;
	uint64_t after_ms;
	uint64_t left_ms;	/* then; 0 for never */
} windows[] = {
	{ 60000, 10000, 9000 },
	{ 60000, 90000, 89000 },
	{ 60000, 500, 1 },
	{ 60000, 0, 0 },
	{ 0, 60000, 60000 },
	{ 0, 0, 0 },
};

enum { WINDOWS = sizeof(windows) / sizeof(windows[0]) };

START_TEST(a_changed_window_holds_for_those_who_are_absent)
{
	struct world *w = world_new();
	struct client *ann, *bob;

	settings(w)->absence_window_ms[true] = windows[_i].before_ms;
	configure(w);
	ann = world_start(w, "s1", "Ann");
	bob = world_join_resumable(w, "s1", "Bob");
	hang_up(bob);
	world_ignore(w);
	world_wait(w, 1000);
	settings(w)->absence_window_ms[true] = windows[_i].after_ms;
	configure(w);

	if (windows[_i].left_ms > 1)
		world_wait(w, windows[_i].left_ms - 1);
	else if (windows[_i].left_ms == 0)
		world_wait(w, DAY_MS);
	expect_nothing(ann);
	world_wait(w, 1);
	if (windows[_i].left_ms > 0)
		expect_carts(ann, "Ann* {}");
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(windows_with_and_without_a_token_change_apart)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *cid = world_join_resumable(w, "s1", "Cid");

	hang_up(bob);
	hang_up(cid);
	world_ignore(w);
	settings(w)->absence_window_ms[false] = 90000;
	configure(w);

	world_wait(w, 60000);
	expect_carts(ann, "Ann* {}, Bob {}");
	world_wait(w, 30000);
	expect_carts(ann, "Ann* {}");
	world_free(w);
}
END_TEST

START_TEST(a_changed_presence_holds_for_requests_that_were_made)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");

	(void)world_join_by_request(w, "s1", "Bob");
	world_ignore(w);
	world_wait(w, 1000);
	settings(w)->poll_presence_ms = 5000;
	configure(w);

	world_wait(w, 4000 + 60000 - 1);
	expect_nothing(ann);
	world_wait(w, 1);
	expect_carts(ann, "Ann* {}");
	world_free(w);
}
END_TEST

START_TEST(sessions_that_lived_for_ever_end_when_they_may_not_any_more)
{
	struct world *w = world_new();

	settings(w)->session_ttl_ms = 0;
	configure(w);
	hang_up(world_start(w, "s1", "Ann"));
	world_wait(w, 10 * DAY_MS);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_START);
	settings(w)->session_ttl_ms = DAY_MS;
	configure(w);

	world_wait(w, 60000);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_END);
	world_free(w);
}
END_TEST

START_TEST(sessions_that_may_live_for_ever_are_not_looked_for)
{
	struct world *w = world_new();

	hang_up(world_start(w, "s1", "Ann"));
	settings(w)->session_ttl_ms = 0;
	configure(w);

	ck_assert_uint_eq(hub_next_tick_ms(world_hub(w)), UINT64_MAX);
	world_wait(w, 10 * DAY_MS);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_START);
	world_free(w);
}
END_TEST

START_TEST(sessions_in_use_say_so_once_a_second_at_the_most)
{
	struct world *w = world_new();
	uint64_t begun_ms = world_now(w)->wall_ms;

	settings(w)->session_ttl_ms = 12000;
	configure(w);
	(void)world_start(w, "s1", "Ann");

	world_wait(w, 999);
	ck_assert_uint_eq(world_stored(w, "s1")->session->active_ms, begun_ms);
	world_wait(w, 1);
	ck_assert_uint_eq(world_stored(w, "s1")->session->active_ms,
	    begun_ms + 1000);
	world_free(w);
}
END_TEST

START_TEST(retention_and_its_log_line_begin_and_end_with_their_settings)
{
	struct world *w = world_new();

	settings(w)->session_ttl_ms = 0;
	settings(w)->journal_retention_ms = 0;
	settings(w)->audit_retention_ms = 0;
	settings(w)->log_head_ms = 0;
	configure(w);
	ck_assert_uint_eq(hub_next_tick_ms(world_hub(w)), UINT64_MAX);
	settings(w)->audit_retention_ms = 48000;
	configure(w);
	ck_assert_uint_eq(hub_next_tick_ms(world_hub(w)),
	    world_now(w)->mono_ms + 2000);
	settings(w)->log_head_ms = 1500;
	configure(w);
	ck_assert_uint_eq(hub_next_tick_ms(world_hub(w)),
	    world_now(w)->mono_ms + 1500);

	settings(w)->audit_retention_ms = 0;
	settings(w)->log_head_ms = 0;
	configure(w);
	ck_assert_uint_eq(hub_next_tick_ms(world_hub(w)), UINT64_MAX);
	world_free(w);
}
END_TEST

START_TEST(a_lower_limit_lets_everybody_stay_and_nobody_in)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *cid = world_connect(w, "s1");

	world_ignore(w);
	settings(w)->limits.max_customers = 1;
	configure(w);

	say(cid, JOIN, "Cid");
	expect_error(cid, "sessionFull",
	    ",'event':'joinSession','retryAfter':60");
	say(bob, CART, bob->id, "{'a':1}");
	expect_carts(ann, "Ann* {}, Bob {'a':1}");
	world_free(w);
}
END_TEST

START_TEST(a_changed_rate_holds_for_connections_that_are_there)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");

	settings(w)->message_rate = 1;
	settings(w)->message_burst = 1;
	configure(w);

	say(ann, CART, ann->id, "{}");
	expect_carts(ann, "Ann* {}");
	ck_assert(!hub_peer_is_ready(world_hub(w), &ann->peer));
	settings(w)->message_rate = 10;
	configure(w);
	ck_assert(!hub_peer_is_ready(world_hub(w), &ann->peer));
	world_wait(w, 100);
	say(ann, CART, ann->id, "{}");
	expect_carts(ann, "Ann* {}");
	ck_assert(!hub_peer_is_ready(world_hub(w), &ann->peer));
	settings(w)->message_rate = 0;
	configure(w);
	say(ann, CART, ann->id, "{}");
	expect_carts(ann, "Ann* {}");
	world_free(w);
}
END_TEST

START_TEST(tokens_that_are_required_are_given_to_those_who_come)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *eve = world_connect(w, "s1");

	settings(w)->require_tokens = true;
	configure(w);

	say(eve, CART, ann->id, "{}");
	expect_error(eve, "notYourCustomer", ",'event':'updateCart'");
	say(ann, CART, ann->id, "{'a':1}");
	expect_carts(ann, "Ann* {'a':1}");
	say(eve, JOIN, "Eve");
	expect(eve, JOINED_RESUMABLE, "<id>", "<token>");
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc,
	    a_changed_window_holds_for_those_who_are_absent, 0, WINDOWS);
	tcase_add_test(tc, windows_with_and_without_a_token_change_apart);
	tcase_add_test(tc,
	    a_changed_presence_holds_for_requests_that_were_made);
	tcase_add_test(tc,
	    sessions_that_lived_for_ever_end_when_they_may_not_any_more);
	tcase_add_test(tc,
	    sessions_that_may_live_for_ever_are_not_looked_for);
	tcase_add_test(tc,
	    sessions_in_use_say_so_once_a_second_at_the_most);
	tcase_add_test(tc,
	    retention_and_its_log_line_begin_and_end_with_their_settings);
	tcase_add_test(tc, a_lower_limit_lets_everybody_stay_and_nobody_in);
	tcase_add_test(tc,
	    a_changed_rate_holds_for_connections_that_are_there);
	tcase_add_test(tc,
	    tokens_that_are_required_are_given_to_those_who_come);
}
