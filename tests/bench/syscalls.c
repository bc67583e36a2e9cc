#include "syscalls.h"

#include <dirent.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

/* The kernel's number of the event; needs the file system tracefs. */
static int
read_event(uint64_t *event)
{
	static const char path[] =
	    "/sys/kernel/tracing/events/raw_syscalls/sys_enter/id";
	unsigned long long id;
	FILE *file;
	int n;

	file = fopen(path, "r");
	if (file == NULL) {
		log_warn("%s", path);
		return -1;
	}
	n = fscanf(file, "%llu", &id);
	(void)fclose(file);	/* only read from */
	if (n != 1) {
		log_warnx("%s: no number", path);
		return -1;
	}
	*event = id;
	return 0;
}

static int
add_thread(struct syscalls *syscalls, uint64_t event, pid_t thread)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = event,
	};
	long fd;

	if (syscalls->count == SYSCALLS_THREADS_MAX) {
		log_warnx("more than %d threads", SYSCALLS_THREADS_MAX);
		return -1;
	}
	fd = syscall(SYS_perf_event_open, &attr, thread, -1, -1,
	    PERF_FLAG_FD_CLOEXEC);
	if (fd == -1) {
		log_warn("perf_event_open");
		return -1;
	}
	syscalls->fds[syscalls->count++] = (int)fd;
	return 0;
}

int
syscalls_begin(struct syscalls *syscalls, pid_t pid)
{
	const struct dirent *entry;
	char path[64];
	uint64_t event;
	int result = 0;
	DIR *tasks;

	syscalls->count = 0;
	if (read_event(&event) == -1)
		return -1;
	(void)snprintf(path, sizeof(path), "/proc/%ld/task", (long)pid);
	tasks = opendir(path);
	if (tasks == NULL) {
		log_warn("%s", path);
		return -1;
	}
	while (result == 0 && (entry = readdir(tasks)) != NULL)
		if (entry->d_name[0] != '.')
			result = add_thread(syscalls, event,
			    (pid_t)strtol(entry->d_name, NULL, 10));
	(void)closedir(tasks);	/* only read from */
	if (result == -1)
		(void)syscalls_end(syscalls);
	return result;
}

uint64_t
syscalls_end(struct syscalls *syscalls)
{
	uint64_t sum = 0, value;

	while (syscalls->count > 0) {
		int fd = syscalls->fds[--syscalls->count];

		if (read(fd, &value, sizeof(value)) == sizeof(value))
			sum += value;
		(void)close(fd);	/* nothing is behind it any more */
	}
	return sum;
}
