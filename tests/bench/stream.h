#ifndef STREAM_H
#define STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/buf.h"

/*
 * One TCP connection to the server.  Its socket does not block and waits in an
 * epoll instance, which reports the stream.  All streams of a process read
 * through one inbox; what a reader cannot use yet moves to the stream until
 * more of it has come.
 */

enum {
	STREAM_REASON_BYTES = 96,
	STREAM_MAX_BYTES = 256 * 1024 * 1024	/* that may wait in a stream */
};

struct stream {
	int	 fd;		/* -1: none */
	int	 epoll_fd;
	void	*owner;
	bool	 is_connected;	/* bytes can pass */
	bool	 waits_to_write;
	struct buf rest;	/* received, the beginning of something */
	struct buf out;		/* not yet taken by the kernel */
	char	 reason[STREAM_REASON_BYTES];	/* why it was lost */
};

struct inbox {
	uint8_t	*bytes;
	size_t	 start;		/* of what is unread */
	size_t	 end;
	size_t	 cap;
};

struct stream_target {
	struct sockaddr_storage address;
	socklen_t address_len;
	struct sockaddr_storage source;	/* bound to if source_len > 0 */
	socklen_t source_len;
};

void	 inbox_init(struct inbox *inbox);
void	 inbox_clear(struct inbox *inbox);

/* No connection yet. */
void	 stream_init(struct stream *stream, int epoll_fd, void *owner);
/* Begin to connect; what is in out by then follows.  -1: lost. */
int	 stream_connect(struct stream *stream,
	    const struct stream_target *target)
	    __attribute__((warn_unused_result));
/* Close the socket without a word and free everything; it can connect again. */
void	 stream_close(struct stream *stream);

/* Note why the stream is of no use any more.  Always -1. */
int	 stream_lose(struct stream *stream, const char *reason);

/* Hand queued bytes to the kernel.  -1: lost. */
int	 stream_flush(struct stream *stream)
	    __attribute__((warn_unused_result));
/*
 * Read what the socket has into the inbox, behind what was kept of before.  All
 * of it must be used or kept.  -1: lost.
 */
int	 stream_fill(struct stream *stream, struct inbox *inbox)
	    __attribute__((warn_unused_result));
/* Keep what is left in the inbox, which is empty afterwards.  -1: lost. */
int	 stream_keep(struct stream *stream, struct inbox *inbox)
	    __attribute__((warn_unused_result));

#endif
