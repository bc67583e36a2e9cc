#ifndef ADMIN_QUERY_H
#define ADMIN_QUERY_H

#include <stdbool.h>

#include "base/id.h"
#include "session/session_name.h"

/* What requests to the admin socket say in their targets. */

struct admin_query {
	char	 session[SESSION_NAME_MAX + 1];
	bool	 has_customer;
	struct customer_id customer;
};

/*
 * Read session=S[&customer=C], in any order.  Returns NULL, or what is wrong
 * in a few words of plain ASCII.
 */
const char *admin_query_parse(const char *query, struct admin_query *parsed)
	    __attribute__((warn_unused_result));

#endif
