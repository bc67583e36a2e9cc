#ifndef HELD_POLL_H
#define HELD_POLL_H

#include <stdbool.h>

#include "session/refusal.h"

struct hub;
struct peer;
struct reply;
struct room;

/* Polls: requests that are held until there is a multicart to answer with. */

/*
 * Hold peer's poll, or answer it if it has not seen the newest multicart; if
 * its customer has one too many, the oldest ends.  Otherwise why it is refused.
 */
enum refusal held_poll_begin(struct hub *hub, struct peer *peer,
	    struct room *room, struct reply *reply);
/* Its customer left: peer, which is held, learns so. */
void	 held_poll_end(struct hub *hub, struct peer *peer);

#endif
