#ifndef LOCK_H
#define LOCK_H

#include "storage/store_status.h"

/* One daemon to a database: path.lock is there, and locked, while it runs. */

struct fs_owner;

/*
 * Take the lock of the database at path; on failure the cause was logged.  With
 * an owner, which may be NULL, the file is owner's from the beginning if root
 * makes it: they have to be able to take a lock that nobody removed.
 */
enum store_open_status lock_take(const char *path,
	    const struct fs_owner *owner, int *lock);

void	 lock_release(const char *path, int lock);

#endif
