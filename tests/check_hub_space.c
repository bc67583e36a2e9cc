/*
 * While little is free on the disk, little is written: first no new sessions
 * and large carts, then nothing that clients have written but their leaving.
 */
#include <string.h>

#include "hub/erasure.h"
#include "hub/hub.h"
#include "hub/hub_counts.h"
#include "hub_script.h"
#include "session/record.h"
#include "suite.h"

const char suite_name[] = "hub_space";

#define MIN UINT64_C(1000000)

static struct world *
world_with_min(uint64_t min)
{
	struct world_config config;

	world_defaults(&config);
	config.hub.min_free_bytes = min;
	return world_new_with(&config);
}

/* So much is free from now on, and that is found out. */
static void
set_free(struct world *world, uint64_t bytes)
{
	struct client *ann = TAILQ_FIRST(world_clients(world));

	world_set_free(world, bytes);
	say(ann, CART, ann->id, "{}");
	world_ignore(world);
}

static struct hub_counts
counts_of(struct world *world)
{
	struct hub_counts counts;

	hub_copy_counts(world_hub(world), &counts);
	return counts;
}

static void
expect_no_room(struct client *client, const char *event)
{
	expect_error(client, "storageUnavailable",
	    ",'event':'%s','retryAfter':5", event);
}

/* {"a":"xxx..."} of so many bytes. */
static const char *
cart_of(size_t bytes)
{
	static char cart[8192];

	memset(cart, 'x', bytes);
	memcpy(cart, "{'a':'", 6);
	memcpy(cart + bytes - 2, "'}", 3);
	return cart;
}

START_TEST(room_is_measured_at_first_and_when_something_is_written)
{
	struct world *w = world_with_min(MIN);
	struct client *ann;
	unsigned before;

	world_wait(w, 10000);
	ck_assert_uint_eq(world_measured(w), 1);
	ann = world_start(w, "s1", "Ann");
	before = world_measured(w);
	ck_assert_uint_eq(before, 2);
	say(ann, CART, ann->id, "{}");
	ck_assert_uint_eq(world_measured(w), before + 1);
	/* With the list of jobs that it is about. */
	ck_assert_uint_eq(world_lists_done(w), 5);
	world_wait(w, 60000);
	ck_assert_uint_eq(world_measured(w), before + 1);
	world_free(w);
}
END_TEST

START_TEST(below_the_watermark_only_small_changes_go_on)
{
	struct world *w = world_with_min(MIN);
	struct client *ann = world_start(w, "s1", "Ann"), *bob, *eve;

	set_free(w, MIN - 1);
	say(ann, CART, ann->id, cart_of(4097));
	expect_no_room(ann, "updateCart");
	eve = world_connect(w, "s2");
	say(eve, START, "Eve");
	expect_no_room(eve, "startSession");
	ck_assert_ptr_null(world_stored(w, "s2"));
	ck_assert_uint_eq(counts_of(w).limited_space, 2);

	say(ann, CART, ann->id, cart_of(4096));
	ck_assert_uint_eq(world_record(w, "s1")->cart->len, 4096);
	world_ignore(w);
	bob = world_join(w, "s1", "Bob");
	say(bob, READY, bob->id, "true");
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_READY);
	world_free(w);
}
END_TEST

START_TEST(below_half_of_it_only_leaving_goes_on)
{
	struct world *w = world_with_min(MIN);
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *cid = world_join(w, "s1", "Cid");
	struct client *eve;
	const struct record *notes;
	size_t count;

	set_free(w, MIN / 2 - 1);
	count = world_stored(w, "s1")->count;
	say(ann, CART, ann->id, "{}");
	expect_no_room(ann, "updateCart");
	say(ann, READY, ann->id, "true");
	expect_no_room(ann, "customerReadyToCheckout");
	eve = world_connect(w, "s1");
	say(eve, JOIN, "Eve");
	expect_no_room(eve, "joinSession");
	world_wait(w, 2000);
	ck_assert_uint_eq(world_stored(w, "s1")->count, count);
	ck_assert_uint_eq(world_notes(w, &notes), 0);

	say(bob, LEAVE, bob->id);
	expect(bob, LEFT, bob->id);
	expect_carts(ann, "Ann* {}, Cid {}");
	hang_up(cid);
	world_wait(w, 5000);
	expect_carts(ann, "Ann* {}");
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_EXPIRE);
	(void)erasure_begin(world_hub(w), ann->peer.session_id, NULL,
	    world_now(w));
	world_wait(w, 10000);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_END);
	ck_assert_uint_eq(world_notes(w, &notes), 1);
	ck_assert_int_eq(notes[0].event, RECORD_ERASE);
	world_free(w);
}
END_TEST

START_TEST(everything_is_accepted_when_there_is_room_again)
{
	struct world *w = world_with_min(MIN);
	struct client *ann = world_start(w, "s1", "Ann");
	unsigned measured;

	set_free(w, MIN / 2 - 1);
	measured = world_measured(w);
	world_wait(w, 5000);
	ck_assert_uint_eq(world_measured(w), measured + 5);

	/* A little more than before, or it would come and go. */
	world_set_free(w, MIN / 2);
	world_wait(w, 1000);
	say(ann, CART, ann->id, "{}");
	expect_no_room(ann, "updateCart");
	world_set_free(w, MIN);
	world_wait(w, 1000);
	say(ann, CART, ann->id, cart_of(5000));
	expect_no_room(ann, "updateCart");
	say(ann, CART, ann->id, "{}");
	expect_carts(ann, "Ann* {}");
	world_set_free(w, MIN + MIN / 16);
	world_wait(w, 1000);
	say(ann, CART, ann->id, cart_of(5000));
	ck_assert_uint_eq(world_record(w, "s1")->cart->len, 5000);
	world_free(w);
}
END_TEST

START_TEST(no_room_need_be_kept)
{
	struct world *w = world_with_min(MIN);
	struct client *ann = world_start(w, "s1", "Ann");

	set_free(w, 0);
	world_config(w)->hub.min_free_bytes = 0;
	hub_configure(world_hub(w), &world_config(w)->hub, world_now(w));
	say(ann, CART, ann->id, "{'a':1}");
	expect_carts(ann, "Ann* {'a':1}");
	ck_assert(!counts_of(w).has_free_bytes);
	world_config(w)->hub.min_free_bytes = MIN;
	hub_configure(world_hub(w), &world_config(w)->hub, world_now(w));
	world_wait(w, 0);
	say(ann, CART, ann->id, "{}");
	expect_no_room(ann, "updateCart");
	ck_assert(counts_of(w).has_free_bytes);
	ck_assert_uint_eq(counts_of(w).free_bytes, 0);
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc,
	    room_is_measured_at_first_and_when_something_is_written);
	tcase_add_test(tc, below_the_watermark_only_small_changes_go_on);
	tcase_add_test(tc, below_half_of_it_only_leaving_goes_on);
	tcase_add_test(tc, everything_is_accepted_when_there_is_room_again);
	tcase_add_test(tc, no_room_need_be_kept);
}
