#include "suite.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "audit/row.h"
#include "base/buf.h"
#include "ctl/timeline.h"

const char suite_name[] = "timeline";

enum { ADA = 0xa, BOB = 0xb };

#define ADA_ID "0a0000000000000000000000"

/* A row of the journal, as far as it differs from any other. */
struct step {
	enum record_event event;
	uint64_t incarnation, revision;
	uint8_t	 customer;		/* 0 for none */
	const char *text;		/* a name or cart */
	bool	 is_erased;
	uint64_t number;		/* client_seq */
};

static struct payload *
payload_of(const char *text)
{
	return text == NULL ? NULL : payload_new(text, strlen(text));
}

static struct audit_row
row_of(const struct step *step, int64_t seq)
{
	bool is_cart = step->event == RECORD_CART;
	struct audit_row row = {
		.seq = seq,
		.is_erased = step->is_erased,
		.record = {
			.session = payload_of("party"),
			.incarnation = step->incarnation,
			.revision = step->revision,
			.time_ms = (uint64_t)seq * 1000,
			.event = step->event,
			.has_customer = step->customer != 0,
			.customer = { { step->customer } },
			.client_seq = step->number,
			.call = step->customer != 0 ? RECORD_CALL_REMOVE :
			    RECORD_CALL_END,
			.is_timed_out = step->event == RECORD_UNLOCK &&
			    step->number != 0,
			.refused = REFUSAL_RATE_LIMITED,
			.refused_event = 3,
			.name = is_cart ? NULL : payload_of(step->text),
			.cart = is_cart ? payload_of(step->text) : NULL,
		},
	};

	return row;
}

/* What the timeline tells, without the columns of times; free() it. */
static char *
story_of(const struct step *steps, size_t count, const char *product)
{
	char *text, *from, *to;
	size_t len, i;
	FILE *out = open_memstream(&text, &len);
	const struct timeline_config config = { out, TIMELINE_TEXT, false,
	    product };
	struct timeline *timeline = timeline_new(&config);

	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
	for (i = 0; i < count; i++) {
		struct audit_row row = row_of(&steps[i], (int64_t)i + 1);

		timeline_add(timeline, &row);
		audit_row_clear(&row);
	}
	timeline_free(timeline);
	ck_assert_int_eq(fclose(out), 0);
	while ((from = strstr(text, "1970-")) != NULL) {
		to = from + strlen("1970-01-01T00:00:01.000Z  ");
		memmove(from, to, strlen(to) + 1);
	}
	return text;
}

static void
check_story(const struct step *steps, size_t count, const char *expected)
{
	char *story = story_of(steps, count, NULL);

	ck_assert_str_eq(story, expected);
	free(story);
}

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define HEAD(revision, who) revision "             " who

START_TEST(an_erased_name_is_an_id)
{
	static const struct step steps[] = {
		{ RECORD_START, 1, 1, ADA, NULL, true, 0 },
		{ RECORD_READY, 1, 2, ADA, NULL, true, 0 },
	};

	check_story(steps, COUNT(steps), "party, incarnation 1\n"
	    HEAD("1.1    ", ADA_ID) "                   started the session\n"
	    HEAD("1.2    ", ADA_ID) "                   is not ready to check "
	    "out\n");
}
END_TEST

START_TEST(behind_an_erased_cart_the_next_is_shown_whole)
{
	static const struct step steps[] = {
		{ RECORD_START, 1, 1, ADA, "Ada", false, 0 },
		{ RECORD_CART, 1, 2, ADA, NULL, true, 0 },
		{ RECORD_CART, 1, 3, ADA, "{\"a\":1}", false, 0 },
		{ RECORD_CART, 1, 4, ADA, "{\"a\":2}", false, 0 },
		{ RECORD_CART, 1, 5, ADA, "{\"a\":2}", false, 0 },
	};
	char *story = story_of(steps + 1, 4, NULL);

	ck_assert_ptr_nonnull(strstr(story, "changed the cart\n"
	    "        (the cart was erased)\n"));
	ck_assert_ptr_nonnull(strstr(story, "changed the cart\n"
	    "        (the cart before is not known)\n"
	    "        added a: 1\n"));
	ck_assert_ptr_nonnull(strstr(story, "changed the cart\n"
	    "        changed a: 1 -> 2\n"));
	ck_assert_ptr_nonnull(strstr(story, "changed the cart\n"
	    "        (nothing is different in it)\n"));
	ck_assert_ptr_nonnull(strstr(story,
	    "party, incarnation 1 (its beginning was deleted)\n"));
	free(story);
}
END_TEST

START_TEST(a_cart_that_is_not_json_is_shown_harmlessly)
{
	static const struct step steps[] = {
		{ RECORD_START, 1, 1, ADA, "Ada", false, 0 },
		{ RECORD_CART, 1, 2, ADA, "\x1b[2J{", false, 0 },
	};
	char *story = story_of(steps, COUNT(steps), NULL);

	ck_assert_ptr_nonnull(strstr(story, "        \\x1b[2J{\n"));
	free(story);
}
END_TEST

START_TEST(incarnations_stand_apart)
{
	static const struct step steps[] = {
		{ RECORD_START, 1, 1, ADA, "Ada", false, 0 },
		{ RECORD_END, 1, 2, 0, NULL, false, 0 },
		{ RECORD_START, 2, 1, BOB, "Bob", false, 0 },
	};

	check_story(steps, COUNT(steps), "party, incarnation 1\n"
	    HEAD("1.1    ", "Ada") "                              "
	    "started the session\n"
	    HEAD("1.2    ", "   ") "                              "
	    "the session ended\n"
	    "\nparty, incarnation 2\n"
	    HEAD("2.1    ", "Bob") "                              "
	    "started the session\n");
}
END_TEST

START_TEST(locks_are_told)
{
	static const struct step steps[] = {
		{ RECORD_LOCK, 1, 2, 0, NULL, false, 0 },
		{ RECORD_UNLOCK, 1, 3, 0, NULL, false, 0 },
		{ RECORD_UNLOCK, 1, 4, 0, NULL, false, 1 },
	};
	char *story = story_of(steps, COUNT(steps), NULL);

	ck_assert_ptr_nonnull(strstr(story, " the session was locked\n"));
	ck_assert_ptr_nonnull(strstr(story, " the session was unlocked\n"));
	ck_assert_ptr_nonnull(strstr(story, " the session was unlocked: "
	    "it was locked for too long\n"));
	free(story);
}
END_TEST

START_TEST(notes_are_told_without_a_revision)
{
	static const struct step steps[] = {
		{ RECORD_START, 1, 1, ADA, "Ada", false, 0 },
		{ RECORD_REFUSED, 1, 0, ADA, NULL, false, 1 },
		{ RECORD_REFUSED, 1, 0, ADA, NULL, false, 7 },
		{ RECORD_ERASE, 1, 0, ADA, NULL, false, 0 },
		{ RECORD_ERASE, 1, 0, 0, NULL, false, 0 },
		{ RECORD_CALL, 1, 0, ADA, "back-end", false, 0 },
		{ RECORD_CALL, 1, 0, 0, NULL, true, 0 },
	};

	check_story(steps, COUNT(steps), "party, incarnation 1\n"
	    HEAD("1.1    ", "Ada") "                              "
	    "started the session\n"
	    HEAD("       ", "Ada") "                              "
	    "updateCart was refused: rateLimited\n"
	    HEAD("       ", "Ada") "                              "
	    "updateCart was refused: rateLimited, the first of 7 messages\n"
	    HEAD("       ", "Ada") "                              "
	    "all that was personal until here was erased\n"
	    HEAD("       ", "   ") "                              "
	    "all that was personal in the session until here was erased\n"
	    HEAD("       ", "Ada") "                              "
	    "the shop's server back-end removes this customer\n"
	    HEAD("       ", "   ") "                              "
	    "the shop's server ends the session\n");
}
END_TEST

START_TEST(retention_is_told_where_something_is_gone_for_it)
{
	static const struct step steps[] = {
		{ RECORD_START, 1, 1, ADA, "Ada", false, 0 },
		{ RECORD_RETAIN, 0, 0, 0, NULL, false, 3000 },
		{ RECORD_READY, 1, 2, ADA, NULL, true, 0 },
		{ RECORD_RETAIN, 0, 0, 0, NULL, false, 3000 },
		{ RECORD_RETAIN, 0, 0, 0, NULL, false, 3001 },
		{ RECORD_PURGE, 0, 0, 0, NULL, false, 3001 },
		{ RECORD_RETAIN, 0, 0, 0, NULL, false, 4000 },
	};
	char *story = story_of(steps, COUNT(steps), NULL), *first;

	first = strstr(story, "retention: ");
	ck_assert_ptr_nonnull(first);
	ck_assert_ptr_null(strstr(first + 1, "retention: "));
	free(story);
}
END_TEST

START_TEST(a_product_leaves_with_its_customer_and_comes_back)
{
	static const struct step steps[] = {
		{ RECORD_START, 1, 1, ADA, "Ada", false, 0 },
		{ RECORD_CART, 1, 2, ADA,
		    "{\"items\":[{\"id\":7},{\"id\":8}]}", false, 0 },
		{ RECORD_EXPIRE, 1, 3, ADA, NULL, false, 0 },
		{ RECORD_RETURN, 1, 4, ADA, NULL, false, 0 },
		{ RECORD_CART, 1, 5, ADA, "{\"items\":[{\"id\":7}]}", false,
		    0 },
		{ RECORD_LEAVE, 1, 6, ADA, NULL, false, 0 },
	};
	char *story = story_of(steps, COUNT(steps), "7");

	ck_assert_str_eq(story,
	    HEAD("1.2    ", "Ada") "                              "
	    "changed the cart\n        added 7\n"
	    HEAD("1.3    ", "Ada") "                              "
	    "was absent for too long\n        removed 7\n"
	    HEAD("1.4    ", "Ada") "                              "
	    "is back\n        added 7\n"
	    HEAD("1.6    ", "Ada") "                              "
	    "left\n        removed 7\n");
	free(story);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, an_erased_name_is_an_id);
	tcase_add_test(tc, behind_an_erased_cart_the_next_is_shown_whole);
	tcase_add_test(tc, a_cart_that_is_not_json_is_shown_harmlessly);
	tcase_add_test(tc, incarnations_stand_apart);
	tcase_add_test(tc, locks_are_told);
	tcase_add_test(tc, notes_are_told_without_a_revision);
	tcase_add_test(tc, retention_is_told_where_something_is_gone_for_it);
	tcase_add_test(tc, a_product_leaves_with_its_customer_and_comes_back);
}
