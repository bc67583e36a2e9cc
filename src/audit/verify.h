#ifndef VERIFY_H
#define VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/audit.h"
#include "storage/chain.h"

struct audit_report;
struct audit_row;
struct audit_session;

/*
 * Verification: the chain of the journal's rows, the digests of their bodies,
 * and the tables, which must say what a replay says.  It reads some ten
 * thousand rows at a time and lets go in between; only the last of them and
 * the comparison of what goes on are of one moment.
 *
 * Of one session it proves that its rows, with their bodies and what they make
 * of it, are in the chain, which it follows from the first of them to the end;
 * other sessions' bodies are not looked at.
 */

struct audit_verify_options {
	const struct audit_session *session;	/* NULL: all of them */
	int64_t	 from;		/* the first row; 0: as early as can be */
	bool	 has_head;	/* a row must be there, with that hash */
	struct chain_head head;
	/*
	 * Rows done and rows to do, a few times a second; and each ERASE,
	 * RETAIN or PURGE that was met, whose hash is right.  NULL: not wanted.
	 */
	void	(*progress)(void *ctx, uint64_t done, uint64_t all);
	void	(*note)(void *ctx, const struct audit_row *row);
	void	*ctx;
};

/*
 * AUDIT_OK: all that was asked for agrees.  AUDIT_FAULT: report->fault says
 * what does not.  AUDIT_NONE: there are no such rows, which was logged.  The
 * report is the caller's to clear in any case.
 */
enum audit_status audit_verify(struct audit *audit,
    const struct audit_verify_options *wish, struct audit_report *report);

#endif
