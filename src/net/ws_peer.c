#include "ws_peer.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "client_quota.h"
#include "hub/hub.h"
#include "hub/outbox.h"
#include "hub/peer.h"
#include "hub/shop.h"
#include "wire/multicart.h"
#include "ws_keepalive.h"

/* For so long nobody has to make room who has just come. */
#define GRACE_MS 1000

struct ws_peer {
	struct ws ws;
	struct peer peer;
	struct ws_peers *peers;
	struct outbox_news sending;	/* what goes out shows */
	struct ws_peer_list *list;	/* the one that it is in */
	TAILQ_ENTRY(ws_peer) entry;
};

TAILQ_HEAD(ws_peer_list, ws_peer);

struct ws_peers {
	struct ws_peers_config config;
	struct ws_peers_settings settings;
	struct ws_peer_list open;	/* longest first */
	struct ws_peer_list closing;	/* by ws_peers_close() */
	size_t count; /* those being opened too */
	struct ws_peers_counts counts;
};

static struct ws_peer *
of_ws(const struct ws *ws)
{
	/* Both stand in a ws_peer that is not constant. */
	uintptr_t at = (uintptr_t)ws - offsetof(struct ws_peer, ws);

	return (struct ws_peer *)at;
}

static struct ws_peer *
of_peer(const struct peer *peer)
{
	return (struct ws_peer *)((uintptr_t)peer -
	    offsetof(struct ws_peer, peer));
}

static void
on_peer_message(struct ws *ws, enum ws_opcode opcode, const char *data,
    size_t len)
{
	struct ws_peer *self = of_ws(ws);
	struct now now = clock_now();

	(void)opcode;	/* binary messages are not accepted: it is text */
	hub_receive(self->peers->config.hub, &self->peer, data, len, &now);
}

static bool
is_peer_ready(const struct ws *ws)
{
	const struct ws_peer *self = of_ws(ws);

	return hub_peer_is_ready(self->peers->config.hub, &self->peer);
}

/* The compressed forms that item has in common with others; or NULL. */
static struct ws_compressed *
packed_of(const struct outbox_item *item)
{
	struct multicart *multicart = item->multicart;

	if (multicart == NULL)
		return NULL;
	return item->len == multicart->bytes->len ? &multicart->packed :
	    &multicart->plain_packed;
}

static bool
is_peer_paced(const struct ws *ws)
{
	return hub_peer_is_throttled(&of_ws(ws)->peer);
}

static size_t
next_bytes_for_peer(const struct ws *ws)
{
	return hub_peer_next_bytes(&of_ws(ws)->peer);
}

static bool
next_for_peer(struct ws *ws, struct ws_outgoing *out)
{
	struct ws_peer *self = of_ws(ws);
	struct outbox_item item;

	if (!hub_peer_next_message(self->peers->config.hub, &self->peer, &item))
		return false;
	*out = (struct ws_outgoing){
		.opcode = WS_TEXT,
		.body = item.body,
		.len = item.len,
		.tail = item.tail,
	};
	/* What is told is small, and would be compressed for each alone. */
	if (!item.is_live)
		ws_compress(ws, out, packed_of(&item));
	multicart_unref(item.multicart);
	self->sending = item.news;
	return true;
}

static void
on_peer_sent(struct ws *ws)
{
	struct ws_peer *self = of_ws(ws);

	latency_add(&self->peers->counts.deliveries, &self->sending);
}

static void
on_peer_pong(struct ws *ws)
{
	struct ws_peer *self = of_ws(ws);
	struct now now = clock_now();

	hub_receive_pong(self->peers->config.hub, &self->peer, &now);
}

static void
on_peer_ping(struct ws *ws)
{
	struct ws_peer *self = of_ws(ws);
	struct now now = clock_now();

	hub_charge_frames(self->peers->config.hub, &self->peer, 1, &now);
}

static void
on_peer_frames(struct ws *ws, unsigned n)
{
	struct ws_peer *self = of_ws(ws);
	struct now now = clock_now();

	hub_charge_frames(self->peers->config.hub, &self->peer, n, &now);
}

static void
on_peer_too_big(struct ws *ws)
{
	struct ws_peer *self = of_ws(ws);
	struct now now = clock_now();

	hub_receive_too_large(self->peers->config.hub, &self->peer, &now);
}

static void
ws_peer_free(struct ws_peer *self)
{
	struct ws_peers *peers = self->peers;

	client_quota_leave(&self->peer, peers->config.quota);
	free(self);
	peers->count--;
}

static void
on_peer_closed(struct ws *ws)
{
	struct ws_peer *self = of_ws(ws);
	struct ws_peers *peers = self->peers;
	struct now now = clock_now();

	log_debug("peer %" PRIu64 ": closed", self->peer.id);
	TAILQ_REMOVE(self->list, self, entry);
	peers->counts.open--;
	peers->counts.closed[ws->end]++;
	hub_detach(peers->config.hub, &self->peer, &now);
	ws_peer_free(self);
	peers->config.gone(peers->config.ctx);
}

static const struct ws_owner owner = {
	.message = on_peer_message,
	.is_ready = is_peer_ready,
	.is_throttled = is_peer_paced,
	.next_bytes = next_bytes_for_peer,
	.next = next_for_peer,
	.sent = on_peer_sent,
	.pong = on_peer_pong,
	.ping = on_peer_ping,
	.frames = on_peer_frames,
	.too_big = on_peer_too_big,
	.closed = on_peer_closed,
};

static void
on_peer_wake(struct peer *peer)
{
	struct ws_peer *self = of_peer(peer);

	if (peer->wants_close) {
		ws_close(&self->ws, WS_CLOSE_POLICY_VIOLATION);
		return;
	}
	if (peer->wants_ping) {
		peer->wants_ping = false;
		ws_keepalive_ping(&self->ws);
	}
	ws_wake(&self->ws);
}

static bool
is_peer_excused(const struct peer *peer)
{
	return ws_keepalive_is_excused(&of_peer(peer)->ws);
}

static const struct peer_ops peer_ops = {
	.wake = on_peer_wake,
	.is_excused = is_peer_excused,
};

struct ws_peers *
ws_peers_new(const struct ws_peers_config *config,
    const struct ws_peers_settings *settings)
{
	struct ws_peers *peers = xcalloc(1, sizeof(*peers));

	peers->config = *config;
	peers->settings = *settings;
	TAILQ_INIT(&peers->open);
	TAILQ_INIT(&peers->closing);
	latency_init(&peers->counts.deliveries);
	return peers;
}

void
ws_peers_configure(struct ws_peers *peers,
    const struct ws_peers_settings *settings)
{
	peers->settings = *settings;
}

void
ws_peers_free(struct ws_peers *peers)
{
	free(peers);
}

size_t
ws_peers_count(const struct ws_peers *peers)
{
	return peers->count;
}

static void
ws_peer_put(struct ws_peer *self, struct ws_peer_list *list)
{
	self->list = list;
	TAILQ_INSERT_TAIL(list, self, entry);
}

void
ws_peers_copy_counts(const struct ws_peers *peers,
    struct ws_peers_counts *counts)
{
	*counts = peers->counts;
}

void
ws_peers_close(struct ws_peers *peers, size_t n, enum ws_close_code code)
{
	struct ws_peer *self;

	for (; n > 0 && (self = TAILQ_FIRST(&peers->open)) != NULL; n--) {
		TAILQ_REMOVE(&peers->open, self, entry);
		ws_peer_put(self, &peers->closing);
		ws_close(&self->ws, code);
	}
}

static bool
make_room(struct ws_peers *peers, const struct shop *shop, uint64_t since_ms,
    const struct now *now)
{
	struct peer *peer = hub_take_unjoined(peers->config.hub, shop,
	    since_ms, now);

	if (peer == NULL)
		return false;
	peers->counts.made_room++;
	ws_abort(&of_peer(peer)->ws);
	return true;
}

bool
ws_peers_make_room(struct ws_peers *peers, uint64_t since_ms)
{
	struct now now = clock_now();

	return make_room(peers, NULL, since_ms, &now);
}

void
ws_peers_make_room_in(struct ws_peers *peers, const struct shop *shop)
{
	struct now now = clock_now();

	if (now.mono_ms > GRACE_MS)
		(void)make_room(peers, shop, now.mono_ms - GRACE_MS, &now);
}

void
ws_peers_abort(struct ws_peers *peers)
{
	struct ws_peer *self;

	TAILQ_FOREACH(self, &peers->open, entry)
		ws_abort(&self->ws);
	TAILQ_FOREACH(self, &peers->closing, entry)
		ws_abort(&self->ws);
}

struct ws_peer *
ws_peer_new(struct ws_peers *peers, const struct client_origin *client)
{
	struct ws_peer *self = xcalloc(1, sizeof(*self));

	if (client_quota_enter(&self->peer, peers->config.quota, client,
		peers->settings.log_addresses) == -1) {
		peers->counts.limited++;
		free(self);
		return NULL;
	}
	self->peers = peers;
	self->peer.ops = &peer_ops;
	self->peer.transport = TRANSPORT_WEBSOCKET;
	peers->count++;
	return self;
}

void
ws_peer_open(struct ws_peer *self, int fd,
    const struct ws_deflate_params *deflate, const void *extra,
    size_t extra_len)
{
	struct ws_peers *peers = self->peers;
	const char *shop = self->peer.shop->name;
	char tag[ID_TAG_HEX + 1];
	struct now now = clock_now();

	if (fd == -1) {
		ws_peer_free(self);
		return;
	}
	client_quota_keep(&self->peer);
	ws_peer_put(self, &peers->open);
	peers->counts.open++;
	peers->counts.opened++;
	hub_attach(peers->config.hub, &self->peer, &now);
	id_log_tag(&peers->config.log_key, self->peer.session_id->data, tag);
	log_debug("peer %" PRIu64 ": connected to session %s%s%s",
	    self->peer.id, tag, shop[0] == '\0' ? "" : " of shop ", shop);
	ws_open(peers->config.service, &self->ws, &owner, fd, deflate, extra,
	    extra_len);
}
