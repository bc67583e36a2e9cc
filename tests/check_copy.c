/*
 * One database copied to another: the same rows, whatever there was before,
 * whenever it was interrupted, and whatever was erased since.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "audit/copy.h"
#include "base/log.h"
#include "session/record.h"
#include "storage/store.h"

#ifdef HAVE_LIBPQ
#include "postgres.h"
#endif
#include "story.h"
#include "suite.h"

const char suite_name[] = "copy";

enum {
	SLICE_ROWS = 7,
	LOOKS_MAX = 200,
	TARGET_BYTES = 256
};

static const char *const tables[] = {
	"session", "customer", "journal", "journal_body", "chain_anchor",
	"webhook", "webhook_parked",
};

#define TABLES	(sizeof(tables) / sizeof(tables[0]))

static struct story story;
static bool is_verified;		/* the copy, in the end */
static bool is_on_server;		/* the target is PostgreSQL's */
static char target[TARGET_BYTES];
static const char *source;		/* the story's, but for ... */
static const char *destination;	/* ... tests of the other way */
static struct copy_result result;

#ifdef HAVE_LIBPQ
_Static_assert((int)POSTGRES_URL_BYTES <= (int)TARGET_BYTES, "room for a URL");

static void
make_database(void)
{
	postgres_database(target);
}

static void
run_on_server(const char *sql)
{
	char *with_path = sqlite3_mprintf("SET search_path = buddyshopping;"
	    " %s", sql);

	postgres_exec(target, with_path);
	sqlite3_free(with_path);
}

/* 0 where there are no tables yet. */
static int64_t
rows_on_server(void)
{
	return strcmp(postgres_value(target, "SELECT to_regclass("
	    "'buddyshopping.journal') IS NULL"), "t") == 0 ? 0 :
	    strtoll(postgres_value(target,
	    "SELECT count(*) FROM buddyshopping.journal"), NULL, 10);
}
#else
static void
make_database(void)
{
}

static void
run_on_server(const char *sql)
{
	(void)sql;
}

static int64_t
rows_on_server(void)
{
	return 0;
}
#endif

static void
begin_target(void)
{
	if (is_on_server)
		make_database();
	else
		(void)snprintf(target, sizeof(target), "%s/copy.db",
		    story.folder);
}

static void
setup(void)
{
	story_begin(&story);
	begin_target();
	source = story.path;
	destination = target;
	is_verified = true;
}

static void
teardown(void)
{
	audit_report_clear(&result.report);
	if (story.store != NULL)
		story_end(&story);
	story_clear(&story);
}

/* What a shop writes in a while. */
static void
tell_some(unsigned round)
{
	const unsigned first = 10 * round;
	unsigned i;

	(void)story_enter(&story, 0, RECORD_START, first + 1);
	(void)story_enter(&story, 0, RECORD_JOIN, first + 2);
	(void)story_tell(&story, 1, RECORD_START, first + 3);
	for (i = 0; i < 8; i++)
		(void)story_tell(&story, i % 2, RECORD_CART,
		    i % 2 == 0 ? first + 1 : first + 3);
	(void)story_tell(&story, 0, RECORD_READY, first + 1);
	(void)story_tell(&story, 0, RECORD_LOCK, 0);
	(void)story_tell(&story, 0, RECORD_REFUSED, first + 2);
	(void)story_tell(&story, 0, RECORD_UNLOCK, 0);
	(void)story_tell(&story, 1, RECORD_CALL, 0);
	(void)story_tell(&story, 1, RECORD_END, 0);
	(void)story_tell(&story, 0, RECORD_LEAVE, first + 2);
	(void)story_tell(&story, 0, RECORD_END, 0);
}

/* The tables that no record changes. */
static void
tell_webhooks(const char *shop, int seq)
{
	sqlite3 *db;
	char *sql = sqlite3_mprintf("INSERT INTO webhook VALUES (%Q, %d);"
	    "INSERT INTO webhook_parked VALUES (%Q, %Q, %d, 2, 3, 4)",
	    shop, seq, shop, shop, seq);

	ck_assert_int_eq(sqlite3_open(story.path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_busy_timeout(db, 60000), SQLITE_OK);
	story_run(db, sql);
	sqlite3_free(sql);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static enum copy_status
copy(void)
{
	const struct copy_order order = {
		.from = source,
		.to = destination,
		.is_verified = is_verified,
		.slice_rows = SLICE_ROWS,
	};

	audit_report_clear(&result.report);
	return copy_make(&order, &result);
}

/* All that a table holds, with types. */
static void
compare_table(sqlite3 *db, const char *table)
{
	char *sql = sqlite3_mprintf("SELECT count(*) FROM (SELECT * FROM"
	    " (SELECT * FROM main.%s EXCEPT SELECT * FROM copy.%s)"
	    " UNION ALL SELECT * FROM"
	    " (SELECT * FROM copy.%s EXCEPT SELECT * FROM main.%s))",
	    table, table, table, table);

	ck_assert_msg(story_number(db, sql) == 0, "%s differs", table);
	sqlite3_free(sql);
}

/* The file has the story's rows, and no others. */
static void
compare_file(const char *file)
{
	sqlite3 *db;
	char *sql = sqlite3_mprintf("ATTACH %Q AS copy", file);
	size_t i;

	ck_assert_int_eq(sqlite3_open(story.path, &db), SQLITE_OK);
	story_run(db, sql);
	sqlite3_free(sql);
	for (i = 0; i < TABLES; i++)
		compare_table(db, tables[i]);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static void
remove_file(const char *file)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", ".lock" };
	char name[TARGET_BYTES + 8];
	size_t i;

	for (i = 0; i < 4; i++) {
		(void)snprintf(name, sizeof(name), "%s%s", file, suffixes[i]);
		(void)unlink(name);	/* if it is there */
	}
}

/* A server's rows are those that come back from there. */
static void
compare_ends(void)
{
	char back[STORY_PATH_BYTES];
	const struct copy_order order = {
		.from = target,
		.to = back,
		.is_verified = true,
		.slice_rows = SLICE_ROWS,
	};
	struct copy_result returned;

	if (!is_on_server) {
		compare_file(target);
		return;
	}
	(void)snprintf(back, sizeof(back), "%s/back.db", story.folder);
	ck_assert_int_eq(copy_make(&order, &returned), COPY_MADE);
	audit_report_clear(&returned.report);
	compare_file(back);
	remove_file(back);
}

static void
copy_and_compare(uint64_t rows)
{
	ck_assert_int_eq(copy(), COPY_MADE);
	ck_assert_uint_eq(result.rows, rows);
	ck_assert_int_eq(result.head.seq, story.seq);
	compare_ends();
}

START_TEST(copy_has_all_rows_of_a_database_in_use)
{
	tell_some(0);
	tell_webhooks("shop", 3);
	tell_webhooks("", 3);	/* of sessions of no shop */

	copy_and_compare((uint64_t)story.seq);
	ck_assert_uint_eq(result.counts.sessions, 2);
}
END_TEST

START_TEST(copy_of_nothing_is_a_database)
{
	copy_and_compare(0);
}
END_TEST

START_TEST(copy_takes_what_is_new)
{
	int64_t before;

	tell_some(0);
	tell_webhooks("shop", 3);
	copy_and_compare((uint64_t)story.seq);
	before = story.seq;
	tell_some(1);
	tell_webhooks("another", 5);

	copy_and_compare((uint64_t)(story.seq - before));
	copy_and_compare(0);
}
END_TEST

START_TEST(copy_forgets_what_was_erased_since)
{
	tell_some(0);
	copy_and_compare((uint64_t)story.seq);
	story_forget(&story, 0);

	ck_assert_int_eq(copy(), COPY_MADE);

	ck_assert_uint_gt(result.counts.forgotten, 5);
	compare_ends();
}
END_TEST

START_TEST(copy_forgets_what_was_purged_since)
{
	tell_some(0);
	tell_some(1);
	copy_and_compare((uint64_t)story.seq);
	tell_some(2);
	story_pass(&story, story_ms(15), story_ms(30));

	ck_assert_int_eq(copy(), COPY_MADE);

	ck_assert_uint_gt(result.counts.forgotten, 15);
	compare_ends();
}
END_TEST

START_TEST(copy_begins_behind_what_was_purged_before)
{
	tell_some(0);
	tell_some(1);
	story_pass(&story, story_ms(15), story_ms(30));

	ck_assert_int_eq(copy(), COPY_MADE);

	compare_ends();
}
END_TEST

/* A process that is killed as soon as it looks up so often. */
struct killing {
	int	 looks;
	int	 at;
};

static void
kill_at(void *ctx, const char *what, uint64_t done, uint64_t all)
{
	struct killing *killing = ctx;

	(void)what;
	(void)done;
	(void)all;
	if (++killing->looks == killing->at)
		(void)kill(getpid(), SIGKILL);
}

/* Whether the copy was killed at its look of that number. */
static bool
copy_killed(int at)
{
	struct killing killing = { .at = at };
	const struct copy_order order = {
		.from = source,
		.to = destination,
		.slice_rows = SLICE_ROWS,
		.progress = kill_at,
		.ctx = &killing,
	};
	struct copy_result killed;
	int status;
	pid_t pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0)
		_exit(copy_make(&order, &killed) == COPY_MADE ? 0 : 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return true;
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	return false;
}

static int64_t
rows_in_copy(void)
{
	sqlite3 *db;
	int64_t rows;

	if (is_on_server)
		return rows_on_server();
	if (sqlite3_open_v2(target, &db, SQLITE_OPEN_READWRITE, NULL) !=
	    SQLITE_OK) {
		(void)sqlite3_close(db);
		return 0;
	}
	rows = story_number(db, "SELECT count(*) FROM journal");
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	return rows;
}

/* Change it behind everybody's back. */
static void
run_on_copy(const char *sql)
{
	sqlite3 *db;

	if (is_on_server) {
		run_on_server(sql);
		return;
	}
	ck_assert_int_eq(sqlite3_open(target, &db), SQLITE_OK);
	story_run(db, sql);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static void
remove_copy(void)
{
	if (!is_on_server)
		remove_file(target);
	begin_target();
}

START_TEST(copy_goes_on_wherever_it_was_killed)
{
	int64_t there;
	int at;

	tell_some(0);
	tell_some(1);
	tell_webhooks("shop", 3);
	story_forget(&story, 0);

	for (at = 1; copy_killed(at); at++) {
		there = rows_in_copy();
		ck_assert_int_lt(at, LOOKS_MAX);
		copy_and_compare((uint64_t)(story.seq - there));
		remove_copy();
	}

	ck_assert_int_gt(at, (int)(story.seq / SLICE_ROWS));
	compare_ends();
}
END_TEST

START_TEST(copy_is_refused_until_it_is_whole)
{
	struct store *store;
	struct audit *audit;

	tell_some(0);
	ck_assert(copy_killed(5));
	log_set_level(0);

	ck_assert_int_eq(store_open(target, NULL, &store), STORE_BAD_DATA);
	ck_assert_int_eq(audit_open(target, &audit), AUDIT_BAD_DATA);

	copy_and_compare((uint64_t)(story.seq - rows_in_copy()));
	ck_assert_int_eq(store_open(target, NULL, &store), STORE_OPENED);
	store_close(store);
}
END_TEST

START_TEST(copy_goes_on_after_it_was_killed_within_what_is_new)
{
	int at = 0;

	tell_some(0);
	copy_and_compare((uint64_t)story.seq);
	do {
		tell_some((unsigned)++at);
		story_forget(&story, 1);
	} while (copy_killed(at));
	ck_assert_int_gt(at, 3);

	ck_assert_int_eq(copy(), COPY_MADE);
	compare_ends();
}
END_TEST

START_TEST(copy_keeps_a_history_of_its_own)
{
	tell_some(0);
	copy_and_compare((uint64_t)story.seq);
	tell_some(1);
	story_end(&story);
	log_set_level(0);

	source = target;
	destination = story.path;
	ck_assert_int_eq(copy(), COPY_CANNOT_CREATE);

	source = story.path;
	destination = target;
	copy_and_compare((uint64_t)story.seq - 19);
}
END_TEST

START_TEST(copy_refuses_the_database_itself)
{
	tell_some(0);
	copy_and_compare((uint64_t)story.seq);
	log_set_level(0);

	source = target;
	ck_assert_int_eq(copy(), COPY_CANNOT_CREATE);
}
END_TEST

START_TEST(copy_refuses_one_that_ends_before_what_was_purged)
{
	tell_some(0);
	copy_and_compare((uint64_t)story.seq);
	tell_some(1);
	tell_some(2);
	story_pass(&story, story_ms(story.seq - 3), story_ms(story.seq - 3));
	log_set_level(0);

	ck_assert_int_eq(copy(), COPY_CANNOT_CREATE);
}
END_TEST

static const struct {
	const char *sql;
	const char *what;
	int64_t	 seq;
	bool	 is_seen_late;	/* by the verification in the end */
} forgeries[] = {
	{ "UPDATE journal SET flags = 4 WHERE seq = 9", "its flags are unknown",
	    9, false },
	{ "UPDATE journal SET ts_ms = ts_ms + 1 WHERE seq = 9",
	    "its hash is wrong: it was changed, or a row before", 9, false },
	{ "DELETE FROM journal WHERE seq = 9", "rows before it are missing",
	    10, false },
	{ "UPDATE journal_body SET cart = '{}' WHERE seq = 9",
	    "its body is not the one that was written", 9, false },
	{ "UPDATE journal_body SET salt = NULL WHERE seq = 9",
	    "its body is erased in part", 9, false },
	{ "DELETE FROM journal_body WHERE seq = 9",
	    "its body is erased, and no row says why", 9, true },
	{ "UPDATE session SET name = 'x' WHERE id = 2",
	    "its hash is wrong: it was changed, or a row before", 3, false },
	{ "UPDATE customer SET state = 0 WHERE id = 2", "", 0, true },
};

START_TEST(copy_ends_where_the_source_is_not_as_written)
{
	sqlite3 *db;

	tell_some(0);
	story_end(&story);
	db = story_open(&story);
	story_run(db, forgeries[_i].sql);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	log_set_level(0);
	is_verified = forgeries[_i].is_seen_late;

	ck_assert_int_eq(copy(), COPY_FAULT);

	if (forgeries[_i].seq == 0)
		return;
	ck_assert_str_eq(result.report.fault.what, forgeries[_i].what);
	ck_assert_int_eq(result.report.fault.seq, forgeries[_i].seq);
}
END_TEST

/* Of another type than its own, in tables without triggers and checks. */
START_TEST(copy_refuses_what_cannot_be)
{
	sqlite3 *db;

	tell_some(0);
	story_end(&story);
	db = story_open(&story);
	story_run(db, "UPDATE session SET active_ms = -5 WHERE id = 1");
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	log_set_level(0);

	ck_assert_int_eq(copy(), COPY_BAD_DATA);
}
END_TEST

START_TEST(copy_refuses_a_copy_that_lost_a_body)
{
	tell_some(0);
	copy_and_compare((uint64_t)story.seq);
	run_on_copy(_i == 0 ? "DELETE FROM journal_body WHERE seq = 4" :
	    "UPDATE journal_body SET salt = NULL, name = NULL, address = NULL,"
	    " cart = NULL, request = NULL, account = NULL WHERE seq = 4");
	log_set_level(0);

	ck_assert_int_eq(copy(), COPY_CANNOT_CREATE);
}
END_TEST

/* As a session may be that begins after the newest one was purged. */
START_TEST(copy_takes_a_number_that_was_given_again)
{
	tell_some(0);
	copy_and_compare((uint64_t)story.seq);
	run_on_copy("INSERT INTO session VALUES (9, 'b9', 1, 1, 2, 2, NULL,"
	    " NULL); INSERT INTO customer SELECT 99, 9, cid, incarnation,"
	    " is_host, is_ready, has_token, request, state, left_revision,"
	    " name_seq, cart_seq, seq_cart, seq_ready FROM customer"
	    " WHERE id = 1");

	copy_and_compare(0);
}
END_TEST

void
suite_add(TCase *tc)
{
	storage_need();
	is_on_server = !storage_is_sqlite();
	/* Stories are told to SQLite. */
	(void)setenv("STORAGE", "sqlite", 1);	/* has room */
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, copy_has_all_rows_of_a_database_in_use);
	tcase_add_test(tc, copy_of_nothing_is_a_database);
	tcase_add_test(tc, copy_takes_what_is_new);
	tcase_add_test(tc, copy_forgets_what_was_erased_since);
	tcase_add_test(tc, copy_forgets_what_was_purged_since);
	tcase_add_test(tc, copy_begins_behind_what_was_purged_before);
	tcase_add_test(tc, copy_goes_on_wherever_it_was_killed);
	tcase_add_test(tc, copy_is_refused_until_it_is_whole);
	tcase_add_test(tc,
	    copy_goes_on_after_it_was_killed_within_what_is_new);
	tcase_add_test(tc, copy_keeps_a_history_of_its_own);
	tcase_add_test(tc, copy_refuses_the_database_itself);
	tcase_add_test(tc, copy_refuses_one_that_ends_before_what_was_purged);
	tcase_add_loop_test(tc, copy_ends_where_the_source_is_not_as_written,
	    0, sizeof(forgeries) / sizeof(forgeries[0]));
	tcase_add_test(tc, copy_refuses_what_cannot_be);
	tcase_add_loop_test(tc, copy_refuses_a_copy_that_lost_a_body, 0, 2);
	tcase_add_test(tc, copy_takes_a_number_that_was_given_again);
}
