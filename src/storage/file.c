#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"

char *
file_beside(const char *path, const char *suffix)
{
	size_t size = strlen(path) + strlen(suffix) + 1;
	char *name = xcalloc(1, size);

	(void)snprintf(name, size, "%s%s", path, suffix); /* fits */
	return name;
}

int
file_sync_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *directory = xstrdup(slash == NULL ? "." : path);
	int fd, result = -1;

	if (slash != NULL)
		directory[slash == path ? 1 : slash - path] = '\0';
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1) {
		result = fsync(fd);
		(void)close(fd); /* nothing was written to it */
	}
	free(directory);
	return result;
}

int
file_make_directories(const char *path)
{
	char *copy = xstrdup(path);
	char *slash = copy;
	int result = 0;

	while (result == 0 && (slash = strchr(slash + 1, '/')) != NULL) {
		*slash = '\0';
		if (mkdir(copy, S_IRWXU) == -1 && errno != EEXIST) {
			log_error("store: %s: cannot be made", copy);
			result = -1;
		}
		*slash = '/';
	}
	free(copy);
	return result;
}
