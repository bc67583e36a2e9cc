/* PostgreSQL as an engine of storage: against a server of its own. */

#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "session/session.h"
#include "storage/key_file.h"
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
	tcase_add_test(tc, second_daemon_is_refused);
	tcase_add_test(tc, key_of_another_database_is_refused);
	tcase_add_test(tc, lost_connection_is_made_again);
}
