/*
 * Random scripts of members who talk, listen, read slowly, change between
 * connections and polls, and lose answers.  Whatever happens, each hears what is
 * for it once and in order, from when it came; who misses something is told so,
 * and never of more than it missed; and at rest everybody has heard all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub_script.h"
#include "suite.h"

const char suite_name[] = "hub_talk";

#define FEATURES "'features':['presence','say']"
#define SAY "{'event':'say','payload':{'customerId':'%s','what':%u%s}}"
#define RESUME_AT "{'event':'resumeSession','payload':{'customerId':'%s',"	\
	"'token':'%s','cursor':'%s'," FEATURES "}}"
#define POLL_TALK "{'event':'poll','payload':{'customerId':'%s',"	\
	"'cursor':'%s'," FEATURES "}}"

enum { MEMBERS = 4, SAYS = 1000, STEPS = 600, SEEDS = 30, KNOWN = 256 };

struct member {
	struct client *client;	/* a connection, or a poll; NULL: neither */
	bool	 polls;
	char	 id[ID_CUSTOMER_HEX + 1];
	char	 token[ID_TOKEN_CHARS + 1];
	char	 cursor[CLIENT_CURSOR_CHARS + 1];
	unsigned heard;		/* the highest number */
	unsigned may_miss;	/* since then, as it was told */
	char	 present[512];	/* as told last */
};

struct talk {
	struct world *world;
	uint64_t random;
	struct member members[MEMBERS];
	struct {
		unsigned from, to;	/* to: MEMBERS for all */
	} said[SAYS + 1];
	unsigned count;
};

static unsigned
draw(struct talk *talk, unsigned n)
{
	talk->random = talk->random * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (unsigned)((talk->random >> 33) % n);
}

/* How many were said for the member behind first and before end. */
static unsigned
count_for(const struct talk *talk, unsigned who, unsigned first, unsigned end)
{
	unsigned i, count = 0;

	for (i = first + 1; i < end; i++)
		count += talk->said[i].from != who &&
		    (talk->said[i].to == MEMBERS || talk->said[i].to == who);
	return count;
}

/* What the member did not hear before number was what it was told of. */
static void
check_gap(const struct talk *talk, unsigned who, unsigned number)
{
	const struct member *member = &talk->members[who];
	unsigned gap = count_for(talk, who, member->heard, number);

	/* The daemon knows of no more, of those that it does not keep. */
	ck_assert_msg(talk->count - member->heard <= KNOWN ?
	    member->may_miss == gap : member->may_miss <= gap,
	    "%u missed of %u", member->may_miss, gap);
}

static void
hear_say(struct talk *talk, unsigned who, const char *text)
{
	struct member *member = &talk->members[who];
	const char *missed = strstr(text, "\"missed\":");
	const char *what = strstr(text, "\"what\":");
	unsigned number;

	if (missed != NULL) {
		number = (unsigned)strtoul(missed + 9, NULL, 10);
		ck_assert_uint_gt(number, 0);
		member->may_miss += number;
		return;
	}
	ck_assert_ptr_nonnull(what);
	number = (unsigned)strtoul(what + 7, NULL, 10);
	ck_assert_msg(number > member->heard, "%u after %u", number,
	    member->heard);
	ck_assert_uint_eq(count_for(talk, who, number - 1, number + 1), 1);
	check_gap(talk, who, number);
	member->may_miss = 0;
	member->heard = number;
}

static void
hear(struct talk *talk, unsigned who, const char *text)
{
	struct member *member = &talk->members[who];
	const char *cursor = strstr(text, "\"cursor\":\"");

	ck_assert_ptr_null(strstr(text, "\"event\":\"error\""));
	if (strstr(text, "\"event\":\"say\"") != NULL)
		hear_say(talk, who, text);
	if (strstr(text, "\"event\":\"presenceUpdate\"") != NULL)
		(void)sscanf(strchr(text, '[') + 1, "%511[^]]",
		    member->present);
	if (cursor != NULL && !member->polls)
		(void)sscanf(cursor + 10, "%127[0-9.]", member->cursor);
}

/* Read what came; the answer to a poll has a cursor of its own. */
static void
read_all(struct talk *talk, unsigned who)
{
	struct member *member = &talk->members[who];
	struct line *line;

	if (member->client == NULL)
		return;
	while ((line = client_take(member->client)) != NULL) {
		hear(talk, who, line->text);
		free(line);
	}
	if (!member->polls || !member->client->is_answered)
		return;
	memcpy(member->cursor, member->client->cursor,
	    sizeof(member->cursor));
	world_forget(member->client);
	member->client = NULL;
}

static void
lose(struct talk *talk, unsigned who)
{
	struct member *member = &talk->members[who];

	if (member->client == NULL)
		return;
	if (member->client->is_connected)
		hang_up(member->client);
	world_forget(member->client);
	member->client = NULL;
	(void)talk;
}

static void
come_back(struct talk *talk, unsigned who)
{
	struct member *member = &talk->members[who];

	lose(talk, who);
	member->polls = draw(talk, 2) == 0;
	if (member->polls) {
		member->client = post(talk->world, "s1", member->token,
		    POLL_TALK, member->id, member->cursor);
		return;
	}
	member->client = world_connect(talk->world, "s1");
	say(member->client, RESUME_AT, member->id, member->token,
	    member->cursor);
}

static void
speak(struct talk *talk, unsigned who)
{
	struct member *member = &talk->members[who];
	unsigned to = draw(talk, 2 * MEMBERS), number = talk->count + 1;
	char more[64] = "";

	if (number > SAYS)
		return;
	talk->said[number].from = who;
	talk->said[number].to = to < MEMBERS ? to : MEMBERS;
	talk->count++;
	if (to < MEMBERS)
		(void)snprintf(more, sizeof(more), ",'to':'%s'",
		    talk->members[to].id);
	world_forget(post(talk->world, "s1", member->token, SAY, member->id,
	    number, more));
}

static void
step(struct talk *talk)
{
	unsigned who = draw(talk, MEMBERS), i;
	struct member *member = &talk->members[who];

	switch (draw(talk, 12)) {
	case 0:
		/* What was on its way may be lost, read or not. */
		if (draw(talk, 2) == 0)
			read_all(talk, who);
		lose(talk, who);
		return;
	case 1:
		come_back(talk, who);
		return;
	case 2:
		if (member->client != NULL && !member->polls)
			member->client->is_slow = !member->client->is_slow;
		return;
	case 3:
		world_forget(post(talk->world, "s1", member->token,
		    "{'event':'updateCart','payload':{'customerId':'%s',"
		    "'cartContent':{'n':%u}}}", member->id, draw(talk, 100)));
		return;
	case 4:
		world_wait(talk->world, draw(talk, 900));
		return;
	case 5:
		for (i = draw(talk, 60); i > 0; i--)
			speak(talk, who);
		return;
	case 6:
		if (member->client == NULL)
			come_back(talk, who);
		return;
	default:
		speak(talk, who);
		read_all(talk, draw(talk, MEMBERS));
	}
}

/* Everybody listens: then all have heard everything, and see everybody. */
static void
rest(struct talk *talk)
{
	unsigned who, turns;

	for (who = 0; who < MEMBERS; who++) {
		struct member *member = &talk->members[who];

		if (member->client != NULL && !member->polls) {
			member->client->is_slow = false;
			catch_up(member->client);
		}
	}
	for (turns = 0; turns < 4; turns++) {
		for (who = 0; who < MEMBERS; who++) {
			read_all(talk, who);
			if (talk->members[who].client == NULL)
				come_back(talk, who);
		}
		world_wait(talk->world, 300);
	}
	for (who = 0; who < MEMBERS; who++) {
		struct member *member = &talk->members[who];

		read_all(talk, who);
		check_gap(talk, who, talk->count + 1);
		ck_assert_uint_eq(strlen(member->present),
		    MEMBERS * (ID_CUSTOMER_HEX + 3) - 1);
	}
}

static void
enter_all(struct talk *talk)
{
	unsigned who;

	for (who = 0; who < MEMBERS; who++) {
		struct member *member = &talk->members[who];

		member->client = world_connect(talk->world, "s1");
		say(member->client, "{'event':'%s','payload':{"
		    "'customerName':'%u'," FEATURES "}}", who == 0 ?
		    "startSession" : "joinSession", who);
		expect(member->client, "{'event':'%s','payload':{"
		    "'customerId':'<id>','token':'<token>'," FEATURES "}}",
		    who == 0 ? "startSession" : "joinSession");
		memcpy(member->id, member->client->id, sizeof(member->id));
		memcpy(member->token, member->client->token,
		    sizeof(member->token));
		read_all(talk, who);
	}
}

START_TEST(everybody_hears_everything_once)
{
	struct talk *talk = calloc(1, sizeof(*talk));
	unsigned i, who;

	ck_assert_ptr_nonnull(talk);
	talk->random = (uint64_t)_i + 1;
	talk->world = world_new();
	enter_all(talk);
	for (i = 0; i < STEPS; i++) {
		step(talk);
		if (i % 100 == 99)
			rest(talk);
	}
	for (who = 0; who < MEMBERS; who++)
		lose(talk, who);
	world_free(talk->world);
	free(talk);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, everybody_hears_everything_once, 0, SEEDS);
}
