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
struct eraser;

enum {
	ERASE_SLICE = 200		/* bodies in one transaction */
};

/* sql is lent until eraser_free; NULL: the error is the connection's. */
struct eraser *eraser_new(struct sql *sql);
/* NULL is allowed. */
void	 eraser_free(struct eraser *eraser);

/* Whether there is the session, or the customer in it, that record names. */
enum store_status eraser_knows(struct eraser *eraser,
	    const struct record *record, bool *is_known);
/* Erase the body of row seq, which may be erased already. */
enum store_status eraser_erase_body(struct eraser *eraser, int64_t seq);
/*
 * Erase the next bodies that record, an ERASE whose row is upto_row, covers.
 * They come behind *after_row, which is moved on (0 at the end); *erased is
 * how many there were.
 */
enum store_status eraser_erase_slice(struct eraser *eraser,
	    const struct record *record, int64_t upto_row,
	    int64_t *after_row, size_t *erased);

#endif
