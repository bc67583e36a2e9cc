#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "delta_reader.h"
#include "hub/call.h"
#include "hub/erasure.h"
#include "hub/hub.h"
#include "hub/hub_counts.h"
#include "hub/roster.h"
#include "hub_script.h"
#include "session/record.h"
#include "session/session.h"
#include "storage.h"
#include "wire/message.h"
#include "wire/multicart.h"

/*
 * Random scripts: a few actors, requests beside them, and an operator who
 * kicks, erases, locks, ends and changes the settings do whatever they, time and a bad
 * storage can do, and after each step it is checked that
 * - what anybody is shown was committed, and never an older state than before;
 * - every message that asks for an answer gets one, in order, and nobody gets
 *   an answer to nothing;
 * - nobody is shown anything without speaking for somebody;
 * - what some make of deltas is what they would be shown, and nobody gets one
 *   who just came;
 * whenever all has come to rest, that every member has the newest state, that
 * only polls of those who know it are held, that nobody is left who was kicked
 * or erased, that nothing changed while a session was locked but what may, and
 * that the records alone make the sessions again; and in the
 * end, when everybody is gone for long, that nothing is left in memory.
 *
 * With a real store beside it (hub_world.h), SQLite's or that of a server, both
 * storages have to answer the same.
 *
 * What is wrong is said with a command that repeats it: SEED has one script run
 * alone, STORE=yes with a real store.
 */

const char suite_name[] = "hub_model";

enum {
	ACTORS = 8,
	REQUESTS = 6,
	ERASURES = 32,
	CALLS = 8,
	SESSIONS = 2,
	IDENTITIES = 256,
	ASKS = 512,
	NOBODYS_SEQ = 1000000, /* from here on: not of the own customer's */
	STEPS = 2000,
	REST_EVERY = 200,
	SEEDS_PER_TEST = 20,
	SEEDS = 300,
	STORE_SEEDS = 12,	/* with a real store */
	SERVER_SEEDS = 4,	/* ... that is a server */
	COMMAND_BYTES = 96
};

#define HOUR_MS UINT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)

/* Somebody who once joined. */
struct identity {
	unsigned session;
	char	 id[ID_CUSTOMER_HEX + 1];
	char	 token[ID_TOKEN_CHARS + 1];	/* "" without */
	size_t	 polled;	/* records that a request of it was shown */
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
	struct identity *own;	/* NULL if adopted */
	bool	 may_be_adopted;
	bool was_told_left; /* as an answer, or by another tab's leaving */
	struct ask asks[ASKS];
	size_t	 first, count;
	size_t shown; /* records that it knows of at least */
	char	*newest;	/* multicart received; NULL if none */
	bool	 has_come;	/* and is to be shown the whole */
};

/* A request under way. */
struct posted {
	struct client *client;	/* NULL: none */
	unsigned session;
	const char *event;
	unsigned seq;
	struct identity *about;	/* NULL: somebody new */
	size_t	 shown;		/* records that it knew of when it asked */
	char	*base;		/* the multicart of its cursor, if it */
				/* takes deltas; or NULL */
};

/* An erasure under way; of all in the session without an identity. */
struct erased {
	uint64_t number;
	unsigned session;
	struct identity *identity;
	size_t	 known;		/* identities then */
};

struct model;

/* A session is to be locked, unlocked or ended. */
struct called {
	struct call call;		/* first */
	const struct model *model;
	struct payload *session;	/* NULL: the call is over */
};

struct model {
	struct world *world;
	uint64_t random;
	unsigned step;
	char	 command[COMMAND_BYTES];	/* that repeats it */
	unsigned seq;
	struct identity identities[IDENTITIES];
	size_t	 identity_count;
	struct actor actors[ACTORS];
	struct posted requests[REQUESTS];
	struct erased erasures[ERASURES];
	size_t	 erasure_count;
	struct called calls[CALLS];
	bool	 is_held;
	unsigned deltas, polled_deltas;	/* received */
};

static const char *const session_ids[SESSIONS] = { "s1", "s2" };

static void
require(const struct model *m, bool is_so, const char *what, const char *text)
{
	if (!is_so)
		ck_abort_msg("%sstep %u: %s: %s", m->command, m->step, what,
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

/* Likewise requests that were not answered. */
static void
reap_requests(struct model *m)
{
	size_t i;

	for (i = 0; i < REQUESTS; i++) {
		struct client *client = m->requests[i].client;

		if (client == NULL || client->is_connected)
			continue;
		world_forget(client);
		m->requests[i].client = NULL;
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
static struct identity *
learn(struct model *m, unsigned session, const char *text)
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
	identity->session = session;
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
	actor->has_come = true;
	actor->speaks = true;
	actor->was_told_left = false;
	actor->own = learn(m, actor->session, text);
}

/* Whether text is what the multicart shows to who has a feature on, in whose
 * cursor the third part is the daemon's own. */
static bool
is_shown_by_featured(const char *text, size_t len, struct multicart *multicart)
{
	const struct payload *bytes = multicart_featured(multicart)->bytes;
	size_t same = bytes->len - strlen(MULTICART_NUMBER "\"}");

	return len > same && memcmp(text, bytes->data, same) == 0 &&
	    strcmp(text + same + strspn(text + same, "0123456789."),
		"\"}") == 0;
}

/* Whether text is what the multicart shows, with its cursor or without. */
static bool
is_shown_by(const char *text, size_t len, struct multicart *multicart)
{
	if (is_shown_by_featured(text, len, multicart))
		return true;
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
	actor->has_come = false;
}

/* The multicart that a delta makes of base; free() it. */
static char *
made_of(const struct model *m, const char *base, const char *delta)
{
	char *text = base == NULL ? NULL : delta_apply(base, delta);

	require(m, text != NULL, "a delta that does not fit", delta);
	return text;
}

static void
hear_delta(struct model *m, struct actor *actor, const char *delta)
{
	char *text = made_of(m, actor->newest, delta);

	require(m, !actor->has_come, "a delta to who came", delta);
	hear_multicart(m, actor, text);
	free(text);
	m->deltas++;
}

static void
hear(struct model *m, struct actor *actor, const char *text)
{
	char event[32];

	find_value(text, "{\"event\":\"", event, sizeof(event));
	if (strcmp(event, "multicartUpdate") == 0)
		hear_multicart(m, actor, text);
	else if (delta_is_one(text))
		hear_delta(m, actor, text);
	else if (strcmp(event, "error") == 0)
		hear_error(m, actor, text);
	else if (strcmp(event, "leaveSession") == 0)
		hear_left(m, actor, text);
	else
		hear_reply(m, actor, event, text);
}

/* What a request is shown is committed, and no older than what its customer
 * was shown before. */
static void
hear_polled(struct model *m, struct posted *request, const char *text)
{
	const struct stored *stored = world_stored(m->world,
	    session_ids[request->session]);
	size_t i, len = strlen(text);

	require(m, stored != NULL && request->about != NULL,
	    "a multicart of nothing", text);
	for (i = request->shown; i < stored->count; i++)
		if (is_shown_by(text, len, stored->shown[i]))
			break;
	require(m, i < stored->count, "polled, not committed or old", text);
	if (i > request->about->polled)
		request->about->polled = i;
}

static void
hear_polled_delta(struct model *m, struct posted *request, const char *delta)
{
	char *text = made_of(m, request->base, delta);

	hear_polled(m, request, text);
	free(text);
	m->polled_deltas++;
}

static void
hear_posted(struct model *m, struct posted *request, const char *text)
{
	char event[32], seq[16];

	find_value(text, "{\"event\":\"", event, sizeof(event));
	if (strcmp(event, "multicartUpdate") == 0) {
		hear_polled(m, request, text);
		return;
	}
	if (delta_is_one(text)) {
		hear_polled_delta(m, request, text);
		return;
	}
	if (strcmp(event, "error") == 0)
		find_value(strstr(text, "\"message\":\""),
		    "\"event\":\"", event, sizeof(event));
	/* Who came by it and left before it was answered is told as by a poll. */
	require(m, strcmp(event, request->event) == 0 ||
	    (strcmp(event, "poll") == 0 &&
	    strstr(text, "\"leftSession\"") != NULL),
	    "an answer to something else", text);
	if (request->seq != 0) {
		find_value(text, "\"seq\":", seq, sizeof(seq));
		require(m, strtoul(seq, NULL, 10) == request->seq,
		    "an answer to another seq", text);
	}
	if (request->about == NULL &&
	    strstr(text, "\"customerId\":") != NULL)
		request->about = learn(m, request->session, text);
}

/* A request that was answered has heard all that it ever will. */
static void
hear_request(struct model *m, struct posted *request)
{
	struct line *line;

	if (request->client == NULL || !request->client->is_answered)
		return;
	while ((line = client_take(request->client)) != NULL) {
		hear_posted(m, request, line->text);
		free(line);
	}
	world_forget(request->client);
	request->client = NULL;
}

static void
hear_all(struct model *m)
{
	struct line *line;
	size_t i;

	for (i = 0; i < REQUESTS; i++)
		hear_request(m, &m->requests[i]);
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
	static const char *const optional[] = { "", ",'resumable':true",
		",'features':['delta']",
		",'resumable':true,'features':['delta']" };
	const char *more = optional[draw(m, 4)];
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

static struct identity *
draw_identity(struct model *m, struct identity *own)
{
	size_t recent = m->identity_count < 12 ? m->identity_count : 12;

	if (own != NULL && draw(m, 4) > 0)
		return own;
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
	tell(actor->client, m->step % 2 == 0 ? RESUME : "{'event':"
	    "'resumeSession','payload':{'customerId':'%s','token':'%s',"
	    "'features':['delta']}}", target->id,
	    target->token[0] != '\0' ? target->token : "x");
}

static void
send_anything(struct model *m, struct actor *actor)
{
	const struct identity *target = draw_identity(m, actor->own);
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
post_start_or_join(struct model *m, struct posted *request)
{
	request->event = draw(m, 2) == 0 ? "startSession" : "joinSession";
	request->about = NULL;
	request->shown = 0;
	tell(request->client, "{'event':'%s','payload':{'customerName':"
	    "'P%u'}}", request->event, m->step);
}

static void
post_change(struct model *m, struct posted *request)
{
	request->seq = 1 + m->seq++ - draw(m, 2);
	request->event = "updateCart";
	tell(request->client, CART_SEQ, request->about->id, "{}",
	    (int)request->seq);
}

/* With the cursor of the newest state, or of one so many before. */
static void
post_poll_at(struct model *m, struct posted *request,
    const struct stored *stored, unsigned age)
{
	size_t i = stored->count - 1 - age;
	bool takes_deltas = draw(m, 2) == 0;

	if (takes_deltas)
		request->base =
		    strdup(multicart_featured(stored->shown[i])->bytes->data);
	tell(request->client, "{'event':'poll','payload':{"
	    "'customerId':'%s','cursor':'%u.%u%s,'wait':%u}}",
	    request->about->id, (unsigned)stored->records[i].incarnation,
	    (unsigned)stored->records[i].revision, takes_deltas ?
	    ".0','features':['delta']" : "'", draw(m, 56));
}

/* A poll, with such a cursor or none. */
static void
post_poll(struct model *m, struct posted *request)
{
	const struct stored *stored = world_stored(m->world,
	    session_ids[request->session]);
	unsigned age = draw(m, 3);

	request->event = "poll";
	if (stored == NULL || age == 2 || stored->count <= age)
		tell(request->client, POLL, request->about->id);
	else
		post_poll_at(m, request, stored, age);
}

static void
post_anything(struct model *m, struct posted *request)
{
	struct identity *target = draw_identity(m, request->about);
	unsigned what = draw(m, 100);

	if (request->client != NULL) {
		if (what < 10) {
			hang_up(request->client);
			world_forget(request->client);
			request->client = NULL;
		}
		return;
	}
	request->session = target != NULL ? target->session :
	    draw(m, SESSIONS);
	request->about = target;
	request->shown = target != NULL ? target->polled : 0;
	request->seq = 0;
	free(request->base);
	request->base = NULL;
	request->client = world_request(m->world,
	    session_ids[request->session],
	    target != NULL ? target->token : "");
	if (target == NULL || what < 15)
		post_start_or_join(m, request);
	else if (what < 75)
		post_poll(m, request);
	else if (what < 90)
		post_change(m, request);
	else if (what < 96) {
		request->event = "resumeSession";
		tell(request->client, "{'event':'resumeSession','payload':{"
		    "'customerId':'%s'}}", target->id);
	} else if (what < 98) {
		request->event = "goodbye";
		tell(request->client, "{'event':'goodbye','payload':{"
		    "'customerId':'%s'}}", target->id);
	} else {
		request->event = "leaveSession";
		tell(request->client, LEAVE, target->id);
	}
}

/* Somebody is made to leave; if a storage in trouble lets it. */
static void
kick(struct model *m, struct identity *identity)
{
	struct customer_id id;

	ck_assert_int_eq(customer_id_parse(identity->id, ID_CUSTOMER_HEX, &id),
	    0);
	(void)roster_kick(world_hub(m->world), session_ids[identity->session],
	    &id, world_now(m->world));
}

static void
erase(struct model *m, struct identity *identity)
{
	struct erased *erased = &m->erasures[m->erasure_count];
	const char *session = session_ids[identity->session];
	struct payload *name = payload_new(session, strlen(session));
	struct customer_id id;

	if (m->erasure_count == ERASURES)
		identity = NULL;
	else if (draw(m, 8) > 0)
		erased->identity = identity;
	else
		erased->identity = NULL;
	if (identity != NULL) {
		erased->session = identity->session;
		erased->known = m->identity_count;
		ck_assert_int_eq(customer_id_parse(identity->id,
		    ID_CUSTOMER_HEX, &id), 0);
		erased->number = erasure_begin(world_hub(m->world), name,
		    erased->identity != NULL ? &id : NULL,
		    world_now(m->world));
		m->erasure_count += erased->number != 0;
	}
	payload_unref(name);
}

/* What a lock is answered with is what was committed. */
static void
on_call_done(struct call *call)
{
	struct called *called = (struct called *)call;
	const struct model *m = called->model;
	const struct stored *stored = world_stored(m->world,
	    called->session->data);
	size_t i = 0;

	if (call->refused == REFUSAL_NONE && call->kind == CALL_LOCK) {
		while (i < stored->count - 1 &&
		    (stored->records[i].incarnation != call->incarnation ||
		    stored->records[i].revision != call->revision))
			i++;
		require(m, stored->records[i].event == RECORD_LOCK &&
		    stored->records[i].revision == call->revision,
		    "it says that it is locked, and is not", "");
		require(m, strcmp(stored->shown[i]->bytes->data,
		    call->multicart->bytes->data) == 0,
		    "another multicart was locked",
		    call->multicart->bytes->data);
	}
	payload_unref(called->session);
	called->session = NULL;
}

static void
call_for(struct model *m, const char *session)
{
	static const enum call_kind kinds[] = {
		CALL_LOCK, CALL_LOCK, CALL_UNLOCK, CALL_UNLOCK, CALL_UNLOCK,
		CALL_END,
	};
	struct called *called = &m->calls[draw(m, CALLS)];

	if (called->session != NULL)
		return;
	called->model = m;
	called->session = payload_new(session, strlen(session));
	called->call = (struct call){
		.kind = kinds[draw(m, sizeof(kinds) / sizeof(kinds[0]))],
		.done = on_call_done,
		.session = called->session,
	};
	call_begin(world_hub(m->world), &called->call, world_now(m->world));
}

/* Nobody waits for the answers any more. */
static void
cancel_calls(struct model *m)
{
	size_t i;

	for (i = 0; i < CALLS; i++) {
		struct called *called = &m->calls[i];

		if (called->session == NULL)
			continue;
		call_cancel(world_hub(m->world), &called->call);
		payload_unref(called->session);
		called->session = NULL;
	}
}

static void
reconfigure(struct model *m)
{
	struct hub_settings *hub = &world_config(m->world)->hub;
	static const uint64_t times_ms[] = {
		0, 1, 100, 2000, 60000, 2 * HOUR_MS, DAY_MS
	};
	uint64_t ms = times_ms[draw(m, sizeof(times_ms) /
	    sizeof(times_ms[0]))];

	switch (draw(m, 11)) {
	case 0:
		hub->limits.max_customers = 1 + draw(m, 5);
		break;
	case 1:
		hub->limits.max_remembered = draw(m, 5);
		break;
	case 2:
		hub->limits.checkout_barrier = draw(m, 2) == 0;
		break;
	case 3:
		hub->limits.max_cart_bytes = 30 * draw(m, 3);
		break;
	case 4:
		hub->absence_window_ms[draw(m, 2)] = ms;
		break;
	case 5:
		hub->poll_presence_ms = ms;
		break;
	case 6:
		hub->session_ttl_ms = ms;
		break;
	case 7:
		hub->max_held_polls = draw(m, 4);
		break;
	case 8:
		hub->max_customer_connections = draw(m, 4);
		break;
	case 9:
		hub->journal_retention_ms = ms < HOUR_MS ? 0 : ms;
		break;
	case 10:
		hub->lock_time_ms = ms;
		break;
	}
	hub_configure(world_hub(m->world), hub, world_now(m->world));
}

static void
operate(struct model *m)
{
	struct identity *identity = draw_identity(m, NULL);
	unsigned what = draw(m, 6);

	if (what > 3)
		call_for(m, session_ids[draw(m, SESSIONS)]);
	else if (identity == NULL || what == 0)
		reconfigure(m);
	else if (what == 1)
		erase(m, identity);
	else
		kick(m, identity);
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
	uint64_t ttl_ms = world_config(m->world)->hub.session_ttl_ms;
	unsigned i = draw(m, 60);

	/* Short-lived sessions are looked for each second. */
	if (i == 0)
		world_wait(m->world, ttl_ms - 1 < HOUR_MS ? HOUR_MS / 6 :
		    DAY_MS);
	else
		world_wait(m->world, spans_ms[i %
		    (sizeof(spans_ms) / sizeof(spans_ms[0]))]);
}

static void
stop_and_start(struct model *m)
{
	cancel_calls(m);
	if (!m->is_held && draw(m, 2) == 0)
		world_restart(m->world);
	else
		world_crash(m->world);
	m->is_held = false;
	m->erasure_count = 0;
	reap(m);
	reap_requests(m);
}

static void
take_step(struct model *m)
{
	struct actor *actor = &m->actors[draw(m, ACTORS)];
	unsigned what = draw(m, 200);

	if (what < 90 && actor->client != NULL)
		send_anything(m, actor);
	else if (what < 125)
		post_anything(m, &m->requests[draw(m, REQUESTS)]);
	else if (what < 130)
		operate(m);
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

	for (i = 0; i < stored->count; i++) {
		const struct record *record = &stored->records[i];

		require(m, !session->is_locked ||
		    (record->event != RECORD_JOIN &&
		    record->event != RECORD_CART &&
		    record->event != RECORD_READY &&
		    record->event != RECORD_START), "changed while locked",
		    session->id->data);
		require(m, session_apply(session, record) == 0, "replay",
		    session->id->data);
	}
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

/* Only a poll whose customer knows the newest state is held. */
static void
check_request(const struct model *m, const struct posted *request)
{
	const struct stored *stored = world_stored(m->world,
	    session_ids[request->session]);
	const struct peer_request *poll;
	const struct record *newest;

	if (request->client == NULL)
		return;
	poll = &request->client->poll;
	require(m, strcmp(request->event, "poll") == 0 && poll->is_held,
	    "a request is never answered", request->event);
	newest = &stored->records[stored->count - 1];
	require(m, poll->incarnation == newest->incarnation &&
	    poll->revision == newest->revision,
	    "a poll is held that has news", request->about->id);
}

/* Who was erased takes part no more; all is done, or was refused. */
static void
check_erased(struct model *m, const struct erased *erased)
{
	struct erasure erasure = erasure_report(world_hub(m->world),
	    erased->number);
	const struct stored *stored = world_stored(m->world,
	    session_ids[erased->session]);
	size_t i;

	require(m, erasure.state != ERASURE_PENDING, "erasing goes on", "");
	if (erasure.state != ERASURE_DONE)
		return;
	for (i = 0; i < erased->known; i++) {
		struct identity *identity = &m->identities[i];

		if (identity->session != erased->session ||
		    (erased->identity != NULL && erased->identity != identity))
			continue;
		require(m, strstr(stored->shown[stored->count - 1]->bytes->data,
		    identity->id) == NULL, "erased, and still shown",
		    identity->id);
	}
}

/* Who is connected is present. */
static void
check_presence(const struct model *m)
{
	struct roster_customer customers[64];
	size_t i, k, n;

	for (i = 0; i < SESSIONS; i++) {
		n = roster_customers(world_hub(m->world), session_ids[i],
		    customers, sizeof(customers) / sizeof(customers[0]));
		for (k = 0; k < n; k++)
			require(m, customers[k].connections +
			    customers[k].polls == 0 || customers[k].is_present,
			    "connected and not present", session_ids[i]);
	}
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
	for (i = 0; i < REQUESTS; i++)
		check_request(m, &m->requests[i]);
	for (i = 0; i < CALLS; i++)
		require(m, m->calls[i].session == NULL,
		    "a call is never answered", "");
	for (i = 0; i < m->erasure_count; i++)
		check_erased(m, &m->erasures[i]);
	m->erasure_count = 0;
	check_presence(m);
	for (i = 0; i < ACTORS; i++) {
		check_actor(m, &m->actors[i]);
		m->actors[i].first = m->actors[i].count = 0;
		if (m->actors[i].client != NULL &&
		    !m->actors[i].speaks)
			m->actors[i].may_be_adopted = false;
	}
}

static struct world *
draw_world(struct model *m, bool has_store)
{
	struct world_config config;

	world_defaults(&config);
	config.has_store = has_store;
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

/* Everybody goes, and nothing is kept of them. */
static void
check_end(struct model *m)
{
	struct hub_counts counts;
	size_t i;

	for (i = 0; i < ACTORS; i++)
		if (m->actors[i].client != NULL)
			hang_up(m->actors[i].client);
	for (i = 0; i < REQUESTS; i++)
		if (m->requests[i].client != NULL)
			hang_up(m->requests[i].client);
	world_config(m->world)->hub.poll_presence_ms = 1;
	world_config(m->world)->hub.lock_time_ms = 1;
	hub_configure(world_hub(m->world), &world_config(m->world)->hub,
	    world_now(m->world));
	world_wait(m->world, 10000);
	hub_copy_counts(world_hub(m->world), &counts);
	require(m, counts.sessions == 0 && counts.present == 0 &&
	    counts.awaited == 0 && counts.jobs_pending == 0,
	    "something is left", "");
}

/* Whether deltas were received, by connections and by polls. */
static bool
run(unsigned seed, bool has_store)
{
	struct model *m = xcalloc(1, sizeof(*m));
	bool had_deltas;
	size_t i;

	(void)snprintf(m->command, sizeof(m->command),
	    "STORAGE=%s %sSEED=%u tests/check_hub_model: ",
	    storage_is_sqlite() ? "sqlite" : "postgresql",
	    has_store ? "STORE=yes " : "", seed); /* fits */
	world_say_first(m->command);
	m->random = seed;
	m->world = draw_world(m, has_store);
	for (m->step = 1; m->step <= STEPS; m->step++) {
		take_step(m);
		if (m->step % REST_EVERY == 0)
			rest(m);
	}
	check_end(m);
	world_free(m->world);
	for (i = 0; i < ACTORS; i++)
		actor_clear(&m->actors[i]);
	for (i = 0; i < REQUESTS; i++)
		free(m->requests[i].base);
	world_say_first("");
	had_deltas = m->deltas > 0 && m->polled_deltas > 0;
	free(m);
	return had_deltas;
}

START_TEST(random_scripts_keep_what_is_promised)
{
	unsigned seed = (unsigned)_i * SEEDS_PER_TEST;
	unsigned end = seed + SEEDS_PER_TEST, with_deltas = 0;

	for (; seed < end; seed++)
		with_deltas += run(seed, false);
	ck_assert_uint_gt(with_deltas, SEEDS_PER_TEST / 2);
}
END_TEST

START_TEST(both_storages_answer_the_same)
{
	(void)run((unsigned)_i, true);
}
END_TEST

START_TEST(the_script_that_was_named)
{
	(void)run((unsigned)_i, getenv("STORE") != NULL);
}
END_TEST

void
suite_add(TCase *tc)
{
	const char *seed = getenv("SEED");

	storage_need();
	if (seed != NULL) {
		tcase_add_loop_test(tc, the_script_that_was_named, atoi(seed),
		    atoi(seed) + 1);
		return;
	}
	if (storage_stands_for_sqlite("what needs no store"))
		tcase_add_loop_test(tc, random_scripts_keep_what_is_promised,
		    0, SEEDS / SEEDS_PER_TEST);
	tcase_add_loop_test(tc, both_storages_answer_the_same, 0,
	    storage_is_sqlite() ? STORE_SEEDS : SERVER_SEEDS);
}
