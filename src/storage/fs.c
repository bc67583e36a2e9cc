#include "fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "base/xalloc.h"

char *
fs_with_suffix(const char *path, const char *suffix)
{
	size_t size = strlen(path) + strlen(suffix) + 1;
	char *name = xcalloc(1, size);

	xsnprintf(name, size, "%s%s", path, suffix);
	return name;
}

char *
fs_dirname(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *directory = xstrdup(slash == NULL ? "." : path);

	if (slash != NULL)
		directory[slash == path ? 1 : slash - path] = '\0';
	return directory;
}

int
fs_sync_directory(const char *path)
{
	char *directory = fs_dirname(path);
	int fd, result = -1;

	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1) {
		result = fsync(fd);
		(void)close(fd); /* nothing was written to it */
	}
	free(directory);
	return result;
}

int
fs_free_bytes(const char *path, uint64_t *bytes)
{
	struct statvfs disk;

	if (statvfs(path, &disk) == -1)
		return -1;
	*bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
	return 0;
}

int
fs_identify(const char *path, struct fs_identity *file)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return -1;
	*file = (struct fs_identity){
		.path = path,
		.device = st.st_dev,
		.inode = st.st_ino,
		.size = st.st_size,
	};
	return 0;
}

bool
fs_was_replaced(struct fs_identity *file)
{
	struct stat st;
	bool is_there = stat(file->path, &st) == 0;

	if (!is_there && errno != ENOENT) {
		log_error("store: %s: cannot be looked at", file->path);
		return true;
	}
	if (is_there && st.st_dev == file->device &&
	    st.st_ino == file->inode) {
		file->size = st.st_size;
		return false;
	}
	log_errorx("store: %s: was removed or replaced while in use",
	    file->path);
	return true;
}

int
fs_set_owner(int fd, const struct fs_owner *owner)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return -1;
	/* Who may not give files away may have this one already. */
	if ((st.st_uid != owner->user || st.st_gid != owner->group) &&
	    fchown(fd, owner->user, owner->group) == -1)
		return -1;
	return fchmod(fd, owner->mode);
}

int
fs_make_directories(const char *path)
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
