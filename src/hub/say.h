#ifndef SAY_H
#define SAY_H

#include "session/refusal.h"

struct customer_id;
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

/*
 * Forget what was said in room by and to that customer, who is gone, or all of
 * it if id is NULL.
 */
void	 say_forget(struct hub *hub, struct room *room,
	    const struct customer_id *id);

#endif
