/*
 * The real store on a disk that loses power and makes errors.  What was
 * acknowledged has to be there afterwards, and nothing in part.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <nettle/sha2.h>
#include <sqlite3.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "hub/job.h"
#include "session/record.h"
#include "storage/store.h"

#include "crash_vfs.h"
#include "suite.h"

const char suite_name[] = "crash";

enum {
	CUSTOMERS = 3,
	TRANSACTIONS = 160,
	CHECKPOINT_EVERY = 30,		/* transactions */
	RECORDS_MAX = 4,		/* of a transaction */
	OLD_ROWS = 700,			/* more than one slice deletes */
	CART_MAX = 1500,
	CUTS = 1000,
	DIRECTORY_BYTES = 64,
	PATH_BYTES = 128
};

/* A directory with a database that transactions are written to. */
struct life {
	struct crash_vfs *vfs;
	struct crash_vfs *after;	/* used on what the failure left */
	char	 directory[DIRECTORY_BYTES];
	char	 path[PATH_BYTES];
	char ruin[DIRECTORY_BYTES]; /* directory of the disk's images */
	char	 ruined[PATH_BYTES];	/* the database in it */
	struct store *store;
	struct payload *session;
	uint64_t revision;
	uint64_t random;
	size_t moments[TRANSACTIONS]; /* when each was acknowledged */
	int64_t	 records[TRANSACTIONS];	/* in all, after each */
	int64_t	 record_count;
	int64_t erased[TRANSACTIONS]; /* customer 2 up to there, after each */
	int64_t	 erased_upto;
};

/* When everything began, and began in the session that has ended. */
#define BEGIN_MS UINT64_C(1700000000000)
#define OLD_MS UINT64_C(1600000000000)

static const char vfs_name[] = "crash";
static const char after_name[] = "after";

/* Failures are what is tested here, and there are thousands of them. */
static void
silence_log(void)
{
	log_set_level(0);
}

static void
make_directory(char path[DIRECTORY_BYTES])
{
	static const char pattern[] = "check_crash.XXXXXX";

	memcpy(path, pattern, sizeof(pattern));
	ck_assert_ptr_nonnull(mkdtemp(path));
}

static void
path_in(char out[PATH_BYTES], const char directory[DIRECTORY_BYTES])
{
	(void)snprintf(out, PATH_BYTES, "%s/x.db", directory); /* fits */
}

static void
life_init(struct life *life)
{
	*life = (struct life){ .random = 88172645463325252 };
	silence_log();
	make_directory(life->directory);
	make_directory(life->ruin);
	path_in(life->path, life->directory);
	path_in(life->ruined, life->ruin);
	life->vfs = crash_vfs_new(vfs_name, CRASH_REMEMBERS);
	life->after = crash_vfs_new(after_name, CRASH_FORGETS);
}

/* The database is whole before its life begins. */
static void
life_start(struct life *life)
{
	life_init(life);
	ck_assert_int_eq(store_open(life->path, vfs_name, &life->store),
	    STORE_OPENED);
	store_close(life->store);
	crash_vfs_forget(life->vfs);
	life->session = payload_new("atelier", 7);
	ck_assert_int_eq(store_open(life->path, vfs_name, &life->store),
	    STORE_OPENED);
}

static void
remove_database(const char *path)
{
	static const char *const suffixes[] = {
		"", "-wal", "-shm", "-journal", ".lock", ".new", ".key",
	};
	char name[PATH_BYTES + 16];
	size_t i;

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		(void)unlink(name); /* most are not there */
	}
}

static void
life_clear(struct life *life)
{
	crash_vfs_free(life->vfs);
	crash_vfs_free(life->after);
	payload_unref(life->session);
	remove_database(life->path);
	remove_database(life->ruined);
	ck_assert_int_eq(rmdir(life->directory), 0);
	ck_assert_int_eq(rmdir(life->ruin), 0);
}

static struct record
next_record(struct life *life, enum record_event event, int64_t customer)
{
	struct record record = {
		.session = payload_ref(life->session),
		.session_row = 1,
		.incarnation = 1,
		.revision = ++life->revision,
		.time_ms = BEGIN_MS + life->revision,
		.event = event,
		.transport = TRANSPORT_WEBSOCKET,
		.has_customer = true,
		.customer = { { 1, 2, 3, (uint8_t)customer } },
		.customer_row = customer,
		.has_token = true,
		.client_seq = event == RECORD_CART ? life->revision : 0,
		.salt = { (uint8_t)life->revision },
		.address = "192.0.2.1",
	};

	return record;
}

static struct payload *
random_cart(struct life *life)
{
	size_t len = 2 + (size_t)crash_random(&life->random, CART_MAX);
	char *text = xcalloc(1, len);
	struct payload *cart;

	memset(text, 'a' + (int)crash_random(&life->random, 26), len);
	cart = payload_new(text, len);
	free(text);
	return cart;
}

/* Each customer comes first; carts follow, and some readiness. */
static struct record
random_record(struct life *life)
{
	int64_t customer = (int64_t)life->revision + 1;
	struct record record;

	if (customer <= CUSTOMERS) {
		record = next_record(life, customer == 1 ? RECORD_START :
		    RECORD_JOIN, customer);
		record.name = payload_new("Ann", 3);
		return record;
	}
	customer = 1 + (int64_t)crash_random(&life->random, CUSTOMERS);
	if (crash_random(&life->random, 8) == 0) {
		record = next_record(life, RECORD_READY, customer);
		record.is_ready = crash_random(&life->random, 2) == 0;
		return record;
	}
	record = next_record(life, RECORD_CART, customer);
	record.cart = random_cart(life);
	return record;
}

static enum store_status
write_records(struct life *life, struct record *records, size_t n)
{
	enum store_status status = store_begin(life->store);
	size_t i;

	for (i = 0; i < n && status == STORE_OK; i++)
		status = store_append(life->store, &records[i]);
	return status == STORE_OK ? store_commit(life->store) : status;
}

/* Transaction number has made it. */
static enum store_status
acknowledge(struct life *life, size_t number)
{
	life->records[number] = life->record_count;
	life->erased[number] = life->erased_upto;
	life->moments[number] = crash_vfs_now(life->vfs);
	return store_checkpoint(life->store);
}

/* Write transaction number, again as long as it is refused. */
static enum store_status
write_transaction(struct life *life, size_t number)
{
	struct record records[RECORDS_MAX];
	size_t i, n = 1 + (size_t)crash_random(&life->random, RECORDS_MAX);
	enum store_status status;

	for (i = 0; i < n; i++)
		records[i] = random_record(life);
	do
		status = write_records(life, records, n);
	while (status == STORE_REFUSED);
	for (i = 0; i < n; i++)
		record_clear(&records[i]);
	if (status != STORE_OK)
		return status;
	life->record_count += (int64_t)n;
	return acknowledge(life, number);
}

static sqlite3 *
connect(const char *path, const char *vfs)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE, vfs), SQLITE_OK);
	return db;
}

/* The number that sql yields, or -1 if that fails. */
static int64_t
query(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement;
	int64_t value = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		return -1;
	if (sqlite3_step(statement) == SQLITE_ROW)
		value = sqlite3_column_int64(statement, 0);
	if (sqlite3_finalize(statement) != SQLITE_OK)
		return -1;
	return value;
}

static void
hash_little_endian(struct sha256_ctx *ctx, uint64_t value, unsigned bytes)
{
	uint8_t byte;

	for (; bytes > 0; bytes--, value >>= 8) {
		byte = value & 0xff;
		sha256_update(ctx, 1, &byte);
	}
}

static void
hash_column(struct sha256_ctx *ctx, sqlite3_stmt *row, int column)
{
	size_t n = (size_t)sqlite3_column_bytes(row, column);

	if (sqlite3_column_type(row, column) == SQLITE_NULL) {
		hash_little_endian(ctx, 0xffffffff, 4);
		return;
	}
	hash_little_endian(ctx, n, 4);
	sha256_update(ctx, n, sqlite3_column_blob(row, column));
}

static void
hash_id(struct sha256_ctx *ctx, sqlite3_stmt *row, int column)
{
	struct customer_id id = { { 0 } };
	const char *digits = sqlite3_column_blob(row, column);

	if (digits != NULL)
		ck_assert_int_eq(customer_id_parse(digits, ID_CUSTOMER_HEX,
		    &id), 0);
	sha256_update(ctx, sizeof(id.bytes), id.bytes);
}

/* Columns of a row for the verifier, which goes by sql/schema.sql alone. */
static const char chain_sql[] =
    "SELECT j.seq, j.session, j.incarnation, j.revision, j.event, j.ts_ms,"
    " j.transport, j.flags, j.client_seq, ifnull(s.name, ''), j.customer,"
    " j.displaced, j.digest, j.hash, b.salt, b.name, b.address, b.cart,"
    " b.request FROM journal AS j LEFT JOIN session AS s ON s.id = j.session"
    " LEFT JOIN journal_body AS b ON b.seq = j.seq WHERE j.seq > ?"
    " ORDER BY j.seq";

enum {
	COLUMN_NAME = 9,
	COLUMN_CUSTOMER,
	COLUMN_DISPLACED,
	COLUMN_DIGEST,
	COLUMN_HASH,
	COLUMN_SALT,
	COLUMN_BODY,
	COLUMNS = COLUMN_BODY + 4
};

static void
verify_digest(sqlite3_stmt *row)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx ctx;
	int i;

	if (sqlite3_column_type(row, COLUMN_SALT) == SQLITE_NULL)
		return;
	sha256_init(&ctx);
	sha256_update(&ctx, 16, sqlite3_column_blob(row, COLUMN_SALT));
	for (i = COLUMN_BODY; i < COLUMNS; i++)
		hash_column(&ctx, row, i);
	sha256_digest(&ctx, sizeof(digest), digest);
	ck_assert_mem_eq(digest, sqlite3_column_blob(row, COLUMN_DIGEST),
	    sizeof(digest));
}

static void
verify_hash(sqlite3_stmt *row, uint8_t hash[SHA256_DIGEST_SIZE])
{
	struct sha256_ctx ctx;
	int i;

	sha256_init(&ctx);
	sha256_update(&ctx, SHA256_DIGEST_SIZE, hash);
	for (i = 0; i < COLUMN_NAME; i++)
		hash_little_endian(&ctx,
		    (uint64_t)sqlite3_column_int64(row, i), 8);
	hash_column(&ctx, row, COLUMN_NAME);
	hash_id(&ctx, row, COLUMN_CUSTOMER);
	hash_id(&ctx, row, COLUMN_DISPLACED);
	sha256_update(&ctx, SHA256_DIGEST_SIZE,
	    sqlite3_column_blob(row, COLUMN_DIGEST));
	sha256_digest(&ctx, SHA256_DIGEST_SIZE, hash);
	ck_assert_mem_eq(hash, sqlite3_column_blob(row, COLUMN_HASH),
	    SHA256_DIGEST_SIZE);
}

/* Where the chain begins: hash is that of the row before. */
static int64_t
first_row(sqlite3 *db, uint8_t hash[SHA256_DIGEST_SIZE])
{
	sqlite3_stmt *row;
	int64_t seq = 0;

	memset(hash, 0, SHA256_DIGEST_SIZE);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT seq, hash"
	    " FROM chain_anchor ORDER BY seq DESC LIMIT 1", -1, &row, NULL),
	    SQLITE_OK);
	if (sqlite3_step(row) == SQLITE_ROW) {
		seq = sqlite3_column_int64(row, 0);
		memcpy(hash, sqlite3_column_blob(row, 1), SHA256_DIGEST_SIZE);
	}
	ck_assert_int_eq(sqlite3_finalize(row), SQLITE_OK);
	return seq;
}

/* The number of the last row of an unbroken chain. */
static int64_t
verify_chain(sqlite3 *db)
{
	uint8_t hash[SHA256_DIGEST_SIZE];
	int64_t seq = first_row(db, hash);
	sqlite3_stmt *row;

	ck_assert_int_eq(sqlite3_prepare_v2(db, chain_sql, -1, &row, NULL),
	    SQLITE_OK);
	ck_assert_int_eq(sqlite3_bind_int64(row, 1, seq), SQLITE_OK);
	while (sqlite3_step(row) == SQLITE_ROW) {
		ck_assert_int_eq(sqlite3_column_int64(row, 0), ++seq);
		verify_digest(row);
		verify_hash(row, hash);
	}
	ck_assert_int_eq(sqlite3_finalize(row), SQLITE_OK);
	return seq;
}

/* Questions whose answer is 0 in a database that hangs together. */
static const char *const contradictions[] = {
	"SELECT count(*) FROM journal_body WHERE seq NOT IN"
	" (SELECT seq FROM journal)",
	"SELECT count(*) FROM session WHERE revision <>"
	" (SELECT max(revision) FROM journal WHERE session = session.id)",
	"SELECT count(*) FROM session WHERE ended_ms IS NULL AND revision <>"
	" (SELECT count(*) FROM journal WHERE session = session.id"
	" AND event < 9)",
	"SELECT count(*) FROM session WHERE last_seq IS NOT"
	" (SELECT max(seq) FROM journal WHERE session = session.id)",
	/* What it led to may have been purged. */
	"SELECT count(*) FROM (SELECT previous_seq, (SELECT max(seq)"
	"  FROM journal WHERE session = j.session AND session <> 0"
	"  AND seq < j.seq) AS before FROM journal AS j)"
	" WHERE previous_seq IS NOT before AND (before IS NOT NULL OR"
	"  previous_seq > ifnull((SELECT max(seq) FROM chain_anchor), 0))",
	"SELECT count(*) FROM customer WHERE state = 0 AND cart_seq IS NOT"
	" (SELECT max(seq) FROM journal WHERE customer = cid AND event = 3)",
	"SELECT count(*) FROM journal AS j LEFT JOIN journal_body USING (seq)"
	" WHERE salt IS NULL AND NOT EXISTS (SELECT 1 FROM journal AS n"
	"  WHERE n.seq > j.seq AND (n.event = 11 AND j.ts_ms < n.client_seq"
	"  OR n.event = 10 AND n.session = j.session"
	"  AND n.customer = j.customer))",
	"SELECT count(*) FROM journal_body WHERE salt IS NULL"
	" AND coalesce(name, address, cart, request) IS NOT NULL",
	"SELECT count(*) FROM customer WHERE is_ready <> ifnull("
	" (SELECT flags & 1 FROM journal WHERE customer = cid AND event = 4"
	" ORDER BY seq DESC LIMIT 1), 0)",
	"SELECT (SELECT count(*) FROM customer) <>"
	" (SELECT count(*) FROM journal WHERE event < 3)",
	"SELECT count(*) FROM pragma_integrity_check"
	" WHERE integrity_check <> 'ok'",
};

/* The number of records in the database at path, which has to be sound. */
static int64_t
sound_records(const char *path)
{
	sqlite3 *db = connect(path, after_name);
	int64_t rows = verify_chain(db);
	size_t i;

	for (i = 0; i < sizeof(contradictions) / sizeof(contradictions[0]);
	    i++)
		ck_assert_msg(query(db, contradictions[i]) == 0, "%s: %s",
		    contradictions[i], sqlite3_errmsg(db));
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	return rows;
}

/* How many transactions were acknowledged at moment. */
static size_t
acknowledged(const struct life *life, size_t moment)
{
	size_t n = 0;

	while (n < TRANSACTIONS && life->moments[n] <= moment)
		n++;
	return n;
}

/* Whether exactly the first n transactions make that many records. */
static bool
is_after(const struct life *life, size_t n, int64_t records)
{
	return records == (n == 0 ? 0 : life->records[n - 1]);
}

static void
check_ruin(const struct life *life, size_t moment)
{
	size_t n = acknowledged(life, moment);
	struct store *store;
	int64_t records;

	ck_assert_int_eq(store_open(life->ruined, after_name, &store),
	    STORE_OPENED);
	store_close(store);
	records = sound_records(life->ruined);
	/* The one in flight may have made it. */
	ck_assert_msg(is_after(life, n, records) ||
	    (n < TRANSACTIONS && is_after(life, n + 1, records)),
	    "moment %zu: %zu acknowledged, %lld records", moment, n,
	    (long long)records);
}

/* Let the log begin anew, over its old pages; the store does so more seldom. */
static void
checkpoint(const struct life *life)
{
	sqlite3 *db = connect(life->path, vfs_name);

	ck_assert_int_eq(query(db, "SELECT count(*) FROM journal"),
	    life->record_count);
	ck_assert_int_eq(sqlite3_wal_checkpoint_v2(db, NULL,
	    SQLITE_CHECKPOINT_PASSIVE, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

START_TEST(power_failure_loses_nothing_acknowledged)
{
	struct life life;
	size_t i, moment, end;

	life_start(&life);
	for (i = 0; i < TRANSACTIONS; i++) {
		ck_assert_int_eq(write_transaction(&life, i), STORE_OK);
		if (i % CHECKPOINT_EVERY == 0)
			checkpoint(&life);
	}
	store_close(life.store);
	end = crash_vfs_now(life.vfs);

	for (i = 0; i < CUTS; i++) {
		moment = i * end / (CUTS - 1);
		crash_vfs_image(life.vfs, moment, i % CRASH_LOSSES,
		    &life.random, life.ruin);
		check_ruin(&life, moment);
	}

	ck_assert_int_eq(sound_records(life.path), life.record_count);
	life_clear(&life);
}
END_TEST

/* Another session that was over long ago, to be purged. */
static void
write_old_session(struct life *life)
{
	size_t i;

	ck_assert_int_eq(store_begin(life->store), STORE_OK);
	for (i = 0; i < OLD_ROWS; i++) {
		enum record_event event = i == 0 ? RECORD_START :
		    i < OLD_ROWS - 1 ? RECORD_READY : RECORD_END;
		struct record record = next_record(life, event, 99);

		payload_unref(record.session);
		record.session = payload_new("old", 3);
		record.session_row = 2;
		record.time_ms = OLD_MS;
		record.revision = i + 1;
		record.has_customer = event != RECORD_END;
		if (event == RECORD_START)
			record.name = payload_new("Eve", 3);
		ck_assert_int_eq(store_append(life->store, &record), STORE_OK);
		record_clear(&record);
		life->record_count++;
	}
	ck_assert_int_eq(store_commit(life->store), STORE_OK);
	life->revision = 0;
}

/* A note on customer 2, which is no revision. */
static struct record
make_note(struct life *life, enum record_event event)
{
	struct record record = next_record(life, event, 2);

	life->revision--;
	record.revision = 0;
	record.client_seq = 1;
	return record;
}

static void
write_note(struct life *life)
{
	struct record note = make_note(life, RECORD_REFUSED);

	ck_assert_int_eq(store_begin(life->store), STORE_OK);
	ck_assert_int_eq(store_note(life->store, &note), STORE_OK);
	ck_assert_int_eq(store_commit(life->store), STORE_OK);
	record_clear(&note);
	life->record_count++;
}

static void
write_erasure(struct life *life)
{
	struct record note = make_note(life, RECORD_ERASE);
	int64_t upto = 0, after = 0;
	size_t erased;

	do {
		ck_assert_int_eq(store_begin(life->store), STORE_OK);
		ck_assert_int_eq(store_erase(life->store, &note, &upto,
		    &after, &erased), STORE_OK);
		ck_assert_int_eq(store_commit(life->store), STORE_OK);
	} while (after != 0);
	do {
		ck_assert_int_eq(store_scrub_wal(life->store, &after),
		    STORE_OK);
	} while (after != 0);
	record_clear(&note);
	life->record_count++;
	life->erased_upto = upto;
}

static int64_t
last_row(const struct life *life)
{
	sqlite3 *db = connect(life->path, vfs_name);
	int64_t seq = query(db, "SELECT max(seq) FROM journal");

	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	return seq;
}

/* The first one, of the old session, takes two slices, and notes both first. */
static void
write_retention(struct life *life)
{
	struct record note = make_note(life, RECORD_RETAIN);
	struct retention pass = {
		.now_ms = BEGIN_MS + life->revision,
		.bodies_ms = BEGIN_MS + life->revision - 20,
		.rows_ms = BEGIN_MS,
	};

	note.session_row = 0;
	payload_unref(note.session);
	note.session = payload_new("", 0);
	note.incarnation = 0;
	note.has_customer = false;
	note.client_seq = pass.bodies_ms;
	while (pass.step != RETENTION_OVER) {
		ck_assert_int_eq(store_begin(life->store), STORE_OK);
		ck_assert_int_eq(store_purge(life->store, &pass, &note),
		    STORE_OK);
		ck_assert_int_eq(store_commit(life->store), STORE_OK);
		life->record_count = last_row(life);
	}
	record_clear(&note);
}

/* What was acknowledged as erased is so after the failure. */
static void
check_erased(const struct life *life, size_t moment)
{
	size_t n = acknowledged(life, moment);
	sqlite3 *db;
	char sql[256];

	if (n == 0)
		return;
	(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM journal"
	    " JOIN journal_body USING (seq) WHERE session = 1 AND seq < %lld"
	    " AND substr(customer, 8, 1) = '2' AND salt IS NOT NULL",
	    (long long)life->erased[n - 1]); /* fits */
	db = connect(life->ruined, after_name);
	ck_assert_int_eq(query(db, sql), 0);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

START_TEST(power_failure_undoes_no_erasure)
{
	struct life life;
	size_t i, moment, end;
	sqlite3 *db;

	life_start(&life);
	write_old_session(&life);
	for (i = 0; i < TRANSACTIONS; i++) {
		if (i % 10 == 3)
			write_note(&life);
		else if (i % 10 == 6)
			write_erasure(&life);
		else if (i % 10 == 8)
			write_retention(&life);
		else
			ck_assert_int_eq(write_transaction(&life, i),
			    STORE_OK);
		ck_assert_int_eq(acknowledge(&life, i), STORE_OK);
	}
	store_close(life.store);
	end = crash_vfs_now(life.vfs);
	for (i = 0; i < CUTS; i++) {
		moment = life.moments[0] +
		    i * (end - life.moments[0]) / (CUTS - 1);
		crash_vfs_image(life.vfs, moment, i % CRASH_LOSSES,
		    &life.random, life.ruin);
		check_ruin(&life, moment);
		check_erased(&life, moment);
	}
	ck_assert_int_eq(sound_records(life.path), life.record_count);
	db = connect(life.path, vfs_name);
	ck_assert_int_eq(query(db, "SELECT count(*) FROM session"), 1);
	ck_assert_int_eq(query(db, "SELECT min(seq) FROM journal"),
	    OLD_ROWS + 1);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	life_clear(&life);
}
END_TEST

/* Rows that are there after a power failure; -1 if it cannot be read. */
static int64_t
surviving_rows(const struct life *life)
{
	sqlite3 *db = connect(life->ruined, after_name);
	int64_t rows = query(db, "SELECT count(*) FROM t");

	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	remove_database(life->ruined);
	return rows;
}

/* How often a plain table under a pragma has lost an acknowledged row. */
static int
count_losses(const char *pragma)
{
	static const char insert[] =
	    "INSERT INTO t (x) VALUES (zeroblob(1500))";
	struct life life;
	size_t i, moment, end;
	int losses = 0;
	sqlite3 *db;

	life_init(&life);
	db = connect(life.path, vfs_name);
	ck_assert_int_eq(sqlite3_exec(db, "PRAGMA journal_mode = WAL;"
	    "CREATE TABLE t (x)", NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	crash_vfs_forget(life.vfs);
	db = connect(life.path, vfs_name);
	ck_assert_int_eq(sqlite3_exec(db, pragma, NULL, NULL, NULL), SQLITE_OK);
	for (i = 0; i < TRANSACTIONS; i++) {
		ck_assert_int_eq(sqlite3_exec(db, insert, NULL, NULL, NULL),
		    SQLITE_OK);
		life.moments[i] = crash_vfs_now(life.vfs);
	}
	end = crash_vfs_now(life.vfs);
	for (i = 0; i < CUTS / 5; i++) {
		moment = i * end / (CUTS / 5);
		crash_vfs_image(life.vfs, moment, i % CRASH_LOSSES,
		    &life.random, life.ruin);
		losses += surviving_rows(&life) <
		    (int64_t)acknowledged(&life, moment);
	}
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	life_clear(&life);
	return losses;
}

START_TEST(harness_sees_what_weaker_settings_lose)
{
	ck_assert_int_eq(count_losses("PRAGMA synchronous = FULL"), 0);
	ck_assert_int_gt(count_losses("PRAGMA synchronous = NORMAL"), 0);
	ck_assert_int_gt(count_losses("PRAGMA synchronous = OFF"), 0);
}
END_TEST

enum {
	FAULT_TRANSACTIONS = 6,
	FAULTS_MAX = 30,		/* of the many of a checkpoint */
	MARK_WRITES = 1			/* a frame of the log */
};

/* Make the nth write fail; whether there were as many. */
static bool
live_with_failed_write(unsigned nth, int rc)
{
	struct life life;
	bool has_failed;
	size_t i;

	life_start(&life);
	crash_vfs_fail(life.vfs, CRASH_FAULT_WRITE, nth, rc);
	for (i = 0; i < FAULT_TRANSACTIONS; i++)
		ck_assert_int_eq(write_transaction(&life, i), STORE_OK);
	has_failed = crash_vfs_disarm(life.vfs);
	store_close(life.store);
	ck_assert_int_eq(sound_records(life.path), life.record_count);
	life_clear(&life);
	return has_failed;
}

START_TEST(failed_write_refuses_and_is_made_up_for)
{
	static const int causes[] = { SQLITE_FULL, SQLITE_IOERR_WRITE };
	unsigned nth = 1;

	while (live_with_failed_write(nth, causes[_i]))
		nth++;

	ck_assert_uint_gt(nth, FAULT_TRANSACTIONS);
}
END_TEST

/* A later sync may lie: what is in the log stays there for the next start. */
static void
close_without_moving_log(struct life *life)
{
	char log[PATH_BYTES + 16];
	size_t before = crash_vfs_now(life->vfs);

	store_close(life->store);

	ck_assert_uint_eq(crash_vfs_now(life->vfs), before);
	(void)snprintf(log, sizeof(log), "%s-wal", life->path);
	ck_assert_int_eq(access(log, F_OK), 0);
}

/* Make the nth sync fail; whether there were as many. */
static bool
die_of_failed_sync(unsigned nth)
{
	struct life life;
	bool has_failed;
	size_t i = 0;

	life_start(&life);
	crash_vfs_fail(life.vfs, CRASH_FAULT_SYNC, nth, SQLITE_IOERR_FSYNC);
	while (i < FAULT_TRANSACTIONS &&
	    write_transaction(&life, i) == STORE_OK)
		i++;
	has_failed = crash_vfs_disarm(life.vfs);
	ck_assert(has_failed == (i < FAULT_TRANSACTIONS));
	if (has_failed) {
		ck_assert_int_eq(store_begin(life.store), STORE_FATAL);
		close_without_moving_log(&life);
	} else {
		store_close(life.store);
	}
	/* What was not acknowledged may be there as well, but whole. */
	ck_assert_int_ge(sound_records(life.path), life.record_count);
	life_clear(&life);
	return has_failed;
}

START_TEST(failed_sync_is_fatal)
{
	unsigned nth = 1;

	while (die_of_failed_sync(nth))
		nth++;

	ck_assert_uint_ge(nth, FAULT_TRANSACTIONS);
}
END_TEST

/* Write more than a checkpoint waits for, in one transaction. */
static void
fill_log(struct life *life)
{
	enum { CARTS = 80, CART_BYTES = 65536 };
	static const char text[CART_BYTES];
	struct record record = random_record(life);
	size_t i;

	ck_assert_int_eq(store_begin(life->store), STORE_OK);
	ck_assert_int_eq(store_append(life->store, &record), STORE_OK);
	record_clear(&record);
	for (i = 0; i < CARTS; i++) {
		record = next_record(life, RECORD_CART, 1);
		record.cart = payload_new(text, sizeof(text));
		ck_assert_int_eq(store_append(life->store, &record), STORE_OK);
		record_clear(&record);
	}
	ck_assert_int_eq(store_commit(life->store), STORE_OK);
	life->record_count = CARTS + 1;
}

/* Whether the nth operation of a checkpoint could fail, and failed. */
static bool
fail_checkpoint(enum crash_fault fault, unsigned nth, int rc,
    enum store_status expected)
{
	struct life life;
	enum store_status status;
	bool has_failed;

	life_start(&life);
	fill_log(&life);
	crash_vfs_fail(life.vfs, fault, nth, rc);
	status = store_checkpoint(life.store);
	has_failed = crash_vfs_disarm(life.vfs);
	/* A full disk does not keep the log from being moved: that only goes
	 * on without a mark. */
	if (!has_failed || (rc == SQLITE_FULL && nth <= MARK_WRITES))
		expected = STORE_OK;
	ck_assert_int_eq(status, expected);
	ck_assert_int_eq(store_begin(life.store),
	    expected == STORE_FATAL ? STORE_FATAL : STORE_OK);
	if (expected == STORE_FATAL)
		close_without_moving_log(&life);
	else
		store_close(life.store);

	ck_assert_int_eq(sound_records(life.path), life.record_count);
	life_clear(&life);
	return has_failed;
}

START_TEST(failed_checkpoint_loses_nothing)
{
	static const struct {
		enum crash_fault fault;
		int rc;
		enum store_status status;
	} causes[] = {
		{ CRASH_FAULT_WRITE, SQLITE_FULL, STORE_REFUSED },
		{ CRASH_FAULT_WRITE, SQLITE_IOERR_WRITE, STORE_REFUSED },
		{ CRASH_FAULT_SYNC, SQLITE_IOERR_FSYNC, STORE_FATAL },
	};
	unsigned nth = 1;

	while (nth < FAULTS_MAX && fail_checkpoint(causes[_i].fault, nth,
	    causes[_i].rc, causes[_i].status))
		nth++;

	/* Those of the mark, and one at least of the checkpoint. */
	ck_assert_uint_gt(nth, causes[_i].fault == CRASH_FAULT_WRITE ?
	    MARK_WRITES + 1 : 2);
}
END_TEST

START_TEST(database_that_cannot_be_created_leaves_nothing)
{
	char directory[DIRECTORY_BYTES], path[PATH_BYTES];
	struct crash_vfs *vfs = crash_vfs_new(vfs_name, CRASH_REMEMBERS);
	enum store_open_status status;
	struct store *store;
	unsigned nth, unmarked = 0;

	silence_log();
	make_directory(directory);
	path_in(path, directory);
	for (nth = 1;; nth++) {
		crash_vfs_fail(vfs, CRASH_FAULT_WRITE, nth, SQLITE_FULL);
		status = store_open(path, vfs_name, &store);
		if (!crash_vfs_disarm(vfs))
			break;
		/* Only the log's mark can be done without. */
		if (status == STORE_OPENED) {
			store_close(store);
			unmarked++;
		} else {
			ck_assert_int_eq(status, STORE_IO_ERROR);
		}
		remove_database(path);
	}
	ck_assert_uint_gt(nth, 5);
	/* ... and what it stands for: the log moved, whose own first write
	 * is its header. */
	ck_assert_uint_le(unmarked, MARK_WRITES + 2);
	ck_assert_int_eq(status, STORE_OPENED);
	store_close(store);
	remove_database(path);
	ck_assert_int_eq(rmdir(directory), 0);
	crash_vfs_free(vfs);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, power_failure_loses_nothing_acknowledged);
	tcase_add_test(tc, power_failure_undoes_no_erasure);
	tcase_add_test(tc, harness_sees_what_weaker_settings_lose);
	tcase_add_loop_test(tc, failed_write_refuses_and_is_made_up_for, 0, 2);
	tcase_add_test(tc, failed_sync_is_fatal);
	tcase_add_loop_test(tc, failed_checkpoint_loses_nothing, 0, 3);
	tcase_add_test(tc, database_that_cannot_be_created_leaves_nothing);
}
