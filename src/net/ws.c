#include "ws.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "loop_lag.h"
#include "ws_inflation.h"
#include "ws_input.h"
#include "ws_keepalive.h"
#include "ws_output.h"
#include "ws_send.h"
#include "ws_state.h"

enum {
	REST_MS = 20,		/* from when inflating has come to its rate */
	CLOSE_TIMEOUT_MS = 5000	/* for the peer's close frame, then its FIN */
};

static void
on_ws_socket(uv_poll_t *poll, int status, int events)
{
	struct ws *ws = poll->data;

	loop_lag_begin(poll->loop);
	if (status < 0) {
		ws_abort(ws);
		return;
	}
	if ((events & UV_WRITABLE) != 0)
		ws->is_blocked = false;
	if ((events & UV_DISCONNECT) != 0)
		ws_input_note_end(ws);
	if ((events & UV_READABLE) != 0)
		ws_input_receive(ws);
	ws_output_flush(ws);
}

/* The connection that waits for a deadline of that kind. */
static struct ws *
ws_of_deadline(struct deadline *deadline, enum ws_wait kind)
{
	struct ws_backlog *backlog;
	struct ws_message_timer *timer;
	char *at = (char *)deadline;

	if (kind == WS_WAIT_STALL) {
		backlog = (void *)(at - offsetof(struct ws_backlog, stall));
		return backlog->ws;
	}
	if (kind == WS_WAIT_MESSAGE) {
		timer = (void *)(at -
		    offsetof(struct ws_message_timer, deadline));
		return timer->ws;
	}
	return (void *)(at - offsetof(struct ws, life));
}

static void
on_stall(struct ws *ws)
{
	if (ws_output_goes_on(ws))
		return;
	log_debug("ws: peer takes nothing");
	ws_send_cut(&ws->out);
	ws_input_close(ws, WS_END_STALL, WS_CLOSE_POLICY_VIOLATION);
}

static void
on_ws_deadline(struct deadline *deadline, unsigned kind)
{
	struct ws *ws = ws_of_deadline(deadline, (enum ws_wait)kind);

	switch ((enum ws_wait)kind) {
	case WS_WAIT_NONE:
		break;
	case WS_WAIT_TURN:
	case WS_WAIT_REST:
		ws_input_read_on(ws);
		break;
	case WS_WAIT_SILENCE:
		ws_keepalive_ping(ws);
		break;
	case WS_WAIT_PONG:
		ws_keepalive_on_timeout(ws);
		break;
	case WS_WAIT_CLOSE:
		ws_abort(ws);
		break;
	case WS_WAIT_STALL:
		on_stall(ws);
		break;
	case WS_WAIT_MESSAGE:
		ws_input_on_timeout(ws);
		break;
	case WS_WAITS:
		break;
	}
}

static void
ws_durations(const struct ws_settings *settings,
    uint64_t wait_ms[DEADLINE_KINDS_MAX])
{
	wait_ms[WS_WAIT_SILENCE] = deadline_seconds(settings->ping_interval_s);
	wait_ms[WS_WAIT_PONG] = deadline_seconds(settings->pong_timeout_s);
	wait_ms[WS_WAIT_STALL] = deadline_seconds(settings->stall_timeout_s);
	wait_ms[WS_WAIT_MESSAGE] =
	    deadline_seconds(settings->message_timeout_s);
	wait_ms[WS_WAIT_CLOSE] = CLOSE_TIMEOUT_MS;
	wait_ms[WS_WAIT_REST] = REST_MS;
}

struct ws_service *
ws_service_new(const struct ws_config *config,
    const struct ws_settings *settings)
{
	struct ws_service *service = xcalloc(1, sizeof(*service));
	uint64_t wait_ms[DEADLINE_KINDS_MAX] = { 0 };

	service->config = *config;
	service->settings = *settings;
	service->on_socket = on_ws_socket;
	TAILQ_INIT(&service->lines[WS_LINE_BEGUN]);
	TAILQ_INIT(&service->lines[WS_LINE_NEW]);
	ws_output_turn(service);
	ws_durations(settings, wait_ms);
	service->deadlines =
	    deadlines_new(config->loop, wait_ms, on_ws_deadline);
	service->codec = ws_codec_new();
	ws_compressor_init(&service->compressor, service->codec,
	    settings->compression_rate);
	ws_inflation_set(service, settings->inflation_rate);
	return service;
}

void
ws_service_configure(struct ws_service *service,
    const struct ws_settings *settings)
{
	uint64_t wait_ms[DEADLINE_KINDS_MAX] = { 0 };

	service->settings = *settings;
	ws_compressor_configure(&service->compressor,
	    settings->compression_rate);
	ws_inflation_set(service, settings->inflation_rate);
	ws_durations(settings, wait_ms);
	deadlines_configure(service->deadlines, wait_ms);
}

void
ws_service_turn(struct ws_service *service)
{
	ws_output_turn(service);
}

bool
ws_service_is_behind(const struct ws_service *service)
{
	return ws_output_is_behind(service);
}

void
ws_service_copy_counts(const struct ws_service *service,
    struct ws_service_counts *counts)
{
	counts->compressed_bytes = service->compressor.bytes;
}

void
ws_service_free(struct ws_service *service)
{
	deadlines_free(service->deadlines);
	ws_codec_free(service->codec);
	free(service);
}

static void
ws_init(struct ws *ws, struct ws_service *service,
    const struct ws_owner *owner, const struct ws_deflate_params *deflate)
{
	size_t max = service->settings.max_message;

	*ws = (struct ws){
		.service = service,
		.owner = owner,
	};
	ws->poll.data = ws;
	if (deflate != NULL)
		ws->window_bits = (uint8_t)deflate->server_max_window_bits;
	ws_parser_init(&ws->parser, max == 0 ? UINT32_MAX - WS_CONTROL_MAX :
	    max, service->config.accept_binary,
	    deflate == NULL ? NULL : service->codec);
	ws_send_init(&ws->out);
}

void
ws_open(struct ws_service *service, struct ws *ws,
    const struct ws_owner *owner, int fd,
    const struct ws_deflate_params *deflate, const void *extra,
    size_t extra_len)
{
	int on = 1, error;

	ws_init(ws, service, owner, deflate);
	ws->fd = fd;
	/* It fails on a socket that is not TCP, which has no such delay. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	error = uv_poll_init(service->config.loop, &ws->poll, fd);
	if (error < 0) {
		log_warnx("ws: %s", uv_strerror(error));
		close(fd);
		ws->state = WS_STATE_CLOSED;
		ws_wait_for_turn(ws);
		return;
	}
	ws_wait_for(ws, WS_WAIT_SILENCE);
	if (extra_len > 0) {
		ws->is_paused = true;
		ws_wait_for_turn(ws);
		ws_input_keep(ws, extra, extra_len);
	}
	if (ws->state == WS_STATE_OPEN)
		ws_watch_socket(ws);
}

void
ws_wake(struct ws *ws)
{
	ws_output_flush(ws);
}

void
ws_compress(struct ws *ws, struct ws_outgoing *message,
    struct ws_compressed *shared)
{
	struct ws_service *service = ws->service;

	if (ws->window_bits != 0)
		ws_compressor_compress(&service->compressor,
		    ws_window_for(ws->window_bits), message, shared,
		    uv_now(service->config.loop));
}

void
ws_close(struct ws *ws, enum ws_close_code code)
{
	ws_input_close(ws, WS_END_OWNER, code);
}
