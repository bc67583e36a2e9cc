#include "descriptors.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "config/options.h"

/*
 * What a start takes besides its listeners: 24 for standard streams, the loop,
 * SQLite, the lock and libmicrohttpd, and a dozen for what SQLite opens now and
 * then, the admin socket and the first connections.
 */
#define START_DESCRIPTORS 36

size_t
descriptors_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return SIZE_MAX;
	if (limit.rlim_cur != limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
			log_warn("cannot raise the limit of open files");
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return SIZE_MAX;
	return (size_t)limit.rlim_cur;
}

/* Open count descriptors, which are to be closed; how many there are. */
static size_t
open_descriptors(int *fds, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		fds[i] = eventfd(0, EFD_CLOEXEC);
		if (fds[i] == -1)
			break;
	}
	return i;
}

/* Whether they can be watched, as the loop does it; errno says why not. */
static bool
can_add_to_epoll(const int *fds, size_t count)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC), saved;
	bool can = epoll != -1;
	size_t i;

	for (i = 0; can && i < count; i++)
		can = epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event) == 0;
	saved = errno;
	if (epoll != -1)
		(void)close(epoll);	/* takes nothing but watches along */
	errno = saved;
	return can;
}

static int
require_descriptors(size_t count)
{
	int *fds = xcalloc(count, sizeof(*fds));
	size_t limit = descriptors_raise_limit();
	size_t i, opened = open_descriptors(fds, count);
	int result = -1;

	if (opened < count)
		log_errorx("the limit of open files is %zu: it leaves %zu "
		    "where a start takes %zu", limit, opened, count);
	/* The last one makes room for the watching itself. */
	else if (close(fds[--opened]) == -1 || !can_add_to_epoll(fds, opened))
		log_error("%zu files cannot be watched (max_user_watches)",
		    opened);
	else
		result = 0;
	for (i = 0; i < opened; i++)
		(void)close(fds[i]);	/* nothing was written to it */
	free(fds);
	return result;
}

int
descriptors_require(const struct options *options)
{
	return require_descriptors(START_DESCRIPTORS + options->listen_count +
	    options->fastcgi_listen_count + options->admin_listen_count +
	    options->api_listen_count);
}
