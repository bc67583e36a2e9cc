#include "suite.h"

#include "hub/hub.h"
#include "hub/roster.h"
#include "hub_script.h"
#include "session/record.h"
#include "session/session.h"

/* What an administrator sees of sessions, and whom one makes leave. */

const char suite_name[] = "hub_roster";

enum { MANY = 16 };

static struct customer_id
id_of(const struct client *client)
{
	struct customer_id id;

	ck_assert_int_eq(customer_id_parse(client->id, ID_CUSTOMER_HEX, &id),
	    0);
	return id;
}

static enum roster_kick
kick(struct world *world, const char *session, const struct client *client)
{
	struct customer_id id = id_of(client);
	enum roster_kick result = roster_kick(world_hub(world), session, &id,
	    world_now(world));

	world_run(world);
	return result;
}

START_TEST(sessions_are_listed_in_pages_and_forgotten_when_empty)
{
	struct roster_session page[2];
	struct world *w = world_new();
	struct client *first = world_start(w, "s1", "Ann");

	(void)world_start(w, "s2", "Bob");
	(void)world_start(w, "s3", "Cid");
	ck_assert_uint_eq(roster_sessions(world_hub(w), 0, page, 2), 2);
	ck_assert_str_eq(page[0].id, "s1");
	ck_assert_str_eq(page[1].id, "s2");
	hang_up(first);
	world_run(w);

	ck_assert_uint_eq(roster_sessions(world_hub(w), page[1].number, page,
	    2), 1);
	ck_assert_str_eq(page[0].id, "s3");
	ck_assert_uint_eq(roster_sessions(world_hub(w), 0, page, 2), 2);
	ck_assert_str_eq(page[0].id, "s2");
	world_free(w);
}
END_TEST

START_TEST(a_session_is_counted_with_its_customers)
{
	struct roster_customer customers[MANY];
	struct roster_session session;
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");
	struct client *cid = world_join_by_request(w, "s1", "Cid");

	say(ann, CART, ann->id, "{'a':1}");
	(void)request(w, "s1", cid->token, POLL_AT, cid->id, cid->cursor);
	hang_up(bob);
	world_run(w);

	ck_assert_int_eq(roster_session(world_hub(w), "s1", &session), 0);
	ck_assert_uint_eq(session.members, 3);
	ck_assert_uint_eq(session.present, 2);
	ck_assert_uint_eq(session.connections, 1);
	ck_assert_uint_eq(session.cart_bytes, 7);
	ck_assert_uint_eq(roster_customers(world_hub(w), "s1", customers,
	    MANY), 3);
	ck_assert(customers[0].is_host && customers[0].is_present &&
	    !customers[0].has_token && customers[0].connections == 1);
	ck_assert(customers[1].is_member && !customers[1].is_present &&
	    customers[1].has_token && customers[1].connections == 0);
	ck_assert_str_eq(customers[2].name->data, "Cid");
	ck_assert_uint_eq(roster_customers(world_hub(w), "s1", customers, 1),
	    1);
	world_free(w);
}
END_TEST

START_TEST(who_is_kicked_leaves_and_is_disconnected)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");
	struct client *again = world_connect(w, "s1");

	world_ignore(w);
	ck_assert_int_eq(kick(w, "s1", bob), ROSTER_KICKED);

	expect_carts(ann, "Ann* {}");
	ck_assert(bob->was_closed && !ann->was_closed);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_LEAVE);
	ck_assert_int_eq(world_record(w, "s1")->transport, TRANSPORT_NONE);
	say(again, RESUME, bob->id, bob->token);
	expect_error(again, "leftSession", ",'event':'resumeSession'");
	ck_assert_int_eq(kick(w, "s1", bob), ROSTER_NO_CUSTOMER);
	world_free(w);
}
END_TEST

START_TEST(who_is_absent_or_polls_can_be_kicked_too)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");
	struct client *cid = world_join_by_request(w, "s1", "Cid");
	struct client *held;

	held = request(w, "s1", cid->token, POLL_AT, cid->id, cid->cursor);
	hang_up(bob);
	world_run(w);
	world_ignore(w);

	ck_assert_int_eq(kick(w, "s1", bob), ROSTER_KICKED);
	expect_carts(ann, "Ann* {}, Cid {}");
	ck_assert_int_eq(kick(w, "s1", cid), ROSTER_KICKED);
	expect_carts(ann, "Ann* {}");
	ck_assert(held->is_answered);
	world_free(w);
}
END_TEST

START_TEST(nobody_is_kicked_from_a_session_that_is_not_there)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_start(w, "s2", "Bob");

	ck_assert_int_eq(kick(w, "s3", ann), ROSTER_NO_SESSION);
	ck_assert_int_eq(kick(w, "s1", bob), ROSTER_NO_CUSTOMER);
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc,
	    sessions_are_listed_in_pages_and_forgotten_when_empty);
	tcase_add_test(tc, a_session_is_counted_with_its_customers);
	tcase_add_test(tc, who_is_kicked_leaves_and_is_disconnected);
	tcase_add_test(tc, who_is_absent_or_polls_can_be_kicked_too);
	tcase_add_test(tc,
	    nobody_is_kicked_from_a_session_that_is_not_there);
}
