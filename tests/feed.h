#ifndef FEED_H
#define FEED_H

#include <stddef.h>
#include <stdint.h>

/*
 * A reader of a byte stream must not care how the stream is cut.  feed_all
 * hands the same bytes over whole, one at a time and cut in two at every
 * position; check() runs after each of these deliveries.  The bytes of each
 * piece are a heap copy of their own of exact size, so that a reader may write
 * to them (unmask in place) and a read past the end is seen by the sanitizer.
 */
struct feed {
	void	(*start)(void *ctx);	/* a fresh reader */
	void	(*piece)(void *ctx, uint8_t *bytes, size_t n);
	void	(*check)(void *ctx);	/* what was read; frees the reader */
	void	*ctx;
};

void	 feed_all(const struct feed *feed, const void *bytes, size_t n);

#endif
