#include "process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"

/* Read a small file of /proc/PID as a string. */
static int
read_proc(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	size_t n;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
	file = fopen(path, "r");
	if (file == NULL) {
		log_warn("%s", path);
		return -1;
	}
	n = fread(text, 1, size - 1, file);
	text[n] = '\0';
	(void)fclose(file);	/* only read from */
	return 0;
}

/* proc(5), stat: the name may hold anything, so begin behind its bracket. */
static int
parse_cpu(const char *stat, uint64_t *cpu_us)
{
	const uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
	const char *fields = strrchr(stat, ')');
	unsigned long long user, system;

	if (fields == NULL || sscanf(fields + 1, " %*c %*d %*d %*d %*d %*d %*u"
	    " %*u %*u %*u %*u %llu %llu", &user, &system) != 2)
		return -1;
	*cpu_us = (user + system) * 1000000 / ticks;
	return 0;
}

static int
parse_rss(const char *status, uint64_t *rss_bytes)
{
	const char *line = strstr(status, "\nVmRSS:");
	unsigned long long kib;

	if (line == NULL || sscanf(line, "\nVmRSS: %llu", &kib) != 1)
		return -1;
	*rss_bytes = kib * 1024;
	return 0;
}

/* proc(5), status: how often the thread gave its core up, or lost it. */
static int
parse_switches(const char *status, uint64_t *switches)
{
	static const char wanted[] = "\nvoluntary_ctxt_switches:";
	static const char forced[] = "\nnonvoluntary_ctxt_switches:";
	const char *first = strstr(status, wanted);
	const char *second = strstr(status, forced);

	if (first == NULL || second == NULL)
		return -1;
	*switches = strtoull(first + sizeof(wanted) - 1, NULL, 10) +
	    strtoull(second + sizeof(forced) - 1, NULL, 10);
	return 0;
}

/* Add what a thread used, of time all but that of the one that stores. */
static int
add_thread(pid_t pid, pid_t thread, struct process_usage *usage)
{
	static const char storage[] = " (storage) ";
	char name[64], text[4096];
	uint64_t cpu_us, switches;

	(void)snprintf(name, sizeof(name), "task/%ld/stat", (long)thread);
	if (read_proc(pid, name, text, sizeof(text)) == -1 ||
	    parse_cpu(text, &cpu_us) == -1)
		return -1;
	if (strstr(text, storage) == NULL)
		usage->network_cpu_us += cpu_us;
	(void)snprintf(name, sizeof(name), "task/%ld/status", (long)thread);
	if (read_proc(pid, name, text, sizeof(text)) == -1 ||
	    parse_switches(text, &switches) == -1)
		return -1;
	usage->switches += switches;
	return 0;
}

static int
add_threads(pid_t pid, struct process_usage *usage)
{
	const struct dirent *entry;
	char path[64];
	int result = 0;
	DIR *tasks;

	(void)snprintf(path, sizeof(path), "/proc/%ld/task", (long)pid);
	tasks = opendir(path);
	if (tasks == NULL)
		return -1;
	usage->network_cpu_us = 0;
	usage->switches = 0;
	while (result == 0 && (entry = readdir(tasks)) != NULL)
		if (entry->d_name[0] != '.')
			result = add_thread(pid,
			    (pid_t)strtol(entry->d_name, NULL, 10), usage);
	(void)closedir(tasks);	/* only read from */
	return result;
}

int
process_usage(pid_t pid, struct process_usage *usage)
{
	char text[4096];

	if (read_proc(pid, "stat", text, sizeof(text)) == -1)
		return -1;
	if (parse_cpu(text, &usage->cpu_us) == -1)
		goto odd;
	if (read_proc(pid, "status", text, sizeof(text)) == -1)
		return -1;
	if (parse_rss(text, &usage->rss_bytes) == -1 ||
	    add_threads(pid, usage) == -1)
		goto odd;
	return 0;
odd:
	log_warnx("process %ld: no figures in /proc", (long)pid);
	return -1;
}

uint64_t
process_own_cpu_us(void)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);	/* cannot fail */
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) *
	    1000000 + (uint64_t)(usage.ru_utime.tv_usec +
	    usage.ru_stime.tv_usec);
}
