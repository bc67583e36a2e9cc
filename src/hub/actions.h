#ifndef ACTIONS_H
#define ACTIONS_H

#include "session/refusal.h"

struct customer;
struct hub;
struct peer;
struct reply;
struct room;
struct seat;

/*
 * What the messages do (buddyshopping-protocol(7)): each function answers the
 * message that reply is about, or returns why it is refused.
 */

/* A start may have to wait for the host's seat: its message is taken then. */
enum refusal actions_start_or_join(struct hub *hub, struct peer *peer,
	    struct room *room, struct reply *reply);
enum refusal actions_resume(struct hub *hub, struct peer *peer,
	    struct room *room, struct reply *reply);
enum refusal actions_leave(struct hub *hub, struct peer *peer,
	    struct room *room, struct reply *reply);
/* A cart or readiness; it is stale if a newer one has been. */
enum refusal actions_update(struct hub *hub, struct peer *peer,
	    struct room *room, struct reply *reply);
/*
 * Hold a poll, or answer it if it has not seen the newest multicart; if its
 * customer has one too many, the oldest ends.
 */
enum refusal actions_poll(struct hub *hub, struct peer *peer,
	    struct room *room, struct reply *reply);

/* The message counts against the rate of the seat, whose customer proved it. */
enum refusal actions_charge_seat(struct hub *hub, struct seat *seat,
	    struct reply *reply);
/*
 * If peer is a request, it shows that customer is here, and counts against its
 * rate.
 */
enum refusal actions_charge_request(struct hub *hub, const struct peer *peer,
	    struct room *room, struct customer *customer,
	    struct reply *reply);

#endif
