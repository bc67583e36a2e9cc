#include "ws_input.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "ws_inflation.h"
#include "ws_output.h"
#include "ws_send.h"
#include "ws_state.h"

enum {
	EVENTS_MAX = 64,	/* messages and control frames read per turn */
	REST_TIMEOUT_S = 30	/* to read what a peer that is gone said */
};

static void
on_ws_message(struct ws *ws, const struct ws_event *event)
{
	if (ws->state == WS_STATE_OPEN)
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
		if (ws->state == WS_STATE_OPEN) {
			ws_set_end(ws, WS_END_PEER);
			ws_start_closing(ws, event->close_code);
		}
		break;
	case WS_PING:
		if (ws->state != WS_STATE_OPEN)
			break;
		ws_queue_control(ws, WS_PONG, event->data, event->len);
		ws->owner->ping(ws);
		break;
	case WS_PONG:
		if (ws->state == WS_STATE_OPEN)
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
	if (ws->state != WS_STATE_OPEN)
		return;
	if (code == WS_CLOSE_TOO_BIG)
		ws->owner->too_big(ws);
	ws_set_end(ws, WS_END_FAULT);
	ws_start_closing(ws, code);
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
	uint64_t limit_ms =
	    deadline_seconds(service->settings.message_timeout_s);

	if (!ws_parser_is_amid(&ws->parser))
		return;
	if (ws->timer == NULL) {
		ws->timer = xcalloc(1, sizeof(*ws->timer));
		ws->timer->ws = ws;
	}
	if (ws->timer->deadline.kind != WS_WAIT_NONE)
		return;
	if (limit_ms != 0 && ws->timer->spent_ms >= limit_ms) {
		ws_input_on_timeout(ws);
		return;
	}
	ws->timer->since_ms = uv_now(service->config.loop);
	deadline_set(service->deadlines, &ws->timer->deadline, WS_WAIT_MESSAGE);
}

static void
halt_message_timer(struct ws *ws)
{
	struct ws_message_timer *timer = ws->timer;

	if (timer == NULL || timer->deadline.kind == WS_WAIT_NONE)
		return;
	timer->spent_ms += uv_now(ws->service->config.loop) - timer->since_ms;
	ws_stop_waiting(ws, &timer->deadline);
}

static uint32_t
now_s(const struct ws *ws)
{
	return (uint32_t)(uv_now(ws->service->config.loop) / 1000);
}

void
ws_input_note_end(struct ws *ws)
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

/* Stop reading; flushing sees when it may go on. */
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
			ws_output_flush(ws);
		if (left > 0 && ws->state == WS_STATE_OPEN &&
		    (events++ == EVENTS_MAX || !ws_output_may_read(ws) ||
		    ws_inflation_is_enough(ws, handed))) {
			pause_reading(ws, bytes);
			break;
		}
		status = ws_parser_next(&ws->parser, &bytes, &left, &event);
		if (status == WS_EVENT) {
			if (!ws_parser_is_amid_message(&ws->parser))
				ws_free_message_timer(ws);
			ws_inflation_charge(ws, event.len);
			handed += event.len;
			on_ws_event(ws, &event);
		} else if (status == WS_FAILED) {
			fail_connection(ws, event.close_code);
		}
	} while (status == WS_EVENT && ws->state != WS_STATE_CLOSED &&
	    !ws->is_done);
	if (ws->state == WS_STATE_OPEN && ws->parser.frames >= WS_FRAMES)
		count_frames(ws);
	if (ws->state == WS_STATE_OPEN && !ws->is_paused)
		start_message_timer(ws);
	ws->is_reading = false;
	return len - left;
}

/* Go on with what was received before reading had to stop. */
static void
read_unread(struct ws *ws)
{
	struct ws_unread *unread = ws->unread;

	if (unread == NULL)
		return;
	unread->at += ws_parse(ws, (uint8_t *)buf_data(&unread->bytes) +
	    unread->at, unread->bytes.len - unread->at);
	if (unread->at == unread->bytes.len)
		ws_free_unread(ws);
}

void
ws_input_close(struct ws *ws, enum ws_end end, enum ws_close_code code)
{
	if (ws->state != WS_STATE_OPEN)
		return;
	ws_set_end(ws, end);
	ws_start_closing(ws, (uint16_t)code);
	if (!ws->is_reading)
		read_unread(ws);
	ws_output_flush(ws);
}

void
ws_input_on_timeout(struct ws *ws)
{
	log_debug("ws: a message does not come to its end");
	ws_input_close(ws, WS_END_LATE, WS_CLOSE_POLICY_VIOLATION);
}

void
ws_input_keep(struct ws *ws, const void *bytes, size_t len)
{
	if (ws->unread == NULL) {
		ws->unread = xcalloc(1, sizeof(*ws->unread));
		buf_init(&ws->unread->bytes, WS_SCRATCH_BYTES);
	}
	if (buf_append(&ws->unread->bytes, bytes, len) == -1)
		ws_abort(ws);
}

static void
on_received(struct ws *ws, uint8_t *bytes, size_t len)
{
	size_t used;

	if (ws->state == WS_STATE_OPEN)
		ws_wait_for(ws, WS_WAIT_SILENCE);
	used = ws_parse(ws, bytes, len);
	if (ws->is_paused && used < len)
		ws_input_keep(ws, bytes + used, len - used);
}

void
ws_input_receive(struct ws *ws)
{
	uint8_t *scratch = ws->service->scratch;
	ssize_t n = recv(ws->fd, scratch, WS_SCRATCH_BYTES, 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && ws->is_done)
		return;
	if (n > 0)
		on_received(ws, scratch, (size_t)n);
	else
		ws_abort(ws);
}

void
ws_input_read_on(struct ws *ws)
{
	if (ws->state == WS_STATE_CLOSED) {
		ws_release(ws);
		return;
	}
	ws->is_paused = false;
	ws_wait_for(ws, WS_WAIT_SILENCE);
	read_unread(ws);
	ws_output_flush(ws);
}
