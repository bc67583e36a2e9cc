#ifndef MIGRATE_4_H
#define MIGRATE_4_H

#include <sqlite3.h>

/*
 * What sql/migrate-4.sql cannot do, in its transaction: note in the chain what
 * the anchors of an older version have let go.  Without one nothing is noted.
 * SQLITE_OK, or why not.
 */
int	 migrate_4_purges(sqlite3 *db)
	    __attribute__((warn_unused_result));

#endif
