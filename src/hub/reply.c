#include "reply.h"

#include <stdbool.h>
#include <stddef.h>

#include "auth.h"
#include "base/buf.h"
#include "core.h"
#include "refusal_notes.h"
#include "unjoined.h"
#include "wire/message.h"
#include "write_quota.h"

/* What peers are told to wait who have no room, in seconds. */
#define RETRY_FULL_S 60

static bool
is_settled(const struct peer *peer, const struct room *room)
{
	return peer->jobs == 0 && (room == NULL || room->jobs == 0);
}

static void
count(struct hub *hub, const struct reply *reply)
{
	hub->counts.messages[reply->message->event]
	    [reply->is_stale ? HUB_STALE : HUB_ACCEPTED]++;
}

void
reply_when_done(struct hub *hub, struct peer *peer, struct job *job,
    const struct reply *reply)
{
	count(hub, reply);
	job->origin = peer->id;
	job->reply = reply->body;
	job->error.event = reply->message->event;
	job->error.seq = reply->message->seq;
	peer->jobs++;
	job->seat = reply->seat;
	job->features = reply->features;
	job->cursor = reply->message->cursor;
	if (reply->seat == NULL)
		return;
	peer->is_moving = true;
	reply->seat->moves++;
}

void
reply_send(struct hub *hub, struct peer *peer, struct room *room,
    const struct reply *reply)
{
	struct job *job;

	if (is_settled(peer, room) && reply->seat == NULL) {
		count(hub, reply);
		outbox_add_reply(&peer->outbox, reply->body);
		core_wake_peer(hub, peer);
		return;
	}
	job = job_new(JOB_ANSWER);
	reply_when_done(hub, peer, job, reply);
	core_submit_job(hub, room, job);
}

enum refusal
reply_to_record(struct hub *hub, struct peer *peer, struct room *room,
    struct job *job, struct reply *reply)
{
	enum refusal code = write_quota_apply_record(hub, room, job, peer,
	    &reply->retry_after_s);

	if (code != REFUSAL_NONE)
		return code;
	reply_when_done(hub, peer, job, reply);
	unjoined_renew(hub, peer);
	return REFUSAL_NONE;
}

void
reply_error_now(struct hub *hub, struct peer *peer,
    const struct message_error *error)
{
	struct message_error full = *error;

	if (full.code == REFUSAL_SESSION_FULL)
		full.retry_after_s = RETRY_FULL_S;
	if (full.code == REFUSAL_STORAGE_UNAVAILABLE)
		full.retry_after_s = REPLY_RETRY_STORAGE_S;
	hub->counts.refusals[full.code]++;
	outbox_add_reply(&peer->outbox, message_reply_error(&full));
	core_wake_peer(hub, peer);
	if (peer->request == NULL)
		return;
	peer->request->refused = full.code;
	peer->request->retry_after_s = full.retry_after_s;
}

void
reply_error(struct hub *hub, struct peer *peer, struct room *room,
    const struct message_error *error)
{
	struct job *job;

	if (is_settled(peer, room)) {
		reply_error_now(hub, peer, error);
		return;
	}
	job = job_new(JOB_ANSWER);
	job->origin = peer->id;
	job->error = *error;
	peer->jobs++;
	core_submit_job(hub, room, job);
}

void
reply_refuse(struct hub *hub, struct peer *peer, struct room *room,
    const struct reply *reply, enum refusal code)
{
	const struct customer *sender = auth_sender(peer, room,
	    reply->message);
	struct message_error error = {
		.code = code,
		.field = reply->field,
		.event = reply->message->event,
		.seq = reply->message->seq,
		.retry_after_s = reply->retry_after_s,
	};

	payload_unref(reply->body);
	hub->counts.messages[error.event][HUB_REFUSED]++;
	reply_error(hub, peer, room, &error);
	if (sender != NULL)
		refusal_notes_add(hub, room != NULL ? room : peer->seat->room,
		    sender, peer, &error);
}

void
reply_refuse_parked(struct hub *hub, struct room *room,
    struct peer_list *list, enum refusal code)
{
	struct message message;
	const struct reply reply = { .message = &message };
	struct peer *peer;

	while ((peer = core_unpark_first(hub, list, &message)) != NULL) {
		reply_refuse(hub, peer, room, &reply, code);
		message_clear(&message);
	}
}
