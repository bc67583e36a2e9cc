/*
 * The database: what it refuses to open, what it keeps, and that its tables
 * always say what session_apply() makes of the same records.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/id.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "session/record.h"
#include "session/session.h"
#include "storage/store.h"

#include "durable.h"
#include "place.h"
#include "suite.h"

const char suite_name[] = "store";

enum {
	NOBODY = 65534		/* a user that owns none of our files */
};

static struct store *
open_store(const struct place *place)
{
	struct store *store = NULL;

	ck_assert_int_eq(store_open(place->path, NULL, &store), STORE_OPENED);
	return store;
}

static void
make_database(const struct place *place)
{
	store_close(open_store(place));
}

static void
execute(const struct place *place, const char *sql)
{
	storage_exec(place->path, sql);
}

static int64_t
query(const struct place *place, const char *sql)
{
	return storage_number(place->path, sql);
}

/* Opening as that user is refused with status, one line of log, no trace. */
static void
expect_refusal_of(const struct place *place, uid_t user,
    enum store_open_status status)
{
	struct store *store = NULL;
	struct picture before;

	picture_take(&before, place);
	(void)logged_lines(place, "");
	ck_assert_int_eq(seteuid(user), 0);
	ck_assert_int_eq(store_open(place->path, NULL, &store), status);
	ck_assert_int_eq(seteuid(getuid()), 0);
	ck_assert_ptr_null(store);
	/* One line, and the empty piece behind it. */
	ck_assert_int_eq(logged_lines(place, ""), 2);
	picture_compare(&before, place);
}

static void
expect_refusal(const struct place *place, enum store_open_status status)
{
	expect_refusal_of(place, geteuid(), status);
}

/* The first that SQLite is used for, as in the daemon. */
START_TEST(memory_of_sqlite_is_not_counted)
{
	struct place place;
	struct store *store;

	place_init(&place);
	store = open_store(&place);

	ck_assert_int_eq(sqlite3_memory_used(), 0);
	store_close(store);
	place_clear(&place);
}
END_TEST

START_TEST(new_database_is_private_and_alone)
{
	struct place place;
	struct stat st;

	place_init(&place);

	make_database(&place);

	ck_assert_int_eq(stat(place.path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_uint_eq(count_files(&place), 1);
	ck_assert_int_eq(query(&place, "PRAGMA user_version"), 7);
	ck_assert_int_eq(query(&place, "PRAGMA application_id"), 0x42534850);
	ck_assert_int_eq(query(&place, "PRAGMA page_size"), 8192);
	make_database(&place);
	ck_assert_uint_eq(count_files(&place), 1);
	place_clear(&place);
}
END_TEST

START_TEST(new_database_and_key_survive_a_power_failure)
{
	struct place place;
	struct store *store;
	struct id_key key;

	place_init(&place);
	store = open_store(&place);
	ck_assert_uint_eq(durable_names(), 1);
	ck_assert_uint_eq(durable_unfinished(), 0);
	ck_assert_uint_eq(durable_unsettled(), 0);

	ck_assert_int_eq(store_key(store, NULL, &key), 0);
	ck_assert_uint_eq(durable_names(), 2);
	ck_assert_uint_eq(durable_unfinished(), 0);
	ck_assert_uint_eq(durable_unsettled(), 0);
	store_close(store);
	place_clear(&place);
}
END_TEST

START_TEST(crash_while_creating_is_forgotten)
{
	struct place place;
	char draft[PATH_BYTES];

	place_init(&place);
	path_beside(&place, "x.db.new", draft);
	write_file(draft, "half", 4);

	make_database(&place);

	ck_assert_uint_eq(count_files(&place), 1);
	place_clear(&place);
}
END_TEST

START_TEST(killed_creation_is_forgotten)
{
	struct place place;
	char draft[PATH_BYTES];

	place_init(&place);
	path_beside(&place, "x.db.new", draft);
	ck_assert_int_eq(mkdir(draft, 0700), 0);
	path_beside(&place, "x.db.new/x.db", draft);
	write_file(draft, "half", 4);
	path_beside(&place, "x.db.new/x.db-journal", draft);
	write_file(draft, "half", 4);

	make_database(&place);

	ck_assert_uint_eq(count_files(&place), 1);
	place_clear(&place);
}
END_TEST

START_TEST(database_is_not_created_where_others_may_write)
{
	struct place place;
	char folder[PATH_BYTES];

	place_init(&place);
	path_beside(&place, "x.db.new", folder);
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	ck_assert_int_eq(chmod(folder, 0770), 0);

	expect_refusal(&place, STORE_CANNOT_CREATE);

	place_clear(&place);
}
END_TEST

static void
ruin_empty(const struct place *place)
{
	write_file(place->path, "", 0);
}

static void
ruin_text(const struct place *place)
{
	static const char text[4096] = "host = localhost\n";

	write_file(place->path, text, sizeof(text));
}

static void
ruin_short(const struct place *place)
{
	write_file(place->path, "SQLite format 3", 16);
}

static void
ruin_foreign(const struct place *place)
{
	execute(place, "CREATE TABLE t (x)");
}

static void
ruin_truncate(const struct place *place)
{
	make_database(place);
	ck_assert_int_eq(truncate(place->path, 8192), 0);
}

static void
ruin_truncate_in_page(const struct place *place)
{
	make_database(place);
	ck_assert_int_eq(truncate(place->path, 5000), 0);
}

/* Overwrite len bytes of a good database. */
static void
ruin_bytes(const struct place *place, size_t at, size_t len)
{
	uint8_t *bytes = xcalloc(1, FILE_MAX);
	size_t size;

	make_database(place);
	size = read_file(place->path, bytes, FILE_MAX);
	memset(bytes + at, 0xaa, len < size - at ? len : size - at);
	write_file(place->path, bytes, size);
	free(bytes);
}

static void
ruin_schema(const struct place *place)
{
	ruin_bytes(place, 100, 2000);
}

static void
ruin_tables(const struct place *place)
{
	ruin_bytes(place, 4096, FILE_MAX);
}

static void
ruin_missing_table(const struct place *place)
{
	make_database(place);
	execute(place, "DROP TABLE chain_anchor");
}

/* It would take back what was acknowledged. */
static void
ruin_trigger(const struct place *place)
{
	make_database(place);
	execute(place, "CREATE TRIGGER theirs"
	    " AFTER INSERT ON journal_body BEGIN"
	    " DELETE FROM chain_anchor; END");
}

/* One of ours, with another text. */
static void
ruin_own_trigger(const struct place *place)
{
	make_database(place);
	execute(place, "DROP TRIGGER journal_no_update;"
	    "CREATE TRIGGER journal_no_update BEFORE INSERT ON journal BEGIN"
	    " SELECT RAISE(IGNORE); END");
}

static void
ruin_newer(const struct place *place)
{
	make_database(place);
	execute(place, "PRAGMA user_version = 8");
}

/* The newer version stands in the log, as after a crash. */
static void
ruin_newer_log(const struct place *place)
{
	char name[PATH_BYTES];
	sqlite3 *db;

	make_database(place);
	ck_assert_int_eq(sqlite3_open(place->path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_db_config(db,
	    SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "PRAGMA user_version = 8", NULL,
	    NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	path_beside(place, "x.db-wal", name);
	ck_assert_int_eq(access(name, F_OK), 0);
}

/* Version 0, and a table where the migration wants to make its own. */
static void
ruin_migration(const struct place *place)
{
	execute(place, "PRAGMA application_id = 1112754256;"
	    "CREATE TABLE journal (x)");
}

static void (*const ruins[])(const struct place *) = {
	ruin_empty, ruin_text, ruin_short, ruin_foreign, ruin_truncate,
	ruin_truncate_in_page, ruin_schema, ruin_tables, ruin_missing_table,
	ruin_newer, ruin_newer_log, ruin_migration, ruin_trigger,
	ruin_own_trigger,
};

#define RUINS	((int)(sizeof(ruins) / sizeof(ruins[0])))

START_TEST(what_is_not_our_database_is_refused_untouched)
{
	struct place place;

	place_init(&place);
	ruins[_i](&place);

	expect_refusal(&place, STORE_BAD_DATA);

	place_clear(&place);
}
END_TEST

START_TEST(directory_and_device_are_refused)
{
	struct place place;
	struct store *store;

	place_init(&place);
	ck_assert_int_eq(mkdir(place.path, 0700), 0);
	expect_refusal(&place, STORE_BAD_DATA);
	ck_assert_int_eq(rmdir(place.path), 0);
	ck_assert_int_eq(mkfifo(place.path, 0600), 0);
	ck_assert_int_eq(store_open(place.path, NULL, &store),
	    STORE_BAD_DATA);
	place_clear(&place);
}
END_TEST

START_TEST(missing_directory_is_named)
{
	struct place place;
	struct store *store;

	place_init(&place);
	path_beside(&place, "none/x.db", place.path);

	ck_assert_int_eq(store_open(place.path, NULL, &store),
	    STORE_CANNOT_CREATE);

	ck_assert_int_eq(logged_lines(&place, "none/x.db"), 1);
	place_clear(&place);
}
END_TEST

/* Somebody whom file modes bind, which root they do not. */
static uid_t
other_user(const struct place *place)
{
	if (geteuid() != 0)
		return geteuid();
	ck_assert_int_eq(chown(place->directory, NOBODY, NOBODY), 0);
	return NOBODY;
}

START_TEST(read_only_database_is_refused)
{
	struct place place;

	place_init(&place);
	make_database(&place);
	ck_assert_int_eq(chmod(place.path, 0444), 0);

	expect_refusal_of(&place, other_user(&place), STORE_CANNOT_CREATE);

	place_clear(&place);
}
END_TEST

START_TEST(read_only_directory_is_refused)
{
	struct place place;

	place_init(&place);
	if (_i == 1)
		make_database(&place);
	if (_i == 1)
		ck_assert_int_eq(chmod(place.path, 0666), 0);
	ck_assert_int_eq(chmod(place.directory, 0555), 0);

	expect_refusal_of(&place, other_user(&place), STORE_CANNOT_CREATE);

	ck_assert_int_eq(chmod(place.directory, 0755), 0);
	place_clear(&place);
}
END_TEST

START_TEST(second_daemon_is_refused_while_the_first_runs)
{
	struct place place;
	struct store *first, *second;

	place_init(&place);
	first = open_store(&place);

	ck_assert_int_eq(store_open(place.path, NULL, &second), STORE_IN_USE);

	ck_assert_int_eq(store_begin(first), STORE_OK);
	ck_assert_int_eq(store_commit(first), STORE_OK);
	store_close(first);
	make_database(&place);
	place_clear(&place);
}
END_TEST

START_TEST(a_link_to_a_database_in_use_is_refused)
{
	struct place place;
	struct store *first, *second;
	char link[PATH_BYTES];

	place_init(&place);
	first = open_store(&place);
	path_beside(&place, "link.db", link);
	ck_assert_int_eq(symlink("x.db", link), 0);

	ck_assert_int_eq(store_open(link, NULL, &second), STORE_IN_USE);

	store_close(first);
	place_clear(&place);
}
END_TEST

START_TEST(older_version_is_brought_up_to_date)
{
	struct place place;

	place_init(&place);
	execute(&place, "PRAGMA application_id = 1112754256");

	make_database(&place);

	ck_assert_int_eq(query(&place, "PRAGMA user_version"), 7);
	ck_assert_int_eq(query(&place, "SELECT count(*) FROM journal"), 0);
	place_clear(&place);
}
END_TEST

START_TEST(key_is_made_once_and_kept)
{
	struct place place;
	struct id_key first, second;
	struct store *store;
	struct stat st;
	char path[PATH_BYTES];

	place_init(&place);
	path_beside(&place, "x.db.key", path);
	store = open_store(&place);
	ck_assert_int_eq(store_key(store, NULL, &first), 0);
	ck_assert_int_eq(store_key(store, NULL, &second), 0);
	store_close(store);

	ck_assert_mem_eq(&first, &second, sizeof(first));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(st.st_size, 32);
	ck_assert_int_eq(logged_lines(&place, "void"), 0);
	ck_assert_uint_eq(count_files(&place), 2);
	place_clear(&place);
}
END_TEST

START_TEST(key_may_be_in_another_file)
{
	struct place place;
	struct id_key first, second;
	struct store *store;
	char other[PATH_BYTES], beside[PATH_BYTES];

	place_init(&place);
	path_beside(&place, "tokens", other);
	path_beside(&place, "x.db.key", beside);
	store = open_store(&place);
	ck_assert_int_eq(store_key(store, other, &first), 0);
	ck_assert_int_eq(store_key(store, other, &second), 0);
	store_close(store);

	ck_assert_mem_eq(&first, &second, sizeof(first));
	ck_assert_int_eq(access(other, F_OK), 0);
	ck_assert_int_eq(access(beside, F_OK), -1);
	place_clear(&place);
}
END_TEST

START_TEST(key_of_another_size_is_refused)
{
	static const size_t sizes[] = { 0, 31, 33 };
	static const uint8_t bytes[33];
	struct place place;
	struct id_key key;
	struct store *store;
	char path[PATH_BYTES];

	place_init(&place);
	path_beside(&place, "x.db.key", path);
	write_file(path, bytes, sizes[_i]);
	store = open_store(&place);

	ck_assert_int_eq(store_key(store, NULL, &key), -1);

	ck_assert_int_eq(logged_lines(&place, "x.db.key"), 1);
	store_close(store);
	place_clear(&place);
}
END_TEST

static struct record
start_record(struct payload *session, int64_t row)
{
	struct record record = {
		.session = payload_ref(session),
		.session_row = row,
		.incarnation = 1,
		.revision = 1,
		.time_ms = 1700000000123,
		.event = RECORD_START,
		.transport = TRANSPORT_WEBSOCKET,
		.has_customer = true,
		.customer_row = row,
		.has_token = true,
		.name = payload_new("Zo\xc3\xab", 4),
		.address = "192.0.2.1",
	};
	uint8_t i;

	for (i = 0; i < sizeof(record.customer.bytes); i++)
		record.customer.bytes[i] = i;
	for (i = 0; i < sizeof(record.salt); i++)
		record.salt[i] = (uint8_t)(0xf0 + i);
	return record;
}

static struct record
cart_record(struct payload *session, int64_t row)
{
	struct record record = start_record(session, row);

	payload_unref(record.name);
	record.name = NULL;
	record.event = RECORD_CART;
	record.revision = 2;
	record.has_token = false;
	record.client_seq = 9007199254740991;
	record.cart = payload_new("{\"n\":1}", 7);
	record.address[0] = '\0';
	return record;
}

static void
store_record(struct store *store, const struct record *record)
{
	ck_assert_int_eq(store_begin(store), STORE_OK);
	ck_assert_int_eq(store_append(store, record), STORE_OK);
	ck_assert_int_eq(store_commit(store), STORE_OK);
}

/* A database with a START and a CART, closed. */
static void
make_two_records(const struct place *place)
{
	struct payload *session = payload_new("atelier", 7);
	struct record start = start_record(session, 1);
	struct record cart = cart_record(session, 1);
	struct store *store = open_store(place);

	start.has_request = true;
	memset(start.request, 0x5a, sizeof(start.request));
	store_record(store, &start);
	store_record(store, &cart);
	store_close(store);
	record_clear(&start);
	record_clear(&cart);
	payload_unref(session);
}

START_TEST(lost_key_is_replaced_with_a_warning)
{
	struct place place;
	struct id_key key;
	struct store *store;

	place_init(&place);
	make_two_records(&place);
	store = open_store(&place);

	ck_assert_int_eq(store_key(store, NULL, &key), 0);

	ck_assert_int_eq(logged_lines(&place, "void"), 1);
	store_close(store);
	place_clear(&place);
}
END_TEST

START_TEST(rows_given_are_remembered)
{
	struct place place;
	struct store *store;
	int64_t session = -1, customer = -1;

	place_init(&place);
	store = open_store(&place);
	store_last_rows(store, &session, &customer);
	ck_assert_int_eq(session, 0);
	ck_assert_int_eq(customer, 0);
	store_close(store);
	make_two_records(&place);

	store = open_store(&place);
	store_last_rows(store, &session, &customer);
	ck_assert_int_eq(session, 1);
	ck_assert_int_eq(customer, 1);
	store_close(store);
	place_clear(&place);
}
END_TEST

/* Computed from sql/schema.sql with another program. */
static const char *const known_hashes[] = {
	"SELECT count(*) FROM journal WHERE seq = 1 AND hex(hash) ="
	" '6BE5D06A5B3CFE81683500EAA1EBC28C665AA4A34744A0EAB28CF8AD79F04856'",
	"SELECT count(*) FROM journal WHERE seq = 2 AND hex(hash) ="
	" '08330DBC30B1E5CFB45BC9F049CDF37D5DCF06940E534372A1104993EFD07C4A'",
	"SELECT count(*) FROM journal WHERE seq = 1 AND hex(hash) ="
	" '2909E81E0E00CBF74AD1E7C30C07F3D65506754C723E3EA09B9D40E795FAAEFA'",
};

START_TEST(chain_is_as_documented)
{
	struct place place;

	place_init(&place);
	make_two_records(&place);

	ck_assert_int_eq(query(&place, known_hashes[0]), 1);
	ck_assert_int_eq(query(&place, known_hashes[1]), 1);
	place_clear(&place);
}
END_TEST

START_TEST(an_account_is_the_fifth_text_of_a_digest)
{
	struct payload *session = payload_new("atelier", 7);
	struct record start = start_record(session, 1);
	struct place place;
	struct store *store;

	place_init(&place);
	store = open_store(&place);
	start.has_request = true;
	memset(start.request, 0x5a, sizeof(start.request));
	start.has_account = true;
	start.account = payload_new("4711", 4);
	store_record(store, &start);
	store_close(store);

	ck_assert_int_eq(query(&place, known_hashes[2]), 1);
	ck_assert_int_eq(query(&place, "SELECT count(*) FROM journal_body"
	    " WHERE account = '4711'"), 1);
	record_clear(&start);
	payload_unref(session);
	place_clear(&place);
}
END_TEST

/* Lets row 1 go, and no other. */
#define PURGE_1 "INSERT INTO journal VALUES (3, 0, 0, 0, 12, 0, 0, NULL," \
	" NULL, 0, 1, zeroblob(32), zeroblob(32), NULL);"		\
	"DELETE FROM journal_body WHERE seq = 1;"			\
	"DELETE FROM journal WHERE seq = 1;"

static const char *const forbidden[] = {
	/* In SQLite alone. */
	"INSERT OR REPLACE INTO journal SELECT * FROM journal",
	"INSERT INTO journal_body (seq) VALUES (99)",
	"PRAGMA foreign_keys = OFF; DELETE FROM session",
	/* In both. */
	"UPDATE journal SET ts_ms = 0",
	"DELETE FROM journal",
	"INSERT INTO journal SELECT * FROM journal WHERE seq = 2"
	" ON CONFLICT (seq) DO UPDATE SET ts_ms = 0",
	PURGE_1 "DELETE FROM journal WHERE seq = 2",
	"INSERT INTO chain_anchor VALUES (1, zeroblob(31))",
	"INSERT INTO chain_anchor VALUES (1, zeroblob(32));"
	"UPDATE chain_anchor SET seq = 2",
	"INSERT INTO chain_anchor VALUES (1, zeroblob(32));"
	"DELETE FROM chain_anchor",
	"INSERT INTO chain_anchor VALUES (1, zeroblob(32)), (2, zeroblob(32));"
	"DELETE FROM chain_anchor WHERE seq = 2",
	"UPDATE journal_body SET cart = '{}' WHERE seq = 2",
	"UPDATE journal_body SET cart = NULL WHERE seq = 2",
	"UPDATE journal_body SET salt = NULL, name = NULL, address = NULL,"
	" cart = NULL, request = NULL, account = 'x' WHERE seq = 2",
	"UPDATE session SET name = 'other'",
	"DELETE FROM session",
	"UPDATE customer SET session = 99",
};

#define FORBIDDEN	((int)(sizeof(forbidden) / sizeof(forbidden[0])))
#define FORBIDDEN_TO_BOTH	3	/* the first of those */

START_TEST(journal_is_append_only)
{
	struct place place;

	place_init(&place);
	make_two_records(&place);

	ck_assert(storage_refuses(place.path, forbidden[_i]));

	place_clear(&place);
}
END_TEST

static sqlite3 *newest_connection;

/* A library may have been built with defaults like these. */
static int
note_connection(sqlite3 *db, const char **error,
    const struct sqlite3_api_routines *api)
{
	(void)error; /* there is none */
	(void)api; /* we are linked */
	newest_connection = db;
	return sqlite3_exec(db, "PRAGMA synchronous = OFF;"
	    "PRAGMA secure_delete = OFF", NULL, NULL, NULL);
}

/* Open a store whose connection is newest_connection. */
static struct store *
open_seen_store(const struct place *place)
{
	struct store *store;

	ck_assert_int_eq(sqlite3_auto_extension(
	    (void (*)(void))note_connection), SQLITE_OK);
	store = open_store(place);
	sqlite3_reset_auto_extension();
	ck_assert_ptr_nonnull(newest_connection);
	return store;
}

START_TEST(journal_is_append_only_to_the_store_as_well)
{
	struct place place;
	struct store *store;

	place_init(&place);
	make_two_records(&place);
	store = open_seen_store(&place);

	ck_assert_int_eq(sqlite3_exec(newest_connection, forbidden[_i], NULL,
	    NULL, NULL) & 0xff, SQLITE_CONSTRAINT);

	store_close(store);
	place_clear(&place);
}
END_TEST

/* What shows late, or in what is left on a disk, or only to an attacker. */
static const struct {
	const char *pragma;
	int	 value;
} connection_rules[] = {
	{ "PRAGMA synchronous", 2 },
	{ "PRAGMA trusted_schema", 0 },
	{ "PRAGMA temp_store", 2 },
	{ "PRAGMA secure_delete", 1 },
	{ "PRAGMA journal_size_limit", 268435456 },
};

#define CONNECTION_RULES						\
	((int)(sizeof(connection_rules) / sizeof(connection_rules[0])))

START_TEST(rules_hold_for_the_connection_of_the_store)
{
	struct place place;
	struct store *store;
	sqlite3_stmt *row;

	place_init(&place);
	make_database(&place);
	store = open_seen_store(&place);

	ck_assert_int_eq(sqlite3_prepare_v2(newest_connection,
	    connection_rules[_i].pragma, -1, &row, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
	ck_assert_int_eq(sqlite3_column_int(row, 0),
	    connection_rules[_i].value);
	ck_assert_int_eq(sqlite3_finalize(row), SQLITE_OK);

	store_close(store);
	place_clear(&place);
}
END_TEST

/* Somebody else's pages go where they were to go. */
START_TEST(what_was_rolled_back_is_never_written)
{
	struct place place;
	struct store *store;
	struct payload *session = payload_new("other", 5);
	struct record start = start_record(session, 2);

	place_init(&place);
	make_two_records(&place);
	store = open_seen_store(&place);
	ck_assert_int_eq(sqlite3_exec(newest_connection,
	    "PRAGMA cache_size = 10; BEGIN; CREATE TABLE bulk (bytes);"
	    "INSERT INTO bulk WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL"
	    " SELECT i + 1 FROM n WHERE i < 60) SELECT randomblob(3000) FROM n",
	    NULL, NULL, NULL), SQLITE_OK);
	store_rollback(store);
	execute(&place, "BEGIN; CREATE TABLE bulk (bytes);"
	    "INSERT INTO bulk WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL"
	    " SELECT i + 1 FROM n WHERE i < 60) SELECT zeroblob(3000) FROM n;"
	    "COMMIT");
	start.customer.bytes[0] = 0xff;
	store_record(store, &start);

	ck_assert_int_eq(query(&place, "SELECT count(*) FROM bulk"
	    " WHERE bytes = zeroblob(3000)"), 60);
	store_close(store);
	record_clear(&start);
	payload_unref(session);
	place_clear(&place);
}
END_TEST

START_TEST(body_can_be_erased_and_the_session_still_loads)
{
	struct place place;
	struct store *store;
	struct session *session;
	struct payload *id = payload_new("atelier", 7);

	place_init(&place);
	make_two_records(&place);
	execute(&place, "UPDATE journal_body SET salt = NULL,"
	    " name = NULL, address = NULL, cart = NULL, request = NULL,"
	    " account = NULL");
	store = open_store(&place);

	ck_assert_int_eq(store_load(store, id, 0, &session), STORE_OK);

	ck_assert_uint_eq(TAILQ_FIRST(&session->customers)->name->len, 0);
	ck_assert_ptr_null(TAILQ_FIRST(&session->customers)->cart);
	session_free(session);
	store_close(store);
	payload_unref(id);
	place_clear(&place);
}
END_TEST

/* Whoever wrote that: locked, and not running. */
START_TEST(one_that_ended_is_not_locked_nor_the_next_of_its_name)
{
	struct place place;
	struct store *store;
	struct session *session;
	struct payload *id = payload_new("atelier", 7);
	struct record start = start_record(id, 2);

	place_init(&place);
	make_two_records(&place);
	execute(&place, "UPDATE session SET ended_ms = 1,"
	    " locked_ms = 1");
	store = open_store(&place);

	ck_assert_int_eq(store_load(store, id, 0, &session), STORE_OK);
	ck_assert(!session->is_running && !session->is_locked);
	ck_assert_uint_eq(session->locked_ms, 0);
	session_free(session);

	start.session_row = 1;
	start.incarnation = 2;
	start.customer.bytes[0] = 0xff;
	store_record(store, &start);
	ck_assert_int_eq(query(&place, "SELECT count(*) FROM session"
	    " WHERE ended_ms IS NULL AND locked_ms IS NULL"), 1);
	store_close(store);
	record_clear(&start);
	payload_unref(id);
	place_clear(&place);
}
END_TEST

START_TEST(numbers_go_on_after_a_purge)
{
	struct payload *id = payload_new("second", 6);
	struct record start = start_record(id, 2);
	struct place place;
	struct store *store;

	place_init(&place);
	make_two_records(&place);
	storage_tamper(place.path, "INSERT INTO chain_anchor"
	    " SELECT seq, hash FROM journal WHERE seq = 2;"
	    "DELETE FROM journal_body; DELETE FROM journal");

	store = open_store(&place);
	store_record(store, &start);
	store_close(store);

	ck_assert_int_eq(query(&place, "SELECT seq FROM journal"), 3);
	record_clear(&start);
	payload_unref(id);
	place_clear(&place);
}
END_TEST

/* The customer's rows are the oldest, and many of another come behind them. */
START_TEST(an_erasure_gets_past_all_rows_of_others)
{
	enum { CARTS = 4500, SLICES_MAX = 5 };
	struct payload *id = payload_new("atelier", 7);
	struct record start = start_record(id, 1), join = start_record(id, 1);
	struct record cart = cart_record(id, 1), erase = start_record(id, 1);
	int64_t upto = 0, next = 0;
	size_t erased, all = 0;
	struct place place;
	struct store *store;
	int slices = 0;

	place_init(&place);
	store = open_store(&place);
	join.event = RECORD_JOIN;
	join.revision = 2;
	join.customer_row = cart.customer_row = 2;
	join.customer.bytes[0] = cart.customer.bytes[0] = 0xee;
	erase.event = RECORD_ERASE;
	erase.revision = 0;
	ck_assert_int_eq(store_begin(store), STORE_OK);
	ck_assert_int_eq(store_append(store, &start), STORE_OK);
	ck_assert_int_eq(store_append(store, &join), STORE_OK);
	for (cart.revision = 3; cart.revision < 3 + CARTS; cart.revision++)
		ck_assert_int_eq(store_append(store, &cart), STORE_OK);

	do {
		ck_assert_int_eq(store_erase(store, &erase, &upto, &next,
		    &erased), STORE_OK);
		all += erased;
	} while (next != 0 && ++slices < SLICES_MAX);

	ck_assert_int_eq(store_commit(store), STORE_OK);
	ck_assert_int_eq(next, 0);
	ck_assert_uint_eq(all, 1);
	store_close(store);
	ck_assert_int_eq(query(&place, "SELECT group_concat(seq)"
	    " FROM journal_body WHERE salt IS NULL"), 1);
	record_clear(&start);
	record_clear(&join);
	record_clear(&cart);
	record_clear(&erase);
	payload_unref(id);
	place_clear(&place);
}
END_TEST

/* A transaction with the record is; by its end, if not at once. */
static void
expect_fatal(struct store *store, const struct record *record)
{
	enum store_status status;

	ck_assert_int_eq(store_begin(store), STORE_OK);
	status = store_append(store, record);
	if (status == STORE_OK)
		status = store_commit(store);
	ck_assert_int_eq(status, STORE_FATAL);
}

START_TEST(record_that_does_not_fit_is_fatal)
{
	struct payload *id = payload_new("atelier", 7);
	struct record cart = cart_record(id, 2);
	struct place place;
	struct store *store;

	place_init(&place);
	make_two_records(&place);
	cart.session_row = 1;
	cart.revision = 3;
	store = open_store(&place);

	expect_fatal(store, &cart);
	ck_assert_int_eq(store_begin(store), STORE_FATAL);

	store_close(store);
	ck_assert_int_eq(query(&place, "SELECT count(*) FROM journal"), 2);
	record_clear(&cart);
	payload_unref(id);
	place_clear(&place);
}
END_TEST

/* What the last record is followed by, at another place than its own. */
static const struct {
	enum record_event event;
	uint64_t incarnation;
	uint64_t revision;
} misplaced[] = {
	{ RECORD_CART, 1, 2 },
	{ RECORD_CART, 1, 4 },
	{ RECORD_CART, 2, 3 },
	{ RECORD_START, 1, 1 },
	{ RECORD_START, 2, 1 },		/* it still runs */
	{ RECORD_START, 3, 1 },
};

#define MISPLACED	((int)(sizeof(misplaced) / sizeof(misplaced[0])))

START_TEST(record_that_is_not_the_next_is_fatal)
{
	struct payload *id = payload_new("atelier", 7);
	struct record record = start_record(id, 1);
	struct place place;
	struct store *store;

	place_init(&place);
	make_two_records(&place);
	record.event = misplaced[_i].event;
	record.incarnation = misplaced[_i].incarnation;
	record.revision = misplaced[_i].revision;
	store = open_store(&place);

	expect_fatal(store, &record);

	store_close(store);
	record_clear(&record);
	payload_unref(id);
	place_clear(&place);
}
END_TEST

START_TEST(note_is_chained_and_changes_nothing)
{
	struct payload *id = payload_new("atelier", 7), *loaded_id;
	struct record note = start_record(id, 1);
	struct place place;
	struct store *store;
	struct session *session;

	place_init(&place);
	make_two_records(&place);
	note.event = RECORD_REFUSED;
	note.revision = 0;
	note.refused = REFUSAL_RATE_LIMITED;
	note.refused_event = 3;
	note.client_seq = 17;
	store = open_store(&place);

	store_record(store, &note);
	store_record(store, &note);

	loaded_id = payload_new("atelier", 7);
	ck_assert_int_eq(store_load(store, loaded_id, 0, &session), STORE_OK);
	ck_assert_uint_eq(session->revision, 2);
	session_free(session);
	store_close(store);
	ck_assert_int_eq(query(&place, "SELECT count(*) FROM journal WHERE"
	    " event = 9 AND revision = 0 AND flags = 787 AND client_seq = 17"),
	    2);
	record_clear(&note);
	payload_unref(loaded_id);
	payload_unref(id);
	place_clear(&place);
}
END_TEST

static void
lose_by_unlink(const struct place *place)
{
	ck_assert_int_eq(unlink(place->path), 0);
}

static void
lose_by_replacing(const struct place *place)
{
	char other[PATH_BYTES];

	path_beside(place, "other", other);
	write_file(other, "other", 5);
	ck_assert_int_eq(rename(other, place->path), 0);
}

static void
lose_log(const struct place *place)
{
	char log[PATH_BYTES];

	path_beside(place, "x.db-wal", log);
	ck_assert_int_eq(unlink(log), 0);
}

static void (*const losses[])(const struct place *) = {
	lose_by_unlink, lose_by_replacing, lose_log,
};

START_TEST(database_removed_in_use_is_noticed)
{
	struct payload *id = payload_new("atelier", 7);
	struct record start = start_record(id, 1);
	uint8_t bytes[8];
	struct place place;
	struct store *store;

	place_init(&place);
	store = open_store(&place);
	losses[_i](&place);

	ck_assert_int_eq(store_begin(store), STORE_OK);
	ck_assert_int_eq(store_append(store, &start), STORE_OK);
	ck_assert_int_eq(store_commit(store), STORE_FATAL);

	ck_assert_int_eq(logged_lines(&place, "removed or replaced"), 1);
	store_close(store);
	if (losses[_i] == lose_by_replacing)
		ck_assert_uint_eq(read_file(place.path, bytes, 8), 5);
	record_clear(&start);
	payload_unref(id);
	place_clear(&place);
}
END_TEST

/* What may happen to a session, judged and applied in memory as well. */
struct model {
	struct session *session;
	struct payload *id;
	int64_t	 last_customer_row;
	uint64_t time_ms;
	struct id_source random;
	unsigned happened[RECORD_EVENT_MAX + 1];
};

static unsigned
random_below(struct model *model, unsigned n)
{
	uint32_t value;

	id_source_bytes(&model->random, &value, sizeof(value));
	return value % n;
}

static struct payload *
random_text(struct model *model, unsigned max)
{
	char text[400];
	unsigned i, len = random_below(model, max);

	for (i = 0; i < len; i++)
		text[i] = (char)('a' + random_below(model, 26));
	return payload_new(text, len);
}

static const struct customer *
random_customer(struct model *model)
{
	const struct customer *customer, *chosen = NULL;
	unsigned n = 0;

	TAILQ_FOREACH(customer, &model->session->customers, entry)
		if (customer->state != CUSTOMER_GONE &&
		    random_below(model, ++n) == 0)
			chosen = customer;
	return chosen;
}

static void
fill_newcomer(struct model *model, struct record *record)
{
	const struct customer *host = session_host(model->session);

	id_source_bytes(&model->random, &record->customer,
	    sizeof(record->customer));
	record->customer_row = ++model->last_customer_row;
	record->has_token = random_below(model, 2) == 0;
	record->has_request = random_below(model, 2) == 0;
	if (record->has_request)
		id_source_bytes(&model->random, record->request,
		    sizeof(record->request));
	record->name = random_text(model, 100);
	record->has_account = random_below(model, 2) == 0;
	if (record->has_account)
		record->account = random_text(model, 255);
	if (record->event == RECORD_JOIN || host == NULL)
		return;
	record->has_displaced = true;
	record->displaced = host->id;
	record->displaced_row = host->row;
}

/* A random record; whether it may happen now is another question. */
static struct record
random_record(struct model *model)
{
	/* Carts often, the end seldom. */
	static const enum record_event events[] = {
		RECORD_START, RECORD_JOIN, RECORD_JOIN, RECORD_JOIN,
		RECORD_LEAVE, RECORD_EXPIRE, RECORD_EXPIRE, RECORD_RETURN,
		RECORD_READY, RECORD_READY, RECORD_CART, RECORD_CART,
		RECORD_CART, RECORD_CART, RECORD_CART, RECORD_CART,
	};
	const struct customer *customer = random_customer(model);
	struct record record = {
		.session = payload_ref(model->id),
		.session_row = model->session->row,
		.time_ms = ++model->time_ms,
		.event = events[random_below(model, 16)],
		.transport = random_below(model, 4),
		.client_seq = random_below(model, 3) * model->time_ms,
		.is_ready = random_below(model, 2) == 0,
	};

	if (random_below(model, 60) == 0)
		record.event = RECORD_END;
	else if (random_below(model, 40) == 0)
		record.event = RECORD_LOCK;
	else if (model->session->is_locked && random_below(model, 6) == 0)
		record.event = RECORD_UNLOCK;
	record.has_customer = record.event <= RECORD_RETURN;
	if (record.event == RECORD_START || record.event == RECORD_JOIN)
		fill_newcomer(model, &record);
	else if (customer != NULL && record.has_customer) {
		record.customer = customer->id;
		record.customer_row = customer->row;
	}
	if (record.event == RECORD_CART)
		record.cart = random_text(model, 400);
	id_source_bytes(&model->random, record.salt, sizeof(record.salt));
	return record;
}

static const struct session_limits no_limits;

static struct record
possible_record(struct model *model)
{
	struct record record = random_record(model);

	while (session_judge(model->session, &record, &no_limits) !=
	    REFUSAL_NONE) {
		record_clear(&record);
		record = random_record(model);
	}
	session_number(model->session, &record);
	return record;
}

/* Let one record happen in memory and in the store. */
static void
happen(struct model *model, struct store *store)
{
	struct record record = possible_record(model);

	model->happened[record.event]++;
	ck_assert_int_eq(session_apply(model->session, &record), 0);
	ck_assert_int_eq(store_append(store, &record), STORE_OK);
	record_clear(&record);
}

static void
compare_payloads(const struct payload *a, const struct payload *b)
{
	ck_assert((a == NULL) == (b == NULL));
	if (a == NULL)
		return;
	ck_assert_uint_eq(a->len, b->len);
	ck_assert_mem_eq(a->data, b->data, a->len);
}

static void
compare_customers(const struct customer *a, const struct customer *b)
{
	ck_assert(customer_id_equal(&a->id, &b->id));
	ck_assert_int_eq(a->row, b->row);
	ck_assert_int_eq(a->state, b->state);
	ck_assert_int_eq(a->is_host, b->is_host);
	ck_assert_int_eq(a->is_ready, b->is_ready);
	ck_assert_int_eq(a->has_token, b->has_token);
	ck_assert_int_eq(a->has_request, b->has_request);
	ck_assert_mem_eq(a->request, b->request, sizeof(a->request));
	ck_assert_uint_eq(a->incarnation, b->incarnation);
	ck_assert_uint_eq(a->left_revision, b->left_revision);
	ck_assert_uint_eq(a->seq[SEQUENCE_CART], b->seq[SEQUENCE_CART]);
	ck_assert_uint_eq(a->seq[SEQUENCE_READY], b->seq[SEQUENCE_READY]);
	compare_payloads(a->name, b->name);
	compare_payloads(a->cart, b->cart);
}

static void
compare_sessions(const struct session *session, const struct session *loaded)
{
	const struct customer *a, *b = TAILQ_FIRST(&loaded->customers);

	compare_payloads(session->id, loaded->id);
	ck_assert_int_eq(session->row, loaded->row);
	ck_assert_int_eq(session->is_running, loaded->is_running);
	ck_assert_uint_eq(session->incarnation, loaded->incarnation);
	ck_assert_uint_eq(session->revision, loaded->revision);
	ck_assert_uint_eq(session->active_ms, loaded->active_ms);
	ck_assert_int_eq(session->is_locked, loaded->is_locked);
	ck_assert_uint_eq(session->locked_ms, loaded->locked_ms);
	TAILQ_FOREACH(a, &session->customers, entry) {
		ck_assert_ptr_nonnull(b);
		compare_customers(a, b);
		b = TAILQ_NEXT(b, entry);
	}
	ck_assert_ptr_null(b);
	ck_assert_uint_eq(session->cart_bytes, loaded->cart_bytes);
	ck_assert_uint_eq(session->ready, loaded->ready);
	ck_assert_uint_eq(session->counts[CUSTOMER_AWAY],
	    loaded->counts[CUSTOMER_AWAY]);
}

/* NULL if the model has not begun. */
static struct session *
load_model(const struct model *model, struct store *store,
    size_t max_remembered)
{
	struct session *loaded;

	ck_assert_int_eq(store_load(store, model->id, max_remembered,
	    &loaded), STORE_OK);
	ck_assert_int_eq(loaded == NULL, model->session->incarnation == 0);
	return loaded;
}

/* What is loaded is all there is, less those who left long ago. */
static void
compare_with_store(const struct model *model, struct store *store,
    size_t max_remembered)
{
	const struct session_limits limits = {
		.max_remembered = max_remembered,
	};
	struct session *all = load_model(model, store, 0);
	struct session *loaded = load_model(model, store, max_remembered);

	if (all == NULL)
		return;
	compare_sessions(model->session, all);
	session_trim(all, &limits);
	compare_sessions(all, loaded);
	session_free(all);
	session_free(loaded);
}

static void
model_init(struct model *model, const char *id, int64_t row)
{
	struct id_key seed = { { 1, 2, (uint8_t)row } };

	*model = (struct model){ .time_ms = 1000 };
	id_source_init(&model->random, &seed);
	model->id = payload_new(id, strlen(id));
	model->session = session_new(model->id, row);
	/* Customers of all sessions are numbered together. */
	model->last_customer_row = row * 1000000;
}

static void
model_clear(struct model *model)
{
	session_free(model->session);
	payload_unref(model->id);
}

/* A transaction that is rolled back leaves no trace in a later one. */
static void
happen_in_vain(struct model *model, struct store *store)
{
	struct record record = possible_record(model);

	ck_assert_int_eq(store_begin(store), STORE_OK);
	ck_assert_int_eq(store_append(store, &record), STORE_OK);
	store_rollback(store);
	record_clear(&record);
}

static void
live_through(struct model *models, size_t n, struct store *store,
    unsigned transactions)
{
	unsigned i, records;

	for (i = 0; i < transactions; i++) {
		struct model *model = &models[i % n];

		if (random_below(model, 10) == 0)
			happen_in_vain(model, store);
		ck_assert_int_eq(store_begin(store), STORE_OK);
		for (records = random_below(model, 12); records > 0; records--)
			happen(&models[(i + records) % n], store);
		compare_with_store(model, store, 0);
		ck_assert_int_eq(store_commit(store), STORE_OK);
		compare_with_store(model, store, random_below(model, 5));
	}
}

START_TEST(tables_say_what_applying_the_records_says)
{
	struct model models[2];
	struct place place;
	struct store *store;
	unsigned event, round;

	place_init(&place);
	model_init(&models[0], "atelier", 1);
	model_init(&models[1], "A.b~c_d-1", 2);
	for (round = 0; round < 3; round++) {
		store = open_store(&place);
		compare_with_store(&models[0], store, 0);
		compare_with_store(&models[1], store, 0);
		live_through(models, 2, store, 120);
		store_close(store);
	}
	for (event = RECORD_START; event <= RECORD_EVENT_MAX; event++)
		ck_assert(record_is_note(event) ||
		    models[0].happened[event] > 10);
	ck_assert_int_eq(query(&place, "SELECT count(*) - max(seq)"
	    " FROM journal"), 0);
	ck_assert_int_eq(query(&place, "SELECT count(*) FROM customer"
	    " WHERE state = 2 AND coalesce(name_seq, cart_seq) IS NOT NULL"),
	    0);
	model_clear(&models[0]);
	model_clear(&models[1]);
	place_clear(&place);
}
END_TEST

/* Everybody who is in memory, or may come back there, does so in loaded. */
static void
compare_those_who_stay(const struct session *session,
    const struct session *loaded)
{
	const struct customer *a, *b;

	ck_assert_uint_eq(session->counts[CUSTOMER_SEATED],
	    loaded->counts[CUSTOMER_SEATED]);
	TAILQ_FOREACH(a, &session->customers, entry) {
		if (a->state == CUSTOMER_GONE)
			continue;
		b = session_customer(loaded, &a->id);
		ck_assert_ptr_nonnull(b);
		compare_customers(a, b);
	}
	a = session_host(session);
	b = session_host(loaded);
	ck_assert((a == NULL) == (b == NULL));
	ck_assert(a == NULL || customer_id_equal(&a->id, &b->id));
}

/*
 * Memory forgets one by one, a load all at once: the same customers.  Who was
 * forgotten in memory is known again to a load only if another has come back,
 * or left for good, who was remembered in its place.
 */
START_TEST(memory_forgets_whom_a_load_forgets)
{
	const struct session_limits limits = {
		.max_remembered = (size_t)_i,
	};
	struct session *loaded;
	struct model model;
	struct place place;
	struct store *store;
	unsigned i, same = 0;

	place_init(&place);
	model_init(&model, "atelier", 1);
	store = open_store(&place);
	ck_assert_int_eq(store_begin(store), STORE_OK);
	for (i = 0; i < 2000; i++) {
		size_t away = model.session->counts[CUSTOMER_AWAY];
		bool is_less;

		happen(&model, store);
		is_less = model.session->counts[CUSTOMER_AWAY] < away ||
		    !model.session->is_running;
		session_trim(model.session, &limits);
		loaded = load_model(&model, store, limits.max_remembered);
		compare_those_who_stay(model.session, loaded);
		if (!is_less)
			compare_sessions(model.session, loaded);
		same += !is_less;
		session_free(is_less ? model.session : loaded);
		if (is_less)
			model.session = loaded;
	}
	ck_assert_uint_gt(same, 1000);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	store_close(store);
	model_clear(&model);
	place_clear(&place);
}
END_TEST

START_TEST(unknown_session_loads_as_none)
{
	struct payload *id = payload_new("atelie", 6);
	struct session *session = (struct session *)&id;
	struct place place;
	struct store *store;

	place_init(&place);
	make_two_records(&place);
	store = open_store(&place);

	ck_assert_int_eq(store_load(store, id, 0, &session), STORE_OK);

	ck_assert_ptr_null(session);
	store_close(store);
	payload_unref(id);
	place_clear(&place);
}
END_TEST

/* Start sessions 1 to n, named after their numbers, active at that time. */
static void
start_sessions(struct store *store, int64_t n)
{
	struct payload *id;
	struct record record;
	char name[24];
	int64_t row;

	ck_assert_int_eq(store_begin(store), STORE_OK);
	for (row = 1; row <= n; row++) {
		(void)snprintf(name, sizeof(name), "%d", (int)row);
		id = payload_new(name, strlen(name));
		record = start_record(id, row);
		record.time_ms = (uint64_t)row;
		ck_assert_int_eq(store_append(store, &record), STORE_OK);
		record_clear(&record);
		payload_unref(id);
	}
	ck_assert_int_eq(store_commit(store), STORE_OK);
}

/* Count the idle ones and check that their names come in order. */
static size_t
walk_idle(struct store *store, uint64_t wall_ms, size_t room, int64_t *last)
{
	struct payload *ids[64];
	int64_t after = 0;
	size_t i, n, found = 0;

	*last = 0;
	do {
		ck_assert_int_eq(store_find_idle(store, wall_ms, &after, ids,
		    room, &n), STORE_OK);
		for (i = 0; i < n; i++) {
			ck_assert_int_gt(strtoll(ids[i]->data, NULL, 10),
			    *last);
			*last = strtoll(ids[i]->data, NULL, 10);
			payload_unref(ids[i]);
		}
		found += n;
	} while (after != 0);
	return found;
}

START_TEST(idle_sessions_are_found_slice_by_slice)
{
	enum { SESSIONS = 2500 };
	struct payload *id = payload_new("7", 1);
	struct record end = start_record(id, 7);
	struct place place;
	struct store *store;
	int64_t last;

	place_init(&place);
	store = open_store(&place);
	start_sessions(store, SESSIONS);
	end.event = RECORD_END;
	end.has_customer = false;
	end.revision = 2;
	store_record(store, &end);
	ck_assert_int_eq(store_begin(store), STORE_OK);
	ck_assert_int_eq(store_touch(store, 8, 1000000), STORE_OK);
	ck_assert_int_eq(store_commit(store), STORE_OK);

	ck_assert_uint_eq(walk_idle(store, 1, 64, &last), 0);
	ck_assert_uint_eq(walk_idle(store, 2, 64, &last), 1);
	ck_assert_uint_eq(walk_idle(store, 2501, 64, &last), SESSIONS - 2);
	ck_assert_uint_eq(walk_idle(store, 2001, 1, &last), 2000 - 2);
	ck_assert_int_eq(last, 2000);
	store_close(store);
	record_clear(&end);
	payload_unref(id);
	place_clear(&place);
}
END_TEST

START_TEST(checkpoint_keeps_the_log_small)
{
	static char text[65536];
	struct payload *id = payload_new("atelier", 7);
	struct record cart = cart_record(id, 1);
	struct place place;
	struct store *store;
	struct stat st;
	char log[PATH_BYTES];

	place_init(&place);
	path_beside(&place, "x.db-wal", log);
	make_two_records(&place);
	payload_unref(cart.cart);
	cart.cart = payload_new(text, sizeof(text));
	store = open_store(&place);
	while (++cart.revision < 200) {
		store_record(store, &cart);
		ck_assert_int_eq(store_checkpoint(store), STORE_OK);
	}

	ck_assert_int_eq(stat(log, &st), 0);
	ck_assert_int_lt(st.st_size, 1100 * 4120);
	store_close(store);
	record_clear(&cart);
	payload_unref(id);
	place_clear(&place);
}
END_TEST

static void
add_files(TCase *tc)
{
	tcase_add_test(tc, memory_of_sqlite_is_not_counted);
	tcase_add_test(tc, new_database_is_private_and_alone);
	tcase_add_test(tc, new_database_and_key_survive_a_power_failure);
	tcase_add_test(tc, crash_while_creating_is_forgotten);
	tcase_add_test(tc, killed_creation_is_forgotten);
	tcase_add_test(tc,
	    database_is_not_created_where_others_may_write);
	tcase_add_loop_test(tc, what_is_not_our_database_is_refused_untouched,
	    0, RUINS);
	tcase_add_test(tc, directory_and_device_are_refused);
	tcase_add_test(tc, missing_directory_is_named);
	tcase_add_test(tc, read_only_database_is_refused);
	tcase_add_loop_test(tc, read_only_directory_is_refused, 0, 2);
	tcase_add_test(tc, a_link_to_a_database_in_use_is_refused);
	tcase_add_test(tc, older_version_is_brought_up_to_date);
	tcase_add_test(tc, key_is_made_once_and_kept);
	tcase_add_test(tc, key_may_be_in_another_file);
	tcase_add_loop_test(tc, key_of_another_size_is_refused, 0, 3);
	tcase_add_test(tc, lost_key_is_replaced_with_a_warning);
	tcase_add_loop_test(tc, journal_is_append_only, 0, FORBIDDEN_TO_BOTH);
	tcase_add_loop_test(tc, journal_is_append_only_to_the_store_as_well,
	    0, FORBIDDEN);
	tcase_add_loop_test(tc, rules_hold_for_the_connection_of_the_store, 0,
	    CONNECTION_RULES);
	tcase_add_test(tc, what_was_rolled_back_is_never_written);
	tcase_add_loop_test(tc, database_removed_in_use_is_noticed, 0, 3);
	tcase_add_test(tc, checkpoint_keeps_the_log_small);
}

void
suite_add(TCase *tc)
{
	storage_need();
	if (storage_stands_for_sqlite("files, and a connection's pragmas"))
		add_files(tc);
	tcase_add_test(tc, second_daemon_is_refused_while_the_first_runs);
	tcase_add_test(tc, rows_given_are_remembered);
	tcase_add_test(tc, chain_is_as_documented);
	tcase_add_test(tc, an_account_is_the_fifth_text_of_a_digest);
	tcase_add_loop_test(tc, journal_is_append_only, FORBIDDEN_TO_BOTH,
	    FORBIDDEN);
	tcase_add_test(tc,
	    one_that_ended_is_not_locked_nor_the_next_of_its_name);
	tcase_add_test(tc, body_can_be_erased_and_the_session_still_loads);
	tcase_add_test(tc, numbers_go_on_after_a_purge);
	tcase_add_test(tc, an_erasure_gets_past_all_rows_of_others);
	tcase_add_test(tc, record_that_does_not_fit_is_fatal);
	tcase_add_loop_test(tc, record_that_is_not_the_next_is_fatal, 0,
	    MISPLACED);
	tcase_add_test(tc, note_is_chained_and_changes_nothing);
	tcase_add_test(tc, tables_say_what_applying_the_records_says);
	tcase_add_loop_test(tc, memory_forgets_whom_a_load_forgets, 1, 4);
	tcase_add_test(tc, unknown_session_loads_as_none);
	tcase_add_test(tc, idle_sessions_are_found_slice_by_slice);
}
