#ifndef PROCESS_H
#define PROCESS_H

#include <stdint.h>

/* This process, as its operator sees it from outside. */
struct process_figures {
	uint64_t cpu_us;	/* user and system, all threads */
	uint64_t virtual_bytes;
	uint64_t resident_bytes;
	uint64_t open_fds;	/* 0 where the kernel (before Linux 6.2) */
				/* does not say without a walk over all */
	uint64_t max_fds;	/* UINT64_MAX: no limit */
};

/* Costs some microseconds and touches no disk. */
void	 process_read(struct process_figures *figures);

#endif
