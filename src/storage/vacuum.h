#ifndef VACUUM_H
#define VACUUM_H

#include <stdint.h>

#include "store_status.h"

struct sql;

/*
 * Free pages of the database's file: new rows use them again.  What is more
 * than a file needs as a reserve is given back to the disk in slices, by moving
 * its last pages to where it has room.  Only files that were made for it can do
 * that (PRAGMA auto_vacuum).
 */

/* Before all others; -1: the error is the connection's. */
int	 vacuum_prepare(struct sql *sql) __attribute__((warn_unused_result));

/* How many pages could be given back now. */
enum store_status vacuum_spare_pages(struct sql *sql, int64_t *pages);
/*
 * Give some of them back, in a transaction: one at least, and more while that
 * takes no time that others would notice.  The file is shorter after the next
 * checkpoint.  *pages is how many are left to do.
 */
enum store_status vacuum_slice(struct sql *sql, int64_t *pages);

#endif
