#ifndef SAY_H
#define SAY_H

#include "session/refusal.h"

struct hub;
struct peer;
struct reply;
struct room;

/*
 * A customer says something to the others.  It is judged and told at once: it is
 * no record, and waits for none.
 */
enum refusal say_message(struct hub *hub, struct peer *peer,
	    struct room *room, struct reply *reply);

#endif
