#ifndef SESSION_SEARCH_H
#define SESSION_SEARCH_H

#include <stdint.h>

#include "audit/audit.h"

struct customer_id;
struct payload;

/* Customers' ids are unique in their session only: where one is known. */

/*
 * The next session that knows the customer, behind *after, which is moved on
 * from 0; session is its name, with one reference.  Or AUDIT_NONE.
 */
enum audit_status audit_session_of_customer(struct audit *audit,
	    const struct customer_id *id, int64_t *after,
	    struct payload **session);

#endif
