#ifndef WS_SEND_H
#define WS_SEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/buf.h"
#include "wire/ws_frame.h"

/*
 * The bytes that a connection has to send: a message, which goes out in frames
 * of a bounded size, and control frames, which go out between two of these.
 * When to send is for ws.c to say.
 */

/* A message on its way out: len bytes of body and then the tail. */
struct ws_outgoing {
	enum ws_opcode opcode;		/* WS_TEXT or WS_BINARY */
	struct payload *body;		/* a reference, which ws takes */
	size_t	 len;			/* of body's bytes, from the first */
	const char *tail;		/* a constant string; NULL for none */
	bool	 is_compressed;		/* body is, and there is no tail */
};

struct ws_sending {
	struct buf control;	/* pings, pongs, a close: frames to be sent */
	struct payload *frames;	/* such frames, half sent; NULL: none */
	uint32_t frames_sent;	/* bytes of them */
	/* A message half sent. */
	struct payload *body;	/* NULL: none */
	const char *tail;
	uint32_t body_len;
	uint32_t tail_len;
	uint64_t whole;		/* bytes of its frames, with their headers */
	uint64_t sent;		/* of these */
	uint8_t	 opcode;
	bool	 is_compressed;
	bool	 is_closing;	/* control ends with a close */
	bool	 is_cut;	/* the frame that is half sent is the last */
	bool	 has_ended;	/* see ws_send_has_ended() */
};

void	 ws_send_init(struct ws_sending *out);
void	 ws_send_clear(struct ws_sending *out);

/* Whether there is anything to send. */
bool	 ws_send_has_any(const struct ws_sending *out);
/* Whether a frame is half sent, or a message has just begun. */
bool	 ws_send_is_amid_frame(const struct ws_sending *out);
/* Bytes of a message to go before anything else may; 0 if there are none. */
uint64_t ws_send_left(const struct ws_sending *out);
/* Whether the peer, who makes us queue pongs, has to read them first. */
bool	 ws_send_is_behind(const struct ws_sending *out);

/*
 * Queue a control frame; -1 if there is no room.  A close is the last one, and
 * waits for the end of a message that is half sent.
 */
int	 ws_send_control(struct ws_sending *out, enum ws_opcode opcode,
	    const uint8_t *payload, size_t len)
	    __attribute__((warn_unused_result));

/* When there is nothing to send: begin the message, whose body is taken. */
void	 ws_send_begin(struct ws_sending *out,
	    const struct ws_outgoing *message);
/* Send no more of a message than the frame that is half sent, if one is. */
void	 ws_send_cut(struct ws_sending *out);

/*
 * When there is something to send: go on with the frame that is half sent, else
 * with the control frames that wait, else with the message's next frames.
 * Returns the number of bytes, or -1 with errno.
 */
ssize_t	 ws_send_some(struct ws_sending *out, int fd)
	    __attribute__((warn_unused_result));
/* Whether that sent the last byte of a message. */
bool	 ws_send_has_ended(const struct ws_sending *out);

/* Bytes that are only read, as sendmsg() and the codec want them. */
struct iovec ws_send_iovec(const void *data, size_t len);

#endif
