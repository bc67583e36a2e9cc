#ifndef READ_COUNT_H
#define READ_COUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * How much of what came on a connection has been read, by whomever, as the
 * kernel knows it.
 */

/* fd is new: nothing was read from it. */
void	 read_count_begin(int fd, sa_family_t family);
/*
 * Whether it is known that n bytes were read and no more.  It is not for ever,
 * nor on TCP while anything has come that was not read.
 */
bool	 read_count_is(int fd, sa_family_t family, uint64_t n);

#endif
