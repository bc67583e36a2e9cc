#include "catalog_check.h"

#include <stdio.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/text.h"
#include "server_check.h"
#include "storage/schema.h"

enum {
	WHY_BYTES = 300
};

/*
 * Texts are compared without blanks, quotes, parentheses and what PostgreSQL
 * writes where it can be left out.  No row if all is well.
 */
#define PLAIN(text) \
	"lower(regexp_replace(" text ", " \
	"'[[:space:]\"()]|buddyshopping[.]|FOR EACH STATEMENT', '', 'g'))"

static const char check_sql[] =
    "WITH schema (plain, made) AS (SELECT " PLAIN("$1") ","
    " (SELECT count(*) FROM regexp_matches($1, '^CREATE TRIGGER', 'gn'))),"
    " ours AS (SELECT oid, relname, relkind, relpersistence, relrowsecurity"
    "  FROM pg_class"
    "  WHERE relnamespace = to_regnamespace('buddyshopping')"
    "  AND relkind IN ('r', 'p', 'f', 'v', 'm')),"
    " tables AS (SELECT * FROM ours WHERE relname IN ('session', 'customer',"
    "  'journal', 'journal_body', 'chain_anchor', 'webhook', 'webhook_parked',"
    "  'about', 'writer')),"
    " fired AS (SELECT t.tgname, o.relname, t.tgenabled, p.prosrc,"
    "  pg_get_triggerdef(t.oid) AS definition"
    "  FROM pg_trigger AS t JOIN ours AS o ON o.oid = t.tgrelid"
    "  JOIN pg_proc AS p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal)"
    " SELECT format('the table %s is not as it has to be', relname)"
    "  FROM tables WHERE relkind <> 'r' OR relpersistence <> 'p'"
    "  OR relrowsecurity"
    "  OR EXISTS (SELECT 1 FROM pg_rewrite WHERE ev_class = tables.oid)"
    "  OR EXISTS (SELECT 1 FROM pg_inherits WHERE inhparent = tables.oid)"
    " UNION ALL SELECT 'has not all tables'"
    "  FROM tables HAVING count(*) <> 9"
    " UNION ALL SELECT format('the trigger %s of %s is somebody else''s, or"
    " disabled', tgname, relname)"
    "  FROM fired, schema WHERE tgenabled <> 'O' OR strpos($1, prosrc) = 0"
    "  OR strpos(plain, " PLAIN("definition") ") = 0"
    " UNION ALL SELECT format('the function %s is somebody else''s', proname)"
    "  FROM pg_proc WHERE pronamespace = to_regnamespace('buddyshopping')"
    "  AND (prorettype <> 'pg_catalog.trigger'::regtype"
    "   OR strpos($1, prosrc) = 0)"
    " UNION ALL SELECT format('the operator %s is somebody else''s', oprname)"
    "  FROM pg_operator WHERE oprnamespace = to_regnamespace('buddyshopping')"
    " UNION ALL SELECT format('%s of the table %s is not as it has to be',"
    "  attname, relname) FROM tables JOIN pg_attribute ON attrelid = tables.oid"
    "  WHERE attnum > 0 AND NOT attisdropped AND (attgenerated <> ''"
    "   OR attcollation NOT IN (0, 'pg_catalog.\"C\"'::regcollation))"
    " UNION ALL SELECT 'has not all triggers' FROM schema"
    "  WHERE made <> (SELECT count(*) FROM fired)"
    " LIMIT 1";

enum store_open_status
catalog_check(struct connection *connection)
{
	const char *const values[] = { postgres_schema_sql };
	PGresult *result = connection_ask(connection, check_sql, 1, values);
	enum store_open_status status = STORE_OPENED;

	if (result == NULL)
		return server_refused(connection);
	if (PQntuples(result) > 0)
		status = store_status_of_data(connection_name(connection),
		    PQgetvalue(result, 0, 0));
	PQclear(result);
	return status;
}
