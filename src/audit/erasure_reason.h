#ifndef ERASURE_REASON_H
#define ERASURE_REASON_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/audit.h"

struct audit_row;

/*
 * Why bodies are empty: sql/schema.sql says which notes explain it.  They are
 * read ahead of the row that they explain; that they are in the chain shows
 * when it gets there.
 */
struct audit_erasures;

enum audit_reason {
	AUDIT_UNEXPLAINED,
	AUDIT_ERASED,		/* somebody asked for it */
	AUDIT_EXPIRED,		/* it was old, and nothing pointed to it */
	AUDIT_PURGED		/* the row is gone by now, and so may be what */
				/* explained it */
};

/*
 * audit is lent until audit_erasures_free.  It is in no transaction, and sees
 * what came after the row was read: further notes, and purges.
 */
enum audit_status audit_erasures_new(struct audit *audit,
	    struct audit_erasures **erasures);
/* NULL is allowed. */
void	 audit_erasures_free(struct audit_erasures *erasures);

/*
 * Why the body of row is gone, to which something pointed up to row in_use; or
 * nothing ever, if that is row itself.  An ERASE is a reason at any time.
 */
enum audit_status audit_erasures_explain(struct audit_erasures *erasures,
	    const struct audit_row *row, int64_t in_use,
	    enum audit_reason *reason);

/* The same of what something points to still: it is never AUDIT_EXPIRED. */
enum audit_status audit_erasures_explain_used(struct audit_erasures *erasures,
	    const struct audit_row *row, enum audit_reason *reason);

/* The time before which bodies may be gone, by the newest rows; 0 for none. */
enum audit_status audit_erasures_cutoff(struct audit_erasures *erasures,
	    uint64_t *retain_ms);

#endif
