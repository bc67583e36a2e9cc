#include "suite.h"

#include <string.h>

#include "base/buf.h"
#include "session/record.h"
#include "session/session.h"

const char suite_name[] = "session";

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * A session written as a script: each step is one record, of a customer who
 * is known by one letter.
 */
struct step {
	enum record_event event;
	char	 who;
	const char *cart;	/* CART */
	bool	 is_ready;	/* READY */
	bool	 has_token;	/* START, JOIN */
	uint64_t seq;
	char	 displaced;	/* START */
};

/* In a table, and as an argument. */
#define STEP(kind, by, ...) { .event = RECORD_##kind, .who = (by), __VA_ARGS__ }
#define A_STEP(...) (struct step)STEP(__VA_ARGS__)

#define NO_LIMITS (&(const struct session_limits){ 0 })

static struct session *
new_session(void)
{
	struct payload *id = payload_new("s1", 2);
	struct session *session = session_new(id, 1);

	payload_unref(id);
	return session;
}

static struct customer_id
id_of(char who)
{
	struct customer_id id = { { 0 } };

	id.bytes[0] = (uint8_t)who;
	return id;
}

static struct payload *
text(const char *s)
{
	return s == NULL ? NULL : payload_new(s, strlen(s));
}

/* The record of step that comes next in session; clear it. */
static struct record
record_of(const struct session *session, const struct step *step)
{
	bool is_new = step->event == RECORD_START ||
	    step->event == RECORD_JOIN;
	struct record record = {
		.event = step->event,
		.time_ms = 1000 + session->revision,
		.has_customer = step->who != 0,
		.customer = id_of(step->who),
		.customer_row = step->who,
		.has_displaced = step->displaced != 0,
		.displaced = id_of(step->displaced),
		.has_token = step->has_token,
		.is_ready = step->is_ready,
		.client_seq = step->seq,
		.has_request = is_new,
		.request = { (uint8_t)step->who, 1 },
		.name = is_new ? payload_new(&step->who, 1) : NULL,
		.cart = text(step->cart),
	};

	session_number(session, &record);
	return record;
}

static enum refusal
judge(const struct session *session, const struct session_limits *limits,
    struct step step)
{
	struct record record = record_of(session, &step);
	enum refusal refusal = session_judge(session, &record, limits);

	record_clear(&record);
	return refusal;
}

static int
apply(struct session *session, struct step step)
{
	struct record record = record_of(session, &step);
	int result = session_apply(session, &record);

	record_clear(&record);
	return result;
}

static void
happens(struct session *session, struct step step)
{
	ck_assert_int_eq(apply(session, step), 0);
}

static void
play(struct session *session, const struct step *steps, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		ck_assert_msg(apply(session, steps[i]) == 0, "step %zu", i);
}

static struct customer *
find(const struct session *session, char who)
{
	struct customer_id id = id_of(who);

	return session_customer(session, &id);
}

static void
check_state(const struct session *session, char who, enum customer_state state)
{
	ck_assert_ptr_nonnull(find(session, who));
	ck_assert_int_eq(find(session, who)->state, state);
}

/* Ann is host, Bob guest without a token, Eve with one. */
static const struct step three[] = {
	STEP(START, 'A', .has_token = true),
	STEP(JOIN, 'B'),
	STEP(JOIN, 'E', .has_token = true),
};

static struct session *
session_of_three(void)
{
	struct session *session = new_session();

	play(session, three, COUNT(three));
	return session;
}

START_TEST(a_session_begins_with_its_start)
{
	struct session *session = new_session();
	const struct customer *ann;

	ck_assert(!session->is_running);
	ck_assert_uint_eq(session->incarnation, 0);
	happens(session, three[0]);
	ann = find(session, 'A');
	ck_assert(session->is_running);
	ck_assert_uint_eq(session->incarnation, 1);
	ck_assert_uint_eq(session->revision, 1);
	ck_assert_uint_eq(session->active_ms, 1000);
	ck_assert(ann->is_host && !ann->is_ready && ann->has_token);
	ck_assert_ptr_null(ann->cart);
	ck_assert_str_eq(ann->name->data, "A");
	ck_assert_ptr_eq(session_host(session), ann);
	session_free(session);
}
END_TEST

START_TEST(customers_stand_in_joining_order)
{
	struct session *session = session_of_three();
	const struct customer *customer;
	const char *expected = "ABE";

	TAILQ_FOREACH(customer, &session->customers, entry)
		ck_assert_int_eq(customer->id.bytes[0], *expected++);
	ck_assert_int_eq(*expected, '\0');
	ck_assert_uint_eq(session->counts[CUSTOMER_SEATED], 3);
	session_free(session);
}
END_TEST

START_TEST(a_customer_is_found_by_its_request)
{
	static const uint8_t bobs[ID_PROOF_BYTES] = { 'B', 1 };
	static const uint8_t nobodys[ID_PROOF_BYTES] = { 'B', 2 };
	struct session *session = session_of_three();

	ck_assert_ptr_eq(session_customer_by_request(session, bobs),
	    find(session, 'B'));
	ck_assert_ptr_null(session_customer_by_request(session, nobodys));
	find(session, 'B')->has_request = false;
	ck_assert_ptr_null(session_customer_by_request(session, bobs));
	session_free(session);
}
END_TEST

START_TEST(a_cart_is_replaced_and_its_bytes_are_counted)
{
	struct session *session = session_of_three();

	happens(session, A_STEP(CART, 'B', .cart = "{\"b\":1}"));
	ck_assert_uint_eq(session->cart_bytes, 7);
	happens(session, A_STEP(CART, 'E', .cart = "{}"));
	ck_assert_uint_eq(session->cart_bytes, 9);
	happens(session, A_STEP(CART, 'B', .cart = "{}"));
	ck_assert_uint_eq(session->cart_bytes, 4);
	ck_assert_str_eq(find(session, 'B')->cart->data, "{}");
	happens(session, A_STEP(LEAVE, 'B'));
	ck_assert_uint_eq(session->cart_bytes, 2);
	session_free(session);
}
END_TEST

START_TEST(numbers_are_kept_by_event)
{
	static const struct step steps[] = {
		STEP(CART, 'B', .cart = "{}", .seq = 4),
		STEP(READY, 'B', .is_ready = true, .seq = 2),
		STEP(CART, 'B', .cart = "{}"),
		STEP(READY, 'B'),
	};
	struct session *session = session_of_three();

	play(session, steps, COUNT(steps));
	ck_assert_uint_eq(find(session, 'B')->seq[SEQUENCE_CART], 4);
	ck_assert_uint_eq(find(session, 'B')->seq[SEQUENCE_READY], 2);
	ck_assert(!find(session, 'B')->is_ready);
	session_free(session);
}
END_TEST

START_TEST(who_leaves_keeps_nothing_but_its_id)
{
	struct session *session = session_of_three();
	const struct customer *eve = find(session, 'E');

	happens(session, A_STEP(CART, 'E', .cart = "{}"));
	happens(session, A_STEP(LEAVE, 'E'));
	check_state(session, 'E', CUSTOMER_GONE);
	ck_assert_ptr_null(eve->name);
	ck_assert_ptr_null(eve->cart);
	ck_assert_uint_eq(eve->left_revision, 5);
	ck_assert_uint_eq(session->counts[CUSTOMER_GONE], 1);
	session_free(session);
}
END_TEST

START_TEST(who_expires_is_away_with_a_token_and_gone_without)
{
	static const struct step steps[] = {
		STEP(CART, 'E', .cart = "{\"e\":1}", .seq = 3),
		STEP(READY, 'E', .is_ready = true),
		STEP(EXPIRE, 'E'),
		STEP(EXPIRE, 'B'),
	};
	struct session *session = session_of_three();
	const struct customer *eve = find(session, 'E');

	play(session, steps, COUNT(steps));
	check_state(session, 'B', CUSTOMER_GONE);
	check_state(session, 'E', CUSTOMER_AWAY);
	ck_assert_uint_eq(eve->left_revision, 6);
	happens(session, A_STEP(RETURN, 'E'));
	check_state(session, 'E', CUSTOMER_SEATED);
	ck_assert_uint_eq(eve->left_revision, 0);
	ck_assert(eve->is_ready);
	ck_assert_str_eq(eve->cart->data, "{\"e\":1}");
	ck_assert_uint_eq(eve->seq[SEQUENCE_CART], 3);
	session_free(session);
}
END_TEST

START_TEST(a_host_is_displaced_by_the_next)
{
	struct session *session = session_of_three();

	happens(session, A_STEP(START, 'N', .displaced = 'A'));
	check_state(session, 'A', CUSTOMER_GONE);
	ck_assert_ptr_eq(session_host(session), find(session, 'N'));
	ck_assert_uint_eq(session->incarnation, 1);
	ck_assert_uint_eq(session->revision, 4);
	session_free(session);
}
END_TEST

START_TEST(an_end_is_the_end_of_all_and_a_start_the_next_incarnation)
{
	struct session *session = session_of_three();

	happens(session, A_STEP(EXPIRE, 'E'));
	happens(session, A_STEP(END, 0));
	ck_assert(!session->is_running);
	ck_assert_uint_eq(session->counts[CUSTOMER_GONE], 3);
	ck_assert_ptr_null(session_host(session));
	ck_assert_int_eq(apply(session, A_STEP(JOIN, 'N')), -1);
	happens(session, A_STEP(START, 'N'));
	ck_assert_uint_eq(session->incarnation, 2);
	ck_assert_uint_eq(session->revision, 1);
	ck_assert_uint_eq(session->counts[CUSTOMER_SEATED], 1);
	check_state(session, 'A', CUSTOMER_GONE);
	session_free(session);
}
END_TEST

/* Of a session of three of whom Bob left. */
static const struct step unfit[] = {
	STEP(JOIN, 'E'),		/* known already */
	STEP(START, 'A'),
	STEP(START, 'N', .displaced = 'X'),
	STEP(CART, 'X', .cart = "{}"),
	STEP(CART, 'B', .cart = "{}"),
	STEP(READY, 'B'),
	STEP(LEAVE, 'B'),
	STEP(EXPIRE, 'B'),
	STEP(RETURN, 'B'),
};

START_TEST(a_record_that_does_not_fit_changes_nothing)
{
	struct session *session = session_of_three();
	size_t i;

	happens(session, A_STEP(LEAVE, 'B'));
	for (i = 0; i < COUNT(unfit); i++) {
		ck_assert_msg(apply(session, unfit[i]) == -1, "row %zu", i);
		ck_assert_uint_eq(session->revision, 4);
		ck_assert_uint_eq(session->counts[CUSTOMER_SEATED], 2);
		ck_assert_uint_eq(session->active_ms, 1003);
	}
	session_free(session);
}
END_TEST

START_TEST(a_gap_in_the_numbers_does_not_fit)
{
	static const struct { int64_t incarnation, revision; } off[] = {
		{ 0, 1 }, { 0, -1 }, { 1, 0 }, { -1, 0 }, { 1, -3 },
	};
	struct session *session = session_of_three();
	struct step step = STEP(CART, 'A', .cart = "{}");
	size_t i;

	for (i = 0; i < COUNT(off); i++) {
		struct record record = record_of(session, &step);

		record.incarnation += (uint64_t)off[i].incarnation;
		record.revision += (uint64_t)off[i].revision;
		ck_assert_int_eq(session_apply(session, &record), -1);
		record_clear(&record);
	}
	ck_assert_uint_eq(session->revision, 3);
	ck_assert_ptr_null(find(session, 'A')->cart);
	session_free(session);
}
END_TEST

START_TEST(a_note_does_not_fit)
{
	struct session *session = session_of_three();
	struct step step = STEP(CART, 'A', .cart = "{}");
	unsigned event;

	for (event = RECORD_REFUSED; event <= RECORD_PURGE; event++) {
		struct record record = record_of(session, &step);

		record.event = event;
		ck_assert(record_is_note(record.event));
		ck_assert_int_eq(session_apply(session, &record), -1);
		record_clear(&record);
	}
	ck_assert(record_is_note(RECORD_CALL));
	for (event = RECORD_START; event <= RECORD_END; event++)
		ck_assert(!record_is_note(event));
	for (event = RECORD_LOCK; event <= RECORD_UNLOCK; event++)
		ck_assert(!record_is_note(event));
	ck_assert_uint_eq(session->revision, 3);
	session_free(session);
}
END_TEST

/* Judged upon a session of three, Eve away, Bob gone, under these limits. */
static const struct judged {
	struct session_limits limits;
	struct step step;
	enum refusal refusal;
} judgements[] = {
	{ { 0 }, STEP(START, 'N'), REFUSAL_SESSION_EXISTS },
	{ { 0 }, STEP(START, 'N', .displaced = 'E'),
	    REFUSAL_SESSION_EXISTS },
	{ { 0 }, STEP(START, 'N', .displaced = 'A'), REFUSAL_NONE },
	{ { .max_customers = 1 }, STEP(START, 'N', .displaced = 'A'),
	    REFUSAL_NONE },
	{ { .max_customers = 1 }, STEP(JOIN, 'N'),
	    REFUSAL_SESSION_FULL },
	{ { .max_customers = 2 }, STEP(JOIN, 'N'), REFUSAL_NONE },
	{ { 0 }, STEP(JOIN, 'N'), REFUSAL_NONE },
	{ { .max_customers = 1 }, STEP(RETURN, 'E'),
	    REFUSAL_SESSION_FULL },
	{ { .max_customers = 2 }, STEP(RETURN, 'E'), REFUSAL_NONE },
	{ { 0 }, STEP(RETURN, 'B'), REFUSAL_LEFT_SESSION },
	{ { 0 }, STEP(CART, 'B', .cart = "{}"), REFUSAL_LEFT_SESSION },
	{ { 0 }, STEP(READY, 'B'), REFUSAL_LEFT_SESSION },
	{ { 0 }, STEP(LEAVE, 'B'), REFUSAL_LEFT_SESSION },
	{ { 0 }, STEP(CART, 'X', .cart = "{}"),
	    REFUSAL_UNKNOWN_CUSTOMER },
	{ { 0 }, STEP(LEAVE, 'X'), REFUSAL_UNKNOWN_CUSTOMER },
	{ { 0 }, STEP(LEAVE, 'A'), REFUSAL_NONE },
	{ { 0 }, STEP(EXPIRE, 'A'), REFUSAL_NONE },
	{ { 0 }, STEP(END, 0), REFUSAL_NONE },
	{ { .max_cart_bytes = 9 }, STEP(CART, 'A', .cart = "{}"),
	    REFUSAL_NONE },
	{ { .max_cart_bytes = 8 }, STEP(CART, 'A', .cart = "{}"),
	    REFUSAL_MESSAGE_TOO_LARGE },
	{ { .max_cart_bytes = 1 }, STEP(CART, 'E', .cart = "{}"),
	    REFUSAL_NONE },
	{ { .max_cart_bytes = 7 }, STEP(CART, 'E', .cart = "{\"e\":2}"),
	    REFUSAL_NONE },
	{ { .max_cart_bytes = 7 }, STEP(CART, 'E', .cart = "{\"e\":23}"),
	    REFUSAL_MESSAGE_TOO_LARGE },
};

START_TEST(a_record_is_judged_under_the_limits_of_today)
{
	static const struct step steps[] = {
		STEP(CART, 'E', .cart = "{\"e\":1}"),
		STEP(EXPIRE, 'E'),
		STEP(LEAVE, 'B'),
	};
	struct session *session = session_of_three();
	size_t i;

	play(session, steps, COUNT(steps));
	for (i = 0; i < COUNT(judgements); i++)
		ck_assert_msg(judge(session, &judgements[i].limits,
		    judgements[i].step) == judgements[i].refusal, "row %zu",
		    i);
	session_free(session);
}
END_TEST

START_TEST(a_session_that_does_not_run_can_only_be_started)
{
	struct session *session = new_session();
	int round;

	for (round = 0; round < 2; round++) {
		ck_assert_int_eq(judge(session, NO_LIMITS, A_STEP(START, 'N')),
		    REFUSAL_NONE);
		ck_assert_int_eq(judge(session, NO_LIMITS, A_STEP(JOIN, 'N')),
		    REFUSAL_SESSION_NOT_FOUND);
		ck_assert_int_eq(judge(session, NO_LIMITS, A_STEP(LEAVE, 'X')),
		    REFUSAL_SESSION_NOT_FOUND);
		if (round == 0) {
			play(session, three, COUNT(three));
			happens(session, A_STEP(END, 0));
		}
	}
	ck_assert_int_eq(judge(session, NO_LIMITS, A_STEP(LEAVE, 'A')),
	    REFUSAL_LEFT_SESSION);
	session_free(session);
}
END_TEST

START_TEST(the_seat_of_a_host_that_left_is_free)
{
	const struct session_limits two = { .max_customers = 2 };
	struct session *session = session_of_three();

	happens(session, A_STEP(LEAVE, 'A'));
	ck_assert_int_eq(judge(session, NO_LIMITS, A_STEP(START, 'N')),
	    REFUSAL_NONE);
	ck_assert_int_eq(judge(session, &two, A_STEP(START, 'N')),
	    REFUSAL_SESSION_FULL);
	session_free(session);
}
END_TEST

START_TEST(a_host_that_is_away_keeps_its_seat)
{
	const struct session_limits two = { .max_customers = 2 };
	struct session *session = session_of_three();

	happens(session, A_STEP(EXPIRE, 'A'));
	ck_assert_int_eq(judge(session, NO_LIMITS, A_STEP(START, 'N')),
	    REFUSAL_SESSION_EXISTS);
	/* Its cart is in the multicart no more and makes no room. */
	ck_assert_int_eq(judge(session, &two,
	    A_STEP(START, 'N', .displaced = 'A')), REFUSAL_SESSION_FULL);
	session_free(session);
}
END_TEST

START_TEST(the_barrier_waits_for_every_guest_that_is_there)
{
	const struct session_limits barrier = { .checkout_barrier = true };
	const struct step ready = STEP(READY, 'A', .is_ready = true);
	struct session *session = session_of_three();

	ck_assert_int_eq(judge(session, NO_LIMITS, ready), REFUSAL_NONE);
	ck_assert_int_eq(judge(session, &barrier, ready),
	    REFUSAL_GUESTS_NOT_READY);
	ck_assert_int_eq(judge(session, &barrier, A_STEP(READY, 'A')),
	    REFUSAL_NONE);
	ck_assert_int_eq(judge(session, &barrier,
	    A_STEP(READY, 'B', .is_ready = true)), REFUSAL_NONE);
	happens(session, A_STEP(READY, 'B', .is_ready = true));
	ck_assert_int_eq(judge(session, &barrier, ready),
	    REFUSAL_GUESTS_NOT_READY);
	happens(session, A_STEP(EXPIRE, 'E'));
	ck_assert_int_eq(judge(session, &barrier, ready), REFUSAL_NONE);
	session_free(session);
}
END_TEST

/* Judged upon a locked session of three of whom Eve is away. */
static const struct judged locked_judgements[] = {
	{ { 0 }, STEP(START, 'N', .displaced = 'A'), REFUSAL_SESSION_LOCKED },
	{ { 0 }, STEP(START, 'N'), REFUSAL_SESSION_EXISTS },
	{ { .max_customers = 1 }, STEP(JOIN, 'N'), REFUSAL_SESSION_LOCKED },
	{ { .max_cart_bytes = 1 }, STEP(CART, 'A', .cart = "{}"),
	    REFUSAL_SESSION_LOCKED },
	{ { 0 }, STEP(CART, 'X', .cart = "{}"), REFUSAL_UNKNOWN_CUSTOMER },
	{ { .checkout_barrier = true }, STEP(READY, 'A', .is_ready = true),
	    REFUSAL_SESSION_LOCKED },
	{ { .max_customers = 3 }, STEP(RETURN, 'E'), REFUSAL_NONE },
	{ { .max_customers = 2 }, STEP(RETURN, 'E'), REFUSAL_SESSION_FULL },
	{ { 0 }, STEP(LEAVE, 'B'), REFUSAL_NONE },
	{ { 0 }, STEP(EXPIRE, 'B'), REFUSAL_NONE },
	{ { 0 }, STEP(LOCK, 0), REFUSAL_NONE },
	{ { 0 }, STEP(UNLOCK, 0), REFUSAL_NONE },
	{ { 0 }, STEP(END, 0), REFUSAL_NONE },
};

START_TEST(a_locked_session_lets_go_and_back_and_nothing_else)
{
	struct session *session = session_of_three();
	size_t i;

	happens(session, A_STEP(EXPIRE, 'E'));
	happens(session, A_STEP(LOCK, 0));
	for (i = 0; i < COUNT(locked_judgements); i++)
		ck_assert_msg(judge(session, &locked_judgements[i].limits,
		    locked_judgements[i].step) ==
		    locked_judgements[i].refusal, "row %zu", i);
	happens(session, A_STEP(UNLOCK, 0));
	ck_assert_int_eq(judge(session, NO_LIMITS, A_STEP(JOIN, 'N')),
	    REFUSAL_NONE);
	session_free(session);
}
END_TEST

START_TEST(a_lock_lasts_from_the_last_lock_to_the_unlock_or_end)
{
	struct session *session = session_of_three();

	happens(session, A_STEP(LOCK, 0));
	happens(session, A_STEP(LOCK, 0));
	ck_assert(session->is_locked);
	ck_assert_uint_eq(session->locked_ms, 1004);
	ck_assert_uint_eq(session->revision, 5);
	happens(session, A_STEP(UNLOCK, 0));
	ck_assert(!session->is_locked);
	ck_assert_uint_eq(session->locked_ms, 0);
	happens(session, A_STEP(LOCK, 0));
	happens(session, A_STEP(END, 0));
	ck_assert(!session->is_locked);
	ck_assert_uint_eq(session->locked_ms, 0);
	ck_assert_int_eq(apply(session, A_STEP(LOCK, 0)), -1);
	ck_assert_int_eq(apply(session, A_STEP(UNLOCK, 0)), -1);
	ck_assert_int_eq(judge(session, NO_LIMITS, A_STEP(LOCK, 0)),
	    REFUSAL_SESSION_NOT_FOUND);
	/* Nobody can have locked the next incarnation yet. */
	session->is_locked = true;
	session->locked_ms = 1;
	happens(session, A_STEP(START, 'N'));
	ck_assert(!session->is_locked);
	ck_assert_uint_eq(session->locked_ms, 0);
	session_free(session);
}
END_TEST

/* Five who went one after the other. */
static struct session *
session_left_by_five(enum record_event how)
{
	static const char who[] = "CDFGH";
	struct session *session = session_of_three();
	size_t i;

	for (i = 0; i < 5; i++)
		happens(session, A_STEP(JOIN, who[i], .has_token = true));
	/* Not in joining order. */
	for (i = 0; i < 5; i++)
		happens(session,
		    (struct step){ .event = how, .who = who[4 - i] });
	return session;
}

START_TEST(the_longest_away_are_gone_first)
{
	struct session *session = session_left_by_five(RECORD_EXPIRE);

	session_trim(session,
	    &(const struct session_limits){ .max_remembered = 3 });
	check_state(session, 'H', CUSTOMER_GONE);
	check_state(session, 'G', CUSTOMER_GONE);
	check_state(session, 'F', CUSTOMER_AWAY);
	check_state(session, 'D', CUSTOMER_AWAY);
	check_state(session, 'C', CUSTOMER_AWAY);
	ck_assert_uint_eq(session->counts[CUSTOMER_AWAY], 3);
	ck_assert_uint_eq(session->counts[CUSTOMER_GONE], 2);
	session_free(session);
}
END_TEST

START_TEST(the_longest_gone_are_forgotten_first)
{
	struct session *session = session_left_by_five(RECORD_LEAVE);

	session_trim(session,
	    &(const struct session_limits){ .max_remembered = 3 });
	ck_assert_ptr_null(find(session, 'H'));
	ck_assert_ptr_null(find(session, 'G'));
	check_state(session, 'F', CUSTOMER_GONE);
	check_state(session, 'C', CUSTOMER_GONE);
	ck_assert_uint_eq(session->counts[CUSTOMER_GONE], 3);
	ck_assert_uint_eq(session->counts[CUSTOMER_SEATED], 3);
	session_free(session);
}
END_TEST

START_TEST(those_of_earlier_incarnations_are_forgotten_before_all_others)
{
	static const struct step steps[] = {
		STEP(END, 0),
		STEP(START, 'N'),
		STEP(JOIN, 'O'),
		STEP(LEAVE, 'O'),
	};
	struct session *session = session_of_three();

	/* They left at revision 4, he at 3. */
	play(session, steps, COUNT(steps));
	session_trim(session,
	    &(const struct session_limits){ .max_remembered = 1 });
	check_state(session, 'O', CUSTOMER_GONE);
	check_state(session, 'N', CUSTOMER_SEATED);
	ck_assert_uint_eq(session->counts[CUSTOMER_GONE], 1);
	session_free(session);
}
END_TEST

START_TEST(who_has_a_connection_is_not_forgotten)
{
	static const enum record_event how[] = { RECORD_EXPIRE, RECORD_LEAVE };
	struct session *session = session_left_by_five(how[_i]);
	const struct session_limits one = { .max_remembered = 1 };
	struct seat *seat = (struct seat *)&session->row;
	const char *who;

	for (who = "CDFGH"; *who != '\0'; who++)
		find(session, *who)->seat = seat;
	session_trim(session, &one);
	for (who = "CDFGH"; *who != '\0'; who++)
		check_state(session, *who, _i == 0 ? CUSTOMER_AWAY :
		    CUSTOMER_GONE);
	session_free(session);
}
END_TEST

START_TEST(without_a_limit_everybody_is_remembered)
{
	struct session *session = session_left_by_five(RECORD_EXPIRE);

	session_trim(session, NO_LIMITS);
	ck_assert_uint_eq(session->counts[CUSTOMER_AWAY], 5);
	session_free(session);
}
END_TEST

/* What is read from a database goes on like what was lived through. */
START_TEST(a_restored_customer_counts)
{
	struct session *session = new_session();
	struct customer stored = {
		.id = id_of('A'),
		.row = 1,
		.state = CUSTOMER_AWAY,
		.is_host = true,
		.has_token = true,
		.incarnation = 1,
		.left_revision = 7,
		.name = text("A"),
		.cart = text("{\"a\":1}"),
		.is_ready = true,
	};

	session->is_running = true;
	session->incarnation = 1;
	session->revision = 7;
	(void)session_restore_customer(session, &stored);
	ck_assert_uint_eq(session->cart_bytes, 7);
	ck_assert_uint_eq(session->counts[CUSTOMER_AWAY], 1);
	ck_assert_ptr_eq(session_host(session), find(session, 'A'));
	happens(session, A_STEP(RETURN, 'A'));
	ck_assert_uint_eq(session->counts[CUSTOMER_SEATED], 1);
	ck_assert_int_eq(session->readiness, READINESS_REACHED);
	ck_assert_uint_eq(session->revision, 8);
	session_free(session);
}
END_TEST

/* What each step does to whether everybody is ready. */
START_TEST(a_session_is_ready_while_all_who_are_seated_are)
{
	static const struct {
		struct step step;
		enum record_readiness readiness;
	} story[] = {
		{ STEP(START, 'H'), READINESS_KEPT },
		{ STEP(JOIN, 'G', .has_token = true), READINESS_KEPT },
		{ STEP(READY, 'G', .is_ready = true), READINESS_KEPT },
		{ STEP(READY, 'H', .is_ready = true), READINESS_REACHED },
		{ STEP(READY, 'H', .is_ready = true), READINESS_KEPT },
		{ STEP(CART, 'H', .cart = "{}"), READINESS_KEPT },
		{ STEP(READY, 'H'), READINESS_LOST },
		{ STEP(READY, 'H'), READINESS_KEPT },
		{ STEP(READY, 'H', .is_ready = true), READINESS_REACHED },
		{ STEP(JOIN, 'F', .has_token = true), READINESS_LOST },
		{ STEP(EXPIRE, 'F'), READINESS_REACHED },
		{ STEP(RETURN, 'F'), READINESS_LOST },
		{ STEP(EXPIRE, 'F'), READINESS_REACHED },
		{ STEP(READY, 'F', .is_ready = true), READINESS_KEPT },
		{ STEP(RETURN, 'F'), READINESS_KEPT },
		{ STEP(LEAVE, 'F'), READINESS_KEPT },
		{ STEP(JOIN, 'E'), READINESS_LOST },
		{ STEP(LEAVE, 'E'), READINESS_REACHED },
		{ STEP(START, 'I', .displaced = 'H'), READINESS_LOST },
		{ STEP(READY, 'I', .is_ready = true), READINESS_REACHED },
		{ STEP(EXPIRE, 'I'), READINESS_KEPT },
		{ STEP(EXPIRE, 'G'), READINESS_LOST },
		{ STEP(RETURN, 'G'), READINESS_REACHED },
		{ STEP(LOCK, 0), READINESS_KEPT },
		{ STEP(UNLOCK, 0), READINESS_KEPT },
		{ STEP(END, 0), READINESS_KEPT },
		{ STEP(START, 'D'), READINESS_KEPT },
	};
	struct session *session = new_session();
	size_t i;

	for (i = 0; i < COUNT(story); i++) {
		happens(session, story[i].step);
		ck_assert_msg(session->readiness == story[i].readiness,
		    "step %zu", i);
		ck_assert(session->readiness == READINESS_KEPT ||
		    record_changes_readiness(story[i].step.event));
	}
	ck_assert(!session_is_ready(session));
	session_free(session);
}
END_TEST

START_TEST(no_session_is_freed_like_any)
{
	session_free(NULL);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, a_session_begins_with_its_start);
	tcase_add_test(tc, customers_stand_in_joining_order);
	tcase_add_test(tc, a_customer_is_found_by_its_request);
	tcase_add_test(tc, a_cart_is_replaced_and_its_bytes_are_counted);
	tcase_add_test(tc, numbers_are_kept_by_event);
	tcase_add_test(tc, who_leaves_keeps_nothing_but_its_id);
	tcase_add_test(tc,
	    who_expires_is_away_with_a_token_and_gone_without);
	tcase_add_test(tc, a_host_is_displaced_by_the_next);
	tcase_add_test(tc,
	    an_end_is_the_end_of_all_and_a_start_the_next_incarnation);
	tcase_add_test(tc, a_record_that_does_not_fit_changes_nothing);
	tcase_add_test(tc, a_gap_in_the_numbers_does_not_fit);
	tcase_add_test(tc, a_note_does_not_fit);
	tcase_add_test(tc, a_record_is_judged_under_the_limits_of_today);
	tcase_add_test(tc,
	    a_session_that_does_not_run_can_only_be_started);
	tcase_add_test(tc, the_seat_of_a_host_that_left_is_free);
	tcase_add_test(tc, a_host_that_is_away_keeps_its_seat);
	tcase_add_test(tc, the_barrier_waits_for_every_guest_that_is_there);
	tcase_add_test(tc,
	    a_locked_session_lets_go_and_back_and_nothing_else);
	tcase_add_test(tc,
	    a_lock_lasts_from_the_last_lock_to_the_unlock_or_end);
	tcase_add_test(tc, the_longest_away_are_gone_first);
	tcase_add_test(tc, the_longest_gone_are_forgotten_first);
	tcase_add_test(tc,
	    those_of_earlier_incarnations_are_forgotten_before_all_others);
	tcase_add_loop_test(tc, who_has_a_connection_is_not_forgotten, 0, 2);
	tcase_add_test(tc, without_a_limit_everybody_is_remembered);
	tcase_add_test(tc, a_restored_customer_counts);
	tcase_add_test(tc, a_session_is_ready_while_all_who_are_seated_are);
	tcase_add_test(tc, no_session_is_freed_like_any);
}
