#ifndef BUF_H
#define BUF_H

#include <stddef.h>
#include <stdint.h>

/*
 * A buf is bytes that grow up to a limit which is set when it is made: memory
 * that a client asks for always goes through one.  A payload is bytes that no
 * longer change and have several readers, counted.  Freezing a buf makes it a
 * payload without a copy.
 */

struct payload {
	int	 refs;		/* touched by the thread whose it is: once */
				/* the network thread has it, by that alone */
	uint32_t senders;	/* net/unsent.h's: how often it is being sent */
	uint32_t len;
	char	 data[];	/* len bytes and a NUL that does not count */
};

struct buf {
	struct payload *storage; /* NULL while nothing was reserved */
	size_t	 len;
	size_t	 cap;
	size_t	 max;		/* len never exceeds it; at most UINT32_MAX */
};

/* An empty buf that will hold at most max bytes.  Allocates nothing. */
void	 buf_init(struct buf *buf, size_t max);
/* Free the bytes; the buf is empty and may be used again. */
void	 buf_clear(struct buf *buf);

/* The bytes; valid until the next append, and NULL in an unused buf. */
char	*buf_data(const struct buf *buf);

/*
 * Room for n more bytes behind the present ones: the place to write them, or
 * NULL if that is over the limit or there is no memory (nothing changes then).
 * Follow with buf_added().
 */
char	*buf_reserve(struct buf *buf, size_t n)
	    __attribute__((warn_unused_result));
/* n of the bytes reserved last were written. */
void	 buf_added(struct buf *buf, size_t n);
/* 0, or -1 as buf_reserve. */
int	 buf_append(struct buf *buf, const void *data, size_t n)
	    __attribute__((warn_unused_result));
/* Forget the first n bytes. */
void	 buf_consume(struct buf *buf, size_t n);

/*
 * The bytes as a payload with one reference; the buf is empty afterwards.
 * Memory that the bytes do not need is given back.
 */
struct payload *buf_freeze(struct buf *buf)
	    __attribute__((warn_unused_result));

/* A payload of len bytes with one reference; they are copied from data. */
struct payload *payload_new(const void *data, size_t len)
	    __attribute__((warn_unused_result));
/* Another reference; returns its argument, NULL for NULL. */
struct payload *payload_ref(struct payload *payload);
/* Drop a reference, and the bytes with the last one.  NULL is allowed. */
void	 payload_unref(struct payload *payload);

#endif
