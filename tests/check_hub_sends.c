#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "hub/hub.h"
#include "hub_script.h"
#include "session/session.h"

/*
 * Numbered messages on a network that loses, repeats and reorders them, by
 * connections and by requests, before a storage that fails and a daemon that is
 * killed.  At all times what was acknowledged is in the records, where numbers
 * only grow; and once the last message of each kind is acknowledged, the
 * session is what delivery in order would have made of it.
 */

const char suite_name[] = "hub_sends";

enum {
	CUSTOMERS = 2,
	LAST_SEQ = 6, /* of each customer's carts and readiness */
	COPIES_MAX = 3,		/* of one message, on its way */
	SENDS = CUSTOMERS * SEQUENCES * LAST_SEQ * COPIES_MAX,
	CALLS = 64,		/* under way at a time, at the most */
	SEEDS_PER_TEST = 500
};

/* Sanitizers take some ten times as long; SEEDS in the environment decides. */
#if HAS_ADDRESS_SANITIZER
#define SEEDS_BY_DEFAULT 10000
#else
#define SEEDS_BY_DEFAULT 100000
#endif

/* A message of a customer: its n-th of that kind. */
struct send {
	unsigned customer;
	enum customer_sequence kind;
	unsigned seq;
};

struct shopper {
	char	 id[ID_CUSTOMER_HEX + 1];
	char	 token[ID_TOKEN_CHARS + 1];
	struct customer_id key;
	unsigned acknowledged[SEQUENCES];
	struct client *connection;	/* NULL while it has none */
	unsigned owed;			/* answers, on the connection */
};

struct trial {
	struct world *world;
	uint64_t random;
	unsigned seed;
	struct shopper shoppers[CUSTOMERS];
	struct send sends[SENDS];	/* in the order of their arrival */
	size_t	 send_count;
	struct client *calls[CALLS];	/* requests not answered yet, ... */
	unsigned callers[CALLS];	/* ... of these shoppers */
	size_t	 call_count;
	bool	 is_held;
};

static const char *const event_names[SEQUENCES] = {
	[SEQUENCE_CART] = "updateCart",
	[SEQUENCE_READY] = "customerReadyToCheckout",
};

static void
require(const struct trial *t, bool is_so, const char *what, const char *text)
{
	if (!is_so)
		ck_abort_msg("seed %u: %s: %s", t->seed, what, text);
}

static unsigned
draw(struct trial *t, unsigned n)
{
	t->random = t->random * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (unsigned)((t->random >> 33) % n);
}

/* What is durable of a customer. */
static const struct customer *
durable(const struct trial *t, const struct shopper *shopper)
{
	const struct customer *customer = session_customer(
	    world_stored(t->world, "s1")->session, &shopper->key);

	require(t, customer != NULL, "who joined is remembered", shopper->id);
	return customer;
}

/* The message number n of that kind says that; "{}" is the first cart. */
static void
cart_of(unsigned seq, char text[16])
{
	(void)snprintf(text, 16, seq == 0 ? "{}" : "{\"n\":%u}", seq);
}

static bool
readiness_of(unsigned seq)
{
	return seq % 3 == 1;
}

/* What is durable is the effect of the highest numbers, and of no others. */
static void
check_effects(const struct trial *t, const struct shopper *shopper)
{
	const struct customer *customer = durable(t, shopper);
	char cart[16];
	int i;

	for (i = 0; i < SEQUENCES; i++)
		require(t, customer->seq[i] >= shopper->acknowledged[i],
		    "acknowledged and lost", event_names[i]);
	cart_of((unsigned)customer->seq[SEQUENCE_CART], cart);
	require(t, strcmp(customer->cart != NULL ? customer->cart->data : "{}",
	    cart) == 0, "a cart of another number", cart);
	require(t, customer->is_ready ==
	    readiness_of((unsigned)customer->seq[SEQUENCE_READY]),
	    "readiness of another number", shopper->id);
}

/* An acknowledgement is of something durable; stale ones too. */
static void
hear_reply(struct trial *t, struct shopper *shopper, const char *text)
{
	static const char seq_key[] = "\"seq\":";
	const char *at = strstr(text, seq_key);
	unsigned seq = at == NULL ? 0 :
	    (unsigned)strtoul(at + sizeof(seq_key) - 1, NULL, 10);
	int kind = strncmp(text, "{\"event\":\"updateCart\"", 21) == 0 ?
	    SEQUENCE_CART : SEQUENCE_READY;

	require(t, seq > 0, "a reply without a number", text);
	require(t, durable(t, shopper)->seq[kind] >= seq,
	    "acknowledged before it was durable", text);
	if (seq > shopper->acknowledged[kind])
		shopper->acknowledged[kind] = seq;
}

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Whatever client received for the shopper; how many answers that was. */
static unsigned
hear(struct trial *t, struct shopper *shopper, struct client *client)
{
	struct line *line;
	unsigned answers = 0;

	while ((line = client_take(client)) != NULL) {
		if (begins(line->text, "{\"event\":\"updateCart\"") ||
		    begins(line->text, "{\"event\":\"customerReady"))
			hear_reply(t, shopper, line->text);
		else
			require(t, begins(line->text, "{\"event\":\"resume") ||
			    begins(line->text, "{\"event\":\"multicart") ||
			    strstr(line->text, "storageUnavailable") != NULL ||
			    strstr(line->text, "notYourCustomer") != NULL,
			    "unexpected", line->text);
		answers += !begins(line->text, "{\"event\":\"multicart");
		free(line);
	}
	return answers;
}

static void
forget_call(struct trial *t, size_t i)
{
	world_forget(t->calls[i]);
	t->call_count--;
	t->calls[i] = t->calls[t->call_count];
	t->callers[i] = t->callers[t->call_count];
}

static void
hear_all(struct trial *t)
{
	size_t i;

	for (i = 0; i < CUSTOMERS; i++) {
		struct shopper *shopper = &t->shoppers[i];
		unsigned answers;

		if (shopper->connection == NULL)
			continue;
		answers = hear(t, shopper, shopper->connection);
		require(t, answers <= shopper->owed, "answers to nothing",
		    shopper->id);
		shopper->owed -= answers;
	}
	for (i = t->call_count; i-- > 0;) {
		if (!t->calls[i]->is_answered)
			continue;
		require(t, hear(t, &t->shoppers[t->callers[i]],
		    t->calls[i]) == 1, "one answer to one request", "");
		forget_call(t, i);
	}
}

static void
disconnect(struct shopper *shopper)
{
	if (shopper->connection == NULL)
		return;
	if (shopper->connection->is_connected)
		hang_up(shopper->connection);
	world_forget(shopper->connection);
	shopper->connection = NULL;
	shopper->owed = 0;
}

static void
reconnect(struct trial *t, struct shopper *shopper)
{
	disconnect(shopper);
	shopper->connection = world_connect(t->world, "s1");
	tell(shopper->connection, RESUME, shopper->id, shopper->token);
	shopper->owed++;
}

static void
send_by_connection(struct trial *t, const struct send *send)
{
	struct shopper *shopper = &t->shoppers[send->customer];
	struct client *client = shopper->connection;
	char cart[16];

	if (client == NULL ||
	    !hub_peer_is_ready(world_hub(t->world), &client->peer))
		return;
	cart_of(send->seq, cart);
	if (send->kind == SEQUENCE_CART)
		tell(client, CART_SEQ, shopper->id, cart, (int)send->seq);
	else
		tell(client, READY_SEQ, shopper->id,
		    readiness_of(send->seq) ? "true" : "false",
		    (int)send->seq);
	shopper->owed++;
}

static void
send_by_request(struct trial *t, const struct send *send)
{
	struct shopper *shopper = &t->shoppers[send->customer];
	char cart[16];
	size_t i = t->call_count;

	if (i == CALLS)
		return;
	cart_of(send->seq, cart);
	if (send->kind == SEQUENCE_CART)
		t->calls[i] = request(t->world, "s1", shopper->token, CART_SEQ,
		    shopper->id, cart, (int)send->seq);
	else
		t->calls[i] = request(t->world, "s1", shopper->token,
		    READY_SEQ, shopper->id,
		    readiness_of(send->seq) ? "true" : "false",
		    (int)send->seq);
	t->callers[i] = send->customer;
	t->call_count++;
}

/* The daemon is gone and comes back; so are all connections. */
static void
kill_daemon(struct trial *t)
{
	size_t i;

	world_crash(t->world);
	t->is_held = false;
	hear_all(t);
	for (i = 0; i < CUSTOMERS; i++)
		disconnect(&t->shoppers[i]);
	while (t->call_count > 0)
		forget_call(t, t->call_count - 1);
}

static void
cancel_call(struct trial *t)
{
	if (t->call_count == 0 || t->calls[0]->is_answered)
		return;
	hang_up(t->calls[0]);
	forget_call(t, 0);
}

static void
trouble_storage(struct trial *t)
{
	switch (draw(t, 4)) {
	case 0:
		world_refuse(t->world, 1 + draw(t, 2));
		break;
	case 1:
		world_refuse_writing(t->world, 1 + draw(t, 2));
		break;
	default:
		world_hold(t->world);
		t->is_held = true;
	}
}

/* Something happens between two messages, or nothing. */
static void
disturb(struct trial *t)
{
	unsigned what = draw(t, 100), shopper = draw(t, CUSTOMERS);

	if (what < 6)
		trouble_storage(t);
	else if (what < 14) {
		world_go_on(t->world);
		t->is_held = false;
	} else if (what < 18 && t->is_held && hub_has_jobs_out(
	    world_hub(t->world)))
		world_do_one(t->world);
	else if (what < 22)
		reconnect(t, &t->shoppers[shopper]);
	else if (what < 24)
		disconnect(&t->shoppers[shopper]);
	else if (what < 27)
		cancel_call(t);
	else if (what < 28)
		kill_daemon(t);
	else if (what < 29)	/* all who send nothing expire */
		world_wait(t->world, 150000);
	else if (what < 70)
		world_run(t->world);
}

/* So many copies of each message, none of some, in any order. */
static void
shuffle_sends(struct trial *t)
{
	unsigned i, copies, n;

	for (i = 0; i < CUSTOMERS * SEQUENCES * LAST_SEQ; i++)
		for (copies = draw(t, COPIES_MAX + 1); copies > 0; copies--) {
			/* Its place is that of one before, which moves. */
			n = draw(t, (unsigned)t->send_count + 1);
			t->sends[t->send_count++] = t->sends[n];
			t->sends[n] = (struct send){
				.customer = i % CUSTOMERS,
				.kind = i / CUSTOMERS % SEQUENCES,
				.seq = 1 + i / CUSTOMERS / SEQUENCES,
			};
		}
}

static void
enter(struct trial *t)
{
	size_t i;

	for (i = 0; i < CUSTOMERS; i++) {
		struct shopper *shopper = &t->shoppers[i];
		struct client *client = i == 0 ?
		    world_start_resumable(t->world, "s1", "Ann") :
		    world_join_by_request(t->world, "s1", "Bob");

		memcpy(shopper->id, client->id, sizeof(shopper->id));
		memcpy(shopper->token, client->token, sizeof(shopper->token));
		require(t, customer_id_parse(shopper->id, ID_CUSTOMER_HEX,
		    &shopper->key) == 0, "an id", shopper->id);
		if (i == 0)
			shopper->connection = client;
	}
	world_ignore(t->world);
}

/* The last message of each kind, again and again until it is acknowledged. */
static void
deliver_last(struct trial *t)
{
	unsigned i;

	world_refuse(t->world, 0);
	world_refuse_writing(t->world, 0);
	world_go_on(t->world);
	hear_all(t);
	for (i = 0; i < CUSTOMERS * SEQUENCES; i++) {
		struct send last = { i % CUSTOMERS, i / CUSTOMERS, LAST_SEQ };

		send_by_request(t, &last);
		world_run(t->world);
		hear_all(t);
		require(t, t->shoppers[last.customer].acknowledged[last.kind] ==
		    LAST_SEQ, "the last is acknowledged", "");
	}
	require(t, t->call_count == 0, "all requests are answered", "");
	for (i = 0; i < CUSTOMERS; i++)
		require(t, t->shoppers[i].owed == 0, "all are answered",
		    t->shoppers[i].id);
}

/* In the records the numbers of a customer and kind only grow. */
static void
check_records(const struct trial *t)
{
	const struct stored *stored = world_stored(t->world, "s1");
	size_t i, j;

	for (j = 0; j < CUSTOMERS * SEQUENCES; j++) {
		const struct shopper *shopper = &t->shoppers[j % CUSTOMERS];
		enum record_event event = j < CUSTOMERS ? RECORD_CART :
		    RECORD_READY;
		uint64_t last = 0;

		for (i = 0; i < stored->count; i++) {
			const struct record *record = &stored->records[i];

			if (record->event != event || !customer_id_equal(
			    &record->customer, &shopper->key))
				continue;
			require(t, record->client_seq > last,
			    "applied twice, or too late", shopper->id);
			last = record->client_seq;
		}
	}
}

static void
run(unsigned seed)
{
	struct trial *t = xcalloc(1, sizeof(*t));
	size_t i;

	t->seed = seed;
	t->random = seed;
	t->world = world_new();
	enter(t);
	shuffle_sends(t);
	for (i = 0; i < t->send_count; i++) {
		if (draw(t, 2) == 0)
			send_by_connection(t, &t->sends[i]);
		else
			send_by_request(t, &t->sends[i]);
		disturb(t);
		hear_all(t);
	}
	deliver_last(t);
	for (i = 0; i < CUSTOMERS; i++)
		check_effects(t, &t->shoppers[i]);
	check_records(t);
	world_free(t->world);
	free(t);
}

static unsigned
seeds_wanted(void)
{
	const char *wanted = getenv("SEEDS");

	return wanted != NULL ? (unsigned)strtoul(wanted, NULL, 10) :
	    SEEDS_BY_DEFAULT;
}

START_TEST(numbered_messages_take_effect_in_order)
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
	tcase_add_loop_test(tc, numbered_messages_take_effect_in_order, 0,
	    (int)(seeds_wanted() / SEEDS_PER_TEST));
}
