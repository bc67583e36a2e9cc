#include "suite.h"

#include <string.h>

#include "base/buf.h"
#include "hub/call.h"
#include "hub/hub.h"
#include "hub/hub_counts.h"
#include "hub/quota.h"
#include "hub/shop.h"
#include "hub/webhook_state.h"
#include "hub_script.h"

/* Several shops: whose sessions are whose, and that none takes from another. */

const char suite_name[] = "hub_shops";

/* The shop outside, a and b. */
static struct shop_settings settings[3];

static struct world *
world_of(const struct world_config *config)
{
	struct world *w = world_new_with(config);

	settings[0] = config->shop;
	shops_configure(world_shops(w), settings, 3);
	return w;
}

static struct world *
world_of_shops(void)
{
	struct world_config config;

	world_defaults(&config);
	return world_of(&config);
}

static void
setup(void)
{
	settings[1] = (struct shop_settings){ .name = "a",
	    .ticket_audience = "" };
	settings[2] = (struct shop_settings){ .name = "b",
	    .ticket_audience = "" };
}

static struct shop *
shop_a(struct world *w)
{
	return shops_of_session(world_shops(w), "a/any");
}

START_TEST(one_id_is_a_session_in_each_shop)
{
	struct world *w = world_of_shops();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_connect(w, "a/s1");

	say(bob, JOIN, "Bob");
	expect_error(bob, "sessionNotFound", ",'event':'joinSession'");
	say(bob, START, "Bob");
	expect(bob, STARTED, "<id>");
	expect_carts(bob, "Bob* {}");
	expect_nothing(ann);
	ck_assert_uint_eq(shops_first(world_shops(w))->sessions, 1);
	ck_assert_uint_eq(shop_a(w)->sessions, 1);
	ck_assert_uint_eq(shop_a(w)->counts.started, 1);
	say(bob, LEAVE, bob->id);
	ck_assert_uint_eq(shop_a(w)->sessions, 0);
	world_free(w);
}
END_TEST

START_TEST(a_shop_has_so_many_sessions_and_others_have_theirs)
{
	struct world *w;
	struct client *ann, *bob, *eve;

	settings[1].max_sessions = 1;
	w = world_of_shops();
	ann = world_start(w, "a/s1", "Ann");
	eve = world_connect(w, "a/s2");
	say(eve, START, "Eve");
	expect_error(eve, "rateLimited",
	    ",'event':'startSession','retryAfter':30");
	ck_assert_uint_eq(shop_a(w)->counts.limited_sessions, 1);
	/* Whoever comes to one that there is may. */
	bob = world_join(w, "a/s1", "Bob");
	(void)world_start(w, "b/s2", "Cid");
	(void)world_start(w, "s2", "Dan");
	say(ann, LEAVE, ann->id);
	say(bob, LEAVE, bob->id);
	say(eve, START, "Eve");
	expect(eve, STARTED, "<id>");
	world_free(w);
}
END_TEST

START_TEST(all_shops_have_so_many_sessions_together)
{
	struct world_config config;
	struct hub_counts counts;
	struct client *eve;
	struct world *w;

	world_defaults(&config);
	config.hub.max_sessions = 2;
	w = world_of(&config);
	(void)world_start(w, "s1", "Ann");
	(void)world_start(w, "a/s1", "Bob");
	eve = world_connect(w, "b/s1");
	say(eve, START, "Eve");
	expect_error(eve, "rateLimited",
	    ",'event':'startSession','retryAfter':30");
	hub_copy_counts(world_hub(w), &counts);
	ck_assert_uint_eq(counts.limited_sessions, 1);
	ck_assert_uint_eq(shop_a(w)->counts.limited_sessions, 0);
	world_free(w);
}
END_TEST

START_TEST(what_an_address_starts_in_one_shop_counts_there)
{
	struct world_config config;
	struct client *eve;
	struct world *w;

	world_defaults(&config);
	config.sessions_per_minute = 1;
	settings[1].sessions_per_minute = 1;
	settings[2].sessions_per_minute = 1;
	w = world_of(&config);
	eve = world_connect_from(w, "a/s1", 1);
	say(eve, START, "Eve");
	expect(eve, STARTED, "<id>");
	eve = world_connect_from(w, "a/s2", 1);
	say(eve, START, "Eve");
	expect_error(eve, "rateLimited",
	    ",'event':'startSession','retryAfter':60");
	ck_assert_uint_eq(shop_a(w)->counts.limited_starts, 1);
	eve = world_connect_from(w, "a/s2", 2);
	say(eve, START, "Eve");
	expect(eve, STARTED, "<id>");
	eve = world_connect_from(w, "b/s1", 1);
	say(eve, START, "Eve");
	expect(eve, STARTED, "<id>");
	eve = world_connect_from(w, "s1", 1);
	say(eve, START, "Eve");
	expect(eve, STARTED, "<id>");
	eve = world_connect_from(w, "s2", 1);
	say(eve, START, "Eve");
	expect_error(eve, "rateLimited",
	    ",'event':'startSession','retryAfter':60");
	world_free(w);
}
END_TEST

START_TEST(who_is_with_a_shop_that_is_closed_goes)
{
	struct world *w = world_of_shops();
	struct client *ann = world_start_resumable(w, "a/s1", "Ann");
	struct client *bob = world_start(w, "b/s1", "Bob");
	struct client *held = post(w, "a/s1", ann->token, POLL_AT, ann->id,
	    "1.1");
	struct client *eve = world_connect(w, "a/s1");

	expect_waiting(held);
	settings[1] = settings[2];
	shops_configure(world_shops(w), settings, 2);
	/* What is on its way is refused, tickets or not. */
	say(eve, JOIN, "Eve");
	expect_error(eve, "notFound", ",'event':'joinSession'");
	hub_configure(world_hub(w), &world_config(w)->hub, world_now(w));
	world_run(w);
	ck_assert(ann->was_closed);
	ck_assert(eve->was_closed);
	ck_assert(held->is_answered);
	ck_assert(!bob->was_closed);
	ck_assert(!shops_has_one(world_shops(w)));
	world_free(w);
}
END_TEST

START_TEST(strangers_make_room_in_their_own_shop)
{
	struct world *w = world_of_shops();
	struct client *first = world_connect(w, "s1");
	struct client *eve = world_connect(w, "a/s1");
	uint64_t since_ms = world_now(w)->mono_ms;

	ck_assert_ptr_null(hub_take_unjoined(world_hub(w), shop_a(w),
	    since_ms - 1, world_now(w)));
	ck_assert_ptr_eq(hub_take_unjoined(world_hub(w), shop_a(w), since_ms,
	    world_now(w)), &eve->peer);
	ck_assert_ptr_null(hub_take_unjoined(world_hub(w), shop_a(w),
	    since_ms, world_now(w)));
	ck_assert_ptr_eq(hub_take_unjoined(world_hub(w), NULL, since_ms,
	    world_now(w)), &first->peer);
	world_free(w);
}
END_TEST

struct listing {
	struct call call;
	char	 text[64];
};

static void
on_listed(struct call *call)
{
	struct listing *listing = (struct listing *)call;
	size_t i;

	for (i = 0; i < call->count; i++) {
		strcat(listing->text, call->sessions[i].id->data);
		strcat(listing->text, " ");
	}
}

static const char *
list(struct world *w, const char *shop)
{
	static struct listing listing;

	listing = (struct listing){ .call = { .kind = CALL_LIST,
	    .done = on_listed, .shop = shop, .max = 100 } };
	call_begin(world_hub(w), &listing.call, world_now(w));
	world_run(w);
	return listing.text;
}

START_TEST(a_list_has_the_sessions_of_one_shop)
{
	struct world_config config;
	struct world *w;

	world_defaults(&config);
	config.has_store = true;
	w = world_of(&config);
	(void)world_start(w, "s1", "Ann");
	(void)world_start(w, "a/s1", "Ann");
	(void)world_start(w, "b/s1", "Ann");
	(void)world_start(w, "a/s2", "Ann");
	ck_assert_str_eq(list(w, ""), "s1 ");
	ck_assert_str_eq(list(w, "a"), "a/s1 a/s2 ");
	ck_assert_str_eq(list(w, "b"), "b/s1 ");
	world_free(w);
}
END_TEST

START_TEST(a_shop_has_so_many_connections)
{
	struct world *w;
	struct shop *shop;

	settings[1].max_connections = 2;
	w = world_of_shops();
	shop = shop_a(w);
	ck_assert_int_eq(shop_connect(shop, NULL), 0);
	ck_assert(!shop_is_full(shop));
	ck_assert_int_eq(shop_connect(shop, NULL), 0);
	ck_assert(shop_is_full(shop));
	ck_assert_int_eq(shop_connect(shop, NULL), -1);
	ck_assert_uint_eq(shop->counts.limited_connections, 1);
	shop_disconnect(shop, NULL, 0);
	ck_assert_int_eq(shop_connect(shop, NULL), 0);
	/* It is the same one when it comes back. */
	shops_configure(world_shops(w), settings, 1);
	ck_assert(!shop->is_served);
	shops_configure(world_shops(w), settings, 2);
	ck_assert_ptr_eq(shop_a(w), shop);
	ck_assert(shop_is_full(shop));
	ck_assert_ptr_null(shops_of_session(world_shops(w), "none/s1"));
	ck_assert_ptr_null(shops_of_session(world_shops(w), "aa/s1"));
	world_free(w);
}
END_TEST

START_TEST(an_address_has_half_of_a_shops_connections)
{
	static const uint8_t eve[QUOTA_KEY_BYTES] = { 1 },
	    bob[QUOTA_KEY_BYTES] = { 2 };
	struct world *w;
	struct shop *shop;

	settings[1].max_connections = 5;
	settings[2].max_connections = 1;
	w = world_of_shops();
	shop = shop_a(w);
	ck_assert_int_eq(shop_connect(shop, eve), 0);
	ck_assert_int_eq(shop_connect(shop, eve), 0);
	ck_assert_int_eq(shop_connect(shop, eve), -1);
	ck_assert_uint_eq(shop->counts.limited_connections, 1);
	ck_assert_int_eq(shop_connect(shop, bob), 0);
	ck_assert_uint_eq(shop->connections, 3);
	shop_disconnect(shop, eve, 0);
	ck_assert_int_eq(shop_connect(shop, eve), 0);
	shop = shops_next(shop);
	ck_assert_int_eq(shop_connect(shop, eve), 0);
	ck_assert_int_eq(shop_connect(shops_first(world_shops(w)), eve), 0);
	world_free(w);
}
END_TEST

static void
on_read(struct call *call)
{
	(void)call;
}

START_TEST(a_session_counts_that_was_asked_for_before_its_shop)
{
	struct payload *id = payload_new("c/s1", 4);
	struct call call = { .kind = CALL_READ, .done = on_read,
	    .session = id };
	struct world *w = world_of_shops();
	struct shop *shop;

	call_begin(world_hub(w), &call, world_now(w));
	settings[2].name = "c";
	shops_configure(world_shops(w), settings, 3);
	shop = shops_of_session(world_shops(w), "c/s1");
	say(world_connect(w, "c/s1"), START, "Ann");
	world_run(w);
	ck_assert_uint_eq(shop->sessions, 1);
	payload_unref(id);
	world_free(w);
}
END_TEST

START_TEST(webhooks_of_a_shop_go_on_at_its_own_position)
{
	static const char *const shops[] = { "", "books", "music" };
	struct webhook_states states = STAILQ_HEAD_INITIALIZER(states);
	struct webhook_state *state;
	int i;

	for (i = 0; i < 3; i++) {
		state = webhook_state_new();
		webhook_state_set_shop(state, shops[i]);
		state->seq = i;
		STAILQ_INSERT_TAIL(&states, state, entry);
	}
	for (i = 2; i >= 0; i--) {
		state = webhook_states_take(&states, shops[i]);
		ck_assert_ptr_nonnull(state);
		ck_assert_int_eq(state->seq, i);
		webhook_state_free(state);
		ck_assert_ptr_null(webhook_states_take(&states, shops[i]));
	}
	ck_assert(STAILQ_EMPTY(&states));
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, one_id_is_a_session_in_each_shop);
	tcase_add_test(tc,
	    a_shop_has_so_many_sessions_and_others_have_theirs);
	tcase_add_test(tc, all_shops_have_so_many_sessions_together);
	tcase_add_test(tc, what_an_address_starts_in_one_shop_counts_there);
	tcase_add_test(tc, who_is_with_a_shop_that_is_closed_goes);
	tcase_add_test(tc, strangers_make_room_in_their_own_shop);
	tcase_add_test(tc, a_list_has_the_sessions_of_one_shop);
	tcase_add_test(tc, a_shop_has_so_many_connections);
	tcase_add_test(tc, an_address_has_half_of_a_shops_connections);
	tcase_add_test(tc,
	    a_session_counts_that_was_asked_for_before_its_shop);
	tcase_add_test(tc, webhooks_of_a_shop_go_on_at_its_own_position);
}
