#ifndef CURSOR_H
#define CURSOR_H

#include <stdint.h>

#include "audit/audit.h"
#include "audit/row.h"

/*
 * A walk along the rows of one session, or of all, in order of seq.  It reads
 * ahead by a slice of bounded size and holds no transaction between calls, so
 * it may be left standing for as long as a person takes to read.  Hashes are
 * handed out as they stand there: verify.h is who compares them.
 */
struct audit_cursor;

/* In the place of a session: the rows that concern all of them. */
#define AUDIT_NO_SESSION	INT64_C(-1)

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
