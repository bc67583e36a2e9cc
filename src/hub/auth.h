#ifndef AUTH_H
#define AUTH_H

#include <stdbool.h>

#include "session/refusal.h"
#include "wire/message.h"

struct customer;
struct hub;
struct peer;
struct reply;
struct room;

/*
 * Who may speak for whom.  A request proves its customer each time, by a token;
 * a connection does so once, by the message that makes it that customer's.
 */

/* Whether messages of event come by requests only. */
bool	 auth_is_for_requests(enum message_event event);
/*
 * Whether the message that reply is to answer may be judged at all.  A wrong
 * token learns nothing of sessions and customers.
 */
enum refusal auth_message(struct hub *hub, const struct peer *peer,
	    struct reply *reply);
/* Whether a session may be read for it. */
enum refusal auth_load(struct hub *hub, const struct peer *peer,
	    struct reply *reply);
/*
 * Whether the ticket of message, a start or join in room by peer, is good for
 * that, or none is needed.  message has the account that it names then.
 */
enum refusal auth_ticket(struct hub *hub, const struct peer *peer,
	    const struct room *room, struct message *message);
/*
 * peer, who has proved nothing, tries something.  If its address may not do so
 * yet, retry_after_s says when.
 */
enum refusal auth_attempt(struct hub *hub, const struct peer *peer,
	    unsigned *retry_after_s);

/* The customer that peer speaks for; NULL if none, or not known now. */
const struct customer *auth_customer(const struct peer *peer);
/*
 * Who has proved to have sent message, of which room is known once it is
 * authorized; or NULL.
 */
const struct customer *auth_sender(const struct peer *peer,
	    const struct room *room, const struct message *message);
/*
 * The customer that message is about, who has to take part still, goes to
 * customer.
 */
enum refusal auth_addressee(const struct peer *peer, const struct room *room,
	    const struct message *message, struct customer **customer);
/* Whether peer, whose message is authorized, speaks for customer. */
bool	 auth_speaks_for(const struct peer *peer,
	    const struct customer *customer);

#endif
