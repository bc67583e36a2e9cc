#ifndef ACCOUNT_H
#define ACCOUNT_H

#include <stdint.h>

#include "audit/audit.h"
#include "base/id.h"
#include "session/record.h"

struct columns;
struct payload;

/* The customers whose tickets named an account, as far as that is not erased. */

/* One of them, as it started or joined a session. */
struct audit_entry {
	int64_t	 seq;			/* the row that says so */
	struct payload *session;	/* its id, as in its URL */
	struct customer_id customer;
	enum record_event event;	/* START or JOIN */
	uint64_t time_ms;
	struct payload *name;		/* NULL if it has none */
};

/*
 * Read it from the first columns of a row, which are these; j is the journal, s
 * the session, b the body.
 */
#define AUDIT_ENTRY_COLUMNS						\
	"j.seq, s.name, j.customer, j.event, j.ts_ms, b.name"
enum { AUDIT_ENTRY_WIDTH = 6 };
void	 audit_entry_read(struct columns *columns, struct audit_entry *entry);

/* Drop the references; the struct itself is the caller's. */
void	 audit_entry_clear(struct audit_entry *entry);

/*
 * The first row behind after, 0 for the first of all, whose account is that,
 * to be cleared; or AUDIT_NONE.  Looks at no row of others.
 */
enum audit_status audit_account_next(struct audit *audit,
	    const char *account, int64_t after, struct audit_entry *entry);

#endif
