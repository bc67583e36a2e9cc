#ifndef VISITOR_H
#define VISITOR_H

#include "address.h"

struct peer;
struct quota;

/*
 * What every peer of the hub has of where it comes from: its session, its
 * address, and a place among the connections of that address.
 */

/*
 * Fill in these fields of peer, for a client at address, which is written down
 * with that much detail; -1 if the address has too many connections, and peer
 * is unchanged.
 */
int	 visitor_enter(struct peer *peer, struct quota *quota,
	    const char *session, const struct address *address,
	    enum address_detail detail)
	    __attribute__((warn_unused_result));
/* Give up the place and free what the fields hold. */
void	 visitor_leave(struct peer *peer, struct quota *quota);

#endif
