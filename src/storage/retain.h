#ifndef RETAIN_H
#define RETAIN_H

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
struct retainer;

/* sql is lent until retainer_free; NULL: the error is the connection's. */
struct retainer *retainer_new(struct sql *sql);
/* NULL is allowed. */
void	 retainer_free(struct retainer *retainer);

/*
 * Find bodies that may be erased.  There are *count; notes on earlier passes
 * and erasures are among them only if others are.
 */
enum store_status retainer_bodies(struct retainer *retainer,
	    struct retention *pass, int64_t seqs[ERASE_SLICE], size_t *count);
/* Look for the last row that may be purged, and anchor the chain there. */
enum store_status retainer_search(struct retainer *retainer,
	    struct retention *pass);
/* Purge rows up to the newest anchor. */
enum store_status retainer_purge(struct retainer *retainer,
	    struct retention *pass);

#endif
