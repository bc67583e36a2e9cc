#ifndef GOODBYE_H
#define GOODBYE_H

#include "session/refusal.h"

struct hub;
struct peer;
struct reply;
struct room;

/*
 * A page says, by its last request, that it is closed: its customer is as if
 * its last connection had just ended, though it made requests until now.  Its
 * held polls are answered, empty.  It is no record: whoever comes again, or has
 * another connection, has never been away.
 */
enum refusal goodbye_message(struct hub *hub, struct peer *peer,
	    struct room *room, struct reply *reply);

#endif
