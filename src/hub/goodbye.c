#include "goodbye.h"

#include <stdbool.h>
#include <stddef.h>

#include "actions.h"
#include "auth.h"
#include "core.h"
#include "here.h"
#include "live.h"
#include "outbox.h"
#include "presence.h"
#include "rate.h"
#include "reply.h"
#include "session/session.h"
#include "wire/message.h"

/* Who came by a request is told so, and then it is a poll. */
static bool
is_poll(const struct peer *peer)
{
	return peer->request != NULL && peer->request->is_held &&
	    peer->outbox.reply_count == 0;
}

/* The polls of seat speak for nobody any more, and end with what they have. */
static void
release_polls(struct hub *hub, struct seat *seat)
{
	struct peer *peer, *next;

	for (peer = TAILQ_FIRST(&seat->peers); peer != NULL; peer = next) {
		next = TAILQ_NEXT(peer, entry);
		if (!is_poll(peer))
			continue;
		(void)live_number(peer);	/* keeps its place */
		presence_unbind(hub, peer);
		peer->wants_close = true;
		core_wake_peer(hub, peer);
	}
}

/*
 * Nothing but a connection keeps the customer of seat here, once the seat knows
 * no more of its rate than a new one would.
 */
static void
end_requests(struct hub *hub, struct seat *seat)
{
	seat->moves++;	/* keeps it until all are gone */
	release_polls(hub, seat);
	here_left(hub, seat);
	seat->moves--;
	presence_end_request_in(hub, seat, rate_rest_ms(&seat->rate,
	    hub->now.mono_ms));
}

static void
confirm(struct hub *hub, struct peer *peer, struct room *room,
    struct reply *reply)
{
	reply->body = message_reply_customer(MESSAGE_GOODBYE,
	    &reply->message->customer, NULL);
	reply_send(hub, peer, room, reply);
}

bool
goodbye_without_session(struct hub *hub, struct peer *peer, struct room *room,
    struct reply *reply)
{
	if (reply->message->event != MESSAGE_GOODBYE ||
	    room->state != ROOM_UNLOADED || !TAILQ_EMPTY(&room->seats))
		return false;
	confirm(hub, peer, room, reply);
	return true;
}

enum refusal
goodbye_message(struct hub *hub, struct peer *peer, struct room *room,
    struct reply *reply)
{
	struct customer *customer;
	enum refusal code;

	code = auth_addressee(peer, room, reply->message, &customer);
	if (code != REFUSAL_NONE)
		return code;
	/* Without a seat there is nothing to end. */
	if (customer->seat != NULL) {
		code = actions_charge_seat(hub, customer->seat, reply);
		if (code != REFUSAL_NONE)
			return code;
		end_requests(hub, customer->seat);
	}
	confirm(hub, peer, room, reply);
	return REFUSAL_NONE;
}
