#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

#include <stddef.h>

struct options;

/* The limit of open files, as RLIMIT_NOFILE of getrlimit(2). */

/*
 * Raise it as far as it may be, and return it: SIZE_MAX for none, or if nobody
 * knows.  What goes wrong is logged.
 */
size_t	 descriptors_raise_limit(void);
/*
 * See that there are as many descriptors as a start takes with these options,
 * and that epoll(7) can watch as many: without them it would fail anywhere, or
 * libuv would abort the process.  -1 if there are not, which was logged.
 */
int	 descriptors_require(const struct options *options)
	    __attribute__((warn_unused_result));

#endif
