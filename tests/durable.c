#include "durable.h"

#include <assert.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	FILES_MAX = 256,
	FOLDER_BYTES = 1024
};

struct file_list {
	struct stat files[FILES_MAX];
	size_t	 count;
};

static struct file_list flushed;	/* as they were then */
static struct file_list unsettled;	/* folders */
static size_t names, unfinished;

static struct stat *
find(struct file_list *list, const struct stat *st)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (list->files[i].st_dev == st->st_dev &&
		    list->files[i].st_ino == st->st_ino)
			return &list->files[i];
	return NULL;
}

static void
put(struct file_list *list, const struct stat *st)
{
	struct stat *place = find(list, st);

	if (place == NULL) {
		assert(list->count < FILES_MAX);
		place = &list->files[list->count++];
	}
	*place = *st;
}

static void
drop(struct file_list *list, const struct stat *st)
{
	struct stat *place = find(list, st);

	if (place != NULL)
		*place = list->files[--list->count];
}

/* The folder of path; false if there is none. */
static bool
stat_folder(int fd, const char *path, struct stat *st)
{
	const char *slash = strrchr(path, '/');
	char folder[FOLDER_BYTES];

	(void)snprintf(folder, sizeof(folder), "%.*s",
	    slash == NULL ? 1 : (int)(slash - path) + 1,
	    slash == NULL ? "." : path);
	return fstatat(fd, folder, st, 0) == 0;
}

static bool
is_flushed(const struct stat *st)
{
	const struct stat *then = find(&flushed, st);

	return then != NULL && then->st_size == st->st_size &&
	    then->st_mtim.tv_sec == st->st_mtim.tv_sec &&
	    then->st_mtim.tv_nsec == st->st_mtim.tv_nsec;
}

/* The file has got the name to. */
static void
note_name(int to_fd, const char *to)
{
	struct stat st, folder;

	names++;
	if (fstatat(to_fd, to, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !is_flushed(&st))
		unfinished++;
	if (stat_folder(to_fd, to, &folder))
		put(&unsettled, &folder);
}

int
renameat2(int from_fd, const char *from, int to_fd, const char *to,
    unsigned flags)
{
	int result = (int)syscall(SYS_renameat2, from_fd, from, to_fd, to,
	    flags);

	if (result == 0)
		note_name(to_fd, to);
	return result;
}

int
renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return renameat2(from_fd, from, to_fd, to, 0);
}

int
rename(const char *from, const char *to)
{
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	int result = (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags);

	if (result == 0)
		note_name(to_fd, to);
	return result;
}

int
link(const char *from, const char *to)
{
	return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

static int
note_flush(int fd, int result)
{
	struct stat st;

	if (result == 0 && fstat(fd, &st) == 0) {
		put(&flushed, &st);
		drop(&unsettled, &st);
	}
	return result;
}

int
fsync(int fd)
{
	return note_flush(fd, (int)syscall(SYS_fsync, fd));
}

int
fdatasync(int fd)
{
	return note_flush(fd, (int)syscall(SYS_fdatasync, fd));
}

size_t
durable_names(void)
{
	return names;
}

size_t
durable_unfinished(void)
{
	return unfinished;
}

size_t
durable_unsettled(void)
{
	return unsettled.count;
}
