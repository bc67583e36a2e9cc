#ifndef LOCK_H
#define LOCK_H

#include "store_status.h"

/* One daemon to a database: path.lock is there, and locked, while it runs. */

struct fs_owner;

/* Take the lock of the database at path; on failure the cause was logged. */
enum store_open_status lock_take(const char *path, int *lock);
/*
 * Likewise; if root makes the file it is owner's from the beginning, who has to
 * be able to take a lock that nobody removed.
 */
enum store_open_status lock_take_for(const char *path,
	    const struct fs_owner *owner, int *lock);

void	 lock_release(const char *path, int lock);

#endif
