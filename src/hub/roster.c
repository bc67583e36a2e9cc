#include "roster.h"

#include <string.h>

#include "base/buf.h"
#include "core.h"
#include "presence.h"
#include "room.h"
#include "say.h"
#include "session/record.h"

static void
count_peers(const struct seat *seat, size_t *connections, size_t *polls)
{
	const struct peer *peer;

	TAILQ_FOREACH(peer, &seat->peers, entry)
		if (peer->request == NULL)
			++*connections;
		else
			++*polls;
}

static struct roster_session
describe_session(const struct room *room)
{
	struct roster_session info = {
		.number = room->number,
		.id = room->id->data,
		.present = room->present,
	};
	const struct seat *seat;

	TAILQ_FOREACH(seat, &room->seats, entry)
		count_peers(seat, &info.connections, &info.polls);
	if (room->session == NULL)
		return info;
	info.incarnation = room->session->incarnation;
	info.revision = room->session->revision;
	info.members = room->session->counts[CUSTOMER_SEATED];
	info.away = room->session->counts[CUSTOMER_AWAY];
	info.cart_bytes = room->session->cart_bytes;
	info.is_locked = room->session->is_locked;
	return info;
}

size_t
roster_sessions(const struct hub *hub, uint64_t after,
    struct roster_session *sessions, size_t max)
{
	const struct room *room;
	size_t n = 0;

	/* uthash goes through a table in the order of insertion. */
	for (room = hub->rooms; room != NULL && n < max; room = room->hh.next)
		if (room->number > after)
			sessions[n++] = describe_session(room);
	return n;
}

int
roster_session(const struct hub *hub, const char *id,
    struct roster_session *session)
{
	const struct room *room = room_find(hub, id, strlen(id));

	if (room == NULL)
		return -1;
	*session = describe_session(room);
	return 0;
}

size_t
roster_customers(const struct hub *hub, const char *id,
    struct roster_customer *customers, size_t max)
{
	const struct room *room = room_find(hub, id, strlen(id));
	const struct customer *customer;
	struct roster_customer *info;
	size_t n = 0;

	if (room == NULL || room->session == NULL)
		return 0;
	TAILQ_FOREACH(customer, &room->session->customers, entry) {
		if (customer->state == CUSTOMER_GONE)
			continue;
		if (n == max)
			break;
		info = &customers[n++];
		*info = (struct roster_customer){
			.id = customer->id,
			.name = customer->name,
			.is_host = customer->is_host,
			.is_ready = customer->is_ready,
			.has_token = customer->has_token,
			.is_member = customer->state == CUSTOMER_SEATED,
			.cart_bytes = customer->cart != NULL ?
			    customer->cart->len : 0,
		};
		if (customer->seat == NULL)
			continue;
		info->is_present = customer->seat->is_present;
		count_peers(customer->seat, &info->connections, &info->polls);
	}
	return n;
}

void
roster_make_leave(struct hub *hub, struct room *room, struct customer *customer)
{
	struct job *job = core_new_record(hub, room, RECORD_LEAVE, customer,
	    NULL);
	struct seat *seat = customer->seat;

	if (seat != NULL) {
		job->reply = message_reply_customer(MESSAGE_LEAVE_SESSION,
		    &customer->id, NULL);
		job->seat = seat;
		seat->moves++;
		presence_end_absence(hub, seat);
	}
	/* Who has not gone can always leave. */
	(void)core_apply_record(hub, room, job);
}

/* Its requests are answered that it has left. */
static void
close_connections(struct hub *hub, struct seat *seat)
{
	struct peer *peer;

	TAILQ_FOREACH(peer, &seat->peers, entry) {
		if (peer->request != NULL)
			continue;
		peer->wants_close = true;
		core_wake_peer(hub, peer);
	}
}

void
roster_remove(struct hub *hub, struct room *room, struct customer *customer)
{
	const struct customer_id id = customer->id;

	if (customer->seat != NULL)
		close_connections(hub, customer->seat);
	roster_make_leave(hub, room, customer);
	say_forget(hub, room, &id);
}

enum roster_kick
roster_kick(struct hub *hub, const char *id,
    const struct customer_id *customer_id, const struct now *now)
{
	struct room *room = room_find(hub, id, strlen(id));
	struct customer *customer;

	if (room == NULL || room->session == NULL)
		return ROSTER_NO_SESSION;
	customer = session_customer(room->session, customer_id);
	if (customer == NULL || customer->state == CUSTOMER_GONE)
		return ROSTER_NO_CUSTOMER;
	core_set_now(hub, now);
	roster_remove(hub, room, customer);
	return ROSTER_KICKED;
}
