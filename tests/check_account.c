#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "audit/account.h"
#include "audit/audit.h"
#include "base/buf.h"
#include "session/session.h"
#include "storage/store.h"
#include "story.h"

/* Customers found by the account that their tickets named. */

const char suite_name[] = "account";

#define ACCOUNT "account-4711"		/* of all who enter */
#define MANY_CARTS 500			/* more than go in a slice or two */

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

/* So whoever was interrupted finds it again. */
START_TEST(the_row_of_an_account_is_erased_last)
{
	struct record note = {
		.event = RECORD_ERASE,
		.session_row = 1,
		.incarnation = 1,
		.time_ms = STORY_BEGIN_MS,
		.has_customer = true,
		.salt = { 1 },
	};
	int64_t upto = 0, after = 0;
	struct story story;
	int i, slices = 0;
	size_t erased;

	story_begin(&story);
	(void)story_enter(&story, 0, RECORD_START, 1);
	for (i = 0; i < MANY_CARTS; i++)
		(void)story_tell(&story, 0, RECORD_CART, 1);
	note.session = payload_ref(story.sessions[0]->id);
	note.customer = session_host(story.sessions[0])->id;
	do {
		check_listed(&story, ACCOUNT, "a1* ");
		ck_assert_int_eq(store_begin(story.store), STORE_OK);
		ck_assert_int_eq(store_erase(story.store, &note, &upto,
		    &after, &erased), STORE_OK);
		ck_assert_int_eq(store_commit(story.store), STORE_OK);
		slices++;
	} while (after != 0);
	ck_assert_int_gt(slices, 2);
	record_clear(&note);
	story_end(&story);
	check_listed(&story, ACCOUNT, "");
	story_clear(&story);
}
END_TEST

/* Without the index it is no database of ours: nothing is scanned instead. */
START_TEST(the_index_is_needed)
{
	struct audit_entry entry;
	struct audit *audit;
	struct story story;

	begin(&story);
	story_end(&story);
	storage_tamper(story.path, "DROP INDEX journal_body_account");
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
	storage_need();
	tcase_add_test(tc, customers_are_found_in_all_sessions);
	tcase_add_test(tc, who_was_erased_is_not_found);
	tcase_add_test(tc, who_is_too_old_is_not_found);
	tcase_add_test(tc, the_row_of_an_account_is_erased_last);
	if (storage_stands_for_sqlite("nothing is scanned for an index"))
		tcase_add_test(tc, the_index_is_needed);
}
