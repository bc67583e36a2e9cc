#ifndef MIGRATE_H
#define MIGRATE_H

#include <stdint.h>

#include "storage/store_status.h"

/* The versions of the schema: sql/schema.sql, and how older ones get there. */

struct sqlite3;

/* The one that databases are brought to. */
int	 migrate_newest_version(void);

/*
 * Why this program cannot use a database of that version: a text for the log;
 * NULL for the newest and what can be brought there.
 */
const char *migrate_version_fault(int64_t version);

/*
 * Give db, the database at path, the newest schema, if it is empty or has an
 * older one, and see that it has no other.  On failure the cause was logged;
 * closing db undoes what was begun.
 */
enum store_open_status migrate_schema(const char *path, struct sqlite3 *db);

#endif
