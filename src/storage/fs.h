#ifndef FS_H
#define FS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The files around the database, which SQLite knows nothing of. */

/* path with suffix behind it; free() it. */
char	*fs_with_suffix(const char *path, const char *suffix);

/* The directory that path is in; free() it. */
char	*fs_dirname(const char *path);
/* Make what was renamed, made or removed at path durable; -1 with errno. */
int	 fs_sync_directory(const char *path)
	    __attribute__((warn_unused_result));

/* How many bytes are free for us where path is; -1 with errno. */
int	 fs_free_bytes(const char *path, uint64_t *bytes)
	    __attribute__((warn_unused_result));

/* A file that must stay where it was opened. */
struct fs_identity {
	const char *path;
	dev_t	 device;
	ino_t	 inode;
	off_t	 size;			/* when it was looked at last */
};

/* Note which file is at path, which is lent; -1 with errno. */
int	 fs_identify(const char *path, struct fs_identity *file)
	    __attribute__((warn_unused_result));

/*
 * Whether another file is there now, or none, which is logged.  Notes also its
 * size.
 */
bool	 fs_was_replaced(struct fs_identity *file);

/* Whose a file is, and what they and others may do with it. */
struct fs_owner {
	uid_t	 user;
	gid_t	 group;
	mode_t	 mode;
};

/* Let an open file be theirs; -1 with errno. */
int	 fs_set_owner(int fd, const struct fs_owner *owner)
	    __attribute__((warn_unused_result));

/*
 * Create the directories that path leads through, for us alone; -1 if one
 * cannot be, which was logged.
 */
int	 fs_make_directories(const char *path)
	    __attribute__((warn_unused_result));

#endif
