#ifndef SIDECARS_H
#define SIDECARS_H

#include <stdbool.h>

#include "storage/store_status.h"

struct stat;

/*
 * The files that SQLite keeps beside a database and takes for its own wherever
 * they come from: the WAL (-wal), its index (-shm) and a rollback journal
 * (-journal).
 */

enum { SIDECARS = 3 };

/* What their names end with; the last "" is the database's own. */
extern const char *const sidecars_suffixes[SIDECARS + 1];

/* Whether the WAL of the database at path is there, be it empty. */
bool	 sidecars_wal_exists(const char *path);

/* Whether there is anything in the WAL, or journal, of the database at path. */
bool	 sidecars_have_wal(const char *path);
bool	 sidecars_have_rollback(const char *path);

/* Whether there is a file by the name of any of them. */
bool	 sidecars_exist(const char *path);

/* Remove them all; -1 with errno. */
int	 sidecars_remove(const char *path)
	    __attribute__((warn_unused_result));

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
