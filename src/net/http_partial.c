#include "http_partial.h"

#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { EVENTS = 64 };	/* to take at once */

int
http_partial_init(struct http_partial *begun)
{
	TAILQ_INIT(&begun->recent);
	begun->epoll = epoll_create1(EPOLL_CLOEXEC);
	return begun->epoll == -1 ? -1 : 0;
}

void
http_partial_clear(struct http_partial *begun)
{
	close(begun->epoll);
}

static void
set_recent(struct http_partial *begun, struct http_partial_item *item)
{
	if (!item->is_recent)
		TAILQ_INSERT_TAIL(&begun->recent, item, entry);
	item->is_recent = true;
}

static void
forget_recent(struct http_partial *begun, struct http_partial_item *item)
{
	if (item->is_recent)
		TAILQ_REMOVE(&begun->recent, item, entry);
	item->is_recent = false;
}

void
http_partial_add(struct http_partial *begun, struct http_partial_item *item,
    int fd)
{
	item->fd = fd;
	item->is_watched = false;
	set_recent(begun, item);
}

void
http_partial_remove(struct http_partial *begun, struct http_partial_item *item)
{
	forget_recent(begun, item);
	if (item->is_watched)	/* it cannot fail then */
		(void)epoll_ctl(begun->epoll, EPOLL_CTL_DEL, item->fd, NULL);
	item->is_watched = false;
}

/*
 * An edge is reported once, and only while the socket is ready for anything:
 * it is to be written, so that bytes which were read already are told, too.
 */
static int
watch(const struct http_partial *begun, struct http_partial_item *item)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLET,
		.data.ptr = item,
	};

	if (epoll_ctl(begun->epoll, EPOLL_CTL_ADD, item->fd, &event) == -1)
		return -1;
	item->is_watched = true;
	return 0;
}

struct http_partial_item *
http_partial_first(struct http_partial *begun)
{
	struct epoll_event events[EVENTS];
	int i, n;

	do {
		n = epoll_wait(begun->epoll, events, EVENTS, 0);
		for (i = 0; i < n; i++)
			set_recent(begun, events[i].data.ptr);
	} while (n == EVENTS);
	return TAILQ_FIRST(&begun->recent);
}

struct http_partial_item *
http_partial_next(struct http_partial_item *item)
{
	return TAILQ_NEXT(item, entry);
}

/* There are bytes that will be read, of which epoll said so before. */
static bool
has_more(const struct http_partial_item *item)
{
	int n;

	return ioctl(item->fd, FIONREAD, &n) == 0 && n > 0;
}

void
http_partial_all_read(struct http_partial *begun)
{
	struct http_partial_item *item, *next;

	for (item = TAILQ_FIRST(&begun->recent); item != NULL; item = next) {
		next = TAILQ_NEXT(item, entry);
		/* Without memory for a watch it stays among the few. */
		if (item->is_watched ? !has_more(item) :
		    watch(begun, item) == 0)
			forget_recent(begun, item);
	}
}
