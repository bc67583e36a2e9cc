#ifndef SHOWN_H
#define SHOWN_H

#include <stdbool.h>

struct hub;
struct multicart;
struct room;

/*
 * What a room showed last, member by member, for those who have a feature on:
 * room->shown.  A room has it while any such peer takes part in it, and for as
 * long after one was there as a poll may take to come again; others pay nothing
 * for it.
 */

/* Somebody with these features is about to be shown room. */
void	 shown_expect(const struct hub *hub, struct room *room,
	    unsigned features);
/* The features of all who are there, or were a moment ago. */
unsigned shown_features(const struct hub *hub, const struct room *room);
/*
 * multicart is shown to room: it gets the delta that leads from what was shown
 * before to it, where somebody wants one and it is of use.  Its members, if it
 * has any, become those of the room; made of the session if that is the same
 * still.  Where neither is possible, or nobody has a feature on, room->shown is
 * NULL then.
 */
void	 shown_update(const struct hub *hub, struct room *room,
	    struct multicart *multicart);
/* What was shown may be none of the session's states. */
void	 shown_forget(struct room *room);

#endif
