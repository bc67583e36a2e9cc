#ifndef WS_FRAME_H
#define WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "utf8.h"

struct ws_codec;

/*
 * The frames of a WebSocket, seen from the server (RFC 6455, section 5): a
 * parser that turns the client's bytes into messages and control frames, and
 * the headers of our own frames.  The parser is bytes in, events out; it keeps
 * memory on the heap only for a message or control frame that is cut off.  A
 * compressed message is kept as it came and inflated when it is whole, so what
 * is unfinished holds no more than was sent.
 */

enum ws_opcode {
	WS_CONTINUATION = 0,
	WS_TEXT = 1,
	WS_BINARY = 2,
	WS_CLOSE = 8,
	WS_PING = 9,
	WS_PONG = 10
};

/* Section 7.4.1, and the IANA registry. */
enum ws_close_code {
	WS_CLOSE_NORMAL = 1000,
	WS_CLOSE_GOING_AWAY = 1001,
	WS_CLOSE_PROTOCOL_ERROR = 1002,
	WS_CLOSE_UNSUPPORTED_DATA = 1003,
	WS_CLOSE_NO_STATUS = 1005,	/* never on the wire */
	WS_CLOSE_INVALID_DATA = 1007,
	WS_CLOSE_POLICY_VIOLATION = 1008,
	WS_CLOSE_TOO_BIG = 1009,
	WS_CLOSE_INTERNAL_ERROR = 1011,
	WS_CLOSE_SERVICE_RESTART = 1012
};

enum {
	WS_HEADER_MAX = 14,		/* of a masked frame */
	WS_SERVER_HEADER_MAX = 10,	/* of an unmasked one */
	WS_CONTROL_MAX = 125,		/* payload of a control frame */
	WS_REASON_MAX = WS_CONTROL_MAX - 2
};

enum ws_status {
	WS_MORE,		/* the input is used up */
	WS_EVENT,		/* a message or a control frame */
	WS_FAILED		/* the connection has to be failed */
};

struct ws_event {
	enum ws_opcode opcode;	/* never WS_CONTINUATION */
	uint16_t close_code;	/* see ws_parser_next() */
	const uint8_t *data;	/* never NULL, even if len is 0 */
	size_t	 len;
};

/* Embedded by its owner; the fields are the parser's own. */
struct ws_parser {
	struct buf message;	/* what came of a message that is not whole,
				   and behind it of a control frame */
	struct ws_codec *codec;	/* NULL: compression was not negotiated */
	uint64_t left;		/* bytes to come of this frame's payload */
	uint32_t max_message;
	uint32_t shown;		/* bytes at message's end in the last event */
	uint32_t frames;	/* that have begun; for its owner to reset */
	uint16_t failed;	/* the close code, 0 while all is well */
	uint8_t	 mask[4];	/* turned so that the next byte meets [0] */
	uint8_t	 header[WS_HEADER_MAX]; /* of this frame */
	uint8_t	 header_len;	/* bytes of it that have come */
	uint8_t	 state;
	uint8_t	 opcode;	/* of the message; 0 between messages */
	struct utf8 utf8;	/* of the message; complete between messages */
	bool	 compressed;	/* the message is */
	bool	 accept_binary;
};

/*
 * Messages have at most max_message bytes, after inflating.  codec is lent for
 * the life of the parser; NULL if compression was not negotiated.
 */
void	 ws_parser_init(struct ws_parser *parser, size_t max_message,
	    bool accept_binary, struct ws_codec *codec);
void	 ws_parser_clear(struct ws_parser *parser);

/*
 * Read on from *bytes, *len of them, moving both; the bytes are unmasked in
 * place.  Call it until it says WS_MORE: that call also gives back the memory
 * of the last event.
 *
 * WS_EVENT: a whole message or control frame.  Its data are good until the next
 * call and lie in the input where possible, else in the parser.  Of a WS_CLOSE,
 * close_code is the client's code, or WS_CLOSE_NO_STATUS, and data the reason.
 * After it, whatever comes is skipped (section 1.4).
 *
 * WS_FAILED: the client broke the protocol or a limit, and close_code says how;
 * so does every later call.  Text that is not UTF-8 is found with its first
 * wrong byte, a message too big with the header of the frame that makes it so;
 * what a compressed message comes to is found out with its last byte.
 */
enum ws_status ws_parser_next(struct ws_parser *parser, uint8_t **bytes,
	    size_t *len, struct ws_event *event)
	    __attribute__((warn_unused_result));

/* Whether a message has begun and not ended. */
bool	 ws_parser_is_amid_message(const struct ws_parser *parser);
/* Whether a message or a frame of any kind has. */
bool	 ws_parser_is_amid(const struct ws_parser *parser);

/* Write the header of an unfragmented frame; returns its length. */
size_t	 ws_frame_header(uint8_t out[WS_SERVER_HEADER_MAX],
	    enum ws_opcode opcode, bool compressed, uint64_t payload_len);
/* Let header be of a fragment that others follow (section 5.4). */
void	 ws_frame_header_go_on(uint8_t header[WS_SERVER_HEADER_MAX]);

/*
 * Write the payload of a close frame; returns its length, which is 0 for
 * WS_CLOSE_NO_STATUS.  reason has at most WS_REASON_MAX bytes, "" for none.
 */
size_t	 ws_close_payload(uint8_t out[WS_CONTROL_MAX], uint16_t code,
	    const char *reason);

#endif
