/* What PostgreSQL refuses, or loses, while a store has a database there. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "api/event_reader.h"
#include "api/shop_webhooks.h"
#include "api/webhook_settings.h"
#include "base/log.h"
#include "config/webhook_secrets.h"
#include "hub/webhook_state.h"
#include "storage/engines.h"
#include "storage/store.h"

#include "postgres.h"
#include "story.h"
#include "suite.h"

const char suite_name[] = "postgres_faults";

static char url[POSTGRES_URL_BYTES];
static char superuser[POSTGRES_URL_BYTES];
static struct story story;

static void
open_store_of(const char *name)
{
	story = (struct story){ .time_ms = STORY_BEGIN_MS };
	log_set_level(0);	/* failures are wanted here */
	ck_assert_int_eq(store_open(name, NULL, &story.store), STORE_OPENED);
	(void)story_enter(&story, 0, RECORD_START, 1);
}

static void
open_store(void)
{
	open_store_of(url);
}

static void
begin(void)
{
	postgres_database(url);
	(void)snprintf(superuser, sizeof(superuser), "%.*s&user=postgres",
	    (int)(strstr(url, "&user=") - url), url);
	open_store();
}

/* A transaction of one statement. */
static enum store_status
touch(uint64_t used_ms)
{
	enum store_status status = store_begin(story.store);

	if (status == STORE_OK)
		status = store_touch(story.store, 1, used_ms);
	return status == STORE_OK ? store_commit(story.store) : status;
}

static enum store_error
trouble(void)
{
	struct store_figures figures;

	store_copy_figures(story.store, &figures);
	return figures.trouble;
}

static void
expect_used(const char *used_ms)
{
	ck_assert_str_eq(postgres_value(url, "SELECT active_ms "
	    "FROM buddyshopping.session"), used_ms);
}

/* What the server may say of a statement. */
static const struct saying {
	const char *state;
	enum store_status status;
	enum store_error error;
	enum store_open_status exit_status;
} sayings[] = {
	{ "53100", STORE_REFUSED, STORE_ERROR_FULL, 0 },
	{ "53200", STORE_REFUSED, STORE_ERROR_MEMORY, 0 },
	{ "58030", STORE_REFUSED, STORE_ERROR_IO, 0 },
	{ "40001", STORE_REFUSED, STORE_ERROR_BUSY, 0 },
	{ "40P01", STORE_REFUSED, STORE_ERROR_BUSY, 0 },
	{ "55P03", STORE_REFUSED, STORE_ERROR_BUSY, 0 },
	{ "57014", STORE_REFUSED, STORE_ERROR_BUSY, 0 },
	{ "42501", STORE_FATAL, STORE_ERROR_OTHER, STORE_IO_ERROR },
	{ "55000", STORE_FATAL, STORE_ERROR_OTHER, STORE_IO_ERROR },
	{ "23514", STORE_FATAL, STORE_ERROR_OTHER, STORE_BAD_DATA },
	{ "XX001", STORE_FATAL, STORE_ERROR_IO, STORE_BAD_DATA },
};

/* At once, and at the end of a transaction. */
static void
refuse_by_trigger(const char *state, const char *when)
{
	char sql[512];

	(void)snprintf(sql, sizeof(sql), "CREATE FUNCTION f() RETURNS trigger "
	    "LANGUAGE plpgsql AS 'BEGIN RAISE SQLSTATE ''%s''; END'; "
	    "CREATE CONSTRAINT TRIGGER t AFTER UPDATE ON "
	    "buddyshopping.session %s FOR EACH ROW EXECUTE FUNCTION f()",
	    state, when);
	postgres_exec(url, sql);
}

static void
expect_refusal(const struct saying *saying, const char *when)
{
	begin();
	ck_assert_int_eq(touch(1), STORE_OK);
	refuse_by_trigger(saying->state, when);

	ck_assert_int_eq(touch(2), saying->status);
	ck_assert_int_eq(trouble(), saying->error);
	expect_used("1");
	if (saying->status == STORE_FATAL)
		ck_assert_int_eq(store_exit_status(story.store),
		    saying->exit_status);
	postgres_exec(url, "DROP TRIGGER t ON "
	    "buddyshopping.session; DROP FUNCTION f()");
	if (saying->status == STORE_REFUSED) {
		ck_assert_int_eq(touch(3), STORE_OK);
		ck_assert_int_eq(trouble(), STORE_ERRORS);
		expect_used("3");
	}
	story_end(&story);
}

START_TEST(refused_statement_has_its_kind)
{
	expect_refusal(&sayings[_i], "");
}
END_TEST

START_TEST(refused_commit_has_its_kind)
{
	expect_refusal(&sayings[_i], "DEFERRABLE INITIALLY DEFERRED");
}
END_TEST

/* Both are 55000. */
static const struct change {
	const char *sql;
	const char *setting;		/* that a server may lack */
	enum store_open_status exit_status;
} changes[] = {
	{ "ALTER TABLE buddyshopping.session REPLICA IDENTITY NOTHING; "
	    "CREATE PUBLICATION p FOR ALL TABLES", "wal_level", STORE_IO_ERROR },
	{ "ALTER TABLE buddyshopping.session RENAME TO s; "
	    "CREATE VIEW buddyshopping.session AS "
	    "SELECT * FROM buddyshopping.s; "
	    "ALTER VIEW buddyshopping.session OWNER TO buddyshopping",
	    "restrict_nonsystem_relation_kind", STORE_BAD_DATA },
};

START_TEST(operators_change_is_no_fault_of_the_data)
{
	const struct change *change = &changes[_i];
	char sql[128];

	begin();
	ck_assert_int_eq(touch(1), STORE_OK);
	(void)snprintf(sql, sizeof(sql), "SELECT current_setting('%s', true) "
	    "IS NULL", change->setting);
	if (strcmp(postgres_value(superuser, sql), "f") == 0) {
		postgres_exec(superuser, change->sql);
		ck_assert_int_eq(touch(2), STORE_FATAL);
		ck_assert_int_eq(store_exit_status(story.store),
		    change->exit_status);
	}
	story_end(&story);
}
END_TEST

START_TEST(row_that_is_not_there_is_found_before_the_commit)
{
	begin();
	ck_assert_int_eq(store_begin(story.store), STORE_OK);
	ck_assert_int_eq(store_touch(story.store, 1, 5), STORE_OK);
	ck_assert_int_eq(store_touch(story.store, 99, 5), STORE_OK);

	ck_assert_int_eq(store_commit(story.store), STORE_FATAL);
	ck_assert_int_eq(store_exit_status(story.store), STORE_BAD_DATA);
	ck_assert_str_ne(postgres_value(url, "SELECT active_ms "
	    "FROM buddyshopping.session"), "5");
	story_end(&story);
}
END_TEST

/* In front of the COMMIT, which would tell it in any case. */
START_TEST(what_waits_to_be_answered_has_a_limit)
{
	enum store_status status;
	int sent = 0;

	begin();
	ck_assert_int_eq(store_begin(story.store), STORE_OK);
	ck_assert_int_eq(store_touch(story.store, 99, 5), STORE_OK);

	while ((status = store_touch(story.store, 1, 5)) == STORE_OK)
		ck_assert_int_lt(++sent, 2000);
	ck_assert_int_eq(status, STORE_FATAL);
	ck_assert_int_gt(sent, 100);
	story_end(&story);
}
END_TEST

/* What the server does not take yet is in memory. */
START_TEST(what_waits_to_be_sent_has_a_limit)
{
	static char big[1 << 20];
	struct record record = {
		.event = RECORD_CART,
		.session = payload_new("a", 1),
		.session_row = 1,
		.incarnation = 1,
		.revision = 2,
		.time_ms = 5,
		.has_customer = true,
		.customer_row = 1,
	};
	enum store_status status;
	int sent = 0;

	memset(big, 'c', sizeof(big));
	record.cart = payload_new(big, sizeof(big));
	begin();
	ck_assert_int_eq(store_begin(story.store), STORE_OK);
	ck_assert_int_eq(store_touch(story.store, 99, 5), STORE_OK);

	while ((status = store_append(story.store, &record)) == STORE_OK)
		ck_assert_int_lt(++sent, 10);
	ck_assert_int_eq(status, STORE_FATAL);
	ck_assert_int_gt(sent, 1);
	story_end(&story);
	payload_unref(record.cart);
	payload_unref(record.session);
}
END_TEST

START_TEST(statement_times_out)
{
	begin();
	postgres_exec(url, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET "
	    "statement_timeout = 200', current_database()); END $$");
	ck_assert_int_eq(postgres_terminate(url), 1);
	ck_assert_int_eq(touch(1), STORE_OK);
	postgres_exec(url, "CREATE FUNCTION f() RETURNS trigger "
	    "LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); END'; "
	    "CREATE TRIGGER t AFTER UPDATE ON "
	    "buddyshopping.session FOR EACH ROW EXECUTE FUNCTION f()");

	ck_assert_int_eq(touch(2), STORE_REFUSED);
	ck_assert_int_eq(trouble(), STORE_ERROR_BUSY);
	postgres_exec(url, "DROP TRIGGER t ON "
	    "buddyshopping.session; DROP FUNCTION f()");
	ck_assert_int_eq(touch(3), STORE_OK);
	story_end(&story);
}
END_TEST

START_TEST(run_of_another_daemon_ends_ours)
{
	begin();
	postgres_exec(url, "UPDATE buddyshopping.writer SET run = run + 1");

	ck_assert_int_eq(touch(2), STORE_FATAL);
	ck_assert_int_eq(store_exit_status(story.store), STORE_IN_USE);
	story_end(&story);
}
END_TEST

START_TEST(run_of_another_daemon_is_found_on_a_new_connection)
{
	begin();
	postgres_exec(url, "UPDATE buddyshopping.writer SET run = run + 1");
	ck_assert_int_eq(postgres_terminate(url), 1);

	ck_assert_int_eq(touch(2), STORE_FATAL);
	ck_assert_int_eq(store_exit_status(story.store), STORE_IN_USE);
	story_end(&story);
}
END_TEST

START_TEST(rows_of_others_end_ours)
{
	begin();
	postgres_exec(url, "INSERT INTO buddyshopping.journal SELECT "
	    "(jsonb_populate_record(j, jsonb_build_object('seq', seq + 1))).* "
	    "FROM buddyshopping.journal AS j");
	ck_assert_int_eq(postgres_terminate(url), 1);

	ck_assert_int_eq(touch(2), STORE_FATAL);
	ck_assert_int_eq(store_exit_status(story.store), STORE_IN_USE);
	story_end(&story);
}
END_TEST

/* In the folder of the server. */
static void
run_shell(const struct postgres *server, const char *what)
{
	char command[512];

	(void)snprintf(command, sizeof(command), "cd %s && %s", server->folder,
	    what);
	ck_assert_int_eq(system(command), 0);
}

/* As a standby is that was promoted without the last rows. */
START_TEST(database_that_went_back_is_found)
{
	enum store_status status;
	struct postgres server;

	postgres_start(&server, NULL);
	postgres_database_on(&server, url);
	open_store();
	postgres_end(&server, SIGINT);
	run_shell(&server, "cp -a data before");
	postgres_restart(&server, NULL);
	while (touch(2) != STORE_OK)
		continue;
	(void)story_tell(&story, 0, RECORD_CART, 1);
	postgres_end(&server, SIGINT);
	run_shell(&server, "rm -r data && mv before data");
	postgres_restart(&server, NULL);

	while ((status = touch(3)) == STORE_REFUSED)
		continue;
	ck_assert_int_eq(status, STORE_FATAL);
	ck_assert_int_eq(store_exit_status(story.store), STORE_BAD_DATA);
	story_end(&story);
	postgres_clear(&server);
}
END_TEST

START_TEST(there_is_no_server_for_a_while)
{
	struct postgres server;

	postgres_start(&server, NULL);
	postgres_database_on(&server, url);
	open_store();
	postgres_end(&server, SIGINT);

	ck_assert_int_eq(touch(2), STORE_REFUSED);
	ck_assert_int_eq(trouble(), STORE_ERROR_UNREACHABLE);
	ck_assert_int_eq(store_tend(story.store), STORE_REFUSED);
	ck_assert_int_eq(touch(2), STORE_REFUSED);
	postgres_restart(&server, NULL);
	while (store_tend(story.store) != STORE_OK)
		continue;
	ck_assert_int_eq(touch(3), STORE_OK);
	ck_assert_int_eq(trouble(), STORE_ERRORS);
	expect_used("3");
	story_end(&story);
	postgres_clear(&server);
}
END_TEST

/* It is asked once, and then wants no more. */
static bool
stops(void *ctx)
{
	++*(unsigned *)ctx;
	return false;
}

/* It takes connections, as the kernel does that for it, and says nothing. */
START_TEST(stop_ends_the_wait_for_a_connection)
{
	char patient[POSTGRES_URL_BYTES + sizeof("&connect_timeout=0")];
	struct postgres server;
	unsigned asked = 0;

	postgres_start(&server, NULL);
	postgres_database_on(&server, url);
	(void)snprintf(patient, sizeof(patient), "%s&connect_timeout=0", url);
	open_store_of(patient);
	ck_assert_int_eq(postgres_terminate(url), 1);
	ck_assert_int_eq(kill(server.pid, SIGSTOP), 0);
	store_set_waiting(story.store, stops, &asked);

	ck_assert_int_eq(touch(2), STORE_REFUSED);

	ck_assert_uint_gt(asked, 0);
	ck_assert_int_eq(trouble(), STORE_ERROR_UNREACHABLE);
	ck_assert_int_eq(kill(server.pid, SIGCONT), 0);
	store_set_waiting(story.store, NULL, NULL);
	while (touch(3) != STORE_OK)
		continue;
	expect_used("3");
	story_end(&story);
	postgres_clear(&server);
}
END_TEST

struct standby {
	unsigned asked;
	unsigned answers;		/* that it goes on; few: the */
					/* standby never comes */
};

/* The standby comes when somebody has waited for it for a while. */
static bool
goes_on(void *ctx)
{
	struct standby *standby = ctx;

	if (++standby->asked == 3 && standby->answers > 3) {
		postgres_exec(superuser, "ALTER SYSTEM RESET "
		    "synchronous_standby_names");
		postgres_exec(superuser, "SELECT pg_reload_conf()");
	}
	return standby->asked < standby->answers;
}

static void
lose_standby(struct postgres *server)
{
	postgres_start(server, NULL);
	postgres_database_on(server, url);
	postgres_superuser_url(server, "postgres", superuser);
	open_store();
	postgres_exec(url, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET "
	    "statement_timeout = 500', current_database()); END $$");
	ck_assert_int_eq(postgres_terminate(url), 1);
	ck_assert_int_eq(touch(1), STORE_OK);
	postgres_exec(superuser, "ALTER SYSTEM SET synchronous_standby_names "
	    "= 'nobody'");
	postgres_exec(superuser, "SELECT pg_reload_conf()");
}

/* A server that goes on without its standby says so in a warning. */
START_TEST(commit_without_its_standby_is_not_told)
{
	struct standby standby = { .answers = 1000000 };
	struct postgres server;

	lose_standby(&server);
	store_set_waiting(story.store, goes_on, &standby);

	/* The server takes its time to reload its settings. */
	while (standby.asked < 3)
		ck_assert_int_eq(touch(2), STORE_OK);
	expect_used("2");
	ck_assert_int_eq(touch(3), STORE_OK);
	story_end(&story);
	postgres_clear(&server);
}
END_TEST

/* Of its numbers that run out, perhaps: it is committed all the same. */
START_TEST(commit_with_another_warning_is_told)
{
	begin();
	postgres_exec(url, "CREATE FUNCTION f() RETURNS trigger "
	    "LANGUAGE plpgsql AS 'BEGIN RAISE WARNING ''f''; RETURN NULL; "
	    "END'; CREATE CONSTRAINT TRIGGER t AFTER UPDATE ON "
	    "buddyshopping.session DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
	    "EXECUTE FUNCTION f()");

	ck_assert_int_eq(touch(2), STORE_OK);
	expect_used("2");
	story_end(&story);
}
END_TEST

START_TEST(stop_ends_the_wait_for_what_is_not_known)
{
	struct standby standby = { .answers = 2 };
	enum store_status status;
	struct postgres server;

	lose_standby(&server);
	store_set_waiting(story.store, goes_on, &standby);

	while ((status = touch(2)) == STORE_OK)
		continue;
	ck_assert_int_eq(status, STORE_FATAL);
	ck_assert_int_eq(store_exit_status(story.store), STORE_IO_ERROR);
	story_end(&story);
	postgres_clear(&server);
}
END_TEST

START_TEST(store_of_a_server_that_is_silent_is_closed)
{
	pid_t pid;

	begin();
	pid = (pid_t)atol(postgres_value(url, "SELECT pid FROM pg_locks "
	    "WHERE locktype = 'advisory' AND database = (SELECT oid "
	    "FROM pg_database WHERE datname = current_database()) "
	    "ORDER BY pid"));
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(kill(pid, SIGSTOP), 0);

	story_end(&story);
	ck_assert_int_eq(kill(pid, SIGCONT), 0);
	ck_assert_int_eq(store_open(url, NULL, &story.store), STORE_OPENED);
	store_close(story.store);
}
END_TEST

/* Who reads the journal waits, and is seen to, until this is finished. */
static PGconn *
lock_journal(void)
{
	PGconn *pg = PQconnectdb(superuser);
	PGresult *result = PQexec(pg, "BEGIN; "
	    "LOCK buddyshopping.journal IN ACCESS EXCLUSIVE MODE");

	ck_assert_int_eq(PQresultStatus(result), PGRES_COMMAND_OK);
	PQclear(result);
	return pg;
}

static void
wait_for_reader(void)
{
	while (strcmp(postgres_value(superuser, "SELECT count(*) FROM pg_locks "
	    "WHERE NOT granted AND relation = "
	    "'buddyshopping.journal'::regclass"), "0") == 0)
		continue;
}

static void
ignore(void *ctx)
{
	(void)ctx;
}

START_TEST(reader_of_events_stops_while_the_server_is_silent)
{
	const struct event_reader_config config = {
		.path = url,
		.done = ignore,
	};
	struct event_reader *reader;
	PGconn *pg;

	begin();
	pg = lock_journal();
	reader = event_reader_start(&config);
	event_reader_ask(reader, &(struct event_request){
		.after = EVENT_READER_NEWEST,
	});
	wait_for_reader();

	event_reader_stop(reader);
	PQfinish(pg);
	story_end(&story);
}
END_TEST

START_TEST(webhooks_stop_while_the_server_is_silent)
{
	static const struct webhook_secrets secrets;
	static const struct webhook_settings webhook = {
		.url = "https://shop.example/",
		.secrets = &secrets,
		.ca_file = "",
	};
	const struct shop_webhooks_settings settings = { "", &webhook };
	struct webhook_states states = STAILQ_HEAD_INITIALIZER(states);
	const struct shop_webhooks_config config = {
		.database = url,
		.states = &states,
		.head = 1,
		.changed = ignore,
	};
	struct shop_webhooks *all;
	PGconn *pg;

	begin();
	pg = lock_journal();
	all = shop_webhooks_new(&config, &settings, 1);
	wait_for_reader();

	shop_webhooks_stop(all);
	shop_webhooks_free(all);
	PQfinish(pg);
	story_end(&story);
}
END_TEST

void
suite_add(TCase *tc)
{
	const int count = sizeof(sayings) / sizeof(sayings[0]);

	postgres_need();
	tcase_add_loop_test(tc, refused_statement_has_its_kind, 0, count);
	tcase_add_loop_test(tc, refused_commit_has_its_kind, 0, count);
	tcase_add_loop_test(tc, operators_change_is_no_fault_of_the_data, 0,
	    sizeof(changes) / sizeof(changes[0]));
	tcase_add_test(tc, row_that_is_not_there_is_found_before_the_commit);
	tcase_add_test(tc, what_waits_to_be_answered_has_a_limit);
	tcase_add_test(tc, what_waits_to_be_sent_has_a_limit);
	tcase_add_test(tc, statement_times_out);
	tcase_add_test(tc, run_of_another_daemon_ends_ours);
	tcase_add_test(tc,
	    run_of_another_daemon_is_found_on_a_new_connection);
	tcase_add_test(tc, rows_of_others_end_ours);
	tcase_add_test(tc, database_that_went_back_is_found);
	tcase_add_test(tc, there_is_no_server_for_a_while);
	tcase_add_test(tc, stop_ends_the_wait_for_a_connection);
	tcase_add_test(tc, commit_without_its_standby_is_not_told);
	tcase_add_test(tc, commit_with_another_warning_is_told);
	tcase_add_test(tc, stop_ends_the_wait_for_what_is_not_known);
	tcase_add_test(tc, store_of_a_server_that_is_silent_is_closed);
	tcase_add_test(tc, reader_of_events_stops_while_the_server_is_silent);
	tcase_add_test(tc, webhooks_stop_while_the_server_is_silent);
}
