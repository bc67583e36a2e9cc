#ifndef PURGE_H
#define PURGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store_status.h"

struct retention;
struct sql;

/*
 * What of the journal is old enough to go: bodies that no current state points
 * to, and rows at its beginning.  Each call does one slice of a pass, and moves
 * it on to the next.
 *
 * A row from the future, of a time when the clock was wrong, is as old as its
 * neighbours; any other one that is young keeps what comes behind it.
 */

/* Before all others; -1: the error is the connection's. */
int	 purge_prepare(struct sql *sql) __attribute__((warn_unused_result));

/*
 * How many bodies, and rows, the next slice of pass deletes at the most, when
 * the journal ends with head_row: twice as many as were written since the slice
 * before, within limits, so that the pass ends however much is written.
 */
size_t	 purge_limit(const struct retention *pass, int64_t head_row);

/*
 * Delete bodies, limit at the most.  If *needs_note, a RETAIN is to be appended
 * in the same transaction.  Those that are empty were explained before; those
 * of notes on earlier passes and of erasures go only if others do.
 */
enum store_status purge_bodies(struct sql *sql, struct retention *pass,
	    size_t limit, bool *needs_note);
/*
 * Look for more rows that may be purged, unless limit of them are noted.  When
 * *upto is a row, and not 0, a PURGE up to there is to be appended.
 */
enum store_status purge_find_rows(struct sql *sql, struct retention *pass,
	    size_t limit, int64_t *upto);
/*
 * Purge rows up to where the newest PURGE says, limit at the most.  The last of
 * them becomes the anchor of the chain.
 */
enum store_status purge_rows(struct sql *sql, struct retention *pass,
	    size_t limit);

#endif
