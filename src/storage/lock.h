#ifndef LOCK_H
#define LOCK_H

#include "store_status.h"

/* One daemon to a database: path.lock is there, and locked, while it runs. */

/* Take the lock of the database at path; on failure the cause was logged. */
enum store_open_status lock_take(const char *path, int *lock);

void	 lock_release(const char *path, int lock);

#endif
