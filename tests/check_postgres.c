/* PostgreSQL as an engine of storage: against a server of its own. */

#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "session/session.h"
#include "storage/column.h"
#include "storage/engines.h"
#include "storage/key_file.h"
#include "storage/sql.h"
#include "storage/store.h"

#include "postgres.h"
#include "story.h"
#include "suite.h"

const char suite_name[] = "postgres";

static char url[POSTGRES_URL_BYTES], other_url[POSTGRES_URL_BYTES];

static void
begin(struct story *story)
{
	*story = (struct story){ .time_ms = STORY_BEGIN_MS };
	log_set_level(LOG_LEVEL_ERROR);
	ck_assert_int_eq(store_open(url, NULL, &story->store), STORE_OPENED);
}

/* A session with a host, a guest and carts. */
static void
tell(struct story *story)
{
	(void)story_enter(story, 0, RECORD_START, 1);
	(void)story_enter(story, 0, RECORD_JOIN, 2);
	(void)story_tell(story, 0, RECORD_CART, 1);
	(void)story_tell(story, 0, RECORD_CART, 2);
	(void)story_tell(story, 0, RECORD_READY, 2);
}

static struct session *
load(struct store *store, const char *name)
{
	struct payload *id = payload_new(name, strlen(name));
	struct session *session;

	ck_assert_int_eq(store_load(store, id, 0, &session), STORE_OK);
	payload_unref(id);
	return session;
}

START_TEST(what_was_committed_is_loaded)
{
	struct session *session;
	struct story story;

	postgres_database(url);
	begin(&story);
	tell(&story);

	session = load(story.store, "a");
	ck_assert_ptr_nonnull(session);
	ck_assert_uint_eq(session->revision, story.sessions[0]->revision);
	session_free(session);
	story_end(&story);
	ck_assert_int_eq(store_open(url, NULL, &story.store), STORE_OPENED);
	ck_assert_int_eq(store_head_row(story.store), 5);
	session = load(story.store, "a");
	ck_assert_ptr_nonnull(session);
	session_free(session);
	ck_assert_ptr_null(load(story.store, "b"));
	story_end(&story);
}
END_TEST

/* Each with when the server was asked for it. */
#define LONG(bytes, rows)						\
	"SELECT CAST(1000000 * extract(epoch FROM statement_timestamp())" \
	" AS BIGINT), repeat('x', " #bytes ")"				\
	" FROM generate_series(1, " #rows ")"

static const struct sql_text large_rows = {
	.text = LONG(200000, 200), .is_long = true };
static const struct sql_text small_rows = {
	.text = LONG(10, 20000), .is_long = true };

/* How many rows of a long statement are in memory at once at the most. */
static int
count_rows_at_once(const struct sql_text *text)
{
	const struct engine *engine = engine_of(url);
	struct sql_connection *connection;
	struct sql_statement *statement;
	struct sql_binding rows;
	int64_t asked_us = 0, before_us;
	int at_once = 0, most = 0;

	ck_assert_int_eq(engine->open_reader(url, SQL_READER_OF_ANY, NULL,
	    &connection), STORE_OPENED);
	ck_assert_int_eq(sql_prepare_all(connection, text, &statement, 1), 0);
	rows = sql_run_of(statement);
	while (sql_next(&rows)) {
		struct columns columns = columns_at(statement, "test");

		before_us = asked_us;
		asked_us = column_row(&columns, 0);
		at_once = asked_us == before_us ? at_once + 1 : 1;
		most = at_once > most ? at_once : most;
	}
	ck_assert_int_eq(rows.result, SQL_DONE);
	sql_reset(&rows);
	sql_finalize(&statement, 1);
	engine->close(connection, false);
	return most;
}

START_TEST(long_statement_is_bounded_by_bytes)
{
	struct story story;

	postgres_database(url);
	begin(&story);
	story_end(&story);

	ck_assert_int_le(count_rows_at_once(&large_rows), 16);
	ck_assert_int_ge(count_rows_at_once(&small_rows), 200);
}
END_TEST

START_TEST(second_daemon_is_refused)
{
	struct store *other = NULL;
	struct story story;

	postgres_database(url);
	begin(&story);

	ck_assert_int_eq(store_open(url, NULL, &other), STORE_IN_USE);
	tell(&story);
	story_end(&story);
	ck_assert_int_eq(store_open(url, NULL, &other), STORE_OPENED);
	store_close(other);
}
END_TEST

/* A key-file below the working directory. */
static int
read_key(struct store *store, const char *file)
{
	struct id_key key;

	return store_key(store, file, &key);
}

START_TEST(key_of_another_database_is_refused)
{
	struct story story;

	postgres_database(url);
	begin(&story);
	(void)unlink("first.key");
	(void)unlink("second.key");
	ck_assert_int_eq(read_key(story.store, "first.key"), 0);
	ck_assert_int_eq(read_key(story.store, "first.key"), 0);
	ck_assert_int_eq(key_file_copy("first.key", "second.key"), 0);
	ck_assert_int_eq(read_key(story.store, "second.key"), 0);
	/* Nothing is made where a key should be. */
	ck_assert_int_eq(unlink("second.key"), 0);
	ck_assert_int_eq(read_key(story.store, "second.key"), -1);
	ck_assert_int_eq(access("second.key", F_OK), -1);
	ck_assert_int_eq(read_key(story.store, NULL), -1);
	store_close(story.store);

	/* One of another database. */
	postgres_database(other_url);
	ck_assert_int_eq(store_open(other_url, NULL, &story.store), STORE_OPENED);
	ck_assert_int_eq(read_key(story.store, "second.key"), 0);
	store_close(story.store);
	ck_assert_int_eq(store_open(url, NULL, &story.store), STORE_OPENED);
	ck_assert_int_eq(read_key(story.store, "second.key"), -1);
	/* An administrator's word. */
	postgres_exec(url, "UPDATE buddyshopping.about SET key = NULL");
	ck_assert_int_eq(read_key(story.store, "second.key"), 0);
	ck_assert_int_eq(read_key(story.store, "first.key"), -1);
	story_end(&story);
	ck_assert_int_eq(unlink("first.key"), 0);
	ck_assert_int_eq(unlink("second.key"), 0);
}
END_TEST

START_TEST(lost_connection_is_made_again)
{
	struct story story;

	postgres_database(url);
	begin(&story);
	(void)story_enter(&story, 0, RECORD_START, 1);

	ck_assert_int_eq(postgres_terminate(url), 1);
	(void)story_enter(&story, 0, RECORD_JOIN, 2);
	ck_assert_int_eq(store_head_row(story.store), 2);
	ck_assert_int_eq(postgres_terminate(url), 1);
	session_free(load(story.store, "a"));
	story_end(&story);
}
END_TEST

void
suite_add(TCase *tc)
{
	postgres_need();
	tcase_add_test(tc, what_was_committed_is_loaded);
	tcase_add_test(tc, long_statement_is_bounded_by_bytes);
	tcase_add_test(tc, second_daemon_is_refused);
	tcase_add_test(tc, key_of_another_database_is_refused);
	tcase_add_test(tc, lost_connection_is_made_again);
}
