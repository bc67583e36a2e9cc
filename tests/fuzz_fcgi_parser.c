/*
 * The record parser on any bytes.  The same stream is read whole, one byte at a
 * time and cut as the input says; the events and the failure must be the same.
 * The input: options, requests at a time, a seed for the cuts, the stream.
 */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "wire/fcgi_parser.h"

enum {
	OPTION_ANSWER_HEAD = 1, /* requests of odd ids end with their head */
	OPTION_ANSWER_INPUT = 2, /* ... all with their input */
	OPTION_ANSWER_ABORT = 4,
	OPTION_IGNORE_DONE = 8, /* read on where the connection is over */
	OPTIONS_BYTES = 3,
	SEEN_MAX_BYTES = 1 << 26
};

struct options {
	uint8_t	 flags;
	struct fcgi_parser_config config;
};

/* How a stream is cut: into pieces of 1 to most bytes; 0: not at all. */
struct cuts {
	unsigned seed;
	size_t	 most;
};

/* What a reading came to. */
struct seen {
	struct buf bytes;
	unsigned body_of;	/* the id if a piece of a body came last */
};

int	 LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *const kept[] = {
	"REQUEST_METHOD", "REQUEST_URI", "CONTENT_TYPE", "CONTENT_LENGTH",
	"HTTP_AUTHORIZATION", "HTTP_ORIGIN", "REMOTE_ADDR", "HTTPS",
	"REQUEST_SCHEME", "HTTP_X_FORWARDED_FOR", NULL
};

static void
see(struct seen *seen, const void *data, size_t n)
{
	if (buf_append(&seen->bytes, data, n) == -1)
		abort();
}

static void
see_params(struct seen *seen, const struct fcgi_parser *parser,
    const struct fcgi_request *request)
{
	size_t i, total = 0;

	for (i = 0; kept[i] != NULL; i++) {
		const char *value = fcgi_request_param(parser, request,
		    kept[i]);

		if (value == NULL)
			continue;
		total += strlen(kept[i]) + strlen(value) + 2;
		see(seen, kept[i], strlen(kept[i]) + 1);
		see(seen, value, strlen(value) + 1);
	}
	assert(total <= FCGI_PARAMS_MAX_BYTES);
}

/* Pieces of a body that follow each other are one. */
static void
see_event(struct seen *seen, const struct fcgi_parser *parser,
    enum fcgi_status status, const struct fcgi_event *event)
{
	unsigned id = event->request == NULL ? 0 : event->request->id;
	char head[64];
	int n = snprintf(head, sizeof(head), "|%d %u:", (int)status, id);

	if (status != FCGI_BODY || seen->body_of != id)
		see(seen, head, (size_t)n);
	seen->body_of = status == FCGI_BODY ? id : 0;
	if (status == FCGI_HEAD)
		see_params(seen, parser, event->request);
	if (status == FCGI_BODY || status == FCGI_REPLY)
		see(seen, event->data, event->len);
	if (status == FCGI_FAILED)
		see(seen, event->fault, strlen(event->fault));
}

static void
check_event(const struct fcgi_parser *parser, enum fcgi_status status,
    const struct fcgi_event *event)
{
	assert((event->request == NULL) ==
	    (status == FCGI_REPLY || status == FCGI_FAILED));
	assert(status != FCGI_BODY || event->len > 0);
	assert(status != FCGI_REPLY || (event->len % 8 == 0 &&
	    event->len <= FCGI_REPLY_MAX));
	assert(parser->active <= parser->config->max_requests);
}

static void
answer(struct fcgi_parser *parser, const struct options *options,
    enum fcgi_status status, struct fcgi_request *request)
{
	bool head = status == FCGI_HEAD || status == FCGI_BAD_HEAD ||
	    status == FCGI_BIG_HEAD;

	if ((head && (options->flags & OPTION_ANSWER_HEAD) != 0 &&
	    request->id % 2 == 1) || (status == FCGI_INPUT_END &&
	    (options->flags & OPTION_ANSWER_INPUT) != 0) ||
	    (status == FCGI_ABORTED &&
	    (options->flags & OPTION_ANSWER_ABORT) != 0))
		fcgi_request_end(parser, request);
}

/* Read one piece from memory of its own; whether the parser goes on. */
static bool
read_piece(struct fcgi_parser *parser, const struct options *options,
    const uint8_t *data, size_t len, struct seen *seen)
{
	uint8_t *copy = xcalloc(1, len);
	const uint8_t *p = copy;
	enum fcgi_status status = FCGI_MORE;
	struct fcgi_event event;
	bool done = false;

	memcpy(copy, data, len);
	while (!done && (status = fcgi_parser_next(parser, &p, &len,
	    &event)) != FCGI_MORE) {
		check_event(parser, status, &event);
		see_event(seen, parser, status, &event);
		answer(parser, options, status, event.request);
		done = status == FCGI_FAILED || (fcgi_parser_is_done(parser) &&
		    (options->flags & OPTION_IGNORE_DONE) == 0);
	}
	assert(done || len == 0);
	free(copy);
	return !done;
}

static void
read_stream(const struct options *options, struct cuts cuts,
    const uint8_t *data, size_t len, struct seen *seen)
{
	struct fcgi_parser parser;

	*seen = (struct seen){ .body_of = 0 };
	buf_init(&seen->bytes, SEEN_MAX_BYTES);
	fcgi_parser_init(&parser, &options->config);
	while (len > 0) {
		size_t n = len;

		if (cuts.most > 0)
			n = 1 + (cuts.seed >> 16) % cuts.most;
		if (n > len)
			n = len;
		cuts.seed = cuts.seed * 1103515245 + 12345;
		if (!read_piece(&parser, options, data, n, seen))
			break;
		data += n;
		len -= n;
	}
	fcgi_parser_clear(&parser);
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
	struct options options = { .config.params = kept };
	struct seen whole, cut;
	size_t i;

	if (len < OPTIONS_BYTES)
		return 0;
	options.flags = data[0];
	options.config.max_requests = 1U + data[1] % 4;
	options.config.max_connections = data[1] / 4U;
	read_stream(&options, (struct cuts){ .most = 0 }, data + OPTIONS_BYTES,
	    len - OPTIONS_BYTES, &whole);
	for (i = 0; i < sizeof(most) / sizeof(most[0]); i++) {
		const struct cuts cuts = { data[2] * 2654435761u, most[i] };

		read_stream(&options, cuts, data + OPTIONS_BYTES,
		    len - OPTIONS_BYTES, &cut);
		compare(&whole.bytes, &cut.bytes);
		buf_clear(&cut.bytes);
	}
	buf_clear(&whole.bytes);
	return 0;
}
