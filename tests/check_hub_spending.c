/*
 * What clients have the daemon write is limited, for each session and for each
 * address.  A change costs its cart and name, and 512 bytes for its rows.
 */
#include <string.h>

#include "hub/hub.h"
#include "hub/hub_counts.h"
#include "hub_script.h"
#include "session/record.h"
#include "suite.h"

const char suite_name[] = "hub_spending";

enum {
	CHANGE = 512 + 2,	/* of a cart, to {} */
	BURST = 5 * CHANGE,
	RATE = CHANGE / 2	/* a second */
};

/* After four changes and a start a byte is missing for another one. */
#define BYTE_S (86400 / BURST + 1)
#define DAY_MS UINT64_C(86400000)

static const struct quota_writes a_second = { .per_s = RATE, .burst = BURST };
static const struct quota_writes a_day = { .per_day = BURST };

static struct world *
world_with(struct quota_writes session, struct quota_writes address)
{
	struct world_config config;

	world_defaults(&config);
	config.hub.session_writes = session;
	config.address_writes = address;
	return world_new_with(&config);
}

static struct world *
world_of_sessions(void)
{
	return world_with(a_second, (struct quota_writes){ 0 });
}

static struct world *
world_of_addresses(void)
{
	return world_with((struct quota_writes){ 0 }, a_second);
}

static struct hub_counts
counts_of(struct world *world)
{
	struct hub_counts counts;

	hub_copy_counts(world_hub(world), &counts);
	return counts;
}

static void
expect_limited(struct client *client, const char *event, unsigned wait_s)
{
	expect_error(client, "rateLimited", ",'event':'%s','retryAfter':%u",
	    event, wait_s);
}

static size_t
records(struct world *world, const char *session)
{
	return world_stored(world, session)->count;
}

/* customer changes its cart n times. */
static void
change(struct client *customer, unsigned n)
{
	size_t before = records(customer->world, "s1");

	ignore(customer);
	for (; n > 0; n--) {
		say(customer, CART, customer->id, "{}");
		expect_carts(customer, "Ann* {}");
		ck_assert_uint_eq(records(customer->world, "s1"), ++before);
	}
}

/* customer uses up all that was not used before. */
static void
spend(struct client *customer)
{
	unsigned n;

	for (n = 0; n < 5; n++)
		say(customer, CART, customer->id, "{}");
	world_ignore(customer->world);
}

/* Ann in s1, who has n changes left. */
static struct client *
spent_but(struct world *world, unsigned n)
{
	struct client *ann = world_start(world, "s1", "Ann");

	world_wait(world, 60000);
	change(ann, 5 - n);
	return ann;
}

START_TEST(so_much_is_written_of_a_session_at_once_and_in_a_second)
{
	struct world *w = world_of_sessions();
	struct client *ann = spent_but(w, 0), *bob, *eve;

	say(ann, CART, ann->id, "{'a':'0123456789'}");
	expect_limited(ann, "updateCart", 3);
	say(ann, READY, ann->id, "true");
	expect_limited(ann, "customerReadyToCheckout", 2);
	bob = world_connect(w, "s1");
	say(bob, JOIN, "Bob");
	expect_limited(bob, "joinSession", 3);
	ck_assert_uint_eq(records(w, "s1"), 1 + 5);
	ck_assert_uint_eq(
	    counts_of(w).limited_session_writes[QUOTA_SECOND], 3);
	/* Others are not concerned. */
	eve = world_start(w, "s2", "Eve");
	say(eve, CART, eve->id, "{}");
	expect_carts(eve, "Eve* {}");

	world_wait(w, 60000);
	say(bob, JOIN, "Bob");
	expect(bob, JOINED, "<id>");
	world_free(w);
}
END_TEST

START_TEST(so_much_is_written_of_a_session_in_a_day)
{
	struct world *w = world_with(a_day, (struct quota_writes){ 0 });
	struct client *ann = world_start(w, "s1", "Ann");

	change(ann, 3);
	say(ann, CART, ann->id, "{}");
	expect_limited(ann, "updateCart", BYTE_S);
	ck_assert_uint_eq(counts_of(w).limited_session_writes[QUOTA_DAY], 1);
	world_wait(w, DAY_MS);
	change(ann, 5);
	world_free(w);
}
END_TEST

START_TEST(so_much_is_written_for_an_address_wherever_it_goes)
{
	struct world *w = world_of_addresses();
	struct client *ann = world_connect_from(w, "s1", 1);
	struct client *bob = world_connect_from(w, "s2", 1);
	struct client *eve = world_connect_from(w, "s1", 2);
	struct client *cid;

	say(ann, START, "Ann");
	expect(ann, STARTED, "<id>");
	say(bob, START, "Bob");
	expect(bob, STARTED, "<id>");
	world_wait(w, 60000);
	ignore(bob);
	change(ann, 5);
	say(bob, CART, bob->id, "{}");
	expect_limited(bob, "updateCart", 2);
	ck_assert_uint_eq(
	    counts_of(w).limited_address_writes[QUOTA_SECOND], 1);
	/* Others may, in the same session, and who has no address. */
	say(eve, JOIN, "Eve");
	expect(eve, JOINED, "<id>");
	cid = world_join(w, "s1", "Cid");
	say(cid, CART, cid->id, "{}");
	expect_carts(cid, "Ann* {}, Eve {}, Cid {}");
	world_wait(w, 10000);
	say(bob, CART, bob->id, "{}");
	expect_carts(bob, "Bob* {}");
	world_free(w);
}
END_TEST

START_TEST(so_much_is_written_for_an_address_in_a_day)
{
	struct world *w = world_with((struct quota_writes){ 0 }, a_day);
	struct client *ann = world_connect_from(w, "s1", 1);

	say(ann, START, "Ann");
	expect(ann, STARTED, "<id>");
	change(ann, 3);
	say(ann, CART, ann->id, "{}");
	expect_limited(ann, "updateCart", BYTE_S);
	ck_assert_uint_eq(counts_of(w).limited_address_writes[QUOTA_DAY], 1);
	hang_up(ann);
	/* Whoever comes back is no other; and the refusal was noted. */
	ann = world_connect_from(w, "s2", 1);
	say(ann, START, "Ann");
	expect_limited(ann, "startSession", 86400 / 5);
	world_wait(w, DAY_MS / 5);
	say(ann, START, "Ann");
	expect(ann, STARTED, "<id>");
	world_free(w);
}
END_TEST

START_TEST(requests_cost_as_much_as_messages)
{
	struct world *w = world_of_addresses();
	struct client *ann = world_request(w, "s1", "");
	struct client *more;
	unsigned i;

	client_come_from(ann, 1);
	say(ann, START, "Ann");
	expect(ann, STARTED_RESUMABLE, "<id>", "<token>");
	world_wait(w, 60000);
	for (i = 0; i < 5; i++) {
		more = world_request(w, "s1", ann->token);
		client_come_from(more, 1);
		say(more, READY, ann->id, "true");
		expect_answer(more, "");
	}
	more = world_request(w, "s1", ann->token);
	client_come_from(more, 1);
	say(more, READY, ann->id, "true");
	expect_refusal(more, "rateLimited",
	    ",'event':'customerReadyToCheckout','retryAfter':2");
	ck_assert_uint_eq(more->poll.retry_after_s, 2);
	world_free(w);
}
END_TEST

START_TEST(what_is_refused_or_stale_costs_nothing)
{
	struct world *w = world_with(a_second, a_second);
	struct client *ann;
	int i;

	world_config(w)->hub.limits.max_cart_bytes = 10;
	hub_configure(world_hub(w), &world_config(w)->hub, world_now(w));
	ann = spent_but(w, 4);
	client_come_from(ann, 1);
	say(ann, CART_SEQ, ann->id, "{}", 1);
	world_ignore(w);
	for (i = 0; i < 10; i++) {
		say(ann, CART_SEQ, ann->id, "{}", 1);
		expect(ann, "{'event':'updateCart','payload':{'seq':1,"
		    "'stale':true}}");
	}
	/* But for the note on them. */
	for (i = 0; i < 10; i++) {
		say(ann, CART, ann->id, "{'a':'0123456789'}");
		expect_error(ann, "messageTooLarge", ",'event':'updateCart'");
	}
	change(ann, 2);
	for (i = 0; i < 10; i++) {
		say(ann, CART, ann->id, "{}");
		expect_limited(ann, "updateCart", 2);
	}
	world_free(w);
}
END_TEST

START_TEST(leaving_is_never_refused_though_it_counts)
{
	struct world *w = world_of_sessions();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");

	world_wait(w, 60000);
	world_ignore(w);
	spend(ann);
	world_wait(w, 1000);
	say(bob, LEAVE, bob->id);
	expect(bob, LEFT, bob->id);
	expect_carts(ann, "Ann* {}");
	world_wait(w, 1000);
	say(ann, CART, ann->id, "{}");
	expect_limited(ann, "updateCart", 1);
	world_free(w);
}
END_TEST

START_TEST(who_is_absent_leaves_the_multicart_though_nothing_is_left)
{
	struct world *w = world_of_sessions();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");

	world_wait(w, 60000);
	hang_up(bob);
	world_wait(w, 4999);
	world_ignore(w);
	spend(ann);
	world_wait(w, 1);
	expect_carts(ann, "Ann* {}");
	world_free(w);
}
END_TEST

START_TEST(a_return_waits_until_it_can_be_written)
{
	struct world *w = world_of_sessions();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_by_request(w, "s1", "Bob");
	struct client *poll;

	world_wait(w, 75000 + 60000);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_EXPIRE);
	world_wait(w, 60000);
	world_ignore(w);
	spend(ann);
	poll = post(w, "s1", bob->token, CART, bob->id, "{}");
	expect_refusal(poll, "rateLimited",
	    ",'event':'updateCart','retryAfter':2");
	poll = post(w, "s1", bob->token, POLL, bob->id);
	expect_refusal(poll, "rateLimited", ",'event':'poll','retryAfter':2");
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_CART);
	world_wait(w, 10000);
	(void)post(w, "s1", bob->token, POLL, bob->id);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_RETURN);
	world_free(w);
}
END_TEST

START_TEST(a_session_that_leaves_memory_stays_in_debt)
{
	struct world *w = world_of_sessions();
	struct client *ann = spent_but(w, 0), *again;

	hang_up(ann);
	ck_assert_uint_eq(counts_of(w).sessions, 0);
	again = world_connect(w, "s1");
	say(again, CART, ann->id, "{}");
	expect_limited(again, "updateCart", 2);
	world_free(w);
}
END_TEST

START_TEST(changed_limits_hold_for_what_follows)
{
	struct world *w = world_of_sessions();
	struct client *ann = spent_but(w, 0);

	say(ann, CART, ann->id, "{}");
	expect_limited(ann, "updateCart", 2);
	world_config(w)->hub.session_writes = (struct quota_writes){ 0 };
	hub_configure(world_hub(w), &world_config(w)->hub, world_now(w));
	change(ann, 100);
	world_config(w)->hub.session_writes = a_second;
	hub_configure(world_hub(w), &world_config(w)->hub, world_now(w));
	say(ann, CART, ann->id, "{}");
	expect_limited(ann, "updateCart", 2);
	world_free(w);
}
END_TEST

START_TEST(notes_on_refusals_wait_until_they_can_be_written)
{
	struct world *w = world_of_sessions();
	struct client *ann = spent_but(w, 0);
	const struct record *notes;
	int i;

	for (i = 0; i < 10; i++) {
		say(ann, CART, ann->id, "{}");
		expect_limited(ann, "updateCart", 2);
	}
	world_wait(w, 1000);
	ck_assert_uint_eq(world_notes(w, &notes), 0);
	say(ann, CART, ann->id, "{}");
	expect_limited(ann, "updateCart", 1);
	world_wait(w, 1000);
	ck_assert_uint_eq(world_notes(w, &notes), 1);
	ck_assert_uint_eq(notes[0].client_seq, 11);
	world_free(w);
}
END_TEST

START_TEST(notes_cost_the_address_too)
{
	struct world *w = world_of_addresses();
	struct client *ann = world_connect_from(w, "s1", 1);
	const struct record *notes;
	int i;

	say(ann, START, "Ann");
	expect(ann, STARTED, "<id>");
	world_wait(w, 60000);
	say(ann, JOIN, "Ann");
	ck_assert_uint_eq(world_notes(w, &notes), 1);
	change(ann, 4);
	for (i = 0; i < 3; i++)
		say(ann, JOIN, "Ann");
	hang_up(ann);
	world_wait(w, 1000);
	ck_assert_uint_eq(world_notes(w, &notes), 1);
	world_wait(w, 1000);
	ck_assert_uint_eq(world_notes(w, &notes), 2);
	ck_assert_uint_eq(notes[1].client_seq, 3);
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc,
	    so_much_is_written_of_a_session_at_once_and_in_a_second);
	tcase_add_test(tc, so_much_is_written_of_a_session_in_a_day);
	tcase_add_test(tc, so_much_is_written_for_an_address_wherever_it_goes);
	tcase_add_test(tc, so_much_is_written_for_an_address_in_a_day);
	tcase_add_test(tc, requests_cost_as_much_as_messages);
	tcase_add_test(tc, what_is_refused_or_stale_costs_nothing);
	tcase_add_test(tc, leaving_is_never_refused_though_it_counts);
	tcase_add_test(tc,
	    who_is_absent_leaves_the_multicart_though_nothing_is_left);
	tcase_add_test(tc, a_return_waits_until_it_can_be_written);
	tcase_add_test(tc, a_session_that_leaves_memory_stays_in_debt);
	tcase_add_test(tc, changed_limits_hold_for_what_follows);
	tcase_add_test(tc, notes_on_refusals_wait_until_they_can_be_written);
	tcase_add_test(tc, notes_cost_the_address_too);
}
