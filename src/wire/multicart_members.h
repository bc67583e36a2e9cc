#ifndef MULTICART_MEMBERS_H
#define MULTICART_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"

struct payload;

/*
 * Whom a multicart shows, and with what: what its session was then, for those
 * who are told more than the multicart itself, or less.  Carts stay in memory
 * with it, so it is kept for no longer than that is of use.
 */
struct multicart_member {
	int64_t	 row;			/* grows in the order of joining */
	struct customer_id id;
	bool	 is_ready;
	struct payload *owner_json;	/* a reference, as the customer's */
	struct payload *cart;		/* likewise; NULL: {} */
};

struct multicart_members {
	int	 refs;			/* network thread only */
	bool	 is_locked;		/* the session is */
	uint64_t incarnation;
	uint64_t revision;
	size_t	 count;
	struct multicart_member members[]; /* in the multicart's order */
};

/* multicart_members() makes them. */
struct multicart_members *multicart_members_ref(
	    struct multicart_members *members);
/* NULL is allowed. */
void	 multicart_members_unref(struct multicart_members *members);

#endif
