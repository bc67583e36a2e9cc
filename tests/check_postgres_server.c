/* The server that tests of PostgreSQL have: tests/postgres.[ch]. */

#include <signal.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "postgres.h"
#include "suite.h"

const char suite_name[] = "postgres_server";

static char url[POSTGRES_URL_BYTES];

START_TEST(each_test_has_a_database_of_its_own)
{
	char other[POSTGRES_URL_BYTES];

	postgres_database(url);
	postgres_database(other);
	postgres_exec(url, "CREATE SCHEMA s; CREATE TABLE s.t (x INT);"
	    "INSERT INTO s.t VALUES (7)");

	ck_assert_str_eq(postgres_value(url, "SELECT x FROM s.t"), "7");
	ck_assert_str_eq(postgres_value(other, "SELECT count(*) FROM "
	    "information_schema.tables WHERE table_schema = 's'"), "0");
	ck_assert_str_eq(postgres_value(url, "SELECT usesuper FROM pg_user "
	    "WHERE usename = current_user"), "f");
}
END_TEST

START_TEST(connections_of_others_are_ended)
{
	PGconn *connection;

	postgres_database(url);
	connection = PQconnectdb(url);
	ck_assert_int_eq(PQstatus(connection), CONNECTION_OK);

	ck_assert_int_eq(postgres_terminate(url), 1);
	ck_assert_int_eq(postgres_terminate(url), 0);

	PQclear(PQexec(connection, "SELECT 1"));
	ck_assert_int_eq(PQstatus(connection), CONNECTION_BAD);
	PQfinish(connection);
}
END_TEST

START_TEST(what_was_committed_is_there_after_a_kill)
{
	static const char *const options[] = { "-c", "statement_timeout=7s",
		NULL };
	static const int ends[] = { SIGTERM, SIGINT, SIGQUIT, SIGKILL };
	struct postgres server;

	postgres_start(&server, NULL);
	postgres_database_on(&server, url);
	postgres_exec(url, "CREATE SCHEMA s; CREATE TABLE s.t (x INT)");
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		postgres_exec(url, "INSERT INTO s.t VALUES (1)");
		postgres_end(&server, ends[i]);
		ck_assert_int_eq(PQping(url), PQPING_NO_RESPONSE);
		postgres_restart(&server, options);
		ck_assert_str_eq(postgres_value(url,
		    "SHOW statement_timeout"), "7s");
	}

	ck_assert_str_eq(postgres_value(url, "SELECT count(*) FROM s.t"), "4");
	postgres_clear(&server);
	ck_assert_int_eq(access(server.folder, F_OK), -1);
}
END_TEST

void
suite_add(TCase *tc)
{
	postgres_need();
	tcase_add_test(tc, each_test_has_a_database_of_its_own);
	tcase_add_test(tc, connections_of_others_are_ended);
	tcase_add_test(tc, what_was_committed_is_there_after_a_kill);
}
