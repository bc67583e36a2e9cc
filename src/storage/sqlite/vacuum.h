#ifndef VACUUM_H
#define VACUUM_H

#include <stdint.h>

struct sqlite3;

/*
 * Free pages of the database's file: new rows use them again.  What is more
 * than a file needs as a reserve is given back to the disk in slices, by moving
 * its last pages to where it has room.  Only files that were made for it can do
 * that (PRAGMA auto_vacuum).  Both return an SQLite result.
 */

/* How many pages could be given back now. */
int	 vacuum_spare_pages(struct sqlite3 *db, int64_t *pages)
	    __attribute__((warn_unused_result));
/*
 * Give some of them back, in a transaction: one at least, and more while that
 * takes no time that others would notice.  The file is shorter after the next
 * checkpoint.  *pages is how many are left to do.
 */
int	 vacuum_slice(struct sqlite3 *db, int64_t *pages)
	    __attribute__((warn_unused_result));

#endif
