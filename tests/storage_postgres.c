#include "storage_engine.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/xalloc.h"
#include "postgres.h"

/* What tests say in SQLite's words; it is in nobody's way, having no tables. */
static const char words_sql[] =
    "CREATE SCHEMA words;"
    "GRANT USAGE ON SCHEMA words TO PUBLIC;"
    "CREATE FUNCTION words.hex(BYTEA) RETURNS TEXT LANGUAGE sql IMMUTABLE AS"
    " 'SELECT upper(encode($1, ''hex''))';"
    "CREATE FUNCTION words.zeroblob(INTEGER) RETURNS BYTEA LANGUAGE sql"
    " IMMUTABLE AS 'SELECT decode(repeat(''00'', $1), ''hex'')';"
    "CREATE FUNCTION words.add(TEXT, ANYELEMENT) RETURNS TEXT LANGUAGE sql"
    " IMMUTABLE AS 'SELECT CASE WHEN $2 IS NULL THEN $1"
    " ELSE coalesce($1 || '','', '''') || $2 END';"
    "CREATE AGGREGATE words.group_concat(ANYELEMENT)"
    " (SFUNC = words.add, STYPE = TEXT);";

/* The number of a sequence stays when a transaction is rolled back. */
static const char arm_sql[] =
    "CREATE SEQUENCE words.writes;"
    "CREATE FUNCTION words.fail() RETURNS TRIGGER LANGUAGE plpgsql"
    " SECURITY DEFINER AS $$ BEGIN"
    "  IF nextval('words.writes') = 1 THEN"
    "   RAISE EXCEPTION 'the test''s disk is full' USING ERRCODE = '53100';"
    "  END IF; RETURN NULL; END $$;"
    "CREATE TRIGGER fail BEFORE INSERT OR UPDATE OR DELETE ON session"
    " EXECUTE FUNCTION words.fail();"
    "CREATE TRIGGER fail BEFORE INSERT OR UPDATE OR DELETE ON journal"
    " EXECUTE FUNCTION words.fail();"
    "CREATE TRIGGER fail BEFORE INSERT OR UPDATE OR DELETE ON journal_body"
    " EXECUTE FUNCTION words.fail()";
static const char disarm_sql[] =
    "DROP FUNCTION words.fail() CASCADE; DROP SEQUENCE words.writes";

static const char guarded_sql[] =
    "SET search_path = buddyshopping, words, pg_catalog";
static const char unguarded_sql[] =
    "SET search_path = buddyshopping, words, pg_catalog;"
    "SET session_replication_role = replica;"
    "SET client_min_messages = warning";

/* The same database for a superuser, whom triggers can be hidden from. */
static void
make_superuser_url(const char *name, char url[STORAGE_NAME_BYTES])
{
	static const char user[] = "user=buddyshopping";
	const char *at = strstr(name, user);

	ck_assert_ptr_nonnull(at);
	ck_assert_int_lt(snprintf(url, STORAGE_NAME_BYTES,
	    "%.*suser=postgres%s", (int)(at - name), name,
	    at + strlen(user)), STORAGE_NAME_BYTES);
}

static void
make(const char *path, char name[STORAGE_NAME_BYTES])
{
	char url[STORAGE_NAME_BYTES];

	(void)path; /* it is on the server */
	postgres_database(name);
	make_superuser_url(name, url);
	postgres_exec(url, words_sql);
}

/* Many of them are some gigabytes, which a server would take long to remove. */
static void
drop(const char *name)
{
	char url[STORAGE_NAME_BYTES], server[STORAGE_NAME_BYTES];
	char sql[STORAGE_NAME_BYTES];
	const char *database, *end;

	make_superuser_url(name, url);
	database = strstr(url, "///") + 3;
	end = strchr(database, '?');
	ck_assert_ptr_nonnull(end);
	ck_assert_int_lt(snprintf(server, sizeof(server),
	    "postgresql:///postgres%s", end), (int)sizeof(server));
	(void)snprintf(sql, sizeof(sql), "DROP DATABASE %.*s WITH (FORCE)",
	    (int)(end - database), database); /* fits */
	postgres_exec(server, sql);
}

static PGconn *
open_database(const char *name, enum storage_guards guards)
{
	char url[STORAGE_NAME_BYTES];
	PGconn *pg;

	make_superuser_url(name, url);
	pg = PQconnectdb(guards == STORAGE_GUARDED ? name : url);
	ck_assert_msg(PQstatus(pg) == CONNECTION_OK, "%s", PQerrorMessage(pg));
	PQclear(PQexec(pg, guards == STORAGE_GUARDED ? guarded_sql :
	    unguarded_sql));
	return pg;
}

/* Constraints, and our triggers, are of class 23. */
static enum storage_result
result_of(const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (state == NULL)
		return STORAGE_DONE;
	return strncmp(state, "23", 2) == 0 ? STORAGE_REFUSED :
	    STORAGE_FAILED;
}

/* The last row's first column; NULL if that is or there is none. */
static char *
text_of(const PGresult *result)
{
	enum { BOOL = 16 };	/* its OID */
	int last = PQntuples(result) - 1;

	if (last < 0 || PQgetisnull(result, last, 0))
		return NULL;
	if (PQftype(result, 0) == BOOL)
		return xstrdup(PQgetvalue(result, last, 0)[0] == 't' ? "1" :
		    "0");
	return xstrdup(PQgetvalue(result, last, 0));
}

static struct storage_answer
run(const char *name, enum storage_guards guards, const char *sql)
{
	PGconn *pg = open_database(name, guards);
	PGresult *result = PQexec(pg, sql);
	struct storage_answer answer = { .result = result_of(result) };

	answer.text = answer.result == STORAGE_DONE ? text_of(result) :
	    xstrdup(PQerrorMessage(pg));
	PQclear(result);
	PQfinish(pg);
	return answer;
}

static void
run_well(const char *name, const char *sql)
{
	struct storage_answer answer = run(name, STORAGE_UNGUARDED, sql);

	ck_assert_msg(answer.result == STORAGE_DONE, "%s: %s", sql,
	    answer.text);
	free(answer.text);
}

static void
arm(const char *name)
{
	run_well(name, arm_sql);
}

static bool
disarm(const char *name)
{
	struct storage_answer answer = run(name, STORAGE_UNGUARDED,
	    "SELECT is_called FROM words.writes");
	bool has_failed;

	ck_assert_int_eq(answer.result, STORAGE_DONE);
	has_failed = strcmp(answer.text, "1") == 0;
	free(answer.text);
	run_well(name, disarm_sql);
	return has_failed;
}

static void
disconnect(const char *name)
{
	(void)postgres_terminate(name); /* however many there are */
}

const struct storage_engine storage_postgres = {
	.name = "postgresql",
	.need = postgres_need,
	.make = make,
	.remove = drop,
	.run = run,
	.arm = arm,
	.disarm = disarm,
	.disconnect = disconnect,
};
