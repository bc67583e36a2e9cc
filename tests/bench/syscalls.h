#ifndef SYSCALLS_H
#define SYSCALLS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * How many system calls a process makes, as perf_event_open(2) counts them.
 * That is for root, and slows all processes down a little.
 */

enum { SYSCALLS_THREADS_MAX = 64 };

struct syscalls {
	int	 fds[SYSCALLS_THREADS_MAX];	/* a counter for each thread */
	size_t	 count;
};

/* Count from now on.  -1 (logged): that cannot be. */
int	 syscalls_begin(struct syscalls *syscalls, pid_t pid)
	    __attribute__((warn_unused_result));
/* How many there were since then. */
uint64_t syscalls_end(struct syscalls *syscalls);

#endif
