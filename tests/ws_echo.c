#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <uv.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "net/exchange.h"
#include "net/http.h"
#include "net/listener.h"
#include "net/unsent.h"
#include "net/ws.h"
#include "wire/ws_handshake.h"

/*
 * ws_echo PORT [deflate]: the daemon's WebSocket layer with nothing behind it
 * but an echo, for conformance suites.  Says "listening on PORT" and ends with
 * SIGTERM or SIGINT.
 */

enum {
	MAX_MESSAGE_BYTES = 16 * 1024 * 1024,
	/* More to be echoed stops reading: two messages of the largest size. */
	MAX_QUEUED_BYTES = 2 * MAX_MESSAGE_BYTES,
	/* The least that a message is counted for. */
	MESSAGE_COST_BYTES = 64,
	HEAD_TIMEOUT_S = 10,
	IDLE_TIMEOUT_S = 30,
	PING_INTERVAL_S = 60,
	PONG_TIMEOUT_S = 30,
	STALL_TIMEOUT_S = 60,
	STATUS_SWITCHING_PROTOCOLS = 101
};

struct message {
	STAILQ_ENTRY(message) entry;
	enum ws_opcode opcode;
	struct payload *body;
};

STAILQ_HEAD(message_list, message);
TAILQ_HEAD(echo_list, echo);

struct server {
	uv_loop_t loop;
	struct listener *listener;
	struct http *http;
	struct unsent *unsent;
	struct ws_service *service;
	uv_prepare_t turn;
	uv_timer_t timer;	/* when http wants to be run next */
	uv_signal_t signals[2];
	struct ws_handshake_policy policy;
	struct ws_handshake handshake;	/* the last one */
	struct echo_list echoes;
	bool	 is_stopping;
};

struct echo {
	TAILQ_ENTRY(echo) entry;
	struct ws ws;
	struct server *server;
	bool	 is_deflated;
	struct ws_deflate_params params;
	struct message_list messages;
	size_t	 queued;
};

static struct echo *
echo_of(const struct ws *ws)
{
	return (struct echo *)((uintptr_t)ws - offsetof(struct echo, ws));
}

static size_t
cost(const struct payload *body)
{
	return (size_t)body->len + MESSAGE_COST_BYTES;
}

static void
on_message(struct ws *ws, enum ws_opcode opcode, const char *data, size_t len)
{
	struct echo *echo = echo_of(ws);
	struct message *message = xcalloc(1, sizeof(*message));

	message->opcode = opcode;
	message->body = payload_new(data, len);
	STAILQ_INSERT_TAIL(&echo->messages, message, entry);
	echo->queued += cost(message->body);
	ws_wake(ws);
}

static bool
is_throttled(const struct ws *ws)
{
	(void)ws;	/* as much as it sends is echoed */
	return false;
}

static bool
is_ready(const struct ws *ws)
{
	return echo_of(ws)->queued < MAX_QUEUED_BYTES;
}

static bool
take_message(struct echo *echo, struct ws_outgoing *out)
{
	struct message *message = STAILQ_FIRST(&echo->messages);

	if (message == NULL)
		return false;
	STAILQ_REMOVE_HEAD(&echo->messages, entry);
	echo->queued -= cost(message->body);
	*out = (struct ws_outgoing){
		.opcode = message->opcode,
		.body = message->body,
		.len = message->body->len,
	};
	free(message);
	return true;
}

static size_t
next_bytes(const struct ws *ws)
{
	const struct message *message = STAILQ_FIRST(&echo_of(ws)->messages);

	return message == NULL ? 0 : message->body->len;
}

static bool
next_message(struct ws *ws, struct ws_outgoing *out)
{
	if (!take_message(echo_of(ws), out))
		return false;
	ws_compress(ws, out, NULL);
	return true;
}

static void
on_sent(struct ws *ws)
{
	(void)ws;	/* nobody counts */
}

static void
on_pong(struct ws *ws)
{
	(void)ws;	/* nobody asked */
}

static void
on_frames(struct ws *ws, unsigned n)
{
	(void)ws;	/* as many as it likes */
	(void)n;
}

static void
on_ping(struct ws *ws)
{
	(void)ws;	/* is answered */
}

static void
free_services(struct server *server)
{
	ws_service_free(server->service);
	unsent_free(server->unsent);
}

static void
on_closed(struct ws *ws)
{
	struct echo *echo = echo_of(ws);
	struct server *server = echo->server;
	struct ws_outgoing rest;

	while (take_message(echo, &rest))
		payload_unref(rest.body);
	TAILQ_REMOVE(&server->echoes, echo, entry);
	free(echo);
	listener_release(server->listener);
	if (server->is_stopping && TAILQ_EMPTY(&server->echoes))
		free_services(server);
}

static void
on_too_big(struct ws *ws)
{
	(void)ws;	/* its close frame says so */
}

static const struct ws_owner ws_owner = {
	.message = on_message,
	.is_ready = is_ready,
	.is_throttled = is_throttled,
	.next_bytes = next_bytes,
	.next = next_message,
	.sent = on_sent,
	.pong = on_pong,
	.ping = on_ping,
	.frames = on_frames,
	.too_big = on_too_big,
	.closed = on_closed,
};

static void
on_request(void *ctx, const struct exchange_request *request,
    struct exchange_answer *answer)
{
	struct server *server = ctx;
	struct ws_handshake *handshake = &server->handshake;
	struct echo *echo;

	ws_handshake_decide(request->handshake, &server->policy, handshake);
	answer->status = (unsigned)handshake->status;
	answer->closes = true;
	if (answer->status != STATUS_SWITCHING_PROTOCOLS)
		return;
	echo = xcalloc(1, sizeof(*echo));
	echo->server = server;
	echo->is_deflated = handshake->deflate;
	echo->params = handshake->params;
	STAILQ_INIT(&echo->messages);
	answer->handshake = handshake;
	answer->upgrade = echo;
}

static void
on_upgraded(void *upgrade, int fd, const void *extra, size_t extra_len)
{
	struct echo *echo = upgrade;
	struct server *server = echo->server;

	if (fd == -1) {
		free(echo);
		return;
	}
	TAILQ_INSERT_TAIL(&server->echoes, echo, entry);
	ws_open(server->service, &echo->ws, &ws_owner, fd,
	    echo->is_deflated ? &echo->params : NULL, extra, extra_len);
}

static void
on_ended(void *ctx, const struct sockaddr *counted)
{
	struct server *server = ctx;

	(void)counted;	/* NULL */
	listener_release(server->listener);
}

static const struct http_owner http_owner = {
	.request = on_request,
	.upgraded = on_upgraded,
	.ended = on_ended,
};

static void
on_accepted(void *ctx, int fd, const struct sockaddr *address, socklen_t len)
{
	struct server *server = ctx;

	http_add(server->http, fd, address, len);
}

/* The loop only has to wake up: on_turn() does the rest. */
static void
on_http_due(uv_timer_t *timer)
{
	(void)timer;	/* has nothing to tell */
}

static void
on_turn(uv_prepare_t *prepare)
{
	struct server *server = prepare->data;
	int wait_ms = http_run(server->http);

	ws_service_turn(server->service);
	if (ws_service_is_behind(server->service))
		wait_ms = 0;
	if (wait_ms == -1)
		uv_timer_stop(&server->timer);
	else
		uv_timer_start(&server->timer, on_http_due, (uint64_t)wait_ms,
		    0);
}

static void
on_signal(uv_signal_t *signal, int number)
{
	struct server *server = signal->data;
	struct echo *echo;

	(void)number;	/* both mean the same */
	if (server->is_stopping)
		return;
	server->is_stopping = true;
	listener_stop(server->listener);
	http_stop(server->http);
	uv_close((uv_handle_t *)&server->turn, NULL);
	uv_close((uv_handle_t *)&server->timer, NULL);
	uv_close((uv_handle_t *)&server->signals[0], NULL);
	uv_close((uv_handle_t *)&server->signals[1], NULL);
	TAILQ_FOREACH(echo, &server->echoes, entry)
		ws_close(&echo->ws, WS_CLOSE_GOING_AWAY);
	if (TAILQ_EMPTY(&server->echoes))
		free_services(server);
}

static void
start_net(struct server *server)
{
	const struct unsent_settings unsent = { .max_bytes = 0 };
	struct ws_config ws = {
		.loop = &server->loop,
		.accept_binary = true,
	};
	const struct ws_settings ws_settings = {
		.max_message = MAX_MESSAGE_BYTES,
		.ping_interval_s = PING_INTERVAL_S,
		.pong_timeout_s = PONG_TIMEOUT_S,
		.stall_timeout_s = STALL_TIMEOUT_S,
	};
	struct http_config http = {
		.name = "http",
		.loop = &server->loop,
		.idle_timeout_s = IDLE_TIMEOUT_S,
		.owner = &http_owner,
		.ctx = server,
	};
	const struct http_settings http_settings = {
		.head_timeout_s = HEAD_TIMEOUT_S,
	};
	const struct listener_config listener = {
		.loop = &server->loop,
		.limit = "connections",
	};

	server->unsent = unsent_new(&server->loop, &unsent);
	ws.unsent = server->unsent;
	http.unsent = server->unsent;
	server->service = ws_service_new(&ws, &ws_settings);
	server->listener = listener_new(&listener, 0);
	server->http = http_new(&http, &http_settings);
	if (server->http == NULL)
		exit(EXIT_FAILURE);
}

static void
start_loop(struct server *server)
{
	static const int numbers[] = { SIGTERM, SIGINT };
	size_t i;

	uv_prepare_init(&server->loop, &server->turn);
	server->turn.data = server;
	uv_prepare_start(&server->turn, on_turn);
	uv_timer_init(&server->loop, &server->timer);
	for (i = 0; i < 2; i++) {
		uv_signal_init(&server->loop, &server->signals[i]);
		server->signals[i].data = server;
		uv_signal_start(&server->signals[i], on_signal, numbers[i]);
	}
}

static unsigned
parse_port(const char *text)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || port > UINT16_MAX)
		fatalx("not a port: %s", text);
	return (unsigned)port;
}

int
main(int argc, char **argv)
{
	static struct server server;
	static const struct listener_user user = {
		.accepted = on_accepted,
		.ctx = &server,
	};
	int port;

	if (argc < 2 || argc > 3 ||
	    (argc == 3 && strcmp(argv[2], "deflate") != 0))
		fatalx("usage: ws_echo PORT [deflate]");
	server.policy.compression = argc == 3;
	TAILQ_INIT(&server.echoes);
	uv_loop_init(&server.loop);
	start_net(&server);
	start_loop(&server);
	port = listener_add_tcp(server.listener, parse_port(argv[1]), &user);
	if (port == -1)
		return EXIT_FAILURE;
	printf("listening on %d\n", port);
	fflush(stdout);
	uv_run(&server.loop, UV_RUN_DEFAULT);
	uv_loop_close(&server.loop);
	http_free(server.http);
	listener_free(server.listener);
	return EXIT_SUCCESS;
}
