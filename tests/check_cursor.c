/*
 * The rows of a session come in order, though the database has them the other
 * way round.
 */
#include <stdint.h>
#include <stdio.h>

#include "audit/audit.h"
#include "audit/cursor.h"
#include "audit/row.h"
#include "audit/session_rows.h"
#include "session/record.h"
#include "story.h"

#include "suite.h"

const char suite_name[] = "cursor";

enum {
	SLICE = SESSION_ROWS_SLICE,
	SQL_BYTES = 700
};

/* Rows up to seq, of two sessions in turn, like the first ones. */
static void
append_rows(const struct story *story, int64_t upto)
{
	char sql[SQL_BYTES];

	(void)snprintf(sql, sizeof(sql), "BEGIN;"
	    "WITH RECURSIVE added (seq) AS ("
	    " SELECT max(seq) + 1 FROM journal"
	    " UNION ALL SELECT seq + 1 FROM added WHERE seq < %lld)"
	    "INSERT INTO journal SELECT a.seq, session, incarnation, revision,"
	    " event, ts_ms, transport, customer, displaced, flags, client_seq,"
	    " digest, hash, a.seq - 2"
	    " FROM added AS a JOIN journal AS j ON j.seq = 2 - a.seq %% 2;"
	    "UPDATE session SET last_seq ="
	    " (SELECT max(seq) FROM journal WHERE session = id); COMMIT",
	    (long long)upto);
	storage_tamper(story->path, sql);
}

/* Two sessions, each of so many rows; the first one has odd numbers. */
static void
tell_two(struct story *story, unsigned rows)
{
	story_begin(story);
	(void)story_tell(story, 0, RECORD_START, 1);
	(void)story_tell(story, 1, RECORD_START, 2);
	story_end(story);
	if (rows > 1)
		append_rows(story, 2 * rows);
}

/* The next row, or 0. */
static int64_t
next_seq(struct audit_cursor *cursor)
{
	struct audit_row row;
	enum audit_status status = audit_cursor_next(cursor, &row);
	int64_t seq;

	if (status == AUDIT_NONE)
		return 0;
	ck_assert_int_eq(status, AUDIT_OK);
	seq = row.seq;
	audit_row_clear(&row);
	return seq;
}

START_TEST(rows_of_a_session_come_in_order_however_many)
{
	static const unsigned numbers[] = { 1, 2, SLICE - 1, SLICE, SLICE + 1,
	    2 * SLICE, 2 * SLICE + 3 };
	unsigned i, rows = numbers[_i], more = rows + SLICE + 1;
	struct audit_cursor *cursor;
	struct audit *audit;
	struct story story;

	tell_two(&story, rows);
	ck_assert_int_eq(audit_open(story.path, &audit), AUDIT_OK);
	ck_assert_int_eq(audit_cursor_new(audit, 2, 0, &cursor), AUDIT_OK);

	for (i = 1; i <= rows; i++)
		ck_assert_int_eq(next_seq(cursor), 2 * i);
	ck_assert_int_eq(next_seq(cursor), 0);
	append_rows(&story, 2 * more);
	for (; i <= more; i++)
		ck_assert_int_eq(next_seq(cursor), 2 * i);
	ck_assert_int_eq(next_seq(cursor), 0);

	audit_cursor_free(cursor);
	audit_close(audit);
	story_clear(&story);
}
END_TEST

START_TEST(a_walk_may_begin_in_the_midst)
{
	struct audit_cursor *cursor;
	struct audit *audit;
	struct story story;
	int64_t seq;

	tell_two(&story, SLICE);
	ck_assert_int_eq(audit_open(story.path, &audit), AUDIT_OK);
	ck_assert_int_eq(audit_cursor_new(audit, 1, 2 * SLICE - 6, &cursor),
	    AUDIT_OK);

	for (seq = 2 * SLICE - 5; seq < 2 * SLICE; seq += 2)
		ck_assert_int_eq(next_seq(cursor), seq);
	ck_assert_int_eq(next_seq(cursor), 0);

	audit_cursor_free(cursor);
	audit_close(audit);
	story_clear(&story);
}
END_TEST

START_TEST(rows_that_are_purged_meanwhile_are_passed_over)
{
	/* Up to the midst of the third slice. */
	static const char purge_sql[] =
	    "INSERT INTO chain_anchor SELECT seq, hash FROM journal"
	    " WHERE seq = 1200; DELETE FROM journal WHERE seq <= 1200";
	struct audit_cursor *cursor;
	struct audit *audit;
	struct story story;
	int64_t seq = 0, before;

	tell_two(&story, 4 * SLICE);
	ck_assert_int_eq(audit_open(story.path, &audit), AUDIT_OK);
	ck_assert_int_eq(audit_cursor_new(audit, 1, 0, &cursor), AUDIT_OK);
	ck_assert_int_eq(next_seq(cursor), 1);
	storage_tamper(story.path, purge_sql);

	/* What was read ahead is told still. */
	do {
		before = seq;
		seq = next_seq(cursor);
	} while (seq < 1200);
	ck_assert_int_eq(before, 2 * SLICE - 1);
	for (before = 1201; before < 8 * SLICE; before += 2) {
		ck_assert_int_eq(seq, before);
		seq = next_seq(cursor);
	}
	ck_assert_int_eq(seq, 0);

	audit_cursor_free(cursor);
	audit_close(audit);
	story_clear(&story);
}
END_TEST

START_TEST(a_way_that_leads_elsewhere_is_refused)
{
	static const char *const cases[] = {
		"DELETE FROM journal WHERE seq = 4",
		"UPDATE journal SET previous_seq = 3 WHERE seq = 6",
		"UPDATE journal SET previous_seq = 7 WHERE seq = 6",
		"UPDATE journal SET previous_seq = 6 WHERE seq = 6",
		"UPDATE session SET last_seq = 99 WHERE id = 2",
	};
	enum audit_status status;
	struct audit_cursor *cursor;
	struct audit_row row;
	struct audit *audit;
	struct story story;

	tell_two(&story, 5);
	storage_tamper(story.path, cases[_i]);
	ck_assert_int_eq(audit_open(story.path, &audit), AUDIT_OK);
	ck_assert_int_eq(audit_cursor_new(audit, 2, 0, &cursor), AUDIT_OK);

	while ((status = audit_cursor_next(cursor, &row)) == AUDIT_OK)
		audit_row_clear(&row);
	ck_assert_int_eq(status, AUDIT_BAD_DATA);

	audit_cursor_free(cursor);
	audit_close(audit);
	story_clear(&story);
}
END_TEST

void
suite_add(TCase *tc)
{
	storage_need();
	tcase_add_loop_test(tc, rows_of_a_session_come_in_order_however_many, 0,
	    7);
	tcase_add_test(tc, a_walk_may_begin_in_the_midst);
	tcase_add_test(tc, rows_that_are_purged_meanwhile_are_passed_over);
	tcase_add_loop_test(tc, a_way_that_leads_elsewhere_is_refused, 0, 5);
}
