/*
 * Sessions that the shop locks, unlocks and ends: what may happen meanwhile,
 * how long that lasts, and what whoever calls is told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub/call.h"
#include "hub/hub.h"
#include "hub/hub_counts.h"
#include "hub_script.h"
#include "session/record.h"
#include "session/session.h"
#include "suite.h"
#include "wire/multicart.h"

const char suite_name[] = "hub_locks";

#define MINUTE_MS UINT64_C(60000)
#define YEAR_MS (UINT64_C(365) * 24 * 60 * MINUTE_MS)

/* A call, and what came of it. */
struct asked {
	struct call call;	/* first */
	struct payload *session;
	bool	 is_done;
	char	 shown[512];	/* the multicart; "" for none */
};

static void
on_done(struct call *call)
{
	struct asked *asked = (struct asked *)call;
	size_t len;

	ck_assert(!asked->is_done);
	asked->is_done = true;
	if (call->multicart == NULL)
		return;
	len = call->multicart->plain_len - MULTICART_PAYLOAD_AT;
	ck_assert_uint_lt(len, sizeof(asked->shown));
	memcpy(asked->shown,
	    call->multicart->bytes->data + MULTICART_PAYLOAD_AT, len);
}

static struct asked *
new_asked(enum call_kind kind, const char *session)
{
	struct asked *asked = calloc(1, sizeof(*asked));

	ck_assert_ptr_nonnull(asked);
	asked->session = payload_new(session, strlen(session));
	asked->call.kind = kind;
	asked->call.done = on_done;
	asked->call.session = asked->session;
	return asked;
}

/* Call; nothing has run then. */
static struct asked *
ask(struct world *w, enum call_kind kind, const char *session)
{
	struct asked *asked = new_asked(kind, session);

	call_begin(world_hub(w), &asked->call, world_now(w));
	ck_assert(!asked->is_done);
	return asked;
}

static void
forget(struct asked *asked)
{
	payload_unref(asked->session);
	free(asked);
}

/* It is answered with refused, or with a revision. */
static void
expect_done(struct asked *asked, enum refusal refused, uint64_t revision)
{
	ck_assert(asked->is_done);
	ck_assert_int_eq(asked->call.refused, refused);
	if (refused == REFUSAL_NONE)
		ck_assert_uint_eq(asked->call.revision, revision);
	forget(asked);
}

/* Call, and be done at that revision. */
static void
call(struct world *w, enum call_kind kind, const char *session,
    uint64_t revision)
{
	struct asked *asked = ask(w, kind, session);

	world_run(w);
	expect_done(asked, REFUSAL_NONE, revision);
}

static bool
is_locked(struct world *w)
{
	return world_stored(w, "s1")->session->is_locked;
}

static size_t
count_locked(struct world *w)
{
	struct hub_counts counts;

	hub_copy_counts(world_hub(w), &counts);
	return counts.locked;
}

START_TEST(carts_and_members_stay_until_it_is_unlocked)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");
	struct client *eve = world_connect(w, "s1");

	say(bob, CART_SEQ, bob->id, "{'b':1}", 7);
	world_ignore(w);
	call(w, CALL_LOCK, "s1", 4);
	expect_carts(ann, "Ann* {}, Bob {'b':1}");
	expect_carts(bob, "Ann* {}, Bob {'b':1} @1.4");

	say(ann, CART, ann->id, "{'a':1}");
	expect_error(ann, "sessionLocked", ",'event':'updateCart'");
	say(ann, READY, ann->id, "true");
	expect_error(ann, "sessionLocked",
	    ",'event':'customerReadyToCheckout'");
	say(eve, JOIN, "Eve");
	expect_error(eve, "sessionLocked", ",'event':'joinSession'");
	expect_nothing(ann);
	expect_nothing(bob);
	ck_assert_uint_eq(world_record(w, "s1")->revision, 4);

	call(w, CALL_UNLOCK, "s1", 5);
	expect_carts(ann, "Ann* {}, Bob {'b':1}");
	say(ann, CART, ann->id, "{'a':1}");
	expect_carts(ann, "Ann* {'a':1}, Bob {'b':1}");
	say(eve, JOIN, "Eve");
	expect(eve, JOINED, "<id>");
	world_free(w);
}
END_TEST

START_TEST(a_lock_is_asked_about_behind_the_number_and_before_the_rest)
{
	struct world_config config;
	struct world *w;
	struct client *ann, *bob, *eve;

	world_defaults(&config);
	config.hub.limits.checkout_barrier = true;
	config.hub.limits.max_customers = 2;
	w = world_new_with(&config);
	ann = world_start_resumable(w, "s1", "Ann");
	bob = world_join(w, "s1", "Bob");
	say(ann, CART_SEQ, ann->id, "{'a':1}", 7);
	call(w, CALL_LOCK, "s1", 4);
	world_ignore(w);

	say(ann, CART_SEQ, ann->id, "{'a':2}", 7);
	expect(ann, "{'event':'updateCart','payload':{'seq':7,"
	    "'stale':true}}");
	say(ann, CART_SEQ, ann->id, "{'a':2}", 8);
	expect_error(ann, "sessionLocked", ",'event':'updateCart','seq':8");
	say(ann, READY, ann->id, "true");
	expect_error(ann, "sessionLocked",
	    ",'event':'customerReadyToCheckout'");
	eve = world_connect(w, "s1");
	say(eve, JOIN, "Eve");
	expect_error(eve, "sessionLocked", ",'event':'joinSession'");
	say(bob, CART, "000000000000000000000000", "{}");
	expect_error(bob, "unknownCustomer", ",'event':'updateCart'");

	/* What was refused is no number that was applied. */
	call(w, CALL_UNLOCK, "s1", 5);
	world_ignore(w);
	say(ann, CART_SEQ, ann->id, "{'a':2}", 8);
	expect(ann, "{'event':'updateCart','payload':{'seq':8}}");
	world_free(w);
}
END_TEST

START_TEST(whoever_leaves_comes_back_or_expires_does_so)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");
	struct client *eve = world_join(w, "s1", "Eve");
	struct client *again = world_connect(w, "s1");

	call(w, CALL_LOCK, "s1", 4);
	hang_up(bob);
	world_wait(w, MINUTE_MS);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_EXPIRE);
	world_ignore(w);
	say(again, RESUME, bob->id, bob->token);
	expect(again, RESUMED, bob->id, 0);
	expect_carts(again, "Ann* {}, Bob {}, Eve {} @1.6");
	world_ignore(w);
	say(eve, LEAVE, eve->id);
	expect(eve, LEFT, eve->id);
	expect_carts(ann, "Ann* {}, Bob {}");
	ck_assert(is_locked(w));
	world_free(w);
}
END_TEST

/* Nor does it return for that: with or without room, it says the same. */
START_TEST(a_request_of_one_who_is_away_changes_no_cart)
{
	struct world_config config;
	struct world *w;
	struct client *bob, *update;

	world_defaults(&config);
	config.hub.limits.max_customers = 2 + (size_t)_i;
	w = world_new_with(&config);
	(void)world_start(w, "s1", "Ann");
	bob = world_join_by_request(w, "s1", "Bob");
	world_wait(w, 3 * MINUTE_MS);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_EXPIRE);
	(void)world_join(w, "s1", "Eve");
	call(w, CALL_LOCK, "s1", 5);
	update = post(w, "s1", bob->token, CART, bob->id, "{}");
	expect_refusal(update, "sessionLocked", ",'event':'updateCart'");
	ck_assert_uint_eq(world_record(w, "s1")->revision, 5);
	world_free(w);
}
END_TEST

START_TEST(nobody_takes_the_seat_of_a_host)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct client *eve = world_connect(w, "s1");

	call(w, CALL_LOCK, "s1", 3);
	world_ignore(w);
	say(eve, START, "Eve");
	expect_error(eve, "sessionLocked", ",'event':'startSession'");
	ck_assert_uint_eq(ann->pings, 0);
	hang_up(ann);
	say(eve, START, "Eve");
	expect_error(eve, "sessionLocked", ",'event':'startSession'");
	call(w, CALL_UNLOCK, "s1", 4);
	say(eve, START, "Eve");
	expect(eve, STARTED, "<id>");
	expect_carts(bob, "Ann* {}, Bob {}");
	expect_carts(bob, "Bob {}, Eve* {}");
	world_free(w);
}
END_TEST

START_TEST(the_answer_is_durable_and_has_what_is_shown_from_then_on)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct asked *lock, *unlock;
	char *text;

	world_hold(w);
	say(ann, CART, ann->id, "{'a':1}");
	world_ignore(w);
	lock = ask(w, CALL_LOCK, "s1");
	unlock = ask(w, CALL_UNLOCK, "s1");
	say(ann, CART, ann->id, "{'a':2}");
	world_run(w);
	ck_assert(!lock->is_done && !unlock->is_done);
	expect_nothing(ann);
	world_go_on(w);
	world_run(w);
	ck_assert_int_ne(asprintf(&text, "{\"multicartContent\":[{\"owner\":"
	    "{\"id\":\"%s\",\"name\":\"Ann\",\"isHost\":true,"
	    "\"isReadyToCheckout\":false},\"content\":{\"a\":1}}]}",
	    ann->id), -1);
	ck_assert_str_eq(lock->shown, text);
	ck_assert_str_eq(unlock->shown, "");
	expect_done(lock, REFUSAL_NONE, 3);
	expect_done(unlock, REFUSAL_NONE, 4);
	expect_carts(ann, "Ann* {'a':1}");
	expect_carts(ann, "Ann* {'a':2}");
	free(text);
	world_free(w);
}
END_TEST

START_TEST(what_is_refused_was_never_locked)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct asked *lock, *unlock;

	world_refuse(w, 1);
	lock = ask(w, CALL_LOCK, "s1");
	world_run(w);
	expect_done(lock, REFUSAL_STORAGE_UNAVAILABLE, 0);
	ck_assert(!is_locked(w));
	ck_assert_uint_eq(count_locked(w), 0);
	world_ignore(w);
	say(ann, CART, ann->id, "{'a':1}");
	expect_carts(ann, "Ann* {'a':1}");

	/* That there is nothing to do is not known either. */
	world_hold(w);
	lock = ask(w, CALL_LOCK, "s1");
	world_run(w);
	unlock = ask(w, CALL_UNLOCK, "s1");
	world_refuse(w, 1);
	world_go_on(w);
	world_run(w);
	expect_done(lock, REFUSAL_STORAGE_UNAVAILABLE, 0);
	expect_done(unlock, REFUSAL_STORAGE_UNAVAILABLE, 0);
	world_free(w);
}
END_TEST

START_TEST(a_session_that_does_not_run_is_not_found)
{
	static const enum call_kind kinds[] = { CALL_LOCK, CALL_UNLOCK };
	struct world *w = world_new();
	struct asked *asked;
	size_t i;

	(void)world_start(w, "s1", "Ann");
	call(w, CALL_END, "s1", 2);
	for (i = 0; i < 2; i++) {
		asked = ask(w, kinds[i], "s1");
		world_run(w);
		expect_done(asked, REFUSAL_SESSION_NOT_FOUND, 0);
		asked = ask(w, kinds[i], "s2");
		world_run(w);
		expect_done(asked, REFUSAL_SESSION_NOT_FOUND, 0);
	}
	ck_assert_ptr_null(world_stored(w, "s2"));
	world_free(w);
}
END_TEST

START_TEST(a_session_that_cannot_be_read_is_not_locked)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct asked *lock, *other;

	hang_up(ann);
	world_run(w);
	world_refuse_reading(w, 1);
	lock = ask(w, CALL_LOCK, "s1");
	other = ask(w, CALL_LOCK, "s1");
	world_run(w);
	expect_done(lock, REFUSAL_STORAGE_UNAVAILABLE, 0);
	expect_done(other, REFUSAL_STORAGE_UNAVAILABLE, 0);
	call(w, CALL_LOCK, "s1", 2);
	ck_assert_uint_eq(count_locked(w), 1);
	world_free(w);
}
END_TEST

START_TEST(who_gave_up_is_not_told)
{
	struct world *w = world_new();
	struct asked *asked;

	(void)world_start(w, "s1", "Ann");
	asked = ask(w, CALL_LOCK, "s1");
	call_cancel(world_hub(w), &asked->call);
	world_run(w);
	ck_assert(!asked->is_done);
	ck_assert(is_locked(w));
	forget(asked);
	world_free(w);
}
END_TEST

START_TEST(a_note_says_which_server_wanted_it)
{
	static const enum record_call calls[] = {
		RECORD_CALL_LOCK, RECORD_CALL_LOCK, RECORD_CALL_UNLOCK,
	};
	static const enum call_kind kinds[] = {
		CALL_LOCK, CALL_LOCK, CALL_UNLOCK, CALL_UNLOCK,
	};
	struct world *w = world_new();
	struct payload *key = payload_new("till", 4);
	const struct record *notes;
	size_t i;

	(void)world_start(w, "s1", "Ann");
	call(w, CALL_LOCK, "s1", 2);
	call(w, CALL_UNLOCK, "s1", 3);
	ck_assert_uint_eq(world_notes(w, &notes), 0);
	ck_assert(!world_record(w, "s1")->is_timed_out);
	for (i = 0; i < 4; i++) {
		struct asked *asked = new_asked(kinds[i], "s1");

		asked->call.key = key;
		asked->call.address = "192.0.2.7";
		call_begin(world_hub(w), &asked->call, world_now(w));
		world_run(w);
		expect_done(asked, REFUSAL_NONE, i < 3 ? 4 + i : 6);
	}
	ck_assert_uint_eq(world_notes(w, &notes), 3);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(notes[i].call, calls[i]);
	payload_unref(key);
	world_free(w);
}
END_TEST

START_TEST(a_lock_ends_when_its_time_is_up)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");

	call(w, CALL_LOCK, "s1", 2);
	ck_assert_uint_eq(count_locked(w), 1);
	world_ignore(w);
	world_wait(w, 15 * MINUTE_MS - 1);
	ck_assert(is_locked(w));
	world_wait(w, 1);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_UNLOCK);
	ck_assert(world_record(w, "s1")->is_timed_out);
	ck_assert_uint_eq(world_record(w, "s1")->revision, 3);
	ck_assert_uint_eq(count_locked(w), 0);
	expect_carts(ann, "Ann* {}");
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(locking_again_begins_its_time_anew)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct asked *again;

	call(w, CALL_LOCK, "s1", 2);
	world_wait(w, 10 * MINUTE_MS);
	again = ask(w, CALL_LOCK, "s1");
	world_run(w);
	ck_assert_int_eq(strncmp(again->shown, "{\"multicartContent\":[{", 22),
	    0);
	expect_done(again, REFUSAL_NONE, 3);
	ck_assert_uint_eq(count_locked(w), 1);
	world_wait(w, 15 * MINUTE_MS - 1);
	ck_assert(is_locked(w));
	world_wait(w, 1);
	ck_assert(!is_locked(w));
	world_ignore(w);
	/* What is not locked is not unlocked. */
	call(w, CALL_UNLOCK, "s1", 4);
	ck_assert_uint_eq(world_record(w, "s1")->revision, 4);
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(a_lock_without_an_end_stays)
{
	struct world_config config;
	struct world *w;

	world_defaults(&config);
	config.hub.lock_time_ms = 0;
	w = world_new_with(&config);
	(void)world_start(w, "s1", "Ann");
	call(w, CALL_LOCK, "s1", 2);
	world_wait(w, 60 * MINUTE_MS);
	world_restart(w);
	world_wait(w, 60 * MINUTE_MS);
	ck_assert(is_locked(w));
	ck_assert_uint_eq(count_locked(w), 1);

	/* From now on, as it had none. */
	world_config(w)->hub.lock_time_ms = MINUTE_MS;
	hub_configure(world_hub(w), &world_config(w)->hub, world_now(w));
	world_wait(w, MINUTE_MS - 1);
	ck_assert(is_locked(w));
	world_wait(w, 1);
	ck_assert(!is_locked(w));
	world_free(w);
}
END_TEST

START_TEST(nobody_uses_a_session_because_it_is_locked)
{
	struct world_config config;
	struct world *w;
	struct client *ann;

	world_defaults(&config);
	config.hub.lock_time_ms = 0;
	w = world_new_with(&config);
	ann = world_start(w, "s1", "Ann");
	call(w, CALL_LOCK, "s1", 2);
	hang_up(ann);
	world_wait(w, 40 * 60 * MINUTE_MS);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_END);
	ck_assert_uint_eq(count_locked(w), 0);
	world_free(w);
}
END_TEST

START_TEST(another_lock_time_counts_from_the_lock_on)
{
	struct world *w = world_new();

	(void)world_start(w, "s1", "Ann");
	call(w, CALL_LOCK, "s1", 2);
	world_wait(w, 2 * MINUTE_MS);
	world_config(w)->hub.lock_time_ms = 3 * MINUTE_MS;
	hub_configure(world_hub(w), &world_config(w)->hub, world_now(w));
	world_wait(w, MINUTE_MS - 1);
	ck_assert(is_locked(w));
	world_wait(w, 1);
	ck_assert(!is_locked(w));
	world_free(w);
}
END_TEST

/* Nobody comes and asks for the session. */
START_TEST(a_lock_ends_in_time_though_the_daemon_was_killed)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann"), *again;

	(void)world_start(w, "s2", "Bob");
	call(w, CALL_LOCK, "s1", 2);
	call(w, CALL_LOCK, "s2", 2);
	world_wait(w, 10 * MINUTE_MS);
	world_crash(w);
	world_wait(w, 1);
	ck_assert_uint_eq(count_locked(w), 2);
	again = world_connect(w, "s1");
	say(again, RESUME, ann->id, ann->token);
	expect(again, RESUMED, ann->id, 0);
	expect_carts(again, "Ann* {} @1.2");
	say(again, CART, ann->id, "{}");
	expect_error(again, "sessionLocked", ",'event':'updateCart'");
	world_wait(w, 5 * MINUTE_MS - 2);
	ck_assert(is_locked(w));
	world_wait(w, 1);
	ck_assert(!is_locked(w));
	expect_carts(again, "Ann* {} @1.3");
	ck_assert(world_record(w, "s2")->is_timed_out);
	world_free(w);
}
END_TEST

/* More than one slice of the search finds. */
START_TEST(all_that_are_locked_are_found_again)
{
	static const char *const ids[] = { "s1", "s2", "s3", "s4", "s5" };
	struct world *w = world_new();
	size_t i;

	for (i = 0; i < 5; i++) {
		(void)world_start(w, ids[i], "Ann");
		call(w, CALL_LOCK, ids[i], 2);
	}
	world_restart(w);
	world_wait(w, 1000);
	ck_assert_uint_eq(count_locked(w), 5);
	world_wait(w, 15 * MINUTE_MS);
	ck_assert_uint_eq(count_locked(w), 0);
	for (i = 0; i < 5; i++)
		ck_assert(world_record(w, ids[i])->is_timed_out);
	world_free(w);
}
END_TEST

/* The first two could not be read while the search went on behind them. */
START_TEST(what_the_search_has_passed_is_found_by_the_next)
{
	static const char *const ids[] = { "s1", "s2", "s3", "s4", "s5" };
	struct world *w = world_new();
	size_t i;

	for (i = 0; i < 5; i++) {
		(void)world_start(w, ids[i], "Ann");
		call(w, CALL_LOCK, ids[i], 2);
	}
	world_crash(w);
	world_refuse_reading(w, 1);
	world_wait(w, 10000);
	ck_assert_uint_eq(count_locked(w), 5);
	world_wait(w, 15 * MINUTE_MS);
	for (i = 0; i < 5; i++)
		ck_assert(!world_stored(w, ids[i])->session->is_locked);
	world_free(w);
}
END_TEST

/* Whatever the clock says, all of lock-time is enough. */
START_TEST(a_clock_that_is_wrong_keeps_no_session_locked)
{
	struct world *w = world_new();

	(void)world_start(w, "s1", "Ann");
	call(w, CALL_LOCK, "s1", 2);
	world_set_clock(w, world_now(w)->wall_ms - YEAR_MS);
	world_restart(w);
	world_wait(w, 15 * MINUTE_MS - 1);
	ck_assert(is_locked(w));
	world_wait(w, 1);
	ck_assert(!is_locked(w));

	/* It was long enough ago. */
	call(w, CALL_LOCK, "s1", 4);
	world_set_clock(w, world_now(w)->wall_ms + 60 * MINUTE_MS);
	world_restart(w);
	world_wait(w, 1);
	ck_assert(world_stored(w, "s1")->session->is_running);
	ck_assert(!is_locked(w));
	world_free(w);
}
END_TEST

/* While it runs the daemon knows better. */
START_TEST(a_clock_that_jumps_unlocks_nothing_though_a_record_is_refused)
{
	struct world *w = world_new();
	struct asked *again;

	(void)world_start(w, "s1", "Ann");
	call(w, CALL_LOCK, "s1", 2);
	world_set_clock(w, world_now(w)->wall_ms + 60 * MINUTE_MS);
	world_wait(w, MINUTE_MS);
	world_refuse_writing(w, 1);
	again = ask(w, CALL_LOCK, "s1");
	world_run(w);
	expect_done(again, REFUSAL_STORAGE_UNAVAILABLE, 0);
	world_wait(w, 14 * MINUTE_MS - 1);
	ck_assert(is_locked(w));
	world_wait(w, 1);
	ck_assert(!is_locked(w));
	world_free(w);
}
END_TEST

START_TEST(an_unlock_that_was_refused_comes_later)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");

	call(w, CALL_LOCK, "s1", 2);
	hang_up(ann);
	world_wait(w, 15 * MINUTE_MS - 1);
	world_refuse_writing(w, 1);
	world_wait(w, 1);
	ck_assert(is_locked(w));
	world_refuse_reading(w, 1);
	world_wait(w, 5000);
	ck_assert(is_locked(w));
	world_wait(w, 5000);
	ck_assert(!is_locked(w));
	ck_assert(world_record(w, "s1")->is_timed_out);
	world_free(w);
}
END_TEST

/* What is known of the session is read anew after each refusal. */
START_TEST(one_that_is_refused_while_somebody_is_there_comes_later_as_well)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	unsigned lists;

	call(w, CALL_LOCK, "s1", 2);
	world_wait(w, 15 * MINUTE_MS - 1);
	world_ignore(w);
	lists = world_lists_done(w);
	world_refuse_writing(w, 2);
	world_wait(w, 5000);
	ck_assert_uint_le(world_lists_done(w) - lists, 3);
	expect_carts(ann, "Ann* {}");
	expect_nothing(ann);
	ck_assert_uint_eq(count_locked(w), 1);
	world_wait(w, 5000);
	ck_assert(is_locked(w));
	world_wait(w, 1);
	ck_assert(!is_locked(w));
	ck_assert(world_record(w, "s1")->is_timed_out);
	world_free(w);
}
END_TEST

START_TEST(an_end_is_one_for_everybody_and_for_the_lock)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_by_request(w, "s1", "Bob");
	struct client *poll;
	struct asked *end;

	call(w, CALL_LOCK, "s1", 3);
	poll = post(w, "s1", bob->token, POLL_AT, bob->id, "1.3");
	expect_waiting(poll);
	world_ignore(w);
	end = ask(w, CALL_END, "s1");
	world_run(w);
	ck_assert_uint_eq(end->call.incarnation, 1);
	expect_done(end, REFUSAL_NONE, 4);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_END);
	ck_assert_uint_eq(count_locked(w), 0);
	expect(ann, LEFT, ann->id);
	expect_refusal(poll, "leftSession", ",'event':'poll'");
	say(ann, START, "Ann");
	expect(ann, STARTED, "<id>");
	expect_carts(ann, "Ann* {}");
	ck_assert_uint_eq(world_record(w, "s1")->incarnation, 2);
	world_free(w);
}
END_TEST

/* As if somebody had written to the database. */
START_TEST(one_that_ended_is_not_kept_for_a_lock)
{
	struct world *w = world_new();

	(void)world_start(w, "s1", "Ann");
	call(w, CALL_END, "s1", 2);
	world_stored(w, "s1")->session->is_locked = true;
	world_restart(w);
	world_wait(w, 60 * MINUTE_MS);
	ck_assert_uint_eq(count_locked(w), 0);
	ck_assert_uint_eq(world_record(w, "s1")->revision, 2);
	world_free(w);
}
END_TEST

/* Who waited for the host's seat has it. */
START_TEST(a_start_that_waits_is_judged_when_the_session_ends)
{
	struct world *w = world_new();
	struct client *eve = world_connect(w, "s1");

	(void)world_start(w, "s1", "Ann");
	say(eve, START, "Eve");
	expect_nothing(eve);
	call(w, CALL_END, "s1", 2);
	world_run(w);
	expect(eve, STARTED, "<id>");
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, carts_and_members_stay_until_it_is_unlocked);
	tcase_add_test(tc,
	    a_lock_is_asked_about_behind_the_number_and_before_the_rest);
	tcase_add_test(tc, whoever_leaves_comes_back_or_expires_does_so);
	tcase_add_loop_test(tc, a_request_of_one_who_is_away_changes_no_cart, 0,
	    2);
	tcase_add_test(tc, nobody_takes_the_seat_of_a_host);
	tcase_add_test(tc,
	    the_answer_is_durable_and_has_what_is_shown_from_then_on);
	tcase_add_test(tc, what_is_refused_was_never_locked);
	tcase_add_test(tc, a_session_that_does_not_run_is_not_found);
	tcase_add_test(tc, a_session_that_cannot_be_read_is_not_locked);
	tcase_add_test(tc, who_gave_up_is_not_told);
	tcase_add_test(tc, a_note_says_which_server_wanted_it);
	tcase_add_test(tc, a_lock_ends_when_its_time_is_up);
	tcase_add_test(tc, locking_again_begins_its_time_anew);
	tcase_add_test(tc, a_lock_without_an_end_stays);
	tcase_add_test(tc, nobody_uses_a_session_because_it_is_locked);
	tcase_add_test(tc, another_lock_time_counts_from_the_lock_on);
	tcase_add_test(tc, a_lock_ends_in_time_though_the_daemon_was_killed);
	tcase_add_test(tc, all_that_are_locked_are_found_again);
	tcase_add_test(tc, what_the_search_has_passed_is_found_by_the_next);
	tcase_add_test(tc, a_clock_that_is_wrong_keeps_no_session_locked);
	tcase_add_test(tc,
	    a_clock_that_jumps_unlocks_nothing_though_a_record_is_refused);
	tcase_add_test(tc, an_unlock_that_was_refused_comes_later);
	tcase_add_test(tc,
	    one_that_is_refused_while_somebody_is_there_comes_later_as_well);
	tcase_add_test(tc, an_end_is_one_for_everybody_and_for_the_lock);
	tcase_add_test(tc, one_that_ended_is_not_kept_for_a_lock);
	tcase_add_test(tc,
	    a_start_that_waits_is_judged_when_the_session_ends);
}
