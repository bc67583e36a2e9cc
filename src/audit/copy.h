#ifndef COPY_H
#define COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "copy_status.h"
#include "report.h"

/*
 * A database copied row by row to another one, of whatever engines, which is
 * then exactly what the first was at one moment; a daemon may serve from that
 * meanwhile.  What the other one has already is not copied again if it is an
 * earlier state of the same database, as a copy that was not finished is, too:
 * it is brought up to date, and forgets what was erased or deleted since.
 *
 * Rows are taken over as they stand, each after its hash and its body's digest
 * were found to be right.
 */

struct copy_order {
	const char *from;	/* names of databases, as for audit_open() */
	const char *to;		/* made if it is not there */
	const struct id_key *key;	/* of from's tokens; NULL: unknown */
	bool	 is_verified;	/* as audit verify does, in the end */
	size_t	 slice_rows;	/* of one transaction; 0 for the usual */
	/*
	 * Rows done and rows to do, now and then; what says of what.  NULL: not
	 * wanted.
	 */
	void	(*progress)(void *ctx, const char *what, uint64_t done,
		    uint64_t all);
	void	*ctx;
};

struct copy_result {
	uint64_t rows;		/* that were copied now */
	uint64_t bytes;		/* in their columns and bodies */
	struct copy_counts counts;
	struct chain_head head;	/* up to which both are the same */
	struct audit_report report;	/* what is wrong with COPY_FAULT */
};

/*
 * What goes wrong was logged, but for COPY_FAULT, which the report tells; what
 * was copied by then stays, is opened by nobody else, and the same order goes
 * on behind it.  If it is the end that is found wrong, by is_verified, the copy
 * is made, and as wrong as what it was made of.  The report is the caller's to
 * clear in any case.
 */
enum copy_status copy_make(const struct copy_order *order,
	    struct copy_result *result);

#endif
