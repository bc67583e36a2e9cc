/*
 * What lies beside a database.  SQLite takes any log or journal that has the
 * right name for the database's own, wherever either came from.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "audit/audit.h"
#include "audit/backup.h"
#include "base/buf.h"
#include "session/record.h"
#include "storage/chain.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/lock.h"
#include "storage/store.h"
#include "storage/sqlite/wal.h"

#include "place.h"
#include "suite.h"

const char suite_name[] = "files";

enum {
	NOBODY = 65534,		/* a user that owns none of our files */
	CART_BYTES = 65536,
	LOG_CARTS = 80,		/* more than a checkpoint waits for */
	MODELS = 10
};

static struct payload *session_id;
static struct place place;

/* What calls of this program and of SQLite fail with; 0 if they do not. */
static int directory_sync_error;
static int stat_error;
static int fstat_error;

int
fsync(int fd)
{
	struct stat st;

	if (directory_sync_error != 0 && fstat(fd, &st) == 0 &&
	    S_ISDIR(st.st_mode)) {
		errno = directory_sync_error;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

int
stat(const char *path, struct stat *st)
{
	errno = stat_error;
	return stat_error != 0 ? -1 : fstatat(AT_FDCWD, path, st, 0);
}

int
fstat(int fd, struct stat *st)
{
	errno = fstat_error;
	return fstat_error != 0 ? -1 : fstatat(fd, "", st, AT_EMPTY_PATH);
}

/* A database that is written to: the revision that comes next. */
struct life {
	struct store *store;
	uint64_t revision;
};

static void
append(struct life *life)
{
	static const char text[CART_BYTES];
	bool starts = life->revision == 1;
	struct record record = {
		.event = starts ? RECORD_START : RECORD_CART,
		.session = session_id,
		.session_row = 1,
		.incarnation = 1,
		.revision = life->revision++,
		.time_ms = 1700000000000,
		.transport = TRANSPORT_HTTP,
		.has_customer = true,
		.customer = { { 1, 2, 3 } },
		.customer_row = 1,
	};

	record.name = starts ? payload_new("Ann", 3) : NULL;
	record.cart = starts ? NULL : payload_new(text, sizeof(text));
	ck_assert_int_eq(store_begin(life->store), STORE_OK);
	ck_assert_int_eq(store_append(life->store, &record), STORE_OK);
	ck_assert_int_eq(store_commit(life->store), STORE_OK);
	payload_unref(record.name);
	payload_unref(record.cart);
}

/* So many records more, and checkpoints when they are due. */
static void
go_on(struct life *life, size_t records)
{
	while (records-- > 0) {
		append(life);
		ck_assert_int_eq(store_checkpoint(life->store), STORE_OK);
	}
}

static int64_t
query(const char *path, const char *sql)
{
	sqlite3_stmt *row;
	int64_t value;
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &row, NULL) == SQLITE_OK,
	    "%s", sqlite3_errmsg(db));
	ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
	value = sqlite3_column_int64(row, 0);
	ck_assert_int_eq(sqlite3_finalize(row), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	return value;
}

static void
execute(const char *path, const char *sql)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static struct life
begin(const char *path)
{
	struct life life = { .store = NULL };

	ck_assert_int_eq(store_open(path, NULL, &life.store), STORE_OPENED);
	life.revision = (uint64_t)query(path, "SELECT count(*) FROM journal") +
	    1;
	return life;
}

/* A database of so many records at path, closed in order. */
static void
make(const char *path, size_t records)
{
	struct life life = begin(path);

	go_on(&life, records);
	store_close(life.store);
}

/* What a process does that is killed thereafter. */
static void
die(const char *path, void (*live)(struct life *life))
{
	char lock[PATH_BYTES];
	struct life life;
	pid_t pid = fork();
	int status;

	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		life = begin(path);
		live(&life);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	path_beside(&place, "x.db.lock", lock);
	(void)unlink(lock);	/* if it lived to the end */
}

static void
copy(const char *from, const char *to)
{
	static uint8_t bytes[FILE_MAX * 32];
	size_t n = read_file(from, bytes, sizeof(bytes));

	ck_assert_uint_lt(n, sizeof(bytes));
	write_file(to, bytes, n);
}

/* A copy of file and log, page by page. */
static void
copy_pages(const char *from, const char *to)
{
	sqlite3 *source, *target;
	sqlite3_backup *backup;

	ck_assert_int_eq(sqlite3_open(from, &source), SQLITE_OK);
	ck_assert_int_eq(sqlite3_open(to, &target), SQLITE_OK);
	backup = sqlite3_backup_init(target, "main", source, "main");
	ck_assert_ptr_nonnull(backup);
	ck_assert_int_eq(sqlite3_backup_step(backup, -1), SQLITE_DONE);
	ck_assert_int_eq(sqlite3_backup_finish(backup), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(source), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(target), SQLITE_OK);
}

/* A copy that has the same rows, on other pages. */
static void
copy_rows(const char *from, const char *to)
{
	char sql[PATH_BYTES + 32];
	sqlite3 *db;

	(void)snprintf(sql, sizeof(sql), "VACUUM INTO '%s'", to);
	ck_assert_int_eq(sqlite3_open(from, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK,
	    "%s", sqlite3_errmsg(db));
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static void
expect_refusal_of(uid_t user, enum store_open_status status, const char *why)
{
	struct store *store = NULL;
	struct picture before;

	picture_take(&before, &place);
	(void)logged_lines(&place, "");
	ck_assert_int_eq(seteuid(user), 0);
	ck_assert_int_eq(store_open(place.path, NULL, &store), status);
	ck_assert_int_eq(seteuid(getuid()), 0);
	ck_assert_ptr_null(store);
	ck_assert_int_eq(logged_lines(&place, why), 1);
	picture_compare(&before, &place);
}

static void
expect_refusal(enum store_open_status status, const char *why)
{
	expect_refusal_of(geteuid(), status, why);
}

/* The database can be opened, and has these records, unbroken. */
static void
expect_records(int64_t records)
{
	struct store *store;

	ck_assert_int_eq(store_open(place.path, NULL, &store), STORE_OPENED);
	store_close(store);
	ck_assert_int_eq(query(place.path, "SELECT count(*) FROM journal"),
	    records);
	ck_assert_int_eq(query(place.path, "SELECT revision FROM session"),
	    records);
	ck_assert_int_eq(query(place.path, "SELECT count(*) FROM"
	    " pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
}

static void
setup(void)
{
	session_id = payload_new("atelier", 7);
	place_init(&place);
}

static void
teardown(void)
{
	place_clear(&place);
	payload_unref(session_id);
}

static void
write_a_little(struct life *life)
{
	go_on(life, 5);
}

/* The log has begun anew more than once. */
static void
write_much(struct life *life)
{
	go_on(life, 3 * LOG_CARTS);
}

static bool
goes_on(void *ctx, enum backup_phase phase, uint64_t done, uint64_t total)
{
	(void)ctx;
	(void)phase;
	(void)done;
	(void)total;
	return true;
}

static void
back_up(const char *to)
{
	const struct backup_order order = {
		.database = place.path,
		.target = to,
	};
	const struct backup_watcher watcher = { .goes_on = goes_on };
	struct chain_head head;

	ck_assert_int_eq(backup_make(&order, &watcher, &head), BACKUP_MADE);
}

static void
write_once_after_a_backup(struct life *life)
{
	char copied[PATH_BYTES];

	path_beside(&place, "copied", copied);
	go_on(life, 4);
	back_up(copied);
	go_on(life, 1);
}

static const struct {
	void	(*live)(struct life *life);
	int64_t	 records;
} lives[] = {
	{ write_a_little, 5 },
	{ write_much, 3 * LOG_CARTS },
	{ write_once_after_a_backup, 5 },
};

#define LIVES	((int)(sizeof(lives) / sizeof(lives[0])))

START_TEST(log_without_its_database_is_kept_for_it)
{
	char aside[PATH_BYTES];

	make(place.path, 2);
	die(place.path, lives[_i].live);
	path_beside(&place, "aside", aside);
	ck_assert_int_eq(rename(place.path, aside), 0);

	expect_refusal(STORE_BAD_DATA, "x.db-wal is there: put the database");
	expect_refusal(STORE_BAD_DATA, "x.db-wal is there: put the database");

	ck_assert_int_eq(rename(aside, place.path), 0);
	expect_records(2 + lives[_i].records);
}
END_TEST

/* Nobody wrote to it after it was moved, so that nothing failed. */
START_TEST(log_is_kept_where_the_database_was_moved_before_the_end)
{
	char aside[PATH_BYTES];
	struct life life;

	make(place.path, 2);
	life = begin(place.path);
	go_on(&life, 3);
	path_beside(&place, "aside", aside);
	ck_assert_int_eq(rename(place.path, aside), 0);
	(void)logged_lines(&place, "");

	store_close(life.store);

	ck_assert_int_eq(logged_lines(&place, "was removed or replaced"), 1);
	expect_refusal(STORE_BAD_DATA, "x.db-wal is there: put the database");
	ck_assert_int_eq(rename(aside, place.path), 0);
	expect_records(5);
}
END_TEST

START_TEST(journal_without_its_database_is_kept_for_it)
{
	char journal[PATH_BYTES];

	path_beside(&place, "x.db-journal", journal);
	write_file(journal, "half a page", 11);

	expect_refusal(STORE_BAD_DATA, "x.db-journal is there");
}
END_TEST

START_TEST(empty_log_is_in_nobodys_way)
{
	char log[PATH_BYTES];

	path_beside(&place, "x.db-wal", log);
	write_file(log, "", 0);
	make(place.path, 2);
	write_file(log, "", 0);

	expect_records(2);
}
END_TEST

START_TEST(log_of_another_database_is_refused)
{
	char other[PATH_BYTES], aside[PATH_BYTES];
	struct audit *audit;

	path_beside(&place, "other", other);
	path_beside(&place, "aside", aside);
	make(other, 3);
	make(place.path, 2);
	die(place.path, lives[_i].live);
	ck_assert_int_eq(rename(place.path, aside), 0);
	ck_assert_int_eq(rename(other, place.path), 0);

	expect_refusal(STORE_BAD_DATA, "x.db-wal is another database's: put");
	/* Who only reads would take it for what it is not, or move it. */
	ck_assert_int_eq(audit_open(place.path, &audit), AUDIT_BAD_DATA);

	ck_assert_int_eq(rename(aside, place.path), 0);
	expect_records(2 + lives[_i].records);
}
END_TEST

/* The same database, as it was earlier. */
START_TEST(log_of_a_later_life_is_refused)
{
	char earlier[PATH_BYTES];

	make(place.path, 2);
	path_beside(&place, "earlier", earlier);
	copy(place.path, earlier);
	make(place.path, 1);
	die(place.path, lives[_i].live);
	ck_assert_int_eq(rename(earlier, place.path), 0);

	expect_refusal(STORE_BAD_DATA, "x.db-wal is another database's: put");
}
END_TEST

static char earlier_path[PATH_BYTES];

static void
copy_before_the_log_begins_anew(struct life *life)
{
	size_t i;

	go_on(life, 3);
	copy_pages(place.path, earlier_path);
	for (i = 0; i < LOG_CARTS; i++)
		append(life);
	ck_assert_int_eq(store_checkpoint(life->store), STORE_OK);
	append(life);
}

/* Its own checkpoint lets the log begin anew, which comes unawares. */
static void
copy_by_backup(struct life *life)
{
	go_on(life, 3);
	back_up(earlier_path);
	go_on(life, 2);
}

/* Nothing but what was acknowledged last is in the log. */
static void
copy_before_the_last_backup(struct life *life)
{
	char second[PATH_BYTES];

	go_on(life, 3);
	back_up(earlier_path);
	go_on(life, 3);
	path_beside(&place, "second", second);
	back_up(second);
	go_on(life, 1);
}

static void (*const copies[])(struct life *) = {
	copy_before_the_log_begins_anew, copy_by_backup,
	copy_before_the_last_backup,
};

START_TEST(log_that_began_after_the_copy_is_refused)
{
	make(place.path, 2);
	path_beside(&place, "earlier", earlier_path);
	die(place.path, copies[_i]);
	ck_assert_int_eq(rename(earlier_path, place.path), 0);

	expect_refusal(STORE_BAD_DATA, "x.db-wal is another database's: put");
}
END_TEST

static void
copy_while_the_log_goes_on(struct life *life)
{
	go_on(life, 3);
	copy_pages(place.path, earlier_path);
	go_on(life, 3);
}

/* What the copy lacks is in the log, all of it. */
START_TEST(log_that_began_before_the_copy_makes_it_whole)
{
	make(place.path, 2);
	path_beside(&place, "earlier", earlier_path);
	die(place.path, copy_while_the_log_goes_on);
	ck_assert_int_eq(query(earlier_path, "SELECT count(*) FROM journal"),
	    5);
	ck_assert_int_eq(rename(earlier_path, place.path), 0);

	expect_records(8);
}
END_TEST

static void
copy_rows_while_the_log_goes_on(struct life *life)
{
	go_on(life, 20);
	copy_rows(place.path, earlier_path);
	go_on(life, 3);
}

START_TEST(log_of_other_pages_is_refused)
{
	make(place.path, 2);
	path_beside(&place, "earlier", earlier_path);
	die(place.path, copy_rows_while_the_log_goes_on);
	ck_assert_int_eq(rename(earlier_path, place.path), 0);

	expect_refusal(STORE_BAD_DATA, "x.db: ");
}
END_TEST

/* Somebody who reads keeps the log from being moved. */
static sqlite3 *
begin_reading(void)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open_v2(place.path, &db,
	    SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "BEGIN; SELECT count(*) FROM"
	    " journal", NULL, NULL, NULL), SQLITE_OK);
	return db;
}

START_TEST(reader_before_the_start_is_no_reason_to_refuse)
{
	sqlite3 *reader;

	make(place.path, 2);
	reader = begin_reading();
	die(place.path, write_a_little);
	ck_assert_int_eq(sqlite3_close(reader), SQLITE_OK);

	expect_records(7);
}
END_TEST

/* What may happen to a database while a daemon has it. */
struct model {
	struct database *database;
	sqlite3	*reader;
	sqlite3	*other;			/* who writes, and moves the log */
	int64_t	 upto;			/* of a scrub */
	char	 story[256];
};

static unsigned
below(unsigned n)
{
	return (unsigned)random() % n;
}

/* A page or two, or more than the log is to hold. */
static void
write_pages(struct model *model)
{
	sqlite3 *db = database_connection(model->database);
	char sql[64];
	int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	(void)snprintf(sql, sizeof(sql), "UPDATE bulk SET bytes = "
	    "zeroblob(%d)", below(5) == 0 ? 4200000 : 10);
	if (rc == SQLITE_OK)
		rc = wal_mark_transaction(
		    database_wal(model->database));
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	if (rc == SQLITE_OK && below(5) != 0)
		(void)sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	if (!sqlite3_get_autocommit(db))
		(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
}

static void
read_or_not(struct model *model)
{
	if (model->reader == NULL) {
		model->reader = begin_reading();
		return;
	}
	ck_assert_int_eq(sqlite3_close(model->reader), SQLITE_OK);
	model->reader = NULL;
}

/* SQLite may be busy for whatever they want. */
static void
interfere(struct model *model)
{
	static const int modes[] = {
		SQLITE_CHECKPOINT_PASSIVE, SQLITE_CHECKPOINT_FULL,
		SQLITE_CHECKPOINT_RESTART, SQLITE_CHECKPOINT_TRUNCATE,
	};

	if (model->other == NULL)
		ck_assert_int_eq(sqlite3_open(place.path, &model->other),
		    SQLITE_OK);
	if (below(3) == 0)
		(void)sqlite3_exec(model->other, "UPDATE bulk SET bytes = 'x'",
		    NULL, NULL, NULL);
	else
		(void)sqlite3_wal_checkpoint_v2(model->other, NULL,
		    modes[below(4)], NULL, NULL);
	if (below(2) == 0) {
		ck_assert_int_eq(sqlite3_close(model->other), SQLITE_OK);
		model->other = NULL;
	}
}

static void
start(struct model *model, const char *path)
{
	ck_assert_msg(database_open(path, NULL, DATABASE_TO_SERVE,
	    &model->database) == STORE_OPENED, "refused after %s", model->story);
}

static void
end_and_start(struct model *model)
{
	/* Nobody is waited for. */
	(void)sqlite3_busy_timeout(database_connection(model->database), 0);
	if (below(2) == 0)
		wal_keep_on_close(
		    database_connection(model->database));
	else
		wal_empty(database_wal(model->database));
	database_close(model->database);
	start(model, place.path);
	ck_assert_int_eq(database_start_wal(model->database), STORE_OPENED);
	model->upto = 0;
}

/* One of them; whether it went well is no matter. */
static char
happen(struct model *model)
{
	switch (below(8)) {
	case 0:
	case 1:
		write_pages(model);
		return 't';
	case 2:
	case 3:
		(void)!wal_checkpoint(database_wal(model->database));
		return 'c';
	case 4:
		(void)!wal_scrub(database_wal(model->database),
		    &model->upto);
		return 's';
	case 5:
		read_or_not(model);
		return 'R';
	case 6:
		interfere(model);
		return 'F';
	}
	end_and_start(model);
	return 'X';
}

/* The files as they are now, as kill -9 leaves them, make a database. */
static void
crash_here(struct model *model)
{
	struct model after = { .upto = 0 };
	char from[PATH_BYTES], to[PATH_BYTES], log[PATH_BYTES];

	path_beside(&place, "crash", to);
	copy(place.path, to);
	path_beside(&place, "x.db-wal", from);
	path_beside(&place, "crash-wal", log);
	copy(from, log);
	memcpy(after.story, model->story, sizeof(after.story));
	start(&after, to);
	database_close(after.database);
}

START_TEST(no_database_is_refused_that_is_its_logs)
{
	enum { STEPS = 40 };
	struct model model = { .upto = 0 };
	size_t i;

	srandom((unsigned)_i + 1);
	start(&model, place.path);
	ck_assert_int_eq(database_start_wal(model.database), STORE_OPENED);
	execute(place.path, "CREATE TABLE bulk (bytes);"
	    "INSERT INTO bulk VALUES ('x')");
	for (i = 0; i < STEPS; i++) {
		model.story[i] = happen(&model);
		crash_here(&model);
	}
	(void)sqlite3_close(model.reader);	/* either may be NULL */
	(void)sqlite3_close(model.other);
	database_close(model.database);
}
END_TEST

/* The first sectors of a page that a checkpoint was writing. */
static void
tear(const char *path)
{
	static const uint8_t zeros[512];
	int fd = open(path, O_WRONLY);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(pwrite(fd, zeros, sizeof(zeros), 0), sizeof(zeros));
	ck_assert_int_eq(close(fd), 0);
}

START_TEST(page_that_the_log_has_whole_may_be_torn)
{
	struct audit *audit;

	make(place.path, 2);
	die(place.path, write_a_little);
	tear(place.path);

	ck_assert_int_eq(audit_open(place.path, &audit), AUDIT_OK);
	audit_close(audit);
	expect_records(7);
}
END_TEST

/* An index page that neither the log has nor opening looks at. */
static void
ruin_page(const char *path)
{
	static const uint8_t zeros[4096];
	int64_t page = query(path, "SELECT rootpage FROM sqlite_schema"
	    " WHERE name = 'sqlite_autoindex_customer_1'");
	int fd = open(path, O_WRONLY);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(pwrite(fd, zeros, sizeof(zeros),
	    (page - 1) * (off_t)sizeof(zeros)), sizeof(zeros));
	ck_assert_int_eq(close(fd), 0);
}

/* Where what the file says leaves a doubt, all of its pages are looked at. */
/* As a copy is that has no log: pages are written before the commit. */
static void
write_without_a_log(struct life *life)
{
	sqlite3 *db;

	store_close(life->store);
	ck_assert_int_eq(sqlite3_open(place.path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "PRAGMA journal_mode = DELETE;"
	    "PRAGMA cache_size = 10; BEGIN; CREATE TABLE bulk (bytes);"
	    "INSERT INTO bulk WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL"
	    " SELECT i + 1 FROM n WHERE i < 60) SELECT zeroblob(4000) FROM n",
	    NULL, NULL, NULL), SQLITE_OK);
}

START_TEST(page_that_the_journal_has_whole_may_be_torn)
{
	char journal[PATH_BYTES];

	make(place.path, 2);
	die(place.path, write_without_a_log);
	path_beside(&place, "x.db-journal", journal);
	ck_assert_int_eq(access(journal, F_OK), 0);
	tear(place.path);

	expect_records(2);
}
END_TEST

START_TEST(torn_database_is_looked_at_closely)
{
	make(place.path, 2);
	ruin_page(place.path);
	die(place.path, write_a_little);
	tear(place.path);

	expect_refusal(STORE_BAD_DATA, "or the log beside it (-wal) is");
}
END_TEST

static void
move_some_pages(struct life *life)
{
	go_on(life, 3);
	(void)query(place.path, "PRAGMA wal_checkpoint(PASSIVE)");
}

START_TEST(log_that_was_moved_in_part_is_looked_at_closely)
{
	make(place.path, 2);
	die(place.path, move_some_pages);
	expect_records(5);
	ruin_page(place.path);
	die(place.path, move_some_pages);

	expect_refusal(STORE_BAD_DATA, "or the log beside it (-wal) is");
}
END_TEST

static void
lose_the_mark(struct life *life)
{
	go_on(life, 1);
	execute(place.path, "DELETE FROM log_mark");
}

START_TEST(log_without_a_mark_is_refused)
{
	make(place.path, 2);
	die(place.path, lose_the_mark);

	expect_refusal(STORE_BAD_DATA, "x.db: has a log_mark that cannot be");
}
END_TEST

START_TEST(torn_page_that_no_log_has_is_refused)
{
	make(place.path, 2);
	tear(place.path);

	expect_refusal(STORE_BAD_DATA, "is not a database");
}
END_TEST

START_TEST(log_does_not_make_a_database_of_a_text)
{
	static const char text[8192] = "host = localhost\n";

	make(place.path, 2);
	die(place.path, write_a_little);
	write_file(place.path, text, sizeof(text));

	expect_refusal(STORE_BAD_DATA, "x.db: ");
}
END_TEST

START_TEST(database_of_two_names_is_refused)
{
	char link_path[PATH_BYTES];

	make(place.path, 2);
	path_beside(&place, "link.db", link_path);
	ck_assert_int_eq(link(place.path, link_path), 0);

	expect_refusal(STORE_BAD_DATA, "has several names");

	ck_assert_int_eq(unlink(link_path), 0);
	expect_records(2);
}
END_TEST

static const char *const suffixes[] = { "-wal", "-shm", "-journal" };

START_TEST(what_is_beside_must_be_a_file)
{
	char name[PATH_BYTES], target[PATH_BYTES];

	make(place.path, 2);
	path_beside(&place, "target", target);
	write_file(target, "", 0);
	(void)snprintf(name, sizeof(name), "%s%s", place.path, suffixes[_i]);
	ck_assert_int_eq(symlink("target", name), 0);

	expect_refusal(STORE_CANNOT_CREATE, "is not a regular file");
}
END_TEST

START_TEST(what_is_beside_must_not_be_a_strangers)
{
	char name[PATH_BYTES];

	if (geteuid() != 0) {
		(void)puts("skipped: only root can give files away");
		return;
	}
	make(place.path, 2);
	(void)snprintf(name, sizeof(name), "%s%s", place.path, suffixes[_i]);
	write_file(name, "", 0);
	ck_assert_int_eq(chmod(name, 0666), 0);
	ck_assert_int_eq(chown(name, NOBODY, NOBODY), 0);

	expect_refusal(STORE_CANNOT_CREATE, "belongs to another user");
}
END_TEST

/* Left by root, who looked after the daemon's files. */
START_TEST(what_is_beside_must_be_ours_to_write)
{
	char name[PATH_BYTES];

	if (geteuid() != 0) {
		(void)puts("skipped: only root can give files away");
		return;
	}
	make(place.path, 2);
	(void)snprintf(name, sizeof(name), "%s%s", place.path, suffixes[_i]);
	write_file(name, "", 0);
	ck_assert_int_eq(chown(place.directory, NOBODY, NOBODY), 0);
	ck_assert_int_eq(chown(place.path, NOBODY, NOBODY), 0);

	expect_refusal_of(NOBODY, STORE_CANNOT_CREATE, suffixes[_i]);
}
END_TEST

START_TEST(log_that_a_power_failure_could_take_is_not_used)
{
	struct store *store;

	make(place.path, 2);
	(void)logged_lines(&place, "");
	directory_sync_error = EIO;

	ck_assert_int_eq(store_open(place.path, NULL, &store), STORE_IO_ERROR);

	directory_sync_error = 0;
	ck_assert_int_eq(logged_lines(&place, "durable: Input/output error"),
	    1);
	expect_records(2);
}
END_TEST

START_TEST(file_that_cannot_be_looked_at_was_not_removed)
{
	struct store *store;

	make(place.path, 2);
	ck_assert_int_eq(store_open(place.path, NULL, &store), STORE_OPENED);
	ck_assert_int_eq(store_begin(store), STORE_OK);
	(void)logged_lines(&place, "");
	stat_error = EIO;

	ck_assert_int_eq(store_commit(store), STORE_FATAL);

	stat_error = 0;
	ck_assert_int_eq(logged_lines(&place, "looked at: Input/output error"),
	    1);
	store_close(store);
	expect_records(2);
}
END_TEST

START_TEST(lock_that_cannot_be_looked_at_is_not_waited_for)
{
	int lock;

	fstat_error = EIO;

	ck_assert_int_eq(lock_take(place.path, NULL, &lock), STORE_IO_ERROR);

	fstat_error = 0;
	ck_assert_int_eq(logged_lines(&place, "lock: Input/output error"), 1);
}
END_TEST

START_TEST(lock_that_cannot_be_opened_is_named)
{
	char name[sizeof(place.path) + 8];
	int lock;

	(void)snprintf(name, sizeof(name), "%s.lock", place.path); /* fits */
	ck_assert_int_eq(mkdir(name, 0700), 0);

	ck_assert_int_eq(lock_take(place.path, NULL, &lock), STORE_IO_ERROR);

	ck_assert_int_eq(logged_lines(&place,
	    ".lock: cannot be opened: Is a directory"), 1);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, log_without_its_database_is_kept_for_it, 0,
	    LIVES);
	tcase_add_test(tc,
	    log_is_kept_where_the_database_was_moved_before_the_end);
	tcase_add_test(tc, journal_without_its_database_is_kept_for_it);
	tcase_add_test(tc, empty_log_is_in_nobodys_way);
	tcase_add_loop_test(tc, log_of_another_database_is_refused, 0,
	    LIVES);
	tcase_add_loop_test(tc, log_of_a_later_life_is_refused, 0,
	    LIVES);
	tcase_add_loop_test(tc, log_that_began_after_the_copy_is_refused, 0,
	    3);
	tcase_add_test(tc, log_that_began_before_the_copy_makes_it_whole);
	tcase_add_test(tc, log_of_other_pages_is_refused);
	tcase_add_test(tc, reader_before_the_start_is_no_reason_to_refuse);
	tcase_add_loop_test(tc, no_database_is_refused_that_is_its_logs, 0,
	    MODELS);
	tcase_add_test(tc, page_that_the_log_has_whole_may_be_torn);
	tcase_add_test(tc, page_that_the_journal_has_whole_may_be_torn);
	tcase_add_test(tc, torn_database_is_looked_at_closely);
	tcase_add_test(tc, log_that_was_moved_in_part_is_looked_at_closely);
	tcase_add_test(tc, log_without_a_mark_is_refused);
	tcase_add_test(tc, torn_page_that_no_log_has_is_refused);
	tcase_add_test(tc, log_does_not_make_a_database_of_a_text);
	tcase_add_test(tc, database_of_two_names_is_refused);
	tcase_add_loop_test(tc, what_is_beside_must_be_a_file, 0, 3);
	tcase_add_loop_test(tc, what_is_beside_must_not_be_a_strangers, 0, 3);
	tcase_add_loop_test(tc, what_is_beside_must_be_ours_to_write, 0, 3);
	tcase_add_test(tc, log_that_a_power_failure_could_take_is_not_used);
	tcase_add_test(tc, file_that_cannot_be_looked_at_was_not_removed);
	tcase_add_test(tc, lock_that_cannot_be_looked_at_is_not_waited_for);
	tcase_add_test(tc, lock_that_cannot_be_opened_is_named);
}
