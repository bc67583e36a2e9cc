#include "server_check.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/log.h"

enum {
	VERSION_MIN = 130000
};

/* What has to be so, and why not; no row if all is well. */
static const char check_sql[] =
    "SELECT why FROM (VALUES"
    " (getdatabaseencoding() = 'UTF8', 'the database''s encoding has to be"
    " UTF8: CREATE DATABASE ... ENCODING UTF8 TEMPLATE template0'),"
    " (current_setting('fsync') = 'on', 'fsync is off on the server, where it"
    " would lose what was acknowledged: turn it on'),"
    " (current_setting('full_page_writes') = 'on', 'full_page_writes is off on"
    " the server, where a crash would damage pages: turn it on'),"
    " (current_setting('synchronous_commit') <> 'off', 'synchronous_commit is"
    " off on the server or for this role or database, and would lose what was"
    " acknowledged: turn it on'),"
    " (current_setting('session_replication_role') <> 'replica',"
    " 'session_replication_role is replica for this role or database, where"
    " no trigger runs: turn it to origin')"
    ") AS c (is_well, why) WHERE NOT is_well";

/* Where what a refused connection says leads to, by how SQLSTATE begins. */
static const struct refusal {
	const char *prefix;
	enum store_open_status status;
} refusals[] = {
	{ "28", STORE_CANNOT_CREATE },	/* password, role, pg_hba.conf */
	{ "42", STORE_CANNOT_CREATE },	/* no right to connect */
	{ "55", STORE_CANNOT_CREATE },	/* takes no connections */
	{ "", STORE_IO_ERROR },
};

static int
refuse(struct connection *connection, const char *why)
{
	struct pg_fault *fault = connection_fault(connection);

	pg_fault_of_absence(fault, connection_name(connection), why);
	fault->base.status = STORE_CANNOT_CREATE;
	return -1;
}

int
server_check(struct connection *connection)
{
	PGresult *result;
	int rc = 0;

	if (PQserverVersion(connection_pg(connection)) < VERSION_MIN)
		return refuse(connection, "PostgreSQL 13 or later is needed");
	result = connection_ask(connection, check_sql, 0, NULL);
	if (result == NULL)
		return -1;
	if (PQntuples(result) > 0)
		rc = refuse(connection, PQgetvalue(result, 0, 0));
	PQclear(result);
	return rc;
}

enum store_open_status
server_refused(struct connection *connection)
{
	const struct sql_fault *fault = &connection_fault(connection)->base;

	log_errorx("store: %s: %s", connection_name(connection),
	    fault->message);
	return fault->status;
}

/* Nobody connects us: why, and whether it may be otherwise later. */
static enum store_open_status
judge_refusal(struct connection *connection,
    enum store_open_status without_database)
{
	const struct refusal *refusal = refusals;
	char state[6];

	log_errorx("store: %s: %s", connection_name(connection),
	    connection_fault(connection)->base.message);
	connection_refusal(connection, state);
	if (strcmp(state, "3D000") == 0)
		return without_database;
	while (strncmp(state, refusal->prefix, strlen(refusal->prefix)) != 0)
		refusal++;
	return refusal->status;
}

enum store_open_status
server_connect(struct connection *connection,
    enum store_open_status without_database)
{
	if (connection_make(connection) == -1)
		return judge_refusal(connection, without_database);
	return server_check(connection) == 0 ? STORE_OPENED :
	    server_refused(connection);
}
