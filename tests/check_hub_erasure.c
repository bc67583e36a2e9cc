/*
 * Erasures, passes of retention and the lines about the chain, as far as the
 * hub decides when they happen and what everybody sees of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub/erasure.h"
#include "hub/hub.h"
#include "hub/hub_counts.h"
#include "hub/job.h"
#include "hub_script.h"
#include "session/record.h"
#include "suite.h"

const char suite_name[] = "hub_erasure";

#define HOUR_MS UINT64_C(3600000)

/* Ask for an erasure, of one customer or (NULL) all; nothing has run then. */
static uint64_t
ask(struct world *w, const char *session, const struct client *who)
{
	struct payload *id = payload_new(session, strlen(session));
	struct customer_id customer;
	uint64_t number;

	if (who != NULL)
		ck_assert_int_eq(customer_id_parse(who->id, ID_CUSTOMER_HEX,
		    &customer), 0);
	number = erasure_begin(world_hub(w), id, who != NULL ? &customer : NULL,
	    world_now(w));
	payload_unref(id);
	return number;
}

static uint64_t
erase(struct world *w, const char *session, const struct client *who)
{
	uint64_t number = ask(w, session, who);

	world_run(w);
	return number;
}

static void
expect_erasure(struct world *w, uint64_t number, enum erasure_state state,
    uint64_t bodies)
{
	struct erasure erasure = erasure_report(world_hub(w), number);

	ck_assert_int_eq(erasure.state, state);
	ck_assert_uint_eq(erasure.bodies, bodies);
}

/* The only note is the ERASE, of that customer or (NULL) of all. */
static void
expect_note(struct world *w, const struct client *who)
{
	char hex[ID_CUSTOMER_HEX + 1];
	const struct record *notes;

	ck_assert_uint_eq(world_notes(w, &notes), 1);
	ck_assert_int_eq(notes->event, RECORD_ERASE);
	ck_assert_uint_eq(notes->incarnation, 1);
	ck_assert(notes->has_customer == (who != NULL));
	if (who == NULL)
		return;
	customer_id_format(&notes->customer, hex);
	ck_assert_str_eq(hex, who->id);
}

START_TEST(who_takes_part_leaves_and_then_is_erased)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");
	uint64_t number;

	say(bob, CART, bob->id, "{'b':1}");
	world_ignore(w);
	number = erase(w, "s1", bob);

	/* JOIN, CART and LEAVE. */
	expect_erasure(w, number, ERASURE_DONE, 3);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_LEAVE);
	expect_note(w, bob);
	expect(bob, LEFT, bob->id);
	expect_nothing(bob);
	expect_carts(ann, "Ann* {}");
	expect_nothing(ann);
	say(bob, RESUME, bob->id, bob->token);
	expect_error(bob, "leftSession", ",'event':'resumeSession'");
	world_free(w);
}
END_TEST

START_TEST(a_session_ends_and_then_is_erased)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");
	struct client *eve = world_join_by_request(w, "s1", "Eve");
	struct client *poll = request(w, "s1", eve->token, POLL_AT, eve->id,
	    "1.3");
	uint64_t number;

	expect_waiting(poll);
	world_ignore(w);
	number = erase(w, "s1", NULL);

	expect_erasure(w, number, ERASURE_DONE, 4);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_END);
	expect_note(w, NULL);
	expect(ann, LEFT, ann->id);
	expect(bob, LEFT, bob->id);
	expect_refusal(poll, "leftSession", ",'event':'poll'");
	expect_nothing(ann);
	expect_nothing(bob);
	say(ann, START, "Ann");
	expect(ann, STARTED, "<id>");
	expect_carts(ann, "Ann* {}");
	expect_nothing(bob);
	world_free(w);
}
END_TEST

START_TEST(who_is_absent_or_gone_is_erased_too)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");

	hang_up(bob);
	world_wait(w, 60000);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_EXPIRE);
	expect_erasure(w, erase(w, "s1", bob), ERASURE_DONE, 3);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_LEAVE);

	/* Once more: nobody has to leave. */
	expect_erasure(w, erase(w, "s1", bob), ERASURE_DONE, 3);
	ck_assert_uint_eq(world_record(w, "s1")->revision, 4);
	hang_up(ann);
	world_wait(w, 1000);
	expect_erasure(w, erase(w, "s1", NULL), ERASURE_DONE, 5);
	expect_erasure(w, erase(w, "s1", NULL), ERASURE_DONE, 5);
	world_free(w);
}
END_TEST

/* max-remembered of the absent: whom it forgets the storage still knows. */
START_TEST(who_is_forgotten_is_erased_and_does_not_return)
{
	struct world_config config;
	struct client *ann, *bob, *other, *again;
	struct world *w;
	int i;

	world_defaults(&config);
	config.hub.limits.max_remembered = 1;
	config.has_store = _i % 2 == 1;
	w = world_new_with(&config);
	ann = world_start(w, "s1", "Ann");
	bob = world_join_resumable(w, "s1", "Bob");
	hang_up(bob);
	world_wait(w, 60000);
	/* One more who is away, and it is gone; two, and it is nobody. */
	for (i = 0; i < 1 + _i / 2; i++) {
		other = world_join_resumable(w, "s1", "Eve");
		hang_up(other);
		world_wait(w, 60000);
	}
	ck_assert_int_eq(erasure_report(world_hub(w), erase(w, "s1",
	    bob)).state, ERASURE_DONE);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_LEAVE);
	expect_note(w, bob);

	world_config(w)->hub.limits.max_remembered = 200;
	hang_up(ann);
	world_restart(w);
	again = world_connect(w, "s1");
	say(again, RESUME, bob->id, bob->token);
	expect_error(again, "leftSession", ",'event':'resumeSession'");
	world_free(w);
}
END_TEST

/* Asked for at the same time, or when the first has found it away. */
START_TEST(who_is_forgotten_leaves_once_for_all_erasures)
{
	struct world_config config;
	struct client *bob, *other;
	uint64_t first, second;
	struct world *w;
	int i;

	world_defaults(&config);
	config.hub.limits.max_remembered = 1;
	w = world_new_with(&config);
	(void)world_start(w, "s1", "Ann");
	bob = world_join_resumable(w, "s1", "Bob");
	hang_up(bob);
	world_wait(w, 60000);
	for (i = 0; i < 2; i++) {
		other = world_join_resumable(w, "s1", "Eve");
		hang_up(other);
		world_wait(w, 60000);
	}
	world_hold(w);
	first = _i == 2 ? ask(w, "s1", bob) : erase(w, "s1", bob);
	if (_i == 0)
		world_do_one(w);
	second = _i == 1 ? erase(w, "s1", bob) : ask(w, "s1", bob);
	world_go_on(w);
	world_run(w);
	ck_assert_int_eq(erasure_report(world_hub(w), first).state,
	    ERASURE_DONE);
	ck_assert_int_eq(erasure_report(world_hub(w), second).state,
	    ERASURE_DONE);
	/* Four came, three expired, and one left. */
	ck_assert_uint_eq(world_record(w, "s1")->revision, 8);
	world_free(w);
}
END_TEST

START_TEST(what_is_not_there_is_not_found)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *eve = world_start(w, "s2", "Eve");
	const struct record *notes;

	expect_erasure(w, erase(w, "s3", NULL), ERASURE_NOT_FOUND, 0);
	expect_erasure(w, erase(w, "s3", ann), ERASURE_NOT_FOUND, 0);
	expect_erasure(w, erase(w, "s1", eve), ERASURE_NOT_FOUND, 0);
	expect_erasure(w, 4, ERASURE_UNKNOWN, 0);
	expect_erasure(w, 0, ERASURE_UNKNOWN, 0);
	ck_assert_uint_eq(world_notes(w, &notes), 0);
	ck_assert_uint_eq(world_record(w, "s1")->revision, 1);
	world_free(w);
}
END_TEST

START_TEST(it_is_over_only_when_the_log_is_overwritten)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	uint64_t number;

	world_hinder(w, 3);
	number = erase(w, "s1", ann);
	expect_erasure(w, number, ERASURE_PENDING, 2);
	world_wait(w, 1000);
	expect_erasure(w, number, ERASURE_PENDING, 2);
	world_wait(w, 1000);
	expect_erasure(w, number, ERASURE_DONE, 2);
	world_free(w);
}
END_TEST

START_TEST(it_fails_whole_and_goes_on_when_it_has_begun)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	const struct record *notes;
	uint64_t number;

	world_refuse(w, 1);
	number = erase(w, "s1", ann);
	expect_erasure(w, number, ERASURE_FAILED, 0);
	ck_assert_uint_eq(world_notes(w, &notes), 0);
	ck_assert_uint_eq(world_record(w, "s1")->revision, 1);

	/* The next slice is refused twice. */
	say(ann, CART, ann->id, "{}");
	world_hold(w);
	number = erase(w, "s1", ann);
	world_do_one(w);
	world_refuse_writing(w, 2);
	world_go_on(w);
	expect_erasure(w, number, ERASURE_PENDING, 2);
	world_wait(w, 5000);
	expect_erasure(w, number, ERASURE_PENDING, 2);
	world_wait(w, 5000);
	expect_erasure(w, number, ERASURE_DONE, 3);
	world_free(w);
}
END_TEST

/* What was in flight when it was asked for is erased with the rest. */
START_TEST(it_comes_after_what_was_said_before)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	uint64_t number;

	world_hold(w);
	tell(bob, CART, bob->id, "{'b':1}");
	number = ask(w, "s1", bob);
	tell(bob, CART, bob->id, "{'b':2}");
	world_go_on(w);

	expect_erasure(w, number, ERASURE_DONE, 3);
	world_ignore(w);
	say(ann, CART, ann->id, "{}");
	expect_carts(ann, "Ann* {}");
	world_free(w);
}
END_TEST

/* A list fails; what was to be erased in the next one has not left. */
START_TEST(it_fails_with_what_it_was_built_upon)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	const struct record *notes;
	uint64_t number;

	world_ignore(w);
	world_hold(w);
	tell(ann, CART, ann->id, "{'a':1}");
	world_run(w);
	number = erase(w, "s1", bob);
	world_refuse(w, 1);
	world_go_on(w);

	expect_erasure(w, number, ERASURE_FAILED, 0);
	ck_assert_uint_eq(world_notes(w, &notes), 0);
	world_ignore(w);
	say(ann, CART, ann->id, "{}");
	expect_carts(ann, "Ann* {}, Bob {}");
	world_free(w);
}
END_TEST

START_TEST(a_claim_of_the_hosts_seat_goes_on)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *eve = world_connect(w, "s1");
	uint64_t number;

	say(eve, START, "Eve");
	expect_nothing(eve);
	number = erase(w, "s1", _i == 0 ? NULL : ann);

	/* The newcomer comes after what is erased. */
	expect_erasure(w, number, ERASURE_DONE, 2);
	expect(eve, STARTED, "<id>");
	expect_carts(eve, "Eve* {}");
	world_free(w);
}
END_TEST

START_TEST(only_so_many_wait)
{
	struct world *w = world_new();
	uint64_t number;
	unsigned i;

	world_hold(w);
	for (i = 0; i < 64; i++)
		ck_assert_uint_eq(erase(w, "s1", NULL), i + 1);
	ck_assert_uint_eq(erase(w, "s1", NULL), 0);
	world_go_on(w);
	number = erase(w, "s1", NULL);
	ck_assert_uint_eq(number, 65);
	expect_erasure(w, 1, ERASURE_UNKNOWN, 0);
	expect_erasure(w, 2, ERASURE_NOT_FOUND, 0);
	world_free(w);
}
END_TEST

enum {
	CROWD = 5,		/* connections at a time */
	STEPS = 60,
	SEEDS = 400
};

static unsigned
draw(uint64_t *random, unsigned n)
{
	*random = *random * 6364136223846793005 + 1442695040888963407;
	return (unsigned)(*random >> 33) % n;
}

/* Remember who one is, of all that was said. */
static void
listen(struct client *client)
{
	struct line *line;
	const char *at;

	while ((line = client_take(client)) != NULL) {
		at =
		    strstr(line->text, "Session\",\"payload\":{\"customerId\"");
		if (at != NULL)
			(void)sscanf(at, "Session\",\"payload\":{"
			    "\"customerId\":\"%24[0-9a-f]\",\"token\":"
			    "\"%43[^\"]", client->id, client->token);
		free(line);
	}
}

static const char *const places[] = { "s1", "s2" };

/* One of the crowd does something, whatever comes of it. */
static void
act(struct world *w, struct client **client, uint64_t *random)
{
	struct client *it = *client;

	if (!it->is_connected || draw(random, 12) == 0) {
		char id[sizeof(it->id)], token[sizeof(it->token)];

		memcpy(id, it->id, sizeof(id));
		memcpy(token, it->token, sizeof(token));
		if (it->is_connected)
			hang_up(it);
		world_forget(it);
		*client = world_connect(w, places[draw(random, 2)]);
		memcpy((*client)->id, id, sizeof(id));
		memcpy((*client)->token, token, sizeof(token));
		return;
	}
	if (!hub_peer_is_ready(world_hub(w), &it->peer))
		return;
	switch (draw(random, 6)) {
	case 0:
		say(it, START, "Ann");
		break;
	case 1:
		say(it, "{'event':'joinSession','payload':{"
		    "'customerName':'Bob','resumable':true}}");
		break;
	case 2:
		say(it, RESUME, it->id, it->token);
		break;
	case 3:
		say(it, LEAVE, it->id);
		break;
	default:
		say(it, CART, it->id, "{}");
	}
}

/* What else may happen. */
static void
disturb(struct world *w, struct client *client, uint64_t *random)
{
	switch (draw(random, 8)) {
	case 0:
		world_hold(w);
		break;
	case 1:
		world_go_on(w);
		break;
	case 2:
		world_refuse(w, 1);
		break;
	case 3:
		world_wait(w, draw(random, 70000));
		break;
	case 4:
		if (client->id[0] != '\0')
			(void)erase(w, places[draw(random, 2)], client);
		break;
	case 5:
		(void)erase(w, places[draw(random, 2)], NULL);
		break;
	default:
		world_hinder(w, draw(random, 2));
	}
}

/* Nobody is shown what is erased, everything ends, and nothing is left. */
START_TEST(erasures_among_all_else_come_to_an_end)
{
	struct world *w = world_new();
	struct client *crowd[CROWD];
	uint64_t random = (uint64_t)_i * 7919 + 1, number;
	unsigned i;

	for (i = 0; i < CROWD; i++)
		crowd[i] = world_connect(w, places[i % 2]);
	for (i = 0; i < STEPS; i++) {
		unsigned k = draw(&random, CROWD);

		act(w, &crowd[k], &random);
		disturb(w, crowd[draw(&random, CROWD)], &random);
		for (k = 0; k < CROWD; k++)
			listen(crowd[k]);
	}
	world_refuse(w, 0);
	world_go_on(w);
	world_wait(w, 20000);
	for (number = 1; number <= STEPS; number++)
		ck_assert_int_ne(erasure_report(world_hub(w), number).state,
		    ERASURE_PENDING);
	for (i = 0; i < CROWD; i++)
		if (crowd[i]->is_connected)
			hang_up(crowd[i]);
	ck_assert(hub_is_drained(world_hub(w)));
	world_free(w);
}
END_TEST

static struct world *
world_that_forgets(uint64_t journal_ms, uint64_t audit_ms)
{
	struct world_config config;

	world_defaults(&config);
	config.hub.session_ttl_ms = 0;
	config.hub.journal_retention_ms = journal_ms;
	config.hub.audit_retention_ms = audit_ms;
	return world_new_with(&config);
}

/* Times after which things are old, and how often it is looked for them. */
static const struct {
	uint64_t journal_ms, audit_ms, interval_ms;
} lives[] = {
	{ 90 * 24 * HOUR_MS, 0, HOUR_MS },
	{ 0, 365 * 24 * HOUR_MS, HOUR_MS },
	{ 90 * 24 * HOUR_MS, 2 * HOUR_MS, HOUR_MS / 12 },
	{ 2 * HOUR_MS, 24 * HOUR_MS, HOUR_MS / 12 },
	{ 1000, 0, 1000 },
};

START_TEST(passes_come_now_and_then)
{
	struct world *w = world_that_forgets(lives[_i].journal_ms,
	    lives[_i].audit_ms);
	uint64_t wall_ms = world_now(w)->wall_ms + lives[_i].interval_ms;
	struct retention last;
	unsigned slices;

	world_wait(w, lives[_i].interval_ms - 1);
	ck_assert_uint_eq(world_retention_slices(w, &last), 0);
	/* Slice after slice as long as there is something old. */
	world_wait(w, 1);
	ck_assert_uint_eq(world_retention_slices(w, &last), 1);
	world_wait(w, 9);
	ck_assert_uint_eq(world_retention_slices(w, &last), 1);
	world_wait(w, 1);
	ck_assert_uint_eq(world_retention_slices(w, &last), 2);
	ck_assert_int_eq(last.step, RETENTION_PURGE);
	ck_assert_uint_eq(last.now_ms, wall_ms);
	ck_assert_uint_eq(last.bodies_ms, lives[_i].journal_ms == 0 ? 0 :
	    wall_ms - lives[_i].journal_ms);
	ck_assert_uint_eq(last.rows_ms, lives[_i].audit_ms == 0 ? 0 :
	    wall_ms - lives[_i].audit_ms);
	/* What is free is given back likewise, then comes the next pass. */
	world_wait(w, 9);
	ck_assert_uint_eq(world_retention_slices(w, &last), 2);
	world_wait(w, 1);
	slices = world_retention_slices(w, &last);
	ck_assert_uint_eq(slices, 3);
	ck_assert_int_eq(last.step, RETENTION_VACUUM);
	ck_assert_uint_eq(last.now_ms, wall_ms);
	world_wait(w, lives[_i].interval_ms - 1);
	ck_assert_uint_eq(world_retention_slices(w, &last), 3);
	world_wait(w, 1);
	ck_assert_uint_gt(world_retention_slices(w, &last), 3);
	world_free(w);
}
END_TEST

START_TEST(what_is_kept_for_ever_is_not_looked_for)
{
	struct world *w = world_that_forgets(0, 0);
	struct retention last;

	ck_assert_uint_eq(hub_next_tick_ms(world_hub(w)), UINT64_MAX);
	world_wait(w, 100 * 24 * HOUR_MS);
	ck_assert_uint_eq(world_retention_slices(w, &last), 0);
	world_free(w);
}
END_TEST

static uint64_t
behind_ms(struct world *w)
{
	struct hub_counts counts;

	hub_copy_counts(world_hub(w), &counts);
	return counts.retention_behind_ms;
}

START_TEST(how_late_a_pass_is_can_be_told)
{
	struct world *w = world_that_forgets(HOUR_MS, 0);

	world_refuse_writing(w, 2);
	world_wait(w, HOUR_MS / 24 - 1);
	ck_assert_uint_eq(behind_ms(w), 0);
	world_wait(w, 1);
	ck_assert_uint_eq(behind_ms(w), 0);
	world_wait(w, 60000);
	ck_assert_uint_eq(behind_ms(w), 60000);
	world_wait(w, 59999);
	ck_assert_uint_eq(behind_ms(w), 119999);
	/* Two slices. */
	world_wait(w, 1);
	ck_assert_uint_eq(behind_ms(w), 120000);
	world_wait(w, 10);
	ck_assert_uint_eq(behind_ms(w), 0);
	world_free(w);
}
END_TEST

START_TEST(a_refused_slice_is_done_again_later)
{
	struct world *w = world_that_forgets(HOUR_MS, 0);
	struct retention last;
	unsigned slices;

	world_refuse_writing(w, 1);
	world_wait(w, HOUR_MS / 24);
	ck_assert_uint_eq(world_retention_slices(w, &last), 0);
	world_wait(w, 59999);
	ck_assert_uint_eq(world_retention_slices(w, &last), 0);
	world_wait(w, 1);
	slices = world_retention_slices(w, &last);
	ck_assert_uint_eq(slices, 1);
	ck_assert_int_eq(last.step, RETENTION_PURGE);
	world_free(w);
}
END_TEST

/* A disk that frees slowly keeps nothing from being forgotten. */
START_TEST(a_pass_that_is_due_leaves_what_is_free_for_later)
{
	struct world *w = world_that_forgets(1000, 0);
	struct retention last;

	world_wait(w, 1000 + 19);
	ck_assert_uint_eq(world_retention_slices(w, &last), 2);
	ck_assert_int_eq(last.step, RETENTION_PURGE);
	world_refuse_writing(w, 1);
	world_wait(w, 1 + 60000);
	ck_assert_uint_eq(world_retention_slices(w, &last), 3);
	ck_assert_int_eq(last.step, RETENTION_PURGE);
	ck_assert_uint_eq(last.now_ms, world_now(w)->wall_ms);
	world_free(w);
}
END_TEST

/* What was written meanwhile does not make it larger. */
START_TEST(a_slice_after_a_refused_one_is_small)
{
	struct world *w = world_that_forgets(HOUR_MS, 0);
	struct retention last;

	world_wait(w, HOUR_MS / 24 + 19);
	ck_assert_uint_eq(world_retention_slices(w, &last), 2);
	ck_assert_int_ne(last.head_row, 0);
	world_refuse_writing(w, 1);
	world_wait(w, 1 + 60000);
	ck_assert_uint_eq(world_retention_slices(w, &last), 3);
	ck_assert_int_eq(last.head_row, 0);
	world_free(w);
}
END_TEST

START_TEST(the_chains_end_is_logged_now_and_then)
{
	struct world_config config;
	struct world *w;

	world_defaults(&config);
	config.hub.log_head_ms = 600000;
	w = world_new_with(&config);
	world_wait(w, 599999);
	ck_assert_uint_eq(world_heads_logged(w), 0);
	world_wait(w, 1);
	ck_assert_uint_eq(world_heads_logged(w), 1);
	world_wait(w, 10 * 600000);
	ck_assert_uint_eq(world_heads_logged(w), 11);
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, who_takes_part_leaves_and_then_is_erased);
	tcase_add_test(tc, a_session_ends_and_then_is_erased);
	tcase_add_test(tc, who_is_absent_or_gone_is_erased_too);
	tcase_add_loop_test(tc,
	    who_is_forgotten_is_erased_and_does_not_return, 0, 4);
	tcase_add_loop_test(tc,
	    who_is_forgotten_leaves_once_for_all_erasures, 0, 3);
	tcase_add_test(tc, what_is_not_there_is_not_found);
	tcase_add_test(tc, it_is_over_only_when_the_log_is_overwritten);
	tcase_add_test(tc, it_fails_whole_and_goes_on_when_it_has_begun);
	tcase_add_test(tc, it_comes_after_what_was_said_before);
	tcase_add_test(tc, it_fails_with_what_it_was_built_upon);
	tcase_add_loop_test(tc, a_claim_of_the_hosts_seat_goes_on, 0, 2);
	tcase_add_test(tc, only_so_many_wait);
	tcase_add_loop_test(tc, erasures_among_all_else_come_to_an_end, 0,
	    SEEDS);
	tcase_add_loop_test(tc, passes_come_now_and_then, 0,
	    sizeof(lives) / sizeof(lives[0]));
	tcase_add_test(tc, what_is_kept_for_ever_is_not_looked_for);
	tcase_add_test(tc, how_late_a_pass_is_can_be_told);
	tcase_add_test(tc, a_refused_slice_is_done_again_later);
	tcase_add_test(tc, a_pass_that_is_due_leaves_what_is_free_for_later);
	tcase_add_test(tc, a_slice_after_a_refused_one_is_small);
	tcase_add_test(tc, the_chains_end_is_logged_now_and_then);
}
