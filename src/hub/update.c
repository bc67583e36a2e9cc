#include "update.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth.h"
#include "base/buf.h"
#include "core.h"
#include "membership.h"
#include "reply.h"
#include "session/record.h"
#include "session/session.h"
#include "wire/message.h"

static struct job *
new_update(struct hub *hub, struct room *room, const struct peer *peer,
    const struct customer *customer, const struct message *message)
{
	struct job *job = core_new_record(hub, room,
	    message->event == MESSAGE_UPDATE_CART ? RECORD_CART : RECORD_READY,
	    customer, peer);

	job->record.is_ready = message->is_ready;
	job->record.cart = payload_ref(message->cart);
	return job;
}

/* Whether seq is not higher than the customer's last one of that event. */
static bool
is_stale(const struct customer *customer, enum message_event event,
    uint64_t seq)
{
	return seq != 0 && seq <= customer->seq[event == MESSAGE_UPDATE_CART ?
	    SEQUENCE_CART : SEQUENCE_READY];
}

enum refusal
update_cart_or_ready(struct hub *hub, struct peer *peer, struct room *room,
    struct reply *reply)
{
	const struct message *message = reply->message;
	struct customer *customer;
	enum refusal code;
	bool is_own;
	uint64_t seq;
	struct job *job;

	code = auth_addressee(peer, room, message, &customer);
	if (code == REFUSAL_NONE)
		code = membership_returning_request(hub, peer, room, customer,
		    reply);
	if (code != REFUSAL_NONE)
		return code;
	is_own = auth_speaks_for(peer, customer);
	if (!is_own && (customer->has_token || hub->settings.require_tokens))
		return REFUSAL_NOT_YOUR_CUSTOMER;
	seq = is_own ? message->seq : 0;
	reply->is_stale = is_stale(customer, message->event, seq);
	if (seq != 0)
		reply->body = message_reply_seq(message->event, seq,
		    reply->is_stale);
	if (reply->is_stale) {
		reply_send(hub, peer, room, reply);
		return REFUSAL_NONE;
	}
	job = new_update(hub, room, peer, customer, message);
	job->record.client_seq = seq;
	/* Who is not here and has no token is anybody's to speak for. */
	if (!is_own && peer->seat == NULL &&
	    (customer->seat == NULL || !customer->seat->is_present))
		return membership_seat(hub, peer, room, job, customer, reply);
	return reply_to_record(hub, peer, room, job, reply);
}
