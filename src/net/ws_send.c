#include "ws_send.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
	FRAME_BYTES = 65536,	/* of a message in one frame, at most */
	FRAMES_PER_CALL = 8,
	PIECES = 3 * FRAMES_PER_CALL,	/* header, body, tail */
	/* A full frame with its header. */
	STRIDE = FRAME_BYTES + WS_SERVER_HEADER_MAX,
	CONTROL_PAUSE_BYTES = 4096, /* more unsent pongs stop reading */
	CONTROL_MAX_BYTES = CONTROL_PAUSE_BYTES +
	    4 * (WS_SERVER_HEADER_MAX + WS_CONTROL_MAX)
};

void
ws_send_init(struct ws_sending *out)
{
	*out = (struct ws_sending){ .body = NULL };
	buf_init(&out->control, CONTROL_MAX_BYTES);
}

static void
drop_message(struct ws_sending *out)
{
	payload_unref(out->body);
	out->body = NULL;
}

void
ws_send_clear(struct ws_sending *out)
{
	buf_clear(&out->control);
	payload_unref(out->frames);
	out->frames = NULL;
	drop_message(out);
}

bool
ws_send_has_any(const struct ws_sending *out)
{
	return out->body != NULL || out->frames != NULL ||
	    out->control.len > 0;
}

bool
ws_send_is_amid_frame(const struct ws_sending *out)
{
	return out->frames != NULL || (out->body != NULL &&
	    (out->sent == 0 || out->sent % STRIDE != 0));
}

bool
ws_send_is_behind(const struct ws_sending *out)
{
	return out->control.len >= CONTROL_PAUSE_BYTES;
}

int
ws_send_control(struct ws_sending *out, enum ws_opcode opcode,
    const uint8_t *payload, size_t len)
{
	uint8_t header[WS_SERVER_HEADER_MAX];
	size_t n = ws_frame_header(header, opcode, false, len);

	if (buf_append(&out->control, header, n) == -1)
		return -1;
	if (opcode == WS_CLOSE)
		out->is_closing = true;
	return buf_append(&out->control, payload, len);
}

struct iovec
ws_send_iovec(const void *data, size_t len)
{
	return (struct iovec){ (void *)(uintptr_t)data, len };
}

/* Whether control frames wait that may go out before the message's end. */
static bool
is_urgent(const struct ws_sending *out)
{
	return out->control.len > 0 && !out->is_closing;
}

static uint64_t
message_len(const struct ws_sending *out)
{
	return (uint64_t)out->body_len + out->tail_len;
}

/*
 * A frame of the message, counted from 0: write its header, of which the
 * length is returned, and find its bytes from *at on, *len of them.
 */
static size_t
frame(const struct ws_sending *out, uint64_t i,
    uint8_t header[WS_SERVER_HEADER_MAX], uint64_t *at, size_t *len)
{
	uint64_t left;
	size_t n;

	*at = i * FRAME_BYTES;
	left = message_len(out) - *at;
	*len = left < FRAME_BYTES ? (size_t)left : FRAME_BYTES;
	n = ws_frame_header(header, i == 0 ? (enum ws_opcode)out->opcode :
	    WS_CONTINUATION, i == 0 && out->is_compressed, *len);
	if (left > FRAME_BYTES)
		ws_frame_header_go_on(header);
	return n;
}

static uint64_t
frames_count(const struct ws_sending *out)
{
	uint64_t n = (message_len(out) + FRAME_BYTES - 1) / FRAME_BYTES;

	return n == 0 ? 1 : n;
}

/* Bytes of all the message's frames, with their headers. */
static uint64_t
frames_len(const struct ws_sending *out)
{
	uint64_t last = frames_count(out) - 1, at;
	uint8_t header[WS_SERVER_HEADER_MAX];
	size_t len, n = frame(out, last, header, &at, &len);

	return last * STRIDE + n + len;
}

uint64_t
ws_send_left(const struct ws_sending *out)
{
	if (out->frames != NULL || out->body == NULL ||
	    (is_urgent(out) && !ws_send_is_amid_frame(out)))
		return 0;
	return out->whole - out->sent;
}

void
ws_send_begin(struct ws_sending *out, const struct ws_outgoing *message)
{
	out->body = message->body;
	out->body_len = (uint32_t)message->len;
	out->tail = message->tail;
	out->tail_len = message->tail == NULL ? 0 :
	    (uint32_t)strlen(message->tail);
	out->is_compressed = message->is_compressed;
	out->opcode = (uint8_t)message->opcode;
	out->whole = frames_len(out);
	out->sent = 0;
}

void
ws_send_cut(struct ws_sending *out)
{
	if (out->body == NULL)
		return;
	if (out->sent == 0 || out->sent % STRIDE != 0)
		out->is_cut = true;
	else
		drop_message(out);
}

/* The part of a message that sendmsg() is to be given. */
struct pieces {
	struct iovec list[PIECES];
	size_t	 count;
	size_t	 skip;		/* bytes that were sent before */
};

/* Add what was not sent of len bytes. */
static void
add_unsent(struct pieces *pieces, const void *data, size_t len)
{
	if (pieces->skip >= len) {
		pieces->skip -= len;
		return;
	}
	pieces->list[pieces->count++] =
	    ws_send_iovec((const char *)data + pieces->skip,
	    len - pieces->skip);
	pieces->skip = 0;
}

static void
add_frame(struct pieces *pieces, const struct ws_sending *out, uint64_t i,
    uint8_t header[WS_SERVER_HEADER_MAX])
{
	uint64_t at;
	size_t len, of_body = 0;

	add_unsent(pieces, header, frame(out, i, header, &at, &len));
	if (at < out->body_len) {
		of_body = out->body_len - (size_t)at;
		if (of_body > len)
			of_body = len;
		add_unsent(pieces, out->body->data + at, of_body);
	}
	if (len > of_body)
		add_unsent(pieces, out->tail + (at + of_body - out->body_len),
		    len - of_body);
}

/* What is sent at once: no more than a frame if something is to follow it. */
static ssize_t
send_frames(const struct ws_sending *out, int fd)
{
	uint8_t headers[FRAMES_PER_CALL][WS_SERVER_HEADER_MAX];
	uint64_t first = out->sent / STRIDE, end = frames_count(out);
	uint64_t max = out->is_cut || is_urgent(out) ? 1 : FRAMES_PER_CALL;
	struct pieces pieces;
	struct msghdr msg = { .msg_iov = pieces.list };
	uint64_t i;

	pieces.count = 0;
	pieces.skip = (size_t)(out->sent % STRIDE);
	if (end - first > max)
		end = first + max;
	for (i = first; i < end; i++)
		add_frame(&pieces, out, i, headers[i - first]);
	msg.msg_iovlen = pieces.count;
	return sendmsg(fd, &msg, MSG_NOSIGNAL);
}

static ssize_t
send_message(struct ws_sending *out, int fd)
{
	ssize_t n = send_frames(out, fd);

	if (n == -1)
		return -1;
	out->sent += (uint64_t)n;
	out->has_ended = out->sent == out->whole;
	if (out->has_ended || (out->is_cut && out->sent % STRIDE == 0))
		drop_message(out);
	return n;
}

static ssize_t
send_control(struct ws_sending *out, int fd)
{
	ssize_t n = send(fd, out->frames->data + out->frames_sent,
	    out->frames->len - out->frames_sent, MSG_NOSIGNAL);

	if (n == -1)
		return -1;
	out->frames_sent += (uint32_t)n;
	if (out->frames_sent == out->frames->len) {
		payload_unref(out->frames);
		out->frames = NULL;
	}
	return n;
}

ssize_t
ws_send_some(struct ws_sending *out, int fd)
{
	out->has_ended = false;
	if (out->body == NULL ? out->frames == NULL :
	    is_urgent(out) && !ws_send_is_amid_frame(out)) {
		out->frames = buf_freeze(&out->control);
		out->frames_sent = 0;
	}
	return out->frames != NULL ? send_control(out, fd) :
	    send_message(out, fd);
}

bool
ws_send_has_ended(const struct ws_sending *out)
{
	return out->has_ended;
}
