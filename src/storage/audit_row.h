#ifndef AUDIT_ROW_H
#define AUDIT_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "session/record.h"
#include "storage/audit.h"
#include "storage/chain.h"

/*
 * The journal's rows, with their bodies, as the records that were appended.
 * Hashes are handed out as they stand there: audit_verify.h is who compares.
 */

struct audit_row {
	int64_t	 seq;
	struct record record;	/* its references are the row's; row numbers */
				/* of customers are 0 */
	uint64_t flags;		/* as stored: chain_flags(), or of a note */
	bool	 is_erased;	/* no salt, name, address, cart and request */
	uint8_t	 digest[CHAIN_HASH_BYTES];
	uint8_t	 hash[CHAIN_HASH_BYTES];
};

/* Drop the row's references; the row itself is the caller's. */
void	 audit_row_clear(struct audit_row *row);

/*
 * A walk along the rows of one session, or of all, in order of seq.  It reads
 * ahead by a slice of bounded size and holds no transaction between calls, so
 * it may be left standing for as long as a person takes to read.
 */
struct audit_cursor;

/* session_row 0: all sessions.  Begins behind the row of number after. */
enum audit_status audit_cursor_new(struct audit *audit, int64_t session_row,
	    int64_t after, struct audit_cursor **cursor);
/* NULL is allowed. */
void	 audit_cursor_free(struct audit_cursor *cursor);

/*
 * The next row, which is the caller's to clear.  AUDIT_NONE: there is none yet;
 * a later call looks again.
 */
enum audit_status audit_cursor_next(struct audit_cursor *cursor,
	    struct audit_row *row);

#endif
