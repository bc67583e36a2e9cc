/*
 * The buffer in front of the log, under SQLite and on a VFS that counts what
 * reaches the file.  The page cache is small, so that transactions spill.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "storage/sqlite/wal_buffer.h"

#include "crash_vfs.h"
#include "daemon.h"
#include "suite.h"

const char suite_name[] = "wal_buffer";

static const char vfs_name[] = "counting";

struct place {
	char	 folder[DAEMON_PATH_MAX];
	char	 path[DAEMON_PATH_MAX + 8];
	struct crash_vfs *vfs;
	sqlite3	*db;			/* whose log is buffered */
	struct wal_buffer *buffer;
	sqlite3	*other;
};

static void
run(sqlite3 *db, const char *sql)
{
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK,
	    "%s: %s", sql, sqlite3_errmsg(db));
}

static sqlite3 *
connect(const struct place *place, const char *vfs)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open_v2(place->path, &db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs), SQLITE_OK);
	run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	    "PRAGMA cache_size = 10; PRAGMA wal_autocheckpoint = 0");
	return db;
}

static void
on_rollback(void *ctx)
{
	struct place *place = ctx;

	wal_buffer_discard(place->buffer);
}

static void
place_init(struct place *place)
{
	sqlite3_file *log;

	directory_make(place->folder);
	(void)snprintf(place->path, sizeof(place->path), "%s/x.db",
	    place->folder); /* fits */
	place->vfs = crash_vfs_new(vfs_name, CRASH_REMEMBERS);
	place->db = connect(place, vfs_name);
	run(place->db, "CREATE TABLE t (i INTEGER PRIMARY KEY, x)");
	place->other = connect(place, NULL);
	run(place->other, "SELECT count(*) FROM t");
	ck_assert_int_eq(sqlite3_file_control(place->db, "main",
	    SQLITE_FCNTL_JOURNAL_POINTER, &log), SQLITE_OK);
	place->buffer = wal_buffer_new(log);
	(void)sqlite3_rollback_hook(place->db, on_rollback, place);
}

static void
place_clear(struct place *place)
{
	ck_assert_int_eq(sqlite3_close(place->other), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(place->db), SQLITE_OK);
	crash_vfs_free(place->vfs);
	directory_remove(place->folder);
}

static int64_t
query(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement;
	int64_t value;

	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL),
	    SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
	value = sqlite3_column_int64(statement, 0);
	ck_assert_int_eq(sqlite3_finalize(statement), SQLITE_OK);
	return value;
}

/* What the other connection sees has to be whole, and that many rows. */
static void
expect_rows(const struct place *place, int64_t rows)
{
	ck_assert_int_eq(query(place->other, "SELECT count(*) FROM t"), rows);
	ck_assert_int_eq(query(place->other, "SELECT count(*)"
	    " FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
}

/* Rows of a page each: more than the cache holds. */
static const char fill[] = "INSERT INTO t (x) WITH RECURSIVE n (i) AS"
    " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)"
    " SELECT randomblob(3000) FROM n";

START_TEST(pages_of_a_transaction_are_one_write)
{
	struct place place;
	size_t before;

	place_init(&place);
	before = crash_vfs_now(place.vfs);

	run(place.db, "INSERT INTO t (x) VALUES (zeroblob(20000))");

	/* And a sync. */
	ck_assert_uint_eq(crash_vfs_now(place.vfs) - before, 2);
	expect_rows(&place, 1);
	place_clear(&place);
}
END_TEST

START_TEST(committed_rows_are_there_for_others)
{
	struct place place;
	int i;

	place_init(&place);
	for (i = 1; i <= 20; i++) {
		run(place.db, "INSERT INTO t (x) VALUES (randomblob(5000))");
		expect_rows(&place, i);
	}
	place_clear(&place);
}
END_TEST

/* The newest ones first, which are not in the file yet. */
START_TEST(pages_that_spilled_are_read_back)
{
	struct place place;

	place_init(&place);
	run(place.db, "BEGIN");
	run(place.db, fill);

	ck_assert_int_eq(query(place.db, "SELECT sum(length(x)) FROM"
	    " (SELECT x FROM t ORDER BY i DESC)"), 300000);
	run(place.db, "COMMIT");
	expect_rows(&place, 100);
	place_clear(&place);
}
END_TEST

/* Pages that spilled are written again in their place. */
START_TEST(transaction_larger_than_the_cache_is_whole)
{
	struct place place;

	place_init(&place);
	run(place.db, "BEGIN");
	run(place.db, fill);
	run(place.db, "UPDATE t SET x = randomblob(3000) WHERE i % 3 = 0");
	run(place.db, "SAVEPOINT s");
	run(place.db, fill);
	run(place.db, "ROLLBACK TO s");
	run(place.db, "UPDATE t SET x = randomblob(3000) WHERE i % 5 = 0");
	expect_rows(&place, 0);
	run(place.db, "COMMIT");

	expect_rows(&place, 100);
	run(place.db, "PRAGMA wal_checkpoint(TRUNCATE)");
	expect_rows(&place, 100);
	place_clear(&place);
}
END_TEST

/* Whoever writes next does so where the pages were to go. */
START_TEST(what_was_rolled_back_is_never_written)
{
	struct place place;

	place_init(&place);
	run(place.db, "BEGIN");
	run(place.db, fill);
	run(place.db, "ROLLBACK");
	run(place.other, "BEGIN");
	run(place.other, fill);
	run(place.other, "UPDATE t SET x = zeroblob(3000); COMMIT");
	run(place.db, "INSERT INTO t (x) VALUES (zeroblob(3000))");

	expect_rows(&place, 101);
	ck_assert_int_eq(query(place.other, "SELECT count(*) FROM t"
	    " WHERE x <> zeroblob(3000)"), 0);
	place_clear(&place);
}
END_TEST

START_TEST(close_in_a_transaction_writes_nothing)
{
	struct place place;
	size_t before;

	place_init(&place);
	run(place.db, "BEGIN");
	run(place.db, "PRAGMA cache_spill = 10; INSERT INTO t (x)"
	    " VALUES (zeroblob(48000))");
	before = crash_vfs_now(place.vfs);
	/* Which is not promised to be called. */
	(void)sqlite3_rollback_hook(place.db, NULL, NULL);
	ck_assert_int_eq(sqlite3_close(place.db), SQLITE_OK);
	ck_assert_uint_eq(crash_vfs_now(place.vfs), before);

	place.db = connect(&place, vfs_name);
	expect_rows(&place, 0);
	place_clear(&place);
}
END_TEST

START_TEST(failed_write_fails_the_transaction_alone)
{
	struct place place;

	place_init(&place);
	crash_vfs_fail(place.vfs, CRASH_FAULT_WRITE, 1, SQLITE_FULL);
	ck_assert_int_eq(sqlite3_exec(place.db, fill, NULL, NULL, NULL),
	    SQLITE_FULL);
	ck_assert(crash_vfs_disarm(place.vfs));

	expect_rows(&place, 0);
	run(place.db, fill);
	expect_rows(&place, 100);
	place_clear(&place);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, pages_of_a_transaction_are_one_write);
	tcase_add_test(tc, committed_rows_are_there_for_others);
	tcase_add_test(tc, pages_that_spilled_are_read_back);
	tcase_add_test(tc, transaction_larger_than_the_cache_is_whole);
	tcase_add_test(tc, what_was_rolled_back_is_never_written);
	tcase_add_test(tc, close_in_a_transaction_writes_nothing);
	tcase_add_test(tc, failed_write_fails_the_transaction_alone);
}
