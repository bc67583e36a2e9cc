#include "client.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	HEAD_MAX_BYTES = 8 * 1024,	/* of the handshake's answer */
	FRAME_HEAD_MAX_BYTES = 14
};

/* The key may be constant: the server cannot tell, and so is its answer. */
#define HANDSHAKE_KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define HANDSHAKE_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

enum opcode {
	OPCODE_CONTINUATION = 0x0,
	OPCODE_TEXT = 0x1,
	OPCODE_CLOSE = 0x8,
	OPCODE_PING = 0x9,
	OPCODE_PONG = 0xa
};

struct frame {
	uint8_t	 opcode;
	bool	 is_final;
	struct span payload;
};

void
client_init(struct client *client, int epoll_fd, void *owner)
{
	stream_init(&client->stream, epoll_fd, owner);
	client->is_open = false;
	buf_init(&client->message, STREAM_MAX_BYTES);
}

void
client_close(struct client *client)
{
	stream_close(&client->stream);
	buf_clear(&client->message);
}

static int
lose(struct client *client, const char *reason)
{
	(void)stream_lose(&client->stream, reason);	/* always -1 */
	return -1;
}

int
client_connect(struct client *client, const struct stream_target *target,
    const char *host, const char *path, const char *subprotocol)
{
	char head[2048];
	int n;

	n = snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\nHost: %s\r\n"
	    "Connection: Upgrade\r\nUpgrade: websocket\r\n"
	    "Sec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: " HANDSHAKE_KEY "\r\n%s%s%s\r\n", path, host,
	    *subprotocol == '\0' ? "" : "Sec-WebSocket-Protocol: ",
	    subprotocol, *subprotocol == '\0' ? "" : "\r\n");
	if (n < 0 || (size_t)n >= sizeof(head) ||
	    buf_append(&client->stream.out, head, (size_t)n) == -1)
		return lose(client, "the handshake is too long");
	return stream_connect(&client->stream, target);
}

/* Write a frame's first bytes with the mask bit set; how many they are. */
static size_t
write_frame_head(uint8_t *to, enum opcode opcode, size_t len)
{
	size_t n = 0, width = len < 126 ? 0 : len <= UINT16_MAX ? 2 : 8;

	to[n++] = (uint8_t)(0x80 | opcode);
	to[n++] = (uint8_t)(0x80 | (width == 0 ? len : width == 2 ? 126 : 127));
	while (width-- > 0)
		to[n++] = (uint8_t)(len >> 8 * width);
	return n;
}

/* Copy n bytes, exclusive-or'ed with the four bytes of mask again and again. */
static void
copy_masked(uint8_t *to, const char *from, size_t n, uint32_t mask)
{
	const uint64_t wide = (uint64_t)mask << 32 | mask;
	uint64_t word;
	size_t i;

	for (i = 0; i + sizeof(word) <= n; i += sizeof(word)) {
		memcpy(&word, from + i, sizeof(word));
		word ^= wide;
		memcpy(to + i, &word, sizeof(word));
	}
	for (; i < n; i++) {
		uint8_t bytes[sizeof(mask)];

		memcpy(bytes, &mask, sizeof(mask));
		to[i] = (uint8_t)from[i] ^ bytes[i % sizeof(mask)];
	}
}

static int
send_frame(struct client *client, enum opcode opcode, struct span payload)
{
	const uint32_t mask = (uint32_t)random();
	size_t n;
	char *to;

	to = buf_reserve(&client->stream.out,
	    FRAME_HEAD_MAX_BYTES + payload.len);
	if (to == NULL)
		return lose(client, "the server takes nothing any more");
	n = write_frame_head((uint8_t *)to, opcode, payload.len);
	memcpy(to + n, &mask, sizeof(mask));
	n += sizeof(mask);
	copy_masked((uint8_t *)to + n, payload.at, payload.len, mask);
	buf_added(&client->stream.out, n + payload.len);
	return stream_flush(&client->stream);
}

int
client_send(struct client *client, struct span text)
{
	return send_frame(client, OPCODE_TEXT, text);
}

static enum client_event
keep_rest(struct client *client, struct inbox *inbox)
{
	if (stream_keep(&client->stream, inbox) == -1)
		return CLIENT_LOST;
	return CLIENT_NOTHING;
}

static enum client_event
read_handshake(struct client *client, struct inbox *inbox)
{
	static const char status[] = "HTTP/1.1 101 ", end_mark[] = "\r\n\r\n";
	const char *head = (const char *)inbox->bytes + inbox->start;
	size_t have = inbox->end - inbox->start;
	const char *end;

	if (have == 0)
		return CLIENT_NOTHING;
	end = memmem(head, have, end_mark, sizeof(end_mark) - 1);
	if (end == NULL && have < HEAD_MAX_BYTES)
		return keep_rest(client, inbox);
	if (end == NULL || strncmp(head, status, sizeof(status) - 1) != 0 ||
	    memmem(head, (size_t)(end - head), HANDSHAKE_ACCEPT,
	    sizeof(HANDSHAKE_ACCEPT) - 1) == NULL) {
		end = memchr(head, '\r', have);
		(void)snprintf(client->stream.reason,
		    sizeof(client->stream.reason),
		    "handshake refused: %.*s",
		    end == NULL ? 0 : (int)(end - head), head);
		return CLIENT_LOST;
	}
	inbox->start += (size_t)(end - head) + sizeof(end_mark) - 1;
	client->is_open = true;
	return CLIENT_OPENED;
}

/*
 * Take one frame from the inbox.  1: here it is; 0: it is not whole; -1: it is
 * none that a server may send here.
 */
static int
read_frame(struct client *client, struct inbox *inbox, struct frame *frame)
{
	const uint8_t *at = inbox->bytes + inbox->start;
	size_t have = inbox->end - inbox->start, width, i;
	uint64_t len;

	if (have < 2)
		return 0;
	if ((at[0] & 0x70) != 0 || (at[1] & 0x80) != 0)
		return lose(client, "a frame has a reserved bit or a mask");
	width = at[1] == 127 ? 8 : at[1] == 126 ? 2 : 0;
	if (have < 2 + width)
		return 0;
	len = at[1];
	if (width > 0)
		for (len = 0, i = 0; i < width; i++)
			len = len << 8 | at[2 + i];
	if (len > STREAM_MAX_BYTES - FRAME_HEAD_MAX_BYTES)
		return lose(client, "a frame is too long");
	if (have < 2 + width + len)
		return 0;
	*frame = (struct frame){
		.opcode = at[0] & 0x0f,
		.is_final = (at[0] & 0x80) != 0,
		.payload = { (const char *)at + 2 + width, (size_t)len },
	};
	inbox->start += 2 + width + (size_t)len;
	return 1;
}

static int
refuse_close(struct client *client, struct span payload)
{
	unsigned code = 1005;	/* no code given: RFC 6455, section 7.1.5 */

	if (payload.len >= 2)
		code = (unsigned)(uint8_t)payload.at[0] << 8 |
		    (uint8_t)payload.at[1];
	(void)snprintf(client->stream.reason, sizeof(client->stream.reason),
	    "closed by the server with code %u", code);
	return -1;
}

/* 1: a message is whole; 0: go on; -1: lost. */
static int
take_frame(struct client *client, const struct frame *frame,
    struct span *message)
{
	switch (frame->opcode) {
	case OPCODE_PING:
		return send_frame(client, OPCODE_PONG, frame->payload);
	case OPCODE_PONG:
		return 0;
	case OPCODE_CLOSE:
		return refuse_close(client, frame->payload);
	case OPCODE_TEXT:
	case OPCODE_CONTINUATION:
		break;
	default:
		return lose(client, "a frame is not text");
	}
	if (frame->opcode == OPCODE_TEXT && frame->is_final) {
		*message = frame->payload;
		return 1;
	}
	if (buf_append(&client->message, frame->payload.at,
	    frame->payload.len) == -1)
		return lose(client, "a message is too long");
	if (!frame->is_final)
		return 0;
	*message = (struct span){ buf_data(&client->message),
	    client->message.len };
	client->message.len = 0;	/* its bytes stay until the next call */
	return 1;
}

enum client_event
client_next(struct client *client, struct inbox *inbox, struct span *message)
{
	struct frame frame;
	int taken = 0;

	if (!client->is_open)
		return read_handshake(client, inbox);
	while (taken == 0) {
		int whole = read_frame(client, inbox, &frame);

		if (whole == 0)
			return keep_rest(client, inbox);
		if (whole == -1)
			return CLIENT_LOST;
		taken = take_frame(client, &frame, message);
	}
	return taken == 1 ? CLIENT_MESSAGE : CLIENT_LOST;
}
