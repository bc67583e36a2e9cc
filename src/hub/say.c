#include "say.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "actions.h"
#include "auth.h"
#include "base/buf.h"
#include "base/xalloc.h"
#include "core.h"
#include "live.h"
#include "reply.h"
#include "said.h"
#include "session/session.h"
#include "wire/message.h"

static bool
is_seated(const struct customer *customer)
{
	return customer != NULL && customer->state == CUSTOMER_SEATED;
}

static struct speaker *
find_speaker(const struct live *live, const struct customer_id *id)
{
	struct speaker *speaker;

	TAILQ_FOREACH(speaker, &live->speakers, entry)
		if (customer_id_equal(&speaker->id, id))
			return speaker;
	return NULL;
}

/* Who is gone for good says nothing more. */
static void
forget_gone_speakers(struct live *live, const struct session *session)
{
	const struct customer *customer;
	struct speaker *speaker, *next;

	for (speaker = TAILQ_FIRST(&live->speakers); speaker != NULL;
	     speaker = next) {
		next = TAILQ_NEXT(speaker, entry);
		customer = session_customer(session, &speaker->id);
		if (customer != NULL && customer->state != CUSTOMER_GONE)
			continue;
		TAILQ_REMOVE(&live->speakers, speaker, entry);
		free(speaker);
	}
}

/* The customer's, made if need be. */
static struct speaker *
speaker_of(struct room *room, const struct customer *customer)
{
	struct live *live = room->live;
	struct speaker *speaker = find_speaker(live, &customer->id);

	if (speaker != NULL)
		return speaker;
	forget_gone_speakers(live, room->session);
	speaker = xcalloc(1, sizeof(*speaker));
	speaker->id = customer->id;
	TAILQ_INSERT_TAIL(&live->speakers, speaker, entry);
	return speaker;
}

/* Tabs of a customer number by clocks of their own: a lower one is no repeat. */
static bool
has_said(const struct speaker *speaker, uint64_t seq)
{
	size_t i;

	for (i = 0; i < SPEAKER_SEQS; i++)
		if (speaker->seqs[i] == seq)
			return true;
	return false;
}

static void
note_seq(struct speaker *speaker, uint64_t seq)
{
	speaker->seqs[speaker->next_seq] = seq;
	speaker->next_seq = (speaker->next_seq + 1) % SPEAKER_SEQS;
}

/* Whether customer may say that now. */
static enum refusal
judge(struct hub *hub, struct room *room, struct speaker *speaker,
    struct reply *reply)
{
	const struct message *message = reply->message;
	size_t max = hub->settings.max_say;

	if (message->has_to && !is_seated(session_customer(room->session,
	    &message->to)))
		return REFUSAL_UNKNOWN_CUSTOMER;
	reply->is_stale = message->seq != 0 &&
	    has_said(speaker, message->seq);
	if (reply->is_stale)
		return REFUSAL_NONE;
	if (max != 0 && message->what->len > max)
		return REFUSAL_MESSAGE_TOO_LARGE;
	reply->retry_after_s = rate_take(&speaker->rate, &hub->say_limit,
	    hub->now.mono_ms);
	if (reply->retry_after_s == 0)
		return REFUSAL_NONE;
	hub->counts.limited_says++;
	return REFUSAL_RATE_LIMITED;
}

/* Its sender, if it wants to know, is told at once. */
static void
confirm(struct hub *hub, struct peer *peer, const struct reply *reply)
{
	const struct message *message = reply->message;

	hub->counts.messages[MESSAGE_SAY]
	    [reply->is_stale ? HUB_STALE : HUB_ACCEPTED]++;
	if (message->seq == 0)
		return;
	outbox_add_reply(&peer->outbox, message_reply_seq(MESSAGE_SAY,
	    message->seq, reply->is_stale));
	core_wake_peer(hub, peer);
}

enum refusal
say_message(struct hub *hub, struct peer *peer, struct room *room,
    struct reply *reply)
{
	const struct message *message = reply->message;
	struct customer *customer;
	struct speaker *speaker;
	enum refusal code;

	code = auth_addressee(peer, room, message, &customer);
	if (code != REFUSAL_NONE)
		return code;
	if (!auth_speaks_for(peer, customer))
		return REFUSAL_NOT_YOUR_CUSTOMER;
	code = actions_charge_request(hub, peer, room, customer, reply);
	if (code != REFUSAL_NONE)
		return code;
	if (!is_seated(customer))
		return REFUSAL_UNKNOWN_CUSTOMER;
	(void)live_open(hub, room);
	speaker = speaker_of(room, customer);
	code = judge(hub, room, speaker, reply);
	if (code != REFUSAL_NONE)
		return code;
	confirm(hub, peer, reply);
	if (reply->is_stale)
		return REFUSAL_NONE;
	if (message->seq != 0)
		note_seq(speaker, message->seq);
	if (!said_add(hub, room->live, &customer->id, message))
		core_hold_back(hub, peer);
	live_go_on(hub, room);
	return REFUSAL_NONE;
}

void
say_forget(struct hub *hub, struct room *room, const struct customer_id *id)
{
	if (room->live == NULL)
		return;
	if (id != NULL)
		said_forget(hub, room->live, id);
	else
		said_clear(hub, room->live);
	forget_gone_speakers(room->live, room->session);
}
