#ifndef CLIENT_QUOTA_H
#define CLIENT_QUOTA_H

#include <stdbool.h>

#include "config/address.h"

struct peer;
struct quota;
struct shop;

/*
 * What every peer of the hub has of where it comes from: its session, its
 * address, and places among the connections of its shop and of that address.
 */

struct client_origin {
	struct shop *shop;
	const char *session;		/* its name, shop and all */
	struct address address;		/* of the client */
	bool is_counted; /* its connection has that place */
};

/*
 * Fill in these fields of peer, for a client whose address is written down
 * with that much detail; -1 if its shop or the address has too many connections,
 * and peer is unchanged.
 */
int	 client_quota_enter(struct peer *peer, struct quota *quota,
	    const struct client_origin *client, enum address_detail detail)
	    __attribute__((warn_unused_result));
/* The connection is the peer's from now on, and so is its place. */
void	 client_quota_keep(struct peer *peer);
/* Give up the peer's places and free what the fields hold. */
void	 client_quota_leave(struct peer *peer, struct quota *quota);

#endif
