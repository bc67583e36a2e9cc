/*
 * Erasure and retention in the database and its files: what is to be forgotten
 * is in none of their bytes any more, and what is not stays.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "audit/audit.h"
#include "audit/offline_erase.h"
#include "audit/report.h"
#include "audit/verify.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "hub/erasure.h"
#include "hub/hub.h"
#include "hub/job.h"
#include "session/record.h"
#include "session/session.h"
#include "storage/store.h"

#include "storage.h"
#include "suite.h"

const char suite_name[] = "erase";

#define FILE_NAME "check_erase.db"
#define SESSIONS 3
#define DAY_MS UINT64_C(86400000)

static struct store *store;
static struct payload *ids[SESSIONS + 1];
static uint64_t revisions[SESSIONS + 1];
static uint64_t now_ms;
static char database[STORAGE_NAME_BYTES];
/* A server's files are not ours to look into: its rows are, as digits. */
static char *rows;

static void
open_store(void)
{
	ck_assert_int_eq(store_open(database, NULL, &store), STORE_OPENED);
}

static void
setup(void)
{
	char name[8];
	int i;

	log_set_level(LOG_LEVEL_ERROR);
	storage_name(FILE_NAME, database);
	for (i = 1; i <= SESSIONS; i++) {
		(void)snprintf(name, sizeof(name), "s%d", i);
		ids[i] = payload_new(name, strlen(name));
		revisions[i] = 0;
	}
	now_ms = 1000 * DAY_MS;
	open_store();
}

/* What was done here verifies at any time. */
static void
expect_proof(void)
{
	const struct audit_verify_options all = { .from = 0 };
	struct audit_report report;
	enum audit_status status;
	struct audit *audit;

	ck_assert_int_eq(audit_open(database, &audit), AUDIT_OK);
	status = audit_verify(audit, &all, &report);
	ck_assert_msg(status == AUDIT_OK, "%d: row %" PRId64 ": %s", status,
	    report.fault.seq, report.fault.what);
	audit_report_clear(&report);
	audit_close(audit);
}

static void
teardown(void)
{
	int i;

	expect_proof();
	store_close(store);
	for (i = 1; i <= SESSIONS; i++)
		payload_unref(ids[i]);
	storage_remove(database);
	free(rows);
	rows = NULL;
}

static int64_t
query(const char *sql)
{
	return storage_number(database, sql);
}

/* Whether a file has text in its bytes. */
static bool
file_has(const char *path, const char *text)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	char *bytes;
	bool has;

	if (fd == -1)
		return false;
	ck_assert_int_eq(fstat(fd, &st), 0);
	bytes = xcalloc(1, (size_t)st.st_size + 1);
	ck_assert_int_eq(read(fd, bytes, (size_t)st.st_size), st.st_size);
	ck_assert_int_eq(close(fd), 0);
	has = memmem(bytes, (size_t)st.st_size, text, strlen(text)) != NULL;
	free(bytes);
	return has;
}

static void
look(void)
{
	if (storage_is_sqlite())
		return;
	free(rows);
	rows = storage_text(database, "SELECT string_agg(concat("
	    "encode(convert_to(concat(name, ' ', address, ' ', cart), 'UTF8'),"
	    " 'hex'), ' ', encode(request, 'hex')), ' ') FROM journal_body");
}

static bool
rows_have(const char *text)
{
	char digits[2 * 64 + 1] = "";
	size_t i;

	for (i = 0; text[i] != '\0' && i < 64; i++)
		(void)snprintf(digits + 2 * i, 3, "%02x", (uint8_t)text[i]);
	return strstr(rows, digits) != NULL;
}

static bool
files_have(const char *text)
{
	if (!storage_is_sqlite())
		return rows_have(text);
	return file_has(FILE_NAME, text) || file_has(FILE_NAME "-wal", text) ||
	    file_has(FILE_NAME "-shm", text);
}

/* What a record of customer in session i has; customers are numbered. */
static struct record
record_of(enum record_event event, int i, unsigned customer)
{
	struct record record = {
		.event = event,
		.session = payload_ref(ids[i]),
		.session_row = i,
		.incarnation = 1,
		.time_ms = now_ms,
		.transport = TRANSPORT_HTTP,
		.has_customer = event != RECORD_END,
		.customer = { { 7, (uint8_t)customer } },
		.customer_row = (int64_t)customer,
		.salt = { (uint8_t)customer },
	};

	if (!record_is_note(event))
		record.revision = ++revisions[i];
	return record;
}

static void
append(struct record *record)
{
	ck_assert_int_eq(store_append(store, record), STORE_OK);
	record_clear(record);
}

static void
begin(void)
{
	ck_assert_int_eq(store_begin(store), STORE_OK);
}

static void
commit(void)
{
	ck_assert_int_eq(store_commit(store), STORE_OK);
}

/* Customer comes into session i: "Name<customer>", and an address. */
static void
come(int i, unsigned customer)
{
	struct record record = record_of(revisions[i] == 0 ? RECORD_START :
	    RECORD_JOIN, i, customer);
	char name[32];

	(void)snprintf(name, sizeof(name), "Name<%u>", customer);
	record.name = payload_new(name, strlen(name));
	(void)snprintf(record.address, sizeof(record.address),
	    "192.0.2.%u", customer);
	record.has_request = true;
	memset(record.request, 0xb0 + (int)customer, sizeof(record.request));
	append(&record);
}

/* Its n-th cart: "Cart<customer.n>", and some bytes behind. */
static void
fill_cart(int i, unsigned customer, unsigned n, size_t bytes)
{
	struct record record = record_of(RECORD_CART, i, customer);
	char *text = xcalloc(1, bytes + 64);
	int len = snprintf(text, 64, "{\"Cart<%u.%u>\":\"", customer, n);

	memset(text + len, 'c', bytes);
	memcpy(text + len + (int)bytes, "\"}", 2);
	record.cart = payload_new(text, (size_t)len + bytes + 2);
	free(text);
	append(&record);
}

static void
happen(enum record_event event, int i, unsigned customer)
{
	struct record record = record_of(event, i, customer);

	append(&record);
}

/* Two customers of session 1 and one of session 2, with n carts each. */
static void
make_sessions(unsigned n)
{
	unsigned i;

	begin();
	come(1, 1);
	come(1, 2);
	come(2, 3);
	commit();
	for (i = 0; i < n; i++) {
		begin();
		fill_cart(1, 1, i, i * 37 % 9000);
		fill_cart(1, 2, i, i * 41 % 6000);
		fill_cart(2, 3, i, i * 43 % 3000);
		commit();
		ck_assert_int_eq(store_checkpoint(store), STORE_OK);
	}
}

/* All slices of the erasure of customer (0: of all) in session i. */
static size_t
erase(int i, unsigned customer)
{
	struct record note = record_of(RECORD_ERASE, i, customer);
	int64_t upto = 0, after = 0;
	size_t erased, all = 0;

	note.has_customer = customer != 0;
	do {
		begin();
		ck_assert_int_eq(store_erase(store, &note, &upto, &after,
		    &erased), STORE_OK);
		commit();
		all += erased;
		ck_assert_uint_le(erased, 200);
	} while (after != 0);
	record_clear(&note);
	return all;
}

static void
scrub(void)
{
	int64_t upto = 0;

	do {
		ck_assert_int_eq(store_scrub_wal(store, &upto), STORE_OK);
	} while (upto != 0);
}

/* Whether traces of customer are to be found, as they all must be or none. */
static bool
is_remembered(unsigned customer, unsigned carts)
{
	char text[64];
	unsigned i;
	bool has;

	look();
	(void)snprintf(text, sizeof(text), "Name<%u>", customer);
	has = files_have(text);
	(void)snprintf(text, sizeof(text), "192.0.2.%u", customer);
	ck_assert_int_eq(files_have(text), has);
	memset(text, 0xb0 + (int)customer, 32);
	text[32] = '\0';
	ck_assert_int_eq(files_have(text), has);
	for (i = 0; i < carts; i++) {
		(void)snprintf(text, sizeof(text), "Cart<%u.%u>", customer, i);
		ck_assert_msg(files_have(text) == has, "%s", text);
	}
	return has;
}

START_TEST(nothing_of_an_erased_customer_is_in_the_files)
{
	enum { CARTS = 250 };

	make_sessions(CARTS);
	begin();
	happen(RECORD_LEAVE, 1, 2);
	commit();
	ck_assert(is_remembered(2, CARTS));

	ck_assert_uint_eq(erase(1, 2), CARTS + 2);
	scrub();

	ck_assert(!is_remembered(2, CARTS));
	ck_assert(is_remembered(1, CARTS));
	ck_assert(is_remembered(3, CARTS));
	ck_assert_int_eq(query("SELECT count(*) FROM journal_body AS b"
	    " JOIN journal USING (seq) WHERE salt IS NULL AND (session <> 1"
	    " OR customer NOT LIKE '0702%')"), 0);
	ck_assert_int_eq(query("SELECT event FROM journal"
	    " ORDER BY seq DESC LIMIT 1"), RECORD_ERASE);
	/* Repeated there is nothing left but the first note. */
	ck_assert_uint_eq(erase(1, 2), 1);
}
END_TEST

START_TEST(nothing_of_an_erased_session_is_in_the_files)
{
	enum { CARTS = 150 };

	make_sessions(CARTS);
	begin();
	happen(RECORD_END, 1, 0);
	commit();

	ck_assert_uint_eq(erase(1, 0), 2 * CARTS + 3);
	scrub();

	ck_assert(!is_remembered(1, CARTS));
	ck_assert(!is_remembered(2, CARTS));
	ck_assert(is_remembered(3, CARTS));
}
END_TEST

START_TEST(whom_nobody_knows_is_not_noted)
{
	struct record note;
	int64_t upto = 0, after = 0;
	size_t erased;
	int i;

	make_sessions(1);
	for (i = 1; i <= 3; i++) {
		note = record_of(RECORD_ERASE, i, 9);
		note.has_customer = i != 3;
		begin();
		ck_assert_int_eq(store_erase(store, &note, &upto, &after,
		    &erased), STORE_OK);
		commit();
		ck_assert_int_eq(upto, 0);
		ck_assert_int_eq(after, 0);
		ck_assert_uint_eq(erased, 0);
		record_clear(&note);
	}
	ck_assert_int_eq(query("SELECT count(*) FROM journal"
	    " WHERE event = 10"), 0);
}
END_TEST

/* What is said while an erasure goes on comes after it. */
START_TEST(an_erasure_stops_at_its_own_note)
{
	struct record note = record_of(RECORD_ERASE, 1, 2);
	int64_t upto = 0, after = 0;
	size_t erased;

	make_sessions(250);
	do {
		begin();
		ck_assert_int_eq(store_erase(store, &note, &upto, &after,
		    &erased), STORE_OK);
		fill_cart(1, 2, 1000 + (unsigned)erased, 10);
		commit();
	} while (after != 0);
	scrub();

	look();
	ck_assert(!files_have("Cart<2.249>"));
	ck_assert(files_have("Cart<2.1200>"));
	record_clear(&note);
}
END_TEST

START_TEST(a_reader_puts_the_scrub_off)
{
	sqlite3_stmt *row;
	int64_t upto = 0;
	sqlite3 *db;

	make_sessions(20);
	ck_assert_int_eq(sqlite3_open(FILE_NAME, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT seq FROM journal", -1,
	    &row, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
	ck_assert_uint_eq(erase(1, 2), 21);

	ck_assert_int_eq(store_scrub_wal(store, &upto), STORE_REFUSED);
	ck_assert_int_eq(upto, 0);
	ck_assert(files_have("Cart<2.1>"));
	/* The reader sees what was there when it began, and others write. */
	ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
	begin();
	fill_cart(1, 1, 1000, 10);
	commit();
	ck_assert_int_eq(sqlite3_finalize(row), SQLITE_OK);
	scrub();
	ck_assert(!is_remembered(2, 20));
	ck_assert(files_have("Cart<1.1000>"));
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}
END_TEST

/* Many slices, with commits in between, and all of them are there after. */
START_TEST(a_large_log_is_overwritten_while_others_write)
{
	int64_t upto = 0;
	unsigned n = 0;
	struct stat st;

	begin();
	come(1, 1);
	come(1, 2);
	for (n = 0; n < 24; n++)
		fill_cart(1, 1, n, 1 << 20);
	commit();
	ck_assert_int_eq(stat(FILE_NAME "-wal", &st), 0);
	ck_assert_int_gt(st.st_size, 24 << 20);
	ck_assert_uint_eq(erase(1, 1), 25);
	n = 0;
	do {
		ck_assert_int_eq(store_scrub_wal(store, &upto), STORE_OK);
		begin();
		fill_cart(1, 2, n++, 5000);
		commit();
	} while (upto != 0);
	ck_assert_uint_gt(n, 5);

	ck_assert(!is_remembered(1, 24));
	ck_assert_int_eq(query("SELECT count(*) FROM journal_body"
	    " WHERE cart IS NOT NULL"), n);
	ck_assert_int_eq(query("SELECT count(*) FROM pragma_integrity_check"
	    " WHERE integrity_check <> 'ok'"), 0);
}
END_TEST

/* The process dies with the log as it is; the next one finds everything. */
START_TEST(a_crash_in_a_scrub_harms_nothing)
{
	unsigned char *bytes = xcalloc(1, 64 << 20);
	int64_t upto = 0;
	ssize_t len, wal_len;
	int fd;

	make_sessions(100);
	ck_assert_uint_eq(erase(1, 2), 101);
	ck_assert_int_eq(store_scrub_wal(store, &upto), STORE_OK);
	begin();
	fill_cart(1, 1, 777, 10);
	commit();
	fd = open(FILE_NAME, O_RDONLY);
	len = read(fd, bytes, 32 << 20);
	ck_assert_int_eq(close(fd), 0);
	fd = open(FILE_NAME "-wal", O_RDONLY);
	wal_len = read(fd, bytes + (32 << 20), 32 << 20);
	ck_assert_int_eq(close(fd), 0);
	store_close(store);
	fd = open(FILE_NAME, O_WRONLY | O_TRUNC);
	ck_assert_int_eq(write(fd, bytes, (size_t)len), len);
	ck_assert_int_eq(close(fd), 0);
	fd = open(FILE_NAME "-wal", O_WRONLY | O_CREAT, 0600);
	ck_assert_int_eq(write(fd, bytes + (32 << 20), (size_t)wal_len),
	    wal_len);
	ck_assert_int_eq(close(fd), 0);
	free(bytes);

	open_store();
	ck_assert(!is_remembered(2, 100));
	ck_assert(files_have("Cart<1.777>"));
	ck_assert_int_eq(query("SELECT count(*) FROM pragma_integrity_check"
	    " WHERE integrity_check <> 'ok'"), 0);
}
END_TEST

START_TEST(without_a_daemon_the_same_is_done)
{
	struct customer_id customer = { { 7, 2 } };
	struct erasure erasure;

	make_sessions(30);
	ck_assert_int_eq(offline_erase(database, ids[1], &customer, 0,
	    &erasure), STORE_IN_USE);
	store_close(store);

	ck_assert_int_eq(offline_erase(database, ids[1], &customer, 0,
	    &erasure), STORE_OPENED);
	ck_assert_int_eq(erasure.state, ERASURE_DONE);
	ck_assert_uint_eq(erasure.bodies, 32);
	ck_assert_int_eq(offline_erase(database, ids[3], NULL, 0, &erasure),
	    STORE_OPENED);
	ck_assert_int_eq(erasure.state, ERASURE_NOT_FOUND);
	open_store();
	ck_assert(!is_remembered(2, 30));
	ck_assert(is_remembered(1, 30));
	/* Leaving first, then the note. */
	ck_assert_int_eq(query("SELECT group_concat(event) = '5,10'"
	    " FROM journal WHERE seq > 93"), 1);
}
END_TEST

/* A pass of retention: bodies and rows before these times go. */
static void
retain(uint64_t bodies_ms, uint64_t rows_ms)
{
	struct retention pass = {
		.now_ms = now_ms,
		.bodies_ms = bodies_ms,
		.rows_ms = rows_ms,
	};
	struct record note = {
		.event = RECORD_RETAIN,
		.session = payload_new("", 0),
		.time_ms = now_ms,
		.client_seq = bodies_ms,
	};
	unsigned n = 0;

	while (pass.step != RETENTION_OVER) {
		begin();
		ck_assert_int_eq(store_purge(store, &pass, &note), STORE_OK);
		commit();
		ck_assert_uint_lt(++n, 10000);
	}
	record_clear(&note);
}

START_TEST(old_bodies_go_unless_something_points_to_them)
{
	make_sessions(300);
	now_ms += 10 * DAY_MS;
	begin();
	fill_cart(1, 1, 300, 10);
	commit();

	retain(now_ms - 5 * DAY_MS, 0);

	/* Names, the last carts, and the note. */
	ck_assert_int_eq(query("SELECT count(*) FROM journal_body"),
	    3 + 3 + 1);
	ck_assert_int_eq(query("SELECT count(*) FROM journal_body"
	    " WHERE name IS NOT NULL"), 3);
	ck_assert_int_eq(query("SELECT count(*) FROM customer WHERE name_seq"
	    " NOT IN (SELECT seq FROM journal_body WHERE salt IS NOT NULL)"
	    " OR cart_seq NOT IN (SELECT seq FROM journal_body"
	    " WHERE salt IS NOT NULL)"), 0);
	ck_assert_int_eq(query("SELECT count(*) FROM journal WHERE event = 11"
	    " AND session = 0 AND client_seq = 86832000000"), 1);
	/* There is nothing to do, and nothing to note. */
	retain(now_ms - 5 * DAY_MS, 0);
	ck_assert_int_eq(query("SELECT count(*) FROM journal"
	    " WHERE event = 11"), 1);
	/* The cart that something pointed to is old and forgotten now. */
	begin();
	fill_cart(1, 2, 300, 10);
	commit();
	retain(now_ms - 5 * DAY_MS, 0);
	ck_assert_int_eq(query("SELECT count(*) FROM journal"
	    " WHERE event = 11"), 2);
}
END_TEST

/* What was in use when a pass was noted is explained by another note. */
START_TEST(what_is_let_go_of_in_a_pass_is_noted_again)
{
	struct retention pass = { .step = RETENTION_PURGE };
	struct record note = {
		.event = RECORD_RETAIN,
		.session = payload_new("", 0),
	};

	make_sessions(300);
	now_ms += 10 * DAY_MS;
	pass.now_ms = note.time_ms = now_ms;
	pass.bodies_ms = note.client_seq = now_ms - 5 * DAY_MS;
	while (!pass.has_bodies) {
		begin();
		ck_assert_int_eq(store_purge(store, &pass, &note), STORE_OK);
		if (pass.body_row < 900 && revisions[1] < 603)
			fill_cart(1, 2, 300, 10);
		commit();
		expect_proof();
	}

	ck_assert_int_eq(query("SELECT count(*) FROM journal_body"
	    " WHERE seq = 902"), 0);
	ck_assert_int_eq(query("SELECT count(*) FROM journal"
	    " WHERE event = 11"), 2);
	record_clear(&note);
}
END_TEST

START_TEST(notes_alone_are_no_reason_for_a_note)
{
	make_sessions(2);
	now_ms += 10 * DAY_MS;
	retain(now_ms, 0);
	now_ms += 10 * DAY_MS;
	retain(now_ms, 0);
	ck_assert_int_eq(query("SELECT count(*) FROM journal"
	    " WHERE event = 11"), 1);
}
END_TEST

/* It names a key and has an address, though it changes nothing. */
START_TEST(a_call_is_a_reason_for_a_note)
{
	struct record call;
	int64_t notes;

	make_sessions(1);
	now_ms += 10 * DAY_MS;
	retain(now_ms, 0);
	notes = query("SELECT count(*) FROM journal WHERE event = 11");
	call = record_of(RECORD_CALL, 1, 1);
	call.call = RECORD_CALL_REMOVE;
	call.name = payload_new("shop", 4);
	begin();
	append(&call);
	commit();
	now_ms += 10 * DAY_MS;

	retain(now_ms, 0);

	ck_assert_int_eq(query("SELECT count(*) FROM journal_body"
	    " JOIN journal USING (seq) WHERE event = 15"), 0);
	ck_assert_int_eq(query("SELECT count(*) FROM journal"
	    " WHERE event = 11"), notes + 1);
}
END_TEST

/* A clock that was wrong for a while keeps nothing for ever. */
START_TEST(rows_from_the_future_are_passed_over)
{
	uint64_t then_ms = now_ms;

	make_sessions(2);
	now_ms = then_ms + 1000 * DAY_MS;
	begin();
	fill_cart(1, 1, 2, 10);
	commit();
	now_ms = then_ms;
	begin();
	fill_cart(1, 1, 3, 10);
	fill_cart(1, 1, 4, 10);
	commit();
	now_ms = then_ms + 10 * DAY_MS;

	retain(now_ms - DAY_MS, 0);

	ck_assert_int_eq(query("SELECT count(*) FROM journal_body WHERE cart"
	    " LIKE '%Cart<1.3>%' OR cart LIKE '%Cart<1.0>%'"), 0);
	ck_assert_int_eq(query("SELECT count(*) FROM journal_body WHERE cart"
	    " LIKE '%Cart<1.2>%' OR cart LIKE '%Cart<1.4>%'"), 2);
}
END_TEST

static void
end_session(int i)
{
	begin();
	happen(RECORD_END, i, 0);
	commit();
}

START_TEST(old_rows_go_below_an_anchor)
{
	make_sessions(300);
	end_session(1);
	end_session(2);
	now_ms += 10 * DAY_MS;
	begin();
	come(3, 4);
	commit();

	retain(0, now_ms - DAY_MS);

	ck_assert_int_eq(query("SELECT min(seq) FROM journal"), 906);
	ck_assert_int_eq(query("SELECT min(seq) FROM journal_body"), 906);
	ck_assert_int_eq(query("SELECT max(seq) FROM journal"), 907);
	ck_assert_int_eq(query("SELECT count(*) FROM journal WHERE seq = 907"
	    " AND event = 12 AND session = 0 AND client_seq = 905"), 1);
	ck_assert_int_eq(query("SELECT seq FROM chain_anchor"), 905);
	ck_assert_int_eq(query("SELECT id FROM session"), 3);
	ck_assert_int_eq(query("SELECT id FROM customer"), 4);
	/* What is old is gone: nothing to note. */
	retain(0, now_ms - DAY_MS);
	ck_assert_int_eq(query("SELECT max(seq) FROM journal"), 907);
	ck_assert_int_eq(query("SELECT count(*) FROM chain_anchor"), 1);
	/* The chain goes on where it was. */
	store_close(store);
	open_store();
	begin();
	fill_cart(3, 4, 0, 10);
	commit();
	ck_assert_int_eq(query("SELECT max(seq) FROM journal"), 908);
}
END_TEST

START_TEST(rows_of_what_still_runs_stay_and_all_behind)
{
	make_sessions(10);
	end_session(2);
	now_ms += 10 * DAY_MS;

	retain(0, now_ms - DAY_MS);
	ck_assert_int_eq(query("SELECT count(*) FROM journal"), 34);
	ck_assert_int_eq(query("SELECT count(*) FROM chain_anchor"), 0);

	end_session(1);
	retain(0, now_ms - DAY_MS);
	/* That session 1 ended, and the note, are news; the rest was old. */
	ck_assert_int_eq(query("SELECT count(*) FROM journal"), 2);
	ck_assert_int_eq(query("SELECT id FROM session"), 1);
	ck_assert_int_eq(query("SELECT count(*) FROM customer"), 0);
	now_ms += 10 * DAY_MS;
	retain(0, now_ms - DAY_MS);
	ck_assert_int_eq(query("SELECT count(*) FROM session"), 0);
	/* Of notes alone the newest stays, and is no reason for another. */
	ck_assert_int_eq(query("SELECT count(*) FROM journal"), 1);
	now_ms += 10 * DAY_MS;
	retain(0, now_ms - DAY_MS);
	ck_assert_int_eq(query("SELECT count(*) FROM journal"), 1);
	ck_assert_int_eq(query("SELECT max(seq) FROM journal"), 37);
}
END_TEST

START_TEST(purge_that_was_interrupted_goes_on)
{
	struct record note = {
		.event = RECORD_RETAIN,
		.session = payload_new("", 0),
	};
	struct retention pass;

	make_sessions(200);
	end_session(1);
	end_session(2);
	now_ms += 10 * DAY_MS;
	pass = (struct retention){
		.now_ms = now_ms,
		.rows_ms = now_ms - DAY_MS,
		.has_bodies = true,
	};
	while (query("SELECT min(seq) FROM journal") == 1) {
		begin();
		ck_assert_int_eq(store_purge(store, &pass, &note), STORE_OK);
		commit();
		expect_proof();
	}
	store_close(store);
	open_store();

	/* What is noted goes, also if less would be old by now. */
	retain(0, 1);

	ck_assert_int_eq(query("SELECT count(*) FROM journal"), 1);
	ck_assert_int_eq(query("SELECT event FROM journal"), RECORD_PURGE);
	ck_assert_int_eq(query("SELECT count(*) FROM chain_anchor"), 1);
	record_clear(&note);
}
END_TEST

START_TEST(what_an_erasure_has_emptied_goes_without_a_note)
{
	begin();
	come(1, 1);
	commit();
	end_session(1);
	ck_assert_uint_eq(erase(1, 0), 2);
	now_ms += 10 * DAY_MS;

	retain(now_ms - DAY_MS, 0);

	ck_assert_int_eq(query("SELECT count(*) FROM journal"), 3);
	ck_assert_int_eq(query("SELECT seq FROM journal_body"), 3);
}
END_TEST

/* Whoever reads it sees nothing old any more, nor a pass that is half done. */
START_TEST(pass_that_a_restart_cut_off_is_done_by_the_next)
{
	struct record note = {
		.event = RECORD_RETAIN,
		.session = payload_new("", 0),
	};
	struct retention pass = { .step = RETENTION_PURGE };

	make_sessions(400);
	end_session(2);
	now_ms += 10 * DAY_MS;
	pass.now_ms = note.time_ms = now_ms;
	pass.bodies_ms = note.client_seq = now_ms - DAY_MS;
	begin();
	ck_assert_int_eq(store_purge(store, &pass, &note), STORE_OK);
	commit();
	ck_assert(!pass.has_bodies);
	store_close(store);
	open_store();
	expect_proof();

	retain(now_ms - DAY_MS, 0);

	/* Names and last carts of session 1, and two notes. */
	ck_assert_int_eq(query("SELECT count(*) FROM journal_body"), 4 + 2);
	ck_assert_int_eq(query("SELECT count(*) FROM customer"
	    " WHERE request IS NOT NULL"), 2);
	ck_assert_int_eq(query("SELECT count(*) FROM journal"
	    " WHERE event = 11"), 2);
	record_clear(&note);
}
END_TEST

/* A session that is over, of n carts. */
static void
pass_through(int row, unsigned n)
{
	unsigned i;

	revisions[1] = 0;
	for (i = 0; i < n + 2; i++) {
		struct record record = record_of(i == 0 ? RECORD_START :
		    i == n + 1 ? RECORD_END : RECORD_CART, 1, 1);
		char name[16];

		(void)snprintf(name, sizeof(name), "row%d", row);
		payload_unref(record.session);
		record.session = payload_new(name, strlen(name));
		record.session_row = row;
		record.customer_row = row;
		if (i == 0)
			record.name = payload_new("Ann", 3);
		else if (i <= n)
			record.cart = payload_new("{}", 2);
		append(&record);
	}
}

/*
 * One slice in each transaction, as in a daemon that is never idle: more is
 * written with each than a slice deletes at the least.  Bodies go after four
 * days, rows after eight.
 */
START_TEST(retention_keeps_pace_with_what_is_written)
{
	const int days = storage_is_sqlite() ? 60 : 16;
	const unsigned per_day = storage_is_sqlite() ? 2000 : 500;
	struct retention pass = { .step = RETENTION_OVER };
	struct record note = {
		.event = RECORD_RETAIN,
		.session = payload_new("", 0),
	};
	int day;

	for (day = 1; day <= days; day++) {
		now_ms += DAY_MS;
		if (pass.step == RETENTION_OVER)
			pass = (struct retention){
				.now_ms = now_ms,
				.bodies_ms = now_ms - 4 * DAY_MS,
				.rows_ms = now_ms - 8 * DAY_MS,
			};
		note.time_ms = pass.now_ms;
		note.client_seq = pass.bodies_ms;
		begin();
		pass_through(day, per_day - 2);
		ck_assert_int_eq(store_purge(store, &pass, &note), STORE_OK);
		commit();
		ck_assert_int_lt(query("SELECT count(*) FROM journal_body"
		    " WHERE salt IS NOT NULL"), 10 * per_day);
		ck_assert_int_lt(query("SELECT count(*) FROM journal"),
		    14 * per_day);
	}
	ck_assert_int_eq(query("SELECT count(*) FROM session"),
	    query("SELECT count(DISTINCT session) FROM journal"
	    " WHERE session > 0"));
	record_clear(&note);
}
END_TEST

START_TEST(what_stays_free_is_given_back_in_steps)
{
	int64_t full, before, after;

	make_sessions(300);
	end_session(1);
	end_session(2);
	full = query("PRAGMA page_count");
	now_ms += 10 * DAY_MS;
	retain(now_ms - DAY_MS, now_ms - DAY_MS);
	/* It may be needed again: the pass before saw no page free. */
	ck_assert_int_ge(query("PRAGMA page_count"), full);
	ck_assert_int_gt(query("PRAGMA freelist_count"), full / 2);
	begin();
	come(3, 4);
	commit();

	before = query("PRAGMA page_count");
	retain(now_ms - DAY_MS, 0);

	after = query("PRAGMA page_count");
	ck_assert_int_lt(after, before / 2);
	/* A reserve stays, but for what the notes of the pass take of it. */
	ck_assert_int_ge(query("PRAGMA freelist_count"), before / 8 - 4);
	store_close(store);
	ck_assert_int_eq(query("PRAGMA page_count"), after);
	open_store();
}
END_TEST

START_TEST(note_of_an_unknown_session_is_not_stored)
{
	struct record note = record_of(RECORD_REFUSED, 2, 1);

	begin();
	come(1, 1);
	ck_assert_int_eq(store_note(store, &note), STORE_OK);
	note.session_row = 1;
	ck_assert_int_eq(store_note(store, &note), STORE_OK);
	commit();

	ck_assert_int_eq(query("SELECT count(*) FROM journal"), 1);
	record_clear(&note);
}
END_TEST

void
suite_add(TCase *tc)
{
	TCase *waiting = tc;

	storage_need();
	tcase_add_checked_fixture(tc, setup, teardown);
	/* For the lease that a daemon has of a server. */
	if (!storage_is_sqlite()) {
		waiting = suite_waiting_case();
		tcase_add_checked_fixture(waiting, setup, teardown);
	}
	tcase_add_test(tc, nothing_of_an_erased_customer_is_in_the_files);
	tcase_add_test(tc, nothing_of_an_erased_session_is_in_the_files);
	tcase_add_test(tc, whom_nobody_knows_is_not_noted);
	tcase_add_test(tc, an_erasure_stops_at_its_own_note);
	if (storage_stands_for_sqlite("its log, and free pages of its file")) {
		tcase_add_test(tc, a_reader_puts_the_scrub_off);
		tcase_add_test(tc,
		    a_large_log_is_overwritten_while_others_write);
		tcase_add_test(tc, a_crash_in_a_scrub_harms_nothing);
		tcase_add_test(tc, what_stays_free_is_given_back_in_steps);
	}
	tcase_add_test(waiting, without_a_daemon_the_same_is_done);
	tcase_add_test(tc, old_bodies_go_unless_something_points_to_them);
	tcase_add_test(tc, what_is_let_go_of_in_a_pass_is_noted_again);
	tcase_add_test(tc, notes_alone_are_no_reason_for_a_note);
	tcase_add_test(tc, a_call_is_a_reason_for_a_note);
	tcase_add_test(tc, rows_from_the_future_are_passed_over);
	tcase_add_test(tc, old_rows_go_below_an_anchor);
	tcase_add_test(tc, rows_of_what_still_runs_stay_and_all_behind);
	tcase_add_test(tc, purge_that_was_interrupted_goes_on);
	tcase_add_test(tc, what_an_erasure_has_emptied_goes_without_a_note);
	tcase_add_test(tc, pass_that_a_restart_cut_off_is_done_by_the_next);
	tcase_add_test(tc, retention_keeps_pace_with_what_is_written);
	tcase_add_test(tc, note_of_an_unknown_session_is_not_stored);
}
