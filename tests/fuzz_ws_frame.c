/*
 * The frame parser on any bytes.  The same stream is read whole, one byte at a
 * time and cut as the input says; the events and the failure must be the same.
 * The input: options, the largest message, a seed for the cuts, the stream.
 */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "wire/utf8.h"
#include "wire/ws_deflate.h"
#include "wire/ws_frame.h"

enum {
	OPTION_BINARY = 1,
	OPTION_DEFLATE = 2,
	OPTIONS_BYTES = 3,
	SEEN_MAX_BYTES = 1 << 26
};

struct options {
	uint8_t	 flags;
	size_t	 max_message;
};

/* How a stream is cut: into pieces of 1 to most bytes; 0: not at all. */
struct cuts {
	unsigned seed;
	size_t	 most;
};

int	 LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
see(struct buf *seen, const void *data, size_t n)
{
	if (buf_append(seen, data, n) == -1)
		abort();
}

static void
check_event(const struct options *options, const struct ws_event *event)
{
	struct utf8 utf8 = { 0 };
	bool text = event->opcode == WS_TEXT || event->opcode == WS_CLOSE;

	assert(event->data != NULL);
	assert(event->opcode != WS_BINARY ||
	    (options->flags & OPTION_BINARY) != 0);
	assert(event->len <= (event->opcode < WS_CLOSE ?
	    options->max_message : WS_CONTROL_MAX));
	if (text && (utf8_feed(&utf8, event->data, event->len) == -1 ||
	    !utf8_is_complete(&utf8)))
		abort();
}

static void
see_event(struct buf *seen, const struct ws_event *event)
{
	char head[64];
	int n = snprintf(head, sizeof(head), "%d %u %zu:", (int)event->opcode,
	    event->close_code, event->len);

	see(seen, head, (size_t)n);
	see(seen, event->data, event->len);
}

/* Read one piece from memory of its own; whether the parser goes on. */
static bool
read_piece(struct ws_parser *parser, const struct options *options,
    const uint8_t *data, size_t len, struct buf *seen)
{
	uint8_t *copy = xcalloc(1, len), *p = copy;
	struct ws_event event;
	enum ws_status status;

	memcpy(copy, data, len);
	while ((status = ws_parser_next(parser, &p, &len, &event)) ==
	    WS_EVENT) {
		check_event(options, &event);
		see_event(seen, &event);
	}
	assert(len == 0);
	assert(parser->message.len <= parser->message.max);
	if (status == WS_FAILED)
		see_event(seen, &(struct ws_event){
		    .close_code = event.close_code, .data = copy });
	free(copy);
	return status == WS_MORE;
}

static void
read_stream(const struct options *options, struct cuts cuts,
    const uint8_t *data, size_t len, struct buf *seen)
{
	struct ws_codec *codec = ws_codec_new();
	struct ws_parser parser;
	size_t fed = 0;

	ws_parser_init(&parser, options->max_message,
	    (options->flags & OPTION_BINARY) != 0,
	    (options->flags & OPTION_DEFLATE) != 0 ? codec : NULL);
	while (len > 0) {
		size_t n = len;

		if (cuts.most > 0)
			n = 1 + (cuts.seed >> 16) % cuts.most;
		if (n > len)
			n = len;
		cuts.seed = cuts.seed * 1103515245 + 12345;
		if (!read_piece(&parser, options, data, n, seen))
			break;
		/* What is not whole holds no more than was sent. */
		fed += n;
		assert(parser.message.len <= fed);
		data += n;
		len -= n;
	}
	ws_parser_clear(&parser);
	ws_codec_free(codec);
}

static void
compare(const struct buf *a, const struct buf *b)
{
	assert(a->len == b->len);
	assert(a->len == 0 || memcmp(buf_data(a), buf_data(b), a->len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const size_t most[] = { 1, 4, 40, 400 };
	struct options options;
	struct buf whole, cut;
	size_t i;

	if (len < OPTIONS_BYTES)
		return 0;
	options.flags = data[0];
	options.max_message = (size_t)data[1] * data[1];
	buf_init(&whole, SEEN_MAX_BYTES);
	read_stream(&options, (struct cuts){ .most = 0 }, data + OPTIONS_BYTES,
	    len - OPTIONS_BYTES, &whole);
	for (i = 0; i < sizeof(most) / sizeof(most[0]); i++) {
		const struct cuts cuts = { data[2] * 2654435761u, most[i] };

		buf_init(&cut, SEEN_MAX_BYTES);
		read_stream(&options, cuts, data + OPTIONS_BYTES,
		    len - OPTIONS_BYTES, &cut);
		compare(&whole, &cut);
		buf_clear(&cut);
	}
	buf_clear(&whole);
	return 0;
}
