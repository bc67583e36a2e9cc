#ifndef DISPATCH_H
#define DISPATCH_H

struct hub;
struct message;
struct peer;
struct room;
struct seat;

/*
 * What a message of a peer does: who may speak for whom, what is answered, and
 * which record it becomes (buddyshopping-protocol(7)).
 */

/* Do what message says, or let it wait; its contents are taken. */
void	 dispatch_message(struct hub *hub, struct peer *peer,
	    struct message *message);

/* Speak again for all peers that wait in room for its session. */
void	 dispatch_parked(struct hub *hub, struct room *room);

/* The storage cannot read room's session: refuse what waits for it. */
void	 dispatch_load_failed(struct hub *hub, struct room *room);

/*
 * A connection of the seat's customer is alive: if that is a host whose seat
 * is claimed, it keeps it.
 */
void	 claim_host_lives(struct hub *hub, const struct seat *seat);
/* Judge again who may have the host's seat that is claimed in room. */
void	 claim_judge_again(struct hub *hub, struct room *room);

#endif
