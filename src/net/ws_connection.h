#ifndef WS_CONNECTION_H
#define WS_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "deadline.h"
#include "hub/rate.h"
#include "wire/ws_frame.h"
#include "ws_send.h"

/* A connection of ws.h, who owns it, and what it is to do. */

struct ws;
struct ws_backlog;
struct ws_message_timer;
struct ws_service;
struct ws_unread;
struct unsent;

enum { WS_FRAMES = 64 };	/* see frames() */

struct ws_owner {
	/* A message of len bytes, which the owner may not keep or change. */
	void	(*message)(struct ws *ws, enum ws_opcode opcode,
		    const char *data, size_t len);
	/* Whether the owner takes another message now; if not, reading stops
	 * (and the peer feels it) until ws_wake(). */
	bool	(*is_ready)(const struct ws *ws);
	/* Whether that is because of how much the peer sends. */
	bool	(*is_throttled)(const struct ws *ws);
	/* Bytes of the next message to send, before it is compressed, if there
	 * is one; else 0. */
	size_t	(*next_bytes)(const struct ws *ws);
	/* Fill it in, compressed or not; false if there is none. */
	bool	(*next)(struct ws *ws, struct ws_outgoing *out);
	/* The message that next() gave last is written, to its last byte. */
	void	(*sent)(struct ws *ws);
	/* The peer answered a ping, or sent one, which is answered. */
	void	(*pong)(struct ws *ws);
	void	(*ping)(struct ws *ws);
	/* So many times WS_FRAMES of the peer's frames have come. */
	void	(*frames)(struct ws *ws, unsigned n);
	/* The peer's message is over the limit, for which it is closed. */
	void	(*too_big)(struct ws *ws);
	/* The connection is gone and ws may be freed in this call. */
	void	(*closed)(struct ws *ws);
};

/* Why a connection ended: the first reason that there was. */
enum ws_end {
	WS_END_LOST,		/* gone without a closing handshake */
	WS_END_PEER,		/* its peer closed it */
	WS_END_OWNER,		/* ws_close() */
	WS_END_FAULT,		/* the peer broke the protocol */
	WS_END_SILENCE,		/* no answer to a ping */
	WS_END_STALL,		/* the peer took nothing */
	WS_END_LATE,		/* a message took too long to come */
	WS_ENDS
};

struct ws_config {
	uv_loop_t *loop;
	struct unsent *unsent;		/* outlives the service */
	bool	 accept_binary;
};

/* What may change: ws_service_configure(). */
struct ws_settings {
	size_t	 max_message;		/* bytes; 0 for no limit */
	/* Silence until a ping, wait for its answer, and how long a reader may
	 * take nothing while something waits for it; seconds, 0 for never. */
	unsigned ping_interval_s;
	unsigned pong_timeout_s;
	unsigned stall_timeout_s;
	/* From a message's first byte to its last; likewise. */
	unsigned message_timeout_s;
	/* Bytes a second: what is compressed for all, and what the messages of
	 * one connection are inflated to; 0 for no limit. */
	uint64_t compression_rate;
	uint64_t inflation_rate;
};

struct ws_service_counts {
	uint64_t compressed_bytes;	/* what went into it, not what came */
};

/*
 * Embedded by its owner; the fields are the connection's own.  Most of many
 * connections are idle: what only a busy one needs is on the heap meanwhile.
 */
struct ws {
	uv_poll_t poll;
	struct ws_service *service;
	const struct ws_owner *owner;
	struct ws_parser parser;
	struct rate inflated;	/* where compression was negotiated */
	struct ws_unread *unread; /* NULL unless reading stopped amid bytes */
	struct ws_message_timer *timer;	/* NULL unless amid a message */
	struct ws_sending out;
	struct ws_backlog *backlog; /* NULL unless what is sent has to wait */
	uint64_t handed;	/* bytes that the kernel was given to send */
	/* What the peer had taken of them when it was pinged; UINT64_MAX if
	 * nothing waited. */
	uint64_t taken_by_ping;
	struct deadline life;	/* what the peer has to do next */
	int	 fd;
	uint32_t ended_s;	/* of the loop's clock: since has_ended */
	uint8_t	 state;		/* enum ws_state */
	uint8_t	 events;	/* what the loop watches for */
	uint8_t	 end;		/* enum ws_end, valid in closed() */
	uint8_t	 window_bits;	/* our largest when compressing; 0 for none */
	bool	 is_blocked;	/* sending waits until the socket is writable */
	bool	 is_paused;	/* reading waits for owner and control */
	bool	 has_ended;	/* the peer did so while reading waited */
	bool	 is_done;	/* nothing that the peer says counts any more */
	bool	 is_reading;	/* guards against a call within the call */
	bool	 is_sending;
};

/* End the connection at once; closed() comes from the loop. */
void	 ws_abort(struct ws *ws);

#endif
