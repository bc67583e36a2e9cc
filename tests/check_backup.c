/*
 * Copies of the database: what is in them, where they may be made, and that
 * nothing is left of one that fails.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "audit/audit.h"
#include "audit/backup.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "session/record.h"
#include "storage/chain.h"
#include "storage/store.h"

#include "daemon.h"
#include "durable.h"
#include "suite.h"

const char suite_name[] = "backup";

enum {
	PATH_BYTES = DAEMON_PATH_MAX + 32,
	CART_BYTES = 40000,
	CARTS = 60,			/* some 600 pages */
	PAGE_BYTES = 4096,
	LOG_BYTES_MAX = 4096 * PAGE_BYTES,
	NEVER = 1000000			/* looks of the watcher */
};

/* What the filesystem says of itself, in place of the C library. */
static unsigned long free_blocks = 1000000;

int
statvfs(const char *path, struct statvfs *fs)
{
	(void)path; /* all are alike */
	*fs = (struct statvfs){
		.f_frsize = PAGE_BYTES,
		.f_bfree = 1000000,	/* some of them root's alone */
		.f_bavail = free_blocks,
	};
	return 0;
}

int
fstatvfs(int fd, struct statvfs *fs)
{
	(void)fd;
	return statvfs("", fs);
}

/* A directory with a database that is in use, and what the watcher does. */
struct place {
	char	 directory[DAEMON_PATH_MAX];
	char	 database[PATH_BYTES];
	char	 target[PATH_BYTES];
	struct store *store;
	uint64_t revision;
	unsigned stop_at;		/* look, in stop_phase */
	enum backup_phase stop_phase;
	unsigned looks;
	bool	 commits;		/* something, at every look */
	const char *planted; /* at the first look, the log of ... */
	const struct place *attacker;	/* ... another database; or NULL */
};

static void
append_record(struct place *place)
{
	char *text = xcalloc(1, CART_BYTES);
	struct record record = {
		.session = payload_new("one", 3),
		.session_row = 1,
		.incarnation = 1,
		.revision = ++place->revision,
		.time_ms = 1700000000000 + place->revision,
		.event = place->revision == 1 ? RECORD_START : RECORD_CART,
		.transport = TRANSPORT_HTTP,
		.has_customer = true,
		.customer = { { 1 } },
		.customer_row = 1,
	};

	memset(text, 'a' + (int)(place->revision % 26), CART_BYTES);
	if (record.event == RECORD_START)
		record.name = payload_new("Ann", 3);
	else
		record.cart = payload_new(text, CART_BYTES);
	free(text);
	ck_assert_int_eq(store_begin(place->store), STORE_OK);
	ck_assert_int_eq(store_append(place->store, &record), STORE_OK);
	ck_assert_int_eq(store_commit(place->store), STORE_OK);
	record_clear(&record);
}

static void
path_in(const struct place *place, const char *name, char path[PATH_BYTES])
{
	(void)snprintf(path, PATH_BYTES, "%s/%s", place->directory, name);
}

static void
place_init(struct place *place)
{
	struct id_key key;
	int i;

	*place = (struct place){ .stop_at = NEVER };
	log_set_level(0);
	directory_make(place->directory);
	path_in(place, "x.db", place->database);
	path_in(place, "copy", place->target);
	ck_assert_int_eq(store_open(place->database, NULL, &place->store),
	    STORE_OPENED);
	ck_assert_int_eq(store_key(place->store, NULL, &key), 0);
	for (i = 0; i < CARTS; i++)
		append_record(place);
}

static void
place_clear(struct place *place)
{
	store_close(place->store);
	directory_remove(place->directory);
}

/* What is in it besides the database that is in use. */
static const char *
others(const struct place *place)
{
	static const char used[] = "x.db x.db-shm x.db-wal x.db.key x.db.lock ";
	static char list[DAEMON_PATH_MAX];
	char *at;

	(void)snprintf(list, sizeof(list), "%s",
	    directory_list(place->directory));
	at = strstr(list, used);
	ck_assert_ptr_nonnull(at);
	ck_assert_str_eq(at, used);
	*at = '\0';
	return list;
}

static void
write_file(const char *path, const void *bytes, size_t len, off_t at)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(pwrite(fd, bytes, len, at), (ssize_t)len);
	ck_assert_int_eq(close(fd), 0);
}

/* All that was committed to a database of which nothing was checkpointed. */
static void
plant_log(const struct place *place)
{
	static uint8_t bytes[LOG_BYTES_MAX];
	char from[PATH_BYTES], to[PATH_BYTES];
	ssize_t len;
	int fd;

	path_in(place->attacker, "x.db-wal", from);
	path_in(place, place->planted, to);
	fd = open(from, O_RDONLY);
	len = read(fd, bytes, sizeof(bytes));
	ck_assert_int_gt(len, CARTS * CART_BYTES);
	ck_assert_int_lt(len, LOG_BYTES_MAX);
	ck_assert_int_eq(close(fd), 0);
	write_file(to, bytes, (size_t)len, 0);
}

static bool
watch(void *ctx, enum backup_phase phase, uint64_t done, uint64_t total)
{
	struct place *place = ctx;

	ck_assert_uint_le(done, total);
	if (place->attacker != NULL) {
		plant_log(place);
		place->attacker = NULL;
	}
	if (place->commits) {
		/* Begun anew at each commit, it would have no end. */
		ck_assert_uint_lt(place->revision, 10 * CARTS);
		append_record(place);
	}
	return phase != place->stop_phase || place->looks++ < place->stop_at;
}

static int64_t
head_of(const char *path)
{
	struct chain_head head;
	struct audit *audit;

	ck_assert_int_eq(audit_open(path, &audit), AUDIT_OK);
	ck_assert_int_eq(audit_head(audit, &head), AUDIT_OK);
	audit_close(audit);
	return head.seq;
}

static enum backup_status
make(struct place *place, const struct backup_order *wishes)
{
	const struct backup_watcher watcher = { .goes_on = watch,
		.ctx = place };
	struct backup_order order = *wishes;
	struct chain_head head;
	enum backup_status status;

	if (order.database == NULL)
		order.database = place->database;
	if (order.target == NULL)
		order.target = place->target;
	status = backup_make(&order, &watcher, &head);
	if (status == BACKUP_MADE)
		ck_assert_int_eq(head.seq, head_of(order.target));
	return status;
}

static const struct backup_order plain = { .replaces = false };
static const struct backup_order replacing = { .replaces = true };

START_TEST(copy_is_one_private_file_with_all_that_was_committed)
{
	struct place place;
	uint8_t versions[2];
	struct stat st;
	int fd;

	place_init(&place);

	ck_assert_int_eq(make(&place, &plain), BACKUP_MADE);

	ck_assert_str_eq(others(&place), "copy ");
	ck_assert_int_eq(stat(place.target, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(head_of(place.target), CARTS);
	ck_assert_str_eq(others(&place), "copy ");
	/* https://sqlite.org/fileformat2.html, section 1.3.3: not WAL. */
	fd = open(place.target, O_RDONLY);
	ck_assert_int_eq(pread(fd, versions, 2, 18), 2);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_uint_eq(versions[0], 1);
	ck_assert_uint_eq(versions[1], 1);
	place_clear(&place);
}
END_TEST

START_TEST(daemon_opens_copy_as_its_database)
{
	struct store *store;
	struct place place;
	int64_t session, customer;

	place_init(&place);
	ck_assert_int_eq(make(&place, &plain), BACKUP_MADE);

	ck_assert_int_eq(store_open(place.target, NULL, &store), STORE_OPENED);
	store_last_rows(store, &session, &customer);
	store_close(store);

	ck_assert_int_eq(session, 1);
	ck_assert_int_eq(head_of(place.target), CARTS);
	place_clear(&place);
}
END_TEST

START_TEST(commits_meanwhile_neither_delay_it_nor_get_in)
{
	struct place place;

	place_init(&place);
	place.commits = true;

	ck_assert_int_eq(make(&place, &plain), BACKUP_MADE);

	ck_assert_uint_gt(place.revision, CARTS);
	ck_assert_int_eq(head_of(place.target), CARTS);
	ck_assert_int_eq(head_of(place.database), (int64_t)place.revision);
	place_clear(&place);
}
END_TEST

START_TEST(log_that_it_held_back_begins_anew_afterwards)
{
	char shm[PATH_BYTES];
	uint32_t frames;
	struct place place;
	int fd;

	place_init(&place);
	path_in(&place, "x.db-shm", shm);
	place.commits = true;

	ck_assert_int_eq(make(&place, &plain), BACKUP_MADE);

	append_record(&place);
	/* https://sqlite.org/walformat.html, section 2.1: mxFrame. */
	fd = open(shm, O_RDONLY);
	ck_assert_int_eq(pread(fd, &frames, 4, 16), 4);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_uint_lt(frames, CARTS);
	place_clear(&place);
}
END_TEST

START_TEST(what_is_there_already_stays)
{
	static const struct {
		const char *name;	/* of what is there */
		const char *target;
		bool	 replaces;
		bool	 with_key;
	} cases[] = {
		{ "copy", "copy", false, false },
		{ "copy-wal", "copy", false, false },
		{ "copy-journal", "copy", false, false },
		{ "copy.key", "copy", false, true },
		{ "copy", "copy", true, false },	/* is no database */
	};
	static const char text[] = "somebody's own words, not a database";
	char path[PATH_BYTES], bytes[64];
	struct place place;
	size_t i;
	int fd;

	place_init(&place);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct backup_order order = {
			.with_key = cases[i].with_key,
			.replaces = cases[i].replaces,
		};

		path_in(&place, cases[i].name, path);
		write_file(path, text, sizeof(text), 0);

		ck_assert_int_eq(make(&place, &order), BACKUP_BAD_TARGET);

		fd = open(path, O_RDONLY);
		ck_assert_int_eq(read(fd, bytes, sizeof(bytes)), sizeof(text));
		ck_assert_int_eq(close(fd), 0);
		ck_assert_str_eq(bytes, text);
		ck_assert_int_eq(unlink(path), 0);
		ck_assert_str_eq(others(&place), "");
	}
	place_clear(&place);
}
END_TEST

START_TEST(nothing_is_made_where_it_would_harm_or_cannot_be)
{
	static const struct {
		const char *target;
		enum backup_status status;
	} cases[] = {
		{ "x.db", BACKUP_BAD_TARGET },
		{ "./x.db", BACKUP_BAD_TARGET },
		{ "link", BACKUP_BAD_TARGET },		/* to x.db */
		{ "x.db-wal", BACKUP_BAD_TARGET },
		{ "x.db.key", BACKUP_BAD_TARGET },
		{ ".", BACKUP_BAD_TARGET },
		{ "missing/copy", BACKUP_IO_ERROR },
	};
	char path[PATH_BYTES], link[PATH_BYTES];
	struct backup_order order = { .target = path, .replaces = true };
	struct place place;
	size_t i;

	place_init(&place);
	path_in(&place, "link", link);
	ck_assert_int_eq(symlink("x.db", link), 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		path_in(&place, cases[i].target, path);

		ck_assert_int_eq(make(&place, &order), cases[i].status);

		ck_assert_str_eq(others(&place), "link ");
		ck_assert_int_eq(head_of(place.database), CARTS);
	}
	place_clear(&place);
}
END_TEST

START_TEST(database_with_the_name_of_a_draft_is_safe)
{
	char database[PATH_BYTES];
	struct backup_order order = { .database = database };
	struct place place;

	place_init(&place);
	ck_assert_int_eq(make(&place, &plain), BACKUP_MADE);
	path_in(&place, "y.partial", database);
	ck_assert_int_eq(rename(place.target, database), 0);
	path_in(&place, "y", place.target);

	ck_assert_int_eq(make(&place, &order), BACKUP_BAD_TARGET);

	ck_assert_int_eq(head_of(database), CARTS);
	place_clear(&place);
}
END_TEST

/* SQLite reads such a version as a negative number. */
START_TEST(copy_of_an_impossible_version_is_not_replaced)
{
	static const uint8_t version[] = { 0xff, 0xff, 0xff, 0xff };
	char path[PATH_BYTES];
	struct place place;
	int fd;

	place_init(&place);
	path_in(&place, "copy", path);
	ck_assert_int_eq(make(&place, &plain), BACKUP_MADE);
	fd = open(path, O_WRONLY);
	ck_assert_int_eq(pwrite(fd, version, sizeof(version), 60), 4);
	ck_assert_int_eq(close(fd), 0);

	ck_assert_int_eq(make(&place, &replacing), BACKUP_BAD_TARGET);

	place_clear(&place);
}
END_TEST

START_TEST(older_copy_is_replaced_with_what_is_beside_it)
{
	char wal[PATH_BYTES], draft[PATH_BYTES];
	struct place place;

	place_init(&place);
	ck_assert_int_eq(make(&place, &plain), BACKUP_MADE);
	append_record(&place);
	path_in(&place, "copy-wal", wal);
	write_file(wal, "stale", 5, 0);
	path_in(&place, "copy.partial", draft);
	write_file(draft, "of one that was killed", 22, 0);

	ck_assert_int_eq(make(&place, &replacing), BACKUP_MADE);

	ck_assert_str_eq(others(&place), "copy ");
	ck_assert_int_eq(head_of(place.target), CARTS + 1);
	place_clear(&place);
}
END_TEST

START_TEST(log_that_others_put_beside_it_does_not_get_in)
{
	struct place place, attacker;

	place_init(&place);
	place_init(&attacker);
	append_record(&attacker);
	place.planted = "copy.partial-wal";
	place.attacker = &attacker;

	ck_assert_int_eq(make(&place, &plain), BACKUP_MADE);

	ck_assert_str_eq(others(&place), "copy copy.partial-wal ");
	ck_assert_int_eq(head_of(place.target), CARTS);
	place_clear(&attacker);
	place_clear(&place);
}
END_TEST

START_TEST(what_appears_meanwhile_stays)
{
	static const char *const names[] = { "copy", "copy-wal", "copy.key" };
	const struct backup_order order = { .with_key = true };
	char path[PATH_BYTES], list[PATH_BYTES];
	struct place place, attacker;
	size_t i;

	place_init(&place);
	place_init(&attacker);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		place.planted = names[i];
		place.attacker = &attacker;

		ck_assert_int_ne(make(&place, &order), BACKUP_MADE);

		(void)snprintf(list, sizeof(list), "%s ", names[i]);
		ck_assert_str_eq(others(&place), list);
		path_in(&place, names[i], path);
		ck_assert_int_eq(unlink(path), 0);
	}
	place_clear(&attacker);
	place_clear(&place);
}
END_TEST

START_TEST(folder_of_the_draft_has_to_be_ours_alone)
{
	char folder[PATH_BYTES];
	struct place place;

	place_init(&place);
	path_in(&place, "copy.partial", folder);
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	ck_assert_int_eq(chmod(folder, 0770), 0);

	ck_assert_int_eq(make(&place, &plain), BACKUP_IO_ERROR);

	ck_assert_str_eq(others(&place), "copy.partial ");
	place_clear(&place);
}
END_TEST

START_TEST(backup_that_is_stopped_leaves_what_was_there)
{
	static const struct {
		enum backup_phase phase;
		unsigned look;
	} stops[] = {
		{ BACKUP_COPYING, 0 },
		{ BACKUP_COPYING, 1 },
		{ BACKUP_CHECKING, 0 },
	};
	struct place place;
	size_t i;

	place_init(&place);
	ck_assert_int_eq(make(&place, &plain), BACKUP_MADE);
	append_record(&place);
	for (i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		place.stop_phase = stops[i].phase;
		place.stop_at = stops[i].look;
		place.looks = 0;

		ck_assert_int_eq(make(&place, &replacing), BACKUP_STOPPED);

		ck_assert_str_eq(others(&place), "copy ");
		ck_assert_int_eq(head_of(place.target), CARTS);
	}
	place_clear(&place);
}
END_TEST

START_TEST(disk_that_is_full_leaves_nothing)
{
	struct rlimit before, little = { 1 << 20, 1 << 20 };
	struct place place;

	place_init(&place);
	ck_assert_ptr_ne(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	little.rlim_max = before.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &little), 0);

	ck_assert_int_eq(make(&place, &plain), BACKUP_IO_ERROR);

	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	ck_assert_str_eq(others(&place), "");
	place_clear(&place);
}
END_TEST

static unsigned long
pages_of(const char *path)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return (unsigned long)st.st_size / PAGE_BYTES;
}

START_TEST(without_room_for_all_of_it_nothing_is_copied)
{
	struct place place;

	place_init(&place);
	store_close(place.store); /* which leaves all of it in one file */
	ck_assert_int_eq(store_open(place.database, NULL, &place.store),
	    STORE_OPENED);

	free_blocks = pages_of(place.database) - 1;
	ck_assert_int_eq(make(&place, &plain), BACKUP_IO_ERROR);
	ck_assert_uint_eq(place.looks, 0);
	ck_assert_str_eq(others(&place), "");

	free_blocks++;
	ck_assert_int_eq(make(&place, &plain), BACKUP_MADE);
	ck_assert_uint_gt(place.looks, 0);
	place_clear(&place);
}
END_TEST

START_TEST(what_is_no_good_database_is_not_copied)
{
	static const uint8_t zeros[PAGE_BYTES];
	char path[PATH_BYTES];
	struct backup_order order = { .database = path };
	struct place place;

	place_init(&place);
	path_in(&place, "y.db", path);

	ck_assert_int_eq(make(&place, &order), BACKUP_NO_DATABASE);
	write_file(path, zeros, sizeof(zeros), 0);
	ck_assert_int_eq(make(&place, &order), BACKUP_BAD_DATA);

	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(make(&place, &plain), BACKUP_MADE);
	ck_assert_int_eq(rename(place.target, path), 0);
	/* The second page is the root of a table. */
	write_file(path, zeros, PAGE_BYTES, PAGE_BYTES);
	ck_assert_int_eq(make(&place, &order), BACKUP_BAD_DATA);
	ck_assert_str_eq(directory_list(place.directory),
	    "x.db x.db-shm x.db-wal x.db.key x.db.lock y.db ");
	place_clear(&place);
}
END_TEST

START_TEST(key_is_copied_when_asked_for)
{
	const struct backup_order order = { .with_key = true,
		.replaces = true };
	char from[PATH_BYTES], to[PATH_BYTES];
	struct place place;
	uint8_t keys[2][ID_KEY_BYTES + 1];
	struct stat st;
	int fd[2];

	place_init(&place);
	path_in(&place, "x.db.key", from);
	path_in(&place, "copy.key", to);

	ck_assert_int_eq(make(&place, &order), BACKUP_MADE);

	ck_assert_str_eq(others(&place), "copy copy.key ");
	fd[0] = open(from, O_RDONLY);
	fd[1] = open(to, O_RDONLY);
	ck_assert_int_eq(read(fd[0], keys[0], sizeof(keys[0])), ID_KEY_BYTES);
	ck_assert_int_eq(read(fd[1], keys[1], sizeof(keys[1])), ID_KEY_BYTES);
	ck_assert_mem_eq(keys[0], keys[1], ID_KEY_BYTES);
	ck_assert_int_eq(fstat(fd[1], &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(close(fd[0]) + close(fd[1]), 0);
	place_clear(&place);
}
END_TEST

/* A new one, and one that takes the place of another. */
START_TEST(copy_and_its_key_survive_a_power_failure)
{
	const struct backup_order order = {
		.with_key = true,
		.replaces = true,
	};
	struct place place;
	size_t i, before;

	place_init(&place);
	for (i = 0; i < 2; i++) {
		before = durable_names();
		ck_assert_int_eq(make(&place, &order), BACKUP_MADE);
		ck_assert_uint_eq(durable_names(), before + 2);
		ck_assert_uint_eq(durable_unfinished(), 0);
		ck_assert_uint_eq(durable_unsettled(), 0);
	}
	place_clear(&place);
}
END_TEST

START_TEST(without_the_key_that_was_asked_for_there_is_no_copy)
{
	const struct backup_order order = { .with_key = true };
	char key[PATH_BYTES];
	struct place place;

	place_init(&place);
	path_in(&place, "x.db.key", key);
	ck_assert_int_eq(unlink(key), 0);

	ck_assert_int_eq(make(&place, &order), BACKUP_IO_ERROR);

	ck_assert_str_eq(directory_list(place.directory),
	    "x.db x.db-shm x.db-wal x.db.lock ");
	place_clear(&place);
}
END_TEST

START_TEST(database_of_a_running_daemon_is_not_replaced)
{
	struct store *store;
	struct place place;

	place_init(&place);
	ck_assert_int_eq(store_open(place.target, NULL, &store), STORE_OPENED);

	ck_assert_int_eq(make(&place, &replacing), BACKUP_IN_USE);

	store_close(store);
	ck_assert_int_eq(head_of(place.target), 0);
	place_clear(&place);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc,
	    copy_is_one_private_file_with_all_that_was_committed);
	tcase_add_test(tc, daemon_opens_copy_as_its_database);
	tcase_add_test(tc, commits_meanwhile_neither_delay_it_nor_get_in);
	tcase_add_test(tc, log_that_it_held_back_begins_anew_afterwards);
	tcase_add_test(tc, what_is_there_already_stays);
	tcase_add_test(tc, nothing_is_made_where_it_would_harm_or_cannot_be);
	tcase_add_test(tc, database_with_the_name_of_a_draft_is_safe);
	tcase_add_test(tc, copy_of_an_impossible_version_is_not_replaced);
	tcase_add_test(tc, older_copy_is_replaced_with_what_is_beside_it);
	tcase_add_test(tc, log_that_others_put_beside_it_does_not_get_in);
	tcase_add_test(tc, what_appears_meanwhile_stays);
	tcase_add_test(tc, folder_of_the_draft_has_to_be_ours_alone);
	tcase_add_test(tc, backup_that_is_stopped_leaves_what_was_there);
	tcase_add_test(tc, disk_that_is_full_leaves_nothing);
	tcase_add_test(tc, without_room_for_all_of_it_nothing_is_copied);
	tcase_add_test(tc, what_is_no_good_database_is_not_copied);
	tcase_add_test(tc, key_is_copied_when_asked_for);
	tcase_add_test(tc, copy_and_its_key_survive_a_power_failure);
	tcase_add_test(tc, without_the_key_that_was_asked_for_there_is_no_copy);
	tcase_add_test(tc, database_of_a_running_daemon_is_not_replaced);
}
