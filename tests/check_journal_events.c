/*
 * The journal as events, read beside the store that writes it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/log.h"
#include "session/record.h"
#include "session/session.h"
#include "storage/journal_events.h"
#include "storage/store.h"

#include "story.h"
#include "suite.h"

const char suite_name[] = "journal_events";

enum { ALL = 1000 };

/* An event as tests expect it; customers are the story's numbers. */
struct expected {
	int64_t	 seq;
	enum journal_event_part part;
	enum journal_event_type type;
	enum journal_event_reason reason;
	unsigned customer;		/* 0 for none */
};

#define EVENT(seq, type, ...)						\
	{ seq, JOURNAL_PART_ROW, JOURNAL_##type, JOURNAL_REASON_NONE,	\
	    __VA_ARGS__ }
#define LEFT(seq, reason, who)						\
	{ seq, JOURNAL_PART_ROW, JOURNAL_CUSTOMER_LEFT,			\
	    JOURNAL_REASON_##reason, who }
#define ALL_READY(seq, type, who)					\
	{ seq, JOURNAL_PART_READINESS, JOURNAL_SESSION_##type,		\
	    JOURNAL_REASON_NONE, who }

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static unsigned
number_of(const struct journal_event *event)
{
	return !event->has_customer ? 0 :
	    (unsigned)event->customer.bytes[0] << 8 |
	    event->customer.bytes[1];
}

static void
compare(const struct journal_event *event, const struct expected *expected)
{
	ck_assert_int_eq(event->seq, expected->seq);
	ck_assert_int_eq(event->part, expected->part);
	ck_assert_msg(event->type == expected->type, "row %lld: %d, not %d",
	    (long long)event->seq, event->type, expected->type);
	ck_assert_int_eq(event->reason, expected->reason);
	ck_assert_uint_eq(number_of(event), expected->customer);
	ck_assert_uint_eq(event->time_ms, story_ms(event->seq));
}

/* However many calls that takes, on a slow machine. */
static void
expect(struct journal_events *reader, int64_t after, size_t max,
    const struct expected *expected, size_t count, int64_t last)
{
	struct journal_events_page page;
	bool is_over = false;
	size_t i, found = 0;

	while (!is_over) {
		ck_assert_int_eq(journal_events_read_shop(reader, "",
		    after, max - found, &page), JOURNAL_EVENTS_OK);
		ck_assert_uint_le(found + page.count, count);
		for (i = 0; i < page.count; i++)
			compare(&page.events[i], &expected[found++]);
		after = page.last;
		is_over = after == page.newest || found >= max;
		journal_events_page_clear(&page);
	}
	ck_assert_uint_eq(found, count);
	ck_assert_int_eq(after, last);
}

static void
expect_status(struct journal_events *reader, int64_t after,
    enum journal_events_status status)
{
	struct journal_events_page page;

	ck_assert_int_eq(journal_events_read_shop(reader, "", after, ALL,
	    &page), status);
	ck_assert_uint_eq(page.count, 0);
	journal_events_page_clear(&page);
}

static void
end(struct journal_events *reader, struct story *story)
{
	journal_events_free(reader);
	story_end(story);
	story_clear(story);
}

START_TEST(rows_become_events_in_order)
{
	static const struct expected expected[] = {
		EVENT(1, SESSION_STARTED, 1),
		EVENT(2, CUSTOMER_JOINED, 2),
		EVENT(3, CART_CHANGED, 2),
		EVENT(4, CUSTOMER_READY, 2),
		EVENT(5, CUSTOMER_READY, 1),
		ALL_READY(5, READY, 1),
		EVENT(6, CUSTOMER_JOINED, 3),
		ALL_READY(6, UNREADY, 3),
		LEFT(7, EXPIRED, 3),
		ALL_READY(7, READY, 3),
		EVENT(8, CUSTOMER_RETURNED, 3),
		ALL_READY(8, UNREADY, 3),
		LEFT(9, LEFT, 3),
		ALL_READY(9, READY, 3),
		EVENT(10, SESSION_LOCKED, 0),
		EVENT(11, SESSION_UNLOCKED, 0),
		{ 12, JOURNAL_PART_DISPLACED, JOURNAL_CUSTOMER_LEFT,
		    JOURNAL_REASON_REPLACED, 1 },
		EVENT(12, CUSTOMER_JOINED, 4),
		ALL_READY(12, UNREADY, 4),
		EVENT(13, SESSION_ENDED, 0),
		EVENT(14, SESSION_STARTED, 5),
	};
	struct journal_events *reader;
	struct story story;

	story_begin(&story);
	reader = journal_events_new(story.path);
	(void)story_tell(&story, 0, RECORD_START, 1);
	(void)story_tell(&story, 0, RECORD_JOIN, 2);
	(void)story_tell(&story, 0, RECORD_CART, 2);
	(void)story_tell(&story, 0, RECORD_READY, 2);
	(void)story_tell(&story, 0, RECORD_READY, 1);
	(void)story_enter(&story, 0, RECORD_JOIN, 3);
	(void)story_tell(&story, 0, RECORD_EXPIRE, 3);
	(void)story_tell(&story, 0, RECORD_RETURN, 3);
	(void)story_tell(&story, 0, RECORD_LEAVE, 3);
	(void)story_tell(&story, 0, RECORD_LOCK, 0);
	(void)story_tell(&story, 0, RECORD_UNLOCK, 0);
	(void)story_displace(&story, 0, 4, 1);
	(void)story_tell(&story, 0, RECORD_END, 0);
	(void)story_tell(&story, 0, RECORD_START, 5);

	expect(reader, 0, ALL, expected, COUNT(expected), 14);
	end(reader, &story);
}
END_TEST

START_TEST(reading_goes_on_where_it_ended)
{
	static const struct expected first[] = {
		EVENT(1, SESSION_STARTED, 1),
	}, second[] = {
		EVENT(2, CUSTOMER_READY, 1),
		ALL_READY(2, READY, 1),
	}, third[] = {
		EVENT(3, CART_CHANGED, 1),
	};
	struct journal_events *reader;
	struct story story;

	story_begin(&story);
	reader = journal_events_new(story.path);
	(void)story_tell(&story, 0, RECORD_START, 1);
	(void)story_tell(&story, 0, RECORD_READY, 1);

	expect(reader, 0, 1, first, 1, 1);
	/* All of a row, or nothing would lead to what is left of it. */
	expect(reader, 1, 1, second, 2, 2);
	expect(reader, 2, 1, NULL, 0, 2);
	(void)story_tell(&story, 0, RECORD_CART, 1);
	expect(reader, 2, 1, third, 1, 3);
	end(reader, &story);
}
END_TEST

START_TEST(notes_are_passed_over)
{
	static const struct expected expected[] = {
		EVENT(1, SESSION_STARTED, 1),
	};
	struct journal_events *reader;
	struct story story;

	story_begin(&story);
	reader = journal_events_new(story.path);
	(void)story_tell(&story, 0, RECORD_START, 1);
	(void)story_tell(&story, 0, RECORD_REFUSED, 1);
	(void)story_tell(&story, 0, RECORD_CALL, 1);
	(void)story_retain(&story, 1);

	expect(reader, 0, ALL, expected, 1, 4);
	expect(reader, 1, ALL, NULL, 0, 4);
	end(reader, &story);
}
END_TEST

START_TEST(what_is_purged_is_no_silent_gap)
{
	static const struct expected expected[] = {
		EVENT(3, SESSION_STARTED, 2),
	};
	struct journal_events *reader;
	struct story story;

	story_begin(&story);
	reader = journal_events_new(story.path);
	(void)story_tell(&story, 0, RECORD_START, 1);
	(void)story_tell(&story, 0, RECORD_END, 0);
	(void)story_tell(&story, 1, RECORD_START, 2);
	story_pass(&story, 0, story_ms(3));	/* a PURGE of rows 1 and 2 */

	expect_status(reader, 1, JOURNAL_EVENTS_PURGED);
	expect(reader, 2, ALL, expected, 1, story.seq);
	expect(reader, 0, ALL, expected, 1, story.seq);
	end(reader, &story);
}
END_TEST

START_TEST(a_row_that_is_not_there_yet_is_ahead)
{
	struct journal_events *reader;
	struct story story;
	int64_t newest = -1;

	story_begin(&story);
	reader = journal_events_new(story.path);
	ck_assert_int_eq(journal_events_newest(reader, &newest),
	    JOURNAL_EVENTS_OK);
	ck_assert_int_eq(newest, 0);
	expect(reader, 0, ALL, NULL, 0, 0);
	expect_status(reader, 1, JOURNAL_EVENTS_AHEAD);
	(void)story_tell(&story, 0, RECORD_START, 1);
	ck_assert_int_eq(journal_events_newest(reader, &newest),
	    JOURNAL_EVENTS_OK);
	ck_assert_int_eq(newest, 1);
	expect(reader, 1, ALL, NULL, 0, 1);
	expect_status(reader, 2, JOURNAL_EVENTS_AHEAD);
	end(reader, &story);
}
END_TEST

START_TEST(an_account_is_told_until_it_is_erased)
{
	struct journal_events_page page;
	struct journal_events *reader;
	struct story story;

	story_begin(&story);
	reader = journal_events_new(story.path);
	(void)story_enter(&story, 0, RECORD_START, 1);
	(void)story_tell(&story, 0, RECORD_JOIN, 2);

	ck_assert_int_eq(journal_events_read_shop(reader, "", 0, 1, &page),
	    JOURNAL_EVENTS_OK);
	ck_assert_uint_eq(page.count, 1);
	ck_assert_str_eq(page.events[0].account->data, "account-4711");
	ck_assert_str_eq(page.events[0].session->data, "a");
	journal_events_page_clear(&page);
	ck_assert_int_eq(journal_events_read_shop(reader, "", 1, 1, &page),
	    JOURNAL_EVENTS_OK);
	ck_assert_uint_eq(page.count, 1);
	ck_assert_ptr_null(page.events[0].account);
	journal_events_page_clear(&page);
	story_forget(&story, 0);
	ck_assert_int_eq(journal_events_read_shop(reader, "", 0, 1, &page),
	    JOURNAL_EVENTS_OK);
	ck_assert_ptr_null(page.events[0].account);
	journal_events_page_clear(&page);
	end(reader, &story);
}
END_TEST

/* The rows of a session are these: in a page, or more where reading takes long. */
static void
expect_session(struct journal_events *reader, int64_t from, int64_t upto,
    size_t max, const int64_t *rows, size_t count, int64_t last)
{
	struct journal_events_page page;
	size_t i, seen = 0;

	do {
		ck_assert_int_eq(journal_events_read_session(reader, "a", from,
		    upto, max - seen, &page), JOURNAL_EVENTS_OK);
		ck_assert_uint_le(seen + page.count, count);
		for (i = 0; i < page.count; i++)
			ck_assert_int_eq(page.events[i].seq, rows[seen++]);
		ck_assert_int_eq(page.newest, upto);
		from = page.last;
		journal_events_page_clear(&page);
	} while (from < last);
	ck_assert_uint_eq(seen, count);
	ck_assert_int_eq(from, last);
}

#define EXPECT_SESSION(from, upto, max, last, ...)			\
	expect_session(reader, from, upto, max,				\
	    (const int64_t[]){ __VA_ARGS__ },				\
	    COUNT(((const int64_t[]){ __VA_ARGS__ })), last)

START_TEST(a_session_is_read_alone_and_its_carts_by_the_last)
{
	struct journal_events *reader;
	struct journal_events_page page;
	struct story story;

	story_begin(&story);
	(void)story_enter(&story, 0, RECORD_START, 1);	/* 1 */
	(void)story_enter(&story, 1, RECORD_START, 2);
	(void)story_tell(&story, 0, RECORD_CART, 1);	/* 3 */
	(void)story_tell(&story, 1, RECORD_CART, 2);
	(void)story_tell(&story, 0, RECORD_CART, 1);	/* 5 */
	(void)story_tell(&story, 0, RECORD_REFUSED, 1);
	(void)story_tell(&story, 0, RECORD_CART, 1);	/* 7 */
	(void)story_enter(&story, 0, RECORD_JOIN, 3);	/* 8 */
	(void)story_tell(&story, 0, RECORD_CART, 3);	/* 9 */
	reader = journal_events_new(story.path);
	EXPECT_SESSION(1, 9, 64, 9, 1, 7, 8, 9);
	EXPECT_SESSION(3, 9, 64, 9, 7, 8, 9);
	/* What is behind upto does not count. */
	EXPECT_SESSION(1, 6, 64, 6, 1, 5);
	/* The page says that there is more. */
	EXPECT_SESSION(1, 9, 2, 3, 1, 3);
	EXPECT_SESSION(4, 9, 2, 8, 7, 8);
	EXPECT_SESSION(8, 9, 1, 8, 8);
	ck_assert_int_eq(journal_events_read_session(reader, "nobody", 1, 9,
	    64, &page), JOURNAL_EVENTS_OK);
	ck_assert_uint_eq(page.count, 0);
	ck_assert_int_eq(page.last, 9);
	journal_events_page_clear(&page);
	end(reader, &story);
}
END_TEST

static void
expect_session_status(struct journal_events *reader, int64_t from,
    enum journal_events_status status)
{
	struct journal_events_page page;

	ck_assert_int_eq(journal_events_read_session(reader, "a", from, 5,
	    ALL, &page), status);
	journal_events_page_clear(&page);
}

START_TEST(of_a_session_too_what_is_purged_is_no_silent_gap)
{
	struct journal_events *reader;
	struct story story;

	story_begin(&story);
	(void)story_enter(&story, 0, RECORD_START, 1);
	(void)story_tell(&story, 0, RECORD_CART, 1);
	(void)story_tell(&story, 0, RECORD_END, 0);
	(void)story_enter(&story, 0, RECORD_START, 2);
	(void)story_tell(&story, 0, RECORD_CART, 2);
	story_pass(&story, 0, story_ms(4));
	reader = journal_events_new(story.path);
	expect_session_status(reader, 1, JOURNAL_EVENTS_PURGED);
	expect_session_status(reader, 3, JOURNAL_EVENTS_PURGED);
	EXPECT_SESSION(0, 5, 64, 5, 4, 5);
	EXPECT_SESSION(4, 5, 64, 5, 4, 5);
	end(reader, &story);
}
END_TEST

/* However long a session's rows are away, others wait no longer for it. */
START_TEST(a_long_way_to_a_sessions_next_row_is_gone_in_pieces)
{
	struct journal_events *reader;
	struct journal_events_page page;
	struct story story;
	int64_t from = 2;
	size_t calls = 0;

	story_begin(&story);
	(void)story_enter(&story, 0, RECORD_START, 1);
	story_end(&story);
	storage_tamper(story.path, "INSERT INTO journal SELECT 1000000, session,"
	    " incarnation, 2, 8, ts_ms, 0, NULL, NULL, 0, 0, digest, hash, 1"
	    " FROM journal");
	reader = journal_events_new(story.path);
	while (from <= 1000000) {
		ck_assert_int_eq(journal_events_read_session(reader, "a",
		    from, 1000000, ALL, &page), JOURNAL_EVENTS_OK);
		ck_assert_int_ge(page.last, from);
		ck_assert_uint_eq(page.count, page.last == 1000000);
		ck_assert_int_eq(page.newest, 1000000);
		from = page.last + 1;
		journal_events_page_clear(&page);
		calls++;
	}
	ck_assert_uint_ge(calls, 10);
	journal_events_free(reader);
	story_clear(&story);
}
END_TEST

/* Between two calls nothing keeps the log from beginning anew. */
START_TEST(a_reader_is_in_nobodys_way)
{
	struct journal_events *reader;
	struct story story;
	int64_t upto = 0;

	story_begin(&story);
	reader = journal_events_new(story.path);
	(void)story_tell(&story, 0, RECORD_START, 1);
	expect_status(reader, 7, JOURNAL_EVENTS_AHEAD);
	(void)story_tell(&story, 0, RECORD_CART, 1);
	do
		ck_assert_int_eq(store_scrub_wal(story.store, &upto),
		    STORE_OK);
	while (upto != 0);
	end(reader, &story);
}
END_TEST

START_TEST(what_cannot_be_read_is_an_error_until_it_can)
{
	struct journal_events *reader = journal_events_new("not/there.db");
	struct story story;

	log_set_level(LOG_LEVEL_ERROR);
	expect_status(reader, 0, JOURNAL_EVENTS_FAILED);
	journal_events_free(reader);

	story_begin(&story);
	(void)story_tell(&story, 0, RECORD_START, 1);
	story_end(&story);
	reader = journal_events_new(story.path);
	storage_tamper(story.path, "UPDATE journal SET event = 99");
	expect_status(reader, 0, JOURNAL_EVENTS_FAILED);
	storage_tamper(story.path, "UPDATE journal SET event = 1");
	expect(reader, 0, ALL, (const struct expected[]){
	    EVENT(1, SESSION_STARTED, 1) }, 1, 1);
	journal_events_free(reader);
	story_clear(&story);
}
END_TEST

void
suite_add(TCase *tc)
{
	storage_need();
	tcase_add_test(tc, rows_become_events_in_order);
	tcase_add_test(tc, reading_goes_on_where_it_ended);
	tcase_add_test(tc, notes_are_passed_over);
	tcase_add_test(tc, what_is_purged_is_no_silent_gap);
	tcase_add_test(tc, a_row_that_is_not_there_yet_is_ahead);
	tcase_add_test(tc, an_account_is_told_until_it_is_erased);
	tcase_add_test(tc,
	    a_session_is_read_alone_and_its_carts_by_the_last);
	tcase_add_test(tc,
	    of_a_session_too_what_is_purged_is_no_silent_gap);
	tcase_add_test(tc,
	    a_long_way_to_a_sessions_next_row_is_gone_in_pieces);
	tcase_add_test(tc, a_reader_is_in_nobodys_way);
	tcase_add_test(tc, what_cannot_be_read_is_an_error_until_it_can);
}
