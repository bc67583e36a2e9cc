#ifndef PROCESS_H
#define PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/* What a process used up to now, as /proc tells it. */
struct process_usage {
	uint64_t cpu_us;	/* all threads, user and system */
	uint64_t network_cpu_us;	/* those not named "storage" */
	uint64_t rss_bytes;
	uint64_t switches;	/* of context, wanted or not, all threads */
};

/* -1, logged, if there is no such process. */
int	 process_usage(pid_t pid, struct process_usage *usage)
	    __attribute__((warn_unused_result));
/* The CPU time of the calling process. */
uint64_t process_own_cpu_us(void);

#endif
