/*
 * The storage thread.  Tests wait for it with writer_stop(), or on the
 * semaphore that its done callback posts; the disk's failures come from
 * crash_vfs and are ordered before the thread starts.
 */
#include <dirent.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "hub/job.h"
#include "session/session.h"
#include "storage/store.h"
#include "storage/writer.h"

#include "crash_vfs.h"
#include "storage.h"
#include "suite.h"

const char suite_name[] = "writer";

enum {
	DIRECTORY_BYTES = 64,
	PATH_BYTES = 128
};

struct fixture {
	enum store_open_status verdict;	/* of the stop */
	struct crash_vfs *vfs;
	char	 directory[DIRECTORY_BYTES];
	char	 path[STORAGE_NAME_BYTES];	/* the database's name */
	struct store *store;
	struct writer *journal;
	struct payload *session;
	uint64_t revision;
	sem_t	 done;
	struct job_list jobs;		/* not yet submitted */
	struct job_list results;
};

static const char vfs_name[] = "crash";

static void
on_done(void *ctx)
{
	struct fixture *fixture = ctx;

	ck_assert_int_eq(sem_post(&fixture->done), 0);
}

static void
fixture_init(struct fixture *fixture)
{
	char path[PATH_BYTES];

	*fixture = (struct fixture){ .directory = "check_writer.XXXXXX" };
	STAILQ_INIT(&fixture->jobs);
	STAILQ_INIT(&fixture->results);
	log_set_level(0); /* failures are wanted here */
	ck_assert_ptr_nonnull(mkdtemp(fixture->directory));
	(void)snprintf(path, sizeof(path), "%s/x.db",
	    fixture->directory); /* fits */
	storage_name(path, fixture->path);
	ck_assert_int_eq(sem_init(&fixture->done, 0, 0), 0);
	fixture->session = payload_new("atelier", 7);
	fixture->vfs = crash_vfs_new(vfs_name, CRASH_REMEMBERS);
	ck_assert_int_eq(store_open(fixture->path, vfs_name, &fixture->store),
	    STORE_OPENED);
}

static const struct writer_settings settings = { .max_remembered = 0 };

static void
fixture_start(struct fixture *fixture)
{
	struct writer_config config = {
		.store = fixture->store,
		.done = on_done,
		.ctx = fixture,
	};

	fixture->journal = writer_start(&config, &settings);
}

static struct job *
next_result(struct fixture *fixture)
{
	struct job *job = STAILQ_FIRST(&fixture->results);

	ck_assert_ptr_nonnull(job);
	STAILQ_REMOVE_HEAD(&fixture->results, entry);
	return job;
}

/* Take the next result, which must be of that kind and have that result. */
static void
expect(struct fixture *fixture, enum job_kind kind, enum job_result result)
{
	struct job *job = next_result(fixture);

	ck_assert_int_eq(job->kind, kind);
	ck_assert_int_eq(job->result, result);
	ck_assert(result == JOB_DONE || kind != JOB_LOAD ||
	    job->load.session == NULL);
	ck_assert(result == JOB_DONE || kind != JOB_FIND_IDLE ||
	    (job->idle.ids == NULL && job->idle.count == 0));
	job_free(job);
}

static void
fixture_clear(struct fixture *fixture)
{
	ck_assert(STAILQ_EMPTY(&fixture->results));
	store_close(fixture->store);
	crash_vfs_free(fixture->vfs);
	payload_unref(fixture->session);
	ck_assert_int_eq(sem_destroy(&fixture->done), 0);
	storage_remove(fixture->path);
	ck_assert_int_eq(rmdir(fixture->directory), 0);
}

static struct job *
add(struct fixture *fixture, enum job_kind kind)
{
	struct job *job = job_new(kind);

	if (kind == JOB_LOAD)
		job->load.id = payload_ref(fixture->session);
	else
		job->record.session = payload_ref(fixture->session);
	job->record.session_row = 1;
	if (kind == JOB_TOUCH) {
		job->touch.session_row = 1;
		job->touch.used_ms = 5;
	}
	if (kind == JOB_FIND_IDLE)
		job->idle.before_ms = 5;
	STAILQ_INSERT_TAIL(&fixture->jobs, job, entry);
	return job;
}

static struct job *
add_record(struct fixture *fixture, enum record_event event)
{
	struct job *job = add(fixture, JOB_APPEND);

	job->record.incarnation = 1;
	job->record.revision = ++fixture->revision;
	job->record.time_ms = 1;
	job->record.event = event;
	job->record.has_customer = event != RECORD_LOCK;
	job->record.customer_row = 1;
	if (event == RECORD_START)
		job->record.name = payload_new("Ann", 3);
	if (event == RECORD_CART)
		job->record.cart = payload_new("{\"a\":1}", 7);
	return job;
}

static void
submit(struct fixture *fixture)
{
	writer_submit(fixture->journal, &fixture->jobs);
	ck_assert(STAILQ_EMPTY(&fixture->jobs));
}

/* Wait for results and collect them; what writer_collect() says. */
static enum store_open_status
collect(struct fixture *fixture)
{
	ck_assert_int_eq(sem_wait(&fixture->done), 0);
	return writer_collect(fixture->journal, &fixture->results);
}

static void
stop(struct fixture *fixture)
{
	fixture->verdict = writer_stop(fixture->journal, &fixture->results);
}

START_TEST(results_come_in_the_order_of_the_jobs)
{
	struct fixture f;

	fixture_init(&f);
	fixture_start(&f);
	(void)add(&f, JOB_ANSWER);
	(void)add_record(&f, RECORD_START);
	(void)add(&f, JOB_TOUCH);
	(void)add(&f, JOB_LOAD);
	submit(&f);
	(void)add(&f, JOB_FIND_IDLE);
	(void)add_record(&f, RECORD_CART);
	submit(&f);
	stop(&f);

	expect(&f, JOB_ANSWER, JOB_DONE);
	expect(&f, JOB_APPEND, JOB_DONE);
	expect(&f, JOB_TOUCH, JOB_DONE);
	expect(&f, JOB_LOAD, JOB_DONE);
	expect(&f, JOB_FIND_IDLE, JOB_DONE);
	expect(&f, JOB_APPEND, JOB_DONE);
	fixture_clear(&f);
}
END_TEST

START_TEST(load_sees_what_was_appended_before_it)
{
	struct fixture f;
	struct job *job;

	fixture_init(&f);
	fixture_start(&f);
	(void)add(&f, JOB_LOAD);
	(void)add_record(&f, RECORD_START);
	(void)add_record(&f, RECORD_CART);
	(void)add(&f, JOB_LOAD);
	(void)add_record(&f, RECORD_CART);
	submit(&f);
	stop(&f);

	job = next_result(&f);
	ck_assert_ptr_null(job->load.session);
	job_free(job);
	expect(&f, JOB_APPEND, JOB_DONE);
	expect(&f, JOB_APPEND, JOB_DONE);
	job = next_result(&f);
	ck_assert_uint_eq(job->load.session->revision, 2);
	ck_assert_uint_eq(job->load.session->cart_bytes, 7);
	job_free(job);
	expect(&f, JOB_APPEND, JOB_DONE);
	fixture_clear(&f);
}
END_TEST

START_TEST(idle_sessions_are_found)
{
	struct fixture f;
	struct job *job;

	fixture_init(&f);
	fixture_start(&f);
	(void)add_record(&f, RECORD_START);
	(void)add(&f, JOB_FIND_IDLE);
	(void)add(&f, JOB_TOUCH);
	(void)add(&f, JOB_FIND_IDLE);
	submit(&f);
	stop(&f);

	expect(&f, JOB_APPEND, JOB_DONE);
	job = next_result(&f);
	ck_assert_uint_eq(job->idle.count, 1);
	ck_assert_str_eq(job->idle.ids[0]->data, "atelier");
	job_free(job);
	expect(&f, JOB_TOUCH, JOB_DONE);
	job = next_result(&f);
	ck_assert_uint_eq(job->idle.count, 0);
	job_free(job);
	fixture_clear(&f);
}
END_TEST

START_TEST(locked_sessions_are_found)
{
	struct fixture f;
	struct job *job;

	fixture_init(&f);
	fixture_start(&f);
	(void)add_record(&f, RECORD_START);
	(void)add(&f, JOB_FIND_LOCKED);
	(void)add_record(&f, RECORD_LOCK);
	(void)add(&f, JOB_FIND_LOCKED);
	submit(&f);
	stop(&f);

	expect(&f, JOB_APPEND, JOB_DONE);
	job = next_result(&f);
	ck_assert_uint_eq(job->idle.count, 0);
	job_free(job);
	expect(&f, JOB_APPEND, JOB_DONE);
	job = next_result(&f);
	ck_assert_uint_eq(job->idle.count, 1);
	ck_assert_str_eq(job->idle.ids[0]->data, "atelier");
	ck_assert_int_eq(job->idle.next_row, 0);
	job_free(job);
	fixture_clear(&f);
}
END_TEST

START_TEST(stopping_does_all_that_waits)
{
	enum { RECORDS = 10000 };	/* more than a transaction takes */
	struct fixture f;
	struct job *job;
	uint64_t i;

	fixture_init(&f);
	fixture_start(&f);
	(void)add_record(&f, RECORD_START);
	while (f.revision < RECORDS) {
		(void)add_record(&f, RECORD_READY);
		if (f.revision % 3000 == 0)
			submit(&f);
	}
	submit(&f);
	stop(&f);

	for (i = 1; i <= RECORDS; i++) {
		job = next_result(&f);
		ck_assert_int_eq(job->result, JOB_DONE);
		ck_assert_uint_eq(job->record.revision, i);
		job_free(job);
	}
	fixture_clear(&f);
}
END_TEST

START_TEST(refusal_takes_the_whole_list)
{
	struct fixture f;
	struct job *job;

	fixture_init(&f);
	crash_vfs_fail(f.vfs, CRASH_FAULT_WRITE, 1, SQLITE_FULL);
	fixture_start(&f);
	(void)add_record(&f, RECORD_START);
	(void)add(&f, JOB_LOAD);
	(void)add(&f, JOB_FIND_IDLE);
	(void)add(&f, JOB_ANSWER);
	(void)add(&f, JOB_MEASURE_DISK);
	submit(&f);
	ck_assert_int_eq(collect(&f), STORE_OPENED);
	expect(&f, JOB_APPEND, JOB_REFUSED);
	expect(&f, JOB_LOAD, JOB_REFUSED);
	expect(&f, JOB_FIND_IDLE, JOB_REFUSED);
	expect(&f, JOB_ANSWER, JOB_REFUSED);
	/* All the more it is of interest. */
	job = next_result(&f);
	ck_assert(job->disk.is_measured && job->disk.free_bytes > 0);
	job_free(job);

	f.revision = 0;
	(void)add_record(&f, RECORD_START);
	submit(&f);
	stop(&f);
	expect(&f, JOB_APPEND, JOB_DONE);
	fixture_clear(&f);
}
END_TEST

static struct job *
add_note(struct fixture *fixture, enum job_kind kind, enum record_event event)
{
	struct job *job = add(fixture, kind);

	job->record.event = event;
	job->record.has_customer = event == RECORD_REFUSED;
	return job;
}

/* The disk is full for the nth write of a list with a note. */
START_TEST(nothing_fails_because_of_a_note)
{
	struct fixture f;
	struct job *job;

	fixture_init(&f);
	(void)add_record(&f, RECORD_START);
	fixture_start(&f);
	submit(&f);
	ck_assert_int_eq(collect(&f), STORE_OPENED);
	expect(&f, JOB_APPEND, JOB_DONE);
	(void)add(&f, JOB_LOAD);
	(void)add_note(&f, JOB_NOTE, RECORD_REFUSED);
	(void)add(&f, JOB_FIND_IDLE);
	if (_i == 1)
		(void)add_record(&f, RECORD_CART);
	crash_vfs_fail(f.vfs, CRASH_FAULT_WRITE, 1, SQLITE_FULL);
	submit(&f);
	stop(&f);

	job = next_result(&f);
	ck_assert_int_eq(job->result, JOB_DONE);
	ck_assert_ptr_nonnull(job->load.session);
	job_free(job);
	expect(&f, JOB_NOTE, JOB_DONE);
	job = next_result(&f);
	ck_assert_uint_eq(job->idle.count, 1);
	job_free(job);
	if (_i == 1)
		expect(&f, JOB_APPEND, JOB_DONE);
	ck_assert(crash_vfs_disarm(f.vfs));
	fixture_clear(&f);
}
END_TEST

START_TEST(slices_say_where_the_next_begins)
{
	struct fixture f;
	struct job *job;

	fixture_init(&f);
	fixture_start(&f);
	(void)add_record(&f, RECORD_START);
	(void)add_note(&f, JOB_NOTE, RECORD_REFUSED);
	(void)add_note(&f, JOB_ERASE, RECORD_ERASE);
	(void)add(&f, JOB_SCRUB);
	job = add_note(&f, JOB_RETAIN, RECORD_RETAIN);
	job->retain.pass = (struct retention){ .now_ms = 9, .bodies_ms = 9 };
	(void)add(&f, JOB_LOG_HEAD);
	(void)add(&f, JOB_MEASURE_DISK);
	submit(&f);
	stop(&f);

	expect(&f, JOB_APPEND, JOB_DONE);
	expect(&f, JOB_NOTE, JOB_DONE);
	job = next_result(&f);
	ck_assert_int_eq(job->erase.note_row, 3);
	ck_assert_int_eq(job->erase.next_row, 0);
	ck_assert_uint_eq(job->erase.bodies, 2);
	job_free(job);
	job = next_result(&f);
	ck_assert(!job->erase.is_hindered && job->erase.next_row == 0);
	job_free(job);
	job = next_result(&f);
	ck_assert_int_eq(job->retain.next.step, RETENTION_OVER);
	job_free(job);
	expect(&f, JOB_LOG_HEAD, JOB_DONE);
	job = next_result(&f);
	ck_assert_int_eq(job->disk.is_measured, storage_is_sqlite());
	job_free(job);
	fixture_clear(&f);
}
END_TEST

static struct writer_counts
counts_of(struct fixture *fixture)
{
	struct writer_counts counts;

	writer_copy_counts(fixture->journal, &counts);
	return counts;
}

START_TEST(commits_are_counted_with_their_rows)
{
	struct fixture f;
	struct writer_counts counts;

	fixture_init(&f);
	fixture_start(&f);
	if (storage_is_sqlite())
		ck_assert_uint_gt(counts_of(&f).store.database_bytes, 0);
	ck_assert_uint_eq(counts_of(&f).busy_since_us, 0);
	(void)add_record(&f, RECORD_START);
	(void)add_record(&f, RECORD_READY);
	(void)add(&f, JOB_TOUCH);
	submit(&f);
	ck_assert_int_eq(collect(&f), STORE_OPENED);
	(void)add(&f, JOB_LOAD);
	submit(&f);
	ck_assert_int_eq(collect(&f), STORE_OPENED);
	(void)add_record(&f, RECORD_READY);
	submit(&f);
	ck_assert_int_eq(collect(&f), STORE_OPENED);
	counts = counts_of(&f);
	stop(&f);

	ck_assert_uint_eq(histogram_count(&counts.commit_us), 2);
	ck_assert_uint_eq(histogram_count(&counts.commit_rows), 2);
	ck_assert_uint_eq(counts.commit_rows.sum, 4);
	ck_assert_uint_eq(counts.refusals, 0);
	ck_assert_uint_eq(counts.refused_us, 0);
	/* What the first commit wrote. */
	if (storage_is_sqlite())
		ck_assert_uint_gt(counts.store.wal_bytes, 0);
	while (!STAILQ_EMPTY(&f.results))
		job_free(next_result(&f));
	fixture_clear(&f);
}
END_TEST

START_TEST(refusals_are_counted_by_kind_until_a_commit_succeeds)
{
	static const struct {
		int	 rc;
		enum store_error kind;
	} cases[] = {
		{ SQLITE_FULL, STORE_ERROR_FULL },
		{ SQLITE_IOERR_WRITE, STORE_ERROR_IO },
		{ SQLITE_IOERR_NOMEM, STORE_ERROR_MEMORY },
	};
	struct fixture f;
	size_t i;

	fixture_init(&f);
	fixture_start(&f);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct writer_counts counts;

		crash_vfs_fail(f.vfs, CRASH_FAULT_WRITE, 1, cases[i].rc);
		f.revision = 0;
		(void)add_record(&f, RECORD_START);
		submit(&f);
		ck_assert_int_eq(collect(&f), STORE_OPENED);
		expect(&f, JOB_APPEND, JOB_REFUSED);
		counts = counts_of(&f);
		ck_assert_uint_eq(counts.refusals, i + 1);
		ck_assert_uint_eq(counts.store.errors[cases[i].kind], 1);
		ck_assert_uint_gt(counts.refused_us, 0);
		ck_assert_uint_eq(histogram_count(&counts.commit_us), 0);
	}
	f.revision = 0;
	(void)add_record(&f, RECORD_START);
	submit(&f);
	ck_assert_int_eq(collect(&f), STORE_OPENED);
	expect(&f, JOB_APPEND, JOB_DONE);
	ck_assert_uint_eq(counts_of(&f).refused_us, 0);
	stop(&f);
	fixture_clear(&f);
}
END_TEST

START_TEST(failed_sync_ends_everything)
{
	struct fixture f;

	fixture_init(&f);
	crash_vfs_fail(f.vfs, CRASH_FAULT_SYNC, 1, SQLITE_IOERR_FSYNC);
	fixture_start(&f);
	(void)add_record(&f, RECORD_START);
	submit(&f);
	ck_assert_int_eq(collect(&f), STORE_IO_ERROR);
	f.revision = 0;
	(void)add_record(&f, RECORD_START);
	(void)add(&f, JOB_LOAD);
	submit(&f);
	ck_assert_int_eq(collect(&f), STORE_IO_ERROR);
	ck_assert(STAILQ_EMPTY(&f.results));
	stop(&f);

	expect(&f, JOB_APPEND, JOB_REFUSED);
	expect(&f, JOB_APPEND, JOB_REFUSED);
	expect(&f, JOB_LOAD, JOB_REFUSED);
	fixture_clear(&f);
}
END_TEST

/* Nobody collects what was submitted last. */
START_TEST(sync_that_fails_at_the_end_is_told_by_the_stop)
{
	struct fixture f;

	fixture_init(&f);
	crash_vfs_fail(f.vfs, CRASH_FAULT_SYNC, 1, SQLITE_IOERR_FSYNC);
	fixture_start(&f);
	(void)add_record(&f, RECORD_START);
	submit(&f);

	stop(&f);

	ck_assert_int_eq(f.verdict, STORE_IO_ERROR);
	expect(&f, JOB_APPEND, JOB_REFUSED);
	fixture_clear(&f);
}
END_TEST

START_TEST(what_cannot_be_in_the_database_is_not_the_disks_fault)
{
	struct fixture f;
	struct job *job;

	fixture_init(&f);
	fixture_start(&f);
	job = add_record(&f, RECORD_START);
	payload_unref(job->record.name);
	job->record.name = payload_new("\xff", 1);
	(void)add(&f, JOB_LOAD);
	submit(&f);

	ck_assert_int_eq(collect(&f), STORE_BAD_DATA);
	ck_assert(STAILQ_EMPTY(&f.results));
	stop(&f);

	expect(&f, JOB_APPEND, JOB_REFUSED);
	expect(&f, JOB_LOAD, JOB_REFUSED);
	fixture_clear(&f);
}
END_TEST

enum {
	LONG_CARTS = 80,
	LONG_CART_BYTES = 65536
};

/* Submit more than SQLite's log is to hold, in one list. */
static void
submit_long(struct fixture *fixture)
{
	static const char text[LONG_CART_BYTES];
	struct job *job;
	size_t i;

	for (i = 0; i < LONG_CARTS; i++) {
		job = add_record(fixture, RECORD_CART);
		payload_unref(job->record.cart);
		job->record.cart = payload_new(text, sizeof(text));
	}
	submit(fixture);
}

static void
expect_long(struct fixture *fixture)
{
	size_t i;

	for (i = 0; i < LONG_CARTS; i++)
		expect(fixture, JOB_APPEND, JOB_DONE);
}

/* A session is there, and a list more than the log is to hold will follow. */
static void
start_before_long(struct fixture *fixture)
{
	fixture_start(fixture);
	(void)add_record(fixture, RECORD_START);
	submit(fixture);
	ck_assert_int_eq(collect(fixture), 0);
	expect(fixture, JOB_APPEND, JOB_DONE);
}

START_TEST(long_log_is_moved_into_the_database)
{
	struct fixture f;
	struct stat before, after;

	fixture_init(&f);
	ck_assert_int_eq(stat(f.path, &before), 0);
	start_before_long(&f);
	submit_long(&f);
	stop(&f);

	ck_assert_int_eq(stat(f.path, &after), 0);
	ck_assert_int_gt(after.st_size - before.st_size,
	    LONG_CARTS * LONG_CART_BYTES);
	expect_long(&f);
	fixture_clear(&f);
}
END_TEST

/* The first sync is the commit's. */
START_TEST(failed_sync_of_what_is_moved_ends_everything)
{
	struct fixture f;

	fixture_init(&f);
	start_before_long(&f);
	crash_vfs_fail(f.vfs, CRASH_FAULT_SYNC, 2, SQLITE_IOERR_FSYNC);
	submit_long(&f);
	ck_assert_int_eq(sem_wait(&f.done), 0);
	(void)add(&f, JOB_ANSWER); /* which wakes us if the sync does not */
	submit(&f);
	ck_assert_int_eq(collect(&f), STORE_IO_ERROR);
	stop(&f);

	ck_assert(crash_vfs_disarm(f.vfs));
	expect_long(&f);
	expect(&f, JOB_ANSWER, JOB_DONE);
	fixture_clear(&f);
}
END_TEST

/* Submit a record and collect what there is, as the daemon's loop does. */
START_TEST(owner_and_thread_work_at_the_same_time)
{
	enum { TURNS = 500 };
	struct fixture f;
	struct job *job;
	uint64_t seen = 0;

	fixture_init(&f);
	fixture_start(&f);
	(void)add_record(&f, RECORD_START);
	while (f.revision < TURNS) {
		(void)add_record(&f, RECORD_CART);
		(void)add(&f, JOB_LOAD);
		submit(&f);
		ck_assert_int_eq(writer_collect(f.journal, &f.results), 0);
	}
	stop(&f);

	while (!STAILQ_EMPTY(&f.results)) {
		job = next_result(&f);
		ck_assert_int_eq(job->result, JOB_DONE);
		if (job->kind == JOB_APPEND)
			ck_assert_uint_eq(job->record.revision, ++seen);
		else
			ck_assert_uint_eq(job->load.session->revision, seen);
		job_free(job);
	}
	ck_assert_uint_eq(seen, TURNS);
	fixture_clear(&f);
}
END_TEST

/* The mask of blocked signals that the kernel has for the thread at path. */
static unsigned long long
blocked_signals(const char *task)
{
	char line[128], path[PATH_BYTES];
	unsigned long long mask = 0;
	FILE *status;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%.32s/status",
	    task); /* fits */
	status = fopen(path, "r");
	ck_assert_ptr_nonnull(status);
	while (fgets(line, sizeof(line), status) != NULL)
		if (strncmp(line, "SigBlk:", 7) == 0)
			mask = strtoull(line + 7, NULL, 16);
	ck_assert_int_eq(fclose(status), 0);
	return mask;
}

START_TEST(asked_thread_answers_while_it_has_nothing_to_do)
{
	struct fixture f;
	int i;

	fixture_init(&f);
	fixture_start(&f);

	for (i = 0; i < 3; i++) {
		writer_probe(f.journal, on_done, &f);
		ck_assert_int_eq(sem_wait(&f.done), 0);
	}
	stop(&f);
	ck_assert_int_eq(sem_trywait(&f.done), -1);
	fixture_clear(&f);
}
END_TEST

/* The storage thread waits in here until the test lets it go. */
struct gate {
	sem_t	 entered;
	sem_t	 opened;
};

static void
pass_gate(void *ctx)
{
	struct gate *gate = ctx;

	ck_assert_int_eq(sem_post(&gate->entered), 0);
	ck_assert_int_eq(sem_wait(&gate->opened), 0);
}

static void
gate_init(struct gate *gate)
{
	ck_assert_int_eq(sem_init(&gate->entered, 0, 0), 0);
	ck_assert_int_eq(sem_init(&gate->opened, 0, 0), 0);
}

static void
gate_clear(struct gate *gate)
{
	ck_assert_int_eq(sem_destroy(&gate->entered), 0);
	ck_assert_int_eq(sem_destroy(&gate->opened), 0);
}

static void
start_with_gate(struct fixture *fixture, struct gate *gate)
{
	struct writer_config config = {
		.store = fixture->store,
		.done = pass_gate,
		.ctx = gate,
	};

	gate_init(gate);
	fixture->journal = writer_start(&config, &settings);
}

/* Wait until the thread has nothing in hand. */
static void
await_leisure(struct fixture *fixture)
{
	writer_probe(fixture->journal, on_done, fixture);
	ck_assert_int_eq(sem_wait(&fixture->done), 0);
}

START_TEST(thread_is_busy_while_the_disk_hangs)
{
	struct fixture f;
	struct gate gate;

	fixture_init(&f);
	gate_init(&gate);
	crash_vfs_delay(f.vfs, 1, pass_gate, &gate);
	fixture_start(&f);
	(void)add_record(&f, RECORD_START);
	submit(&f);
	ck_assert_int_eq(sem_wait(&gate.entered), 0);
	ck_assert_uint_gt(counts_of(&f).busy_since_us, 0);
	ck_assert_uint_le(counts_of(&f).busy_since_us, clock_us());

	ck_assert_int_eq(sem_post(&gate.opened), 0);
	ck_assert_int_eq(collect(&f), STORE_OPENED);
	await_leisure(&f);
	ck_assert_uint_eq(counts_of(&f).busy_since_us, 0);
	stop(&f);
	expect(&f, JOB_APPEND, JOB_DONE);
	gate_clear(&gate);
	fixture_clear(&f);
}
END_TEST

/* The first sync is the commit's; who comes next waits for the second. */
START_TEST(thread_is_busy_while_the_disk_hangs_in_a_checkpoint)
{
	struct fixture f;
	struct gate gate;

	fixture_init(&f);
	gate_init(&gate);
	start_before_long(&f);
	crash_vfs_delay(f.vfs, 2, pass_gate, &gate);
	submit_long(&f);
	ck_assert_int_eq(collect(&f), STORE_OPENED);
	expect_long(&f);
	ck_assert_int_eq(sem_wait(&gate.entered), 0);
	ck_assert_uint_gt(counts_of(&f).busy_since_us, 0);

	ck_assert_int_eq(sem_post(&gate.opened), 0);
	await_leisure(&f);
	ck_assert_uint_eq(counts_of(&f).busy_since_us, 0);
	stop(&f);
	gate_clear(&gate);
	fixture_clear(&f);
}
END_TEST

START_TEST(asked_thread_answers_once_and_not_before_it_is_free)
{
	struct fixture f;
	struct gate gate;

	fixture_init(&f);
	start_with_gate(&f, &gate);
	(void)add(&f, JOB_ANSWER);
	submit(&f);
	ck_assert_int_eq(sem_wait(&gate.entered), 0);
	writer_probe(f.journal, on_done, &f);
	writer_probe(f.journal, on_done, &f);
	ck_assert_int_eq(sem_trywait(&f.done), -1);

	ck_assert_int_eq(sem_post(&gate.opened), 0);
	ck_assert_int_eq(sem_wait(&f.done), 0);
	stop(&f);
	ck_assert_int_eq(sem_trywait(&f.done), -1);
	expect(&f, JOB_ANSWER, JOB_DONE);
	gate_clear(&gate);
	fixture_clear(&f);
}
END_TEST

START_TEST(thread_leaves_signals_to_the_others)
{
	const unsigned long long termination = 1ULL << (15 - 1);
	struct fixture f;
	struct dirent *entry;
	DIR *tasks;
	int blocked = 0;

	fixture_init(&f);
	fixture_start(&f);
	tasks = opendir("/proc/self/task");
	ck_assert_ptr_nonnull(tasks);
	while ((entry = readdir(tasks)) != NULL)
		if (entry->d_name[0] != '.' &&
		    (blocked_signals(entry->d_name) & termination) != 0)
			blocked++;
	ck_assert_int_eq(closedir(tasks), 0);
	stop(&f);

	ck_assert_int_ge(blocked, 1);
	fixture_clear(&f);
}
END_TEST

static void
add_disks(TCase *tc)
{
	tcase_add_test(tc, refusal_takes_the_whole_list);
	tcase_add_loop_test(tc, nothing_fails_because_of_a_note, 0, 2);
	tcase_add_test(tc,
	    refusals_are_counted_by_kind_until_a_commit_succeeds);
	tcase_add_test(tc, failed_sync_ends_everything);
	tcase_add_test(tc, sync_that_fails_at_the_end_is_told_by_the_stop);
	tcase_add_test(tc, long_log_is_moved_into_the_database);
	tcase_add_test(tc, failed_sync_of_what_is_moved_ends_everything);
	tcase_add_test(tc, thread_is_busy_while_the_disk_hangs);
	tcase_add_test(tc,
	    thread_is_busy_while_the_disk_hangs_in_a_checkpoint);
}

void
suite_add(TCase *tc)
{
	storage_need();
	tcase_add_test(tc, results_come_in_the_order_of_the_jobs);
	tcase_add_test(tc, load_sees_what_was_appended_before_it);
	tcase_add_test(tc, idle_sessions_are_found);
	tcase_add_test(tc, locked_sessions_are_found);
	tcase_add_test(tc, stopping_does_all_that_waits);
	if (storage_stands_for_sqlite("a disk of ours that fails or hangs"))
		add_disks(tc);
	tcase_add_test(tc, slices_say_where_the_next_begins);
	tcase_add_test(tc, commits_are_counted_with_their_rows);
	tcase_add_test(tc,
	    what_cannot_be_in_the_database_is_not_the_disks_fault);
	tcase_add_test(tc, owner_and_thread_work_at_the_same_time);
	tcase_add_test(tc, asked_thread_answers_while_it_has_nothing_to_do);
	tcase_add_test(tc,
	    asked_thread_answers_once_and_not_before_it_is_free);
	tcase_add_test(tc, thread_leaves_signals_to_the_others);
}
