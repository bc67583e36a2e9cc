/*
 * What was said, and who was here, while somebody was away for a moment, or
 * everybody was.
 */
#include <stdio.h>
#include <string.h>

#include "hub/hub.h"
#include "hub/hub_counts.h"
#include "hub_script.h"
#include "suite.h"

const char suite_name[] = "hub_left";

#define HEARING "'features':['say']"
#define ENTER "{'event':'%s','payload':{'customerName':'%s'," HEARING "}}"
#define SAY "{'event':'say','payload':{'customerId':'%s','what':%s}}"
#define SAID "{'event':'say','payload':{'from':'%s','what':%s},"		\
	"'cursor':'<cursor>'}"
#define MISSED "{'event':'say','payload':{'missed':%d},"			\
	"'cursor':'<cursor>'}"
#define RESUME_AT "{'event':'resumeSession','payload':{'customerId':'%s',"	\
	"'token':'%s','cursor':'%s'," HEARING "}}"
#define RESUMED_HEARING "{'event':'resumeSession','payload':{"		\
	"'customerId':'<id>','seq':0," HEARING "}}"

static struct client *
enter(struct world *w, const char *event, const char *name)
{
	struct client *client = world_connect(w, "s1");

	say(client, ENTER, event, name);
	expect(client, "{'event':'%s','payload':{'customerId':'<id>',"
	    "'token':'<token>'," HEARING "}}", event);
	return client;
}

/* Both have heard nothing yet, and know where they are. */
static struct world *
ann_and_bob(struct client **ann, struct client **bob)
{
	struct world *w = world_new();

	*ann = enter(w, "startSession", "Ann");
	*bob = enter(w, "joinSession", "Bob");
	expect_carts(*ann, "Ann* {} @1.1.n");
	expect_carts(*ann, "Ann* {}, Bob {} @1.2.n");
	expect_carts(*bob, "Ann* {}, Bob {} @1.2.n");
	return w;
}

/* client's connection ended: it comes back where it was. */
static struct client *
come_back(struct world *w, const struct client *client)
{
	struct client *again = world_connect(w, "s1");

	say(again, RESUME_AT, client->id, client->token, client->cursor);
	expect(again, RESUMED_HEARING);
	memcpy(again->token, client->token, sizeof(again->token));
	return again;
}

START_TEST(who_was_away_for_long_hears_what_was_said)
{
	struct client *ann, *bob, *eve;
	struct world *w = ann_and_bob(&ann, &bob);

	hang_up(ann);
	world_wait(w, 50000);
	say(bob, SAY, bob->id, "1");
	/* Its cart goes, and comes back. */
	world_wait(w, 11000);
	eve = enter(w, "joinSession", "Eve");
	expect_carts(eve, "Bob {}, Eve {} @1.4.n");
	ann = come_back(w, ann);
	expect_carts(ann, "Ann* {}, Bob {}, Eve {} @1.5.n");
	expect(ann, SAID, bob->id, "1");
	expect_nothing(ann);
	expect_carts(eve, "Ann* {}, Bob {}, Eve {} @1.5.n");
	expect_nothing(eve);
	world_free(w);
}
END_TEST

START_TEST(who_comes_back_hears_it_when_all_were_away)
{
	struct client *ann, *bob, *eve;
	struct world *w = ann_and_bob(&ann, &bob);
	struct hub_counts counts;

	hang_up(ann);
	say(bob, SAY, bob->id, "1");
	hang_up(bob);
	world_wait(w, 1000);
	hub_copy_counts(world_hub(w), &counts);
	ck_assert_uint_eq(counts.sessions, 0);
	ck_assert_uint_gt(counts.said_bytes, 0);
	/* Who comes first may be another one, who hears nothing of it. */
	eve = enter(w, "joinSession", "Eve");
	expect_carts(eve, "Ann* {}, Bob {}, Eve {} @1.3.n");
	expect_nothing(eve);
	hang_up(eve);
	world_wait(w, 1000);
	ann = come_back(w, ann);
	expect_carts(ann, "Ann* {}, Bob {}, Eve {} @1.3.n");
	expect(ann, SAID, bob->id, "1");
	expect_nothing(ann);
	/* It was the same all the time: nothing is heard twice. */
	hang_up(ann);
	world_wait(w, 1000);
	bob = come_back(w, bob);
	say(bob, SAY, bob->id, "2");
	hang_up(bob);
	world_wait(w, 1000);
	ann = come_back(w, ann);
	expect_carts(ann, "Ann* {}, Bob {}, Eve {} @1.3.n");
	expect(ann, SAID, bob->id, "2");
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(who_comes_back_late_learns_that_it_missed_something)
{
	struct client *ann, *bob;
	struct world *w = ann_and_bob(&ann, &bob);

	hang_up(ann);
	say(bob, SAY, bob->id, "1");
	hang_up(bob);
	world_wait(w, 75000);
	ann = come_back(w, ann);
	expect_carts(ann, "Ann* {}, Bob {} @1.2.n");
	expect(ann, MISSED, 1);
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(what_is_left_is_forgotten_in_time_and_above_max_said)
{
	struct client *ann, *bob, *zoe;
	struct world *w = ann_and_bob(&ann, &bob);
	struct hub_counts counts;
	size_t left;

	say(bob, SAY, bob->id, "1");
	hang_up(ann);
	hang_up(bob);
	zoe = world_start_resumable(w, "s2", "Zoe");
	say(zoe, SAY, zoe->id, "1");
	hang_up(zoe);
	world_run(w);
	hub_copy_counts(world_hub(w), &counts);
	left = counts.said_bytes;
	/* The older one goes with all that belongs to it. */
	world_config(w)->hub.max_said = left / 2;
	world_configure(w);
	hub_copy_counts(world_hub(w), &counts);
	ck_assert_uint_gt(counts.said_bytes, 0);
	ck_assert_uint_le(counts.said_bytes, left / 2);
	world_wait(w, 75000);
	hub_copy_counts(world_hub(w), &counts);
	ck_assert_uint_gt(counts.said_bytes, 0);
	world_wait(w, 75000);
	hub_copy_counts(world_hub(w), &counts);
	ck_assert_uint_eq(counts.said_bytes, 0);
	world_free(w);
}
END_TEST

START_TEST(of_a_session_that_ended_nothing_is_left)
{
	struct client *ann, *bob, *eve;
	struct world *w = ann_and_bob(&ann, &bob);
	struct hub_counts counts;

	world_config(w)->hub.session_ttl_ms = 10000;
	world_configure(w);
	say(bob, SAY, bob->id, "1");
	hang_up(bob);
	hang_up(ann);
	world_wait(w, 70000);
	hub_copy_counts(world_hub(w), &counts);
	ck_assert_uint_eq(counts.sessions, 0);
	ck_assert_uint_eq(counts.said_bytes, 0);
	eve = enter(w, "startSession", "Eve");
	expect_carts(eve, "Eve* {} @2.1.n");
	expect_nothing(eve);
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, who_was_away_for_long_hears_what_was_said);
	tcase_add_test(tc, who_comes_back_hears_it_when_all_were_away);
	tcase_add_test(tc,
	    who_comes_back_late_learns_that_it_missed_something);
	tcase_add_test(tc,
	    what_is_left_is_forgotten_in_time_and_above_max_said);
	tcase_add_test(tc, of_a_session_that_ended_nothing_is_left);
}
