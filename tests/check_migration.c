/*
 * Databases of older versions become what new ones are, and lose nothing.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "audit/audit.h"
#include "audit/report.h"
#include "audit/verify.h"
#include "base/buf.h"
#include "base/log.h"
#include "hub/job.h"
#include "session/record.h"
#include "storage/schema.h"
#include "storage/store.h"

#include "suite.h"

const char suite_name[] = "migration";

#define NEW_PATH "check_migration.new.db"
#define OLD_PATH "check_migration.old.db"

/* Up to version 3. */
#define OLD_ANCHOR(seq)							\
	"INSERT INTO chain_anchor (seq, hash, ts_ms, reason, purge_upto)" \
	" SELECT seq, hash, ts_ms, 'retention', seq FROM journal"	\
	" WHERE seq = " #seq ";"

/* The columns of version 1. */
#define SESSION_1 "id, name, incarnation, revision, ended_ms, active_ms"
#define JOURNAL_1 "seq, session, incarnation, revision, event, ts_ms,"	\
	" transport, customer, displaced, flags, client_seq, digest, hash"

enum {
	PURGES = 5
};

/* The schema of version 1, less its comments. */
static const char schema_1[] =
    "PRAGMA application_id = 0x42534850;\n"
    "CREATE TABLE session (\n"
    "\tid INTEGER PRIMARY KEY,\n"
    "\tname TEXT NOT NULL UNIQUE,\n"
    "\tincarnation INTEGER NOT NULL,\n"
    "\trevision INTEGER NOT NULL,\n"
    "\tended_ms INTEGER,\n"
    "\tactive_ms INTEGER NOT NULL\n"
    ") STRICT;\n"
    "CREATE INDEX session_running ON session(id) WHERE ended_ms IS NULL;\n"
    "CREATE TRIGGER session_no_rename BEFORE UPDATE OF id, name ON session\n"
    "BEGIN\n"
    "\tSELECT RAISE(ABORT, 'a session keeps its name');\n"
    "END;\n"
    "CREATE TRIGGER session_no_delete BEFORE DELETE ON session\n"
    "WHEN EXISTS (SELECT 1 FROM journal WHERE session = OLD.id)\n"
    "BEGIN\n"
    "\tSELECT RAISE(ABORT, 'the journal has records of this session');\n"
    "END;\n"
    "CREATE TABLE customer (\n"
    "\tid INTEGER PRIMARY KEY,\n"
    "\tsession INTEGER NOT NULL REFERENCES session(id),\n"
    "\tcid TEXT NOT NULL CHECK (length(cid) = 24),\n"
    "\tincarnation INTEGER NOT NULL,\n"
    "\tis_host INTEGER NOT NULL CHECK (is_host IN (0, 1)),\n"
    "\tis_ready INTEGER NOT NULL DEFAULT 0 CHECK (is_ready IN (0, 1)),\n"
    "\thas_token INTEGER NOT NULL CHECK (has_token IN (0, 1)),\n"
    "\trequest BLOB CHECK (length(request) = 32),\n"
    "\tstate INTEGER NOT NULL DEFAULT 0 CHECK (state IN (0, 1, 2)),\n"
    "\tleft_revision INTEGER NOT NULL DEFAULT 0,\n"
    "\tname_seq INTEGER,\n"
    "\tcart_seq INTEGER,\n"
    "\tseq_cart INTEGER NOT NULL DEFAULT 0,\n"
    "\tseq_ready INTEGER NOT NULL DEFAULT 0,\n"
    "\tUNIQUE (session, cid)\n"
    ") STRICT;\n"
    "CREATE INDEX customer_by_state\n"
    "    ON customer(session, state, incarnation, left_revision);\n"
    "CREATE TABLE journal (\n"
    "\tseq INTEGER PRIMARY KEY,\n"
    "\tsession INTEGER NOT NULL,\n"
    "\tincarnation INTEGER NOT NULL,\n"
    "\trevision INTEGER NOT NULL,\n"
    "\tevent INTEGER NOT NULL,\n"
    "\tts_ms INTEGER NOT NULL,\n"
    "\ttransport INTEGER NOT NULL,\n"
    "\tcustomer TEXT CHECK (length(customer) = 24),\n"
    "\tdisplaced TEXT CHECK (length(displaced) = 24),\n"
    "\tflags INTEGER NOT NULL,\n"
    "\tclient_seq INTEGER NOT NULL,\n"
    "\tdigest BLOB NOT NULL CHECK (length(digest) = 32),\n"
    "\thash BLOB NOT NULL CHECK (length(hash) = 32)\n"
    ") STRICT;\n"
    "CREATE UNIQUE INDEX journal_by_session\n"
    "    ON journal(session, incarnation, revision);\n"
    "CREATE TABLE journal_body (\n"
    "\tseq INTEGER PRIMARY KEY REFERENCES journal(seq),\n"
    "\tsalt BLOB CHECK (length(salt) = 16),\n"
    "\tname TEXT,\n"
    "\taddress TEXT,\n"
    "\tcart TEXT,\n"
    "\trequest BLOB CHECK (length(request) = 32)\n"
    ") STRICT;\n"
    "CREATE TABLE chain_anchor (\n"
    "\tseq INTEGER PRIMARY KEY,\n"
    "\thash BLOB NOT NULL CHECK (length(hash) = 32),\n"
    "\tts_ms INTEGER NOT NULL,\n"
    "\treason TEXT NOT NULL,\n"
    "\tpurge_upto INTEGER,\n"
    "\tmac BLOB,\n"
    "\tCHECK (purge_upto <= seq)\n"
    ") STRICT;\n"
    "CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal\n"
    "BEGIN\n"
    "\tSELECT RAISE(ABORT, 'the journal is append-only');\n"
    "END;\n"
    "CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal\n"
    "WHEN OLD.seq > (SELECT ifnull(max(purge_upto), 0) FROM chain_anchor)\n"
    "BEGIN\n"
    "\tSELECT RAISE(ABORT, 'the journal is append-only');\n"
    "END;\n"
    "CREATE TRIGGER journal_body_only_erase BEFORE UPDATE ON journal_body\n"
    "WHEN NEW.seq <> OLD.seq OR NEW.salt IS NOT NULL OR NEW.name IS NOT NULL OR\n"
    "    NEW.address IS NOT NULL OR NEW.cart IS NOT NULL OR NEW.request IS NOT NULL\n"
    "BEGIN\n"
    "\tSELECT RAISE(ABORT, 'a body can only be erased');\n"
    "END;\n"
    "CREATE TRIGGER journal_body_no_delete BEFORE DELETE ON journal_body\n"
    "WHEN OLD.seq > (SELECT ifnull(max(purge_upto), 0) FROM chain_anchor)\n"
    "BEGIN\n"
    "\tSELECT RAISE(ABORT, 'the journal is append-only');\n"
    "END;\n"
    "CREATE TRIGGER chain_anchor_no_update BEFORE UPDATE ON chain_anchor\n"
    "BEGIN\n"
    "\tSELECT RAISE(ABORT, 'anchors are append-only');\n"
    "END;\n"
    "CREATE TRIGGER chain_anchor_no_delete BEFORE DELETE ON chain_anchor\n"
    "BEGIN\n"
    "\tSELECT RAISE(ABORT, 'anchors are append-only');\n"
    "END;\n"
    "PRAGMA user_version = 1;\n";

static sqlite3 *
connect(const char *path)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

static void
execute(sqlite3 *db, const char *sql)
{
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK,
	    "%s: %s", sql, sqlite3_errmsg(db));
}

static int64_t
query(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement;
	int64_t value;

	ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) ==
	    SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
	value = sqlite3_column_int64(statement, 0);
	ck_assert_int_eq(sqlite3_finalize(statement), SQLITE_OK);
	return value;
}

/*
 * The database of an older version verifies without a word once it was brought
 * up to date, behind row anchor, which row note explains; 0 for neither.
 */
static void
expect_proof(int64_t anchor, int64_t note)
{
	const struct audit_verify_options all = { .from = 0 };
	struct audit_report report;
	enum audit_status status;
	struct audit *audit;

	ck_assert_int_eq(audit_open(OLD_PATH, &audit), AUDIT_OK);
	status = audit_verify(audit, &all, &report);
	ck_assert_msg(status == AUDIT_OK, "row %lld: %s",
	    (long long)report.fault.seq, report.fault.what);
	ck_assert_int_eq(report.anchor_seq, anchor);
	ck_assert_int_eq(report.purge_seq, note);
	audit_report_clear(&report);
	audit_close(audit);
}

static void
append(const char *path, const struct record *records, size_t n)
{
	struct store *store;
	size_t i;

	ck_assert_int_eq(store_open(path, NULL, &store), STORE_OPENED);
	ck_assert_int_eq(store_begin(store), STORE_OK);
	for (i = 0; i < n; i++)
		ck_assert_int_eq(store_append(store, &records[i]), STORE_OK);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	store_close(store);
}

static struct record
record_of(enum record_event event, struct payload *session, uint64_t revision)
{
	return (struct record){
		.event = event,
		.session = session,
		.session_row = 1,
		.incarnation = 1,
		.revision = revision,
		.time_ms = 1700000000000,
		.transport = TRANSPORT_HTTP,
		.has_customer = true,
		.customer = { { 1, 2, 3 } },
		.customer_row = 1,
	};
}

/* Bring db from version 1 to a later one. */
static void
bring_up(sqlite3 *db, int version)
{
	static const char *const steps[] = {
		NULL, schema_sql, migrate_2_sql, migrate_3_sql, migrate_4_sql,
		migrate_5_sql, migrate_6_sql, migrate_7_sql,
	};
	int i;

	for (i = 2; i <= version; i++)
		execute(db, steps[i]);
}

/* What is in the database of today, in one of an older version. */
static void
copy_to_version(int version)
{
	sqlite3 *db = connect(OLD_PATH);

	execute(db, schema_1);
	bring_up(db, version);
	execute(db, "ATTACH '" NEW_PATH "' AS new");
	execute(db, version < 5 ?
	    "INSERT INTO session SELECT " SESSION_1 " FROM new.session;"
	    "INSERT INTO journal SELECT " JOURNAL_1 " FROM new.journal" :
	    "INSERT INTO session (" SESSION_1 ", last_seq)"
	    " SELECT " SESSION_1 ", last_seq FROM new.session;"
	    "INSERT INTO journal SELECT " JOURNAL_1 ", previous_seq"
	    " FROM new.journal");
	execute(db, "INSERT INTO customer SELECT * FROM new.customer;"
	    "INSERT INTO journal_body (seq, salt, name, address, cart, request)"
	    " SELECT seq, salt, name, address, cart, request"
	    " FROM new.journal_body");
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

/* The same rows in a database of an older version and in one of today. */
static void
make_databases(struct payload *session, struct payload *text, int version)
{
	struct record records[] = {
		record_of(RECORD_START, session, 1),
		record_of(RECORD_CART, session, 2),
	};

	records[0].name = text;
	records[1].cart = text;
	append(NEW_PATH, records, 2);
	copy_to_version(version);
}

static void
setup(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	(void)unlink(NEW_PATH);	/* of a run that was killed */
	(void)unlink(OLD_PATH);
}

static void
teardown(void)
{
	ck_assert_int_eq(unlink(NEW_PATH), 0);
	ck_assert_int_eq(unlink(OLD_PATH), 0);
}

/* Questions whose answer is 0 if old and new are the same. */
static const char *const differences[] = {
	"SELECT count(*) FROM main.sqlite_schema AS a"
	" JOIN new.sqlite_schema AS b USING (type, name, tbl_name)"
	" WHERE type <> 'table' AND a.sql IS NOT b.sql",
	"SELECT (SELECT count(*) FROM main.sqlite_schema)"
	" <> (SELECT count(*) FROM new.sqlite_schema)",
	"SELECT count(*) FROM (SELECT * FROM main.journal"
	" EXCEPT SELECT * FROM new.journal)",
	"SELECT count(*) FROM (SELECT * FROM main.session"
	" EXCEPT SELECT * FROM new.session)",
	"SELECT count(*) FROM (SELECT * FROM main.journal_body"
	" EXCEPT SELECT * FROM new.journal_body)",
	"SELECT (SELECT count(*) FROM main.journal)"
	" <> (SELECT count(*) FROM new.journal)",
	"SELECT (SELECT user_version FROM pragma_user_version) <> 7",
	"SELECT count(*) FROM pragma_integrity_check"
	" WHERE integrity_check <> 'ok'",
};

START_TEST(older_version_becomes_what_a_new_database_is)
{
	struct payload *session = payload_new("atelier", 7);
	struct payload *text = payload_new("{}", 2);
	struct record note = record_of(RECORD_REFUSED, session, 0);
	struct record more[] = { note, note };
	sqlite3 *db;
	size_t i;

	make_databases(session, text, _i + 1);

	append(OLD_PATH, more, 2);
	append(NEW_PATH, more, 2);

	db = connect(OLD_PATH);
	execute(db, "ATTACH '" NEW_PATH "' AS new");
	ck_assert_int_eq(query(db, "SELECT count(*) FROM journal"), 4);
	for (i = 0; i < sizeof(differences) / sizeof(differences[0]); i++)
		ck_assert_msg(query(db, differences[i]) == 0, "%s",
		    differences[i]);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	expect_proof(0, 0);
	payload_unref(session);
	payload_unref(text);
}
END_TEST

/* As a crash leaves it: no mark says whose log that is. */
START_TEST(log_of_an_older_version_is_taken_in)
{
	struct payload *session = payload_new("atelier", 7);
	struct payload *text = payload_new("{}", 2);
	sqlite3 *db;

	make_databases(session, text, 1);
	db = connect(OLD_PATH);
	ck_assert_int_eq(sqlite3_db_config(db,
	    SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL), SQLITE_OK);
	execute(db, "PRAGMA journal_mode = WAL");
	execute(db, "UPDATE session SET active_ms = 7");
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	ck_assert_int_eq(access(OLD_PATH "-wal", F_OK), 0);

	append(OLD_PATH, NULL, 0);

	db = connect(OLD_PATH);
	ck_assert_int_eq(query(db, "SELECT active_ms FROM session"), 7);
	ck_assert_int_eq(query(db, "PRAGMA user_version"), 7);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	payload_unref(session);
	payload_unref(text);
}
END_TEST

/* It stays what it was, and is brought up to date another time. */
START_TEST(migration_that_fails_changes_nothing)
{
	struct payload *session = payload_new("atelier", 7);
	struct payload *text = payload_new("{}", 2);
	struct store *store;
	sqlite3 *db;

	make_databases(session, text, 1);
	db = connect(OLD_PATH);
	execute(db, "CREATE TABLE journal_body_kept (x)");

	ck_assert_int_eq(store_open(OLD_PATH, NULL, &store), STORE_BAD_DATA);

	ck_assert_int_eq(query(db, "PRAGMA user_version"), 1);
	ck_assert_int_eq(query(db, "SELECT count(*) FROM sqlite_schema WHERE"
	    " name = 'journal_by_session' AND sql LIKE '%UNIQUE%'"), 1);
	execute(db, "DROP TABLE journal_body_kept");
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	append(OLD_PATH, NULL, 0);
	payload_unref(session);
	payload_unref(text);
}
END_TEST

/* Session "first" ends with row 3, "second" with row 6, and "third" goes on. */
static void
make_three_sessions(void)
{
	static const char *const names[] = { "first", "second", "third" };
	struct record records[9];
	struct payload *name;
	size_t i, k;

	for (i = 0; i < 3; i++) {
		name = payload_new(names[i], strlen(names[i]));
		for (k = 0; k < 3; k++) {
			struct record *record = &records[3 * i + k];

			*record = record_of(k == 0 ? RECORD_START :
			    k == 1 || i == 2 ? RECORD_CART : RECORD_END,
			    payload_ref(name), k + 1);
			record->session_row = (int64_t)i + 1;
			record->customer = (struct customer_id){
				{ (uint8_t)i + 1 } };
			record->customer_row = (int64_t)i + 1;
			record->has_customer = record->event != RECORD_END;
			if (record->event == RECORD_START)
				record->name = payload_ref(name);
			else if (record->event == RECORD_CART)
				record->cart = payload_new("{}", 2);
		}
		payload_unref(name);
	}
	append(NEW_PATH, records, 9);
	for (i = 0; i < 9; i++)
		record_clear(&records[i]);
}

/* As their daemon left the purge of rows 1 to 6: done, begun, or cut off. */
static const struct {
	const char *sql;
	int64_t	 anchor;		/* that there is then */
} purges[] = {
	{ OLD_ANCHOR(6) "DELETE FROM journal_body WHERE seq <= 6;"
	    "DELETE FROM journal WHERE seq <= 6;"
	    "DELETE FROM customer WHERE session < 3;"
	    "DELETE FROM session WHERE id < 3", 6 },
	{ OLD_ANCHOR(3) "DELETE FROM journal_body WHERE seq <= 3;"
	    "DELETE FROM journal WHERE seq <= 3;"
	    "DELETE FROM customer WHERE session = 1;"
	    "DELETE FROM session WHERE id = 1;" OLD_ANCHOR(6), 3 },
	{ OLD_ANCHOR(6), 0 },
	{ OLD_ANCHOR(6) "DELETE FROM journal_body WHERE seq <= 2;"
	    "DELETE FROM journal WHERE seq <= 2;"
	    "DELETE FROM customer WHERE session = 1", 3 },
	{ OLD_ANCHOR(6) "DELETE FROM journal_body WHERE seq <= 3;"
	    "DELETE FROM journal WHERE seq <= 3;"
	    "DELETE FROM customer WHERE session = 1;"
	    "DELETE FROM session WHERE id = 1", 4 },
};

/* The next pass of retention deletes what is noted, and nothing more. */
static void
retain(void)
{
	struct retention pass = { .now_ms = 2, .rows_ms = 1 };
	struct record note = {
		.event = RECORD_RETAIN,
		.session = payload_new("", 0),
		.time_ms = 2,
	};
	struct store *store;

	ck_assert_int_eq(store_open(OLD_PATH, NULL, &store), STORE_OPENED);
	while (pass.step != RETENTION_OVER) {
		ck_assert_int_eq(store_begin(store), STORE_OK);
		ck_assert_int_eq(store_purge(store, &pass, &note), STORE_OK);
		ck_assert_int_eq(store_commit(store), STORE_OK);
	}
	store_close(store);
	record_clear(&note);
}

START_TEST(anchors_of_older_versions_get_a_note)
{
	int i = _i / 3;
	sqlite3 *db;

	make_three_sessions();
	copy_to_version(_i % 3 + 1);
	db = connect(OLD_PATH);
	execute(db, purges[i].sql);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);

	append(OLD_PATH, NULL, 0);

	db = connect(OLD_PATH);
	ck_assert_int_eq(query(db, "SELECT client_seq FROM journal WHERE"
	    " seq = 10 AND event = 12 AND session = 0"), 6);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	expect_proof(purges[i].anchor, purges[i].anchor == 0 ? 0 : 10);
	retain();
	expect_proof(6, 10);
	db = connect(OLD_PATH);
	ck_assert_int_eq(query(db, "SELECT min(seq) FROM journal"), 7);
	ck_assert_int_eq(query(db, "SELECT count(*) FROM session"), 1);
	ck_assert_int_eq(query(db, "SELECT count(*) FROM customer"), 1);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, older_version_becomes_what_a_new_database_is,
	    0, 6);
	tcase_add_loop_test(tc, anchors_of_older_versions_get_a_note, 0,
	    3 * PURGES);
	tcase_add_test(tc, log_of_an_older_version_is_taken_in);
	tcase_add_test(tc, migration_that_fails_changes_nothing);
}
