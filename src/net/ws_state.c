#include "ws_state.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "ws_send.h"

void
ws_wait_for(struct ws *ws, enum ws_wait kind)
{
	deadline_set(ws->service->deadlines, &ws->life, kind);
}

void
ws_wait_for_turn(struct ws *ws)
{
	deadline_set_turn(ws->service->deadlines, &ws->life);
}

void
ws_stop_waiting(struct ws *ws, struct deadline *deadline)
{
	deadline_clear(ws->service->deadlines, deadline);
}

void
ws_set_end(struct ws *ws, enum ws_end end)
{
	if (ws->end == WS_END_LOST)
		ws->end = (uint8_t)end;
}

void
ws_stop_stall_timer(struct ws *ws)
{
	if (ws->backlog != NULL)
		ws_stop_waiting(ws, &ws->backlog->stall);
}

void
ws_leave_line(struct ws_backlog *backlog)
{
	if (backlog->line != NULL)
		TAILQ_REMOVE(backlog->line, backlog, entry);
	backlog->line = NULL;
}

void
ws_free_backlog(struct ws *ws)
{
	if (ws->backlog == NULL)
		return;
	ws_leave_line(ws->backlog);
	unsent_end(&ws->backlog->unsent);
	ws_stop_stall_timer(ws);
	free(ws->backlog);
	ws->backlog = NULL;
}

void
ws_free_message_timer(struct ws *ws)
{
	if (ws->timer == NULL)
		return;
	ws_stop_waiting(ws, &ws->timer->deadline);
	free(ws->timer);
	ws->timer = NULL;
}

void
ws_free_unread(struct ws *ws)
{
	if (ws->unread == NULL)
		return;
	buf_clear(&ws->unread->bytes);
	free(ws->unread);
	ws->unread = NULL;
}

void
ws_watch_socket(struct ws *ws)
{
	int reading = !ws->is_paused ? UV_READABLE :
	    ws->has_ended ? 0 : UV_DISCONNECT;
	int events = reading | (ws->is_blocked ? UV_WRITABLE : 0);

	if (events == ws->events)
		return;
	ws->events = (uint8_t)events;
	if (events == 0)
		uv_poll_stop(&ws->poll);
	else
		uv_poll_start(&ws->poll, events, ws->service->on_socket);
}

void
ws_release(struct ws *ws)
{
	ws_parser_clear(&ws->parser);
	ws_free_unread(ws);
	ws_send_clear(&ws->out);
	ws->owner->closed(ws);
}

static void
on_ws_closed(uv_handle_t *handle)
{
	ws_release(handle->data);
}

void
ws_abort(struct ws *ws)
{
	if (ws->state == WS_STATE_CLOSED)
		return;
	ws->state = WS_STATE_CLOSED;
	ws_stop_waiting(ws, &ws->life);
	ws_free_backlog(ws);
	ws_free_message_timer(ws);
	uv_close((uv_handle_t *)&ws->poll, on_ws_closed);
	close(ws->fd);
}

void
ws_queue_control(struct ws *ws, enum ws_opcode opcode, const uint8_t *payload,
    size_t len)
{
	if (ws_send_control(&ws->out, opcode, payload, len) == -1)
		ws_abort(ws);
}

void
ws_start_closing(struct ws *ws, uint16_t code)
{
	uint8_t payload[WS_CONTROL_MAX];

	ws->state = WS_STATE_CLOSING;
	ws->is_paused = false;
	ws_stop_stall_timer(ws);
	ws_free_message_timer(ws);
	ws_wait_for(ws, WS_WAIT_CLOSE);
	ws_queue_control(ws, WS_CLOSE, payload,
	    ws_close_payload(payload, code, ""));
}

void
ws_linger(struct ws *ws)
{
	if (shutdown(ws->fd, SHUT_WR) == -1) {
		ws_abort(ws);
		return;
	}
	ws->state = WS_STATE_LINGERING;
	ws_wait_for(ws, WS_WAIT_CLOSE);
}
