/* Which PostgreSQL databases are opened, and which are refused, untouched. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "storage/engines.h"
#include "storage/store.h"

#include "postgres.h"
#include "suite.h"

const char suite_name[] = "postgres_open";

static char url[POSTGRES_URL_BYTES];
static char superuser[POSTGRES_URL_BYTES];

/* All that there is, but for what a server writes by itself. */
static const char everything[] =
    "SELECT md5(string_agg(x, ',' ORDER BY x)) FROM ("
    "SELECT oid || relname FROM pg_class WHERE relnamespace <> 99 UNION ALL "
    "SELECT oid || nspname FROM pg_namespace WHERE nspname !~ '^pg_' "
    "UNION ALL SELECT oid || tgname FROM pg_trigger UNION ALL "
    "SELECT oid || proname FROM pg_proc) AS all_of_it (x)";

static enum store_open_status
open_and_close(const char *name)
{
	struct store *store = NULL;
	enum store_open_status status;

	log_set_level(0);	/* refusals are wanted here */
	status = store_open(name, NULL, &store);
	if (status == STORE_OPENED)
		store_close(store);
	else
		ck_assert_ptr_null(store);
	return status;
}

static enum store_open_status
open_reader(const char *name)
{
	const struct engine *engine = engine_of(name);
	struct sql_connection *connection = NULL;
	enum store_open_status status;

	log_set_level(0);
	status = engine->open_reader(name, SQL_READER_OF_ANY, NULL,
	    &connection);
	engine->close(connection, false);
	return status;
}

/* A database whose name the superuser's URL has, too. */
static void
make_database(void)
{
	postgres_database(url);
	(void)snprintf(superuser, sizeof(superuser), "%.*s&user=postgres",
	    (int)(strstr(url, "&user=") - url), url);
}

static void
make_ours(void)
{
	make_database();
	ck_assert_int_eq(open_and_close(url), STORE_OPENED);
}

static void
expect_refusal(enum store_open_status status)
{
	char before[64], after[64];

	(void)snprintf(before, sizeof(before), "%s",
	    postgres_value(superuser, everything));
	ck_assert_int_eq(open_and_close(url), status);
	(void)snprintf(after, sizeof(after), "%s",
	    postgres_value(superuser, everything));
	ck_assert_str_eq(before, after);
}

START_TEST(database_is_made_once)
{
	make_ours();

	ck_assert_int_eq(open_and_close(url), STORE_OPENED);
	ck_assert_str_eq(postgres_value(url,
	    "SELECT run FROM buddyshopping.writer"), "2");
	ck_assert_int_eq(open_reader(url), STORE_OPENED);
	ck_assert_str_eq(postgres_value(url,
	    "SELECT run FROM buddyshopping.writer"), "2");
}
END_TEST

START_TEST(database_of_others_is_refused)
{
	make_database();
	postgres_exec(superuser, "CREATE TABLE public.shop (x INT)");

	expect_refusal(STORE_BAD_DATA);
	ck_assert_int_eq(open_reader(url), STORE_BAD_DATA);
	/* Whoever says so lets us in. */
	postgres_exec(superuser, "CREATE SCHEMA buddyshopping AUTHORIZATION "
	    "buddyshopping");
	ck_assert_int_eq(open_and_close(url), STORE_OPENED);
}
END_TEST

START_TEST(schema_of_others_is_refused)
{
	make_database();
	postgres_exec(url, "CREATE SCHEMA buddyshopping; "
	    "CREATE TABLE buddyshopping.shop (x INT)");

	expect_refusal(STORE_BAD_DATA);
}
END_TEST

START_TEST(newer_version_is_refused)
{
	make_ours();
	postgres_exec(url, "UPDATE buddyshopping.about SET version = 1000");

	expect_refusal(STORE_BAD_DATA);
	ck_assert_int_eq(open_reader(url), STORE_BAD_DATA);
}
END_TEST

/* What would run, whatever it does. */
#define NOTHING "CREATE FUNCTION public.f(bigint) RETURNS bool LANGUAGE sql " \
	"IMMUTABLE AS 'SELECT true'; "

/* What only runs, or does not, when something is written. */
static const char *const unguarded[] = {
	"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
	    "'BEGIN RETURN NULL; END'; CREATE TRIGGER t BEFORE INSERT ON "
	    "buddyshopping.journal FOR EACH ROW EXECUTE FUNCTION f()",
	"ALTER TABLE buddyshopping.journal DISABLE TRIGGER journal_no_update",
	"DROP TRIGGER journal_no_update ON buddyshopping.journal",
	"CREATE OR REPLACE FUNCTION buddyshopping.refuse() RETURNS trigger "
	    "LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
	"ALTER FUNCTION buddyshopping.refuse() SET search_path = public",
	"ALTER FUNCTION buddyshopping.refuse() SECURITY DEFINER",
	NOTHING "ALTER TABLE buddyshopping.customer ALTER seq_cart "
	    "SET DEFAULT public.f(1)::int",
	"ALTER TABLE buddyshopping.webhook ADD EXCLUDE (seq WITH =)",
	"CREATE TABLE public.mine (session BIGINT REFERENCES "
	    "buddyshopping.session ON DELETE CASCADE)",
	"ALTER TABLE buddyshopping.customer DROP CONSTRAINT "
	    "customer_session_fkey",
	"ALTER TABLE buddyshopping.customer DROP CONSTRAINT "
	    "customer_session_fkey, ADD FOREIGN KEY (session) REFERENCES "
	    "buddyshopping.session(id) NOT VALID",
	"ALTER TABLE buddyshopping.customer DROP CONSTRAINT "
	    "customer_session_cid_key",
	"ALTER TABLE buddyshopping.customer DROP CONSTRAINT "
	    "customer_session_cid_key, ADD UNIQUE (cid, session)",
	"ALTER TABLE buddyshopping.session DROP CONSTRAINT session_name_key, "
	    "ADD UNIQUE (name) DEFERRABLE",
	"ALTER TABLE buddyshopping.journal DROP CONSTRAINT journal_pkey",
	"ALTER TABLE buddyshopping.journal ALTER hash DROP NOT NULL",
	"ALTER TABLE buddyshopping.customer ALTER request SET NOT NULL",
	"ALTER TABLE buddyshopping.webhook ADD UNIQUE (seq)",
	"ALTER TABLE buddyshopping.about DROP CONSTRAINT about_id_check",
	"ALTER DOMAIN buddyshopping.digest DROP CONSTRAINT digest_check",
};

static const char *const tampered[] = {
	"CREATE RULE r AS ON INSERT TO buddyshopping.journal DO INSTEAD NOTHING",
	"ALTER TABLE buddyshopping.journal ENABLE ROW LEVEL SECURITY",
	"ALTER TABLE buddyshopping.journal_body SET UNLOGGED",
	"CREATE TABLE buddyshopping.more () INHERITS (buddyshopping.session)",
	NOTHING "CREATE TABLE public.parent (LIKE buddyshopping.webhook) "
	    "PARTITION BY RANGE ((seq + public.f(1)::int)); "
	    "ALTER TABLE public.parent ATTACH PARTITION buddyshopping.webhook "
	    "FOR VALUES FROM (MINVALUE) TO (MAXVALUE)",
	"DROP TABLE buddyshopping.webhook",
	"UPDATE buddyshopping.about SET version = 6",
	NOTHING "ALTER TABLE buddyshopping.journal ADD CHECK (public.f(seq))",
	"ALTER TABLE buddyshopping.webhook ADD CHECK (shop <> 'other')",
	NOTHING "ALTER DOMAIN buddyshopping.truth ADD CHECK (public.f(VALUE))",
	NOTHING "ALTER DOMAIN buddyshopping.digest "
	    "SET DEFAULT public.f(1)::text::bytea",
	NOTHING "CREATE INDEX ON buddyshopping.journal(seq) WHERE public.f(1)",
	"CREATE FUNCTION buddyshopping.max(bigint) RETURNS bigint "
	    "LANGUAGE sql AS 'SELECT 1'",
	NOTHING "CREATE FUNCTION public.same(buddyshopping.customer_id, text) "
	    "RETURNS bool LANGUAGE sql AS 'SELECT true'; CREATE OPERATOR "
	    "buddyshopping.= (LEFTARG = buddyshopping.customer_id, "
	    "RIGHTARG = text, FUNCTION = public.same)",
};

START_TEST(tampered_schema_is_refused)
{
	make_ours();
	postgres_exec(url, tampered[_i]);

	expect_refusal(STORE_BAD_DATA);
	ck_assert_int_eq(open_reader(url), STORE_BAD_DATA);
}
END_TEST

START_TEST(unguarded_rows_are_read)
{
	make_ours();
	postgres_exec(url, unguarded[_i]);

	expect_refusal(STORE_BAD_DATA);
	ck_assert_int_eq(open_reader(url), STORE_OPENED);
}
END_TEST

START_TEST(faults_of_guards_are_counted)
{
	struct sql_connection *reader = NULL;

	make_ours();
	postgres_exec(url, "ALTER TABLE buddyshopping.customer "
	    "DROP CONSTRAINT customer_session_fkey; "
	    "DROP TRIGGER journal_no_update ON buddyshopping.journal");
	ck_assert_int_eq(engine_of(url)->open_reader(url, SQL_READER_OF_ANY,
	    NULL, &reader), STORE_OPENED);
	ck_assert_str_eq(engine_of(url)->find_unguarded(reader),
	    "has not all triggers; and 1 more");
	engine_of(url)->close(reader, false);
}
END_TEST

/* What an owner does to a table once a superuser's reader has judged it. */
static const struct swap {
	const char *sql;
	const char *setting;		/* that a server may lack; or NULL */
	enum sql_result result;
	enum store_open_status status;	/* if it failed */
} swaps[] = {
	{ "ALTER TABLE buddyshopping.webhook RENAME TO w; "
	    "CREATE VIEW buddyshopping.webhook AS "
	    "SELECT w.* FROM buddyshopping.w WHERE public.mine(seq) = seq",
	    "restrict_nonsystem_relation_kind", SQL_FAILED, STORE_BAD_DATA },
	{ "CREATE TABLE public.parent (LIKE buddyshopping.webhook) "
	    "PARTITION BY RANGE ((seq + public.mine(1))); "
	    "ALTER TABLE public.parent ATTACH PARTITION buddyshopping.webhook "
	    "FOR VALUES FROM (MINVALUE) TO (MAXVALUE)", NULL, SQL_ROW,
	    STORE_OPENED },
	/* For who is none. */
	{ NULL, NULL, SQL_FAILED, STORE_IO_ERROR },
};

#define MINE_SQL \
	"INSERT INTO buddyshopping.webhook VALUES ('s', 7); " \
	"CREATE FUNCTION public.mine(bigint) RETURNS bigint " \
	"LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN " \
	"IF current_user <> 'buddyshopping' THEN RAISE 'it ran'; END IF; " \
	"RETURN $1; END $$"

#define HIDE_SQL \
	"ALTER TABLE buddyshopping.webhook ENABLE ROW LEVEL SECURITY, " \
	"FORCE ROW LEVEL SECURITY"

START_TEST(tables_changed_behind_the_judge_run_nothing)
{
	static const struct sql_text text = { .text =
	    "SELECT seq FROM buddyshopping.webhook WHERE seq > 0",
	    .is_long = true };
	const struct engine *engine;
	const struct swap *swap = &swaps[_i];
	struct sql_connection *reader = NULL;
	struct sql_statement *statement;

	make_ours();
	postgres_exec(url, MINE_SQL);
	postgres_exec(url, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET "
	    "constraint_exclusion = on', current_database()); END $$");
	if (swap->setting != NULL && strcmp(postgres_value(url,
	    "SELECT count(*) FROM pg_settings WHERE name = "
	    "'restrict_nonsystem_relation_kind'"), "0") == 0)
		return;
	engine = engine_of(url);
	ck_assert_int_eq(engine->open_reader(swap->sql != NULL ? superuser :
	    url, SQL_READER_OF_ANY, NULL, &reader), STORE_OPENED);
	postgres_exec(url, swap->sql != NULL ? swap->sql : HIDE_SQL);
	statement = engine->prepare(reader, &text);
	ck_assert_int_eq(engine->step(statement), swap->result);
	if (swap->result == SQL_FAILED) {
		ck_assert_int_eq(engine->fault(reader)->status, swap->status);
		ck_assert_ptr_null(strstr(engine->fault(reader)->message,
		    "it ran"));
	}
	engine->finalize(statement);
	engine->close(reader, false);
}
END_TEST

/* Rows may be long all of a sudden. */
START_TEST(fetches_grow_by_and_by)
{
	static const struct sql_text text = { .text =
	    "SELECT n FROM generate_series(1, 1000) AS n ORDER BY n",
	    .is_long = true };
	static const struct {
		int	 row;
		const char *fetch;	/* that yields it, without the name */
	} expected[] = {
		{ 1, "16" }, { 16, "16" }, { 17, "32" }, { 48, "32" },
		{ 49, "64" }, { 113, "128" }, { 241, "256" }, { 497, "256" },
	};
	struct sql_connection *reader = NULL;
	struct sql_statement *statement;
	const struct engine *engine;
	int row = 0;
	size_t i;

	make_ours();
	engine = engine_of(url);
	ck_assert_int_eq(engine->open_reader(url, SQL_READER_OF_ANY, NULL,
	    &reader), STORE_OPENED);
	statement = engine->prepare(reader, &text);
	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		for (; row < expected[i].row; row++)
			ck_assert_int_eq(engine->step(statement), SQL_ROW);
		ck_assert_str_eq(postgres_value(superuser, "SELECT split_part("
		    "query, ' ', 2) FROM pg_stat_activity WHERE datname = "
		    "current_database() AND query LIKE 'FETCH %'"),
		    expected[i].fetch);
	}
	engine->finalize(statement);
	engine->close(reader, false);
}
END_TEST

static const char *const settings[] = {
	"quote_all_identifiers = on", "standard_conforming_strings = off",
	"DateStyle = ''SQL, DMY''", "IntervalStyle = iso_8601",
	"default_transaction_isolation = serializable",
	"search_path = public", "bytea_output = escape",
	"constraint_exclusion = on", "row_security = off",
	"array_nulls = off", "transform_null_equals = on",
	"extra_float_digits = -15", "TimeZone = ''Asia/Kolkata''",
};

START_TEST(settings_of_a_database_do_not_matter)
{
	struct sql_connection *reader = NULL;
	char sql[256];
	size_t i;

	make_ours();
	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		(void)snprintf(sql, sizeof(sql), "DO $$ BEGIN EXECUTE format("
		    "'ALTER DATABASE %%I SET %s', current_database()); END $$",
		    settings[i]);
		postgres_exec(superuser, sql);
	}
	ck_assert_int_eq(open_and_close(url), STORE_OPENED);
	ck_assert_int_eq(engine_of(url)->open_reader(url, SQL_READER_OF_ANY,
	    NULL, &reader), STORE_OPENED);
	ck_assert_ptr_null(engine_of(url)->find_unguarded(reader));
	engine_of(url)->close(reader, false);
}
END_TEST

START_TEST(role_without_triggers_is_refused)
{
	make_ours();
	postgres_exec(superuser, "DO $$ BEGIN EXECUTE format('ALTER DATABASE "
	    "%I SET session_replication_role = replica', current_database()); "
	    "END $$");
	ck_assert_int_eq(open_and_close(url), STORE_CANNOT_CREATE);
}
END_TEST

START_TEST(only_an_owner_writes)
{
	make_ours();
	postgres_exec(superuser, "CREATE ROLE shops; ALTER TABLE "
	    "buddyshopping.journal OWNER TO shops; GRANT ALL ON "
	    "buddyshopping.journal TO buddyshopping");

	expect_refusal(STORE_BAD_DATA);
	ck_assert_int_eq(open_reader(url), STORE_OPENED);
	ck_assert_int_eq(open_and_close(superuser), STORE_BAD_DATA);
	postgres_exec(superuser, "GRANT shops TO buddyshopping");
	ck_assert_int_eq(open_and_close(url), STORE_OPENED);
	postgres_exec(superuser, "REASSIGN OWNED BY shops TO buddyshopping; "
	    "ALTER SCHEMA buddyshopping OWNER TO postgres; GRANT USAGE ON "
	    "SCHEMA buddyshopping TO buddyshopping");
	expect_refusal(STORE_BAD_DATA);
	postgres_exec(superuser, "DROP OWNED BY shops; DROP ROLE shops");
}
END_TEST

START_TEST(other_encoding_is_refused)
{
	make_database();
	postgres_exec(superuser, "CREATE DATABASE latin ENCODING LATIN1 "
	    "TEMPLATE template0 OWNER buddyshopping");
	(void)snprintf(url, sizeof(url), "postgresql:///latin%s",
	    strchr(superuser, '?'));
	ck_assert_int_eq(open_and_close(url), STORE_CANNOT_CREATE);
	postgres_exec(superuser, "DROP DATABASE latin");
}
END_TEST

START_TEST(who_may_write_nothing_is_refused)
{
	make_database();
	postgres_exec(superuser, "CREATE ROLE guest LOGIN");
	*strstr(url, "&user=") = '\0';
	strcat(url, "&user=guest");
	expect_refusal(STORE_CANNOT_CREATE);
	ck_assert_int_eq(open_reader(url), STORE_NO_DATABASE);
	postgres_exec(superuser, "DROP ROLE guest");
}
END_TEST

START_TEST(read_only_database_is_refused)
{
	make_database();
	postgres_exec(url, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET "
	    "default_transaction_read_only = on', current_database()); END $$");

	ck_assert_int_ne(open_and_close(url), STORE_OPENED);
}
END_TEST

START_TEST(unknown_names_and_passwords_are_refused)
{
	char name[POSTGRES_URL_BYTES];

	make_database();
	(void)snprintf(name, sizeof(name), "postgresql:///nowhere%s",
	    strchr(url, '?'));
	ck_assert_int_eq(open_and_close(name), STORE_CANNOT_CREATE);
	ck_assert_int_eq(open_reader(name), STORE_NO_DATABASE);
	strcpy(name, url);
	strcpy(strstr(name, "&user="), "&user=nobody");
	ck_assert_int_eq(open_and_close(name), STORE_CANNOT_CREATE);
	(void)snprintf(name, sizeof(name),
	    "postgresql:///x?host=/nonexistent&user=x");
	ck_assert_int_eq(open_and_close(name), STORE_IO_ERROR);
}
END_TEST

static const char *const unsafe[] = {
	"fsync=off", "full_page_writes=off", "synchronous_commit=off",
};

START_TEST(server_that_may_lose_something_is_refused)
{
	const char *const options[] = { "-c", unsafe[_i], NULL };
	struct postgres server;

	postgres_start(&server, options);
	postgres_database_on(&server, url);
	ck_assert_int_eq(open_and_close(url), STORE_CANNOT_CREATE);
	ck_assert_str_eq(postgres_value(url, "SELECT count(*) FROM "
	    "pg_namespace WHERE nspname = 'buddyshopping'"), "0");
	postgres_clear(&server);
}
END_TEST

void
suite_add(TCase *tc)
{
	postgres_need();
	tcase_add_test(tc, database_is_made_once);
	tcase_add_test(tc, database_of_others_is_refused);
	tcase_add_test(tc, schema_of_others_is_refused);
	tcase_add_test(tc, newer_version_is_refused);
	tcase_add_loop_test(tc, tampered_schema_is_refused, 0,
	    sizeof(tampered) / sizeof(tampered[0]));
	tcase_add_loop_test(tc, unguarded_rows_are_read, 0,
	    sizeof(unguarded) / sizeof(unguarded[0]));
	tcase_add_test(tc, faults_of_guards_are_counted);
	tcase_add_loop_test(tc, tables_changed_behind_the_judge_run_nothing, 0,
	    sizeof(swaps) / sizeof(swaps[0]));
	tcase_add_test(tc, fetches_grow_by_and_by);
	tcase_add_test(tc, settings_of_a_database_do_not_matter);
	tcase_add_test(tc, role_without_triggers_is_refused);
	tcase_add_test(tc, only_an_owner_writes);
	tcase_add_test(tc, other_encoding_is_refused);
	tcase_add_test(tc, who_may_write_nothing_is_refused);
	tcase_add_test(tc, read_only_database_is_refused);
	tcase_add_test(tc, unknown_names_and_passwords_are_refused);
	tcase_add_loop_test(tc, server_that_may_lose_something_is_refused, 0,
	    sizeof(unsafe) / sizeof(unsafe[0]));
}
