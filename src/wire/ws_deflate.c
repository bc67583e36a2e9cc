#include "ws_deflate.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/buf.h"
#include "base/xalloc.h"

#define EXTENSION "permessage-deflate"
#define OWS " \t"

enum {
	WINDOW_BITS_MIN = 8,
	WINDOW_BITS_MAX = 15,
	/* zlib inflates with windows from 8 bits on, but compresses so. */
	COMPRESSOR_BITS_MIN = 9,
	/* zlib's defaults: 128 KiB for the hash tables of a compressor. */
	COMPRESSOR_LEVEL = 6,
	COMPRESSOR_MEMORY = 8,
	/* What is asked of a buf at a time. */
	STEP_BYTES = 4096,
	/* An empty stored block without the tail: an empty message. */
	EMPTY_BLOCK = 0x00,
	/* What inflate() leaves in data_type: a flag, and a number of bits. */
	BETWEEN_BLOCKS = 128,
	BITS_LEFT = 63
};

/* RFC 7692, section 7.2: what a sender takes off the end of each message. */
static const uint8_t tail[] = { 0x00, 0x00, 0xff, 0xff };

/* A stretch of a header field's value. */
struct span {
	const char *at;
	size_t	 len;
};

/* One element of the list, as far as it is read. */
struct offer {
	bool	 is_ours;		/* permessage-deflate */
	bool	 is_unacceptable;
	bool	 has_server_bits;
	bool	 has_client_bits;
	bool	 names_client_bits;	/* ... with a value */
	struct ws_deflate_params params;
};

static bool
span_is(struct span span, const char *text)
{
	return span.len == strlen(text) && memcmp(span.at, text, span.len) == 0;
}

static const char *
skip_ows(const char *p)
{
	return p + strspn(p, OWS);
}

static int
read_token(const char **p, struct span *token)
{
	token->at = *p;
	token->len = strspn(*p, WS_TOKEN_CHARS);
	*p += token->len;
	return token->len > 0 ? 0 : -1;
}

/*
 * A value is a token, quoted or not (RFC 6455, section 9.1).  One that makes
 * use of a backslash is none that we know: it is left standing as it is.
 */
static int
read_value(const char **p, struct span *value)
{
	if (**p != '"')
		return read_token(p, value);
	value->at = ++*p;
	*p += strspn(*p, WS_TOKEN_CHARS "\\");
	value->len = (size_t)(*p - value->at);
	if (value->len == 0 || **p != '"')
		return -1;
	++*p;
	return 0;
}

/* RFC 7692, section 7.1.2: 8 to 15 without leading zeros; 0 if it is not. */
static int
window_bits(struct span value)
{
	const char *p = value.at;

	if (value.len == 1 && (*p == '8' || *p == '9'))
		return *p - '0';
	if (value.len == 2 && p[0] == '1' && p[1] >= '0' && p[1] <= '5')
		return 10 + p[1] - '0';
	return 0;
}

/* Set a parameter without value; -1 if it has one or is there twice. */
static int
offer_flag(bool *flag, struct span value)
{
	if (*flag || value.len > 0)
		return -1;
	*flag = true;
	return 0;
}

static int
offer_server_bits(struct offer *offer, struct span value)
{
	int bits = window_bits(value);

	if (offer->has_server_bits || bits < COMPRESSOR_BITS_MIN)
		return -1;
	offer->has_server_bits = true;
	offer->params.server_max_window_bits = bits;
	return 0;
}

static int
offer_client_bits(struct offer *offer, struct span value)
{
	int bits = window_bits(value);

	if (offer->has_client_bits || (value.len > 0 && bits == 0))
		return -1;
	offer->has_client_bits = true;
	if (bits == 0)
		return 0;
	offer->names_client_bits = true;
	offer->params.client_max_window_bits = bits;
	return 0;
}

/* -1 if the offer cannot be accepted because of it. */
static int
offer_param(struct offer *offer, struct span name, struct span value)
{
	if (span_is(name, "server_no_context_takeover"))
		return offer_flag(&offer->params.server_no_context_takeover,
		    value);
	if (span_is(name, "client_no_context_takeover"))
		return offer_flag(&offer->params.client_no_context_takeover,
		    value);
	if (span_is(name, "server_max_window_bits"))
		return offer_server_bits(offer, value);
	if (span_is(name, "client_max_window_bits"))
		return offer_client_bits(offer, value);
	return -1;
}

/* Read ";" and what follows it. */
static int
read_param(const char **p, struct offer *offer)
{
	struct span name, value = { NULL, 0 };

	*p = skip_ows(*p + 1);
	if (read_token(p, &name) == -1)
		return -1;
	*p = skip_ows(*p);
	if (**p == '=') {
		*p = skip_ows(*p + 1);
		if (read_value(p, &value) == -1)
			return -1;
		*p = skip_ows(*p);
	}
	if (offer_param(offer, name, value) == -1)
		offer->is_unacceptable = true;
	return 0;
}

/* Read an element up to the comma or the end. */
static int
read_offer(const char **p, struct offer *offer)
{
	struct span name;

	*offer = (struct offer){
		.params.server_max_window_bits = WINDOW_BITS_MAX,
		.params.client_max_window_bits = WINDOW_BITS_MAX,
	};
	if (read_token(p, &name) == -1)
		return -1;
	offer->is_ours = span_is(name, EXTENSION);
	*p = skip_ows(*p);
	while (**p == ';')
		if (read_param(p, offer) == -1)
			return -1;
	return **p == ',' || **p == '\0' ? 0 : -1;
}

static void
write_response(const struct offer *offer, char *out)
{
	const struct ws_deflate_params *params = &offer->params;
	const size_t size = WS_DEFLATE_RESPONSE_SIZE;
	size_t n;

	n = (size_t)snprintf(out, size, EXTENSION "%s%s",
	    params->server_no_context_takeover ?
	    "; server_no_context_takeover" : "",
	    params->client_no_context_takeover ?
	    "; client_no_context_takeover" : "");
	if (offer->has_server_bits)
		n += (size_t)snprintf(out + n, size - n,
		    "; server_max_window_bits=%d",
		    params->server_max_window_bits);
	if (offer->names_client_bits)
		n += (size_t)snprintf(out + n, size - n,
		    "; client_max_window_bits=%d",
		    params->client_max_window_bits);
	assert(n < size);
}

enum ws_deflate_answer
ws_deflate_negotiate(const char *offers, struct ws_deflate_params *params,
    char response[WS_DEFLATE_RESPONSE_SIZE])
{
	enum ws_deflate_answer answer = WS_DEFLATE_DECLINED;
	bool is_empty = true;
	struct offer offer;

	for (;;) {
		/* RFC 9110, section 5.6.1: elements may be empty. */
		offers += strspn(offers, OWS ",");
		if (*offers == '\0')
			break;
		is_empty = false;
		if (read_offer(&offers, &offer) == -1)
			return WS_DEFLATE_MALFORMED;
		if (answer == WS_DEFLATE_ACCEPTED || !offer.is_ours ||
		    offer.is_unacceptable)
			continue;
		answer = WS_DEFLATE_ACCEPTED;
		*params = offer.params;
		write_response(&offer, response);
	}
	return is_empty ? WS_DEFLATE_MALFORMED : answer;
}

void
ws_inflate_init(struct ws_inflate *inflate,
    const struct ws_deflate_params *params)
{
	*inflate = (struct ws_inflate){
		.window_bits = (uint8_t)params->client_max_window_bits,
		.keep_context = !params->client_no_context_takeover,
		.is_empty = true,
	};
}

void
ws_inflate_clear(struct ws_inflate *inflate)
{
	/* This fails only for what is no stream. */
	if (inflate->stream != NULL)
		(void)inflateEnd(inflate->stream);
	free(inflate->stream);
	inflate->stream = NULL;
	inflate->is_empty = true;
}

static int
inflate_start(struct ws_inflate *inflate)
{
	if (inflate->stream != NULL)
		return 0;
	inflate->stream = xcalloc(1, sizeof(*inflate->stream));
	/* A negative size asks for deflate without zlib's header. */
	if (inflateInit2(inflate->stream, -inflate->window_bits) == Z_OK)
		return 0;
	free(inflate->stream);
	inflate->stream = NULL;
	return -1;
}

/*
 * Inflate into out, or into one spare byte if out is full: only that byte tells
 * the end of a message that just fits from one that goes on.  Returns zlib's
 * result.
 */
static int
inflate_step(z_stream *stream, struct buf *out, size_t room)
{
	uint8_t spare;
	char *place;
	size_t n = room < STEP_BYTES ? room : STEP_BYTES;
	int result;

	stream->next_out = &spare;
	stream->avail_out = sizeof(spare);
	if (n > 0) {
		place = buf_reserve(out, n);
		if (place == NULL)
			return Z_MEM_ERROR;
		stream->next_out = (Bytef *)place;
		stream->avail_out = (uInt)n;
	}
	result = inflate(stream, Z_SYNC_FLUSH);
	if (n > 0)
		buf_added(out, n - stream->avail_out);
	return result;
}

enum ws_inflate_status
ws_inflate_feed(struct ws_inflate *inflate, const uint8_t *data, size_t len,
    struct buf *out, size_t max)
{
	z_stream *stream;
	bool is_full;
	int result;

	if (inflate_start(inflate) == -1)
		return WS_INFLATE_NO_MEMORY;
	inflate->is_empty = inflate->is_empty && len == 0;
	stream = inflate->stream;
	stream->next_in = data;
	stream->avail_in = (uInt)len;
	do {
		is_full = out->len == max;
		result = inflate_step(stream, out, max - out->len);
		if (is_full && stream->avail_out == 0)
			return WS_INFLATE_TOO_BIG;
		if (result == Z_MEM_ERROR)
			return WS_INFLATE_NO_MEMORY;
		if (result == Z_DATA_ERROR)
			return WS_INFLATE_CORRUPT;
		/*
		 * RFC 7692, section 7.2.3.4: more may follow a last block, and
		 * refer to what came before it.  Fails without a stream only.
		 */
		if (result == Z_STREAM_END)
			(void)inflateResetKeep(stream);
	} while (stream->avail_in > 0 || stream->avail_out == 0);
	return WS_INFLATE_OK;
}

enum ws_inflate_status
ws_inflate_end(struct ws_inflate *inflate, struct buf *out, size_t max)
{
	enum ws_inflate_status status;

	/*
	 * An empty message should be an empty block, but zlib writes nothing
	 * at all for the second of two, and there are clients that send that.
	 */
	if (inflate->is_empty)
		return WS_INFLATE_OK;
	status = ws_inflate_feed(inflate, tail, sizeof(tail), out, max);
	if (status != WS_INFLATE_OK)
		return status;
	/* See inflate() in zlib.h: between two blocks, no bits left over. */
	if ((inflate->stream->data_type & (BETWEEN_BLOCKS | BITS_LEFT)) !=
	    BETWEEN_BLOCKS)
		return WS_INFLATE_CORRUPT;
	inflate->is_empty = true;
	if (!inflate->keep_context)
		ws_inflate_clear(inflate);
	return WS_INFLATE_OK;
}

void
ws_compressor_init(struct ws_compressor *compressor,
    const struct ws_deflate_params *params)
{
	*compressor = (struct ws_compressor){
		.window_bits = (uint8_t)params->server_max_window_bits,
		.keep_context = !params->server_no_context_takeover,
	};
}

void
ws_compressor_clear(struct ws_compressor *compressor)
{
	/* It complains of data that were not written. */
	if (compressor->stream != NULL)
		(void)deflateEnd(compressor->stream);
	free(compressor->stream);
	compressor->stream = NULL;
}

static int
compressor_start(struct ws_compressor *compressor)
{
	if (compressor->stream != NULL)
		return 0;
	compressor->stream = xcalloc(1, sizeof(*compressor->stream));
	if (deflateInit2(compressor->stream, COMPRESSOR_LEVEL, Z_DEFLATED,
	    -compressor->window_bits, COMPRESSOR_MEMORY,
	    Z_DEFAULT_STRATEGY) == Z_OK)
		return 0;
	free(compressor->stream);
	compressor->stream = NULL;
	return -1;
}

static int
compress_piece(z_stream *stream, const void *data, size_t len, int flush,
    struct buf *out)
{
	stream->next_in = data;
	stream->avail_in = (uInt)len;
	do {
		size_t room = out->max - out->len;
		size_t n = room < STEP_BYTES ? room : STEP_BYTES;
		char *place = buf_reserve(out, n);

		if (n == 0 || place == NULL)
			return -1;
		stream->next_out = (Bytef *)place;
		stream->avail_out = (uInt)n;
		/* Z_BUF_ERROR says that it had written everything before. */
		(void)deflate(stream, flush);
		buf_added(out, n - stream->avail_out);
	} while (stream->avail_out == 0);
	return 0;
}

static int
compress_pieces(z_stream *stream, const struct iovec *pieces, size_t n,
    struct buf *out)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (compress_piece(stream, pieces[i].iov_base,
		    pieces[i].iov_len, Z_NO_FLUSH, out) == -1)
			return -1;
	if (compress_piece(stream, tail, 0, Z_SYNC_FLUSH, out) == -1)
		return -1;
	out->len -= sizeof(tail);
	return 0;
}

static bool
is_nothing(const struct iovec *pieces, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (pieces[i].iov_len > 0)
			return false;
	return true;
}

int
ws_compressor_message(struct ws_compressor *compressor,
    const struct iovec *pieces, size_t n, struct buf *out)
{
	static const uint8_t empty_block = EMPTY_BLOCK;
	size_t before = out->len;
	int result;

	/* zlib would write nothing: there is nothing new to flush. */
	if (is_nothing(pieces, n))
		return buf_append(out, &empty_block, sizeof(empty_block));
	if (compressor_start(compressor) == -1)
		return -1;
	result = compress_pieces(compressor->stream, pieces, n, out);
	if (result == -1)
		out->len = before;
	/* What the client did not get must not be referred to. */
	if (result == -1 || !compressor->keep_context)
		ws_compressor_clear(compressor);
	return result;
}
