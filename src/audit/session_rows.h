#ifndef SESSION_ROWS_H
#define SESSION_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "audit/audit.h"

/*
 * The numbers of one session's rows in order.  The database links them from the
 * newest to the oldest, so they are walked along twice: once to the beginning,
 * with a mark left at every SESSION_ROWS_SLICE rows, and then from each mark to
 * the one before it.  That takes 8 bytes of memory for so many rows.
 */
struct session_rows;

enum { SESSION_ROWS_SLICE = 256 };

/* Begins behind the row of number after.  audit is lent. */
enum audit_status session_rows_new(struct audit *audit, int64_t session_row,
	    int64_t after, struct session_rows **rows);
/* NULL is allowed. */
void	 session_rows_free(struct session_rows *rows);

/*
 * The next numbers, at most SESSION_ROWS_SLICE of them, of which some may be
 * purged by the time they are asked for.  AUDIT_NONE: there are none yet; a
 * later call looks again.
 */
enum audit_status session_rows_next(struct session_rows *rows,
	    int64_t seqs[SESSION_ROWS_SLICE], size_t *count);

#endif
