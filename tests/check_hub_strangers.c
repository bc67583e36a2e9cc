#include "suite.h"

#include "hub/hub.h"
#include "hub/hub_counts.h"
#include "hub_script.h"

/* Connections that speak for nobody do not stay. */

const char suite_name[] = "hub_strangers";

enum { TIMEOUT_MS = 30000 };

static struct world *
world_with_timeout(void)
{
	struct world_config config;

	world_defaults(&config);
	config.hub.join_timeout_ms = TIMEOUT_MS;
	return world_new_with(&config);
}

static void
configure_timeout(struct world *w, uint64_t ms)
{
	world_config(w)->hub.join_timeout_ms = ms;
	hub_configure(world_hub(w), &world_config(w)->hub, world_now(w));
	world_run(w);
}

static uint64_t
late_unjoined(const struct client *client)
{
	struct hub_counts counts;

	hub_copy_counts(world_hub(client->world), &counts);
	return counts.late_unjoined;
}

/* client stays for ms, and not a millisecond longer. */
static void
expect_closed_in(struct client *client, uint64_t ms)
{
	world_wait(client->world, ms - 1);
	ck_assert(!client->was_closed);
	world_wait(client->world, 1);
	ck_assert(client->was_closed);
}

START_TEST(who_speaks_for_nobody_is_closed_in_time)
{
	struct world *w = world_with_timeout();
	struct client *eve;

	world_wait(w, 12345);
	eve = world_connect(w, "s1");
	expect_closed_in(eve, TIMEOUT_MS);
	ck_assert_uint_eq(late_unjoined(eve), 1);
	world_free(w);
}
END_TEST

START_TEST(who_joins_stays)
{
	struct world *w = world_with_timeout();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_connect(w, "s1");

	world_wait(w, TIMEOUT_MS - 1);
	say(bob, JOIN, "Bob");
	world_wait(w, 10 * TIMEOUT_MS);
	ck_assert(!ann->was_closed);
	ck_assert(!bob->was_closed);
	ck_assert_uint_eq(late_unjoined(ann), 0);
	world_free(w);
}
END_TEST

START_TEST(what_is_refused_gains_no_time)
{
	struct world *w = world_with_timeout();
	struct client *eve = world_connect(w, "s1");

	world_wait(w, TIMEOUT_MS - 1);
	say(eve, JOIN, "Eve");
	say(eve, "{");
	expect_closed_in(eve, 1);
	world_free(w);
}
END_TEST

START_TEST(who_changes_the_cart_of_another_has_the_time_anew)
{
	struct world *w = world_with_timeout();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *tab = world_connect(w, "s1");

	world_wait(w, TIMEOUT_MS - 1);
	say(tab, CART, ann->id, "{'a':1}");
	expect_closed_in(tab, TIMEOUT_MS);
	ck_assert(!ann->was_closed);
	world_free(w);
}
END_TEST

START_TEST(who_left_is_a_stranger_from_then_on)
{
	struct world *w = world_with_timeout();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");

	world_wait(w, 10 * TIMEOUT_MS);
	say(bob, LEAVE, bob->id);
	expect_closed_in(bob, TIMEOUT_MS);
	ck_assert(!ann->was_closed);
	world_free(w);
}
END_TEST

START_TEST(who_waits_for_the_storage_is_not_late)
{
	struct world *w = world_with_timeout();
	struct client *ann = world_connect(w, "s1");

	world_hold(w);
	say(ann, START, "Ann");
	world_wait(w, 10 * TIMEOUT_MS);
	ck_assert(!ann->was_closed);
	world_go_on(w);
	expect(ann, STARTED, "<id>");
	world_wait(w, 10 * TIMEOUT_MS);
	ck_assert(!ann->was_closed);
	world_free(w);
}
END_TEST

START_TEST(requests_are_no_strangers)
{
	struct world *w = world_with_timeout();
	struct client *poll = world_request(w, "s1", "");

	world_wait(w, 10 * TIMEOUT_MS);
	ck_assert(!poll->peer.wants_close);
	world_free(w);
}
END_TEST

START_TEST(a_changed_time_holds_for_those_who_are_there)
{
	struct world *w = world_with_timeout();
	struct client *eve = world_connect(w, "s1"), *mal;

	world_wait(w, 1000);
	configure_timeout(w, 0);
	world_wait(w, 10 * TIMEOUT_MS);
	ck_assert(!eve->was_closed);
	configure_timeout(w, TIMEOUT_MS);
	world_wait(w, 1000);
	mal = world_connect(w, "s1");
	configure_timeout(w, TIMEOUT_MS / 2);
	expect_closed_in(eve, TIMEOUT_MS / 2 - 1000);
	expect_closed_in(mal, 1000);
	world_free(w);
}
END_TEST

static struct peer *
take(struct world *w, uint64_t since_ms)
{
	return hub_take_unjoined(world_hub(w), NULL, since_ms, world_now(w));
}

START_TEST(the_one_that_came_first_makes_room_for_others)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *eve = world_connect(w, "s1"), *mal;
	uint64_t since_ms = world_now(w)->mono_ms;

	world_wait(w, 1000);
	mal = world_connect(w, "s1");
	ck_assert_ptr_null(take(w, since_ms - 1));
	ck_assert_ptr_eq(take(w, since_ms), &eve->peer);
	ck_assert_ptr_null(take(w, since_ms));
	ck_assert_ptr_eq(take(w, since_ms + 1000), &mal->peer);
	ck_assert_ptr_null(take(w, since_ms + 1000));
	ck_assert_ptr_nonnull(ann->peer.seat);
	world_free(w);
}
END_TEST

START_TEST(who_waits_for_the_storage_makes_no_room)
{
	struct world *w = world_new();
	struct client *ann = world_connect(w, "s1"), *eve;
	uint64_t since_ms = world_now(w)->mono_ms;

	eve = world_connect(w, "s1");
	world_hold(w);
	say(ann, START, "Ann");
	ck_assert_ptr_eq(take(w, since_ms), &eve->peer);
	ck_assert_ptr_null(take(w, since_ms));
	world_go_on(w);
	expect(ann, STARTED, "<id>");
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, who_speaks_for_nobody_is_closed_in_time);
	tcase_add_test(tc, who_joins_stays);
	tcase_add_test(tc, what_is_refused_gains_no_time);
	tcase_add_test(tc, who_changes_the_cart_of_another_has_the_time_anew);
	tcase_add_test(tc, who_left_is_a_stranger_from_then_on);
	tcase_add_test(tc, who_waits_for_the_storage_is_not_late);
	tcase_add_test(tc, requests_are_no_strangers);
	tcase_add_test(tc, a_changed_time_holds_for_those_who_are_there);
	tcase_add_test(tc, the_one_that_came_first_makes_room_for_others);
	tcase_add_test(tc, who_waits_for_the_storage_makes_no_room);
}
