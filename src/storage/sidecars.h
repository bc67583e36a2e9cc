#ifndef SIDECARS_H
#define SIDECARS_H

#include <stdbool.h>

#include "store_status.h"

struct stat;

/*
 * The files that SQLite keeps beside a database and takes for its own wherever
 * they come from: the log (-wal), its index (-shm) and a rollback journal
 * (-journal).
 */

/* Whether there is anything in the log, or journal, of the database at path. */
bool	 sidecars_have_wal(const char *path);
bool	 sidecars_have_rollback(const char *path);

/*
 * Whether those that are there can be the ones of the database at path, which
 * database is about: regular files, of the same owner or of us, that we may
 * write.  What is wrong is logged in one line.
 */
enum store_open_status sidecars_check(const char *path,
	    const struct stat *database);

/*
 * The same where no database is at path: there must be no log and no journal,
 * which a new one would take for its own.
 */
enum store_open_status sidecars_check_absent(const char *path);

#endif
