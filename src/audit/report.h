#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/audit.h"
#include "session/record.h"
#include "storage/chain.h"

struct audit_row;
struct columns;
struct payload;
struct sql_binding;

/* What a verification found out, and how it says so. */

enum { AUDIT_FAULT_BYTES = 240 };

/* The first thing that is wrong. */
struct audit_fault {
	char	 what[AUDIT_FAULT_BYTES];	/* "" without one */
	int64_t	 seq;			/* of the journal's row; 0: it is not */
					/* about one */
	struct payload *session;	/* its name; NULL: not known */
	bool	 has_event;		/* it is a known one */
	enum record_event event;
	bool	 has_time;
	uint64_t time_ms;
};

struct audit_report {
	struct audit_fault fault;
	char	 unguarded[AUDIT_FAULT_BYTES];	/* how rows may have been */
					/* changed; "": not known */

	int64_t	 trusted_seq;	/* the row before the first, whose hash was */
				/* taken as it stands; 0: the chain's begin */
	int64_t	 anchor_seq;	/* the anchor behind which the chain begins; */
				/* 0 for none */
	int64_t	 purge_seq;	/* the row that says why, ... */
	uint64_t purge_ms;	/* ... and when */
	struct chain_head head;	/* the last row that was verified */

	uint64_t rows;		/* in the chain */
	uint64_t bodies;	/* whose digests are right */
	uint64_t notes;		/* rows that change no session */
	uint64_t erased;	/* bodies erased because somebody asked */
	uint64_t expired;	/* bodies erased because they were old */
	uint64_t retain_ms;	/* what was older might go; 0 for never */
	uint64_t sessions;	/* incarnations that were compared with the */
				/* tables */
	uint64_t skipped;	/* those whose beginning was not there: */
				/* their end was, and who came later */
	uint64_t noted;		/* sessions of which notes alone were there */
};

/* Release what the report holds; the struct itself is the caller's. */
void	 audit_report_clear(struct audit_report *report);

/*
 * Note what is wrong with row, or with no row in particular if it is NULL.
 * Returns AUDIT_FAULT.
 */
enum audit_status audit_report_fault(struct audit_report *report,
	    const struct audit_row *row, const char *format, ...)
	    __attribute__((format(printf, 3, 4)));

/* The same about what does not fit. */
enum audit_status audit_report_misfit(struct audit_report *report,
	    const struct columns *columns);

/* The same about a session, whose name it takes, but about no row. */
enum audit_status audit_report_session(struct audit_report *report,
	    struct payload *name, const char *what);

/*
 * A row was read: as audit_end_row(), but what does not fit in it is noted, and
 * AUDIT_FAULT.
 */
enum audit_status audit_report_end_row(struct audit_report *report,
	    struct audit *audit, const struct sql_binding *rows,
	    const struct columns *columns);

#endif
