#ifndef TRIGGERS_H
#define TRIGGERS_H

#include <sqlite3.h>

/*
 * Whether nothing in the file but what schema, a script, makes would run when
 * something is written: a trigger of somebody else could take back what was
 * acknowledged.  SQLITE_OK, SQLITE_ERROR if there is more, or what else SQLite
 * says.  Triggers of the schema that are missing are none of this.
 */
int	 schema_check_triggers(sqlite3 *db, const char *schema)
	    __attribute__((warn_unused_result));

#endif
