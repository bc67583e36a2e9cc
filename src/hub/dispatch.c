#include "dispatch.h"

#include "actions.h"
#include "auth.h"
#include "claim.h"
#include "core.h"
#include "goodbye.h"
#include "reply.h"
#include "room.h"
#include "say.h"
#include "wire/message.h"

static enum refusal
dispatch_by_event(struct hub *hub, struct peer *peer, struct room *room,
    struct reply *reply)
{
	switch (reply->message->event) {
	case MESSAGE_START_SESSION:
	case MESSAGE_JOIN_SESSION:
		return actions_start_or_join(hub, peer, room, reply);
	case MESSAGE_UPDATE_CART:
	case MESSAGE_READY:
		return actions_update(hub, peer, room, reply);
	case MESSAGE_RESUME_SESSION:
		return actions_resume(hub, peer, room, reply);
	case MESSAGE_LEAVE_SESSION:
		return actions_leave(hub, peer, room, reply);
	case MESSAGE_POLL:
		return actions_poll(hub, peer, room, reply);
	case MESSAGE_GOODBYE:
		return goodbye_message(hub, peer, room, reply);
	case MESSAGE_SAY:
		return say_message(hub, peer, room, reply);
	case MESSAGE_NONE:
	case MESSAGE_EVENTS:
		break;
	}
	return REFUSAL_UNKNOWN_EVENT;
}

/* An authorized message: read its session, wait for it, or do what it says. */
static void
dispatch_authorized(struct hub *hub, struct peer *peer,
    struct message *message)
{
	struct room *room = peer->seat != NULL ? peer->seat->room :
	    room_get(hub, peer->session_id);
	struct reply reply = { .message = message };
	enum refusal code = REFUSAL_NONE;

	if (!goodbye_without_session(hub, peer, room, &reply) &&
	    room->state == ROOM_UNLOADED) {
		code = auth_load(hub, peer, &reply);
		if (code == REFUSAL_NONE)
			room_load(hub, room);
		else
			reply_refuse(hub, peer, NULL, &reply, code);
	}
	if (room->state == ROOM_LOADING) {
		core_park_message(peer, &room->waiting, message);
		return;
	}
	if (room->state == ROOM_READY) {
		code = dispatch_by_event(hub, peer, room, &reply);
		if (code != REFUSAL_NONE)
			reply_refuse(hub, peer, room, &reply, code);
	}
	message_clear(message);
	if (claim_is_vacant(room))
		dispatch_claims(hub, room);
	else
		room_release(hub, room);
}

void
dispatch_message(struct hub *hub, struct peer *peer, struct message *message)
{
	struct reply reply = { .message = message };
	enum refusal code = auth_message(hub, peer, &reply);

	if (code == REFUSAL_NONE) {
		dispatch_authorized(hub, peer, message);
		return;
	}
	reply_refuse(hub, peer, NULL, &reply, code);
	message_clear(message);
}

void
dispatch_unreadable(struct hub *hub, struct peer *peer,
    const struct message_error *error)
{
	struct message message = { .event = error->event, .seq = error->seq };
	struct reply reply = { .message = &message, .field = error->field };
	enum refusal code = REFUSAL_NONE;

	/* It has proved nothing. */
	if (peer->request != NULL)
		code = auth_attempt(hub, peer, &reply.retry_after_s);
	if (code == REFUSAL_NONE)
		code = error->code;
	/* To a connection there is none of them, right or wrong. */
	if (auth_is_for_requests(error->event) && peer->request == NULL) {
		code = REFUSAL_UNKNOWN_EVENT;
		reply.field = NULL;
	}
	reply_refuse(hub, peer, NULL, &reply, code);
}

static void
dispatch_again(struct hub *hub, struct peer_list *list)
{
	struct peer_list now = TAILQ_HEAD_INITIALIZER(now);
	struct message message;
	struct peer *peer;

	/* Who has to wait again does so in list. */
	TAILQ_CONCAT(&now, list, waiting);
	TAILQ_FOREACH(peer, &now, waiting)
		peer->waiting_in = &now;
	while ((peer = core_unpark_first(hub, &now, &message)) != NULL)
		dispatch_authorized(hub, peer, &message);
}

void
dispatch_parked(struct hub *hub, struct room *room)
{
	dispatch_again(hub, &room->waiting);
}

void
dispatch_load_failed(struct hub *hub, struct room *room)
{
	reply_refuse_parked(hub, room, &room->waiting,
	    REFUSAL_STORAGE_UNAVAILABLE);
}

void
dispatch_claims(struct hub *hub, struct room *room)
{
	claim_end(hub, room);
	dispatch_again(hub, &room->claiming);
}
