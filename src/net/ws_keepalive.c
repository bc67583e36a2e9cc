#include "ws_keepalive.h"

#include <stdint.h>

#include "base/log.h"
#include "ws_output.h"
#include "ws_send.h"
#include "ws_state.h"

/* Note how far the peer is with what it has to read before a ping. */
static void
note_ping(struct ws *ws)
{
	uint64_t now = ws_output_taken(ws);

	ws->taken_by_ping = now < ws->handed || ws_send_has_any(&ws->out) ?
	    now : UINT64_MAX;
}

/* While our bytes wait for the peer, so may the ping among them. */
void
ws_keepalive_on_timeout(struct ws *ws)
{
	if (ws_send_has_any(&ws->out) || ws_keepalive_is_excused(ws)) {
		note_ping(ws);
		ws_wait_for(ws, WS_WAIT_PONG);
		return;
	}
	log_debug("ws: no answer to a ping");
	ws_set_end(ws, WS_END_SILENCE);
	ws_abort(ws);
}

void
ws_keepalive_ping(struct ws *ws)
{
	static const uint8_t nothing[1];

	if (ws->state != WS_STATE_OPEN)
		return;
	note_ping(ws);
	if (ws->life.kind == WS_WAIT_PONG || ws_send_is_behind(&ws->out))
		return;
	/* While reading stands still, no answer would be seen. */
	if (!ws->is_paused)
		ws_wait_for(ws, WS_WAIT_PONG);
	ws_queue_control(ws, WS_PING, nothing, 0);
	ws_output_flush(ws);
}

bool
ws_keepalive_is_excused(const struct ws *ws)
{
	return ws->state == WS_STATE_OPEN &&
	    (ws->is_paused || ws_output_taken(ws) > ws->taken_by_ping);
}
