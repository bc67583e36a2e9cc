#include "migrate.h"

#include <stddef.h>

#include <sqlite3.h>

#include "base/log.h"
#include "migrate_4.h"
#include "pragma.h"
#include "schema_check.h"
#include "storage/schema.h"

/*
 * What an empty file needs, and version 1, 2, ... to become the next one; each
 * sets user_version itself.
 */
static const struct {
	const char *sql;
	int	(*finish)(sqlite3 *db);	/* in the same transaction; or NULL */
} migrations[] = {
	{ schema_sql, NULL },
	{ migrate_2_sql, NULL },
	{ migrate_3_sql, NULL },
	{ migrate_4_sql, migrate_4_purges },
};

#define NEWEST_VERSION	((int)(sizeof(migrations) / sizeof(migrations[0])))

int
migrate_newest_version(void)
{
	return NEWEST_VERSION;
}

const char *
migrate_version_fault(int64_t version)
{
	return version > NEWEST_VERSION ? "is of a newer version" : NULL;
}

static int
run_migration(sqlite3 *db, int version)
{
	if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return -1;
	if (sqlite3_exec(db, migrations[version].sql, NULL, NULL, NULL) !=
	    SQLITE_OK)
		return -1;
	if (migrations[version].finish != NULL &&
	    migrations[version].finish(db) != SQLITE_OK)
		return -1;
	return sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK ?
	    0 : -1;
}

static enum store_open_status
check_schema(const char *path, sqlite3 *db)
{
	int rc = schema_check_tables(db);

	if (rc == SQLITE_ERROR)
		return store_status_of_data(path,
		    "has not the tables that it should have");
	if (rc == SQLITE_OK)
		rc = schema_check_triggers(db, schema_sql);
	if (rc == SQLITE_ERROR)
		return store_status_of_data(path,
		    "has a trigger of somebody else");
	return rc == SQLITE_OK ? STORE_OPENED :
	    store_status_of_sqlite(path, db);
}

enum store_open_status
migrate_schema(const char *path, sqlite3 *db)
{
	int version = pragma_number(db, "PRAGMA user_version");
	const char *fault = migrate_version_fault(version);

	if (version == -1)
		return store_status_of_sqlite(path, db);
	if (fault != NULL)
		return store_status_of_data(path, fault);
	while (version < NEWEST_VERSION) {
		if (run_migration(db, version) == -1)
			return store_status_of_sqlite(path, db);
		version = version == 0 ? NEWEST_VERSION : version + 1;
		log_info("store: %s: schema version %d", path, version);
	}
	return check_schema(path, db);
}
