#ifndef SCHEMA_CHECK_H
#define SCHEMA_CHECK_H

#include <sqlite3.h>

/*
 * Whether a file, which may hold anything, has what its schema says and nothing
 * else that would run.  SQLITE_OK, SQLITE_ERROR if not, or what else SQLite
 * says.
 */

/*
 * What it calls by our tables' names has to be tables, and strict: a view or a
 * virtual table would run what somebody else has put there.
 */
int	 schema_check_tables(sqlite3 *db)
	    __attribute__((warn_unused_result));

/*
 * Whatever runs when something is written has to be in schema, a script: a
 * trigger of somebody else could take back what was acknowledged.  Triggers of
 * the schema may be missing.
 */
int	 schema_check_triggers(sqlite3 *db, const char *schema)
	    __attribute__((warn_unused_result));

#endif
