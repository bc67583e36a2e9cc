/*
 * What deltas say, and that what a client makes of them is the multicart, byte
 * for byte, whatever happened to the session in between.
 */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "delta_reader.h"
#include "session/record.h"
#include "session/session.h"
#include "wire/multicart.h"
#include "wire/multicart_delta.h"
#include "wire/multicart_members.h"

const char suite_name[] = "multicart_delta";

enum {
	CUSTOMERS = 24,
	SEEDS = 60,
	SHOWN = 120,		/* multicarts of a seed */
	RECORDS = 8		/* between two of them at the most */
};

/* A session, and the multicart of it that was shown last. */
struct play {
	struct session *session;
	int64_t	 row;		/* the customer's that came last */
	struct multicart *multicart;
	struct multicart_members *members;
	char	*text;		/* of the featured multicart */
	unsigned random;
};

static unsigned
draw(struct play *play, unsigned n)
{
	play->random = play->random * 1103515245 + 12345;
	return (play->random >> 16) % n;
}

static struct customer_id
id_of(int64_t row)
{
	struct customer_id id = { { (uint8_t)(row >> 8), (uint8_t)row } };

	return id;
}

/* cart: NULL for none.  Whether the record fits. */
static bool
happen(struct play *play, enum record_event event, int64_t row,
    const char *cart, bool is_ready)
{
	bool comes = event == RECORD_START || event == RECORD_JOIN;
	const struct customer *host = session_host(play->session);
	struct record record = {
		.event = event,
		.has_customer = row != 0,
		.customer = id_of(row),
		.customer_row = row,
		.has_token = true,
		.has_displaced = event == RECORD_START && host != NULL,
		.is_ready = is_ready,
		.name = comes ? payload_new("N\"\n", 3) : NULL,
		.cart = cart == NULL ? NULL : payload_new(cart, strlen(cart)),
	};
	int result;

	if (record.has_displaced)
		record.displaced = host->id;
	session_number(play->session, &record);
	result = session_apply(play->session, &record);
	record_clear(&record);
	return result == 0;
}

static char *
text_of(struct multicart *multicart)
{
	return strdup(multicart_featured(multicart)->bytes->data);
}

static void
forget_shown(struct play *play)
{
	multicart_unref(play->multicart);
	multicart_members_unref(play->members);
	free(play->text);
}

/*
 * Show the session as it is.  The delta from what was shown before, or NULL;
 * good until the next one is shown.
 */
static const char *
show(struct play *play)
{
	struct multicart *multicart = multicart_encode(play->session);
	struct multicart_members *members = multicart_members(play->session);
	const char *delta = NULL;
	char *made, *text = text_of(multicart);

	if (play->members != NULL &&
	    play->members->incarnation == members->incarnation) {
		multicart_make_delta(multicart, play->members, members);
		if (multicart->delta != NULL)
			delta = multicart->delta->bytes->data;
	}
	if (delta != NULL) {
		ck_assert(multicart->delta->is_featured);
		ck_assert_uint_eq(multicart->delta->from,
		    play->members->revision);
		ck_assert_uint_lt(strlen(delta), strlen(text));
		made = delta_apply(play->text, delta);
		ck_assert_msg(made != NULL && strcmp(made, text) == 0,
		    "seed %u: %s\n\nand %s\n\nis not %s\n\nbut %s",
		    play->random, play->text, delta, text, made);
		free(made);
	}
	forget_shown(play);
	play->multicart = multicart;
	play->members = members;
	play->text = text;
	return delta;
}

static void
begin(struct play *play, unsigned seed)
{
	struct payload *id = payload_new("s1", 2);

	*play = (struct play){ .random = seed };
	play->session = session_new(id, 1);
	payload_unref(id);
	ck_assert(happen(play, RECORD_START, ++play->row, NULL, false));
}

static void
end(struct play *play)
{
	forget_shown(play);
	session_free(play->session);
}

static void
happen_at_random(struct play *play)
{
	static const char *const carts[] = {
		"{}", "{\"a\":[1,{\"b\":\"]},\\\"\"}]}",
		"{\"owner\":{\"id\":\"x\"},\"before\":\"y\",\"content\":{}}",
		"{\"\\u0000\":1e400,\"a\":1,\"a\":2}",
	};
	const char *cart = carts[draw(play, 4)];
	int64_t row = play->row - (int64_t)draw(play, CUSTOMERS) + 1;
	enum record_event event = (enum record_event)(RECORD_CART +
	    draw(play, RECORD_RETURN - RECORD_CART + 1));
	const struct customer_id id = id_of(row);
	const struct customer *customer = row <= 0 ? NULL :
	    session_customer(play->session, &id);

	if (row > play->row) {
		(void)happen(play, draw(play, 30) == 0 ? RECORD_START :
		    RECORD_JOIN, ++play->row, NULL, false);
		return;
	}
	if (draw(play, 40) == 0) {
		(void)happen(play, play->session->is_locked ? RECORD_UNLOCK :
		    RECORD_LOCK, 0, NULL, false);
		return;
	}
	/* Whoever is away comes back, and no other does. */
	if (customer == NULL || customer->state == CUSTOMER_GONE ||
	    (event == RECORD_RETURN) != (customer->state == CUSTOMER_AWAY) ||
	    (event == RECORD_LEAVE && draw(play, 3) > 0))
		return;
	ck_assert(happen(play, event, row,
	    event == RECORD_CART ? cart : NULL, draw(play, 2) == 0));
}

START_TEST(what_a_client_makes_of_it_is_the_multicart)
{
	struct play play;
	unsigned i, n, deltas = 0;

	begin(&play, (unsigned)_i * 7919 + 1);
	for (i = 0; i < SHOWN; i++) {
		for (n = draw(&play, RECORDS + 1); n > 0; n--)
			happen_at_random(&play);
		if (draw(&play, 60) == 0) {
			ck_assert(happen(&play, RECORD_END, 0, NULL, false));
			ck_assert(happen(&play, RECORD_START, ++play.row,
			    NULL, false));
		}
		deltas += show(&play) != NULL;
	}
	ck_assert_uint_gt(deltas, SHOWN / 3);
	end(&play);
}
END_TEST

#define OWNER(n, ready) "{\"owner\":{\"id\":\"" n "\",\"name\":"	\
	"\"N\\\"\\n\",\"isHost\":false,\"isReadyToCheckout\":" ready "}"
#define KNOWN(n) "{\"owner\":{\"id\":\"" n "\"}"
#define ANN "000100000000000000000000"
#define BOB "000200000000000000000000"
#define EVE "000300000000000000000000"
#define JIM "000400000000000000000000"

/* Ann, Bob and Eve, as a test of one delta begins. */
static void
begin_with_three(struct play *play)
{
	begin(play, 0);
	ck_assert(happen(play, RECORD_JOIN, 2, NULL, false));
	ck_assert(happen(play, RECORD_JOIN, 3, NULL, false));
	ck_assert(happen(play, RECORD_CART, 3, "{\"e\":1}", false));
	ck_assert(happen(play, RECORD_CART, 1, "{\"a\":\"a long cart that "
	    "makes the whole longer than any delta of these tests, which are "
	    "to be seen each, however long: a long cart that makes the whole "
	    "longer than any delta of these tests, which are\"}", false));
	ck_assert_ptr_null(show(play));
	play->row = 3;
}

static void
expect_changes(struct play *play, const char *changes, const char *tail)
{
	char text[1024];

	(void)snprintf(text, sizeof(text), "{\"event\":\"multicartDelta\","
	    "\"payload\":{\"changes\":[%s]%s}", changes, tail);
	ck_assert_str_eq(show(play), text);
	end(play);
}

START_TEST(a_cart_is_sent_without_its_owner)
{
	struct play play;

	begin_with_three(&play);
	happen(&play, RECORD_CART, 2, "{\"b\":1}", false);
	expect_changes(&play, KNOWN(BOB) ",\"content\":{\"b\":1}}",
	    "},\"from\":\"1.5\",\"cursor\":\"1.6.0\"");
}
END_TEST

START_TEST(who_is_ready_is_sent_without_the_cart)
{
	struct play play;

	begin_with_three(&play);
	happen(&play, RECORD_READY, 2, NULL, true);
	expect_changes(&play, OWNER(BOB, "true") "}",
	    "},\"from\":\"1.5\",\"cursor\":\"1.6.0\"");
}
END_TEST

START_TEST(what_is_as_before_is_not_sent)
{
	struct play play;

	begin_with_three(&play);
	happen(&play, RECORD_CART, 3, "{\"e\":1}", false);
	happen(&play, RECORD_READY, 2, NULL, true);
	happen(&play, RECORD_READY, 2, NULL, false);
	expect_changes(&play, "", "},\"from\":\"1.5\",\"cursor\":\"1.8.0\"");
}
END_TEST

START_TEST(a_lock_is_told)
{
	struct play play;

	begin_with_three(&play);
	happen(&play, RECORD_LOCK, 0, NULL, false);
	expect_changes(&play, "", ",\"isLocked\":true},\"from\":\"1.5\","
	    "\"cursor\":\"1.6.0\"");
}
END_TEST

START_TEST(who_is_gone_comes_first_and_newcomers_last)
{
	struct play play;

	begin_with_three(&play);
	happen(&play, RECORD_JOIN, 4, NULL, false);
	happen(&play, RECORD_JOIN, 5, NULL, false);
	happen(&play, RECORD_CART, 2, "{}", true);
	happen(&play, RECORD_CART, 2, "{\"b\":2}", true);
	happen(&play, RECORD_LEAVE, 5, NULL, false);
	happen(&play, RECORD_LEAVE, 3, NULL, false);
	expect_changes(&play, KNOWN(EVE) ",\"isGone\":true},"
	    KNOWN(BOB) ",\"content\":{\"b\":2}}," OWNER(JIM, "false")
	    ",\"content\":{}}",
	    "},\"from\":\"1.5\",\"cursor\":\"1.11.0\"");
}
END_TEST

/* They are where they were, before who stayed, of whom Eve is the next. */
START_TEST(who_is_back_stands_where_they_were)
{
	struct play play;

	begin_with_three(&play);
	happen(&play, RECORD_JOIN, 4, NULL, false);
	happen(&play, RECORD_EXPIRE, 2, NULL, false);
	happen(&play, RECORD_EXPIRE, 3, NULL, false);
	(void)show(&play);
	happen(&play, RECORD_RETURN, 3, NULL, false);
	happen(&play, RECORD_RETURN, 2, NULL, false);
	expect_changes(&play,
	    OWNER(BOB, "false") ",\"content\":{},\"before\":\"" JIM "\"},"
	    OWNER(EVE, "false") ",\"content\":{\"e\":1},\"before\":\"" JIM
	    "\"}", "},\"from\":\"1.8\",\"cursor\":\"1.10.0\"");
}
END_TEST

START_TEST(who_was_away_in_between_is_no_newcomer)
{
	struct play play;

	begin_with_three(&play);
	happen(&play, RECORD_EXPIRE, 2, NULL, false);
	happen(&play, RECORD_RETURN, 2, NULL, false);
	expect_changes(&play, "", "},\"from\":\"1.5\",\"cursor\":\"1.7.0\"");
}
END_TEST

START_TEST(there_is_none_that_is_not_shorter)
{
	struct play play;
	char cart[1024];

	begin(&play, 0);
	ck_assert_ptr_null(show(&play));
	(void)snprintf(cart, sizeof(cart), "{\"a\":\"%01000d\"}", 0);
	happen(&play, RECORD_JOIN, 2, NULL, false);
	happen(&play, RECORD_CART, 2, cart, false);
	happen(&play, RECORD_LEAVE, 1, NULL, false);
	ck_assert_ptr_null(show(&play));
	/* Of the bytes for who has no feature on nothing is in it. */
	ck_assert_ptr_null(play.multicart->delta);
	ck_assert_uint_eq(multicart_size(play.multicart),
	    play.multicart->bytes->len +
	    play.multicart->featured->bytes->len);
	end(&play);
}
END_TEST

START_TEST(it_counts_among_the_multicarts_bytes)
{
	struct play play;

	begin_with_three(&play);
	happen(&play, RECORD_CART, 2, "{\"b\":1}", false);
	ck_assert_ptr_nonnull(show(&play));
	ck_assert_uint_eq(multicart_size(play.multicart),
	    play.multicart->bytes->len +
	    play.multicart->featured->bytes->len +
	    play.multicart->delta->bytes->len);
	end(&play);
}
END_TEST

/* The reader, by which all is judged, refuses what is none. */
START_TEST(a_reader_drops_what_does_not_fit)
{
	static const char whole[] = "{\"event\":\"multicartUpdate\","
	    "\"payload\":{\"multicartContent\":[" OWNER(ANN, "true")
	    ",\"content\":{}}]},\"cursor\":\"1.5.0\"}";
	static const char *const deltas[] = {
		KNOWN(BOB) ",\"isGone\":true}",
		KNOWN(BOB) ",\"content\":{}}",
		OWNER(BOB, "true") "}",
		OWNER(BOB, "true") ",\"content\":{},\"before\":\"" EVE "\"}",
		OWNER(ANN, "true") ",\"content\":{},\"before\":\"" ANN "\"}",
		"",
	};
	size_t i, n = sizeof(deltas) / sizeof(deltas[0]);
	char text[512];

	for (i = 0; i < n; i++) {
		(void)snprintf(text, sizeof(text), "{\"event\":"
		    "\"multicartDelta\",\"payload\":{\"changes\":[%s]},"
		    "\"from\":\"1.%d\",\"cursor\":\"1.7.0\"}", deltas[i],
		    i == n - 1 ? 50 : 5);
		ck_assert_ptr_null(delta_apply(whole, text));
	}
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, what_a_client_makes_of_it_is_the_multicart, 0,
	    SEEDS);
	tcase_add_test(tc, a_cart_is_sent_without_its_owner);
	tcase_add_test(tc, who_is_ready_is_sent_without_the_cart);
	tcase_add_test(tc, what_is_as_before_is_not_sent);
	tcase_add_test(tc, a_lock_is_told);
	tcase_add_test(tc, who_is_gone_comes_first_and_newcomers_last);
	tcase_add_test(tc, who_is_back_stands_where_they_were);
	tcase_add_test(tc, who_was_away_in_between_is_no_newcomer);
	tcase_add_test(tc, there_is_none_that_is_not_shorter);
	tcase_add_test(tc, it_counts_among_the_multicarts_bytes);
	tcase_add_test(tc, a_reader_drops_what_does_not_fit);
}
