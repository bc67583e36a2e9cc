#ifndef SESSION_LIST_H
#define SESSION_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/audit.h"
#include "session/session.h"

/* Which sessions there are: their rows, and what the journal knows of them. */

struct audit_session {
	int64_t	 row;
	struct payload *name;		/* its id, as in its URL */
	bool	 is_running;
	uint64_t incarnation;		/* the newest; 1 for the first */
	uint64_t revision;		/* of that incarnation */
	uint64_t ended_ms;		/* 0 while it runs */
	uint64_t locked_ms;		/* since when; 0 while it is not */
	uint64_t active_ms;		/* of the last change or presence */
	size_t	 counts[CUSTOMER_GONE + 1]; /* of that incarnation, by state */
	bool	 has_host;		/* in the multicart or away; where it */
					/* has ended, who was it last */
	struct payload *host;		/* its name, NULL if it was erased */
	int64_t	 first_seq;		/* rows of the journal; 0 if they */
	int64_t	 last_seq;		/* were deleted */
	uint64_t first_ms;		/* their times */
	uint64_t last_ms;
};

/* Drop the references; the struct itself is the caller's. */
void	 audit_session_clear(struct audit_session *session);

/* The session of that name, which session is to be cleared; or AUDIT_NONE. */
enum audit_status audit_session_find(struct audit *audit, const char *name,
	    struct audit_session *session);
/* The one whose row follows after, 0 for the first; or AUDIT_NONE. */
enum audit_status audit_session_next(struct audit *audit, int64_t after,
	    struct audit_session *session);

/*
 * Tell of the sessions whose ids begin so, in the order of these, of limit at
 * the most: one look into an index, however many others there are.  The id is
 * lent for the call.
 */
enum audit_status audit_session_ids(struct audit *audit,
	    const char *beginning, size_t limit,
	    void (*found)(const struct payload *id));

/*
 * The next session that knows the customer, whose id is unique in a session
 * only, behind row *after, which is moved on from 0; session is its name, with
 * one reference.  Or AUDIT_NONE.
 */
enum audit_status audit_session_of_customer(struct audit *audit,
	    const struct customer_id *id, int64_t *after,
	    struct payload **session);

#endif
