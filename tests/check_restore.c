/*
 * A copy takes the place of the database: what is where afterwards, which
 * copies are refused, and that a kill at any moment spoils nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
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
#include "audit/restore.h"
#include "base/id.h"
#include "base/log.h"
#include "storage/chain.h"
#include "storage/sqlite/db_header.h"
#include "storage/store.h"

#include "daemon.h"
#include "story.h"
#include "suite.h"

const char suite_name[] = "restore";

enum {
	PATH_BYTES = 256,
	COPIED = 2,			/* rows in the copy */
	TOLD = 4,			/* rows in the database and its log */
	STEPS_MAX = 1000,
	NOBODY = 65534
};

/* How many calls that change a folder are left until we are killed; or 0. */
static unsigned steps_left;

static void
count_step(void)
{
	if (steps_left > 0 && --steps_left == 0)
		(void)kill(getpid(), SIGKILL);
}

/*
 * These stand in the place of the C library's.  A kill needs no disk that
 * remembers.
 */

int
fsync(int fd)
{
	(void)fd; /* not looked at */
	count_step();
	return 0;
}

int
fdatasync(int fd)
{
	return fsync(fd);
}

int
fchown(int fd, uid_t user, gid_t group)
{
	count_step();
	return (int)syscall(SYS_fchown, fd, user, group);
}

int
link(const char *from, const char *to)
{
	count_step();
	return (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
mkdir(const char *path, mode_t mode)
{
	count_step();
	return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int
renameat(int from, const char *name, int to, const char *path)
{
	count_step();
	return (int)syscall(SYS_renameat2, from, name, to, path, 0);
}

int
unlink(const char *path)
{
	count_step();
	return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int
unlinkat(int folder, const char *path, int flags)
{
	count_step();
	return (int)syscall(SYS_unlinkat, folder, path, flags);
}

struct place {
	struct story story;
	char	 copy[PATH_BYTES];
	unsigned stop_at;		/* look of the watcher; 0: never */
	unsigned looks;
};

static void
path_in(const struct place *place, const char *name, char path[PATH_BYTES])
{
	(void)snprintf(path, PATH_BYTES, "%s/%s", place->story.folder, name);
}

static bool
watch(void *ctx, enum backup_phase phase, uint64_t done, uint64_t total)
{
	struct place *place = ctx;

	(void)phase;
	ck_assert_uint_le(done, total);
	return ++place->looks != place->stop_at;
}

static void
copy_database(struct place *place)
{
	const struct backup_order order = {
		.database = place->story.path,
		.target = place->copy,
		.with_key = true,
	};
	const struct backup_watcher watcher = {
		.goes_on = watch,
		.ctx = place,
	};
	struct chain_head head;

	ck_assert_int_eq(backup_make(&order, &watcher, &head), BACKUP_MADE);
	ck_assert_int_eq(head.seq, COPIED);
}

/* Move the log's pages to the database, which has less than its log then. */
static void
checkpoint(const struct story *story)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(story->path, &db), SQLITE_OK);
	story_run(db, "PRAGMA wal_checkpoint(PASSIVE)");
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

/* In a process that ends as if it were killed. */
static void
live(struct place *place)
{
	struct story *story = &place->story;
	struct id_key key;
	int status;
	pid_t child = fork();

	ck_assert_int_ne(child, -1);
	if (child == 0) {
		ck_assert_int_eq(store_open(story->path, NULL,
		    &story->store), STORE_OPENED);
		ck_assert_int_eq(store_key(story->store, NULL, &key), 0);
		(void)story_enter(story, 0, RECORD_START, 1);
		(void)story_tell(story, 0, RECORD_CART, 1);
		copy_database(place);
		(void)story_tell(story, 0, RECORD_CART, 1);
		checkpoint(story);
		(void)story_tell(story, 0, RECORD_CART, 1);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}

/* The user of the daemon has no way into root's home. */
static void
go_where_all_may(void)
{
	const char *folder = getenv("TMPDIR");

	ck_assert_int_eq(chdir(folder == NULL ? "/tmp" : folder), 0);
}

static void
place_init(struct place *place)
{
	*place = (struct place){ .looks = 0 };
	go_where_all_may();
	story_begin(&place->story);
	story_end(&place->story);
	log_set_level(0);
	path_in(place, "copy", place->copy);
	live(place);
}

static void
place_clear(const struct place *place)
{
	directory_remove(place->story.folder);
}

static enum restore_status
restore(struct place *place, const struct restore_order *wishes,
    struct restore_plan *plan)
{
	struct restore_order order = *wishes;
	const struct backup_watcher watcher = {
		.goes_on = watch,
		.ctx = place,
	};
	enum restore_status status;
	struct restore *opened;

	if (order.database == NULL)
		order.database = place->story.path;
	if (order.copy == NULL)
		order.copy = place->copy;
	status = restore_open(&order, &watcher, &opened, plan);
	if (status != RESTORE_DONE)
		return status;
	status = restore_finish(opened);
	/* What the plan lends goes with it. */
	plan->old = (struct restore_old){ .bytes = plan->old.bytes };
	restore_close(opened);
	return status;
}

static const struct restore_order plain = { .with_key = false };
static const struct restore_order with_key = { .with_key = true };

static enum restore_status
restore_plainly(struct place *place)
{
	struct restore_plan plan;

	return restore(place, &plain, &plan);
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

static bool
is_there(const struct place *place, const char *name)
{
	char path[PATH_BYTES];
	struct stat st;

	path_in(place, name, path);
	return lstat(path, &st) == 0;
}

/*
 * How many files are the whole old database with its log.  Others are of a
 * restore that was repeated after all was done.
 */
static unsigned
count_kept(const struct place *place)
{
	char list[1024], path[PATH_BYTES], *rest = list, *name;
	unsigned n = 0;
	int64_t head;

	(void)snprintf(list, sizeof(list), "%s",
	    directory_list(place->story.folder));
	while ((name = strtok_r(rest, " ", &rest)) != NULL) {
		if (strncmp(name, "shop.db.before-restore-", 23) != 0 ||
		    name[strlen(name) - 1] != 'Z')
			continue;
		path_in(place, name, path);
		head = head_of(path);
		ck_assert(head == TOLD || head == COPIED);
		n += head == TOLD;
	}
	return n;
}

static void
write_file(const struct place *place, const char *name, const char *text)
{
	char path[PATH_BYTES];
	int fd;

	path_in(place, name, path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(close(fd), 0);
}

static void
read_key(const struct place *place, const char *name, struct id_key *key)
{
	char path[PATH_BYTES];
	int fd;

	path_in(place, name, path);
	fd = open(path, O_RDONLY);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(read(fd, key->bytes, ID_KEY_BYTES), ID_KEY_BYTES);
	ck_assert_int_eq(close(fd), 0);
}

static void
expect_same_keys(const struct place *place, const char *one, const char *other)
{
	struct id_key keys[2];

	read_key(place, one, &keys[0]);
	read_key(place, other, &keys[1]);
	ck_assert_mem_eq(keys[0].bytes, keys[1].bytes, ID_KEY_BYTES);
}

static const char other_key[] = "0123456789abcdef0123456789abcdef";

START_TEST(copy_is_the_database_and_the_old_one_is_kept)
{
	struct restore_plan plan;
	struct place place;
	struct stat st;

	place_init(&place);
	ck_assert(is_there(&place, "shop.db-wal"));
	ck_assert_int_eq(stat(place.story.path, &st), 0);

	ck_assert_int_eq(restore(&place, &plain, &plan), RESTORE_DONE);

	ck_assert(!is_there(&place, "shop.db-wal"));
	ck_assert(!is_there(&place, "shop.db-shm"));
	ck_assert(!is_there(&place, "shop.db.lock"));
	ck_assert(!is_there(&place, "shop.db.partial"));
	ck_assert_int_eq(head_of(place.story.path), COPIED);
	ck_assert_uint_eq(count_kept(&place), 1);
	ck_assert(plan.is_proved);
	ck_assert_int_eq(plan.head.seq, COPIED);
	ck_assert_uint_eq(plan.old.bytes, (uint64_t)st.st_size);
	ck_assert_int_eq(plan.key, RESTORE_KEY_STAYS);
	place_clear(&place);
}
END_TEST

START_TEST(daemon_goes_on_from_the_copy)
{
	struct store *store;
	struct place place;

	place_init(&place);
	ck_assert_int_eq(restore_plainly(&place), RESTORE_DONE);

	ck_assert_int_eq(store_open(place.story.path, NULL, &store),
	    STORE_OPENED);
	store_close(store);

	ck_assert_int_eq(head_of(place.story.path), COPIED);
	place_clear(&place);
}
END_TEST

START_TEST(database_need_not_be_there)
{
	struct restore_plan plan;
	struct place place;
	struct stat st;

	place_init(&place);
	ck_assert_int_eq(unlink(place.story.path), 0);
	ck_assert(is_there(&place, "shop.db-wal"));

	ck_assert_int_eq(restore(&place, &plain, &plan), RESTORE_DONE);

	ck_assert(!is_there(&place, "shop.db-wal"));
	ck_assert_int_eq(head_of(place.story.path), COPIED);
	ck_assert_int_eq(stat(place.story.path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_uint_eq(plan.old.bytes, 0);
	place_clear(&place);
}
END_TEST

START_TEST(damaged_database_can_be_replaced)
{
	struct place place;

	place_init(&place);
	write_file(&place, "shop.db", "nothing that one could read");

	ck_assert_int_eq(restore_plainly(&place), RESTORE_DONE);

	ck_assert_int_eq(head_of(place.story.path), COPIED);
	place_clear(&place);
}
END_TEST

START_TEST(database_of_a_running_daemon_is_not_replaced)
{
	struct store *store;
	struct place place;

	place_init(&place);
	ck_assert_int_eq(store_open(place.story.path, NULL, &store),
	    STORE_OPENED);

	ck_assert_int_eq(restore_plainly(&place), RESTORE_IN_USE);

	store_close(store);
	ck_assert_int_eq(head_of(place.story.path), TOLD);
	place_clear(&place);
}
END_TEST

static void
run_sql(const struct place *place, const char *sql)
{
	struct story copy;
	sqlite3 *db;

	(void)snprintf(copy.path, sizeof(copy.path), "%s/copy",
	    place->story.folder); /* fits */
	db = story_open(&copy);
	story_run(db, sql);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static void
ruin_text(const struct place *place)
{
	write_file(place, "copy", "no database");
}

static void
ruin_tail(const struct place *place)
{
	ck_assert_int_eq(truncate(place->copy, 8192), 0);
}

static void
ruin_page(const struct place *place)
{
	static const uint8_t zeros[4096];
	int fd = open(place->copy, O_WRONLY);

	ck_assert_int_eq(pwrite(fd, zeros, sizeof(zeros), sizeof(zeros)),
	    sizeof(zeros));
	ck_assert_int_eq(close(fd), 0);
}

/* What the chain does not prove. */
static void
ruin_old_page(const struct place *place)
{
	run_sql(place, "PRAGMA user_version = 1");
	ruin_page(place);
}

static void
ruin_row(const struct place *place)
{
	run_sql(place, "UPDATE journal SET ts_ms = ts_ms + 1"
	    " WHERE seq = 1");
}

static void
ruin_version(const struct place *place)
{
	run_sql(place, "PRAGMA user_version = 1000");
}

static void
ruin_mode(const struct place *place)
{
	run_sql(place, "PRAGMA journal_mode = WAL");
	write_file(place, "copy-wal", "what is missing in it");
}

static void
ruin_kind(const struct place *place)
{
	ck_assert_int_eq(unlink(place->copy), 0);
	ck_assert_int_eq(mkdir(place->copy, 0700), 0);
}

START_TEST(copy_that_is_none_is_refused)
{
	static void (*const ruins[])(const struct place *) = {
		ruin_text, ruin_tail, ruin_page, ruin_old_page, ruin_row,
		ruin_version, ruin_mode, ruin_kind,
	};
	struct place place;
	size_t i;

	for (i = 0; i < sizeof(ruins) / sizeof(ruins[0]); i++) {
		place_init(&place);
		ruins[i](&place);

		ck_assert_int_eq(restore_plainly(&place), RESTORE_BAD_DATA);

		ck_assert(!is_there(&place, "shop.db.partial"));
		ck_assert_uint_eq(count_kept(&place), 0);
		ck_assert_int_eq(head_of(place.story.path), TOLD);
		place_clear(&place);
	}
}
END_TEST

START_TEST(copy_that_is_truncated_is_not_even_read)
{
	struct place place;

	place_init(&place);
	ruin_tail(&place);
	place.looks = 0;

	ck_assert_int_eq(restore_plainly(&place), RESTORE_BAD_DATA);

	ck_assert_uint_eq(place.looks, 0);
	place_clear(&place);
}
END_TEST

START_TEST(copy_has_to_be_another_file_that_is_there)
{
	char path[PATH_BYTES];
	const struct restore_order itself = { .copy = path };
	const struct restore_order missing = { .copy = "missing" };
	struct restore_plan plan;
	struct place place;

	place_init(&place);
	path_in(&place, "./shop.db", path);

	ck_assert_int_eq(restore(&place, &itself, &plan), RESTORE_USAGE);
	ck_assert_int_eq(restore(&place, &missing, &plan), RESTORE_NO_COPY);

	ck_assert_int_eq(head_of(place.story.path), TOLD);
	place_clear(&place);
}
END_TEST

START_TEST(place_that_cannot_be_taken_is_refused)
{
	const struct restore_order missing = { .database = "missing/shop.db" };
	char path[PATH_BYTES];
	const struct restore_order folder = { .database = path };
	struct restore_plan plan;
	struct place place;

	place_init(&place);
	path_in(&place, "folder", path);
	ck_assert_int_eq(mkdir(path, 0700), 0);

	ck_assert_int_eq(restore(&place, &missing, &plan),
	    RESTORE_CANNOT_CREATE);
	ck_assert_int_eq(restore(&place, &folder, &plan), RESTORE_BAD_DATA);

	place_clear(&place);
}
END_TEST

START_TEST(log_that_others_put_beside_the_copy_does_not_get_in)
{
	struct place place;

	place_init(&place);
	write_file(&place, "copy-wal", "another's");

	ck_assert_int_eq(restore_plainly(&place), RESTORE_DONE);

	ck_assert_int_eq(head_of(place.story.path), COPIED);
	place_clear(&place);
}
END_TEST

START_TEST(copy_of_an_older_version_is_left_to_the_daemon)
{
	struct restore_plan plan;
	struct place place;

	place_init(&place);
	run_sql(&place, "PRAGMA user_version = 1");

	ck_assert_int_eq(restore(&place, &plain, &plan), RESTORE_DONE);

	ck_assert_int_eq(plan.version, 1);
	ck_assert(!plan.is_proved);
	place_clear(&place);
}
END_TEST

static size_t
count_kept_keys(const struct place *place)
{
	const char *at = directory_list(place->story.folder);
	size_t n = 0;

	while ((at = strstr(at, "Z.key ")) != NULL) {
		at++;
		n++;
	}
	return n;
}

START_TEST(key_is_restored_when_asked_for)
{
	struct restore_plan plan;
	struct place place;

	place_init(&place);
	ck_assert_int_eq(restore(&place, &with_key, &plan), RESTORE_DONE);
	ck_assert_int_eq(plan.key, RESTORE_KEY_SAME);
	ck_assert_uint_eq(count_kept_keys(&place), 0);

	write_file(&place, "shop.db.key", other_key);
	ck_assert_int_eq(restore(&place, &plain, &plan), RESTORE_DONE);
	ck_assert_int_eq(plan.key, RESTORE_KEY_STAYS);

	ck_assert_int_eq(restore(&place, &with_key, &plan), RESTORE_DONE);
	ck_assert_int_eq(plan.key, RESTORE_KEY_REPLACED);
	expect_same_keys(&place, "shop.db.key", "copy.key");
	ck_assert_uint_eq(count_kept_keys(&place), 1);
	place_clear(&place);
}
END_TEST

START_TEST(key_that_is_missing_is_not_made)
{
	struct restore_plan plan;
	char path[PATH_BYTES];
	struct place place;

	place_init(&place);
	path_in(&place, "shop.db.key", path);
	ck_assert_int_eq(unlink(path), 0);

	ck_assert_int_eq(restore(&place, &plain, &plan), RESTORE_DONE);
	ck_assert_int_eq(plan.key, RESTORE_KEY_MISSING);
	ck_assert(!is_there(&place, "shop.db.key"));

	ck_assert_int_eq(restore(&place, &with_key, &plan), RESTORE_DONE);
	ck_assert_int_eq(plan.key, RESTORE_KEY_NEW);
	expect_same_keys(&place, "shop.db.key", "copy.key");
	place_clear(&place);
}
END_TEST

START_TEST(without_the_key_that_was_asked_for_nothing_is_restored)
{
	struct restore_plan plan;
	char path[PATH_BYTES];
	struct place place;

	place_init(&place);
	write_file(&place, "copy.key", "short");
	ck_assert_int_eq(restore(&place, &with_key, &plan), RESTORE_BAD_DATA);

	path_in(&place, "copy.key", path);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(restore(&place, &with_key, &plan), RESTORE_NO_COPY);

	ck_assert_int_eq(head_of(place.story.path), TOLD);
	place_clear(&place);
}
END_TEST

START_TEST(restore_that_is_stopped_changes_nothing)
{
	struct place place;
	unsigned look;

	place_init(&place);
	place.looks = 0;
	ck_assert_int_eq(restore_plainly(&place), RESTORE_DONE);
	for (look = place.looks; look > 0; look--) {
		place_clear(&place);
		place_init(&place);
		place.looks = 0;
		place.stop_at = look;

		ck_assert_int_eq(restore_plainly(&place), RESTORE_STOPPED);

		ck_assert(!is_there(&place, "shop.db.partial"));
		ck_assert_int_eq(head_of(place.story.path), TOLD);
	}
	place_clear(&place);
}
END_TEST

static void
expect_owner(const struct place *place, const char *name, uid_t user,
    mode_t mode)
{
	char path[PATH_BYTES];
	struct stat st;

	path_in(place, name, path);
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert_uint_eq(st.st_uid, user);
	ck_assert_uint_eq(st.st_mode & 07777, mode);
}

START_TEST(root_restores_for_the_daemons_user)
{
	static const struct {
		uid_t	 folder;
		uid_t	 database;
		bool	 is_there;
	} cases[] = {
		{ NOBODY, NOBODY, true },
		{ 0, NOBODY, true },
		{ NOBODY, 0, true },	/* after a cp as root */
		{ NOBODY, 0, false },
	};
	char key[PATH_BYTES];
	struct restore_plan plan;
	struct store *store;
	struct place place;
	size_t i;

	if (geteuid() != 0) {
		printf("owners: skipped, only root gives files away\n");
		return;
	}
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		place_init(&place);
		path_in(&place, "shop.db.key", key);
		ck_assert_int_eq(chown(place.story.folder, cases[i].folder,
		    NOBODY), 0);
		ck_assert_int_eq(chmod(place.story.folder, 0770), 0);
		ck_assert_int_eq(chown(place.story.path, cases[i].database,
		    NOBODY), 0);
		ck_assert_int_eq(chmod(place.story.path, 0640), 0);
		if (!cases[i].is_there)
			ck_assert_int_eq(unlink(place.story.path), 0);

		ck_assert_int_eq(restore(&place, i % 2 == 0 ? &plain :
		    &with_key, &plan), RESTORE_DONE);

		expect_owner(&place, "shop.db", NOBODY,
		    cases[i].is_there && cases[i].database == NOBODY ? 0640 :
		    0600);
		expect_owner(&place, "shop.db.key", NOBODY, 0600);
		expect_same_keys(&place, "shop.db.key", "copy.key");
		ck_assert_int_eq(setegid(NOBODY), 0);
		ck_assert_int_eq(seteuid(NOBODY), 0);
		ck_assert_int_eq(store_open(place.story.path, NULL, &store),
		    STORE_OPENED);
		store_close(store);
		ck_assert_int_eq(seteuid(0), 0);
		ck_assert_int_eq(setegid(0), 0);
		place_clear(&place);
	}
}
END_TEST

START_TEST(another_users_database_is_not_replaced)
{
	struct place place;

	if (geteuid() != 0) {
		printf("another's database: skipped, only root is two "
		    "users\n");
		return;
	}
	place_init(&place);
	ck_assert_int_eq(chmod(place.story.folder, 0777), 0);
	ck_assert_int_eq(chmod(place.copy, 0644), 0);
	ck_assert_int_eq(seteuid(NOBODY), 0);

	ck_assert_int_eq(restore_plainly(&place), RESTORE_CANNOT_CREATE);

	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(head_of(place.story.path), TOLD);
	place_clear(&place);
}
END_TEST

/* Between the mark and the removal of the log, which has another name too. */
START_TEST(mark_is_no_database_whatever_log_is_beside_it)
{
	char file[PATH_BYTES], log[PATH_BYTES], kept[PATH_BYTES];
	struct stat before, after;
	struct store *store;
	struct audit *audit;
	struct place place;
	sqlite3 *db;

	place_init(&place);
	path_in(&place, "shop.db-wal", log);
	path_in(&place, "kept-wal", kept);
	/* All pages are in the log then. */
	ck_assert_int_eq(sqlite3_open(place.story.path, &db), SQLITE_OK);
	story_run(db, "PRAGMA wal_autocheckpoint = 0; VACUUM");
	ck_assert_int_eq(link(log, kept), 0);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	ck_assert_int_eq(rename(kept, log), 0);
	ck_assert_int_eq(link(log, kept), 0);
	write_file(&place, "shop.db", db_header_placeholder);
	path_in(&place, "shop.db", file);
	ck_assert_int_eq(stat(log, &before), 0);
	ck_assert_int_gt(before.st_size, 0);

	ck_assert_int_eq(audit_open(file, &audit), AUDIT_BAD_DATA);
	ck_assert_int_eq(store_open(file, NULL, &store), STORE_BAD_DATA);

	ck_assert_int_eq(stat(log, &after), 0);
	ck_assert_int_eq(after.st_size, before.st_size);
	ck_assert_int_eq(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
	ck_assert_int_eq(stat(file, &after), 0);
	ck_assert_uint_eq((size_t)after.st_size, strlen(db_header_placeholder));
	place_clear(&place);
}
END_TEST

/* Whom root restores for; the lock of the last daemon was removed. */
static void
give_to_nobody(const struct place *place)
{
	char lock[PATH_BYTES];

	path_in(place, "shop.db.lock", lock);
	ck_assert(unlink(lock) == 0 || errno == ENOENT);
	ck_assert_int_eq(chown(place->story.folder, NOBODY, NOBODY), 0);
	ck_assert_int_eq(chown(place->story.path, NOBODY, NOBODY), 0);
}

/* Whether it was killed before it was done. */
static bool
is_killed_at(struct place *place, unsigned step)
{
	struct restore_plan plan;
	int status;
	pid_t child = fork();

	ck_assert_int_ne(child, -1);
	if (child == 0) {
		steps_left = step;
		_exit((int)restore(place, &with_key, &plan));
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	return WIFSIGNALED(status);
}

/* Of the old database, which has its log or never had one, or of the copy. */
static void
expect_whole(const struct place *place, bool had_log)
{
	bool has_log = is_there(place, "shop.db-wal");
	int64_t head = head_of(place->story.path);
	struct id_key key;

	ck_assert(head == TOLD || head == COPIED);
	if (had_log || has_log)
		ck_assert_int_eq(head, has_log ? TOLD : COPIED);
	read_key(place, "shop.db.key", &key);
	if (head == TOLD)
		ck_assert_mem_eq(key.bytes, other_key, ID_KEY_BYTES);
	else
		expect_same_keys(place, "shop.db.key", "copy.key");
}

/*
 * All of the old database, all of the copy, or nothing that a daemon takes; and
 * a lock that the daemon's user can take.
 */
static void
expect_no_mixture(const struct place *place, bool had_log)
{
	struct store *store;
	struct audit *audit;

	if (geteuid() == 0 && is_there(place, "shop.db.lock"))
		expect_owner(place, "shop.db.lock", NOBODY, 0600);
	if (audit_open(place->story.path, &audit) != AUDIT_OK) {
		ck_assert_int_eq(store_open(place->story.path, NULL, &store),
		    STORE_BAD_DATA);
		ck_assert_uint_ge(count_kept(place), 1);
		return;
	}
	audit_close(audit);
	expect_whole(place, had_log);
}

/* Let the log be taken in, as a daemon's end does it. */
static void
take_log_in(const struct place *place)
{
	struct store *store;

	ck_assert_int_eq(store_open(place->story.path, NULL, &store),
	    STORE_OPENED);
	store_close(store);
	ck_assert(!is_there(place, "shop.db-wal"));
}

START_TEST(restore_that_is_killed_spoils_nothing_and_can_be_repeated)
{
	bool has_log = _i == 0;
	struct restore_plan plan;
	struct place place;
	bool goes_on = true;
	unsigned step;

	if (geteuid() != 0)
		printf("another user's lock: skipped, only root is two "
		    "users\n");
	for (step = 1; goes_on; step++) {
		ck_assert_uint_lt(step, STEPS_MAX);
		place_init(&place);
		if (!has_log)
			take_log_in(&place);
		write_file(&place, "shop.db.key", other_key);
		if (geteuid() == 0)
			give_to_nobody(&place);

		goes_on = is_killed_at(&place, step);
		expect_no_mixture(&place, has_log);
		ck_assert_int_eq(restore(&place, &with_key, &plan),
		    RESTORE_DONE);

		ck_assert(!is_there(&place, "shop.db-wal"));
		ck_assert(!is_there(&place, "shop.db.partial"));
		ck_assert(!is_there(&place, "shop.db.interrupted"));
		ck_assert(!is_there(&place, "shop.db.key.partial"));
		ck_assert_uint_ge(count_kept(&place), 1);
		ck_assert_int_eq(head_of(place.story.path), COPIED);
		expect_same_keys(&place, "shop.db.key", "copy.key");
		place_clear(&place);
	}
	ck_assert_uint_gt(step, 20);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, copy_is_the_database_and_the_old_one_is_kept);
	tcase_add_test(tc, daemon_goes_on_from_the_copy);
	tcase_add_test(tc, database_need_not_be_there);
	tcase_add_test(tc, damaged_database_can_be_replaced);
	tcase_add_test(tc, database_of_a_running_daemon_is_not_replaced);
	tcase_add_test(tc, copy_that_is_none_is_refused);
	tcase_add_test(tc, copy_that_is_truncated_is_not_even_read);
	tcase_add_test(tc, copy_has_to_be_another_file_that_is_there);
	tcase_add_test(tc, place_that_cannot_be_taken_is_refused);
	tcase_add_test(tc,
	    log_that_others_put_beside_the_copy_does_not_get_in);
	tcase_add_test(tc, copy_of_an_older_version_is_left_to_the_daemon);
	tcase_add_test(tc, key_is_restored_when_asked_for);
	tcase_add_test(tc, key_that_is_missing_is_not_made);
	tcase_add_test(tc,
	    without_the_key_that_was_asked_for_nothing_is_restored);
	tcase_add_test(tc, restore_that_is_stopped_changes_nothing);
	tcase_add_test(tc, root_restores_for_the_daemons_user);
	tcase_add_test(tc, another_users_database_is_not_replaced);
	tcase_add_test(tc, mark_is_no_database_whatever_log_is_beside_it);
	tcase_add_loop_test(tc,
	    restore_that_is_killed_spoils_nothing_and_can_be_repeated, 0, 2);
}
