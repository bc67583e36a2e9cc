#include "ws_deflate.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/buf.h"
#include "base/text.h"
#include "base/xalloc.h"

#define EXTENSION "permessage-deflate"
#define OWS " \t"

enum {
	WINDOW_BITS_MIN = 8,
	WINDOW_BITS_MAX = 15,
	/* zlib inflates with windows from 8 bits on, but compresses so. */
	COMPRESSOR_BITS_MIN = 9,
	/* Text comes out a quarter larger than at zlib's default, in less than
	 * half the time, and none takes it long: it looks at few places. */
	COMPRESSOR_LEVEL = 1,
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

struct ws_codec {
	z_stream *inflater;
	z_stream *compressors[WS_WINDOWS];
};

/* A stretch of a header field's value. */
struct span {
	const char *at;
	size_t	 len;
};

/* One element of the list, as far as it is read. */
struct offer {
	bool	 is_ours;		/* permessage-deflate */
	bool	 is_unacceptable;
	bool	 has_server_no_context;
	bool	 has_client_no_context;
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
read_ext_value(const char **p, struct span *value)
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
		return offer_flag(&offer->has_server_no_context, value);
	if (span_is(name, "client_no_context_takeover"))
		return offer_flag(&offer->has_client_no_context, value);
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
		if (read_ext_value(p, &value) == -1)
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

	/* Section 7.1.1: these need not have been offered. */
	n = xsnprintf(out, size, EXTENSION
	    "; server_no_context_takeover; client_no_context_takeover");
	if (offer->has_server_bits)
		n += xsnprintf(out + n, size - n,
		    "; server_max_window_bits=%d",
		    params->server_max_window_bits);
	if (offer->names_client_bits)
		n += xsnprintf(out + n, size - n,
		    "; client_max_window_bits=%d",
		    params->client_max_window_bits);
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

enum ws_window
ws_window_for(int server_max_window_bits)
{
	return server_max_window_bits == WINDOW_BITS_MAX ? WS_WINDOW_FULL :
	    WS_WINDOW_SMALL;
}

void
ws_compressed_clear(struct ws_compressed *packed)
{
	size_t i;

	for (i = 0; i < WS_WINDOWS; i++)
		payload_unref(packed->bytes[i]);
	*packed = (struct ws_compressed){ .is_tried = { false } };
}

struct ws_codec *
ws_codec_new(void)
{
	return xcalloc(1, sizeof(struct ws_codec));
}

void
ws_codec_free(struct ws_codec *codec)
{
	size_t i;

	/* These complain of what is no stream, or not at its end. */
	if (codec->inflater != NULL)
		(void)inflateEnd(codec->inflater);
	free(codec->inflater);
	for (i = 0; i < WS_WINDOWS; i++) {
		if (codec->compressors[i] != NULL)
			(void)deflateEnd(codec->compressors[i]);
		free(codec->compressors[i]);
	}
	free(codec);
}

/*
 * A fresh stream for one message.  Its window is the largest, in which a
 * smaller one is contained.
 */
static int
start_inflater(struct ws_codec *codec)
{
	z_stream *stream;

	if (codec->inflater != NULL) {
		(void)inflateReset(codec->inflater); /* it is a stream */
		return 0;
	}
	stream = xcalloc(1, sizeof(*stream));
	/* A negative size asks for deflate without zlib's header. */
	if (inflateInit2(stream, -WINDOW_BITS_MAX) != Z_OK) {
		free(stream);
		return -1;
	}
	codec->inflater = stream;
	return 0;
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

static enum ws_inflate_status
inflate_piece(z_stream *stream, const uint8_t *data, size_t len,
    struct buf *out, size_t max)
{
	bool is_full;
	int result;

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
ws_codec_inflate(struct ws_codec *codec, const uint8_t *data, size_t len,
    struct buf *out, size_t max)
{
	enum ws_inflate_status status;

	/*
	 * An empty message should be an empty block, but zlib writes nothing
	 * at all for the second of two, and there are clients that send that.
	 */
	if (len == 0)
		return WS_INFLATE_OK;
	if (start_inflater(codec) == -1)
		return WS_INFLATE_NO_MEMORY;
	status = inflate_piece(codec->inflater, data, len, out, max);
	if (status == WS_INFLATE_OK)
		status = inflate_piece(codec->inflater, tail, sizeof(tail), out,
		    max);
	if (status != WS_INFLATE_OK)
		return status;
	/* See inflate() in zlib.h: between two blocks, no bits left over. */
	if ((codec->inflater->data_type & (BETWEEN_BLOCKS | BITS_LEFT)) !=
	    BETWEEN_BLOCKS)
		return WS_INFLATE_CORRUPT;
	return WS_INFLATE_OK;
}

static int
start_compressor(struct ws_codec *codec, enum ws_window window)
{
	static const struct {
		int	 bits;
		int	 memory;
	} sizes[WS_WINDOWS] = {
		/* All hashes are looked at once a window. */
		[WS_WINDOW_SMALL] = { COMPRESSOR_BITS_MIN, 5 },
		/* zlib's default: 256 KiB with the window */
		[WS_WINDOW_FULL] = { WINDOW_BITS_MAX, 8 },
	};
	z_stream *stream = codec->compressors[window];

	if (stream != NULL) {
		(void)deflateReset(stream); /* it is a stream */
		return 0;
	}
	stream = xcalloc(1, sizeof(*stream));
	if (deflateInit2(stream, COMPRESSOR_LEVEL, Z_DEFLATED,
	    -sizes[window].bits, sizes[window].memory, Z_DEFAULT_STRATEGY) !=
	    Z_OK) {
		free(stream);
		return -1;
	}
	codec->compressors[window] = stream;
	return 0;
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
ws_codec_compress(struct ws_codec *codec, enum ws_window window,
    const struct iovec *pieces, size_t n, struct buf *out)
{
	static const uint8_t empty_block = EMPTY_BLOCK;
	size_t before = out->len;

	/* zlib would write nothing: there is nothing new to flush. */
	if (is_nothing(pieces, n))
		return buf_append(out, &empty_block, sizeof(empty_block));
	if (start_compressor(codec, window) == -1)
		return -1;
	if (compress_pieces(codec->compressors[window], pieces, n, out) == 0)
		return 0;
	out->len = before;
	return -1;
}
