/*
 * What was said is stored nowhere, and is forgotten with those who are erased or
 * made to leave.
 */
#include <string.h>

#include "hub/core.h"
#include "hub/erasure.h"
#include "hub/hub.h"
#include "hub/hub_counts.h"
#include "hub/roster.h"
#include "hub_script.h"
#include "suite.h"

const char suite_name[] = "hub_forget";

#define HEARING "'features':['say']"
#define ENTER "{'event':'%s','payload':{'customerName':'%s'," HEARING "}}"
#define SAY "{'event':'say','payload':{'customerId':'%s','what':%d}}"
#define SAY_TO "{'event':'say','payload':{'customerId':'%s','what':%d,"	\
	"'to':'%s'}}"
#define SAID "{'event':'say','payload':{'from':'%s','what':%d},"	\
	"'cursor':'<cursor>'}"
#define RESUME_AT "{'event':'resumeSession','payload':{'customerId':'%s',"	\
	"'token':'%s','cursor':'%s'," HEARING "}}"
#define MANY 40		/* more than are kept: of some it is but known */

static struct client *
enter(struct world *w, const char *event, const char *name)
{
	struct client *client = world_connect(w, "s1");

	say(client, ENTER, event, name);
	expect(client, "{'event':'%s','payload':{'customerId':'<id>',"
	    "'token':'<token>'," HEARING "}}", event);
	return client;
}

static struct customer_id
id_of(const struct client *client)
{
	struct customer_id id;

	ck_assert_int_eq(customer_id_parse(client->id, ID_CUSTOMER_HEX, &id),
	    0);
	return id;
}

static uint64_t
ask(struct world *w, const struct customer_id *id)
{
	struct payload *session = payload_new("s1", strlen("s1"));
	uint64_t number = erasure_begin(world_hub(w), session, id,
	    world_now(w));

	payload_unref(session);
	world_run(w);
	return number;
}

static void
erase(struct world *w, const struct customer_id *id)
{
	ck_assert_int_eq(erasure_report(world_hub(w), ask(w, id)).state,
	    ERASURE_DONE);
}

static uint64_t
said_bytes(struct world *w)
{
	struct hub_counts counts;

	hub_copy_counts(world_hub(w), &counts);
	return counts.said_bytes;
}

static unsigned
speakers(const struct client *client)
{
	const struct speaker *speaker;
	unsigned n = 0;

	TAILQ_FOREACH(speaker, &client->peer.seat->room->live->speakers, entry)
		n++;
	return n;
}

/* Who was not here meanwhile hears what else was said, and misses nothing. */
START_TEST(what_was_said_by_one_and_to_it_is_forgotten)
{
	struct world *w = world_new();
	struct client *ann = enter(w, "startSession", "Ann");
	struct client *bob = enter(w, "joinSession", "Bob");
	struct client *eve = enter(w, "joinSession", "Eve"), *again;
	struct customer_id id = id_of(bob);
	int i;

	expect_carts(ann, "Ann* {} @1.1.n");
	expect_carts(ann, "Ann* {}, Bob {} @1.2.n");
	expect_carts(ann, "Ann* {}, Bob {}, Eve {} @1.3.n");
	say(ann, SAY_TO, ann->id, 0, bob->id);
	hang_up(ann);
	for (i = 0; i < MANY; i++)
		say(bob, SAY, bob->id, i);
	say(eve, SAY, eve->id, MANY);
	say(eve, SAY_TO, eve->id, i, bob->id);
	ck_assert_uint_eq(speakers(eve), 3);
	world_ignore(w);
	if (_i == 0) {
		erase(w, &id);
	} else if (_i == 1) {
		ck_assert_int_eq(roster_kick(world_hub(w), "s1", &id,
		    world_now(w)), ROSTER_KICKED);
		world_run(w);
	} else {
		/* It has left by itself before. */
		say(bob, LEAVE, bob->id);
		erase(w, &id);
	}
	ck_assert_uint_eq(speakers(eve), 2);

	again = world_connect(w, "s1");
	say(again, RESUME_AT, ann->id, ann->token, ann->cursor);
	expect(again, "{'event':'resumeSession','payload':{'customerId':'%s',"
	    "'seq':0," HEARING "}}", ann->id);
	expect_carts(again, "Ann* {}, Eve {} @1.4.n");
	expect(again, SAID, eve->id, MANY);
	expect_nothing(again);

	/* And all goes on. */
	say(eve, SAY, eve->id, 1);
	expect(again, SAID, eve->id, 1);
	expect_nothing(again);
	id = id_of(eve);
	erase(w, &id);
	ck_assert_uint_eq(said_bytes(w), 0);
	world_free(w);
}
END_TEST

START_TEST(all_is_forgotten_with_a_session_that_is_erased)
{
	struct world *w = world_new();
	struct client *ann = enter(w, "startSession", "Ann");
	struct client *bob = enter(w, "joinSession", "Bob");

	say(ann, SAY, ann->id, 1);
	say(bob, SAY, bob->id, 2);
	ck_assert_uint_ne(said_bytes(w), 0);
	world_hold(w);
	(void)ask(w, NULL);
	ck_assert_uint_eq(said_bytes(w), 0);
	ck_assert_uint_eq(speakers(ann), 0);
	world_go_on(w);
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, what_was_said_by_one_and_to_it_is_forgotten,
	    0, 3);
	tcase_add_test(tc, all_is_forgotten_with_a_session_that_is_erased);
}
