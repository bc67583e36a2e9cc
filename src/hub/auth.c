#include "auth.h"

#include <stddef.h>

#include "base/buf.h"
#include "base/id.h"
#include "core.h"
#include "quota.h"
#include "session/record.h"
#include "shop.h"
#include "wire/message.h"
#include "wire/ticket.h"

static bool
is_admission(const struct message *message)
{
	return message->event == MESSAGE_START_SESSION ||
	    message->event == MESSAGE_JOIN_SESSION;
}

bool
auth_is_for_requests(enum message_event event)
{
	return event == MESSAGE_POLL || event == MESSAGE_GOODBYE;
}

static bool
needs_proof(const struct peer *peer, const struct message *message)
{
	return message->event == MESSAGE_RESUME_SESSION ||
	    (peer->request != NULL && !is_admission(message));
}

/* The token that comes with message, in it or beside it. */
static const char *
token_of(const struct peer *peer, const struct message *message)
{
	return message->token[0] != '\0' || peer->request == NULL ?
	    message->token : peer->request->bearer;
}

enum refusal
auth_attempt(struct hub *hub, const struct peer *peer,
    unsigned *retry_after_s)
{
	if (!peer->is_limited)
		return REFUSAL_NONE;
	*retry_after_s = quota_attempt(hub->config.quota, peer->quota_key,
	    hub->now.mono_ms);
	if (*retry_after_s == 0)
		return REFUSAL_NONE;
	hub->counts.limited_joins++;
	return REFUSAL_RATE_LIMITED;
}

enum refusal
auth_message(struct hub *hub, const struct peer *peer, struct reply *reply)
{
	const struct message *message = reply->message;
	const char *token = token_of(peer, message);
	enum refusal code;

	if (!peer->shop->is_served)
		return REFUSAL_NOT_FOUND;
	if (auth_is_for_requests(message->event) && peer->request == NULL)
		return REFUSAL_UNKNOWN_EVENT;
	if (!needs_proof(peer, message))
		return is_admission(message) && peer->seat == NULL ?
		    auth_attempt(hub, peer, &reply->retry_after_s) :
		    REFUSAL_NONE;
	if (id_token_is_valid(&hub->config.key, peer->session_id->data,
	    &message->customer, token))
		return REFUSAL_NONE;
	code = auth_attempt(hub, peer, &reply->retry_after_s);
	if (code != REFUSAL_NONE)
		return code;
	/* A request can have its token elsewhere, a connection cannot. */
	if (token[0] != '\0' || peer->request != NULL)
		return REFUSAL_INVALID_TOKEN;
	reply->field = "token";
	return REFUSAL_INVALID_MESSAGE;
}

enum refusal
auth_load(struct hub *hub, const struct peer *peer, struct reply *reply)
{
	/* Naming a customer without a proof is an attempt as a join is. */
	if (needs_proof(peer, reply->message) ||
	    is_admission(reply->message) || peer->seat != NULL)
		return REFUSAL_NONE;
	return auth_attempt(hub, peer, &reply->retry_after_s);
}

static bool
needs_ticket(const struct shop *shop, const struct message *message)
{
	switch (shop->settings.require_tickets) {
	case TICKET_FOR_NOTHING:
		return false;
	case TICKET_TO_START:
		return message->event == MESSAGE_START_SESSION;
	case TICKET_TO_TAKE_PART:
		return true;
	}
	return true;
}

_Static_assert(RECORD_ACCOUNT_BYTES == 4 * TICKET_ACCOUNT_CHARS,
    "an account that a ticket names can be kept, in UTF-8");

enum refusal
auth_ticket(struct hub *hub, const struct peer *peer, const struct room *room,
    struct message *message)
{
	const struct shop_settings *settings = &peer->shop->settings;
	const struct ticket_use use = {
		.session = session_name_id(room->id->data),
		.name = message->name,
		.starts = message->event == MESSAGE_START_SESSION,
		.audience = settings->ticket_audience,
		.now_s = hub->now.wall_ms / 1000,
	};
	enum ticket_fault fault;

	/* One who waited for a seat is judged once more. */
	payload_unref(message->account);
	message->account = NULL;
	/* It may have waited for so long that its shop is closed. */
	if (!peer->shop->is_served)
		return REFUSAL_NOT_FOUND;
	if (settings->ticket_keys == NULL)
		return REFUSAL_NONE;
	if (message->ticket == NULL)
		return needs_ticket(peer->shop, message) ? REFUSAL_TICKET_REQUIRED :
		    REFUSAL_NONE;
	fault = ticket_judge(settings->ticket_keys, message->ticket, &use,
	    &message->account);
	if (fault == TICKET_GOOD)
		return REFUSAL_NONE;
	hub->counts.refused_tickets[fault]++;
	return REFUSAL_INVALID_TICKET;
}

const struct customer *
auth_customer(const struct peer *peer)
{
	return peer->seat != NULL ? peer->seat->customer : NULL;
}

const struct customer *
auth_sender(const struct peer *peer, const struct room *room,
    const struct message *message)
{
	if (peer->seat != NULL)
		return auth_customer(peer);
	if (room == NULL || room->session == NULL ||
	    !needs_proof(peer, message))
		return NULL;
	return session_customer(room->session, &message->customer);
}

enum refusal
auth_addressee(const struct peer *peer, const struct room *room,
    const struct message *message, struct customer **customer)
{
	const struct session *session = room->session;

	*customer = session_customer(session, &message->customer);
	if (*customer != NULL && (*customer)->state != CUSTOMER_GONE)
		return REFUSAL_NONE;
	if (*customer != NULL ||
	    (peer->request != NULL && session->incarnation > 0))
		return REFUSAL_LEFT_SESSION;
	return session->is_running ? REFUSAL_UNKNOWN_CUSTOMER :
	    REFUSAL_SESSION_NOT_FOUND;
}

bool
auth_speaks_for(const struct peer *peer, const struct customer *customer)
{
	/* A request that got this far has proved it. */
	return peer->request != NULL || auth_customer(peer) == customer;
}
