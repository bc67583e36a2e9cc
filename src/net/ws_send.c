#include "ws_send.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "wire/ws_deflate.h"

enum {
	FRAME_BYTES = 65536,	/* of a message in one frame, at most */
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
drop_body(struct ws_sending *out)
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
	drop_body(out);
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
	    out->frame_sent < out->header_len + out->frame_len);
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
	return buf_append(&out->control, payload, len);
}

/* Bytes that are only read, as sendmsg() and the compressor want them. */
static struct iovec
piece(const void *data, size_t len)
{
	return (struct iovec){ (void *)(uintptr_t)data, len };
}

/* Replace body and tail by their compressed form; -1: they are as before. */
static int
compress(struct ws_sending *out, struct ws_compressor *compressor)
{
	const struct iovec pieces[] = {
		piece(out->body->data, out->body_len),
		piece(out->tail, out->tail_len),
	};
	struct buf packed;

	buf_init(&packed, UINT32_MAX);
	if (ws_compressor_message(compressor, pieces, 2, &packed) == -1)
		return -1;
	payload_unref(out->body);
	out->body_len = (uint32_t)packed.len;
	out->body = buf_freeze(&packed);
	out->tail_len = 0;
	return 0;
}

/* Bytes of the message behind this frame. */
static uint64_t
rest_len(const struct ws_sending *out)
{
	return (uint64_t)out->body_len + out->tail_len - out->before -
	    out->frame_len;
}

/* Begin the message's next frame. */
static void
begin_frame(struct ws_sending *out, enum ws_opcode opcode, bool is_compressed)
{
	uint64_t len = rest_len(out);

	out->frame_len = len < FRAME_BYTES ? (uint32_t)len : FRAME_BYTES;
	out->frame_sent = 0;
	out->header_len = (uint8_t)ws_frame_header(out->header, opcode,
	    is_compressed, out->frame_len);
	if (rest_len(out) > 0)
		ws_frame_header_go_on(out->header);
}

void
ws_send_begin(struct ws_sending *out, const struct ws_outgoing *message,
    struct ws_compressor *compressor)
{
	bool is_compressed;

	out->body = message->body;
	out->body_len = (uint32_t)message->len;
	out->tail = message->tail;
	out->tail_len = message->tail == NULL ? 0 :
	    (uint32_t)strlen(message->tail);
	is_compressed = compressor != NULL && compress(out, compressor) == 0;
	out->before = 0;
	out->frame_len = 0;
	begin_frame(out, message->opcode, is_compressed);
}

void
ws_send_cut(struct ws_sending *out)
{
	if (out->frame_sent < out->header_len + out->frame_len)
		out->is_cut = true;
	else
		drop_body(out);
}

/* Send of pieces, which are three, what is behind their first skip bytes. */
static ssize_t
send_behind(const struct iovec *pieces, size_t skip, int fd)
{
	struct iovec rest[3];
	struct msghdr msg = { .msg_iov = rest };
	size_t i;

	for (i = 0; i < 3; i++) {
		if (skip >= pieces[i].iov_len) {
			skip -= pieces[i].iov_len;
			continue;
		}
		rest[msg.msg_iovlen++] =
		    piece((const char *)pieces[i].iov_base + skip,
		    pieces[i].iov_len - skip);
		skip = 0;
	}
	return sendmsg(fd, &msg, MSG_NOSIGNAL);
}

static ssize_t
send_frame(struct ws_sending *out, int fd)
{
	size_t of_body = out->before >= out->body_len ? 0 :
	    out->body_len - (size_t)out->before;
	size_t of_tail;
	ssize_t n;

	if (of_body > out->frame_len)
		of_body = out->frame_len;
	of_tail = out->frame_len - of_body;
	n = send_behind((const struct iovec[]){
		piece(out->header, out->header_len),
		piece(of_body == 0 ? NULL : out->body->data + out->before,
		    of_body),
		piece(of_tail == 0 ? NULL : out->tail + out->tail_len -
		    of_tail - rest_len(out), of_tail),
	}, out->frame_sent, fd);
	if (n == -1)
		return -1;
	out->frame_sent += (uint32_t)n;
	if (ws_send_is_amid_frame(out))
		return n;
	out->has_ended = rest_len(out) == 0;
	if (out->has_ended || out->is_cut)
		drop_body(out);
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
	if (!ws_send_is_amid_frame(out)) {
		if (out->control.len > 0) {
			out->frames = buf_freeze(&out->control);
			out->frames_sent = 0;
		} else {
			out->before += out->frame_len;
			out->frame_len = 0;
			begin_frame(out, WS_CONTINUATION, false);
		}
	}
	return out->frames != NULL ? send_control(out, fd) :
	    send_frame(out, fd);
}

bool
ws_send_has_ended(const struct ws_sending *out)
{
	return out->has_ended;
}
