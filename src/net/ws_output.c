#include "ws_output.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "ws_inflation.h"
#include "ws_send.h"
#include "ws_state.h"

enum {
	SEND_BYTES = 262144, /* behind which one begins nothing more ... */
	SEND_COST_BYTES = 1024,	/* ... where each call counts as so much more */
	TURN_BYTES = 4194304,	/* what all send at most per turn, but for */
	SMALL_BYTES = 65536	/* messages with no more than this to go */
};

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

bool
ws_output_may_read(const struct ws *ws)
{
	if (ws->state != WS_STATE_OPEN)
		return true;
	return !ws_send_is_behind(&ws->out) && ws->owner->is_ready(ws);
}

/* Whether something has begun to be sent, or is to be. */
static bool
has_begun(const struct ws *ws)
{
	return ws_send_has_any(&ws->out);
}

/* Bytes of what is sent next, before it is compressed; 0 if there are none. */
static uint64_t
next_bytes(const struct ws *ws)
{
	if (has_begun(ws))
		return ws_send_left(&ws->out);
	return ws->state == WS_STATE_OPEN ? ws->owner->next_bytes(ws) : 0;
}

/* Find something to send; whether there is. */
static bool
take_output(struct ws *ws)
{
	struct ws_outgoing message;

	if (has_begun(ws))
		return true;
	if (ws->state == WS_STATE_OPEN && ws->owner->next(ws, &message)) {
		ws_send_begin(&ws->out, &message);
		if (ws->out.whole > SMALL_BYTES)
			ws->service->called = NULL;
	}
	/* next() may have closed ws, or aborted it. */
	return ws->state != WS_STATE_CLOSED && has_begun(ws);
}

uint64_t
ws_output_taken(const struct ws *ws)
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
	ws->backlog->taken = ws_output_taken(ws);
	deadline_set(ws->service->deadlines, &ws->backlog->stall,
	    WS_WAIT_STALL);
}

/* The socket takes no more for now. */
static void
block_output(struct ws *ws)
{
	ws->is_blocked = true;
	if (ws->state != WS_STATE_OPEN)
		return;
	need_backlog(ws);
	if (ws->backlog->stall.kind == WS_WAIT_NONE)
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
send_bytes(struct ws *ws)
{
	ssize_t n = ws_send_some(&ws->out, ws->fd);

	if (n == -1) {
		if (errno == EAGAIN) {
			block_output(ws);
			return 0;
		}
		log_debug("ws: send: %s", strerror(errno));
		ws_abort(ws);
		return 0;
	}
	ws->handed += (size_t)n;
	ws_stop_stall_timer(ws);
	if (ws_send_is_amid_frame(&ws->out))
		block_output(ws);
	else if (ws_send_has_ended(&ws->out))
		on_message_sent(ws);
	return (size_t)n;
}

/* Go on to what is due when all is sent that can be. */
static void
ws_after_flush(struct ws *ws)
{
	if (ws->state == WS_STATE_CLOSING && ws->is_done &&
	    !ws_send_has_any(&ws->out))
		ws_linger(ws);
	if (ws->state == WS_STATE_CLOSED)
		return;
	if (ws->is_paused && ws->life.kind == WS_WAIT_NONE &&
	    ws_output_may_read(ws)) {
		if (ws_inflation_is_over(ws))
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
	if (ws->state != WS_STATE_CLOSED && ws->out.body != NULL)
		need_backlog(ws);
	if (ws->backlog == NULL)
		return;
	note_unsent(ws);
	/* Beginning may have been the end of ws. */
	if (ws->backlog != NULL && ws->backlog->unsent.body == NULL &&
	    ws->backlog->stall.kind == WS_WAIT_NONE &&
	    ws->backlog->line == NULL)
		ws_free_backlog(ws);
}

/* Whether others wait to begin a message, and it is not for ws to begin one. */
static bool
is_others_turn(const struct ws *ws)
{
	const struct ws_service *service = ws->service;

	return service->called != ws && !has_begun(ws) &&
	    !TAILQ_EMPTY(&service->lines[WS_LINE_NEW]);
}

/* Whether ws, which sent so much just now, has to let the others send. */
static bool
has_to_wait(const struct ws *ws, size_t spent)
{
	if (spent >= SEND_BYTES && !has_begun(ws))
		return next_bytes(ws) > 0;
	return next_bytes(ws) > SMALL_BYTES &&
	    (ws->service->turn_left == 0 || is_others_turn(ws));
}

/*
 * Go on in another turn, behind those who wait for the same.  The socket is no
 * help: it can be written to, and libuv asks for many such ones again and again
 * in the same turn.
 */
static void
wait_in_line(struct ws *ws)
{
	struct ws_backlog_list *line =
	    &ws->service->lines[has_begun(ws) ? WS_LINE_BEGUN : WS_LINE_NEW];

	need_backlog(ws);
	if (ws->backlog->line == line)
		return;
	ws_leave_line(ws->backlog);
	ws->backlog->line = line;
	TAILQ_INSERT_TAIL(line, ws->backlog, entry);
}

static void
spend(struct ws_service *service, size_t bytes)
{
	service->turn_left -= bytes < service->turn_left ? bytes :
	    service->turn_left;
}

void
ws_output_flush(struct ws *ws)
{
	size_t spent = 0;

	if (ws->is_sending || ws->state == WS_STATE_CLOSED)
		return;
	ws->is_sending = true;
	while (!ws->is_blocked && ws->state <= WS_STATE_CLOSING) {
		size_t n;

		if (has_to_wait(ws, spent)) {
			wait_in_line(ws);
			break;
		}
		if (!take_output(ws))
			break;
		n = send_bytes(ws);
		spend(ws->service, n);
		spent += n + SEND_COST_BYTES;
	}
	ws->is_sending = false;
	note_backlog(ws);
	ws_after_flush(ws);
}

bool
ws_output_goes_on(struct ws *ws)
{
	if (ws_output_taken(ws) <= ws->backlog->taken)
		return false;
	start_stall_timer(ws);
	return true;
}

/* Who goes on next: what has begun is brought to its end first. */
static struct ws_backlog *
first_in_line(const struct ws_service *service)
{
	struct ws_backlog *begun = TAILQ_FIRST(&service->lines[WS_LINE_BEGUN]);

	return begun != NULL ? begun :
	    TAILQ_FIRST(&service->lines[WS_LINE_NEW]);
}

bool
ws_output_is_behind(const struct ws_service *service)
{
	return first_in_line(service) != NULL;
}

void
ws_output_turn(struct ws_service *service)
{
	struct ws_backlog *backlog;
	struct ws *ws;

	service->turn_left = TURN_BYTES;
	while (service->turn_left > 0 &&
	    (backlog = first_in_line(service)) != NULL) {
		ws = backlog->ws;
		ws_leave_line(backlog);
		service->called = has_begun(ws) ? NULL : ws;
		ws_output_flush(ws);
	}
	service->called = NULL;
}
