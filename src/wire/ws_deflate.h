#ifndef WS_DEFLATE_H
#define WS_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct iovec;
struct payload;

/*
 * Compression of messages (permessage-deflate, RFC 7692), server side: what is
 * agreed upon in the handshake, and the zlib streams.  No side ever takes over
 * a context (section 7.1.1), so what a message inflates to, or is compressed
 * to, depends on that message alone: one set of streams serves all connections,
 * and one compressed form all readers of a message.
 */

/* RFC 9110, section 5.6.2: what a token in a header field is made of. */
#define WS_TOKEN_CHARS "!#$%&'*+-.^_`|~0123456789" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* Room for any response with its NUL. */
#define WS_DEFLATE_RESPONSE_SIZE 144

/* RFC 7692, section 7.1.2: what both sides hold to. */
struct ws_deflate_params {
	int	 server_max_window_bits;	/* 9 to 15 */
	int	 client_max_window_bits;	/* 8 to 15 */
};

enum ws_deflate_answer {
	WS_DEFLATE_DECLINED, /* no offer suits: go on without extension */
	WS_DEFLATE_ACCEPTED,
	WS_DEFLATE_MALFORMED /* RFC 6455, section 9.1: fail the handshake */
};

/*
 * Choose the first offer in a Sec-WebSocket-Extensions value that we can meet
 * entirely.  Fills params and response (the value of the response's header
 * field) if one is accepted.  The response has both no_context_takeover,
 * offered or not.
 */
enum ws_deflate_answer ws_deflate_negotiate(const char *offers,
	    struct ws_deflate_params *params,
	    char response[WS_DEFLATE_RESPONSE_SIZE])
	    __attribute__((warn_unused_result));

enum ws_inflate_status {
	WS_INFLATE_OK,
	WS_INFLATE_TOO_BIG,	/* more than max bytes come out */
	WS_INFLATE_CORRUPT,
	WS_INFLATE_NO_MEMORY
};

/*
 * The windows that we compress with: all of deflate's, and the smallest, which
 * is within whatever smaller one a client asked for.
 */
enum ws_window {
	WS_WINDOW_SMALL,
	WS_WINDOW_FULL,
	WS_WINDOWS
};

/* The one for a client with this server_max_window_bits. */
enum ws_window ws_window_for(int server_max_window_bits);

/* The compressed forms of a message that has several readers.  All zero at
 * first; embedded by its owner. */
struct ws_compressed {
	struct payload *bytes[WS_WINDOWS]; /* NULL: not tried, or no gain */
	bool	 is_tried[WS_WINDOWS];
};

void	 ws_compressed_clear(struct ws_compressed *packed);

/*
 * zlib's streams, each of which is made when it is first used and starts afresh
 * with every message.
 */
struct ws_codec;

struct ws_codec *ws_codec_new(void);
void	 ws_codec_free(struct ws_codec *codec);

/*
 * Append to out what the len bytes of a whole message inflate to, as long as
 * out then has at most max bytes, and never grow it beyond that.  What came
 * before a fault is appended.
 */
enum ws_inflate_status ws_codec_inflate(struct ws_codec *codec,
	    const uint8_t *data, size_t len, struct buf *out, size_t max)
	    __attribute__((warn_unused_result));

/*
 * Append to out the payload of a frame that carries the n pieces as one
 * message.  -1 if that is over out's limit or there is no memory: out is as
 * before then, and the message may be sent uncompressed.
 */
int	 ws_codec_compress(struct ws_codec *codec, enum ws_window window,
	    const struct iovec *pieces, size_t n, struct buf *out)
	    __attribute__((warn_unused_result));

#endif
