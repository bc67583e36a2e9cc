#include "room.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "core.h"
#include "left.h"
#include "live.h"
#include "session/session.h"
#include "shop.h"
#include "shown.h"
#include "wire/multicart.h"

/* Until a session that could not be read is tried again. */
#define RETRY_LOAD_MS 5000

static struct room *
find_room(const struct hub *hub, const char *id, size_t len, unsigned *hash)
{
	struct room *room;

	*hash = id_hash(&hub->hash_key, id, len);
	HASH_FIND_BYHASHVALUE(hh, hub->rooms, id, len, *hash, room);
	return room;
}

struct room *
room_find(const struct hub *hub, const char *id, size_t len)
{
	unsigned hash;

	return find_room(hub, id, len, &hash);
}

struct room *
room_get(struct hub *hub, struct payload *id)
{
	unsigned hash;
	struct room *room = find_room(hub, id->data, id->len, &hash);

	if (room != NULL)
		return room;
	room = xcalloc(1, sizeof(*room));
	room->number = ++hub->last_room;
	room->id = payload_ref(id);
	if (hub->config.shops != NULL)
		room->shop = shops_of_session(hub->config.shops, id->data);
	TAILQ_INIT(&room->seats);
	TAILQ_INIT(&room->waiting);
	TAILQ_INIT(&room->claiming);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, hub->rooms, room->id->data,
	    room->id->len, hash, room);
	left_take(hub, room);
	return room;
}

static void
forget_retry(struct hub *hub, struct room *room)
{
	if (!room->is_unread)
		return;
	room->is_unread = false;
	TAILQ_REMOVE(&hub->unread, room, unread);
}

void
room_load(struct hub *hub, struct room *room)
{
	struct job *job = job_new(JOB_LOAD);

	forget_retry(hub, room);
	job->load.id = payload_ref(room->id);
	room->state = ROOM_LOADING;
	core_submit_job(hub, room, job);
}

void
room_load_later(struct hub *hub, struct room *room)
{
	room->is_unread = true;
	room->retry_ms = hub->now.mono_ms + RETRY_LOAD_MS;
	TAILQ_INSERT_TAIL(&hub->unread, room, unread);
}

void
room_touch(struct hub *hub, const struct room *room)
{
	struct job *job;

	if (room->session == NULL || !room->session->is_running ||
	    room->records > 0)
		return;
	job = job_new(JOB_TOUCH);
	job->touch.session_row = room->session->row;
	job->touch.used_ms = hub->now.wall_ms;
	core_submit_job(hub, NULL, job);
}

void
room_drop_encoding(struct hub *hub, struct room *room)
{
	if (room->encoding == NULL)
		return;
	hub->encoding_bytes -= multicart_size(room->encoding);
	multicart_unref(room->encoding);
	room->encoding = NULL;
	TAILQ_REMOVE(&hub->encodings, room, by_encoding);
}

void
room_end_delay(struct hub *hub, struct room *room)
{
	if (!room->is_delayed)
		return;
	room->is_delayed = false;
	TAILQ_REMOVE(&hub->delayed, room, delaying);
}

void
room_free(struct hub *hub, struct room *room)
{
	forget_retry(hub, room);
	room_end_delay(hub, room);
	room_drop_encoding(hub, room);
	shown_forget(room);
	live_close(hub, room);
	core_clear_lock(hub, room);
	HASH_DELETE(hh, hub->rooms, room);
	session_free(room->session);
	payload_unref(room->id);
	free(room);
}

void
room_release(struct hub *hub, struct room *room)
{
	if (room->jobs > 0 || room->is_locked ||
	    room->pending_multicart != NULL ||
	    !TAILQ_EMPTY(&room->seats) || !TAILQ_EMPTY(&room->waiting) ||
	    !TAILQ_EMPTY(&room->claiming))
		return;
	if (room->was_used)
		room_touch(hub, room);
	live_leave(hub, room);
	room_free(hub, room);
}

void
room_tick(struct hub *hub)
{
	struct room *room;

	while ((room = TAILQ_FIRST(&hub->unread)) != NULL &&
	    room->retry_ms <= hub->now.mono_ms)
		room_load(hub, room);
}

uint64_t
room_next_ms(const struct hub *hub)
{
	const struct room *room = TAILQ_FIRST(&hub->unread);

	return room != NULL ? room->retry_ms : UINT64_MAX;
}
