#ifndef MEMBERSHIP_H
#define MEMBERSHIP_H

#include "session/refusal.h"

struct customer;
struct hub;
struct job;
struct peer;
struct reply;
struct room;

/*
 * Coming and going: what startSession, joinSession, resumeSession and
 * leaveSession do (buddyshopping-protocol(7)).  Each answers the message that
 * reply is about, or returns why it is refused.
 */

/* A start may have to wait for the host's seat: its message is taken then. */
enum refusal membership_start_or_join(struct hub *hub, struct peer *peer,
	    struct room *room, struct reply *reply);
enum refusal membership_resume(struct hub *hub, struct peer *peer,
	    struct room *room, struct reply *reply);
enum refusal membership_leave(struct hub *hub, struct peer *peer,
	    struct room *room, struct reply *reply);

/*
 * Let job's record happen, if there is one, and reply to peer, which speaks
 * for customer from then on.
 */
enum refusal membership_seat(struct hub *hub, struct peer *peer,
	    struct room *room, struct job *job, struct customer *customer,
	    struct reply *reply);
/* Likewise; the customer is back in the multicart if it had left that. */
enum refusal membership_return(struct hub *hub, struct peer *peer,
	    struct room *room, struct customer *customer,
	    struct reply *reply);

/*
 * If peer is a request, it shows that customer is here, and counts against its
 * rate.
 */
enum refusal membership_request(struct hub *hub, const struct peer *peer,
	    struct room *room, struct customer *customer,
	    struct reply *reply);
/* Likewise, and customer is back in the multicart if it had left that. */
enum refusal membership_returning_request(struct hub *hub,
	    const struct peer *peer, struct room *room,
	    struct customer *customer, struct reply *reply);

#endif
