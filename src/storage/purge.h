#ifndef PURGE_H
#define PURGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "erase.h"
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

/* Bodies that may be erased. */
struct purge_slice {
	int64_t	 seqs[ERASE_SLICE];
	size_t	 count;
	bool	 is_worth_it;	/* there are more than notes among them */
	bool	 needs_note;	/* the pass has none yet, or states that */
				/* pointed to one of them then have changed */
};

/*
 * Find bodies that may be erased; notes on earlier passes and erasures are
 * among them only if others are.
 */
enum store_status purge_find_bodies(struct sql *sql,
	    struct retention *pass, struct purge_slice *slice);
/*
 * Look for the last row that may be purged.  When *upto is one, and not 0, a
 * PURGE up to there is to be appended.
 */
enum store_status purge_find_last_row(struct sql *sql,
	    struct retention *pass, int64_t *upto);
/*
 * Purge rows up to where the newest PURGE says.  The last of them becomes the
 * anchor of the chain.
 */
enum store_status purge_delete_rows(struct sql *sql,
	    struct retention *pass);

#endif
