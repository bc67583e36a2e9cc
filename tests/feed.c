#include "feed.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static void
feed_piece(const struct feed *feed, const uint8_t *bytes, size_t n)
{
	uint8_t *copy = xcalloc(1, n > 0 ? n : 1);

	memcpy(copy, bytes, n);
	feed->piece(feed->ctx, copy, n);
	free(copy);
}

/* Deliver in pieces of at most step bytes after a first one of first bytes. */
static void
feed_cut(const struct feed *feed, const uint8_t *bytes, size_t n,
    size_t first, size_t step)
{
	size_t at = 0, take = first;

	feed->start(feed->ctx);
	while (at < n) {
		if (take > n - at)
			take = n - at;
		if (take > 0)
			feed_piece(feed, bytes + at, take);
		at += take;
		take = step;
	}
	feed->check(feed->ctx);
}

void
feed_all(const struct feed *feed, const void *bytes, size_t n)
{
	size_t cut;

	feed_cut(feed, bytes, n, n, n);
	feed_cut(feed, bytes, n, 1, 1);
	for (cut = 1; cut < n; cut++)
		feed_cut(feed, bytes, n, cut, n);
}
