#include "read_count.h"

#include <limits.h>

#include "tcp_progress.h"

/*
 * Where the next peek would begin, if anybody peeked: what is read moves it
 * back as far, in the UNIX domain since Linux 3.4.
 */
enum { PEEK_OFFSET = INT_MAX };

void
read_count_begin(int fd, sa_family_t family)
{
	int offset = PEEK_OFFSET;

	/* Where it fails the offset is -1. */
	if (family == AF_UNIX)
		(void)setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset,
		    sizeof(offset));
}

bool
read_count_is(int fd, sa_family_t family, uint64_t n)
{
	int offset = -1;
	socklen_t len = sizeof(offset);

	if (family != AF_UNIX)
		return tcp_progress_received(fd) == n;
	/* It stays at 0. */
	return getsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, &len) == 0 &&
	    offset > 0 && (uint64_t)(PEEK_OFFSET - offset) == n;
}
