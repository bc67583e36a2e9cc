#include "hub.h"

#include <stdlib.h>

#include "auth.h"
#include "base/timeout.h"
#include "base/xalloc.h"
#include "claim.h"
#include "completion.h"
#include "core.h"
#include "disk_space.h"
#include "dispatch.h"
#include "erasure.h"
#include "here.h"
#include "idle.h"
#include "live.h"
#include "output.h"
#include "presence.h"
#include "publish.h"
#include "quota.h"
#include "refusal_notes.h"
#include "retention.h"
#include "room.h"
#include "said.h"
#include "session_lock.h"
#include "shop.h"
#include "throttle.h"
#include "unjoined.h"
#include "wire/multicart.h"

enum {
	/* Of one peer: beyond these it is not read from. */
	PEER_JOBS_MAX = 64,
	PEER_REPLIES_MAX = 64,
	/* Of all peers together, so that no transaction takes too long. */
	HUB_JOBS_MAX = 4096,
	HUB_CART_BYTES_MAX = 16 * 1024 * 1024
};

/*
 * How much waking is done in one turn, so that others are heard in between, in
 * bytes that go out; for that a message on a WebSocket and an answer over HTTP
 * take as long as so many more.  Of long messages on WebSockets, which count as
 * so much at the most, the net layer sends what a turn has room for.
 */
#define WAKE_BUDGET (16 * 1024 * 1024)
#define WAKE_COST 8192
#define WAKE_POLL_COST 65536
#define WAKE_BYTES_MAX 262144

static struct quota *
new_session_quota(struct hub *hub)
{
	const struct quota_settings settings = {
		.writes = hub->settings.session_writes,
	};
	struct id_key hash_key;

	id_source_bytes(&hub->random, &hash_key, sizeof(hash_key));
	return quota_new(&hash_key, &settings);
}

struct hub *
hub_new(const struct hub_config *config, const struct hub_settings *settings,
    const struct now *now)
{
	struct hub *hub = xcalloc(1, sizeof(*hub));

	hub->config = *config;
	hub->settings = *settings;
	hub->last_session_row = config->session_row;
	hub->last_customer_row = config->customer_row;
	hub->now = *now;
	wall_clock_init(&hub->wall_clock, now);
	hub->message_limit = rate_limit(settings->message_rate, 1,
	    settings->message_burst);
	id_source_init(&hub->random, &config->seed);
	id_source_bytes(&hub->random, &hub->hash_key, sizeof(hub->hash_key));
	hub->session_quota = new_session_quota(hub);
	hub->parser = message_parser_new();
	STAILQ_INIT(&hub->pending);
	STAILQ_INIT(&hub->woken);
	TAILQ_INIT(&hub->changed);
	TAILQ_INIT(&hub->publishing);
	TAILQ_INIT(&hub->encodings);
	TAILQ_INIT(&hub->delayed);
	TAILQ_INIT(&hub->held_back);
	TAILQ_INIT(&hub->throttled);
	TAILQ_INIT(&hub->unjoined);
	TAILQ_INIT(&hub->said);
	TAILQ_INIT(&hub->forgotten);
	TAILQ_INIT(&hub->gathering);
	TAILQ_INIT(&hub->lingering);
	TAILQ_INIT(&hub->absent[false]);
	TAILQ_INIT(&hub->absent[true]);
	TAILQ_INIT(&hub->requested);
	TAILQ_INIT(&hub->claims);
	TAILQ_INIT(&hub->unread);
	TAILQ_INIT(&hub->touched);
	TAILQ_INIT(&hub->locks);
	TAILQ_INIT(&hub->refusals);
	TAILQ_INIT(&hub->erasures);
	TAILQ_INIT(&hub->calls);
	hub->search_ms = settings->session_ttl_ms == 0 ? UINT64_MAX :
	    now->mono_ms;
	disk_space_configure(hub);
	hub->retention.step = RETENTION_OVER;
	hub->retention_ms = retention_first_ms(hub);
	hub->log_head_ms = settings->log_head_ms == 0 ? UINT64_MAX :
	    now->mono_ms + settings->log_head_ms;
	output_configure(hub);
	said_configure(hub);
	hub->seek_ms = UINT64_MAX;
	if (config->has_locked)
		session_lock_seek(hub);
	return hub;
}

/* Who is with a shop that is served no more has to go. */
static void
close_unserved_peers(struct hub *hub)
{
	struct peer *peer, *next;

	HASH_ITER(hh, hub->peers, peer, next) {
		/* Other requests are answered in their turn. */
		if (peer->shop->is_served ||
		    (peer->request != NULL && !peer->request->is_held))
			continue;
		peer->wants_close = true;
		core_wake_peer(hub, peer);
	}
}

void
hub_configure(struct hub *hub, const struct hub_settings *settings,
    const struct now *now)
{
	const struct hub_settings before = hub->settings;
	const struct quota_settings session = {
		.writes = settings->session_writes,
	};

	core_set_now(hub, now);
	hub->settings = *settings;
	hub->message_limit = rate_limit(settings->message_rate, 1,
	    settings->message_burst);
	quota_configure(hub->session_quota, &session);
	output_configure(hub);
	throttle_configure(hub);
	unjoined_configure(hub, &before);
	disk_space_configure(hub);
	said_configure(hub);
	here_configure(hub, &before);
	presence_configure(hub, &before);
	idle_configure(hub, &before);
	session_lock_configure(hub, &before);
	retention_configure(hub);
	hub->log_head_ms = timeout_changed_end_ms(hub->log_head_ms,
	    before.log_head_ms, settings->log_head_ms, now->mono_ms);
	if (!shops_has_one(hub->config.shops))
		close_unserved_peers(hub);
}

void
hub_free(struct hub *hub)
{
	struct job *job;
	struct room *room, *next;
	struct seat *seat;

	while ((job = STAILQ_FIRST(&hub->pending)) != NULL) {
		STAILQ_REMOVE_HEAD(&hub->pending, entry);
		job_free(job);
	}
	/* Rooms free it. */
	while (hub->left != NULL)
		(void)room_get(hub, hub->left->id);
	HASH_ITER(hh, hub->rooms, room, next) {
		/* Jobs under way hold some of them. */
		while ((seat = TAILQ_FIRST(&room->seats)) != NULL) {
			TAILQ_REMOVE(&room->seats, seat, entry);
			free(seat);
		}
		room_free(hub, room);
	}
	refusal_notes_clear(hub);
	erasure_clear(hub);
	quota_free(hub->session_quota);
	message_parser_free(hub->parser);
	free(hub);
}

void
hub_attach(struct hub *hub, struct peer *peer, const struct now *now)
{
	core_set_now(hub, now);
	peer->id = ++hub->last_peer;
	outbox_init(&peer->outbox, &hub->counts.outboxes);
	HASH_ADD(hh, hub->peers, id, sizeof(peer->id), peer);
	unjoined_add(hub, peer);
}

static void
unpark_peer(struct hub *hub, struct peer *peer)
{
	const struct peer_list *list = peer->waiting_in;
	struct message *message = core_unpark_message(peer);
	struct room *room;

	if (message == NULL)
		return;
	message_clear(message);
	free(message);
	room = room_get(hub, peer->session_id);
	if (list == &room->claiming && TAILQ_EMPTY(list))
		claim_end(hub, room);
}

void
hub_detach(struct hub *hub, struct peer *peer, const struct now *now)
{
	struct room *room = peer->seat != NULL ? peer->seat->room : NULL;

	core_set_now(hub, now);
	HASH_DELETE(hh, hub->peers, peer);
	if (peer->is_woken) {
		STAILQ_REMOVE(&hub->woken, peer, peer, woken);
		hub->woken_count--;
	}
	if (peer->waiting_in != NULL)
		unpark_peer(hub, peer);
	throttle_forget(hub, peer);
	outbox_clear(&peer->outbox);
	if (room != NULL)
		presence_unbind(hub, peer);
	unjoined_remove(hub, peer);
	free(peer->told);
	peer->told = NULL;
	if (room == NULL)
		return;
	if (claim_is_vacant(room) && !hub->is_draining)
		dispatch_claims(hub, room);
	else
		room_release(hub, room);
}

static bool
is_congested(const struct hub *hub)
{
	return hub->jobs >= HUB_JOBS_MAX ||
	    hub->cart_bytes >= HUB_CART_BYTES_MAX;
}

bool
hub_peer_is_ready(const struct hub *hub, const struct peer *peer)
{
	return peer->waiting_in == NULL && !peer->is_moving &&
	    !peer->is_throttled && !hub->is_draining &&
	    peer->jobs < PEER_JOBS_MAX &&
	    peer->outbox.reply_count < PEER_REPLIES_MAX;
}

bool
hub_peer_is_throttled(const struct peer *peer)
{
	return peer->is_throttled;
}

/* A peer whose message came when too many are under way waits. */
static void
hold_if_congested(struct hub *hub, struct peer *peer)
{
	if (is_congested(hub))
		core_hold_back(hub, peer);
}

void
hub_receive(struct hub *hub, struct peer *peer, const char *text,
    size_t len, const struct now *now)
{
	struct message message;
	struct message_error error;

	core_set_now(hub, now);
	/* Of requests the customer is charged that they prove. */
	if (peer->request == NULL)
		throttle_charge(hub, peer, throttle_units(len));
	if (message_parse(hub->parser, text, len, &message, &error) == -1)
		dispatch_unreadable(hub, peer, &error);
	else
		dispatch_message(hub, peer, &message);
	hold_if_congested(hub, peer);
}

void
hub_receive_query(struct hub *hub, struct peer *peer, const char *query,
    const struct now *now)
{
	struct message message;
	struct message_error error;

	core_set_now(hub, now);
	if (message_parse_query(query, &message, &error) == -1)
		dispatch_unreadable(hub, peer, &error);
	else
		dispatch_message(hub, peer, &message);
	hold_if_congested(hub, peer);
}

void
hub_receive_too_large(struct hub *hub, struct peer *peer, const struct now *now)
{
	static const struct message_error error = {
		.code = REFUSAL_MESSAGE_TOO_LARGE,
	};
	const struct customer *customer = auth_customer(peer);

	core_set_now(hub, now);
	hub->counts.messages[MESSAGE_NONE][HUB_REFUSED]++;
	if (customer != NULL)
		refusal_notes_add(hub, peer->seat->room, customer, peer,
		    &error);
}

/* The customer of seat, which may be NULL, is given multicart. */
static void
note_given(struct seat *seat, const struct multicart *multicart)
{
	if (seat == NULL)
		return;
	seat->given_incarnation = multicart->incarnation;
	seat->given_revision = multicart->revision;
}

bool
hub_peer_next_message(struct hub *hub, struct peer *peer,
    struct outbox_item *item)
{
	bool was_full = peer->outbox.reply_count >= PEER_REPLIES_MAX;
	bool with_cursor = peer->seat != NULL && peer->seat->has_token;

	if (!outbox_take(&peer->outbox, with_cursor, item) &&
	    !live_take(hub, peer, item))
		return false;
	if (item->multicart != NULL) {
		peer->seen_incarnation = item->multicart->incarnation;
		peer->seen_revision = item->multicart->revision;
		note_given(peer->seat, item->multicart);
		live_set_cursor(peer, item);
	}
	if (was_full)
		core_wake_peer(hub, peer);
	return true;
}

size_t
hub_peer_next_bytes(const struct peer *peer)
{
	return outbox_is_empty(&peer->outbox) ? live_next_bytes(peer) :
	    outbox_next_bytes(&peer->outbox);
}

bool
hub_peer_has_live(const struct peer *peer)
{
	return live_has_news(peer);
}

const char *
hub_peer_number(struct peer *peer)
{
	return live_number(peer);
}

void
hub_receive_pong(struct hub *hub, struct peer *peer, const struct now *now)
{
	core_set_now(hub, now);
	throttle_charge(hub, peer, 1);
	if (peer->seat != NULL)
		claim_host_lives(hub, peer->seat);
}

void
hub_charge_frames(struct hub *hub, struct peer *peer, unsigned n,
    const struct now *now)
{
	core_set_now(hub, now);
	throttle_charge(hub, peer, n);
}

struct peer *
hub_take_unjoined(struct hub *hub, const struct shop *shop, uint64_t since_ms,
    const struct now *now)
{
	core_set_now(hub, now);
	return unjoined_take(hub, shop, since_ms);
}

bool
hub_peer_is_answered(const struct peer *peer)
{
	if (peer->request->is_held)
		return peer->outbox.multicart != NULL || live_has_news(peer);
	return peer->jobs == 0 && peer->waiting_in == NULL;
}

void
hub_take_jobs(struct hub *hub, struct job_list *jobs)
{
	publish_encode_changed(hub);
	disk_space_end_turn(hub);
	STAILQ_CONCAT(jobs, &hub->pending);
	hub->jobs_out = hub->jobs;
	hub->is_waiting = !STAILQ_EMPTY(jobs);
}

void
hub_keep_webhook(struct hub *hub, struct webhook_state *state)
{
	struct job *job = job_new(JOB_WEBHOOK);

	job->webhook = state;
	core_submit_job(hub, NULL, job);
}

bool
hub_has_jobs_out(const struct hub *hub)
{
	return hub->is_waiting;
}

static void
resume_held_back(struct hub *hub)
{
	struct peer *peer;

	if (is_congested(hub))
		return;
	while ((peer = TAILQ_FIRST(&hub->held_back)) != NULL) {
		unpark_peer(hub, peer);
		core_wake_peer(hub, peer);
	}
}

static void
judge_unanswered_claims(struct hub *hub)
{
	struct room *room;

	while ((room = claim_next_unanswered(hub)) != NULL)
		dispatch_claims(hub, room);
}

static void
log_chain_head(struct hub *hub)
{
	if (hub->now.mono_ms < hub->log_head_ms)
		return;
	hub->log_head_ms = hub->now.mono_ms + hub->settings.log_head_ms;
	core_submit_job(hub, NULL, job_new(JOB_LOG_HEAD));
}

static uint64_t
log_chain_head_ms(const struct hub *hub)
{
	return hub->log_head_ms;
}

/* In the order in which they run; refusal_notes alone runs to the end. */
static const struct timer {
	void	 (*tick)(struct hub *hub);
	uint64_t (*next_ms)(const struct hub *hub);
} timers[] = {
	{ publish_tick, publish_next_ms },
	{ throttle_tick, throttle_next_ms },
	{ unjoined_tick, unjoined_next_ms },
	{ here_tick, here_next_ms },
	{ said_tick, said_next_ms },
	{ presence_tick, presence_next_ms },
	{ judge_unanswered_claims, claim_next_ms },
	{ room_tick, room_next_ms },
	{ idle_tick, idle_next_ms },
	{ session_lock_tick, session_lock_next_ms },
	{ erasure_tick, erasure_next_ms },
	{ retention_tick, retention_next_ms },
	{ log_chain_head, log_chain_head_ms },
	{ disk_space_tick, disk_space_next_ms },
};

enum { TIMERS = sizeof(timers) / sizeof(*timers) };

void
hub_tick(struct hub *hub, const struct now *now)
{
	size_t i, n;

	core_set_now(hub, now);
	refusal_notes_tick(hub);
	n = hub->is_draining ? 0 : TIMERS;
	for (i = 0; i < n; i++)
		timers[i].tick(hub);
}

uint64_t
hub_next_tick_ms(const struct hub *hub)
{
	uint64_t next_ms = refusal_notes_next_ms(hub);
	size_t i, n = hub->is_draining ? 0 : TIMERS;

	for (i = 0; i < n; i++) {
		uint64_t ms = timers[i].next_ms(hub);

		if (ms < next_ms)
			next_ms = ms;
	}
	return next_ms;
}

void
hub_complete_jobs(struct hub *hub, struct job_list *jobs, const struct now *now)
{
	core_set_now(hub, now);
	hub->is_waiting = false;
	hub->jobs_out = 0;
	complete_jobs(hub, jobs);
	resume_held_back(hub);
}

static size_t
wake_cost(const struct peer *peer)
{
	size_t bytes = outbox_multicart_bytes(&peer->outbox);

	if (peer->request != NULL)
		return WAKE_POLL_COST + bytes;
	return WAKE_COST + (bytes < WAKE_BYTES_MAX ? bytes : WAKE_BYTES_MAX);
}

void
hub_wake_peers(struct hub *hub)
{
	size_t n = hub->woken_count, spent = 0;

	publish_begin_turn(hub);
	hub->turn++;
	/* Who is woken anew meanwhile, or is too many for now, has its turn in
	 * the next one. */
	while (n-- > 0 && spent < WAKE_BUDGET && !STAILQ_EMPTY(&hub->woken)) {
		struct peer *peer = STAILQ_FIRST(&hub->woken);

		spent += wake_cost(peer);
		STAILQ_REMOVE_HEAD(&hub->woken, woken);
		hub->woken_count--;
		peer->is_woken = false;
		peer->ops->wake(peer);
	}
	resume_held_back(hub);
}

bool
hub_has_woken(const struct hub *hub)
{
	return hub->woken_count > 0;
}

void
hub_copy_counts(const struct hub *hub, struct hub_counts *counts)
{
	*counts = hub->counts;
	counts->has_free_bytes = hub->disk_space.is_known;
	counts->free_bytes = hub->disk_space.free_bytes;
	counts->min_free_bytes = hub->settings.min_free_bytes;
	counts->retention_behind_ms = retention_behind_ms(hub);
	counts->sessions = HASH_COUNT(hub->rooms);
	counts->jobs_in_flight = hub->jobs_out;
	counts->jobs_pending = hub->jobs - hub->jobs_out;
	counts->peers_woken = hub->woken_count;
}

void
hub_drain(struct hub *hub)
{
	hub->is_draining = true;
	refusal_notes_flush(hub);
}

bool
hub_is_drained(const struct hub *hub)
{
	return hub->jobs == 0;
}
