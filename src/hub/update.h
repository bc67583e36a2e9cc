#ifndef UPDATE_H
#define UPDATE_H

#include "session/refusal.h"

struct hub;
struct peer;
struct reply;
struct room;

/*
 * What updateCart and customerReadyToCheckout do: answer the message that reply
 * is about, as stale if a newer one was, or return why it is refused.
 */
enum refusal update_cart_or_ready(struct hub *hub, struct peer *peer,
	    struct room *room, struct reply *reply);

#endif
