#ifndef WS_DEFLATE_H
#define WS_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct iovec;
struct z_stream_s;

/*
 * Compression of messages (permessage-deflate, RFC 7692), server side: what is
 * agreed upon in the handshake, and the two zlib streams of a connection.  They
 * are allocated when first used; without context takeover they are given back
 * at the end of each message.
 */

/* RFC 9110, section 5.6.2: what a token in a header field is made of. */
#define WS_TOKEN_CHARS "!#$%&'*+-.^_`|~0123456789" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* Room for any response with its NUL. */
#define WS_DEFLATE_RESPONSE_SIZE 144

/* RFC 7692, section 7.1: what both sides hold to. */
struct ws_deflate_params {
	bool	 server_no_context_takeover;
	bool	 client_no_context_takeover;
	int	 server_max_window_bits;	/* 9 to 15 */
	int	 client_max_window_bits;	/* 8 to 15 */
};

enum ws_deflate_answer {
	WS_DEFLATE_DECLINED,	/* no offer suits: go on without extension */
	WS_DEFLATE_ACCEPTED,
	WS_DEFLATE_MALFORMED	/* RFC 6455, section 9.1: fail the handshake */
};

/*
 * Choose the first offer in a Sec-WebSocket-Extensions value that we can meet
 * entirely.  Fills params and response (the value of the response's header
 * field) if one is accepted.
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

/* The client's messages; embedded by its owner, the fields are its own. */
struct ws_inflate {
	struct z_stream_s *stream;	/* NULL while nothing has to be kept */
	uint8_t	 window_bits;
	bool	 keep_context;
	bool	 is_empty;		/* nothing came of this message yet */
};

void	 ws_inflate_init(struct ws_inflate *inflate,
	    const struct ws_deflate_params *params);
void	 ws_inflate_clear(struct ws_inflate *inflate);

/*
 * Append to out what the next len bytes of a message inflate to, as long as
 * out then has at most max bytes, and never grow it beyond that.  What came
 * before a fault is appended; after a fault the stream is of no more use.
 */
enum ws_inflate_status ws_inflate_feed(struct ws_inflate *inflate,
	    const uint8_t *data, size_t len, struct buf *out, size_t max)
	    __attribute__((warn_unused_result));
/* The message is over: append what is left of it. */
enum ws_inflate_status ws_inflate_end(struct ws_inflate *inflate,
	    struct buf *out, size_t max) __attribute__((warn_unused_result));

/* Our own messages; embedded by its owner, the fields are its own. */
struct ws_compressor {
	struct z_stream_s *stream;	/* NULL while nothing has to be kept */
	uint8_t	 window_bits;
	bool	 keep_context;
};

void	 ws_compressor_init(struct ws_compressor *compressor,
	    const struct ws_deflate_params *params);
void	 ws_compressor_clear(struct ws_compressor *compressor);

/*
 * Append to out the payload of a frame that carries the n pieces as one
 * message.  -1 if that is over out's limit or there is no memory: out is as
 * before then, and the message may be sent uncompressed, as may any other.
 */
int	 ws_compressor_message(struct ws_compressor *compressor,
	    const struct iovec *pieces, size_t n, struct buf *out)
	    __attribute__((warn_unused_result));

#endif
