#include "drain.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include <systemd/sd-daemon.h>

#include "api/api_listener.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "hub/hub.h"
#include "net/fcgi.h"
#include "net/longpoll.h"
#include "net/router.h"
#include "net/ws_peer.h"
#include "transports.h"

/* How long storage and peers are waited for, besides the time to close. */
#define LINGER_MS 10000

enum drain_state {
	DRAIN_SETTLING,		/* what was received */
	DRAIN_CLOSING,		/* one WebSocket after the other */
	DRAIN_LEAVING		/* all were told: they are to go */
};

struct drain {
	struct drain_config config;
	enum drain_state state;
	uint64_t duration_ms;
	uint64_t begun_ms;		/* to close, on the monotonic clock */
	size_t	 count;			/* of WebSockets then */
	size_t	 closed;		/* of them so far */
	uv_timer_t pace;		/* until the next one is due */
	uv_timer_t limit;
};

size_t
drain_closed_by(size_t count, uint64_t elapsed_ms, uint64_t duration_ms)
{
	uint64_t due;

	if (elapsed_ms >= duration_ms)
		return count;
	due = count * elapsed_ms / duration_ms + 1;
	return due < count ? (size_t)due : count;
}

uint64_t
drain_next_close_ms(size_t count, size_t due, uint64_t duration_ms)
{
	return (due * duration_ms + count - 1) / count;
}

/* The turn that follows does what is due. */
static void
on_next_close(uv_timer_t *timer)
{
	(void)timer;
}

static void
on_drain_timeout(uv_timer_t *timer)
{
	struct drain *drain = timer->data;

	log_warnx("stopping without waiting any longer");
	drain->config.done(drain->config.ctx);
}

static void
start_drain_timeout(struct drain *drain)
{
	uv_timer_start(&drain->limit, on_drain_timeout,
	    drain->duration_ms + LINGER_MS, 0);
}

static void
notify_stopping(const struct drain *drain)
{
	uint64_t limit_ms = drain->duration_ms + LINGER_MS;

	/* Whether anybody listens for this is not ours to judge. */
	(void)sd_notifyf(0, "STOPPING=1\nSTATUS=draining: %zu WebSockets\n"
	    "EXTEND_TIMEOUT_USEC=%" PRIu64,
	    ws_peers_count(drain->config.transports->peers), limit_ms * 1000);
}

struct drain *
drain_start(const struct drain_config *config)
{
	struct drain *drain = xcalloc(1, sizeof(*drain));

	drain->config = *config;
	drain->duration_ms = config->duration_ms;
	uv_timer_init(config->loop, &drain->pace);
	uv_timer_init(config->loop, &drain->limit);
	drain->pace.data = drain;
	drain->limit.data = drain;
	notify_stopping(drain);
	transports_stop_accepting(config->transports);
	router_drain(config->transports->router);
	hub_drain(config->hub);
	longpolls_drain(config->transports->longpolls);
	api_listener_drain(config->api);
	start_drain_timeout(drain);
	return drain;
}

static void
start_closing(struct drain *drain)
{
	drain->state = DRAIN_CLOSING;
	drain->begun_ms = clock_now().mono_ms;
	drain->count = ws_peers_count(drain->config.transports->peers);
}

static void
close_next_websockets(struct drain *drain)
{
	uint64_t elapsed_ms = clock_now().mono_ms - drain->begun_ms;
	size_t due =
	    drain_closed_by(drain->count, elapsed_ms, drain->duration_ms);

	if (due >= drain->count) {
		drain->state = DRAIN_LEAVING;
		return;
	}
	ws_peers_close(drain->config.transports->peers, due - drain->closed,
	    WS_CLOSE_SERVICE_RESTART);
	drain->closed = due;
	uv_timer_start(&drain->pace, on_next_close,
	    drain_next_close_ms(drain->count, due, drain->duration_ms) -
		elapsed_ms,
	    0);
}

/* Whether an answer is under way still. */
static bool
has_pending_answers(const struct drain *drain)
{
	return longpolls_count(drain->config.transports->longpolls) > 0 ||
	    fcgi_service_pending(drain->config.transports->fcgi) > 0 ||
	    api_listener_pending(drain->config.api) > 0 ||
	    !hub_is_drained(drain->config.hub);
}

void
drain_step(struct drain *drain)
{
	struct ws_peers *peers = drain->config.transports->peers;

	if (drain->state == DRAIN_SETTLING &&
	    hub_is_drained(drain->config.hub) &&
	    !hub_has_woken(drain->config.hub))
		start_closing(drain);
	if (drain->state == DRAIN_CLOSING)
		close_next_websockets(drain);
	/* Also those whose handshake was being answered. */
	if (drain->state == DRAIN_LEAVING)
		ws_peers_close(peers, SIZE_MAX, WS_CLOSE_SERVICE_RESTART);
	if (ws_peers_count(peers) == 0 && !has_pending_answers(drain))
		drain->config.done(drain->config.ctx);
}

void
drain_hurry(struct drain *drain)
{
	if (drain->state == DRAIN_LEAVING || drain->duration_ms == 0) {
		log_info("stopping at once");
		drain->config.done(drain->config.ctx);
		return;
	}
	log_info("stopping: closing all WebSockets now");
	drain->duration_ms = 0;
	start_drain_timeout(drain);
}

static void
free_drain(uv_handle_t *handle)
{
	free(handle->data);
}

static void
on_next_close_closed(uv_handle_t *handle)
{
	struct drain *drain = handle->data;

	uv_close((uv_handle_t *)&drain->limit, free_drain);
}

void
drain_free(struct drain *drain)
{
	if (drain == NULL)
		return;
	uv_timer_stop(&drain->limit);
	uv_close((uv_handle_t *)&drain->pace, on_next_close_closed);
}
