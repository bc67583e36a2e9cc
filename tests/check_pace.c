/*
 * Who rests when, and for how long; and that readers and copies do.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "audit/audit.h"
#include "audit/backup.h"
#include "audit/pace.h"
#include "audit/report.h"
#include "audit/verify.h"
#include "base/log.h"
#include "session/record.h"
#include "storage/chain.h"
#include "story.h"

#include "daemon.h"
#include "suite.h"

const char suite_name[] = "pace";

enum {
	PATH_BYTES = DAEMON_PATH_MAX + 32,
	MS = 1000,			/* us */
	STORY_ROWS = 1000		/* more than a slice of a backup */
};

static struct {
	uint64_t passed_us;		/* since the test began */
	uint64_t worked_us;		/* of them, on a core */
	uint64_t look_us;		/* at a clock costs so much */
	uint64_t rested_us;
	unsigned rests;
	unsigned commits;
	unsigned syncs;
	const char *wal;		/* of who commits in a rest; or NULL */
} world;

/* Write to the log as a commit does. */
static void
commit(const char *wal)
{
	struct timespec times[2] = { { .tv_sec = ++world.commits },
		{ .tv_sec = world.commits } };
	int fd = open(wal, O_WRONLY | O_CREAT, 0600);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(futimens(fd, times), 0);
	ck_assert_int_eq(close(fd), 0);
}

/* In the place of the C library's. */
int
clock_gettime(clockid_t id, struct timespec *time)
{
	uint64_t us;

	world.passed_us += world.look_us;
	world.worked_us += world.look_us;
	us = id == CLOCK_THREAD_CPUTIME_ID ? world.worked_us : world.passed_us;
	*time = (struct timespec){
		.tv_sec = (time_t)(us / 1000000),
		.tv_nsec = (long)(us % 1000000) * 1000,
	};
	return 0;
}

int
nanosleep(const struct timespec *time, struct timespec *left)
{
	uint64_t us = (uint64_t)time->tv_sec * 1000000 +
	    (uint64_t)time->tv_nsec / 1000;

	(void)left;
	world.passed_us += us;
	world.rested_us += us;
	world.rests++;
	if (world.wal != NULL)
		commit(world.wal);
	return 0;
}

int
fdatasync(int fd)
{
	world.syncs++;
	return (int)syscall(SYS_fdatasync, fd);
}

struct place {
	char	 directory[DAEMON_PATH_MAX];
	char	 database[PATH_BYTES];
	char	 wal[PATH_BYTES];
	struct pace *pace;
};

static void
place_init(struct place *place, enum pace_of of)
{
	directory_make(place->directory);
	(void)snprintf(place->database, PATH_BYTES, "%s/x.db",
	    place->directory);
	(void)snprintf(place->wal, PATH_BYTES, "%s/x.db-wal",
	    place->directory);
	commit(place->wal);
	place->pace = pace_new(place->database, of);
}

static void
place_clear(struct place *place)
{
	pace_free(place->pace);
	directory_remove(place->directory);
}

/* Work for so long, on a core, and see how long a rest that gives. */
static uint64_t
rest_after(const struct place *place, uint64_t us)
{
	uint64_t before = world.rested_us;

	world.passed_us += us;
	world.worked_us += us;
	pace_keep(place->pace);
	return world.rested_us - before;
}

START_TEST(who_is_alone_does_not_rest)
{
	struct place place;
	int i;

	place_init(&place, (enum pace_of)_i);
	for (i = 0; i < 100; i++)
		ck_assert_uint_eq(rest_after(&place, MS), 0);

	ck_assert_int_eq(unlink(place.wal), 0);
	for (i = 0; i < 100; i++)
		ck_assert_uint_eq(rest_after(&place, MS), 0);
	place_clear(&place);
}
END_TEST

START_TEST(beside_commits_a_rest_is_as_long_as_the_work)
{
	struct place place;

	place_init(&place, (enum pace_of)_i);
	commit(place.wal);

	ck_assert_uint_eq(rest_after(&place, 400), 0);
	ck_assert_uint_eq(rest_after(&place, 300), 700);
	ck_assert_uint_eq(rest_after(&place, 400), 0);
	ck_assert_uint_eq(rest_after(&place, 3 * MS), 3400);
	ck_assert_uint_eq(rest_after(&place, 70 * MS), 50 * MS);
	place_clear(&place);
}
END_TEST

START_TEST(a_log_that_appears_is_a_commit)
{
	struct place place;

	place_init(&place, PACE_OF_READING);
	ck_assert_int_eq(unlink(place.wal), 0);
	ck_assert_uint_eq(rest_after(&place, MS), 0);
	commit(place.wal);

	ck_assert_uint_eq(rest_after(&place, MS), MS);
	place_clear(&place);
}
END_TEST

START_TEST(a_commit_is_soon_forgotten)
{
	struct place place;

	place_init(&place, PACE_OF_READING);
	commit(place.wal);
	ck_assert_uint_eq(rest_after(&place, MS), MS);

	world.passed_us += 190 * MS;
	ck_assert_uint_eq(rest_after(&place, MS), MS);
	world.passed_us += 10 * MS;
	ck_assert_uint_eq(rest_after(&place, MS), 0);

	commit(place.wal);
	ck_assert_uint_eq(rest_after(&place, MS), MS);
	place_clear(&place);
}
END_TEST

/* A reader waits for its pager, a writer for the disk. */
START_TEST(time_that_was_waited_counts_for_writers_alone)
{
	struct place place;

	place_init(&place, (enum pace_of)_i);
	commit(place.wal);
	world.passed_us += 5 * MS;

	ck_assert_uint_eq(rest_after(&place, 0),
	    _i == PACE_OF_WRITING ? 5 * MS : 0);
	place_clear(&place);
}
END_TEST

/* A daemon's database, with its log, and clocks that run on. */
static sqlite3 *
tell_and_open(struct story *story)
{
	sqlite3 *db;
	int i;

	log_set_level(0);
	story_begin(story);
	(void)story_tell(story, 0, RECORD_START, 1);
	for (i = 1; i < STORY_ROWS; i++)
		(void)story_tell(story, 0, RECORD_CART, 1);
	story_end(story);
	db = story_open(story);
	story_run(db, "PRAGMA journal_mode = WAL; PRAGMA user_version");
	world.look_us = 600;
	return db;
}

/* Somebody commits now, and in every rest. */
static void
commit_to(const struct story *story)
{
	static char wal[STORAGE_NAME_BYTES + 8];

	(void)snprintf(wal, sizeof(wal), "%s-wal", story->path);
	commit(wal);
	world.wal = wal;
}

START_TEST(whoever_reads_the_journal_keeps_the_pace)
{
	const struct audit_verify_options all = { .session = NULL };
	bool has_commits = _i == 1;
	struct audit_report report;
	struct audit *audit;
	struct story story;
	sqlite3 *db = tell_and_open(&story);

	ck_assert_int_eq(audit_open(story.path, &audit), AUDIT_OK);
	ck_assert_uint_eq(world.rests, 0);
	if (has_commits)
		commit_to(&story);

	ck_assert_int_eq(audit_verify(audit, &all, &report), AUDIT_OK);

	ck_assert_int_eq(world.rests > 0, has_commits);
	audit_report_clear(&report);
	audit_close(audit);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	story_clear(&story);
}
END_TEST

/* How often there was a rest by the last look in a phase, or the first. */
static unsigned rests_by_last_copying, rests_by_first_checking;

/* Somebody commits whenever the backup looks around. */
static bool
on_look(void *ctx, enum backup_phase phase, uint64_t done, uint64_t total)
{
	const struct story *story = ctx;

	ck_assert_uint_le(done, total);
	if (phase == BACKUP_COPYING)
		rests_by_last_copying = world.rests;
	else if (rests_by_first_checking == 0)
		rests_by_first_checking = world.rests;
	commit_to(story);
	return true;
}

static bool
on_lonely_look(void *ctx, enum backup_phase phase, uint64_t done,
    uint64_t total)
{
	(void)ctx;
	(void)phase;
	ck_assert_uint_le(done, total);
	return true;
}

/* How often a backup of the story rests. */
static unsigned
rests_of_backup(struct story *story, const char *name,
    bool (*look)(void *ctx, enum backup_phase phase, uint64_t done,
    uint64_t total))
{
	const struct backup_watcher watcher = { look, story };
	char target[PATH_BYTES];
	const struct backup_order order = {
		.database = story->path,
		.target = target,
		.replaces = true,
	};
	unsigned before = world.rests;
	struct chain_head head;

	(void)snprintf(target, sizeof(target), "%s/%s", story->folder, name);
	ck_assert_int_eq(backup_make(&order, &watcher, &head), BACKUP_MADE);
	return world.rests - before;
}

START_TEST(a_backup_keeps_the_pace)
{
	struct story story;
	sqlite3 *db = tell_and_open(&story);
	unsigned first;

	ck_assert_uint_eq(rests_of_backup(&story, "a", on_lonely_look), 0);
	ck_assert_uint_eq(rests_of_backup(&story, "a", on_lonely_look), 0);

	first = rests_of_backup(&story, "b", on_look);
	ck_assert_uint_gt(rests_by_last_copying, 0);
	ck_assert_uint_gt(first, rests_by_first_checking);
	/* The older copy goes at that pace, too. */
	ck_assert_uint_gt(rests_of_backup(&story, "b", on_look), first);

	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	story_clear(&story);
}
END_TEST

START_TEST(a_backup_is_on_the_disk_mebibyte_by_mebibyte)
{
	struct story story;
	sqlite3 *db = tell_and_open(&story);

	story_run(db, "CREATE TABLE filler (bytes);"
	    "INSERT INTO filler VALUES (zeroblob(10000000));"
	    "DROP TABLE filler");
	world.syncs = 0;

	(void)rests_of_backup(&story, "copy", on_lonely_look);

	ck_assert_uint_gt(world.syncs, 9);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	story_clear(&story);
}
END_TEST

void
suite_add(TCase *tc)
{
	int kinds = PACE_OF_WRITING + 1;

	tcase_add_loop_test(tc, who_is_alone_does_not_rest, 0, kinds);
	tcase_add_loop_test(tc, beside_commits_a_rest_is_as_long_as_the_work,
	    0, kinds);
	tcase_add_test(tc, a_log_that_appears_is_a_commit);
	tcase_add_test(tc, a_commit_is_soon_forgotten);
	tcase_add_loop_test(tc, time_that_was_waited_counts_for_writers_alone,
	    0, kinds);
	tcase_add_loop_test(tc, whoever_reads_the_journal_keeps_the_pace, 0, 2);
	tcase_add_test(tc, a_backup_keeps_the_pace);
	tcase_add_test(tc, a_backup_is_on_the_disk_mebibyte_by_mebibyte);
}
