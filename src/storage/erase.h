#ifndef ERASE_H
#define ERASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store_status.h"

struct record;
struct sql;

/*
 * Forgetting bodies: all that can be erased of a row of the journal goes, and
 * with it the proof of a request that stands in the customer's row.  The rows
 * stay, and the chain.
 */


/* Before all others; -1: the error is the connection's. */
int	 erase_prepare(struct sql *sql) __attribute__((warn_unused_result));

/* Whether there is the session, or the customer in it, that record names. */
enum store_status erase_knows(struct sql *sql,
	    const struct record *record, bool *is_known);
/* Forget the proofs of requests of whoever came in these rows. */
enum store_status erase_requests(struct sql *sql, int64_t first,
	    int64_t last);
/*
 * Erase the next bodies that record, an ERASE whose row is upto_row, covers,
 * the newest first.  They begin at *next_row, which is moved on: 0 for the
 * first slice and after the last.  *erased is how many there were.
 */
enum store_status erase_slice(struct sql *sql,
	    const struct record *record, int64_t upto_row,
	    int64_t *next_row, size_t *erased);

#endif
