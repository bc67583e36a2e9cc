#include "suite.h"

#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "audit/account.h"
#include "audit/audit.h"
#include "base/buf.h"
#include "story.h"

/* Customers found by the account that their tickets named. */

const char suite_name[] = "account";

#define ACCOUNT "account-4711"		/* of all who enter */

/* Those of the account, as "a2 b3 ": the session, and the customer's number. */
static void
check_listed(const struct story *story, const char *account,
    const char *expected)
{
	struct audit_entry entry;
	enum audit_status status;
	struct audit *audit;
	char listed[256] = "";
	int64_t after = 0;

	ck_assert_int_eq(audit_open(story->path, &audit), AUDIT_OK);
	while ((status = audit_account_next(audit, account, after, &entry)) ==
	    AUDIT_OK) {
		ck_assert_int_gt(entry.seq, after);
		ck_assert_uint_eq(entry.time_ms, story_ms(entry.seq));
		after = entry.seq;
		(void)snprintf(listed + strlen(listed),
		    sizeof(listed) - strlen(listed), "%s%d%s ",
		    entry.session->data, entry.customer.bytes[1],
		    entry.event == RECORD_START ? "*" : "");
		audit_entry_clear(&entry);
	}
	ck_assert_int_eq(status, AUDIT_NONE);
	ck_assert_str_eq(listed, expected);
	audit_close(audit);
}

static void
begin(struct story *story)
{
	story_begin(story);
	(void)story_enter(story, 0, RECORD_START, 1);
	(void)story_tell(story, 0, RECORD_JOIN, 2);
	(void)story_tell(story, 1, RECORD_START, 3);
	(void)story_enter(story, 1, RECORD_JOIN, 4);
	(void)story_tell(story, 1, RECORD_LEAVE, 4);
}

START_TEST(customers_are_found_in_all_sessions)
{
	struct story story;

	begin(&story);
	story_end(&story);
	check_listed(&story, ACCOUNT, "a1* b4 ");
	check_listed(&story, "account-471", "");
	check_listed(&story, "", "");
	story_clear(&story);
}
END_TEST

START_TEST(who_was_erased_is_not_found)
{
	struct story story;

	begin(&story);
	story_forget(&story, 0);
	story_end(&story);
	check_listed(&story, ACCOUNT, "b4 ");
	story_clear(&story);
}
END_TEST

/* Who takes part is found however old that is. */
START_TEST(who_is_too_old_is_not_found)
{
	struct story story;

	begin(&story);
	story_pass(&story, story.time_ms + 1, 0);
	story_end(&story);
	check_listed(&story, ACCOUNT, "a1* ");
	story_clear(&story);
}
END_TEST

/* Without the index it is no database of ours: nothing is scanned instead. */
START_TEST(the_index_is_needed)
{
	struct audit_entry entry;
	struct audit *audit;
	struct story story;
	sqlite3 *db;

	begin(&story);
	story_end(&story);
	db = story_open(&story);
	story_run(db, "DROP INDEX journal_body_account");
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	ck_assert_int_eq(audit_open(story.path, &audit), AUDIT_OK);
	ck_assert_int_eq(audit_account_next(audit, ACCOUNT, 0, &entry),
	    AUDIT_BAD_DATA);
	audit_close(audit);
	story_clear(&story);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, customers_are_found_in_all_sessions);
	tcase_add_test(tc, who_was_erased_is_not_found);
	tcase_add_test(tc, who_is_too_old_is_not_found);
	tcase_add_test(tc, the_index_is_needed);
}
