#ifndef FILE_H
#define FILE_H

/* The files around the database, which SQLite knows nothing of. */

/* path with suffix behind it; free() it. */
char	*file_beside(const char *path, const char *suffix);

/* Make what was renamed, made or removed at path durable; -1 with errno. */
int	 file_sync_directory(const char *path)
	    __attribute__((warn_unused_result));

/*
 * Create the directories that path leads through, for us alone; -1 if one
 * cannot be, which was logged.
 */
int	 file_make_directories(const char *path)
	    __attribute__((warn_unused_result));

#endif
