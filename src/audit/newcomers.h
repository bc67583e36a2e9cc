#ifndef NEWCOMERS_H
#define NEWCOMERS_H

#include "audit/account.h"
#include "audit/audit.h"

/*
 * A walk along all who ever started or joined a session: session by session, and
 * customer by customer.  It reads an index of such rows, a slice of bounded size
 * at a time, and none of the others.
 */
struct audit_newcomers;

/* audit is lent. */
struct audit_newcomers *audit_newcomers_new(struct audit *audit);
/* NULL is allowed. */
void	 audit_newcomers_free(struct audit_newcomers *newcomers);

/* The next one, to be cleared; or AUDIT_NONE. */
enum audit_status audit_newcomers_next(struct audit_newcomers *newcomers,
	    struct audit_entry *entry);

#endif
