#include "ws_send.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "wire/ws_deflate.h"

enum {
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
	drop_body(out);
}

bool
ws_send_has_begun(const struct ws_sending *out)
{
	return out->body != NULL;
}

bool
ws_send_has_message(const struct ws_sending *out)
{
	return out->body != NULL && out->header_len > 0;
}

bool
ws_send_has_control(const struct ws_sending *out)
{
	return out->control.len > 0;
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
	out->sent = 0;
	is_compressed = compressor != NULL && compress(out, compressor) == 0;
	out->header_len = (uint8_t)ws_frame_header(out->header,
	    message->opcode, is_compressed,
	    (uint64_t)out->body_len + out->tail_len);
}

void
ws_send_begin_control(struct ws_sending *out)
{
	out->body_len = (uint32_t)out->control.len;
	out->body = buf_freeze(&out->control);
	out->tail_len = 0;
	out->header_len = 0;	/* each frame has its own */
	out->sent = 0;
}

static ssize_t
send_rest(const struct ws_sending *out, int fd)
{
	const struct iovec whole[] = {
		piece(out->header, out->header_len),
		piece(out->body->data, out->body_len),
		piece(out->tail, out->tail_len),
	};
	struct iovec rest[3];
	struct msghdr msg = { .msg_iov = rest };
	size_t skip = out->sent, i;

	for (i = 0; i < 3; i++) {
		if (skip >= whole[i].iov_len) {
			skip -= whole[i].iov_len;
			continue;
		}
		rest[msg.msg_iovlen++] =
		    piece((const char *)whole[i].iov_base + skip,
		    whole[i].iov_len - skip);
		skip = 0;
	}
	return sendmsg(fd, &msg, MSG_NOSIGNAL);
}

ssize_t
ws_send_some(struct ws_sending *out, int fd)
{
	ssize_t n = send_rest(out, fd);

	if (n == -1)
		return -1;
	out->sent += (size_t)n;
	if (out->sent ==
	    (size_t)out->header_len + out->body_len + out->tail_len)
		drop_body(out);
	return n;
}
