#include "stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/xalloc.h"

enum { READ_BYTES = 256 * 1024 };	/* at least this much room a recv */

void
inbox_init(struct inbox *inbox)
{
	*inbox = (struct inbox){ .bytes = NULL };
}

void
inbox_clear(struct inbox *inbox)
{
	free(inbox->bytes);
	inbox_init(inbox);
}

void
stream_init(struct stream *stream, int epoll_fd, void *owner)
{
	*stream = (struct stream){
		.fd = -1,
		.epoll_fd = epoll_fd,
		.owner = owner,
	};
	buf_init(&stream->rest, STREAM_MAX_BYTES);
	buf_init(&stream->out, STREAM_MAX_BYTES);
}

void
stream_close(struct stream *stream)
{
	if (stream->fd != -1)
		(void)close(stream->fd);	/* nothing could be done */
	stream->fd = -1;
	stream->is_connected = false;
	stream->waits_to_write = false;
	buf_clear(&stream->rest);
	buf_clear(&stream->out);
}

int
stream_lose(struct stream *stream, const char *reason)
{
	(void)snprintf(stream->reason, sizeof(stream->reason), "%s", reason);
	return -1;
}

static int
watch(struct stream *stream, int operation)
{
	struct epoll_event event = {
		.events = EPOLLIN,
		.data = { .ptr = stream },
	};

	if (stream->waits_to_write)
		event.events |= EPOLLOUT;
	if (epoll_ctl(stream->epoll_fd, operation, stream->fd, &event) == -1)
		return stream_lose(stream, strerror(errno));
	return 0;
}

int
stream_connect(struct stream *stream, const struct stream_target *target)
{
	const struct sockaddr *address = (const void *)&target->address;
	const struct sockaddr *source = (const void *)&target->source;
	const int on = 1;
	int fd;

	fd = socket(address->sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return stream_lose(stream, strerror(errno));
	stream->fd = fd;
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1)
		return stream_lose(stream, strerror(errno));
	/* The port is chosen in connect(), where the pair has to be unique. */
	if (target->source_len > 0 && (setsockopt(fd, IPPROTO_IP,
	    IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) == -1 ||
	    bind(fd, source, target->source_len) == -1))
		return stream_lose(stream, strerror(errno));
	if (connect(fd, address, target->address_len) == -1 &&
	    errno != EINPROGRESS)
		return stream_lose(stream, strerror(errno));
	stream->waits_to_write = true;
	return watch(stream, EPOLL_CTL_ADD);
}

int
stream_flush(struct stream *stream)
{
	bool waits;
	ssize_t n;

	while (stream->out.len > 0) {
		n = send(stream->fd, buf_data(&stream->out), stream->out.len,
		    MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno != EAGAIN)
			return stream_lose(stream, strerror(errno));
		if (n == -1)
			break;
		buf_consume(&stream->out, (size_t)n);
	}
	waits = stream->out.len > 0;
	if (!waits)
		stream->is_connected = true;
	if (waits == stream->waits_to_write)
		return 0;
	stream->waits_to_write = waits;
	return watch(stream, EPOLL_CTL_MOD);
}

int
stream_fill(struct stream *stream, struct inbox *inbox)
{
	struct buf *rest = &stream->rest;
	ssize_t n;

	if (inbox->cap < rest->len + READ_BYTES) {
		inbox->cap = 2 * rest->len + READ_BYTES;
		inbox->bytes = xrealloc(inbox->bytes, inbox->cap);
	}
	if (rest->len > 0)
		memcpy(inbox->bytes, buf_data(rest), rest->len);
	inbox->start = 0;
	inbox->end = rest->len;
	rest->len = 0;
	n = recv(stream->fd, inbox->bytes + inbox->end,
	    inbox->cap - inbox->end, 0);
	if (n == 0)
		return stream_lose(stream, "closed by the server");
	if (n == -1 && errno != EAGAIN && errno != EINTR)
		return stream_lose(stream, strerror(errno));
	if (n > 0)
		inbox->end += (size_t)n;
	return 0;
}

int
stream_keep(struct stream *stream, struct inbox *inbox)
{
	size_t len = inbox->end - inbox->start;

	if (len > 0 && buf_append(&stream->rest, inbox->bytes + inbox->start,
	    len) == -1)
		return stream_lose(stream, "what the server says is too long");
	inbox->start = inbox->end;
	return 0;
}
