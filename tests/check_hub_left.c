/*
 * What was said, and who was here, while somebody was away for a moment, or
 * everybody was.
 */
#include <stdio.h>
#include <string.h>

#include "hub/hub.h"
#include "hub_script.h"
#include "suite.h"

const char suite_name[] = "hub_left";

#define HEARING "'features':['say']"
#define ENTER "{'event':'%s','payload':{'customerName':'%s'," HEARING "}}"
#define SAY "{'event':'say','payload':{'customerId':'%s','what':%s}}"
#define SAID "{'event':'say','payload':{'from':'%s','what':%s},"		\
	"'cursor':'<cursor>'}"
#define RESUME_AT "{'event':'resumeSession','payload':{'customerId':'%s',"	\
	"'token':'%s','cursor':'%s'," HEARING "}}"
#define RESUMED_HEARING "{'event':'resumeSession','payload':{"		\
	"'customerId':'%s','seq':0," HEARING "}}"

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
	expect(again, RESUMED_HEARING, client->id);
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

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, who_was_away_for_long_hears_what_was_said);
}
