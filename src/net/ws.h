#ifndef WS_H
#define WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "hub/rate.h"
#include "wire/ws_deflate.h"
#include "wire/ws_frame.h"
#include "deadline.h"
#include "ws_send.h"

/*
 * One WebSocket connection (RFC 6455) after its handshake: socket, frames,
 * pings, closing, deadlines.  What it carries is its owner's business: messages
 * are handed to the owner as they come, and messages to send are asked for one
 * by one when the socket can take them, so that nothing is queued here and a
 * slow reader costs nothing but what its owner keeps for it.
 */

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
	/* Fill in the next message to send, compressed or not; false if there
	 * is none. */
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
	struct ws_message_timer
	    *clock; /* NULL unless amid a message or frame */
	struct ws_sending out;
	struct ws_backlog *backlog; /* NULL unless what is sent has to wait */
	uint64_t handed;	/* bytes that the kernel was given to send */
	/* What the peer had taken of them when it was pinged; UINT64_MAX if
	 * nothing waited. */
	uint64_t taken_by_ping;
	struct deadline life;	/* what the peer has to do next */
	int	 fd;
	uint32_t ended_s; /* when has_ended was set, by the loop's clock */
	uint8_t	 state;		/* enum ws_state */
	uint8_t	 events;	/* what the loop watches for */
	uint8_t	 end;		/* enum ws_end, valid in closed() */
	uint8_t window_bits; /* our largest when compressing; 0 for none */
	bool is_blocked; /* sending waits until the socket is writable */
	bool	 is_paused;	/* reading waits for owner and control */
	bool has_ended; /* the peer did so while reading waited */
	bool is_done; /* nothing that the peer says counts any more */
	bool is_reading; /* guards against a call within the call */
	bool	 is_sending;
};

/*
 * What all connections share: loop, deadlines, the buffer for reading, and the
 * streams of zlib.
 */
struct ws_service *ws_service_new(const struct ws_config *config,
	    const struct ws_settings *settings);
/*
 * Take over the settings: times and rates for all connections, the size for
 * those that are opened from now on.
 */
void	 ws_service_configure(struct ws_service *service,
	    const struct ws_settings *settings);
/*
 * A turn of the loop begins.  All connections together send a bounded amount
 * in one, so that large messages of some do not keep the others from small
 * ones; until it is called again, only what is small goes out beyond that.
 */
void	 ws_service_turn(struct ws_service *service);
/* Whether any has more to send that waits for the next turn. */
bool	 ws_service_is_behind(const struct ws_service *service);
void	 ws_service_copy_counts(const struct ws_service *service,
	    struct ws_service_counts *counts);
/* No connection may be left.  The loop's close callbacks free the memory. */
void	 ws_service_free(struct ws_service *service);

/*
 * Take over fd, a connected non-blocking stream socket whose handshake is
 * done.  extra are the extra_len bytes that the client sent behind it.
 * deflate is what was negotiated, or NULL.  ws is the owner's memory and stays
 * where it is until closed().  closed() is never called from within this.
 */
void	 ws_open(struct ws_service *service, struct ws *ws,
	    const struct ws_owner *owner, int fd,
	    const struct ws_deflate_params *deflate,
	    const void *extra, size_t extra_len);

/*
 * The owner has something to send, or takes messages again.  Sends what the
 * socket takes and goes on with bytes that were read but not handed over.
 */
void	 ws_wake(struct ws *ws);

/*
 * Within next(): replace message, which is filled in, by its compressed form
 * where the peer agreed to that and it pays.  shared are the forms of a message
 * that goes to others too, NULL of one that does not.
 */
void	 ws_compress(struct ws *ws, struct ws_outgoing *message,
	    struct ws_compressed *shared);

/* Send a ping now; its answer is awaited for pong_timeout_s. */
void	 ws_ping(struct ws *ws);
/*
 * Whether a peer that was pinged may well be there without having answered: it
 * took some of what waited for it before the ping, or is not listened to now.
 */
bool	 ws_is_excused(const struct ws *ws);

/*
 * Start the closing handshake: nothing more is asked of the owner, a close
 * frame follows what is half sent, and closed() comes when the peer answered
 * or after a few seconds.  Calling it again changes nothing.
 */
void	 ws_close(struct ws *ws, enum ws_close_code code);

/* End the connection at once; closed() comes from the loop. */
void	 ws_abort(struct ws *ws);

#endif
