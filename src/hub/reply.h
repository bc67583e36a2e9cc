#ifndef REPLY_H
#define REPLY_H

#include "session/refusal.h"

struct hub;
struct job;
struct message_error;
struct peer;
struct peer_list;
struct reply;
struct room;

/*
 * What a peer is told, once everything is durable that this may have been
 * judged upon: at once if nothing is in flight, else in order behind it.  Here
 * it is counted what became of each message.
 */

/* How long to wait whom the storage fails, for whoever is told so. */
enum { REPLY_RETRY_STORAGE_S = 5 };

/* Send reply, which peer's message gets without a record. */
void	 reply_send(struct hub *hub, struct peer *peer, struct room *room,
	    const struct reply *reply);
/* reply is what peer gets when job's record, which has happened, is durable. */
void	 reply_when_done(struct hub *hub, struct peer *peer, struct job *job,
	    const struct reply *reply);
/*
 * Let job's record happen, if it can be paid for, and reply when it is
 * durable; otherwise why not, and reply is the caller's to refuse.
 */
enum refusal reply_to_record(struct hub *hub, struct peer *peer,
	    struct room *room, struct job *job, struct reply *reply)
	    __attribute__((warn_unused_result));

/*
 * The message that reply was to answer is refused for code, and what reply has
 * is dropped.  If it is known who sent the message, that goes on record.
 * room is NULL where the message does not get to know of it.
 */
void	 reply_refuse(struct hub *hub, struct peer *peer, struct room *room,
	    const struct reply *reply, enum refusal code);
/* Likewise all messages that wait in list, one of room's. */
void	 reply_refuse_parked(struct hub *hub, struct room *room,
	    struct peer_list *list, enum refusal code);
/* An error in its turn, as that which reply_refuse() sends. */
void	 reply_error(struct hub *hub, struct peer *peer, struct room *room,
	    const struct message_error *error);
/* Now peer is told an error: that is where errors are counted. */
void	 reply_error_now(struct hub *hub, struct peer *peer,
	    const struct message_error *error);

#endif
