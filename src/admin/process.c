#include "process.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Room for proc(5)'s statm: seven numbers. */
#define STATM_BYTES 160

static uint64_t
microseconds(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_usec;
}

static void
read_memory(struct process_figures *figures)
{
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	char text[STATM_BYTES];
	char *rest;
	ssize_t n;

	if (fd == -1)
		return;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);	/* nothing was written to it */
	if (n <= 0)
		return;
	text[n] = '\0';
	figures->virtual_bytes = strtoull(text, &rest, 10) * page;
	figures->resident_bytes = strtoull(rest, NULL, 10) * page;
}

void
process_read(struct process_figures *figures)
{
	struct rusage usage;
	struct rlimit limit;
	struct stat st;

	*figures = (struct process_figures){ .max_fds = UINT64_MAX };
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		figures->cpu_us = microseconds(&usage.ru_utime) +
		    microseconds(&usage.ru_stime);
	read_memory(figures);
	if (stat("/proc/self/fd", &st) == 0)
		figures->open_fds = (uint64_t)st.st_size;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur != RLIM_INFINITY)
		figures->max_fds = limit.rlim_cur;
}
