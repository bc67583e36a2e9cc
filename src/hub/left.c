#include "left.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/id.h"
#include "core.h"

/* What it takes of memory, besides what was said. */
static size_t
left_bytes(const struct live *live)
{
	size_t bytes = sizeof(*live) + sizeof(*live->id) + live->id->len + 1;
	const struct speaker *speaker;

	TAILQ_FOREACH(speaker, &live->speakers, entry)
		bytes += sizeof(*speaker);
	return bytes;
}

void
left_put(struct hub *hub, struct live *live)
{
	unsigned hash;

	live->id = payload_ref(live->room->id);
	live->room->live = NULL;
	live->room = NULL;
	hub->counts.said_bytes += left_bytes(live);
	hash = id_hash(&hub->hash_key, live->id->data, live->id->len);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, hub->left, live->id->data,
	    live->id->len, hash, live);
}

static void
take_out(struct hub *hub, struct live *live)
{
	hub->counts.said_bytes -= left_bytes(live);
	HASH_DELETE(hh, hub->left, live);
	payload_unref(live->id);
	live->id = NULL;
}

void
left_take(struct hub *hub, struct room *room)
{
	struct live *live;
	unsigned hash;

	if (hub->left == NULL)
		return;
	hash = id_hash(&hub->hash_key, room->id->data, room->id->len);
	HASH_FIND_BYHASHVALUE(hh, hub->left, room->id->data, room->id->len,
	    hash, live);
	if (live == NULL)
		return;
	take_out(hub, live);
	live->room = room;
	room->live = live;
}

void
left_end_if_over(struct hub *hub, struct live *live)
{
	if (live->id == NULL || live->count > 0)
		return;
	take_out(hub, live);
	left_free(live);
}

void
left_free(struct live *live)
{
	struct speaker *speaker;

	while ((speaker = TAILQ_FIRST(&live->speakers)) != NULL) {
		TAILQ_REMOVE(&live->speakers, speaker, entry);
		free(speaker);
	}
	free(live);
}
