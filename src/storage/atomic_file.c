#include "atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "fs.h"
#include "storage/sqlite/sidecars.h"

struct atomic_file {
	char	*path;			/* where it is to appear */
	char	*folder;
	char	*file;			/* in the folder */
	const char *name;		/* the last part of path, and of file */
	int	 folder_fd;
	int	 fd;			/* of the file; -1 if published */
};

static enum store_open_status
refuse_folder(const struct atomic_file *draft, const char *why)
{
	log_errorx("store: %s: %s: remove it, or choose another folder",
	    draft->folder, why);
	return STORE_CANNOT_CREATE;
}

/* A file of ours where the folder is to be was an older version's draft. */
static void
remove_old_draft(const struct atomic_file *draft)
{
	struct stat st;

	if (lstat(draft->folder, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_uid == geteuid() && unlink(draft->folder) == -1)
		log_warn("store: %s", draft->folder);
}

/* The folder is there; whether others made it, or may write to it. */
static enum store_open_status
check_folder(const struct atomic_file *draft)
{
	struct stat st;

	if (fstat(draft->folder_fd, &st) == -1)
		return store_status_of_errno(draft->folder, "cannot be read");
	if (st.st_uid != geteuid())
		return refuse_folder(draft, "is somebody else's");
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return refuse_folder(draft, "others may write to it");
	return STORE_OPENED;
}

/*
 * The callers have a lock of the path; but where others may write, they may
 * have made its file, and can remove it.  Some filesystems lock no folders.
 */
static enum store_open_status
lock_folder(const struct atomic_file *draft)
{
	if (flock(draft->folder_fd, LOCK_EX | LOCK_NB) == 0 ||
	    errno != EWOULDBLOCK)
		return STORE_OPENED;
	log_errorx("store: %s: is in use", draft->folder);
	return STORE_IN_USE;
}

static enum store_open_status
open_folder(struct atomic_file *draft)
{
	enum store_open_status status;

	remove_old_draft(draft);
	if (mkdir(draft->folder, S_IRWXU) == -1 && errno != EEXIST)
		return store_status_of_errno(draft->folder, "cannot be made");
	draft->folder_fd = open(draft->folder, O_RDONLY | O_DIRECTORY |
	    O_NOFOLLOW | O_CLOEXEC);
	if (draft->folder_fd == -1 && (errno == ENOTDIR || errno == ELOOP))
		return refuse_folder(draft, "is no folder");
	if (draft->folder_fd == -1)
		return store_status_of_errno(draft->folder, "cannot be read");
	status = check_folder(draft);
	return status == STORE_OPENED ? lock_folder(draft) : status;
}

/* -1 with errno if something is left. */
static int
empty_folder(const struct atomic_file *draft)
{
	int result = 0;
	size_t i;

	for (i = 0; i <= SIDECARS; i++) {
		char *name = fs_with_suffix(draft->name, sidecars_suffixes[i]);

		if (unlinkat(draft->folder_fd, name, 0) == -1 &&
		    errno != ENOENT)
			result = -1;
		free(name);
	}
	return result;
}

static enum store_open_status
create_in_folder(struct atomic_file *draft)
{
	if (empty_folder(draft) == -1)
		return store_status_of_errno(draft->file, "cannot be removed");
	draft->fd = openat(draft->folder_fd, draft->name, O_RDWR | O_CREAT |
	    O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	return draft->fd != -1 ? STORE_OPENED :
	    store_status_of_errno(draft->file, "cannot be made");
}

static void
atomic_file_free(struct atomic_file *draft)
{
	if (draft->fd != -1)
		(void)close(draft->fd);	/* it was synced, or is not wanted */
	if (draft->folder_fd != -1)
		(void)close(draft->folder_fd); /* nothing was written to it */
	free(draft->path);
	free(draft->folder);
	free(draft->file);
	free(draft);
}

enum store_open_status
atomic_file_open(const char *path, const char *suffix,
    struct atomic_file **opened)
{
	struct atomic_file *draft = xcalloc(1, sizeof(*draft));
	const char *slash = strrchr(path, '/');
	enum store_open_status status;
	char *folder;

	draft->path = xstrdup(path);
	draft->folder = fs_with_suffix(path, suffix);
	folder = fs_with_suffix(draft->folder, "/");
	draft->file = fs_with_suffix(folder, slash == NULL ? path : slash + 1);
	free(folder);
	draft->name = strrchr(draft->file, '/') + 1;
	draft->folder_fd = -1;
	draft->fd = -1;
	status = open_folder(draft);
	if (status != STORE_OPENED) {
		atomic_file_free(draft);
		return status;
	}
	status = create_in_folder(draft);
	if (status == STORE_OPENED)
		*opened = draft;
	else
		atomic_file_close(draft);
	return status;
}

void
atomic_file_close(struct atomic_file *draft)
{
	if (draft == NULL)
		return;
	if (empty_folder(draft) == -1 || rmdir(draft->folder) == -1)
		log_warn("store: %s: cannot be removed", draft->folder);
	atomic_file_free(draft);
}

const char *
atomic_file_path(const struct atomic_file *draft)
{
	return draft->file;
}

int
atomic_file_fd(const struct atomic_file *draft)
{
	return draft->fd;
}

int
atomic_file_check_room(const struct atomic_file *draft, uint64_t bytes)
{
	unsigned long long room;
	struct statvfs fs;

	if (fstatvfs(draft->fd, &fs) == -1) {
		log_warn("%s: free space", draft->file);
		return -1;
	}
	room = (unsigned long long)fs.f_bavail * fs.f_frsize;
	if (room >= bytes)
		return 0;
	log_errorx("%s: %llu bytes are needed, and %llu are free",
	    draft->path, (unsigned long long)bytes, room);
	return -1;
}

/* Nothing can be done to the draft any more; -1 with errno. */
static int
sync_and_close(struct atomic_file *draft)
{
	int result = fsync(draft->fd), error = errno;

	if (close(draft->fd) == -1 && result == 0) {
		result = -1;
		error = errno;
	}
	draft->fd = -1;
	errno = error;
	return result;
}

/* Some filesystems can only do it in two steps. */
static int
rename_to_new(const struct atomic_file *draft)
{
	if (renameat2(draft->folder_fd, draft->name, AT_FDCWD, draft->path,
	    RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (linkat(draft->folder_fd, draft->name, AT_FDCWD, draft->path,
	    0) == -1)
		return -1;
	return unlinkat(draft->folder_fd, draft->name, 0);
}

int
atomic_file_publish(struct atomic_file *draft)
{
	if (sync_and_close(draft) == -1 || rename_to_new(draft) == -1)
		return -1;
	return fs_sync_directory(draft->path);
}

int
atomic_file_replace(struct atomic_file *draft)
{
	if (sync_and_close(draft) == -1 || renameat(draft->folder_fd,
	    draft->name, AT_FDCWD, draft->path) == -1)
		return -1;
	return fs_sync_directory(draft->path);
}
