#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "hub/hub.h"
#include "hub_script.h"

/* When there is too much on its way, less is taken in. */

const char suite_name[] = "hub_pressure";

START_TEST(a_connection_with_too_much_under_way_is_not_read)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	int i;

	world_hold(w);
	for (i = 1; hub_peer_is_ready(world_hub(w), &ann->peer); i++)
		say(ann, CART_SEQ, ann->id, "{}", i);
	ck_assert_int_le(i, 100);
	ck_assert(hub_peer_is_ready(world_hub(w), &bob->peer));
	world_go_on(w);
	ck_assert(hub_peer_is_ready(world_hub(w), &ann->peer));
	world_free(w);
}
END_TEST

START_TEST(a_connection_that_reads_no_answers_is_not_read)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	int i;

	ann->is_slow = true;
	for (i = 1; hub_peer_is_ready(world_hub(w), &ann->peer); i++)
		say(ann, CART_SEQ, ann->id, "{}", i);
	ck_assert_int_le(i, 100);
	world_wait(w, 1000);
	ck_assert(!hub_peer_is_ready(world_hub(w), &ann->peer));
	catch_up(ann);
	ck_assert(hub_peer_is_ready(world_hub(w), &ann->peer));
	/* It is woken to be read from again. */
	ck_assert(ann->peer.is_woken);
	world_free(w);
}
END_TEST

static bool
is_anybody_ready(struct world *w)
{
	struct client *client;

	TAILQ_FOREACH(client, world_clients(w), entry)
		if (hub_peer_is_ready(world_hub(w), &client->peer))
			return true;
	return false;
}

START_TEST(when_too_much_is_under_way_nobody_is_read)
{
	enum { CLIENTS = 512, MESSAGES_MAX = CLIENTS * 64 };
	struct world *w = world_new();
	struct client *client = world_start(w, "s1", "Ann");
	int i, n = 0;

	for (i = 1; i < CLIENTS; i++)
		(void)world_connect(w, "s1");
	world_hold(w);
	say(client, CART, client->id, "{}");
	while (is_anybody_ready(w)) {
		TAILQ_FOREACH(client, world_clients(w), entry)
			if (hub_peer_is_ready(world_hub(w), &client->peer)) {
				tell(client, LEAVE, "0123456789abcdef01234567");
				n++;
			}
		world_run(w);
	}
	ck_assert_int_lt(n, MESSAGES_MAX - CLIENTS);
	hang_up(TAILQ_LAST(world_clients(w), client_list));
	world_go_on(w);
	TAILQ_FOREACH(client, world_clients(w), entry)
		ck_assert(!client->is_connected ||
		    hub_peer_is_ready(world_hub(w), &client->peer));
	world_free(w);
}
END_TEST

/* An updateCart of len bytes of cart; free() it. */
static char *
large_cart(const char *id, size_t len)
{
	char *text = xcalloc(1, len + 256);
	int n = sprintf(text, "{\"event\":\"updateCart\",\"payload\":{"
	    "\"customerId\":\"%s\",\"cartContent\":{\"\":\"", id);

	memset(text + n, 'x', len);
	strcpy(text + n + len, "\"}}}");
	return text;
}

START_TEST(when_too_many_bytes_are_under_way_nobody_is_read)
{
	/* Two of them are as much as may be under way. */
	enum { CART_BYTES = 8 * 1024 * 1024 };
	struct world_config config;
	struct world *w;
	struct client *ann, *bob;
	char *text;
	int n;

	world_defaults(&config);
	config.hub.limits.max_cart_bytes = 0;
	w = world_new_with(&config);
	ann = world_start(w, "s1", "Ann");
	bob = world_start(w, "s2", "Bob");
	text = large_cart(ann->id, CART_BYTES - strlen("{\"\":\"\"}"));
	world_hold(w);
	for (n = 0; hub_peer_is_ready(world_hub(w), &ann->peer); n++)
		hub_receive(world_hub(w), &ann->peer, text, strlen(text),
		    world_now(w));
	ck_assert_int_eq(n, 2);
	say(bob, CART, bob->id, "{}");
	ck_assert(!hub_peer_is_ready(world_hub(w), &bob->peer));
	world_go_on(w);
	ck_assert(hub_peer_is_ready(world_hub(w), &ann->peer));
	ck_assert(hub_peer_is_ready(world_hub(w), &bob->peer));
	free(text);
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, a_connection_with_too_much_under_way_is_not_read);
	tcase_add_test(tc, a_connection_that_reads_no_answers_is_not_read);
	tcase_add_test(tc, when_too_much_is_under_way_nobody_is_read);
	tcase_add_test(tc, when_too_many_bytes_are_under_way_nobody_is_read);
}
