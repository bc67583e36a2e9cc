#ifndef WS_SEND_H
#define WS_SEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "wire/ws_frame.h"

struct ws_compressor;

/*
 * The bytes that a connection has to send: one message, which is half sent,
 * or a queue of control frames.  What comes next, and when, is for ws.c to
 * say.
 */

/* A message on its way out: len bytes of body and then the tail. */
struct ws_outgoing {
	enum ws_opcode opcode;		/* WS_TEXT or WS_BINARY */
	struct payload *body;		/* a reference, which ws takes */
	size_t	 len;			/* of body's bytes, from the first */
	const char *tail;		/* a constant string; NULL for none */
};

struct ws_sending {
	struct buf control;	/* pings, pongs, a close: frames to be sent */
	/* A frame, or several control frames, half sent. */
	struct payload *body;	/* NULL: nothing is being sent */
	const char *tail;
	size_t	 sent;		/* of header, body and tail together */
	uint32_t body_len;
	uint32_t tail_len;
	uint8_t	 header[WS_SERVER_HEADER_MAX];
	uint8_t	 header_len;
};

void	 ws_send_init(struct ws_sending *out);
void	 ws_send_clear(struct ws_sending *out);

/* Whether something is half sent. */
bool	 ws_send_has_begun(const struct ws_sending *out);
/* Whether that is a message. */
bool	 ws_send_has_message(const struct ws_sending *out);
/* Whether control frames wait. */
bool	 ws_send_has_control(const struct ws_sending *out);
/* Whether the peer, who makes us queue pongs, has to read them first. */
bool	 ws_send_is_behind(const struct ws_sending *out);

/* Queue a control frame; -1 if there is no room. */
int	 ws_send_control(struct ws_sending *out, enum ws_opcode opcode,
	    const uint8_t *payload, size_t len)
	    __attribute__((warn_unused_result));

/*
 * When nothing is half sent: begin the message, whose body is taken, or all
 * control frames of the queue.  compressor is NULL where none was negotiated.
 */
void	 ws_send_begin(struct ws_sending *out,
	    const struct ws_outgoing *message,
	    struct ws_compressor *compressor);
void	 ws_send_begin_control(struct ws_sending *out);

/* Go on with what was begun; the number of bytes, or -1 with errno. */
ssize_t	 ws_send_some(struct ws_sending *out, int fd)
	    __attribute__((warn_unused_result));

#endif
