#include "suite.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "audit/newcomers.h"
#include "base/buf.h"
#include "session/record.h"
#include "story.h"

/* A walk along all who came. */

const char suite_name[] = "newcomers";

enum { MANY = 600 };	/* more than go in two slices */

/* "a1 b3? ": the session, the customer's number, and whether it is nameless. */
static void
check_walk(const struct story *story, const char *expected)
{
	struct audit_newcomers *newcomers;
	struct audit_entry entry;
	enum audit_status status;
	struct audit *audit;
	char walked[256] = "";

	ck_assert_int_eq(audit_open(story->path, &audit), AUDIT_OK);
	newcomers = audit_newcomers_new(audit);
	while ((status = audit_newcomers_next(newcomers, &entry)) ==
	    AUDIT_OK) {
		ck_assert_uint_eq(entry.time_ms, story_ms(entry.seq));
		(void)snprintf(walked + strlen(walked),
		    sizeof(walked) - strlen(walked), "%s%d%s ",
		    entry.session->data, entry.customer.bytes[1],
		    entry.name == NULL ? "?" : "");
		audit_entry_clear(&entry);
	}
	ck_assert_int_eq(status, AUDIT_NONE);
	ck_assert_str_eq(walked, expected);
	audit_newcomers_free(newcomers);
	audit_close(audit);
}

static void
begin(struct story *story)
{
	story_begin(story);
	(void)story_tell(story, 1, RECORD_START, 3);
	(void)story_tell(story, 0, RECORD_START, 2);
	(void)story_tell(story, 1, RECORD_CART, 3);
	(void)story_tell(story, 1, RECORD_JOIN, 4);
	(void)story_tell(story, 0, RECORD_JOIN, 1);
}

START_TEST(session_by_session_all_come)
{
	struct story story;

	begin(&story);
	story_end(&story);
	check_walk(&story, "a1 a2 b3 b4 ");
	story_clear(&story);
}
END_TEST

START_TEST(whose_row_is_erased_has_no_name)
{
	struct story story;

	begin(&story);
	story_forget(&story, 1);
	story_end(&story);
	check_walk(&story, "a1 a2 b3? b4? ");
	story_clear(&story);
}
END_TEST

START_TEST(nobody_is_left_out_or_told_twice)
{
	struct audit_newcomers *newcomers;
	struct audit_entry entry;
	struct story story;
	struct audit *audit;
	bool seen[MANY + 1] = { false };
	size_t count = 0;

	story_begin(&story);
	(void)story_tell(&story, 0, RECORD_START, 1);
	story_end(&story);
	storage_tamper(story.path, "WITH RECURSIVE n(i) AS (VALUES (2) UNION"
	    " ALL SELECT i + 1 FROM n WHERE i < 600)"
	    " INSERT INTO journal SELECT i, session, 1, i, 2, ts_ms, 1,"
	    " '00000000000000000000000' || (i % 3), NULL, 0, 0, digest, hash,"
	    " i - 1 FROM n, journal WHERE seq = 1");
	ck_assert_int_eq(audit_open(story.path, &audit), AUDIT_OK);
	newcomers = audit_newcomers_new(audit);
	while (audit_newcomers_next(newcomers, &entry) == AUDIT_OK) {
		ck_assert_int_le(entry.seq, MANY);
		ck_assert(!seen[entry.seq]);
		seen[entry.seq] = true;
		count++;
		audit_entry_clear(&entry);
	}

	ck_assert_uint_eq(count, MANY);
	audit_newcomers_free(newcomers);
	audit_close(audit);
	story_clear(&story);
}
END_TEST

/* The rest of a slice is not forgotten. */
START_TEST(a_walk_may_end_early)
{
	struct audit_newcomers *newcomers;
	struct audit_entry entry;
	struct story story;
	struct audit *audit;

	begin(&story);
	story_end(&story);
	ck_assert_int_eq(audit_open(story.path, &audit), AUDIT_OK);
	newcomers = audit_newcomers_new(audit);
	ck_assert_int_eq(audit_newcomers_next(newcomers, &entry), AUDIT_OK);
	audit_entry_clear(&entry);
	audit_newcomers_free(newcomers);
	audit_newcomers_free(NULL);
	audit_close(audit);
	story_clear(&story);
}
END_TEST

/* Without the index it is no database of ours: nothing is scanned instead. */
START_TEST(the_index_is_needed)
{
	struct audit_newcomers *newcomers;
	struct audit_entry entry;
	struct audit *audit;
	struct story story;

	begin(&story);
	story_end(&story);
	storage_tamper(story.path, "DROP INDEX journal_newcomer");
	ck_assert_int_eq(audit_open(story.path, &audit), AUDIT_OK);
	newcomers = audit_newcomers_new(audit);
	ck_assert_int_eq(audit_newcomers_next(newcomers, &entry),
	    AUDIT_BAD_DATA);
	audit_newcomers_free(newcomers);
	audit_close(audit);
	story_clear(&story);
}
END_TEST

void
suite_add(TCase *tc)
{
	storage_need();
	tcase_add_test(tc, session_by_session_all_come);
	tcase_add_test(tc, whose_row_is_erased_has_no_name);
	tcase_add_test(tc, nobody_is_left_out_or_told_twice);
	tcase_add_test(tc, a_walk_may_end_early);
	if (storage_stands_for_sqlite("nothing is scanned for an index"))
		tcase_add_test(tc, the_index_is_needed);
}
