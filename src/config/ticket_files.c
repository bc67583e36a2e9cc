#include "ticket_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/xalloc.h"
#include "setting_report.h"
#include "wire/ticket_key.h"

/* More than any key has, with a newline. */
#define FILE_BYTES_MAX (TICKET_SECRET_MAX + 2)

static const char setting_key[] = "ticket-keys";

/* What is going on: keys are added, and faults are reported. */
struct reading {
	struct ticket_keys *keys;
	struct setting_report *report;
};

static void
report_fault(struct reading *reading, const char *path, const char *fault)
{
	setting_report(reading->report, path, setting_key, fault);
}

static const char *
describe_errno(void)
{
	switch (errno) {
	case EACCES:
		return "cannot be read: permission denied";
	case ENOENT:
		return "is not there";
	default:
		return "cannot be read";
	}
}

/* What a file's name says of its key. */
struct kind {
	const char *suffix;
	mode_t	 forbidden;		/* what others may not do with it */
	const char *fault;		/* if they may */
	bool	 has_newline;		/* one at the end is no part of it */
	const char *(*add)(struct ticket_keys *keys, const char *name,
		    const char *bytes, size_t len);
};

static const struct kind kinds[] = {
	{ ".hs256", S_IRWXO, "is a secret that others may read: chmod o=",
	    true, ticket_keys_add_secret },
	{ ".pem", S_IWOTH, "may be written by others: chmod o-w",
	    false, ticket_keys_add_pem },
};

/* The kind of a file of that name; *stem_len is how long its key's name is. */
static const struct kind *
kind_of(const char *name, size_t *stem_len)
{
	size_t len = strlen(name), i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t n = strlen(kinds[i].suffix);

		if (len < n || strcmp(name + len - n, kinds[i].suffix) != 0)
			continue;
		*stem_len = len - n;
		return &kinds[i];
	}
	return NULL;
}

/* All that an open file has, up to size; -1 with errno. */
static ssize_t
read_all(int fd, char *bytes, size_t size)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = read(fd, bytes + len, size - len);
		if (n == -1 && errno != EINTR)
			return -1;
		if (n > 0)
			len += (size_t)n;
	} while (n != 0 && len < size);
	return (ssize_t)len;
}

/* Read the key of an open file; NULL, or what is wrong with it. */
static const char *
add_open_file(struct reading *reading, int fd, const struct stat *st,
    const char *name)
{
	char bytes[FILE_BYTES_MAX];
	const struct kind *kind;
	const char *fault;
	size_t stem_len;
	char *stem;
	ssize_t len;

	kind = kind_of(name, &stem_len);
	if (kind == NULL || !S_ISREG(st->st_mode))
		return "is neither a file KID.hs256 nor KID.pem";
	if ((st->st_mode & kind->forbidden) != 0)
		return kind->fault;
	len = read_all(fd, bytes, sizeof(bytes));
	if (len == -1)
		return describe_errno();
	if (kind->has_newline && len > 0 && bytes[len - 1] == '\n')
		len--;
	stem = xstrdup(name);
	stem[stem_len] = '\0';
	fault = kind->add(reading->keys, stem, bytes, (size_t)len);
	explicit_bzero(bytes, sizeof(bytes));
	free(stem);
	return fault;
}

static int
open_to_read(const char *path, int flags, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);

	if (fd == -1 || fstat(fd, st) == 0)
		return fd;
	(void)close(fd); /* nothing was written to it */
	return -1;
}

static void
add_file(struct reading *reading, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *fault;
	struct stat st;
	int fd = open_to_read(path, 0, &st);

	if (fd == -1) {
		report_fault(reading, path, describe_errno());
		return;
	}
	fault = add_open_file(reading, fd, &st,
	    slash == NULL ? path : slash + 1);
	(void)close(fd); /* likewise */
	if (fault != NULL)
		report_fault(reading, path, fault);
}

static int
is_shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void
add_folder(struct reading *reading, const char *path, mode_t mode)
{
	char file[PATH_MAX + NAME_MAX + 2];
	struct dirent **entries;
	int n, i;

	if ((mode & S_IWOTH) != 0) {
		report_fault(reading, path, "may be written by others");
		return;
	}
	n = scandir(path, &entries, is_shown, alphasort);
	if (n == -1) {
		report_fault(reading, path, describe_errno());
		return;
	}
	for (i = 0; i < n; i++) {
		xsnprintf(file, sizeof(file), "%s/%s", path,
		    entries[i]->d_name);
		add_file(reading, file);
		free(entries[i]);
	}
	free(entries);
}

static void
add_path(struct reading *reading, const char *path)
{
	struct stat st;
	int fd = open_to_read(path, O_DIRECTORY, &st);

	if (fd == -1) {
		add_file(reading, path);
		return;
	}
	(void)close(fd); /* likewise */
	add_folder(reading, path, st.st_mode);
}

struct ticket_keys *
ticket_files_read(char *const *paths, size_t count,
    struct setting_report *report)
{
	struct reading reading = {
		.keys = ticket_keys_new(),
		.report = report,
	};
	size_t before = report->problems, i;

	for (i = 0; i < count; i++)
		add_path(&reading, paths[i]);
	if (report->problems == before && ticket_keys_count(reading.keys) == 0)
		report_fault(&reading, paths[0], "has no key in it");
	if (report->problems == before)
		return reading.keys;
	ticket_keys_free(reading.keys);
	return NULL;
}
