#ifndef GOODBYE_H
#define GOODBYE_H

#include <stdbool.h>

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

/*
 * Confirm a proved goodbye to a session that is not in memory and has nobody:
 * nothing has to be read to know that there is nothing to end.  False if it is
 * anything else.
 */
bool	 goodbye_without_session(struct hub *hub, struct peer *peer,
	    struct room *room, struct reply *reply);

#endif
