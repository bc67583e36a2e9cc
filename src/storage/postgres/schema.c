#include "schema.h"

#include <stdbool.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/log.h"
#include "catalog_check.h"
#include "server_check.h"
#include "storage/schema.h"

/* See sql/postgres/schema.sql. */
#define SCHEMA_VERSION	"7"

/*
 * What there is: our tables; anything else in the schema of theirs; tables in
 * others, but for those of extensions.
 */
static const char look_sql[] =
    "SELECT to_regclass('buddyshopping.about') IS NOT NULL,"
    " EXISTS (SELECT 1 FROM pg_class"
    "  WHERE relnamespace = to_regnamespace('buddyshopping')),"
    " to_regnamespace('buddyshopping') IS NULL AND EXISTS ("
    "  SELECT 1 FROM pg_class AS c"
    "   JOIN pg_namespace AS n ON n.oid = c.relnamespace"
    "   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')"
    "   AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
    "   AND n.nspname NOT LIKE 'pg\\_%'"
    "   AND NOT EXISTS (SELECT 1 FROM pg_depend AS d"
    "    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid"
    "    AND d.deptype = 'e'))";
static const char catalog_path_sql[] =
    "SET search_path = pg_catalog, pg_temp";
static const char version_sql[] =
    "SELECT application, version, version < " SCHEMA_VERSION
    " FROM buddyshopping.about";

enum found {
	FOUND_OURS,
	FOUND_FOREIGN_SCHEMA,
	FOUND_FOREIGN_TABLES,
	FOUND_NOTHING,
	FOUND_FAULT
};

static bool
is_true(const PGresult *result, int column)
{
	return strcmp(PQgetvalue(result, 0, column), "t") == 0;
}

static enum found
look(struct connection *connection)
{
	PGresult *result = connection_ask(connection, look_sql, 0, NULL);
	enum found found = FOUND_NOTHING;

	if (result == NULL)
		return FOUND_FAULT;
	if (is_true(result, 0))
		found = FOUND_OURS;
	else if (is_true(result, 1))
		found = FOUND_FOREIGN_SCHEMA;
	else if (is_true(result, 2))
		found = FOUND_FOREIGN_TABLES;
	PQclear(result);
	return found;
}

static enum store_open_status
refuse(const struct connection *connection, const char *why)
{
	return store_status_of_data(connection_name(connection), why);
}

static enum store_open_status
judge_application(struct connection *connection, const char *application,
    enum schema_use use)
{
	if (strcmp(application, SCHEMA_WHOLE) == 0)
		return STORE_OPENED;
	if (strcmp(application, SCHEMA_PARTIAL) != 0)
		return refuse(connection, "is not a database of buddyshopping");
	return use == SCHEMA_TO_COPY ? STORE_OPENED : refuse(connection,
	    "is a copy that was not finished: run copy again");
}

static enum store_open_status
judge_version(struct connection *connection, const PGresult *result,
    enum schema_use use)
{
	if (PQntuples(result) != 1)
		return refuse(connection, "is not a database of buddyshopping");
	if (judge_application(connection, PQgetvalue(result, 0, 0), use) !=
	    STORE_OPENED)
		return STORE_BAD_DATA;
	if (strcmp(PQgetvalue(result, 0, 1), SCHEMA_VERSION) == 0)
		return STORE_OPENED;
	return refuse(connection, is_true(result, 2) ?
	    "was never released with this version" :
	    "is of a newer version");
}

static enum store_open_status
judge_ours(struct connection *connection, enum schema_use use)
{
	enum store_open_status status = catalog_check_about(connection);
	PGresult *result;

	if (status != STORE_OPENED)
		return status;
	result = connection_ask(connection, version_sql, 0, NULL);
	if (result == NULL)
		return server_refused(connection);
	status = judge_version(connection, result, use);
	PQclear(result);
	return status == STORE_OPENED ? catalog_check(connection) : status;
}

static enum store_open_status
create(struct connection *connection)
{
	enum store_open_status status;

	if (connection_run(connection, "BEGIN ISOLATION LEVEL READ COMMITTED"
	    " READ WRITE") == 0 &&
	    connection_run(connection, postgres_schema_sql) == 0 &&
	    connection_run(connection, "COMMIT") == 0)
		return STORE_OPENED;
	status = server_refused(connection);
	/* What was begun goes with the connection, which is closed. */
	return status == STORE_BAD_DATA ? status : STORE_CANNOT_CREATE;
}

/*
 * Until a database is judged, nothing that is in its schema is taken for what
 * is meant: an operator there for the types of ours would be found before the
 * server's, and its function run.
 */
static enum store_open_status
judge_safely(struct connection *connection, enum schema_use use,
    enum store_open_status (*judge)(struct connection *connection,
    enum schema_use use))
{
	enum store_open_status status;

	if (connection_run(connection, catalog_path_sql) == -1)
		return server_refused(connection);
	status = judge(connection, use);
	if (status == STORE_OPENED &&
	    connection_run(connection, connection_path_sql) == -1)
		return server_refused(connection);
	return status;
}

static enum store_open_status
bring(struct connection *connection, enum schema_use use)
{
	enum store_open_status status;

	switch (look(connection)) {
	case FOUND_OURS:
		status = catalog_check_owners(connection);
		if (status == STORE_OPENED)
			status = judge_ours(connection, use);
		return status == STORE_OPENED ?
		    catalog_check_guard(connection) : status;
	case FOUND_FOREIGN_SCHEMA:
		return refuse(connection, "its schema buddyshopping is "
		    "somebody else's");
	case FOUND_FOREIGN_TABLES:
		return refuse(connection, "is somebody else's: it has tables, "
		    "and no schema buddyshopping (CREATE SCHEMA buddyshopping "
		    "AUTHORIZATION ... lets us in)");
	case FOUND_NOTHING:
		return create(connection);
	case FOUND_FAULT:
		break;
	}
	return server_refused(connection);
}

enum store_open_status
schema_bring(struct connection *connection, enum schema_use use)
{
	return judge_safely(connection, use, bring);
}

static enum store_open_status
judge(struct connection *connection, enum schema_use use)
{
	switch (look(connection)) {
	case FOUND_OURS:
		return judge_ours(connection, use);
	case FOUND_FOREIGN_SCHEMA:
	case FOUND_FOREIGN_TABLES:
		return refuse(connection,
		    "is not a database of buddyshopping");
	case FOUND_NOTHING:
		(void)refuse(connection, "there is nothing in it");
		return STORE_NO_DATABASE;
	case FOUND_FAULT:
		break;
	}
	return server_refused(connection);
}

enum store_open_status
schema_judge(struct connection *connection, char why[CATALOG_GUARD_BYTES])
{
	enum store_open_status status;

	/* It may wait for locks: what is read is judged behind it. */
	if (connection_run(connection, catalog_path_sql) == -1)
		return server_refused(connection);
	status = catalog_read_guard(connection, why);
	return status == STORE_OPENED ? judge_safely(connection,
	    SCHEMA_TO_SERVE, judge) : status;
}
