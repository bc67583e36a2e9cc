#include "catalog_check.h"

#include <stdio.h>

#include <libpq-fe.h>

#include "server_check.h"
#include "storage/schema.h"

/* An expression as the server writes it, whose versions set parentheses. */
#define BARE(text) "translate(" text ", ' ()', '')"

/* For an array: what is read before it is known which version that is; all. */
#define FIRST_TABLE	"about"
#define ALL_TABLES	"session,customer,journal,journal_body,chain_anchor," \
	"webhook,webhook_parked,about,writer"

/*
 * The tables whose names are in $1, and what a statement that reads one of them
 * would run, be it in planning: no row if there is nothing but what
 * schema.sql makes.  An implicit cast is not seen in an expression, but only
 * types of others have some that run anything.
 */
static const char reading_sql[] =
    "WITH tables AS (SELECT * FROM pg_class WHERE relname = ANY ($1::name[])"
    "  AND relnamespace = to_regnamespace('buddyshopping')"
    "  AND relkind IN ('r', 'p', 'f', 'v', 'm')),"
    " safe AS (SELECT t.oid FROM pg_type AS t"
    "  LEFT JOIN pg_type AS base ON base.oid = t.typbasetype"
    "  WHERE t.typnamespace = 'pg_catalog'::regnamespace"
    "  OR (t.typnamespace = to_regnamespace('buddyshopping')"
    "   AND t.typtype = 'd' AND t.typdefaultbin IS NULL"
    "   AND base.typnamespace = 'pg_catalog'::regnamespace))"
    " SELECT format('the table %s is not as it has to be', relname)"
    "  FROM tables WHERE relkind <> 'r' OR relpersistence <> 'p'"
    "  OR relrowsecurity OR relispartition"
    "  OR EXISTS (SELECT 1 FROM pg_rewrite WHERE ev_class = tables.oid)"
    "  OR EXISTS (SELECT 1 FROM pg_inherits WHERE inhparent = tables.oid)"
    " UNION ALL SELECT 'has not all tables'"
    "  FROM tables HAVING count(*) <> cardinality($1::name[])"
    " UNION ALL SELECT format('%s of the table %s is not as it has to be',"
    "  attname, relname) FROM tables JOIN pg_attribute ON attrelid = tables.oid"
    "  WHERE attnum > 0 AND NOT attisdropped AND (attgenerated <> ''"
    "   OR attcollation NOT IN (0, 'pg_catalog.\"C\"'::regcollation)"
    "   OR atttypid NOT IN (SELECT oid FROM safe))"
    " UNION ALL SELECT format('the index %s is somebody else''s',"
    "  indexrelid::regclass) FROM tables JOIN pg_index ON indrelid = tables.oid"
    "  WHERE indexprs IS NOT NULL OR (indpred IS NOT NULL"
    "   AND " BARE("pg_get_expr(indpred, indrelid)") " NOT IN ("
    "    'ended_msISNULL', 'locked_msISNOTNULL', 'session=0', 'event=12',"
    "    'event=ANYARRAY[1::bigint,2::bigint]', 'accountISNOTNULL'))"
    " UNION ALL SELECT format('the statistics %s are somebody else''s',"
    "  stxname) FROM tables JOIN pg_statistic_ext ON stxrelid = tables.oid"
    " LIMIT 1";

/*
 * Whose schema and tables they are: ours, or a role's that we are a member of;
 * a superuser is no member of all.
 */
static const char owners_sql[] =
    "SELECT format('its %s is the role %s''s, not that of %s', what,"
    "  pg_get_userbyid(owner), current_user) FROM ("
    "  SELECT 'schema ' || nspname, nspowner FROM pg_namespace"
    "   WHERE nspname = 'buddyshopping'"
    "  UNION ALL SELECT 'table ' || relname, relowner FROM pg_class"
    "   WHERE relnamespace = to_regnamespace('buddyshopping')"
    "   AND relname = ANY ($1::name[])"
    "  UNION ALL SELECT 'domain ' || typname, typowner FROM pg_type"
    "   WHERE typnamespace = to_regnamespace('buddyshopping')"
    "   AND typtype = 'd'"
    "  UNION ALL SELECT 'function ' || proname, proowner FROM pg_proc"
    "   WHERE pronamespace = to_regnamespace('buddyshopping')"
    "  ) AS made (what, owner) JOIN pg_roles AS me ON rolname = current_user"
    " WHERE owner <> me.oid AND (rolsuper OR NOT pg_has_role(owner, 'USAGE'))"
    " LIMIT 1";

/*
 * Texts are compared without blanks, quotes, parentheses and what PostgreSQL
 * writes where it can be left out.  No row if all is well.
 */
#define PLAIN(text) \
	"lower(regexp_replace(" text ", " \
	"'[[:space:]\"()]|buddyshopping[.]|FOR EACH STATEMENT', '', 'g'))"

/* What reading would run of what is around the tables in $1. */
static const char around_sql[] =
    "WITH tables AS (SELECT * FROM pg_class WHERE relname = ANY ($1::name[])"
    "  AND relnamespace = to_regnamespace('buddyshopping'))"
    " SELECT format('the function %s is somebody else''s', proname)"
    "  FROM pg_proc WHERE pronamespace = to_regnamespace('buddyshopping')"
    "  AND prorettype <> 'pg_catalog.trigger'::regtype"
    " UNION ALL SELECT format('the operator %s is somebody else''s', oprname)"
    "  FROM pg_operator WHERE oprnamespace = to_regnamespace('buddyshopping')"
    " UNION ALL SELECT format('the constraint %s is somebody else''s',"
    "  conname) FROM pg_constraint WHERE contype = 'c'"
    "  AND (conrelid IN (SELECT oid FROM tables) OR (contypid <> 0"
    "   AND connamespace = to_regnamespace('buddyshopping')))"
    "  AND (" BARE("pg_get_expr(conbin, conrelid)") " IN ("
    "   'octet_lengthVALUE=16', 'octet_lengthVALUE=24',"
    "   'octet_lengthVALUE=32', 'VALUE=ANYARRAY[0,1]',"
    "   'VALUE=ANYARRAY[0,1,2]', 'id=1',"
    "   'application=ANYARRAY[''buddyshopping''::text,''copy''::text]'))"
    "  IS NOT TRUE"
    " LIMIT 1";

/*
 * What runs when they change, or is missing then, constraints too: reading runs
 * none of it.
 */
static const char guard_sql[] =
    "WITH schema (plain, made) AS (SELECT " PLAIN("$1") ","
    " (SELECT count(*) FROM regexp_matches($1, '^CREATE TRIGGER', 'gn'))),"
    " tables AS (SELECT * FROM pg_class WHERE relname = ANY ($2::name[])"
    "  AND relnamespace = to_regnamespace('buddyshopping')),"
    " written AS (SELECT oid FROM pg_proc WHERE strpos($1, prosrc) > 0"
    "  AND pronamespace = to_regnamespace('buddyshopping')"
    "  AND prorettype = 'pg_catalog.trigger'::regtype AND NOT prosecdef"
    "  AND proconfig = '{\"search_path=pg_catalog, pg_temp\"}'"
    "  AND prolang = (SELECT oid FROM pg_language"
    "   WHERE lanname = 'plpgsql')),"
    " chunk (text) AS (SELECT regexp_split_to_table($1,"
    "  'CREATE TABLE buddyshopping[.]')),"
    " filled (relname, attname) AS (SELECT split_part(text, ' ', 1),"
    "  (regexp_matches(text, '^\t([a-z_]+) .*(?:NOT NULL|PRIMARY KEY)',"
    "  'gn'))[1] FROM chunk),"
    " keys (relname, definition) AS (VALUES ('about', 'PRIMARY KEY (id)'),"
    "  ('writer', 'PRIMARY KEY (id)'), ('session', 'PRIMARY KEY (id)'),"
    "  ('session', 'UNIQUE (name)'), ('customer', 'PRIMARY KEY (id)'),"
    "  ('customer', 'UNIQUE (session, cid)'), ('customer',"
    "   'FOREIGN KEY (session) REFERENCES session(id)'),"
    "  ('journal', 'PRIMARY KEY (seq)'),"
    "  ('journal_body', 'PRIMARY KEY (seq)'),"
    "  ('chain_anchor', 'PRIMARY KEY (seq)'),"
    "  ('webhook', 'PRIMARY KEY (shop)'),"
    "  ('webhook_parked', 'PRIMARY KEY (session)')),"
    " kept AS (SELECT c.*, o.relname, " PLAIN("pg_get_constraintdef(c.oid)")
    "  AS plain FROM pg_constraint AS c LEFT JOIN tables AS o"
    "  ON o.oid = conrelid WHERE conrelid IN (SELECT oid FROM tables)"
    "  OR confrelid IN (SELECT oid FROM tables) OR (contypid <> 0"
    "   AND connamespace = to_regnamespace('buddyshopping'))),"
    " fired AS (SELECT t.tgname, o.relname, t.tgenabled, t.tgfoid,"
    "  pg_get_triggerdef(t.oid) AS definition"
    "  FROM pg_trigger AS t JOIN tables AS o ON o.oid = t.tgrelid"
    "  WHERE NOT t.tgisinternal)"
    " SELECT format('the trigger %s of %s is somebody else''s, or"
    " disabled', tgname, relname)"
    "  FROM fired, schema WHERE tgenabled <> 'O'"
    "  OR tgfoid NOT IN (SELECT oid FROM written)"
    "  OR strpos(plain, " PLAIN("definition") ") = 0"
    " UNION ALL SELECT format('the function %s is somebody else''s', proname)"
    "  FROM pg_proc WHERE pronamespace = to_regnamespace('buddyshopping')"
    "  AND oid NOT IN (SELECT oid FROM written)"
    " UNION ALL SELECT format('the constraint %s is somebody else''s',"
    "  conname) FROM kept WHERE NOT convalidated"
    "  OR (contype NOT IN ('c', 'n') AND NOT EXISTS (SELECT 1 FROM keys"
    "   WHERE keys.relname = kept.relname"
    "   AND " PLAIN("definition") " = plain))"
    " UNION ALL SELECT format('the table %s has no %s', relname, definition)"
    "  FROM keys WHERE NOT EXISTS (SELECT 1 FROM kept"
    "   WHERE kept.relname = keys.relname"
    "   AND " PLAIN("definition") " = plain)"
    " UNION ALL SELECT 'has not all CHECKs' WHERE (SELECT count(*)"
    "  FROM regexp_matches($1, 'CHECK [(]', 'g'))"
    "  <> (SELECT count(*) FROM kept WHERE contype = 'c')"
    " UNION ALL SELECT format('%s of the table %s is NOT NULL where it must"
    " not be, or is not', attname, relname) FROM tables"
    "  JOIN pg_attribute ON attrelid = tables.oid"
    "  WHERE attnum > 0 AND NOT attisdropped AND attnotnull <> ((relname,"
    "   attname) IN (SELECT relname, attname FROM filled))"
    " UNION ALL SELECT format('the default of %s of the table %s is somebody"
    " else''s', attname, relname) FROM tables"
    "  JOIN pg_attrdef ON adrelid = tables.oid"
    "  JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum"
    "  WHERE pg_get_expr(adbin, adrelid) <> '0'"
    " UNION ALL SELECT 'has not all triggers' FROM schema"
    "  WHERE made <> (SELECT count(*) FROM fired)"
    " ORDER BY 1";

/* Which row a statement has is why the database is refused. */
static enum store_open_status
judge(struct connection *connection, const char *sql, int count,
    const char *const *values)
{
	PGresult *result = connection_ask(connection, sql, count, values);
	enum store_open_status status = STORE_OPENED;

	if (result == NULL)
		return server_refused(connection);
	if (PQntuples(result) > 0)
		status = store_status_of_data(connection_name(connection),
		    PQgetvalue(result, 0, 0));
	PQclear(result);
	return status;
}

enum store_open_status
catalog_check_about(struct connection *connection)
{
	const char *const values[] = { "{" FIRST_TABLE "}" };

	return judge(connection, reading_sql, 1, values);
}

enum store_open_status
catalog_check_owners(struct connection *connection)
{
	const char *const values[] = { "{" ALL_TABLES "}" };

	return judge(connection, owners_sql, 1, values);
}

enum store_open_status
catalog_check(struct connection *connection)
{
	const char *const tables[] = { "{" ALL_TABLES "}" };
	enum store_open_status status = judge(connection, reading_sql, 1,
	    tables);

	return status == STORE_OPENED ? judge(connection, around_sql, 1,
	    tables) : status;
}

enum store_open_status
catalog_read_guard(struct connection *connection,
    char why[CATALOG_GUARD_BYTES])
{
	const char *const values[] = {
		postgres_schema_sql, "{" ALL_TABLES "}"
	};
	PGresult *result = connection_ask(connection, guard_sql, 2, values);
	int count;

	if (result == NULL)
		return server_refused(connection);
	count = PQntuples(result);
	/* Cut is good enough. */
	if (count > 1)
		(void)snprintf(why, CATALOG_GUARD_BYTES, "%s; and %d more",
		    PQgetvalue(result, 0, 0), count - 1);
	else
		(void)snprintf(why, CATALOG_GUARD_BYTES, "%s", count == 1 ?
		    PQgetvalue(result, 0, 0) : "");
	PQclear(result);
	return STORE_OPENED;
}

enum store_open_status
catalog_check_guard(struct connection *connection)
{
	char why[CATALOG_GUARD_BYTES];
	enum store_open_status status = catalog_read_guard(connection, why);

	return status != STORE_OPENED || why[0] == '\0' ? status :
	    store_status_of_data(connection_name(connection), why);
}
