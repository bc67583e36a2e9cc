#include "held_poll.h"

#include <stddef.h>

#include "auth.h"
#include "core.h"
#include "membership.h"
#include "presence.h"
#include "publish.h"
#include "reply.h"
#include "session/session.h"
#include "wire/message.h"

/* End the customer's oldest poll if it has one too many. */
static void
limit_held_polls(struct hub *hub, struct seat *seat)
{
	struct peer *peer, *oldest = NULL;
	size_t held = 0;

	if (hub->settings.max_held_polls == 0)
		return;
	TAILQ_FOREACH(peer, &seat->peers, entry) {
		/* What is there to be said is said, or about to be. */
		if (peer->request == NULL || peer->wants_close ||
		    !outbox_is_empty(&peer->outbox))
			continue;
		held++;
		if (oldest == NULL)
			oldest = peer;
	}
	if (held <= hub->settings.max_held_polls)
		return;
	oldest->wants_close = true;
	core_wake_peer(hub, oldest);
}

enum refusal
held_poll_begin(struct hub *hub, struct peer *peer, struct room *room,
    struct reply *reply)
{
	const struct message *message = reply->message;
	struct peer_request *request = peer->request;
	struct customer *customer;
	enum refusal code;

	code = auth_addressee(peer, room, message, &customer);
	if (code == REFUSAL_NONE)
		code = membership_request(hub, peer, room, customer, reply);
	if (code != REFUSAL_NONE)
		return code;
	/* Its return is news. */
	if (customer->state == CUSTOMER_AWAY)
		return membership_return(hub, peer, room, customer, reply);
	core_count_judgement(hub, MESSAGE_POLL, HUB_ACCEPTED);
	request->is_held = true;
	request->wait_s = message->wait_s;
	request->incarnation = message->cursor_incarnation;
	request->revision = message->cursor_revision;
	presence_bind(hub, peer, presence_seat(room, customer));
	if (request->incarnation != room->session->incarnation ||
	    request->revision != room->session->revision)
		publish_to_peer(hub, peer, room);
	limit_held_polls(hub, peer->seat);
	return REFUSAL_NONE;
}

void
held_poll_end(struct hub *hub, struct peer *peer)
{
	static const struct message_error left = {
		.code = REFUSAL_LEFT_SESSION,
		.event = MESSAGE_POLL,
	};

	peer->request->is_held = false;
	reply_error(hub, peer, NULL, &left);
}
