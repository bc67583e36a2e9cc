/*
 * Verification: what was written verifies, and whatever is changed in it
 * afterwards is found.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "audit/audit.h"
#include "audit/replay.h"
#include "audit/report.h"
#include "audit/row.h"
#include "audit/session_list.h"
#include "audit/verify.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "session/session.h"
#include "storage/engines.h"
#include "storage/store.h"

#include "story.h"
#include "suite.h"

const char suite_name[] = "audit";

enum {
	SQL_BYTES = 512,
	VALUE_BYTES = 256,
	PAGE_BYTES = 512,
	GUESTS = 200,			/* more than are kept when gone */
	AHEAD_MS = 3600000,
	TIMEOUT_S = 600
};

/* Everything that can happen, in three sessions; one of them ends twice. */
static void
tell_all(struct story *story)
{
	story_begin(story);
	(void)story_enter(story, 0, RECORD_START, 1);
	(void)story_enter(story, 0, RECORD_JOIN, 2);
	(void)story_tell(story, 0, RECORD_CART, 2);
	(void)story_tell(story, 1, RECORD_START, 3);
	(void)story_tell(story, 0, RECORD_EXPIRE, 2);
	(void)story_displace(story, 1, 4, 3);
	(void)story_tell(story, 0, RECORD_RETURN, 2);
	(void)story_tell(story, 0, RECORD_REFUSED, 2);
	(void)story_tell(story, 0, RECORD_READY, 1);
	(void)story_tell(story, 0, RECORD_END, 0);
	(void)story_tell(story, 2, RECORD_START, 5);
	(void)story_enter(story, 0, RECORD_START, 6);
	(void)story_tell(story, 2, RECORD_JOIN, 7);
	(void)story_tell(story, 2, RECORD_CART, 7);
	(void)story_tell(story, 2, RECORD_LEAVE, 7);
	(void)story_tell(story, 1, RECORD_CART, 4);
	(void)story_tell(story, 0, RECORD_CART, 6);
	(void)story_tell(story, 2, RECORD_END, 0);
}

static enum audit_status
verify(const struct story *story, const struct audit_verify_options *wish,
    struct audit_report *report)
{
	enum audit_status status;
	struct audit *audit;

	*report = (struct audit_report){ .rows = 0 };
	status = audit_open(story->path, &audit);
	if (status != AUDIT_OK)
		return status;
	status = audit_verify(audit, wish, report);
	audit_close(audit);
	return status;
}

static enum audit_status
verify_all(const struct story *story, struct audit_report *report)
{
	const struct audit_verify_options all = { .from = 0 };

	return verify(story, &all, report);
}

/* Only the status, and at which row. */
static enum audit_status
judge(const struct story *story, int64_t *seq)
{
	struct audit_report report;
	enum audit_status status = verify_all(story, &report);

	*seq = report.fault.seq;
	audit_report_clear(&report);
	return status;
}

START_TEST(what_was_written_verifies)
{
	struct audit_report report;
	struct story story;

	tell_all(&story);
	ck_assert_int_eq(verify_all(&story, &report), AUDIT_OK);

	ck_assert_str_eq(report.fault.what, "");
	ck_assert_uint_eq(report.rows, 18);
	ck_assert_uint_eq(report.bodies, 18);
	ck_assert_uint_eq(report.notes, 1);
	ck_assert_uint_eq(report.sessions, 4);
	ck_assert_uint_eq(report.skipped, 0);
	ck_assert_int_eq(report.head.seq, 18);
	audit_report_clear(&report);
	story_end(&story);
	story_clear(&story);
}
END_TEST

START_TEST(many_who_left_and_many_incarnations_verify)
{
	struct audit_report report;
	struct story story;
	unsigned i;

	story_begin(&story);
	for (i = 0; i < 5; i++) {
		(void)story_tell(&story, 0, RECORD_START, 1000 + i);
		(void)story_tell(&story, 0, RECORD_END, 0);
	}
	(void)story_tell(&story, 0, RECORD_START, 999);
	for (i = 0; i < GUESTS; i++) {
		(void)story_tell(&story, 0, RECORD_JOIN, i);
		(void)story_tell(&story, 0, RECORD_CART, i);
		(void)story_tell(&story, 0, i % 2 == 0 ? RECORD_LEAVE :
		    RECORD_EXPIRE, i);
	}
	story_end(&story);

	ck_assert_int_eq(verify_all(&story, &report), AUDIT_OK);
	ck_assert_uint_eq(report.sessions, 6);
	audit_report_clear(&report);
	story_clear(&story);
}
END_TEST

/* What one column of one row holds. */
struct cell {
	const char *table;
	const char *key;		/* its INTEGER PRIMARY KEY */
	int64_t	 row;
	char	 column[32];
	int	 type;
	int64_t	 number;
	uint8_t	 bytes[VALUE_BYTES];
	size_t	 len;
};

static void
read_cell(sqlite3 *db, struct cell *cell)
{
	sqlite3_stmt *statement;
	char sql[SQL_BYTES];

	(void)snprintf(sql, sizeof(sql), "SELECT %s FROM %s WHERE %s = %lld",
	    cell->column, cell->table, cell->key, (long long)cell->row);
	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL),
	    SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
	cell->type = sqlite3_column_type(statement, 0);
	cell->number = sqlite3_column_int64(statement, 0);
	if (cell->type == SQLITE_INTEGER) {
		cell->len = sizeof(cell->number);
	} else {
		cell->len = (size_t)sqlite3_column_bytes(statement, 0);
		ck_assert_uint_le(cell->len, sizeof(cell->bytes));
		if (cell->len > 0)
			memcpy(cell->bytes, sqlite3_column_blob(statement, 0),
			    cell->len);
	}
	ck_assert_int_eq(sqlite3_finalize(statement), SQLITE_OK);
}

/* Write the cell into row `row`; -1 if the tables do not allow it. */
static int
write_cell(sqlite3 *db, const struct cell *cell, int64_t row)
{
	sqlite3_stmt *statement;
	char sql[SQL_BYTES];
	int rc;

	(void)snprintf(sql, sizeof(sql),
	    "UPDATE %s SET %s = ?1 WHERE %s = %lld", cell->table, cell->column,
	    cell->key, (long long)row);
	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL),
	    SQLITE_OK);
	if (cell->type == SQLITE_NULL)
		rc = sqlite3_bind_null(statement, 1);
	else if (cell->type == SQLITE_INTEGER)
		rc = sqlite3_bind_int64(statement, 1, cell->number);
	else if (cell->type == SQLITE_TEXT)
		rc = sqlite3_bind_text(statement, 1, (const char *)cell->bytes,
		    (int)cell->len, SQLITE_STATIC);
	else
		rc = sqlite3_bind_blob(statement, 1, cell->bytes,
		    (int)cell->len, SQLITE_STATIC);
	ck_assert_int_eq(rc, SQLITE_OK);
	rc = sqlite3_step(statement);
	(void)sqlite3_finalize(statement); /* as the step */
	return rc == SQLITE_DONE ? 0 : -1;
}

/* Change byte i of the cell, one of two ways. */
static void
flip(struct cell *cell, size_t i, uint8_t mask)
{
	if (cell->type == SQLITE_INTEGER)
		cell->number = (int64_t)((uint64_t)cell->number ^
		    (uint64_t)mask << (8 * i));
	else
		cell->bytes[i] ^= mask;
}

/* Columns that no hash covers and no replay yields. */
static bool
is_free(const struct cell *cell)
{
	static const char *const free_columns[] = {
		"session.active_ms", "customer.id",
	};
	char name[64];
	size_t i;

	(void)snprintf(name, sizeof(name), "%s.%s", cell->table, cell->column);
	for (i = 0; i < sizeof(free_columns) / sizeof(free_columns[0]); i++)
		if (strcmp(free_columns[i], name) == 0)
			return true;
	return false;
}

static void
expect_found(const struct story *story, const struct cell *cell, size_t byte)
{
	int64_t seq;
	enum audit_status status = judge(story, &seq);
	bool is_row = strncmp(cell->table, "journal", 7) == 0 &&
	    strcmp(cell->column, "seq") != 0;

	ck_assert_msg(status == AUDIT_FAULT, "%s.%s of %lld, byte %zu: %d",
	    cell->table, cell->column, (long long)cell->row, byte, status);
	if (is_row)
		ck_assert_int_eq(seq, cell->row);
}

/* Flip each byte of the cell, and put it back. */
static void
flip_cell(const struct story *story, sqlite3 *db, struct cell *cell)
{
	bool is_key = strcmp(cell->column, cell->key) == 0;
	int64_t row = cell->row;
	struct cell before;
	size_t i;

	read_cell(db, cell);
	before = *cell;
	for (i = 0; i < cell->len; i++) {
		*cell = before;
		flip(cell, i, i % 2 == 0 ? 0x01 : 0x80);
		if (write_cell(db, cell, row) == -1)
			continue;
		expect_found(story, cell, i);
		ck_assert_int_eq(write_cell(db, &before, is_key ?
		    cell->number : row), 0);
	}
	if (before.type != SQLITE_NULL)
		return;
	/* What was nothing is something. */
	cell->type = SQLITE_BLOB;
	cell->len = ID_PROOF_BYTES;
	if (write_cell(db, cell, row) == 0) {
		expect_found(story, cell, 0);
		ck_assert_int_eq(write_cell(db, &before, row), 0);
	}
}

static void
flip_table(const struct story *story, sqlite3 *db, const char *table,
    const char *key)
{
	struct cell cell = { .table = table, .key = key };
	sqlite3_stmt *columns;
	char sql[SQL_BYTES];
	int64_t last;

	(void)snprintf(sql, sizeof(sql), "SELECT max(%s) FROM %s", key, table);
	last = story_number(db, sql);
	(void)snprintf(sql, sizeof(sql),
	    "SELECT name FROM pragma_table_info('%s')", table);
	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &columns, NULL),
	    SQLITE_OK);
	while (sqlite3_step(columns) == SQLITE_ROW) {
		(void)snprintf(cell.column, sizeof(cell.column), "%s",
		    (const char *)sqlite3_column_text(columns, 0));
		for (cell.row = 1; cell.row <= last; cell.row++) {
			(void)snprintf(sql, sizeof(sql), "SELECT count(*) "
			    "FROM %s WHERE %s = %lld", table, key,
			    (long long)cell.row);
			if (story_number(db, sql) == 1 && !is_free(&cell))
				flip_cell(story, db, &cell);
		}
	}
	ck_assert_int_eq(sqlite3_finalize(columns), SQLITE_OK);
}

START_TEST(every_changed_byte_of_a_table_is_found)
{
	static const struct {
		const char *name;
		const char *key;
	} tables[] = {
		{ "journal", "seq" }, { "journal_body", "seq" },
		{ "session", "id" }, { "customer", "id" },
	};
	struct story story;
	int64_t seq;
	sqlite3 *db;

	tell_all(&story);
	story_end(&story);
	db = story_open(&story);

	flip_table(&story, db, tables[_i].name, tables[_i].key);

	ck_assert_int_eq(judge(&story, &seq), AUDIT_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	story_clear(&story);
}
END_TEST

/* All that the journal says, as text; NULL if it cannot be read. */
static char *
dump(const struct story *story)
{
	static const char sql[] =
	    "SELECT group_concat(line, char(10)) FROM ("
	    "SELECT concat_ws_row AS line FROM (SELECT quote(seq)||typeof(seq)"
	    "||quote(session)||typeof(session)||quote(incarnation)"
	    "||typeof(incarnation)||quote(revision)||typeof(revision)"
	    "||quote(event)||typeof(event)||quote(ts_ms)||typeof(ts_ms)"
	    "||quote(transport)||typeof(transport)||quote(customer)"
	    "||typeof(customer)||quote(displaced)||typeof(displaced)"
	    "||quote(flags)||typeof(flags)||quote(client_seq)"
	    "||typeof(client_seq)||quote(digest)||quote(hash)"
	    "||quote(previous_seq)||typeof(previous_seq)"
	    " AS concat_ws_row FROM journal NOT INDEXED ORDER BY seq)"
	    " UNION ALL SELECT x FROM (SELECT quote(seq)||quote(salt)"
	    "||quote(hex(name))||typeof(name)||quote(address)||typeof(address)"
	    "||quote(hex(cart))||typeof(cart)||quote(request) AS x"
	    " FROM journal_body NOT INDEXED ORDER BY seq)"
	    " UNION ALL SELECT x FROM (SELECT quote(id)||quote(last_seq)"
	    "||typeof(last_seq) AS x FROM session NOT INDEXED ORDER BY id)"
	    " UNION ALL SELECT x FROM (SELECT quote(session)||quote(customer)"
	    "||quote(seq) AS x FROM journal INDEXED BY journal_newcomer"
	    " WHERE event IN (1, 2) ORDER BY session, customer, seq)"
	    " UNION ALL SELECT x FROM (SELECT quote(seq) AS x"
	    " FROM journal INDEXED BY journal_sessionless"
	    " WHERE session = 0 ORDER BY seq))";
	sqlite3_stmt *statement;
	char *text = NULL;
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open_v2(story->path, &db,
	    SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK) {
		if (sqlite3_step(statement) == SQLITE_ROW)
			text = xstrdup((const char *)sqlite3_column_text(
			    statement, 0));
		(void)sqlite3_finalize(statement); /* NULL says enough */
	}
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	return text;
}

static bool
is_same(const struct story *story, const char *before)
{
	char *now = dump(story);
	bool result = now != NULL && strcmp(now, before) == 0;

	free(now);
	return result;
}

/* Flip each byte of a page of the file; returns how many mattered. */
static unsigned
flip_page(const struct story *story, int fd, off_t page, const char *before)
{
	unsigned mattered = 0;
	uint8_t byte, other;
	int64_t seq;
	off_t at;

	for (at = page; at < page + PAGE_BYTES; at++) {
		ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
		other = byte ^ (at % 2 == 0 ? 0x01 : 0x80);
		ck_assert_int_eq(pwrite(fd, &other, 1, at), 1);
		if (!is_same(story, before)) {
			mattered++;
			ck_assert_msg(judge(story, &seq) != AUDIT_OK,
			    "byte %lld of the file", (long long)at);
		}
		ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
	}
	return mattered;
}

START_TEST(every_changed_byte_of_the_file_is_found)
{
	static const struct {
		const char *name;
		unsigned bytes;		/* that matter, at the least */
	} trees[] = {
		{ "journal", 100 }, { "journal_body", 100 }, { "session", 20 },
		{ "journal_newcomer", 50 }, { "journal_sessionless", 2 },
	};
	sqlite3_stmt *pages;
	struct story story;
	unsigned mattered = 0;
	char *before;
	sqlite3 *db;
	int fd;

	tell_all(&story);
	story_end(&story);
	db = story_open(&story);
	story_run(db, "PRAGMA page_size = 512; VACUUM");
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT pgoffset FROM dbstat"
	    " WHERE name = ?", -1, &pages, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_bind_text(pages, 1, trees[_i].name, -1,
	    SQLITE_STATIC), SQLITE_OK);
	before = dump(&story);
	ck_assert_ptr_nonnull(before);
	fd = open(story.path, O_RDWR);
	/* What is said of each of them would be much. */
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	while (sqlite3_step(pages) == SQLITE_ROW)
		mattered += flip_page(&story, fd, sqlite3_column_int64(pages,
		    0), before);
	ck_assert_uint_gt(mattered, trees[_i].bytes);
	ck_assert(is_same(&story, before));
	ck_assert_int_eq(close(fd), 0);
	free(before);
	ck_assert_int_eq(sqlite3_finalize(pages), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	story_clear(&story);
}
END_TEST

#define ALL_BUT_SEQ "session, incarnation, revision, event, ts_ms, transport," \
	" customer, displaced, flags, client_seq, digest, hash, previous_seq"

START_TEST(a_lock_that_is_not_that_of_the_journal_is_found)
{
	static const char *const cases[] = {
		"UPDATE session SET locked_ms = NULL WHERE id = 2",
		"UPDATE session SET locked_ms = locked_ms + 1 WHERE id = 2",
		"UPDATE session SET locked_ms = 5 WHERE id = 1",
	};
	struct story story;
	int64_t seq;

	tell_all(&story);
	(void)story_tell(&story, 1, RECORD_LOCK, 0);
	(void)story_tell(&story, 1, RECORD_LOCK, 0);
	(void)story_tell(&story, 0, RECORD_LOCK, 0);
	(void)story_tell(&story, 0, RECORD_UNLOCK, 0);
	story_end(&story);
	ck_assert_int_eq(judge(&story, &seq), AUDIT_OK);

	storage_tamper(story.path, cases[_i]);
	ck_assert_int_eq(judge(&story, &seq), AUDIT_FAULT);
	ck_assert_int_eq(seq, _i < 2 ? 20 : 22);
	story_clear(&story);
}
END_TEST

START_TEST(rows_that_are_gone_or_elsewhere_are_found)
{
	static const struct {
		const char *sql;
		int64_t	 seq;		/* where it is found */
	} cases[] = {
		{ "DELETE FROM journal WHERE seq = 7", 8 },
		{ "DELETE FROM journal WHERE seq = 1", 2 },
		{ "DELETE FROM journal WHERE seq BETWEEN 7 AND 9;"
		    "DELETE FROM journal_body WHERE seq BETWEEN 7 AND 9", 10 },
		{ "DELETE FROM journal_body WHERE seq = 7", 7 },
		{ "DELETE FROM journal_body WHERE seq = 18", 18 },
		{ "DELETE FROM journal WHERE seq = 18", 0 },
		{ "DELETE FROM journal", 0 },
		{ "INSERT INTO journal_body (seq, salt)"
		    " VALUES (19, zeroblob(16))", 0 },
		{ "INSERT INTO journal_body (seq, salt)"
		    " VALUES (0, zeroblob(16))", 0 },
		{ "INSERT INTO journal SELECT 19, " ALL_BUT_SEQ
		    " FROM journal WHERE seq = 18", 19 },
		{ "UPDATE journal SET seq = 100 WHERE seq = 7;"
		    "UPDATE journal SET seq = 7 WHERE seq = 8;"
		    "UPDATE journal SET seq = 8 WHERE seq = 100", 7 },
		{ "UPDATE journal_body SET seq = 100 WHERE seq = 7;"
		    "UPDATE journal_body SET seq = 7 WHERE seq = 8;"
		    "UPDATE journal_body SET seq = 8 WHERE seq = 100", 7 },
		{ "UPDATE journal SET seq = 100 WHERE seq = 18", 100 },
		{ "UPDATE journal_body SET salt = NULL, name = NULL,"
		    " address = NULL, cart = NULL, request = NULL,"
		    " account = NULL WHERE seq = 3", 3 },
		{ "UPDATE journal_body SET cart = NULL WHERE seq = 3", 3 },
		{ "UPDATE journal_body SET address = '' WHERE seq = 3", 3 },
		{ "UPDATE journal_body SET account = 'x' WHERE seq = 3", 3 },
		{ "UPDATE journal SET customer = upper(customer)"
		    " WHERE seq = 3", 3 },
		{ "UPDATE journal SET displaced = '000000000000000000000000'"
		    " WHERE seq = 4", 4 },
		{ "UPDATE journal SET flags = flags + 4 WHERE seq = 4", 4 },
		{ "UPDATE journal SET flags = flags - 8 WHERE seq = 2", 2 },
		{ "UPDATE journal SET flags = flags + 8 WHERE seq = 3", 3 },
		{ "UPDATE journal_body SET account = NULL WHERE seq = 2", 2 },
		/* Two bits of one row. */
		{ "UPDATE journal SET ts_ms = ts_ms + 1,"
		    " transport = 2 WHERE seq = 9", 9 },
		/* A row is hidden from its session, or shown by another. */
		{ "UPDATE journal AS j SET previous_seq = (SELECT"
		    " previous_seq FROM journal WHERE seq = j.previous_seq)"
		    " WHERE seq = 9", 9 },
		{ "UPDATE journal SET previous_seq = NULL WHERE seq = 9", 9 },
		{ "UPDATE session SET last_seq = (SELECT previous_seq"
		    " FROM journal WHERE seq = last_seq) WHERE id = 1", 0 },
		{ "UPDATE session SET last_seq = NULL WHERE id = 1", 0 },
		{ "UPDATE session AS s SET last_seq = (SELECT last_seq FROM"
		    " session WHERE id = 3 - s.id) WHERE id IN (1, 2)", 0 },
		{ "UPDATE journal AS j SET previous_seq = (SELECT max(seq)"
		    " FROM journal WHERE seq < j.seq"
		    " AND session NOT IN (0, j.session)) WHERE seq = 9", 9 },
		{ "INSERT INTO session VALUES (9, 'z', 1, 1, NULL, 0, 5,"
		    " NULL)", 0 },
		{ "INSERT INTO session VALUES (9, 'z', 1, 1, 5, 0, 5, NULL)",
		    0 },
		{ "UPDATE session SET locked_ms = 5 WHERE id = 1", 17 },
		{ "UPDATE session SET locked_ms = 5 WHERE id = 3", 18 },
		{ "DELETE FROM session WHERE id = 2", 4 },
		{ "DELETE FROM customer WHERE id = 2", 10 },
		{ "DELETE FROM customer WHERE id = 4", 16 },
		{ "INSERT INTO customer (id, session, cid, incarnation,"
		    " is_host, has_token) VALUES (99, 2,"
		    " 'aaaaaaaaaaaaaaaaaaaaaaaa', 1, 0, 0)", 16 },
		{ "INSERT INTO customer (id, session, cid, incarnation,"
		    " is_host, has_token) VALUES (99, 2,"
		    " 'aaaaaaaaaaaaaaaaaaaaaaaa', 2, 0, 0)", 0 },
		{ "INSERT INTO customer (id, session, cid, incarnation,"
		    " is_host, has_token) VALUES (99, 77,"
		    " 'aaaaaaaaaaaaaaaaaaaaaaaa', 1, 0, 0)", 0 },
		{ "UPDATE session SET incarnation = 2 WHERE id = 3", 18 },
		{ "UPDATE session SET ended_ms = NULL WHERE id = 3", 18 },
		{ "INSERT INTO chain_anchor VALUES (30, zeroblob(32))", 0 },
		{ "INSERT INTO chain_anchor VALUES (5, zeroblob(32))", 0 },
		{ "INSERT INTO chain_anchor VALUES (0, zeroblob(32))", 0 },
		{ "INSERT INTO chain_anchor SELECT seq, hash FROM journal"
		    " WHERE seq = 5", 0 },
	};
	struct story story;
	int64_t seq;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tell_all(&story);
		story_end(&story);
		storage_tamper(story.path, cases[i].sql);
		ck_assert_msg(judge(&story, &seq) == AUDIT_FAULT, "%s",
		    cases[i].sql);
		ck_assert_msg(seq == cases[i].seq, "%s: %lld", cases[i].sql,
		    (long long)seq);
		story_clear(&story);
	}
}
END_TEST

START_TEST(calls_of_the_shops_server_are_notes)
{
	static const struct {
		const char *sql;
		const char *what;
	} forgeries[] = {
		{ "UPDATE journal SET flags = 5 WHERE seq = 3",
		    "its flags are unknown" },
		{ "UPDATE journal SET flags = 1 WHERE seq = 3",
		    "its customer cannot be" },
		{ "UPDATE journal SET customer = NULL WHERE seq = 3",
		    "its customer cannot be" },
		{ "UPDATE journal_body SET name = 'other' WHERE seq = 3", "" },
	};
	struct audit_report report;
	struct story story;
	size_t i;

	for (i = 0; i <= sizeof(forgeries) / sizeof(forgeries[0]); i++) {
		story_begin(&story);
		(void)story_enter(&story, 0, RECORD_START, 1);
		(void)story_enter(&story, 0, RECORD_JOIN, 2);
		(void)story_tell(&story, 0, RECORD_CALL, 2);
		(void)story_tell(&story, 0, RECORD_LEAVE, 2);
		(void)story_tell(&story, 0, RECORD_CALL, 0);
		(void)story_tell(&story, 0, RECORD_END, 0);
		story_end(&story);
		if (i == 0) {
			ck_assert_int_eq(verify_all(&story, &report),
			    AUDIT_OK);
			ck_assert_uint_eq(report.notes, 2);
			audit_report_clear(&report);
		} else {
			storage_tamper(story.path, forgeries[i - 1].sql);
			ck_assert_int_eq(verify_all(&story, &report),
			    AUDIT_FAULT);
			ck_assert_int_eq(report.fault.seq, 3);
			ck_assert_ptr_nonnull(strstr(report.fault.what,
			    forgeries[i - 1].what));
			audit_report_clear(&report);
		}
		story_clear(&story);
	}
}
END_TEST

/* The hashes of all of it are right. */
START_TEST(an_account_is_where_its_flags_say)
{
	struct audit_report report;
	struct record record = {
		.event = RECORD_JOIN,
		.session_row = 1,
		.time_ms = STORY_BEGIN_MS,
		.has_customer = true,
		.customer = { { 9 } },
		.customer_row = 2,
		.salt = { 7 },
	};
	struct story story;

	story_begin(&story);
	(void)story_tell(&story, 0, RECORD_START, 1);
	record.session = payload_ref(story.sessions[0]->id);
	record.name = payload_new("Ann", 3);
	record.account = payload_new("4711", 4);
	session_number(story.sessions[0], &record);
	ck_assert_int_eq(store_begin(story.store), STORE_OK);
	ck_assert_int_eq(store_append(story.store, &record), STORE_OK);
	ck_assert_int_eq(store_commit(story.store), STORE_OK);
	record_clear(&record);
	story_end(&story);

	ck_assert_int_eq(verify_all(&story, &report), AUDIT_FAULT);
	ck_assert_int_eq(report.fault.seq, 2);
	ck_assert_str_eq(report.fault.what,
	    "its account is not where its flags say");
	audit_report_clear(&report);
	story_clear(&story);
}
END_TEST

/* One who is alone says to be ready, and the row says that of all. */
static enum audit_status
verify_readiness(enum record_readiness said, struct audit_report *report)
{
	struct record record = {
		.event = RECORD_READY,
		.session_row = 1,
		.time_ms = STORY_BEGIN_MS,
		.has_customer = true,
		.customer_row = 1,
		.is_ready = true,
		.readiness = said,
		.salt = { 7 },
	};
	enum audit_status status;
	struct story story;

	story_begin(&story);
	(void)story_tell(&story, 0, RECORD_START, 1);
	record.session = payload_ref(story.sessions[0]->id);
	record.customer = TAILQ_FIRST(&story.sessions[0]->customers)->id;
	session_number(story.sessions[0], &record);
	ck_assert_int_eq(store_begin(story.store), STORE_OK);
	ck_assert_int_eq(store_append(story.store, &record), STORE_OK);
	ck_assert_int_eq(store_commit(story.store), STORE_OK);
	record_clear(&record);
	story_end(&story);
	status = verify_all(&story, report);
	story_clear(&story);
	return status;
}

START_TEST(forged_flags_of_all_being_ready_are_found)
{
	struct audit_report report;

	ck_assert_int_eq(verify_readiness(READINESS_REACHED, &report),
	    AUDIT_OK);
	audit_report_clear(&report);
	ck_assert_int_eq(verify_readiness(READINESS_LOST, &report),
	    AUDIT_FAULT);
	ck_assert_int_eq(report.fault.seq, 2);
	ck_assert_str_eq(report.fault.what,
	    "its flags are wrong about whether everybody is ready");
	audit_report_clear(&report);
}
END_TEST

/* Those of before version 7; but not once others have any. */
START_TEST(rows_may_lack_these_flags_before_all_that_have_any)
{
	struct audit_report report;
	struct story story;

	story_begin(&story);
	story.is_old = _i == 0;
	(void)story_tell(&story, 0, RECORD_START, 1);
	(void)story_tell(&story, 0, RECORD_READY, 1);
	(void)story_tell(&story, 1, RECORD_START, 2);
	story.is_old = _i == 1;
	(void)story_tell(&story, 1, RECORD_READY, 2);
	story_end(&story);

	ck_assert_int_eq(verify_all(&story, &report), _i == 0 ? AUDIT_OK :
	    AUDIT_FAULT);
	ck_assert_int_eq(report.fault.seq, _i == 0 ? 0 : 4);
	audit_report_clear(&report);
	story_clear(&story);
}
END_TEST

START_TEST(a_missing_tail_is_found_by_its_head)
{
	struct audit_verify_options wish = { .has_head = true };
	struct audit_report report;
	struct audit *audit;
	struct story story;

	tell_all(&story);
	(void)story_tell(&story, 1, RECORD_REFUSED, 4);
	story_end(&story);
	ck_assert_int_eq(audit_open(story.path, &audit), AUDIT_OK);
	ck_assert_int_eq(audit_head(audit, &wish.head), AUDIT_OK);
	audit_close(audit);
	ck_assert_int_eq(wish.head.seq, 19);
	ck_assert_int_eq(verify(&story, &wish, &report), AUDIT_OK);
	storage_tamper(story.path, "UPDATE session SET last_seq ="
	    " (SELECT previous_seq FROM journal WHERE seq = 19)"
	    " WHERE last_seq = 19;"
	    "DELETE FROM journal WHERE seq = 19;"
	    "DELETE FROM journal_body WHERE seq = 19");

	ck_assert_int_eq(verify_all(&story, &report), AUDIT_OK);
	ck_assert_int_eq(verify(&story, &wish, &report), AUDIT_FAULT);
	ck_assert_ptr_nonnull(strstr(report.fault.what, "from 19 to 19"));
	wish.head.seq = 18;
	ck_assert_int_eq(verify(&story, &wish, &report), AUDIT_FAULT);
	ck_assert_int_eq(report.fault.seq, 18);
	audit_report_clear(&report);
	story_clear(&story);
}
END_TEST

static const char erase_sql[] =
    "UPDATE journal_body SET salt = NULL, name = NULL, address = NULL,"
    " cart = NULL, request = NULL, account = NULL WHERE seq";

/* Empty the bodies that condition says, and verify. */
static enum audit_status
erase_and_judge(const struct story *story, const char *condition,
    struct audit_report *report)
{
	enum audit_status status;
	char sql[SQL_BYTES];

	(void)snprintf(sql, sizeof(sql), "%s %s", erase_sql, condition);
	storage_tamper(story->path, sql);
	storage_tamper(story->path, "UPDATE customer SET request = NULL"
	    " FROM journal AS j JOIN journal_body AS b ON b.seq = j.seq"
	    " WHERE j.event IN (1, 2) AND b.salt IS NULL"
	    " AND j.customer = cid");
	status = verify_all(story, report);
	audit_report_clear(report);
	return status;
}

START_TEST(erasures_must_be_explained)
{
	static const struct {
		const char *condition;
		enum audit_status status;
	} cases[] = {
		{ "IN (4, 6, 16)", AUDIT_OK }, /* session b, all of it */
		{ "IN (11, 13)", AUDIT_OK }, /* older than the RETAIN */
		{ "IN (3)", AUDIT_OK }, /* customer 2 */
		{ "IN (12, 17)", AUDIT_FAULT }, /* session a's other one */
		{ "IN (14)", AUDIT_FAULT }, /* newer than the RETAIN */
		{ "IN (22)", AUDIT_FAULT }, /* after its ERASE */
	};
	struct audit_report report;
	struct story story;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tell_all(&story);
		(void)story_tell(&story, 0, RECORD_ERASE, 2); /* row 19 */
		(void)story_erase(&story, 1); /* row 20 */
		(void)story_retain(&story, STORY_BEGIN_MS +
		    13 * STORY_STEP_MS);			/* row 21 */
		(void)story_tell(&story, 1, RECORD_CART, 4);	/* row 22 */
		story_end(&story);

		ck_assert_int_eq(verify_all(&story, &report), AUDIT_OK);
		ck_assert_uint_eq(report.notes, 4);
		audit_report_clear(&report);
		ck_assert_int_eq(erase_and_judge(&story, cases[i].condition,
		    &report), cases[i].status);
		story_clear(&story);
	}
}
END_TEST

/* The story's end: the rows up to seq may go, and do but for some. */
static void
purge(struct story *story, int64_t seq, int64_t left)
{
	char sql[SQL_BYTES];

	(void)story_purge(story, seq);
	story_end(story);
	(void)snprintf(sql, sizeof(sql), "INSERT INTO chain_anchor"
	    " SELECT seq, hash FROM journal WHERE seq = %1$lld;"
	    "DELETE FROM customer WHERE cid IN (SELECT customer FROM journal"
	    "  WHERE seq <= %1$lld AND event IN (1, 2));"
	    "DELETE FROM journal WHERE seq <= %1$lld;"
	    "DELETE FROM journal_body WHERE seq <= %1$lld",
	    (long long)(seq - left));
	storage_tamper(story->path, sql);
}

START_TEST(a_chain_may_begin_behind_an_anchor)
{
	struct audit_report report;
	struct story story;
	int64_t left;

	for (left = 0; left < 3; left++) {
		tell_all(&story);
		purge(&story, 3, left);

		ck_assert_int_eq(verify_all(&story, &report), AUDIT_OK);

		ck_assert_int_eq(report.anchor_seq, 3 - left);
		ck_assert_int_eq(report.purge_seq, 19);
		ck_assert_uint_eq(report.rows, 16 + (unsigned)left);
		ck_assert_uint_eq(report.sessions, 3);
		ck_assert_uint_eq(report.skipped, 1);
		audit_report_clear(&report);
		story_clear(&story);
	}
}
END_TEST

START_TEST(the_note_that_is_named_is_the_one_that_let_the_rows_go)
{
	struct audit_report report;
	struct story story;

	tell_all(&story);
	(void)story_purge(&story, 2); /* row 19 */
	(void)story_purge(&story, 3); /* row 20 */
	purge(&story, 4, 1);					/* row 21 */

	ck_assert_int_eq(verify_all(&story, &report), AUDIT_OK);

	ck_assert_int_eq(report.anchor_seq, 3);
	ck_assert_int_eq(report.purge_seq, 20);
	audit_report_clear(&report);
	story_clear(&story);
}
END_TEST

START_TEST(a_purged_chain_is_still_proved)
{
	static const char *const changes[] = {
		"DELETE FROM journal WHERE seq = 4",
		"UPDATE journal SET ts_ms = 1 WHERE seq = 4",
		"UPDATE chain_anchor SET hash = zeroblob(32)",
		"UPDATE chain_anchor SET seq = 2",
		"UPDATE chain_anchor SET seq = 4",
		"DELETE FROM chain_anchor",
		"UPDATE journal SET client_seq = 2 WHERE event = 12",
		"UPDATE journal SET session = 1 WHERE event = 12",
		("DELETE FROM journal WHERE event = 12;"
		    "DELETE FROM journal_body WHERE seq = 19"),
	};
	struct story story;
	int64_t seq;
	size_t i;

	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		tell_all(&story);
		purge(&story, 3, 0);
		ck_assert_int_eq(judge(&story, &seq), AUDIT_OK);
		storage_tamper(story.path, changes[i]);

		ck_assert_msg(judge(&story, &seq) == AUDIT_FAULT, "%s",
		    changes[i]);
		story_clear(&story);
	}
}
END_TEST

START_TEST(a_part_can_be_verified)
{
	struct audit_verify_options wish = { .from = 11 };
	struct audit_report report;
	struct story story;

	tell_all(&story);
	story_end(&story);

	ck_assert_int_eq(verify(&story, &wish, &report), AUDIT_OK);
	ck_assert_int_eq(report.trusted_seq, 10);
	ck_assert_uint_eq(report.rows, 8);
	ck_assert_uint_eq(report.sessions, 2);
	ck_assert_uint_eq(report.skipped, 1);
	wish.from = 19;
	ck_assert_int_eq(verify(&story, &wish, &report), AUDIT_OK);
	ck_assert_uint_eq(report.rows, 0);
	wish.from = 20;
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	ck_assert_int_eq(verify(&story, &wish, &report), AUDIT_NONE);
	story_clear(&story);
}
END_TEST

/* What happens beside a verification, when it meets row seq, a note. */
struct meanwhile {
	struct story *story;
	int64_t	 seq;
	bool	 retains;	/* bodies go before rows do */
	int64_t	 anchor_seq;	/* the last row that goes */
};

/* All before the START of a becomes too old, in the midst of a slice. */
static void
purge_meanwhile(void *ctx, const struct audit_row *row)
{
	const struct meanwhile *meanwhile = ctx;
	struct story *story = meanwhile->story;

	if (row->seq != meanwhile->seq)
		return;
	if (meanwhile->retains) {
		story_pass(story, story->time_ms, 0);
		(void)story_tell(story, 0, RECORD_START, 1);
	}
	story_pass(story, 0, story->time_ms - STORY_STEP_MS);
}

static void
verify_meanwhile(struct meanwhile *meanwhile)
{
	struct audit_verify_options wish = {
		.note = purge_meanwhile,
		.ctx = meanwhile,
	};
	struct audit_report report;

	ck_assert_msg(verify(meanwhile->story, &wish, &report) == AUDIT_OK,
	    "%s", report.fault.what);
	ck_assert_int_eq(report.anchor_seq, 0);
	audit_report_clear(&report);
	ck_assert_int_eq(verify_all(meanwhile->story, &report), AUDIT_OK);
	ck_assert_int_eq(report.anchor_seq, meanwhile->anchor_seq);
	audit_report_clear(&report);
	story_end(meanwhile->story);
	story_clear(meanwhile->story);
}

START_TEST(a_note_that_is_purged_meanwhile_explains_none_the_less)
{
	struct story story;
	struct meanwhile meanwhile = {
		.story = &story,
		.seq = 1,
		.anchor_seq = 5,
	};

	story_begin(&story);
	/* From the future, its own body stays and nothing is looked up yet. */
	story.time_ms += AHEAD_MS;
	(void)story_retain(&story, 1); /* row 1 */
	story.time_ms -= AHEAD_MS;
	(void)story_tell(&story, 2, RECORD_START, 8);
	(void)story_tell(&story, 2, RECORD_CART, 8);
	(void)story_tell(&story, 2, RECORD_END, 0);
	if (_i == 0)
		story_forget(&story, 2);			/* row 5 */
	else
		story_pass(&story, story_ms(5), 0);
	(void)story_tell(&story, 0, RECORD_START, 1);

	verify_meanwhile(&meanwhile);
}
END_TEST

/* Row 1 was in use up to row 5, and what says why it is gone comes and goes. */
START_TEST(a_note_that_comes_and_is_purged_meanwhile_explains)
{
	struct story story;
	struct meanwhile meanwhile = {
		.story = &story,
		.seq = 4,
		.retains = true,
		.anchor_seq = 6,
	};

	story_begin(&story);
	(void)story_tell(&story, 2, RECORD_START, 8);
	(void)story_tell(&story, 2, RECORD_CART, 8);
	(void)story_tell(&story, 2, RECORD_CART, 8);
	story_pass(&story, story_ms(4), 0);			/* row 4 */
	(void)story_tell(&story, 2, RECORD_END, 0);
	storage_exec(story.path, "UPDATE journal_body SET salt = NULL,"
	    " name = NULL, address = NULL WHERE seq = 1");

	verify_meanwhile(&meanwhile);
}
END_TEST

/* Verify session b, whose rows are 4, 6 and 16. */
static enum audit_status
judge_session(const struct story *story, struct audit_report *report)
{
	struct audit_verify_options wish = { .from = 0 };
	struct audit_session session;
	enum audit_status status;
	struct audit *audit;

	ck_assert_int_eq(audit_open(story->path, &audit), AUDIT_OK);
	ck_assert_int_eq(audit_session_find(audit, "b", &session), AUDIT_OK);
	wish.session = &session;
	status = audit_verify(audit, &wish, report);
	audit_session_clear(&session);
	audit_close(audit);
	return status;
}

/* Verify one session, and say of how many notes alone are there. */
static uint64_t
count_noted(const struct story *story, const char *name)
{
	struct audit_session session;
	struct audit_verify_options wish = { .session = &session };
	struct audit_report report;
	struct audit *audit;
	uint64_t noted;

	ck_assert_int_eq(audit_open(story->path, &audit), AUDIT_OK);
	ck_assert_int_eq(audit_session_find(audit, name, &session), AUDIT_OK);
	ck_assert_int_eq(audit_verify(audit, &wish, &report), AUDIT_OK);
	noted = report.noted;
	audit_report_clear(&report);
	audit_session_clear(&session);
	audit_close(audit);
	return noted;
}

START_TEST(sessions_of_which_notes_alone_are_there_are_counted)
{
	struct audit_report report;
	struct story story;

	story_begin(&story);
	(void)story_tell(&story, 2, RECORD_START, 8);
	(void)story_tell(&story, 2, RECORD_END, 0);
	(void)story_tell(&story, 2, RECORD_REFUSED, 8);
	(void)story_tell(&story, 0, RECORD_START, 1);

	ck_assert_int_eq(verify_all(&story, &report), AUDIT_OK);
	ck_assert_uint_eq(report.noted, 0);
	audit_report_clear(&report);
	story_pass(&story, 0, story_ms(3));
	ck_assert_int_eq(verify_all(&story, &report), AUDIT_OK);
	ck_assert_uint_eq(report.noted, 1);
	ck_assert_uint_eq(report.sessions, 1);
	audit_report_clear(&report);
	ck_assert_uint_eq(count_noted(&story, "c"), 1);
	ck_assert_uint_eq(count_noted(&story, "a"), 0);
	story_end(&story);
	story_clear(&story);
}
END_TEST

START_TEST(one_session_can_be_verified)
{
	static const struct {
		const char *sql;
		enum audit_status status;
	} cases[] = {
		{ "SELECT 1", AUDIT_OK },
		{ "UPDATE journal_body SET cart = '{}' WHERE seq = 3",
		    AUDIT_OK },
		{ "UPDATE journal_body SET cart = '{}' WHERE seq = 16",
		    AUDIT_FAULT },
		{ "UPDATE journal SET ts_ms = 1 WHERE seq = 2", AUDIT_OK },
		{ "UPDATE journal SET ts_ms = 1 WHERE seq = 5", AUDIT_FAULT },
		{ "UPDATE journal SET ts_ms = 1 WHERE seq = 18", AUDIT_FAULT },
		{ "UPDATE customer SET is_ready = 1 WHERE id = 1", AUDIT_OK },
		{ "UPDATE customer SET is_ready = 1 WHERE id = 4",
		    AUDIT_FAULT },
		{ "UPDATE session SET revision = 9 WHERE id = 2",
		    AUDIT_FAULT },
		{ "DELETE FROM journal_body WHERE seq = 6", AUDIT_FAULT },
	};
	struct audit_report report;
	struct story story;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tell_all(&story);
		story_end(&story);
		storage_tamper(story.path, cases[i].sql);
		ck_assert_msg(judge_session(&story, &report) ==
		    cases[i].status, "%s: %s", cases[i].sql,
		    report.fault.what);
		if (i == 0)
			ck_assert_uint_eq(report.bodies, 3);
		audit_report_clear(&report);
		story_clear(&story);
	}
}
END_TEST

START_TEST(an_empty_journal_verifies)
{
	struct audit_report report;
	struct story story;

	story_begin(&story);
	story_end(&story);
	ck_assert_int_eq(verify_all(&story, &report), AUDIT_OK);
	ck_assert_uint_eq(report.rows, 0);
	audit_report_clear(&report);
	story_clear(&story);
}
END_TEST

static void
ruin(const struct story *story, const char *sql)
{
	storage_tamper(story->path, sql);
}

START_TEST(what_is_no_database_of_ours_is_refused)
{
	static const struct {
		const char *sql;	/* or NULL */
		const char *bytes;	/* instead of the file; or NULL */
		enum audit_status status;
	} cases[] = {
		{ "PRAGMA user_version = 8", NULL, AUDIT_BAD_DATA },
		{ "PRAGMA user_version = 1", NULL, AUDIT_BAD_DATA },
		{ "PRAGMA application_id = 5", NULL, AUDIT_BAD_DATA },
		{ "DROP TABLE chain_anchor", NULL, AUDIT_BAD_DATA },
		{ "ALTER TABLE chain_anchor RENAME TO other;"
		    "CREATE VIEW chain_anchor AS SELECT * FROM other", NULL,
		    AUDIT_BAD_DATA },
		{ "DROP TABLE chain_anchor; CREATE TABLE chain_anchor (seq,"
		    " hash, ts_ms, reason, purge_upto, mac)", NULL,
		    AUDIT_BAD_DATA },
		{ NULL, "", AUDIT_BAD_DATA },
		{ NULL, "host = localhost", AUDIT_BAD_DATA },
		{ NULL, NULL, AUDIT_NO_DATABASE },
	};
	struct story story;
	int64_t seq;
	size_t i;
	int fd;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tell_all(&story);
		story_end(&story);
		if (cases[i].sql != NULL) {
			ruin(&story, cases[i].sql);
		} else {
			ck_assert_int_eq(unlink(story.path), 0);
			fd = cases[i].bytes == NULL ? -1 : open(story.path,
			    O_WRONLY | O_CREAT, 0600);
			if (fd != -1) {
				(void)!write(fd, cases[i].bytes,
				    strlen(cases[i].bytes));
				ck_assert_int_eq(close(fd), 0);
			}
		}
		ck_assert_int_eq(judge(&story, &seq), cases[i].status);
		story_clear(&story);
	}
}
END_TEST

/* Which revision of which incarnation there is at a point; "" for none. */
static const char *
replay_to(const struct story *story, const struct audit_point *point)
{
	static char text[64];
	struct audit_session session;
	struct audit_replay replay;
	struct audit *audit;

	ck_assert_int_eq(audit_open(story->path, &audit), AUDIT_OK);
	ck_assert_int_eq(audit_session_find(audit, "a", &session), AUDIT_OK);
	text[0] = '\0';
	if (audit_replay_to(audit, &session, point, &replay) == AUDIT_OK)
		(void)snprintf(text, sizeof(text), "%llu.%llu %zu",
		    (unsigned long long)replay.session->incarnation,
		    (unsigned long long)replay.session->revision,
		    replay.session->counts[CUSTOMER_SEATED]);
	audit_replay_clear(&replay);
	audit_session_clear(&session);
	audit_close(audit);
	return text;
}

START_TEST(what_a_reader_asks_too_much_is_no_fault_of_the_data)
{
	static const struct sql_text text = {
		.text = "SELECT zeroblob(2147483647)"
	};
	const struct engine *engine;
	struct sql_connection *connection;
	struct sql_statement *statement;
	struct story story;

	tell_all(&story);
	story_end(&story);
	engine = engine_of(story.path);
	ck_assert_int_eq(engine->open_reader(story.path, SQL_READER_OF_ANY,
	    NULL, &connection), STORE_OPENED);
	statement = engine->prepare(connection, &text);
	ck_assert_ptr_nonnull(statement);
	ck_assert_int_eq(engine->step(statement), SQL_FAILED);
	ck_assert_int_eq(engine->fault(connection)->code & 0xff,
	    SQLITE_TOOBIG);
	ck_assert_int_eq(engine->fault(connection)->status, STORE_IO_ERROR);
	engine->finalize(statement);
	engine->close(connection, false);
	story_clear(&story);
}
END_TEST

START_TEST(a_session_is_replayed_to_any_point)
{
	/* Session a has the rows 1, 2, 3, 5, 7, 9, 10, and 12, 17. */
	static const struct {
		struct audit_point point;
		const char *is;
	} cases[] = {
		{ { .moment = AUDIT_NEWEST }, "2.2 1" },
		{ { .moment = AUDIT_REVISION, .revision = 1 }, "2.1 1" },
		{ { .moment = AUDIT_REVISION, .revision = 3 }, "" },
		{ { .moment = AUDIT_REVISION, .revision = 0 }, "" },
		{ { .moment = AUDIT_REVISION, .revision = 2,
		    .incarnation = 1 }, "1.2 2" },
		{ { .moment = AUDIT_REVISION, .revision = 4,
		    .incarnation = 1 }, "1.4 1" },
		{ { .moment = AUDIT_REVISION, .revision = 7,
		    .incarnation = 1 }, "1.7 0" },
		{ { .moment = AUDIT_REVISION, .revision = 8,
		    .incarnation = 1 }, "" },
		{ { .moment = AUDIT_REVISION, .revision = 1,
		    .incarnation = 3 }, "" },
		{ { .moment = AUDIT_TIME, .time_ms = STORY_BEGIN_MS - 1 },
		    "" },
		{ { .moment = AUDIT_TIME, .time_ms = STORY_BEGIN_MS },
		    "1.1 1" },
		{ { .moment = AUDIT_TIME, .time_ms = STORY_BEGIN_MS + 999 },
		    "1.1 1" },
		{ { .moment = AUDIT_TIME, .time_ms = STORY_BEGIN_MS +
		    11 * STORY_STEP_MS }, "2.1 1" },
		{ { .moment = AUDIT_TIME, .time_ms = UINT64_MAX }, "2.2 1" },
	};
	struct story story;
	size_t i;

	tell_all(&story);
	story_end(&story);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_str_eq(replay_to(&story, &cases[i].point),
		    cases[i].is);
	story_clear(&story);
}
END_TEST

START_TEST(a_host_who_was_replaced_begins_no_replay)
{
	const struct audit_point newest = { .moment = AUDIT_NEWEST };
	struct audit_session session;
	struct audit_replay replay;
	struct audit *audit;
	struct story story;

	tell_all(&story);
	purge(&story, 4, 0);	/* the START of b; another one is row 6 */

	ck_assert_int_eq(audit_open(story.path, &audit), AUDIT_OK);
	ck_assert_int_eq(audit_session_find(audit, "b", &session), AUDIT_OK);
	ck_assert_int_eq(audit_replay_to(audit, &session, &newest, &replay),
	    AUDIT_NONE);
	audit_replay_clear(&replay);
	audit_session_clear(&session);
	audit_close(audit);
	story_clear(&story);
}
END_TEST

void
suite_add(TCase *tc)
{
	storage_need();
	tcase_set_timeout(tc, TIMEOUT_S);
	if (storage_stands_for_sqlite("what its file and its cells may hold")) {
		tcase_add_loop_test(tc,
		    every_changed_byte_of_a_table_is_found, 0, 4);
		tcase_add_loop_test(tc,
		    every_changed_byte_of_the_file_is_found, 0, 5);
		tcase_add_test(tc, what_is_no_database_of_ours_is_refused);
		tcase_add_test(tc,
		    what_a_reader_asks_too_much_is_no_fault_of_the_data);
	}
	tcase_add_test(tc, what_was_written_verifies);
	tcase_add_test(tc, many_who_left_and_many_incarnations_verify);
	tcase_add_loop_test(tc,
	    a_lock_that_is_not_that_of_the_journal_is_found, 0, 3);
	tcase_add_test(tc, rows_that_are_gone_or_elsewhere_are_found);
	tcase_add_test(tc, calls_of_the_shops_server_are_notes);
	tcase_add_test(tc, an_account_is_where_its_flags_say);
	tcase_add_test(tc, forged_flags_of_all_being_ready_are_found);
	tcase_add_loop_test(tc,
	    rows_may_lack_these_flags_before_all_that_have_any, 0, 2);
	tcase_add_test(tc, a_missing_tail_is_found_by_its_head);
	tcase_add_test(tc, erasures_must_be_explained);
	tcase_add_test(tc, a_chain_may_begin_behind_an_anchor);
	tcase_add_test(tc,
	    the_note_that_is_named_is_the_one_that_let_the_rows_go);
	tcase_add_test(tc, a_purged_chain_is_still_proved);
	tcase_add_loop_test(tc,
	    a_note_that_is_purged_meanwhile_explains_none_the_less, 0, 2);
	tcase_add_test(tc,
	    a_note_that_comes_and_is_purged_meanwhile_explains);
	tcase_add_test(tc, a_part_can_be_verified);
	tcase_add_test(tc,
	    sessions_of_which_notes_alone_are_there_are_counted);
	tcase_add_test(tc, one_session_can_be_verified);
	tcase_add_test(tc, an_empty_journal_verifies);
	tcase_add_test(tc, a_session_is_replayed_to_any_point);
	tcase_add_test(tc, a_host_who_was_replaced_begins_no_replay);
}
