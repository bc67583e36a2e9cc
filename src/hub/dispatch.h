#ifndef DISPATCH_H
#define DISPATCH_H

struct hub;
struct message;
struct message_error;
struct peer;
struct room;

/*
 * The way of a message: its sender is authorized, its session loaded, and then
 * it goes to the module that does what its event says.
 */

/* peer sent message: do what it says, let it wait, or refuse it.  Takes it. */
void	 dispatch_message(struct hub *hub, struct peer *peer,
	    struct message *message);
/* peer sent what is no message, for error: refuse it. */
void	 dispatch_unreadable(struct hub *hub, struct peer *peer,
	    const struct message_error *error);

/* Go on with what waits for room's session, which is loaded ... */
void	 dispatch_parked(struct hub *hub, struct room *room);
/* ... or cannot be read: refuse it. */
void	 dispatch_load_failed(struct hub *hub, struct room *room);

/* Judge again who may have the host's seat that is claimed in room. */
void	 dispatch_claims(struct hub *hub, struct room *room);

#endif
