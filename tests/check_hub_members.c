#include "suite.h"

#include <string.h>

#include "hub/hub.h"
#include "hub_script.h"
#include "session/session.h"

/* Who may start, join, speak for whom and leave, and how many there may be. */

const char suite_name[] = "hub_members";

START_TEST(a_running_session_is_not_started_again)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *eve = world_connect(w, "s1");

	say(eve, START, "Eve");
	expect_error(eve, "sessionExists", ",'event':'startSession'");
	expect_nothing(eve);
	expect_nothing(ann);
	say(eve, JOIN, "Eve");
	expect(eve, JOINED, "<id>");
	world_free(w);
}
END_TEST

START_TEST(a_connection_speaks_for_one_customer_at_a_time)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");

	world_ignore(w);
	say(ann, START, "Eve");
	expect_error(ann, "alreadyJoined", ",'event':'startSession'");
	say(ann, JOIN, "Eve");
	expect_error(ann, "alreadyJoined", ",'event':'joinSession'");
	say(ann, RESUME, bob->id, bob->token);
	expect_error(ann, "alreadyJoined", ",'event':'resumeSession'");
	say(bob, START, "Eve");
	expect_error(bob, "alreadyJoined", ",'event':'startSession'");
	expect_nothing(ann);
	expect_nothing(bob);
	world_free(w);
}
END_TEST

START_TEST(who_joins_is_bound_before_its_next_message_is_read)
{
	struct world *w = world_new();
	struct client *ann = world_connect(w, "s1");

	tell(ann, START, "Ann");
	ck_assert(!hub_peer_is_ready(world_hub(w), &ann->peer));
	world_run(w);
	ck_assert(hub_peer_is_ready(world_hub(w), &ann->peer));
	world_free(w);
}
END_TEST

START_TEST(a_cart_leaves_at_once_with_its_customer)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");

	world_ignore(w);
	say(bob, LEAVE, bob->id);
	expect(bob, LEFT, bob->id);
	expect_nothing(bob);
	expect_carts(ann, "Ann* {}");
	expect_nothing(ann);
	say(ann, CART, ann->id, "{'a':1}");
	expect_nothing(bob);
	world_free(w);
}
END_TEST

START_TEST(who_left_is_not_even_shown_what_waited_for_it)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");

	bob->is_slow = true;
	say(ann, CART, ann->id, "{'a':1}");
	say(bob, LEAVE, bob->id);
	catch_up(bob);
	expect(bob, LEFT, bob->id);
	expect_nothing(bob);
	world_free(w);
}
END_TEST

START_TEST(who_left_may_join_again_as_somebody_new)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	char old[sizeof(bob->id)];

	memcpy(old, bob->id, sizeof(old));
	say(bob, CART, bob->id, "{'b':1}");
	say(bob, LEAVE, bob->id);
	world_ignore(w);
	say(bob, JOIN, "Bob");
	expect(bob, JOINED, "<id>");
	expect_carts(bob, "Ann* {}, Bob {}");
	expect_carts(ann, "Ann* {}, Bob {}");
	ck_assert_str_ne(bob->id, old);
	world_free(w);
}
END_TEST

START_TEST(nothing_is_done_for_a_customer_that_left)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");

	say(bob, LEAVE, bob->id);
	world_ignore(w);
	say(bob, CART, bob->id, "{}");
	expect_error(bob, "leftSession", ",'event':'updateCart'");
	say(bob, READY, bob->id, "true");
	expect_error(bob, "leftSession",
	    ",'event':'customerReadyToCheckout'");
	say(bob, LEAVE, bob->id);
	expect_error(bob, "leftSession", ",'event':'leaveSession'");
	say(bob, RESUME, bob->id, bob->token);
	expect_error(bob, "leftSession", ",'event':'resumeSession'");
	say(ann, CART, bob->id, "{}");
	expect_error(ann, "leftSession", ",'event':'updateCart'");
	expect_nothing(bob);
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(leaving_is_told_to_the_other_connections_of_a_customer)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");
	struct client *tab = world_connect(w, "s1");

	say(tab, RESUME, bob->id, bob->token);
	world_ignore(w);
	say(bob, LEAVE, bob->id);
	expect(bob, LEFT, bob->id);
	expect(tab, LEFT, bob->id);
	expect_nothing(bob);
	expect_nothing(tab);
	expect_carts(ann, "Ann* {}");
	say(ann, CART, ann->id, "{}");
	expect_nothing(tab);
	say(tab, JOIN, "Tab");
	expect(tab, JOINED, "<id>");
	expect_carts(tab, "Ann* {}, Tab {}");
	world_free(w);
}
END_TEST

START_TEST(the_others_leave_while_a_message_of_theirs_is_under_way)
{
	struct world *w = world_new();
	struct client *bob = world_start_resumable(w, "s1", "Bob");
	struct client *tab = world_connect(w, "s1");

	say(tab, RESUME, bob->id, bob->token);
	world_ignore(w);
	tell(bob, LEAVE, bob->id);
	tell(tab, CART_SEQ, bob->id, "{}", 1);
	world_run(w);
	expect(bob, LEFT, bob->id);
	expect(tab, LEFT, bob->id);
	expect_error(tab, "leftSession", ",'event':'updateCart','seq':1");
	expect_nothing(tab);
	world_free(w);
}
END_TEST

START_TEST(only_its_own_connections_can_make_a_customer_leave)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *eve = world_connect(w, "s1");

	world_ignore(w);
	say(bob, LEAVE, ann->id);
	expect_error(bob, "notYourCustomer", ",'event':'leaveSession'");
	say(eve, LEAVE, ann->id);
	expect_error(eve, "notYourCustomer", ",'event':'leaveSession'");
	expect_nothing(ann);
	say(ann, LEAVE, ann->id);
	expect(ann, LEFT, ann->id);
	world_free(w);
}
END_TEST

START_TEST(anybody_changes_the_cart_of_a_customer_without_token)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *eve = world_connect(w, "s1");

	world_ignore(w);
	say(bob, CART, ann->id, "{'a':1}");
	expect_carts(ann, "Ann* {'a':1}, Bob {}");
	expect_carts(bob, "Ann* {'a':1}, Bob {}");
	say(eve, READY, ann->id, "true");
	expect_carts(ann, "Ann*! {'a':1}, Bob {}");
	/* She has a connection of her own: this one does not become it. */
	expect_nothing(eve);
	say(eve, JOIN, "Eve");
	expect(eve, JOINED, "<id>");
	world_free(w);
}
END_TEST

START_TEST(nobody_else_speaks_for_a_customer_with_a_token)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *eve = world_connect(w, "s1");

	world_ignore(w);
	say(bob, CART, ann->id, "{'a':1}");
	expect_error(bob, "notYourCustomer", ",'event':'updateCart'");
	say(eve, READY, ann->id, "true");
	expect_error(eve, "notYourCustomer",
	    ",'event':'customerReadyToCheckout'");
	hang_up(ann);
	say(eve, CART, ann->id, "{'a':1}");
	expect_error(eve, "notYourCustomer", ",'event':'updateCart'");
	expect_nothing(bob);
	expect_nothing(eve);
	world_free(w);
}
END_TEST

START_TEST(a_free_connection_is_adopted_by_a_customer_without_one)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *eve = world_connect(w, "s1");

	hang_up(bob);
	world_ignore(w);
	say(eve, CART, bob->id, "{'b':1}");
	expect_carts(eve, "Ann* {}, Bob {'b':1}");
	expect_carts(ann, "Ann* {}, Bob {'b':1}");
	world_wait(w, 3600000);
	say(eve, LEAVE, bob->id);
	expect(eve, LEFT, bob->id);
	expect_carts(ann, "Ann* {}");
	world_free(w);
}
END_TEST

START_TEST(a_connection_that_speaks_for_somebody_is_not_adopted)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");

	hang_up(bob);
	world_ignore(w);
	say(ann, CART, bob->id, "{'b':1}");
	expect_carts(ann, "Ann* {}, Bob {'b':1}");
	say(ann, LEAVE, bob->id);
	expect_error(ann, "notYourCustomer", ",'event':'leaveSession'");
	world_wait(w, 5000);
	expect_carts(ann, "Ann* {}");
	world_free(w);
}
END_TEST

START_TEST(one_of_several_senders_is_adopted)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *first = world_connect(w, "s1");
	struct client *second = world_connect(w, "s1");

	hang_up(bob);
	world_ignore(w);
	tell(first, CART, bob->id, "{'b':1}");
	tell(second, CART, bob->id, "{'b':2}");
	world_run(w);
	expect_carts(ann, "Ann* {}, Bob {'b':2}");
	expect_carts(first, "Ann* {}, Bob {'b':2}");
	expect_nothing(second);
	world_free(w);
}
END_TEST

START_TEST(a_refused_sender_is_not_adopted)
{
	struct world_config config;
	struct world *w;
	struct client *bob, *eve;

	world_defaults(&config);
	config.hub.limits.max_cart_bytes = 10;
	w = world_new_with(&config);
	(void)world_start(w, "s1", "Ann");
	bob = world_join(w, "s1", "Bob");
	eve = world_connect(w, "s1");
	hang_up(bob);
	say(eve, CART, bob->id, "{'bbbbbb':1}");
	expect_error(eve, "messageTooLarge", ",'event':'updateCart'");
	expect_nothing(eve);
	say(eve, LEAVE, bob->id);
	expect_error(eve, "notYourCustomer", ",'event':'leaveSession'");
	world_wait(w, 5000);
	say(eve, CART, bob->id, "{}");
	expect_error(eve, "leftSession", ",'event':'updateCart'");
	world_free(w);
}
END_TEST

START_TEST(tokens_can_be_required_of_everybody)
{
	struct world_config config;
	struct world *w;
	struct client *ann, *bob;

	world_defaults(&config);
	config.hub.require_tokens = true;
	w = world_new_with(&config);
	ann = world_connect(w, "s1");
	bob = world_connect(w, "s1");
	say(ann, START, "Ann");
	expect(ann, STARTED_RESUMABLE, "<id>", "<token>");
	expect_carts(ann, "Ann* {} @1.1");
	say(bob, JOIN, "Bob");
	expect(bob, JOINED_RESUMABLE, "<id>", "<token>");
	world_ignore(w);
	say(bob, CART, ann->id, "{}");
	expect_error(bob, "notYourCustomer", ",'event':'updateCart'");
	say(bob, CART, bob->id, "{'b':1}");
	expect_carts(ann, "Ann* {}, Bob {'b':1} @1.3");
	world_free(w);
}
END_TEST

/* Customers of the time before: they have no token. */
START_TEST(required_tokens_end_the_rights_of_those_without)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *eve;

	world_config(w)->hub.require_tokens = true;
	world_restart(w);
	eve = world_connect(w, "s1");
	say(eve, CART, ann->id, "{}");
	expect_error(eve, "notYourCustomer", ",'event':'updateCart'");
	say(eve, START, "Eve");
	expect_error(eve, "sessionExists", ",'event':'startSession'");
	expect_nothing(eve);
	world_free(w);
}
END_TEST

START_TEST(a_session_has_room_for_so_many)
{
	struct world_config config;
	struct world *w;
	struct client *ann, *bob, *eve;

	world_defaults(&config);
	config.hub.limits.max_customers = 2;
	w = world_new_with(&config);
	ann = world_start(w, "s1", "Ann");
	bob = world_join(w, "s1", "Bob");
	eve = world_connect(w, "s1");
	world_ignore(w);
	say(eve, JOIN, "Eve");
	expect_error(eve, "sessionFull",
	    ",'event':'joinSession','retryAfter':60");
	expect_nothing(ann);
	say(bob, LEAVE, bob->id);
	say(eve, JOIN, "Eve");
	expect(eve, JOINED, "<id>");
	expect_carts(eve, "Ann* {}, Eve {}");
	world_free(w);
}
END_TEST

START_TEST(a_new_host_finds_a_full_session_full)
{
	struct world_config config;
	struct world *w;
	struct client *ann, *bob, *eve;

	world_defaults(&config);
	config.hub.limits.max_customers = 2;
	w = world_new_with(&config);
	ann = world_start(w, "s1", "Ann");
	bob = world_join(w, "s1", "Bob");
	say(ann, LEAVE, ann->id);
	(void)world_join(w, "s1", "Sam");
	eve = world_connect(w, "s1");
	say(eve, START, "Eve");
	expect_error(eve, "sessionFull",
	    ",'event':'startSession','retryAfter':60");
	say(bob, LEAVE, bob->id);
	say(eve, START, "Eve");
	expect(eve, STARTED, "<id>");
	expect_carts(eve, "Sam {}, Eve* {}");
	world_free(w);
}
END_TEST

START_TEST(all_carts_of_a_session_are_limited_together)
{
	struct world_config config;
	struct world *w;
	struct client *ann, *bob;

	world_defaults(&config);
	config.hub.limits.max_cart_bytes = 20;
	w = world_new_with(&config);
	ann = world_start(w, "s1", "Ann");
	bob = world_join(w, "s1", "Bob");
	say(ann, CART, ann->id, "{'a':'12345'}");
	world_ignore(w);
	say(bob, CART_SEQ, bob->id, "{'b':'12'}", 4);
	expect_error(bob, "messageTooLarge", ",'event':'updateCart','seq':4");
	expect_nothing(ann);
	say(bob, CART_SEQ, bob->id, "{'b':1}", 4);
	expect(bob, "{'event':'updateCart','payload':{'seq':4}}");
	expect_carts(ann, "Ann* {'a':'12345'}, Bob {'b':1}");
	/* Less is welcome, however much there is. */
	world_config(w)->hub.limits.max_cart_bytes = 5;
	world_restart(w);
	ann = world_connect(w, "s1");
	say(ann, CART, bob->id, "{'b':''}");
	expect_error(ann, "messageTooLarge", ",'event':'updateCart'");
	say(ann, CART, bob->id, "{'':1}");
	expect_carts(ann, "Ann* {'a':'12345'}, Bob {'':1}");
	world_free(w);
}
END_TEST

START_TEST(white_space_does_not_count_in_a_cart)
{
	struct world_config config;
	struct world *w;
	struct client *ann;

	world_defaults(&config);
	config.hub.limits.max_cart_bytes = 7;
	w = world_new_with(&config);
	ann = world_start(w, "s1", "Ann");
	say(ann, CART, ann->id, "{    'a'    :    1    }");
	expect_carts(ann, "Ann* {'a':1}");
	world_free(w);
}
END_TEST

START_TEST(the_host_is_ready_before_its_guests_unless_a_barrier_is_set)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");

	(void)world_join(w, "s1", "Bob");
	ignore(ann);
	say(ann, READY, ann->id, "true");
	expect_carts(ann, "Ann*! {}, Bob {}");
	world_free(w);
}
END_TEST

START_TEST(the_checkout_barrier_holds_the_host_back)
{
	struct world_config config;
	struct world *w;
	struct client *ann, *bob, *eve;

	world_defaults(&config);
	config.hub.limits.checkout_barrier = true;
	w = world_new_with(&config);
	ann = world_start(w, "s1", "Ann");
	bob = world_join(w, "s1", "Bob");
	eve = world_join(w, "s1", "Eve");
	say(bob, READY, bob->id, "true");
	world_ignore(w);
	say(ann, READY_SEQ, ann->id, "true", 3);
	expect_error(ann, "guestsNotReady",
	    ",'event':'customerReadyToCheckout','seq':3");
	say(ann, READY, ann->id, "false");
	expect_carts(ann, "Ann* {}, Bob! {}, Eve {}");
	say(eve, LEAVE, eve->id);
	ignore(ann);
	say(ann, READY_SEQ, ann->id, "true", 3);
	expect(ann, "{'event':'customerReadyToCheckout','payload':{'seq':3}}");
	expect_carts(ann, "Ann*! {}, Bob! {}");
	world_free(w);
}
END_TEST

START_TEST(a_host_that_left_leaves_its_seat_to_the_next)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");

	say(ann, LEAVE, ann->id);
	world_ignore(w);
	say(ann, START, "Eve");
	expect(ann, STARTED, "<id>");
	expect_carts(ann, "Bob {}, Eve* {}");
	expect_carts(bob, "Bob {}, Eve* {}");
	ck_assert_uint_eq(world_record(w, "s1")->incarnation, 1);
	world_free(w);
}
END_TEST

START_TEST(a_session_that_all_have_left_still_runs)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");

	say(ann, CART, ann->id, "{'a':1}");
	say(ann, LEAVE, ann->id);
	ignore(ann);
	say(ann, JOIN, "Bob");
	expect(ann, JOINED, "<id>");
	expect_carts(ann, "Bob {}");
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, a_running_session_is_not_started_again);
	tcase_add_test(tc, a_connection_speaks_for_one_customer_at_a_time);
	tcase_add_test(tc, who_joins_is_bound_before_its_next_message_is_read);
	tcase_add_test(tc, a_cart_leaves_at_once_with_its_customer);
	tcase_add_test(tc, who_left_is_not_even_shown_what_waited_for_it);
	tcase_add_test(tc, who_left_may_join_again_as_somebody_new);
	tcase_add_test(tc, nothing_is_done_for_a_customer_that_left);
	tcase_add_test(tc,
	    leaving_is_told_to_the_other_connections_of_a_customer);
	tcase_add_test(tc,
	    the_others_leave_while_a_message_of_theirs_is_under_way);
	tcase_add_test(tc,
	    only_its_own_connections_can_make_a_customer_leave);
	tcase_add_test(tc,
	    anybody_changes_the_cart_of_a_customer_without_token);
	tcase_add_test(tc, nobody_else_speaks_for_a_customer_with_a_token);
	tcase_add_test(tc,
	    a_free_connection_is_adopted_by_a_customer_without_one);
	tcase_add_test(tc,
	    a_connection_that_speaks_for_somebody_is_not_adopted);
	tcase_add_test(tc, one_of_several_senders_is_adopted);
	tcase_add_test(tc, a_refused_sender_is_not_adopted);
	tcase_add_test(tc, tokens_can_be_required_of_everybody);
	tcase_add_test(tc, required_tokens_end_the_rights_of_those_without);
	tcase_add_test(tc, a_session_has_room_for_so_many);
	tcase_add_test(tc, a_new_host_finds_a_full_session_full);
	tcase_add_test(tc, all_carts_of_a_session_are_limited_together);
	tcase_add_test(tc, white_space_does_not_count_in_a_cart);
	tcase_add_test(tc,
	    the_host_is_ready_before_its_guests_unless_a_barrier_is_set);
	tcase_add_test(tc, the_checkout_barrier_holds_the_host_back);
	tcase_add_test(tc, a_host_that_left_leaves_its_seat_to_the_next);
	tcase_add_test(tc, a_session_that_all_have_left_still_runs);
}
