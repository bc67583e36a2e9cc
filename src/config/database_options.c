#include "database_options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/database_name.h"
#include "base/id.h"
#include "base/xalloc.h"
#include "options.h"
#include "setting_report.h"

const char *
database_options_name_fault(const char *name)
{
	const char *fault;

	if (!database_name_is_postgresql(name))
		return NULL;
	fault = database_name_fault(name);
#ifndef HAVE_LIBPQ
	if (fault == NULL)
		fault = "this program was built without libpq, which "
		    "PostgreSQL needs";
#endif
	return fault;
}

int
database_options_check_name(const char *name, const char *where,
    struct setting_report *report)
{
	const char *fault = database_options_name_fault(name);

	if (fault == NULL)
		return 0;
	setting_report(report, where, NULL, fault);
	return -1;
}

/* Why a file that is not there cannot be made; NULL if it can. */
static const char *
folder_fault(const char *path)
{
	char *folder = xstrdup(path);
	const char *fault = NULL;

	/* The setting begins with a slash. */
	strrchr(folder, '/')[1] = '\0';
	if (access(folder, W_OK | X_OK) == -1)
		fault = strerror(errno);
	free(folder);
	return fault;
}

static void
check_content(int fd, const char *path, struct setting_report *report)
{
	uint8_t bytes[ID_KEY_BYTES + 1];
	char problem[SETTING_PROBLEM_BYTES];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	if (n == ID_KEY_BYTES)
		return;
	if (n == -1)
		(void)snprintf(problem, sizeof(problem), "%s",
		    strerror(errno));
	else
		(void)snprintf(problem, sizeof(problem),
		    "is not a key of %d bytes", ID_KEY_BYTES);
	setting_report(report, path, "key-file", problem);
}

/* Of a file that is named: the daemon makes it if it is missing. */
static void
check_key_file(const char *path, struct setting_report *report)
{
	/* As the daemon opens it: no link, and no wait for a pipe. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char problem[SETTING_PROBLEM_BYTES];
	const char *fault;

	if (fd != -1) {
		check_content(fd, path, report);
		(void)close(fd); /* nothing was written to it */
		return;
	}
	if (errno != ENOENT) {
		setting_report(report, path, "key-file", strerror(errno));
		return;
	}
	fault = folder_fault(path);
	if (fault == NULL)
		return;
	(void)snprintf(problem, sizeof(problem),
	    "is missing, and cannot be made: %s", fault);
	setting_report(report, path, "key-file", problem);
}

void
database_options_check_key(const char *name, const struct options *options,
    struct setting_report *report)
{
	const char *path = options->key_file;

	if (path == NULL)
		return;		/* was refused as it is */
	if (*path != '\0')
		check_key_file(path, report);
	else if (database_name_is_postgresql(name))
		setting_report(report, "key-file", NULL,
		    "has to name a file for the key of tokens, as there is "
		    "none beside a PostgreSQL database");
}
