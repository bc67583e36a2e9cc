#include "ws_frame.h"

#include <assert.h>
#include <string.h>

#include "ws_deflate.h"

/* The first two bytes of a frame: RFC 6455, section 5.2. */
#define FIN 0x80
#define RSV1 0x40		/* RFC 7692, section 6: a compressed message */
#define RSV23 0x30
#define OPCODE 0x0f
#define OPCODE_CONTROL 0x08
#define MASK 0x80
#define LEN7 0x7f
#define LEN7_IS_16 126		/* the length is in the next two bytes */
#define LEN7_IS_64 127		/* ... eight bytes */

/*
 * What a message can come to when it is compressed: codes of deflate's fixed
 * table have at most 9 bits for a byte, and there is a little for each block.
 */
enum {
	COMPRESSED_EXTRA_SHARE = 7,	/* a seventh */
	COMPRESSED_EXTRA_BYTES = 64
};

enum parser_state {
	STATE_HEADER,
	STATE_PAYLOAD,
	STATE_CLOSED
};

static size_t
max_compressed(size_t max_message)
{
	uint64_t max = (uint64_t)max_message +
	    max_message / COMPRESSED_EXTRA_SHARE + COMPRESSED_EXTRA_BYTES;
	const size_t most = UINT32_MAX - WS_CONTROL_MAX;

	return max < most ? (size_t)max : most;
}

void
ws_parser_init(struct ws_parser *parser, size_t max_message, bool accept_binary,
    struct ws_codec *codec)
{
	*parser = (struct ws_parser){
		.codec = codec,
		.max_message = (uint32_t)max_message,
		.accept_binary = accept_binary,
	};
	buf_init(&parser->message, WS_CONTROL_MAX + (codec == NULL ?
	    max_message : max_compressed(max_message)));
}

void
ws_parser_clear(struct ws_parser *parser)
{
	buf_clear(&parser->message);
}

/* How much of the message may be kept, in the form in which it comes. */
static size_t
max_kept(const struct ws_parser *parser)
{
	return parser->compressed ? max_compressed(parser->max_message) :
	    parser->max_message;
}

static bool
is_control_frame(const struct ws_parser *parser)
{
	return (parser->header[0] & OPCODE_CONTROL) != 0;
}

static bool
is_final(const struct ws_parser *parser)
{
	return (parser->header[0] & FIN) != 0;
}

static enum ws_status
fail_frame(struct ws_parser *parser, enum ws_close_code code)
{
	parser->failed = (uint16_t)code;
	parser->shown = 0;
	buf_clear(&parser->message);
	return WS_FAILED;
}

/* Forget what the last event showed. */
static void
forget_shown(struct ws_parser *parser)
{
	parser->message.len -= parser->shown;
	parser->shown = 0;
	if (parser->message.len == 0 && parser->message.storage != NULL)
		buf_clear(&parser->message);
}

static size_t
extended_len_bytes(const struct ws_parser *parser)
{
	switch (parser->header[1] & LEN7) {
	case LEN7_IS_16:
		return 2;
	case LEN7_IS_64:
		return 8;
	default:
		return 0;
	}
}

/* Take header bytes until there are need of them; whether there are. */
static bool
gather_header(struct ws_parser *parser, size_t need, uint8_t **bytes,
    size_t *len)
{
	size_t n = need - parser->header_len;

	if (n > *len)
		n = *len;
	memcpy(parser->header + parser->header_len, *bytes, n);
	parser->header_len = (uint8_t)(parser->header_len + n);
	*bytes += n;
	*len -= n;
	return parser->header_len == need;
}

static enum ws_status
judge_control(struct ws_parser *parser)
{
	uint8_t opcode = parser->header[0] & OPCODE;

	if (opcode > WS_PONG || !is_final(parser) ||
	    (parser->header[0] & RSV1) != 0 ||
	    (parser->header[1] & LEN7) > WS_CONTROL_MAX)
		return fail_frame(parser, WS_CLOSE_PROTOCOL_ERROR);
	return WS_MORE;
}

/* The first frame of a message. */
static enum ws_status
judge_opening(struct ws_parser *parser)
{
	uint8_t opcode = parser->header[0] & OPCODE;
	bool compressed = (parser->header[0] & RSV1) != 0;

	if (parser->opcode != 0 || opcode > WS_BINARY ||
	    (compressed && parser->codec == NULL))
		return fail_frame(parser, WS_CLOSE_PROTOCOL_ERROR);
	if (opcode == WS_BINARY && !parser->accept_binary)
		return fail_frame(parser, WS_CLOSE_UNSUPPORTED_DATA);
	parser->opcode = opcode;
	parser->compressed = compressed;
	return WS_MORE;
}

/* The first two bytes of a frame are there. */
static enum ws_status
judge_frame_start(struct ws_parser *parser)
{
	uint8_t first = parser->header[0];

	if ((first & RSV23) != 0 || (parser->header[1] & MASK) == 0)
		return fail_frame(parser, WS_CLOSE_PROTOCOL_ERROR);
	if (is_control_frame(parser))
		return judge_control(parser);
	if ((first & OPCODE) != WS_CONTINUATION)
		return judge_opening(parser);
	if (parser->opcode == 0 || (first & RSV1) != 0)
		return fail_frame(parser, WS_CLOSE_PROTOCOL_ERROR);
	return WS_MORE;
}

static uint64_t
read_extended_len(const struct ws_parser *parser, size_t n)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < n; i++)
		value = value << 8 | parser->header[2 + i];
	return value;
}

/* The whole header is there: find the length and the mask. */
static enum ws_status
judge_length(struct ws_parser *parser)
{
	size_t extended = extended_len_bytes(parser);

	parser->left = parser->header[1] & LEN7;
	if (extended > 0)
		parser->left = read_extended_len(parser, extended);
	if ((extended == 2 && parser->left < LEN7_IS_16) ||
	    (extended == 8 && (parser->left <= UINT16_MAX ||
	    parser->left > INT64_MAX)))
		return fail_frame(parser, WS_CLOSE_PROTOCOL_ERROR);
	if (!is_control_frame(parser) &&
	    parser->left > max_kept(parser) - parser->message.len)
		return fail_frame(parser, WS_CLOSE_TOO_BIG);
	memcpy(parser->mask, parser->header + 2 + extended,
	    sizeof(parser->mask));
	return WS_MORE;
}

/* WS_EVENT stands for a header that is complete and sound. */
static enum ws_status
read_frame_header(struct ws_parser *parser, uint8_t **bytes, size_t *len)
{
	size_t need;

	if (parser->header_len < 2) {
		if (!gather_header(parser, 2, bytes, len))
			return WS_MORE;
		if (judge_frame_start(parser) == WS_FAILED)
			return WS_FAILED;
	}
	need = 2 + extended_len_bytes(parser) + sizeof(parser->mask);
	if (!gather_header(parser, need, bytes, len))
		return WS_MORE;
	parser->frames++;
	return judge_length(parser) == WS_FAILED ? WS_FAILED : WS_EVENT;
}

/* Unmask n bytes and turn the mask for those that follow. */
static void
unmask(struct ws_parser *parser, uint8_t *data, size_t n)
{
	uint8_t *mask = parser->mask;
	uint8_t twice[8] = { mask[0], mask[1], mask[2], mask[3],
	    mask[0], mask[1], mask[2], mask[3] };
	uint64_t key, word;
	size_t i = 0;

	memcpy(&key, twice, sizeof(key));
	for (; n - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, data + i, sizeof(word));
		word ^= key;
		memcpy(data + i, &word, sizeof(word));
	}
	for (; i < n; i++)
		data[i] ^= twice[i % 4];
	memcpy(mask, twice + n % 4, sizeof(parser->mask));
}

static enum ws_close_code
inflate_fault(enum ws_inflate_status status)
{
	switch (status) {
	case WS_INFLATE_OK:
	case WS_INFLATE_NO_MEMORY:
		break;
	case WS_INFLATE_TOO_BIG:
		return WS_CLOSE_TOO_BIG;
	case WS_INFLATE_CORRUPT:
		return WS_CLOSE_PROTOCOL_ERROR;
	}
	return WS_CLOSE_INTERNAL_ERROR;
}

static int
check_text(struct ws_parser *parser, const void *data, size_t n)
{
	if (parser->opcode != WS_TEXT)
		return 0;
	return utf8_feed(&parser->utf8, data, n);
}

/* Take n unmasked bytes of what is not whole in the input. */
static enum ws_status
keep_payload(struct ws_parser *parser, const uint8_t *data, size_t n)
{
	if (!is_control_frame(parser) && !parser->compressed &&
	    check_text(parser, data, n) == -1)
		return fail_frame(parser, WS_CLOSE_INVALID_DATA);
	if (buf_append(&parser->message, data, n) == -1)
		return fail_frame(parser, WS_CLOSE_INTERNAL_ERROR);
	return WS_MORE;
}

/* Section 7.4: the codes that a close frame may carry. */
static bool
is_wire_code(uint16_t code)
{
	return (code >= 1000 && code <= 1003) ||
	    (code >= 1007 && code <= 1014) ||
	    (code >= 3000 && code <= 4999);
}

static enum ws_status
close_event(struct ws_parser *parser, const uint8_t *data, size_t n,
    struct ws_event *event)
{
	struct utf8 utf8 = { 0 };
	uint16_t code;

	parser->state = STATE_CLOSED;
	*event = (struct ws_event){ WS_CLOSE, WS_CLOSE_NO_STATUS, data, n };
	if (n == 0)
		return WS_EVENT;
	if (n == 1)
		return fail_frame(parser, WS_CLOSE_PROTOCOL_ERROR);
	code = (uint16_t)(data[0] << 8 | data[1]);
	if (!is_wire_code(code))
		return fail_frame(parser, WS_CLOSE_PROTOCOL_ERROR);
	if (utf8_feed(&utf8, data + 2, n - 2) == -1 || !utf8_is_complete(&utf8))
		return fail_frame(parser, WS_CLOSE_INVALID_DATA);
	*event = (struct ws_event){ WS_CLOSE, code, data + 2, n - 2 };
	return WS_EVENT;
}

static enum ws_status
control_event(struct ws_parser *parser, const uint8_t *data, size_t n,
    struct ws_event *event)
{
	uint8_t opcode = parser->header[0] & OPCODE;

	if (opcode == WS_CLOSE)
		return close_event(parser, data, n, event);
	*event = (struct ws_event){ .opcode = opcode, .data = data, .len = n };
	return WS_EVENT;
}

static enum ws_status
message_event(struct ws_parser *parser, const uint8_t *data, size_t n,
    struct ws_event *event)
{
	if (!utf8_is_complete(&parser->utf8))
		return fail_frame(parser, WS_CLOSE_INVALID_DATA);
	*event = (struct ws_event){
		.opcode = parser->opcode,
		.data = data,
		.len = n,
	};
	parser->opcode = 0;
	return WS_EVENT;
}

/* The last n bytes of what is kept, as an event; place, if there are none. */
static enum ws_status
show_kept(struct ws_parser *parser, size_t n, const uint8_t *place,
    struct ws_event *event)
{
	const struct buf *message = &parser->message;

	if (n > 0)
		place = (const uint8_t *)buf_data(message) + message->len - n;
	parser->shown = (uint32_t)n;
	if (is_control_frame(parser))
		return control_event(parser, place, n, event);
	return message_event(parser, place, n, event);
}

/*
 * The n bytes are a whole compressed message.  What comes of them takes the
 * place of what was kept, and is judged before what is wrong behind it.
 */
static enum ws_status
show_inflated(struct ws_parser *parser, const uint8_t *data, size_t n,
    struct ws_event *event)
{
	enum ws_inflate_status status;
	struct buf text;

	buf_init(&text, parser->message.max);
	status = ws_codec_inflate(parser->codec, data, n, &text,
	    parser->max_message);
	buf_clear(&parser->message);
	parser->message = text;
	if (text.len > 0 && check_text(parser, (uint8_t *)buf_data(&text),
	    text.len) == -1)
		return fail_frame(parser, WS_CLOSE_INVALID_DATA);
	if (status != WS_INFLATE_OK)
		return fail_frame(parser, inflate_fault(status));
	return show_kept(parser, text.len, (const uint8_t *)"", event);
}

/* The payload lies whole in the input. */
static enum ws_status
show_in_place(struct ws_parser *parser, const uint8_t *data, size_t n,
    struct ws_event *event)
{
	if (is_control_frame(parser))
		return control_event(parser, data, n, event);
	if (parser->compressed)
		return show_inflated(parser, data, n, event);
	if (check_text(parser, data, n) == -1)
		return fail_frame(parser, WS_CLOSE_INVALID_DATA);
	return message_event(parser, data, n, event);
}

static enum ws_status
end_frame(struct ws_parser *parser, const uint8_t *place,
    struct ws_event *event)
{
	const struct buf *message = &parser->message;

	if (is_control_frame(parser))
		return show_kept(parser, parser->header[1] & LEN7, place,
		    event);
	if (!is_final(parser))
		return WS_MORE;
	if (parser->compressed && message->len > 0)
		return show_inflated(parser,
		    (const uint8_t *)buf_data(message), message->len, event);
	return show_kept(parser, message->len, place, event);
}

/* Whether nothing of the payload has to be kept beyond the next call. */
static bool
is_whole(const struct ws_parser *parser, size_t len)
{
	if (parser->left > len)
		return false;
	if (is_control_frame(parser))
		return parser->left == (parser->header[1] & LEN7);
	return is_final(parser) && parser->message.len == 0;
}

static enum ws_status
read_frame_payload(struct ws_parser *parser, uint8_t **bytes, size_t *len,
    struct ws_event *event)
{
	bool whole = is_whole(parser, *len);
	size_t n = parser->left < *len ? (size_t)parser->left : *len;
	uint8_t *data = *bytes;
	enum ws_status status = WS_MORE;

	unmask(parser, data, n);
	*bytes += n;
	*len -= n;
	parser->left -= n;
	if (parser->left == 0) {
		parser->state = STATE_HEADER;
		parser->header_len = 0;
	}
	if (whole)
		return show_in_place(parser, data, n, event);
	if (n > 0)
		status = keep_payload(parser, data, n);
	if (status == WS_FAILED || parser->left > 0)
		return status;
	return end_frame(parser, data, event);
}

/* One frame, or what there is of it; WS_MORE is then no end. */
static enum ws_status
read_frame(struct ws_parser *parser, uint8_t **bytes, size_t *len,
    struct ws_event *event)
{
	if (parser->state == STATE_HEADER) {
		enum ws_status status = read_frame_header(parser, bytes, len);

		if (status != WS_EVENT)
			return status;
		parser->state = STATE_PAYLOAD;
	}
	return read_frame_payload(parser, bytes, len, event);
}

enum ws_status
ws_parser_next(struct ws_parser *parser, uint8_t **bytes, size_t *len,
    struct ws_event *event)
{
	enum ws_status status = WS_MORE;

	forget_shown(parser);
	while (parser->failed == 0 && *len > 0 && status == WS_MORE &&
	    parser->state != STATE_CLOSED)
		status = read_frame(parser, bytes, len, event);
	if (parser->failed != 0 || parser->state == STATE_CLOSED) {
		*bytes += *len;
		*len = 0;
	}
	if (parser->failed == 0)
		return status;
	*event = (struct ws_event){ .close_code = parser->failed };
	return WS_FAILED;
}

bool
ws_parser_is_amid_message(const struct ws_parser *parser)
{
	return parser->opcode != 0;
}

bool
ws_parser_is_amid(const struct ws_parser *parser)
{
	return parser->opcode != 0 || parser->header_len > 0;
}

static void
write_be(uint8_t *out, uint64_t value, size_t n)
{
	while (n > 0) {
		out[--n] = (uint8_t)value;
		value >>= 8;
	}
}

size_t
ws_frame_header(uint8_t out[WS_SERVER_HEADER_MAX], enum ws_opcode opcode,
    bool compressed, uint64_t payload_len)
{
	out[0] = (uint8_t)(FIN | opcode | (compressed ? RSV1 : 0));
	if (payload_len < LEN7_IS_16) {
		out[1] = (uint8_t)payload_len;
		return 2;
	}
	if (payload_len <= UINT16_MAX) {
		out[1] = LEN7_IS_16;
		write_be(out + 2, payload_len, 2);
		return 4;
	}
	out[1] = LEN7_IS_64;
	write_be(out + 2, payload_len, 8);
	return 10;
}

void
ws_frame_header_go_on(uint8_t header[WS_SERVER_HEADER_MAX])
{
	header[0] &= (uint8_t)~FIN;
}

size_t
ws_close_payload(uint8_t out[WS_CONTROL_MAX], uint16_t code,
    const char *reason)
{
	size_t n = strlen(reason);

	if (code == WS_CLOSE_NO_STATUS)
		return 0;
	assert(n <= WS_REASON_MAX);
	write_be(out, code, 2);
	memcpy(out + 2, reason, n);
	return 2 + n;
}
