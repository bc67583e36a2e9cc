#ifndef REPLAY_H
#define REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/audit.h"

struct audit_row;
struct audit_session;
struct session;

/* Sessions as they were, made by session_apply() of the journal's rows. */

enum audit_moment {
	AUDIT_NEWEST,
	AUDIT_REVISION,		/* right after that revision */
	AUDIT_TIME		/* before the first record of a later time */
};

struct audit_point {
	enum audit_moment moment;
	uint64_t incarnation;	/* REVISION; 0 for the newest one */
	uint64_t revision;	/* REVISION */
	uint64_t time_ms;	/* TIME: since 1970 */
};

struct audit_replay {
	struct session *session;	/* NULL before the first START */
	size_t	 erased;	/* bodies of this incarnation that are gone: */
				/* names are "" and carts {} where they were */
	uint64_t time_ms;	/* of the last record */
};

/* session must not be in use any more. */
void	 audit_replay_clear(struct audit_replay *replay);

/*
 * The session at that point, for multicart_encode() and the like; replay is
 * the caller's to clear.  AUDIT_NONE: it was not there, or the rows that lead
 * there were deleted.
 */
enum audit_status audit_replay_to(struct audit *audit,
	    const struct audit_session *session,
	    const struct audit_point *point, struct audit_replay *replay);

#endif
