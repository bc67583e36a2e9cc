#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub/hub.h"
#include "hub_script.h"
#include "session/session.h"
#include "wire/message.h"
#include "wire/multicart.h"

/*
 * Random scripts: a few actors do whatever clients, time and a bad storage can
 * do, and after each step it is checked that
 * - what anybody is shown was committed, and never an older state than before;
 * - every message that asks for an answer gets one, in order, and nobody gets
 *   an answer to nothing;
 * - nobody is shown anything without speaking for somebody;
 * and whenever all has come to rest, that every member has the newest state and
 * that the records alone make it again.
 */

const char suite_name[] = "hub_model";

enum {
	ACTORS = 8,
	SESSIONS = 2,
	IDENTITIES = 256,
	ASKS = 512,
	NOBODYS_SEQ = 1000000, /* from here on: not of the own customer's */
	STEPS = 2000,
	REST_EVERY = 200,
	SEEDS_PER_TEST = 20,
	SEEDS = 300
};

#define DAY_MS UINT64_C(86400000)

/* Somebody who once joined. */
struct identity {
	unsigned session;
	char	 id[ID_CUSTOMER_HEX + 1];
	char	 token[ID_TOKEN_CHARS + 1];	/* "" without */
};

/* A message that was sent and may be answered. */
struct ask {
	const char *event;
	unsigned seq;		/* 0 without */
	bool	 is_owed;	/* an answer */
};

struct actor {
	struct client *client;	/* NULL: not connected */
	unsigned session;
	bool	 speaks;	/* for somebody, as far as it has read: */
	const struct identity *own;	/* NULL if adopted */
	bool	 may_be_adopted;
	bool was_told_left; /* as an answer, or by another tab's leaving */
	struct ask asks[ASKS];
	size_t	 first, count;
	size_t shown; /* records that it knows of at least */
	char	*newest;	/* multicart received; NULL if none */
};

struct model {
	struct world *world;
	uint64_t random;
	unsigned seed, step;
	unsigned seq;
	struct identity identities[IDENTITIES];
	size_t	 identity_count;
	struct actor actors[ACTORS];
	bool	 is_held;
};

static const char *const session_ids[SESSIONS] = { "s1", "s2" };

static void
require(const struct model *m, bool is_so, const char *what, const char *text)
{
	if (!is_so)
		ck_abort_msg("seed %u step %u: %s: %s", m->seed, m->step, what,
		    text);
}

static unsigned
draw(struct model *m, unsigned n)
{
	m->random = m->random * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (unsigned)((m->random >> 33) % n);
}

static void
actor_clear(struct actor *actor)
{
	free(actor->newest);
	*actor = (struct actor){ .client = NULL };
}

/* Clients that are gone leave their actors without a connection. */
static void
reap(struct model *m)
{
	size_t i;

	for (i = 0; i < ACTORS; i++) {
		struct client *client = m->actors[i].client;

		if (client == NULL || client->is_connected)
			continue;
		world_forget(client);
		actor_clear(&m->actors[i]);
	}
}

static void
ask(struct model *m, struct actor *actor, const char *event, unsigned seq,
    bool is_owed)
{
	require(m, actor->first + actor->count < ASKS, "many asks", event);
	actor->asks[actor->first + actor->count++] = (struct ask){ event, seq,
	    is_owed };
}

static void
drop_ask(struct actor *actor)
{
	actor->first++;
	if (--actor->count == 0)
		actor->first = 0;
}

/* An answer to event came: to the first that it can be meant for. */
static void
answer(struct model *m, struct actor *actor, const char *event, unsigned seq,
    const char *text)
{
	const struct ask *front;

	while (actor->count > 0) {
		front = &actor->asks[actor->first];
		if (strcmp(front->event, event) == 0 && front->seq == seq) {
			drop_ask(actor);
			return;
		}
		require(m, !front->is_owed || (actor->was_told_left &&
		    strcmp(front->event, "leaveSession") == 0),
		    front->event, text);
		drop_ask(actor);
	}
	require(m, false, "an answer to nothing", text);
}

/* The string or number behind key in text, "" if there is none. */
static void
find_value(const char *text, const char *key, char *out, size_t size)
{
	const char *at = strstr(text, key);
	size_t n = 0;

	if (at != NULL) {
		at += strlen(key);
		n = strcspn(at, "\",}");
	}
	if (n >= size)
		n = 0;
	if (n > 0)
		memcpy(out, at, n);
	out[n] = '\0';
}

/* The newest of the identities that text names, made if need be. */
static const struct identity *
learn(struct model *m, const struct actor *actor, const char *text)
{
	struct identity *identity;
	char id[ID_CUSTOMER_HEX + 1];
	size_t i;

	find_value(text, "\"customerId\":\"", id, sizeof(id));
	for (i = 0; i < m->identity_count; i++)
		if (strcmp(m->identities[i].id, id) == 0)
			return &m->identities[i];
	if (m->identity_count == IDENTITIES)
		return NULL;
	identity = &m->identities[m->identity_count++];
	identity->session = actor->session;
	memcpy(identity->id, id, sizeof(id));
	find_value(text, "\"token\":\"", identity->token,
	    sizeof(identity->token));
	return identity;
}

static void
hear_error(struct model *m, struct actor *actor, const char *text)
{
	char event[32], seq[16];
	const char *rest = strstr(text, "\"message\":\"");

	require(m, rest != NULL, "an error without text", text);
	find_value(rest, "\"event\":\"", event, sizeof(event));
	find_value(rest, "\"seq\":", seq, sizeof(seq));
	answer(m, actor, event, (unsigned)strtoul(seq, NULL, 10), text);
}

static void
hear_left(struct model *m, struct actor *actor, const char *text)
{
	require(m, (actor->speaks && !actor->was_told_left) ||
	    actor->may_be_adopted, "left without being there", text);
	actor->speaks = false;
	actor->own = NULL;
	actor->was_told_left = true;
}

static void
hear_reply(struct model *m, struct actor *actor, const char *event,
    const char *text)
{
	char seq[16];
	bool has_seq = strcmp(event, "updateCart") == 0 ||
	    strcmp(event, "customerReadyToCheckout") == 0;

	if (has_seq) {
		find_value(text, "\"seq\":", seq, sizeof(seq));
		answer(m, actor, event, (unsigned)strtoul(seq, NULL, 10),
		    text);
		return;
	}
	answer(m, actor, event, 0, text);
	actor->speaks = true;
	actor->was_told_left = false;
	actor->own = learn(m, actor, text);
}

/* Whether text is what the multicart shows, with its cursor or without. */
static bool
is_shown_by(const char *text, size_t len, const struct multicart *multicart)
{
	if (len == multicart->bytes->len)
		return memcmp(text, multicart->bytes->data, len) == 0;
	return len == multicart->plain_len + 1 && text[len - 1] == '}' &&
	    memcmp(text, multicart->bytes->data, multicart->plain_len) == 0;
}

static void
hear_multicart(struct model *m, struct actor *actor, const char *text)
{
	const struct stored *stored = world_stored(m->world,
	    session_ids[actor->session]);
	size_t i, len = strlen(text);

	require(m, stored != NULL, "a multicart of nothing", text);
	require(m, actor->speaks || actor->may_be_adopted,
	    "a multicart unasked for", text);
	actor->speaks = true;
	for (i = actor->shown; i < stored->count; i++)
		if (is_shown_by(text, len, stored->shown[i]))
			break;
	require(m, i < stored->count, "not committed, or out of order", text);
	actor->shown = i;
	free(actor->newest);
	actor->newest = strdup(text);
}

static void
hear(struct model *m, struct actor *actor, const char *text)
{
	char event[32];

	find_value(text, "{\"event\":\"", event, sizeof(event));
	if (strcmp(event, "multicartUpdate") == 0)
		hear_multicart(m, actor, text);
	else if (strcmp(event, "error") == 0)
		hear_error(m, actor, text);
	else if (strcmp(event, "leaveSession") == 0)
		hear_left(m, actor, text);
	else
		hear_reply(m, actor, event, text);
}

static void
hear_all(struct model *m)
{
	struct line *line;
	size_t i;

	for (i = 0; i < ACTORS; i++) {
		struct actor *actor = &m->actors[i];

		while (actor->client != NULL &&
		    (line = client_take(actor->client)) != NULL) {
			hear(m, actor, line->text);
			free(line);
		}
	}
	reap(m);
}

static void
send_start_or_join(struct model *m, struct actor *actor)
{
	const char *event = draw(m, 2) == 0 ? "startSession" : "joinSession";
	const char *more = draw(m, 2) == 0 ? ",'resumable':true" : "";
	unsigned request = draw(m, 12);

	ask(m, actor, event, 0, true);
	if (request >= 6)
		tell(actor->client, "{'event':'%s','payload':{'customerName':"
		    "'N%u'%s}}", event, m->step, more);
	else
		tell(actor->client, "{'event':'%s','payload':{'customerName':"
		    "'N%u','requestId':'%u-0123456789-abcdefghijk'%s}}", event,
		    m->step, request + 100 * (m->step / 500), more);
}

static const struct identity *
draw_identity(struct model *m, const struct actor *actor)
{
	size_t recent = m->identity_count < 12 ? m->identity_count : 12;

	if (actor->own != NULL && draw(m, 4) > 0)
		return actor->own;
	if (recent == 0)
		return NULL;
	return &m->identities[m->identity_count - 1 -
	    draw(m, (unsigned)recent)];
}

static void
send_change(struct model *m, struct actor *actor,
    const struct identity *target)
{
	bool is_own = actor->speaks && actor->own == target;
	unsigned seq = draw(m, 2) == 0 ? 0 : is_own ?
	    m->seq + 3 - draw(m, 6) : NOBODYS_SEQ + m->step;
	bool is_owed = is_own && seq != 0;
	char number[32] = "";

	m->seq++;
	if (seq != 0)
		(void)snprintf(number, sizeof(number), ",\"seq\":%u", seq);
	/* It may have lost its seat without having read so. */
	if (target != actor->own)
		actor->may_be_adopted = true;
	if (draw(m, 3) > 0) {
		ask(m, actor, "updateCart", seq, is_owed);
		tell(actor->client, "{'event':'updateCart','payload':{"
		    "'customerId':'%s','cartContent':{'n':%u}%s}}", target->id,
		    m->step, number);
		return;
	}
	ask(m, actor, "customerReadyToCheckout", seq, is_owed);
	tell(actor->client, "{'event':'customerReadyToCheckout','payload':{"
	    "'customerId':'%s','customerReadyToCheckout':%s%s}}", target->id,
	    draw(m, 2) == 0 ? "true" : "false", number);
}

static void
send_resume(struct model *m, struct actor *actor,
    const struct identity *target)
{
	ask(m, actor, "resumeSession", 0, true);
	tell(actor->client, RESUME, target->id,
	    target->token[0] != '\0' ? target->token : "x");
}

static void
send_anything(struct model *m, struct actor *actor)
{
	const struct identity *target = draw_identity(m, actor);
	unsigned what = draw(m, 100);

	if (!hub_peer_is_ready(world_hub(m->world), &actor->client->peer))
		return;
	if (target == NULL || (!actor->speaks && what < 50))
		send_start_or_join(m, actor);
	else if (what < 70)
		send_change(m, actor, target);
	else if (what < 84)
		send_resume(m, actor, target);
	else if (what < 90) {
		ask(m, actor, "leaveSession", 0, true);
		tell(actor->client, LEAVE, target->id);
	} else if (what < 93) {
		ask(m, actor, "", 0, true);
		tell(actor->client, "{'event':");
	} else
		send_start_or_join(m, actor);
}

static void
connect_or_not(struct model *m, struct actor *actor)
{
	struct client *client = actor->client;

	if (client == NULL) {
		actor->session = draw(m, 4) > 0 ? 0 : 1;
		actor->client = world_connect(m->world,
		    session_ids[actor->session]);
		actor->client->is_slow = draw(m, 4) == 0;
	} else if (client->pings > 0 && draw(m, 2) == 0)
		pong(client);
	else if (draw(m, 3) == 0)
		hang_up(client);
	else
		catch_up(client);
}

static void
trouble_storage(struct model *m)
{
	switch (draw(m, 8)) {
	case 0:
		world_refuse(m->world, 1 + draw(m, 3));
		break;
	case 1:
		world_refuse_writing(m->world, 1 + draw(m, 3));
		break;
	case 2:
		world_refuse_reading(m->world, 1 + draw(m, 2));
		break;
	case 3:
		world_refuse(m->world, 0);
		break;
	case 4:
	case 5:
		world_hold(m->world);
		m->is_held = true;
		break;
	default:
		world_go_on(m->world);
		m->is_held = false;
	}
}

static void
let_time_pass(struct model *m)
{
	static const uint64_t spans_ms[] = {
		1, 100, 2000, 3000, 5000, 20000, 60000,
	};
	unsigned i = draw(m, 60);

	if (i == 0)
		world_wait(m->world, DAY_MS);
	else
		world_wait(m->world, spans_ms[i %
		    (sizeof(spans_ms) / sizeof(spans_ms[0]))]);
}

static void
stop_and_start(struct model *m)
{
	if (!m->is_held && draw(m, 2) == 0)
		world_restart(m->world);
	else
		world_crash(m->world);
	m->is_held = false;
	reap(m);
}

static void
take_step(struct model *m)
{
	struct actor *actor = &m->actors[draw(m, ACTORS)];
	unsigned what = draw(m, 200);

	if (what < 130 && actor->client != NULL)
		send_anything(m, actor);
	else if (what < 160)
		connect_or_not(m, actor);
	else if (what < 180)
		trouble_storage(m);
	else if (what < 199)
		let_time_pass(m);
	else if (draw(m, 2) == 0)
		stop_and_start(m);
	if (draw(m, 3) > 0)
		world_run(m->world);
	hear_all(m);
}

/* What the records of a session make, and nothing else. */
static void
check_replay(const struct model *m, const struct stored *stored)
{
	struct session *session = session_new(stored->session->id,
	    stored->session->row);
	struct multicart *multicart;
	size_t i;

	for (i = 0; i < stored->count; i++)
		require(m, session_apply(session, &stored->records[i]) == 0,
		    "replay", session->id->data);
	multicart = multicart_encode(session);
	require(m, is_shown_by(multicart->bytes->data, multicart->bytes->len,
	    stored->shown[stored->count - 1]), "replay makes another state",
	    multicart->bytes->data);
	multicart_unref(multicart);
	session_free(session);
}

static void
check_actor(const struct model *m, const struct actor *actor)
{
	const struct stored *stored = world_stored(m->world,
	    session_ids[actor->session]);
	size_t i;

	if (actor->client == NULL)
		return;
	for (i = actor->first; i < actor->first + actor->count; i++)
		require(m, !actor->asks[i].is_owed || (actor->was_told_left &&
		    strcmp(actor->asks[i].event, "leaveSession") == 0),
		    "never answered", actor->asks[i].event);
	require(m, actor->speaks == (actor->client->peer.seat != NULL),
	    "who speaks knows, who does not knows too",
	    session_ids[actor->session]);
	if (!actor->speaks)
		return;
	require(m, actor->newest != NULL && is_shown_by(actor->newest,
	    strlen(actor->newest), stored->shown[stored->count - 1]),
	    "not the newest", actor->newest != NULL ? actor->newest : "");
}

/* Let everything come to rest, and check what holds then. */
static void
rest(struct model *m)
{
	const struct stored *stored;
	size_t i;

	world_refuse(m->world, 0);
	world_refuse_writing(m->world, 0);
	world_refuse_reading(m->world, 0);
	world_go_on(m->world);
	m->is_held = false;
	world_wait(m->world, 10000);
	for (i = 0; i < ACTORS; i++)
		if (m->actors[i].client != NULL &&
		    m->actors[i].client->is_connected)
			catch_up(m->actors[i].client);
	hear_all(m);
	require(m, hub_is_drained(world_hub(m->world)), "quiet", "");
	TAILQ_FOREACH(stored, world_all_stored(m->world), entry)
		check_replay(m, stored);
	for (i = 0; i < ACTORS; i++) {
		check_actor(m, &m->actors[i]);
		m->actors[i].first = m->actors[i].count = 0;
		if (m->actors[i].client != NULL &&
		    !m->actors[i].speaks)
			m->actors[i].may_be_adopted = false;
	}
}

static struct world *
draw_world(struct model *m)
{
	struct world_config config;

	world_defaults(&config);
	if (draw(m, 3) == 0)
		config.hub.limits.max_customers = 3;
	if (draw(m, 3) == 0)
		config.hub.limits.max_remembered = 1 + draw(m, 3);
	if (draw(m, 4) == 0)
		config.hub.require_tokens = true;
	if (draw(m, 4) == 0)
		config.hub.limits.checkout_barrier = true;
	if (draw(m, 4) == 0)
		config.hub.absence_window_ms[0] = 0;
	if (draw(m, 4) == 0)
		config.hub.limits.max_cart_bytes = 30;
	return world_new_with(&config);
}

static void
run(unsigned seed)
{
	struct model *m = calloc(1, sizeof(*m));
	size_t i;

	ck_assert_ptr_nonnull(m);
	m->seed = seed;
	m->random = seed;
	m->world = draw_world(m);
	for (m->step = 1; m->step <= STEPS; m->step++) {
		take_step(m);
		if (m->step % REST_EVERY == 0)
			rest(m);
	}
	world_free(m->world);
	for (i = 0; i < ACTORS; i++)
		actor_clear(&m->actors[i]);
	free(m);
}

START_TEST(random_scripts_keep_what_is_promised)
{
	unsigned seed = (unsigned)_i * SEEDS_PER_TEST;
	unsigned end = seed + SEEDS_PER_TEST;

	for (; seed < end; seed++)
		run(seed);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, random_scripts_keep_what_is_promised, 0,
	    SEEDS / SEEDS_PER_TEST);
}
