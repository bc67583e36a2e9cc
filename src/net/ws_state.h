#ifndef WS_STATE_H
#define WS_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <uv.h>

#include "base/buf.h"
#include "deadline.h"
#include "hub/rate.h"
#include "unsent.h"
#include "wire/ws_deflate.h"
#include "wire/ws_frame.h"
#include "ws_compressor.h"
#include "ws_connection.h"

/*
 * What the modules of ws.h have in common: the service, the parts of a
 * connection that only a busy one has, and its states, from open to closed.
 */

enum ws_state {
	WS_STATE_OPEN,
	WS_STATE_CLOSING,	/* our close frame is queued or sent */
	WS_STATE_LINGERING,	/* the peer is to read it and end the stream */
	WS_STATE_CLOSED		/* the descriptor is gone, closed() is due */
};

/* Kinds of deadlines. */
enum ws_wait {
	WS_WAIT_NONE = DEADLINE_NONE,
	WS_WAIT_TURN = DEADLINE_TURN,	/* to read on */
	WS_WAIT_SILENCE,	/* for anything at all, else a ping is sent */
	WS_WAIT_PONG,
	WS_WAIT_CLOSE,
	WS_WAIT_REST,		/* not for the peer: reading rests */
	WS_WAIT_STALL,		/* for room to send; ws_backlog's */
	WS_WAIT_MESSAGE,	/* for the end of one; ws_message_timer's */
	WS_WAITS
};

_Static_assert((int)WS_WAITS <= (int)DEADLINE_KINDS_MAX,
    "each kind has its list");

/* What waits until the socket takes more of it, or others had their turn. */
struct ws_backlog {
	struct ws *ws;
	struct unsent_item unsent;	/* ws->out's message */
	struct deadline stall;	/* until when the peer has to take something */
	uint64_t taken;		/* what it had taken when that was set */
	struct ws_backlog_list *line;	/* of service->lines; NULL for none */
	TAILQ_ENTRY(ws_backlog) entry;	/* in line */
};

TAILQ_HEAD(ws_backlog_list, ws_backlog);

/* Who wait until others have sent. */
enum ws_line {
	WS_LINE_BEGUN,		/* amid a message */
	WS_LINE_NEW,
	WS_LINES
};

/* How long what has begun to come may take to be there. */
struct ws_message_timer {
	struct ws *ws;
	struct deadline deadline;
	uint64_t since_ms;	/* when it was started ... */
	uint64_t spent_ms;	/* ... having run for so long before */
};

/* What was received, but the owner was not ready for it. */
struct ws_unread {
	struct buf bytes;
	size_t	 at;		/* where it goes on */
};

enum { WS_SCRATCH_BYTES = 65536 };	/* read at most per turn */

struct ws_service {
	struct ws_config config;
	struct ws_settings settings;
	uv_poll_cb on_socket;	/* of each connection's poll */
	struct deadlines *deadlines;
	size_t	 turn_left;	/* bytes to be sent in this turn */
	struct ws_backlog_list lines[WS_LINES];
	const struct ws *called; /* to begin, of these, until it does */
	struct ws_codec *codec;
	struct ws_compressor compressor;
	struct rate_limit inflation;
	struct rate_limit inflation_of_all;
	struct rate inflated;	/* by all */
	uint8_t	 scratch[WS_SCRATCH_BYTES];
};

/* Wait for what the peer has to do next; or to go on in the next turn. */
void	 ws_wait_for(struct ws *ws, enum ws_wait kind);
void	 ws_wait_for_turn(struct ws *ws);
/* One of the connection's deadlines waits no longer. */
void	 ws_stop_waiting(struct ws *ws, struct deadline *deadline);
void	 ws_stop_stall_timer(struct ws *ws);

/* Whose backlog it is waits for others no longer. */
void	 ws_leave_line(struct ws_backlog *backlog);
/* Free the parts, where there are any. */
void	 ws_free_backlog(struct ws *ws);
void	 ws_free_message_timer(struct ws *ws);
void	 ws_free_unread(struct ws *ws);

/* Ask the loop for what the connection can do now. */
void	 ws_watch_socket(struct ws *ws);
/* Queue a control frame. */
void	 ws_queue_control(struct ws *ws, enum ws_opcode opcode,
	    const uint8_t *payload, size_t len);

/* The connection ends; what came first is why. */
void	 ws_set_end(struct ws *ws, enum ws_end end);
/* Stop being open: a close frame follows what is half sent. */
void	 ws_start_closing(struct ws *ws, uint16_t code);
/* Everything is said: end our half, and let the peer read it before RST. */
void	 ws_linger(struct ws *ws);
/* The descriptor is gone: tell the owner, who may free ws. */
void	 ws_release(struct ws *ws);

#endif
