#include "ws.h"

#include <assert.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "unsent.h"
#include "ws_compressor.h"

enum {
	SCRATCH_BYTES = 65536, /* what a connection is read at most per turn */
	SEND_BYTES = 262144, /* what is sent on it at most per turn ... */
	SEND_COST_BYTES = 1024, /* ... where each call counts as so much more */
	TURN_BYTES = 4194304, /* what all send at most per turn, but for */
	SMALL_BYTES = 65536,	/* messages with no more than this to go */
	EVENTS_MAX = 64,	/* messages and control frames read per turn */
	REST_MS = 20, /* from when inflating has come to its rate */
	INFLATION_SHARES = 16, /* what all inflate, in rates of one ... */
	INFLATION_BURSTS = 4,	/* ... and in so many parts of a second */
	CLOSE_TIMEOUT_MS = 5000, /* for the peer's close frame, then its FIN */
	REST_TIMEOUT_S = 30	/* to read what a peer that is gone said */
};

/* Kinds of deadlines. */
enum ws_wait {
	WS_WAIT_NONE = DEADLINE_NONE,
	WS_WAIT_TURN = DEADLINE_TURN,	/* to read on */
	WS_WAIT_SPEECH, /* for anything at all, else the peer is pinged */
	WS_WAIT_PONG,
	WS_WAIT_CLOSE,
	WS_WAIT_REST,	/* not for the peer: reading rests */
	WS_WAIT_TAKE,	/* for room to send; ws_backlog's */
	WS_WAIT_WHOLE,	/* for the end of a message; ws_clock's */
	WS_WAITS
};

_Static_assert((int)WS_WAITS <= (int)DEADLINE_KINDS_MAX,
    "each kind has its list");

enum ws_state {
	STATE_OPEN,
	STATE_CLOSING,		/* our close frame is queued or sent */
	STATE_LINGERING,	/* the peer is to read it and end the stream */
	STATE_CLOSED /* the descriptor is gone, closed() is due */
};

/* What waits until the socket takes more of it, or others had their turn. */
struct ws_backlog {
	struct ws *ws;
	struct unsent_item unsent; /* ws->out's message */
	struct deadline take; /* until when the peer has to take something */
	uint64_t taken;		/* what it had taken when that was set */
	TAILQ_ENTRY(ws_backlog) entry;	/* service->outspent, ... */
	bool is_outspent; /* ... if so: the socket is not asked */
};

TAILQ_HEAD(ws_backlog_list, ws_backlog);

struct ws_service {
	struct ws_config config;
	struct ws_settings settings;
	struct deadlines *deadlines;
	size_t	 turn_left;	/* bytes to be sent in this turn */
	struct ws_backlog_list outspent;	/* go on in the next one */
	struct ws_codec *codec;
	struct ws_compressor packer;
	struct rate_limit inflation;
	struct rate_limit inflation_of_all;
	struct rate inflated;	/* by all */
	uint8_t	 scratch[SCRATCH_BYTES];
};

/* How long what has begun to come may take to be there. */
struct ws_message_timer {
	struct ws *ws;
	struct deadline whole;
	uint64_t since_ms;	/* when it was started ... */
	uint64_t spent_ms;	/* ... having run for so long before */
};

/* What was received, but the owner was not ready for it. */
struct ws_unread {
	struct buf bytes;
	size_t	 at;		/* where it goes on */
};

static void	 on_ws_socket(uv_poll_t *poll, int status, int events);

/* In milliseconds. */
static uint64_t
seconds(unsigned n)
{
	return (uint64_t)n * 1000;
}

/* Wait for what the peer has to do next. */
static void
ws_wait_for(struct ws *ws, enum ws_wait kind)
{
	deadline_set(ws->service->deadlines, &ws->life, kind);
}

/* Go on reading in the loop's next turn. */
static void
ws_wait_for_turn(struct ws *ws)
{
	deadline_set_turn(ws->service->deadlines, &ws->life);
}

static void
ws_stop_waiting(struct ws *ws, struct deadline *deadline)
{
	deadline_clear(ws->service->deadlines, deadline);
}

/* The connection ends; what came first is why. */
static void
ws_set_end(struct ws *ws, enum ws_end end)
{
	if (ws->end == WS_END_LOST)
		ws->end = (uint8_t)end;
}

/* Its message takes too long, or too much memory with all others. */
static void
on_ws_too_slow(struct unsent_item *item)
{
	struct ws_backlog *backlog = (void *)((char *)item -
	    offsetof(struct ws_backlog, unsent));

	log_debug("ws: peer is too slow");
	ws_set_end(backlog->ws, WS_END_STALL);
	ws_abort(backlog->ws);
}

static void
need_backlog(struct ws *ws)
{
	if (ws->backlog != NULL)
		return;
	ws->backlog = xcalloc(1, sizeof(*ws->backlog));
	ws->backlog->ws = ws;
	ws->backlog->unsent.cut = on_ws_too_slow;
}

static void
stop_stall_timer(struct ws *ws)
{
	if (ws->backlog != NULL)
		ws_stop_waiting(ws, &ws->backlog->take);
}

static void
free_backlog(struct ws *ws)
{
	if (ws->backlog == NULL)
		return;
	if (ws->backlog->is_outspent)
		TAILQ_REMOVE(&ws->service->outspent, ws->backlog, entry);
	unsent_end(&ws->backlog->unsent);
	stop_stall_timer(ws);
	free(ws->backlog);
	ws->backlog = NULL;
}

static void
free_message_timer(struct ws *ws)
{
	if (ws->clock == NULL)
		return;
	ws_stop_waiting(ws, &ws->clock->whole);
	free(ws->clock);
	ws->clock = NULL;
}

static void
free_unread(struct ws *ws)
{
	if (ws->unread == NULL)
		return;
	buf_clear(&ws->unread->bytes);
	free(ws->unread);
	ws->unread = NULL;
}

/* Whether another frame of the peer may be looked at. */
static bool
may_read(const struct ws *ws)
{
	if (ws->state != STATE_OPEN)
		return true;
	return !ws_send_is_behind(&ws->out) && ws->owner->is_ready(ws);
}

static void
ws_watch_socket(struct ws *ws)
{
	int reading = !ws->is_paused ? UV_READABLE :
	    ws->has_ended ? 0 : UV_DISCONNECT;
	bool is_asked = ws->is_blocked &&
	    (ws->backlog == NULL || !ws->backlog->is_outspent);
	int events = reading | (is_asked ? UV_WRITABLE : 0);

	if (events == ws->events)
		return;
	ws->events = (uint8_t)events;
	if (events == 0)
		uv_poll_stop(&ws->poll);
	else
		uv_poll_start(&ws->poll, events, on_ws_socket);
}

/* Queue a control frame. */
static void
queue_control(struct ws *ws, enum ws_opcode opcode, const uint8_t *payload,
    size_t len)
{
	if (ws_send_control(&ws->out, opcode, payload, len) == -1)
		ws_abort(ws);
}

/* Stop being open: a close frame follows what is half sent. */
static void
start_closing_handshake(struct ws *ws, uint16_t code)
{
	uint8_t payload[WS_CONTROL_MAX];

	ws->state = STATE_CLOSING;
	ws->is_paused = false;
	stop_stall_timer(ws);
	free_message_timer(ws);
	ws_wait_for(ws, WS_WAIT_CLOSE);
	queue_control(ws, WS_CLOSE, payload,
	    ws_close_payload(payload, code, ""));
}

/* Everything is said: end our half, and let the peer read it before RST. */
static void
ws_linger(struct ws *ws)
{
	if (shutdown(ws->fd, SHUT_WR) == -1) {
		ws_abort(ws);
		return;
	}
	ws->state = STATE_LINGERING;
	ws_wait_for(ws, WS_WAIT_CLOSE);
}

/* Find something to send; whether there is. */
static bool
take_output(struct ws *ws)
{
	struct ws_outgoing message;

	if (ws_send_has_any(&ws->out))
		return true;
	if (ws->state == STATE_OPEN && ws->owner->next(ws, &message))
		ws_send_begin(&ws->out, &message);
	/* next() may have closed ws, or aborted it. */
	return ws->state != STATE_CLOSED && ws_send_has_any(&ws->out);
}

/*
 * How many bytes of our output the peer's end has taken.  A socket that is not
 * TCP may count what is on the way as more than it is: then fewer.
 */
static uint64_t
taken(const struct ws *ws)
{
	int waiting;

	if (ioctl(ws->fd, SIOCOUTQ, &waiting) == -1 || waiting < 0 ||
	    (uint64_t)waiting > ws->handed)
		return 0;
	return ws->handed - (uint64_t)waiting;
}

/* Give the peer time to take some of what waits for it. */
static void
start_stall_timer(struct ws *ws)
{
	ws->backlog->taken = taken(ws);
	deadline_set(ws->service->deadlines, &ws->backlog->take, WS_WAIT_TAKE);
}

/* The socket takes no more for now. */
static void
ws_block_output(struct ws *ws)
{
	ws->is_blocked = true;
	if (ws->state != STATE_OPEN)
		return;
	need_backlog(ws);
	if (ws->backlog->take.kind == WS_WAIT_NONE)
		start_stall_timer(ws);
}

/* The next one may be sent from the same bytes, and has its own time. */
static void
on_message_sent(struct ws *ws)
{
	if (ws->backlog != NULL)
		unsent_end(&ws->backlog->unsent);
	ws->owner->sent(ws);
}

/* Send some of ws->out; returns the number of bytes. */
static size_t
ws_send_bytes(struct ws *ws)
{
	ssize_t n = ws_send_some(&ws->out, ws->fd);

	if (n == -1) {
		if (errno == EAGAIN) {
			ws_block_output(ws);
			return 0;
		}
		log_debug("ws: send: %s", strerror(errno));
		ws_abort(ws);
		return 0;
	}
	ws->handed += (size_t)n;
	stop_stall_timer(ws);
	if (ws_send_is_amid_frame(&ws->out))
		ws_block_output(ws);
	else if (ws_send_has_ended(&ws->out))
		on_message_sent(ws);
	return (size_t)n;
}

/*
 * Whether the peer has to wait before the largest message may be inflated, or
 * one that takes half a second's rate.
 */
static bool
is_over_inflation_rate(const struct ws *ws)
{
	const struct ws_service *service = ws->service;
	uint64_t now_ms = uv_now(service->config.loop);
	uint64_t n = service->inflation.burst / 2;

	if (ws->window_bits == 0)
		return false;
	return rate_wait_n(&ws->inflated, &service->inflation,
	    ws->parser.max_message < n ? ws->parser.max_message : n,
	    now_ms) != 0 ||
	    rate_wait_n(&service->inflated, &service->inflation_of_all, 1,
	    now_ms) != 0;
}

/* Go on to what is due when all is sent that can be. */
static void
settle(struct ws *ws)
{
	if (ws->state == STATE_CLOSING && ws->is_done &&
	    !ws_send_has_any(&ws->out))
		ws_linger(ws);
	if (ws->state == STATE_CLOSED)
		return;
	if (ws->is_paused && ws->life.kind == WS_WAIT_NONE && may_read(ws)) {
		if (is_over_inflation_rate(ws))
			ws_wait_for(ws, WS_WAIT_REST);
		else
			ws_wait_for_turn(ws);
	}
	ws_watch_socket(ws);
}

/* What is half sent counts as unsent from when the socket took no more. */
static void
note_unsent(struct ws *ws)
{
	struct payload *body = ws->out.body;
	struct unsent_item *unsent = &ws->backlog->unsent;

	if (unsent->body == body)
		return;
	unsent_end(unsent);
	if (body != NULL)
		unsent_begin(ws->service->config.unsent, unsent, body,
		    ws->fd);
}

/* Nothing more is sent for now: keep account of what waits for the socket. */
static void
note_backlog(struct ws *ws)
{
	if (ws->state != STATE_CLOSED && ws->out.body != NULL)
		need_backlog(ws);
	if (ws->backlog == NULL)
		return;
	note_unsent(ws);
	/* Beginning may have been the end of ws. */
	if (ws->backlog != NULL && ws->backlog->unsent.body == NULL &&
	    ws->backlog->take.kind == WS_WAIT_NONE)
		free_backlog(ws);
}

/* Whether a large message has to let the others' go first. */
static bool
is_outspent(const struct ws *ws)
{
	return ws->service->turn_left == 0 &&
	    ws_send_left(&ws->out) > SMALL_BYTES;
}

/*
 * Go on when all can send again.  The socket is no help: it can be written to,
 * and libuv asks for many such ones again and again in the same turn.
 */
static void
wait_for_others(struct ws *ws)
{
	need_backlog(ws);
	ws->is_blocked = true;
	ws->backlog->is_outspent = true;
	TAILQ_INSERT_TAIL(&ws->service->outspent, ws->backlog, entry);
}

static void
spend(struct ws_service *service, size_t bytes)
{
	service->turn_left -= bytes < service->turn_left ? bytes :
	    service->turn_left;
}

/* Send what there is and the socket takes. */
static void
ws_flush(struct ws *ws)
{
	size_t spent = 0;

	if (ws->is_sending || ws->state == STATE_CLOSED)
		return;
	ws->is_sending = true;
	while (!ws->is_blocked && ws->state <= STATE_CLOSING &&
	    take_output(ws)) {
		size_t n;

		if (is_outspent(ws)) {
			wait_for_others(ws);
			break;
		}
		n = ws_send_bytes(ws);
		spend(ws->service, n);
		spent += n + SEND_COST_BYTES;
		/* The others' turn; being writable, it will be called again. */
		if (spent >= SEND_BYTES)
			ws->is_blocked = true;
	}
	ws->is_sending = false;
	note_backlog(ws);
	settle(ws);
}

static void
on_ws_message(struct ws *ws, const struct ws_event *event)
{
	if (ws->state == STATE_OPEN)
		ws->owner->message(ws, event->opcode,
		    (const char *)event->data, event->len);
	else if (ws->window_bits != 0)
		ws->is_done = true;	/* it may have cost to inflate it */
}

static void
on_ws_event(struct ws *ws, const struct ws_event *event)
{
	switch (event->opcode) {
	case WS_CONTINUATION:	/* never an event */
		break;
	case WS_TEXT:
	case WS_BINARY:
		on_ws_message(ws, event);
		break;
	case WS_CLOSE:
		ws->is_done = true;
		if (ws->state == STATE_OPEN) {
			ws_set_end(ws, WS_END_PEER);
			start_closing_handshake(ws, event->close_code);
		}
		break;
	case WS_PING:
		if (ws->state != STATE_OPEN)
			break;
		queue_control(ws, WS_PONG, event->data, event->len);
		ws->owner->ping(ws);
		break;
	case WS_PONG:
		if (ws->state == STATE_OPEN)
			ws->owner->pong(ws);
		break;
	}
}

/* The peer broke the protocol: RFC 6455, section 7.1.7. */
static void
fail_connection(struct ws *ws, uint16_t code)
{
	log_debug("ws: peer is closed with %u", (unsigned)code);
	ws->is_done = true;
	if (ws->state != STATE_OPEN)
		return;
	if (code == WS_CLOSE_TOO_BIG)
		ws->owner->too_big(ws);
	ws_set_end(ws, WS_END_FAULT);
	start_closing_handshake(ws, code);
}

static void
on_message_timeout(struct ws *ws)
{
	log_debug("ws: a message does not come to its end");
	ws_set_end(ws, WS_END_LATE);
	ws_close(ws, WS_CLOSE_POLICY_VIOLATION);
}

/*
 * The clock of a message runs from its first byte on, however it is cut, and
 * that of a frame between messages likewise.  It stands still while we cannot
 * read: between two such pauses it may run out once more at the most.
 */
static void
start_message_timer(struct ws *ws)
{
	struct ws_service *service = ws->service;
	uint64_t limit_ms = seconds(service->settings.message_timeout_s);

	if (!ws_parser_is_amid(&ws->parser))
		return;
	if (ws->clock == NULL) {
		ws->clock = xcalloc(1, sizeof(*ws->clock));
		ws->clock->ws = ws;
	}
	if (ws->clock->whole.kind != WS_WAIT_NONE)
		return;
	if (limit_ms != 0 && ws->clock->spent_ms >= limit_ms) {
		on_message_timeout(ws);
		return;
	}
	ws->clock->since_ms = uv_now(service->config.loop);
	deadline_set(service->deadlines, &ws->clock->whole, WS_WAIT_WHOLE);
}

static void
halt_message_timer(struct ws *ws)
{
	struct ws_message_timer *clock = ws->clock;

	if (clock == NULL || clock->whole.kind == WS_WAIT_NONE)
		return;
	clock->spent_ms += uv_now(ws->service->config.loop) - clock->since_ms;
	ws_stop_waiting(ws, &clock->whole);
}

static uint32_t
now_s(const struct ws *ws)
{
	return (uint32_t)(uv_now(ws->service->config.loop) / 1000);
}

/* The peer says nothing more, and may have said much that is not read yet. */
static void
note_peer_end(struct ws *ws)
{
	ws->has_ended = true;
	ws->ended_s = now_s(ws);
}

/* Whether nothing is read for a reason that the peer cannot help. */
static bool
waits_for_us(const struct ws *ws)
{
	return !ws_send_is_behind(&ws->out) && !ws->owner->is_ready(ws) &&
	    !ws->owner->is_throttled(ws);
}

/* Stop reading; settle() sees when it may go on. */
static void
pause_reading(struct ws *ws, uint8_t *bytes)
{
	struct ws_event event;
	enum ws_status status;
	size_t none = 0;

	if (ws->has_ended && now_s(ws) - ws->ended_s >= REST_TIMEOUT_S) {
		log_debug("ws: peer left too much behind");
		ws_abort(ws);
		return;
	}
	ws->is_paused = true;
	ws_stop_waiting(ws, &ws->life);
	if (waits_for_us(ws))
		halt_message_timer(ws);
	/* Without input this only frees the last message. */
	status = ws_parser_next(&ws->parser, &bytes, &none, &event);
	assert(status == WS_MORE);
	(void)status;	/* is for the assertion only */
}

/*
 * Whether messages of so many bytes are enough for a turn.  That is a question
 * only where they come to more than was received for them.
 */
static bool
is_enough_inflated(const struct ws *ws, size_t handed)
{
	return ws->window_bits != 0 && ws->state == STATE_OPEN &&
	    (handed >= SCRATCH_BYTES || is_over_inflation_rate(ws));
}

/* Count a message, which may have been inflated. */
static size_t
count(struct ws *ws, const struct ws_event *event)
{
	struct ws_service *service = ws->service;
	uint64_t now_ms = uv_now(service->config.loop);

	if (ws->window_bits != 0) {
		rate_charge_n(&ws->inflated, &service->inflation, event->len,
		    now_ms);
		(void)rate_overdraw(&service->inflated,
		    &service->inflation_of_all, event->len, now_ms);
	}
	return event->len;
}

/* Fragments without end are no messages, and take time all the same. */
static void
count_frames(struct ws *ws)
{
	unsigned n = ws->parser.frames / WS_FRAMES;

	ws->parser.frames %= WS_FRAMES;
	ws->owner->frames(ws, n);
}

/*
 * Hand over what is in len bytes.  Returns how many of them were used: all,
 * unless reading has to stop.
 */
static size_t
ws_parse(struct ws *ws, uint8_t *bytes, size_t len)
{
	size_t left = len, handed = 0;
	unsigned events = 0;
	struct ws_event event;
	enum ws_status status;

	ws->is_reading = true;
	do {
		if (ws_send_is_behind(&ws->out))
			ws_flush(ws);
		if (left > 0 && ws->state == STATE_OPEN &&
		    (events++ == EVENTS_MAX || !may_read(ws) ||
		    is_enough_inflated(ws, handed))) {
			pause_reading(ws, bytes);
			break;
		}
		status = ws_parser_next(&ws->parser, &bytes, &left, &event);
		if (status == WS_EVENT) {
			if (!ws_parser_is_amid_message(&ws->parser))
				free_message_timer(ws);
			handed += count(ws, &event);
			on_ws_event(ws, &event);
		} else if (status == WS_FAILED) {
			fail_connection(ws, event.close_code);
		}
	} while (status == WS_EVENT && ws->state != STATE_CLOSED &&
	    !ws->is_done);
	if (ws->state == STATE_OPEN && ws->parser.frames >= WS_FRAMES)
		count_frames(ws);
	if (ws->state == STATE_OPEN && !ws->is_paused)
		start_message_timer(ws);
	ws->is_reading = false;
	return len - left;
}

/* Go on with what was received before reading had to stop. */
static void
ws_parse_unread(struct ws *ws)
{
	struct ws_unread *unread = ws->unread;

	if (unread == NULL)
		return;
	unread->at += ws_parse(ws, (uint8_t *)buf_data(&unread->bytes) +
	    unread->at, unread->bytes.len - unread->at);
	if (unread->at == unread->bytes.len)
		free_unread(ws);
}

static void
keep_unread(struct ws *ws, const void *bytes, size_t len)
{
	if (ws->unread == NULL) {
		ws->unread = xcalloc(1, sizeof(*ws->unread));
		buf_init(&ws->unread->bytes, SCRATCH_BYTES);
	}
	if (buf_append(&ws->unread->bytes, bytes, len) == -1)
		ws_abort(ws);
}

static void
on_received(struct ws *ws, uint8_t *bytes, size_t len)
{
	size_t used;

	if (ws->state == STATE_OPEN)
		ws_wait_for(ws, WS_WAIT_SPEECH);
	used = ws_parse(ws, bytes, len);
	if (ws->is_paused && used < len)
		keep_unread(ws, bytes + used, len - used);
}

static void
ws_receive(struct ws *ws)
{
	uint8_t *scratch = ws->service->scratch;
	ssize_t n = recv(ws->fd, scratch, SCRATCH_BYTES, 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && ws->is_done)
		return;
	if (n > 0)
		on_received(ws, scratch, (size_t)n);
	else
		ws_abort(ws);
}

static void
on_ws_socket(uv_poll_t *poll, int status, int events)
{
	struct ws *ws = poll->data;

	if (status < 0) {
		ws_abort(ws);
		return;
	}
	if ((events & UV_WRITABLE) != 0)
		ws->is_blocked = false;
	if ((events & UV_DISCONNECT) != 0)
		note_peer_end(ws);
	if ((events & UV_READABLE) != 0)
		ws_receive(ws);
	ws_flush(ws);
}

static void
ws_release(struct ws *ws)
{
	ws_parser_clear(&ws->parser);
	free_unread(ws);
	ws_send_clear(&ws->out);
	ws->owner->closed(ws);
}

static void
on_ws_closed(uv_handle_t *handle)
{
	ws_release(handle->data);
}

static void
ws_read_on(struct ws *ws)
{
	if (ws->state == STATE_CLOSED) {
		ws_release(ws);
		return;
	}
	ws->is_paused = false;
	ws_wait_for(ws, WS_WAIT_SPEECH);
	ws_parse_unread(ws);
	ws_flush(ws);
}

/* Note how far the peer is with what it has to read before a ping. */
static void
note_ping(struct ws *ws)
{
	uint64_t now = taken(ws);

	ws->taken_by_ping = now < ws->handed || ws_send_has_any(&ws->out) ?
	    now : UINT64_MAX;
}

/* While our bytes wait for the peer, so may the ping among them. */
static void
on_pong_timeout(struct ws *ws)
{
	if (ws->is_blocked || ws_is_excused(ws)) {
		note_ping(ws);
		ws_wait_for(ws, WS_WAIT_PONG);
		return;
	}
	log_debug("ws: no answer to a ping");
	ws_set_end(ws, WS_END_SILENCE);
	ws_abort(ws);
}

/* The socket may have room for less than it asks to be filled with. */
static void
on_stall(struct ws *ws)
{
	if (taken(ws) > ws->backlog->taken) {
		start_stall_timer(ws);
		return;
	}
	log_debug("ws: peer takes nothing");
	ws_set_end(ws, WS_END_STALL);
	ws_send_cut(&ws->out);
	ws_close(ws, WS_CLOSE_POLICY_VIOLATION);
}

/* The connection that waits for a deadline of that kind. */
static struct ws *
ws_of_deadline(struct deadline *deadline, enum ws_wait kind)
{
	struct ws_backlog *backlog;
	struct ws_message_timer *clock;
	char *at = (char *)deadline;

	if (kind == WS_WAIT_TAKE) {
		backlog = (void *)(at - offsetof(struct ws_backlog, take));
		return backlog->ws;
	}
	if (kind == WS_WAIT_WHOLE) {
		clock = (void *)(at - offsetof(struct ws_message_timer, whole));
		return clock->ws;
	}
	return (void *)(at - offsetof(struct ws, life));
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
		ws_read_on(ws);
		break;
	case WS_WAIT_SPEECH:
		ws_ping(ws);
		break;
	case WS_WAIT_PONG:
		on_pong_timeout(ws);
		break;
	case WS_WAIT_CLOSE:
		ws_abort(ws);
		break;
	case WS_WAIT_TAKE:
		on_stall(ws);
		break;
	case WS_WAIT_WHOLE:
		on_message_timeout(ws);
		break;
	case WS_WAITS:
		break;
	}
}

static void
ws_durations(const struct ws_settings *settings,
    uint64_t wait_ms[DEADLINE_KINDS_MAX])
{
	wait_ms[WS_WAIT_SPEECH] = seconds(settings->ping_interval_s);
	wait_ms[WS_WAIT_PONG] = seconds(settings->pong_timeout_s);
	wait_ms[WS_WAIT_TAKE] = seconds(settings->stall_timeout_s);
	wait_ms[WS_WAIT_WHOLE] = seconds(settings->message_timeout_s);
	wait_ms[WS_WAIT_CLOSE] = CLOSE_TIMEOUT_MS;
	wait_ms[WS_WAIT_REST] = REST_MS;
}

static void
set_inflation(struct ws_service *service, uint64_t rate)
{
	service->inflation = rate_limit(rate, 1, rate);
	service->inflation_of_all = rate_limit(rate * INFLATION_SHARES, 1,
	    rate * INFLATION_SHARES / INFLATION_BURSTS);
}

struct ws_service *
ws_service_new(const struct ws_config *config,
    const struct ws_settings *settings)
{
	struct ws_service *service = xcalloc(1, sizeof(*service));
	uint64_t wait_ms[DEADLINE_KINDS_MAX] = { 0 };

	service->config = *config;
	service->settings = *settings;
	service->turn_left = TURN_BYTES;
	TAILQ_INIT(&service->outspent);
	ws_durations(settings, wait_ms);
	service->deadlines =
	    deadlines_new(config->loop, wait_ms, on_ws_deadline);
	service->codec = ws_codec_new();
	ws_compressor_init(&service->packer, service->codec,
	    settings->compression_rate);
	set_inflation(service, settings->inflation_rate);
	return service;
}

void
ws_service_configure(struct ws_service *service,
    const struct ws_settings *settings)
{
	uint64_t wait_ms[DEADLINE_KINDS_MAX] = { 0 };

	service->settings = *settings;
	ws_compressor_configure(&service->packer, settings->compression_rate);
	set_inflation(service, settings->inflation_rate);
	ws_durations(settings, wait_ms);
	deadlines_configure(service->deadlines, wait_ms);
}

void
ws_service_turn(struct ws_service *service)
{
	struct ws_backlog *backlog;

	service->turn_left = TURN_BYTES;
	while (service->turn_left > 0 &&
	    (backlog = TAILQ_FIRST(&service->outspent)) != NULL) {
		TAILQ_REMOVE(&service->outspent, backlog, entry);
		backlog->is_outspent = false;
		backlog->ws->is_blocked = false;
		ws_flush(backlog->ws);
	}
}

bool
ws_service_is_behind(const struct ws_service *service)
{
	return !TAILQ_EMPTY(&service->outspent);
}

void
ws_service_copy_counts(const struct ws_service *service,
    struct ws_service_counts *counts)
{
	counts->compressed_bytes = service->packer.bytes;
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
		ws->state = STATE_CLOSED;
		ws_wait_for_turn(ws);
		return;
	}
	ws_wait_for(ws, WS_WAIT_SPEECH);
	if (extra_len > 0) {
		ws->is_paused = true;
		ws_wait_for_turn(ws);
		keep_unread(ws, extra, extra_len);
	}
	if (ws->state == STATE_OPEN)
		ws_watch_socket(ws);
}

void
ws_wake(struct ws *ws)
{
	ws_flush(ws);
}

void
ws_compress(struct ws *ws, struct ws_outgoing *message,
    struct ws_compressed *shared)
{
	struct ws_service *service = ws->service;

	if (ws->window_bits != 0)
		ws_compressor_compress(&service->packer,
		    ws_window_for(ws->window_bits), message, shared,
		    uv_now(service->config.loop));
}

void
ws_ping(struct ws *ws)
{
	static const uint8_t nothing[1];

	if (ws->state != STATE_OPEN)
		return;
	note_ping(ws);
	if (ws->life.kind == WS_WAIT_PONG || ws_send_is_behind(&ws->out))
		return;
	/* While reading stands still, no answer would be seen. */
	if (!ws->is_paused)
		ws_wait_for(ws, WS_WAIT_PONG);
	queue_control(ws, WS_PING, nothing, 0);
	ws_flush(ws);
}

bool
ws_is_excused(const struct ws *ws)
{
	return ws->state == STATE_OPEN &&
	    (ws->is_paused || taken(ws) > ws->taken_by_ping);
}

void
ws_close(struct ws *ws, enum ws_close_code code)
{
	if (ws->state != STATE_OPEN)
		return;
	ws_set_end(ws, WS_END_OWNER);
	start_closing_handshake(ws, (uint16_t)code);
	if (!ws->is_reading)
		ws_parse_unread(ws);
	ws_flush(ws);
}

void
ws_abort(struct ws *ws)
{
	if (ws->state == STATE_CLOSED)
		return;
	ws->state = STATE_CLOSED;
	ws_stop_waiting(ws, &ws->life);
	free_backlog(ws);
	free_message_timer(ws);
	uv_close((uv_handle_t *)&ws->poll, on_ws_closed);
	close(ws->fd);
}
