#ifndef DATABASE_H
#define DATABASE_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "storage/store_status.h"

/*
 * The database as files: found or created, locked, looked at before SQLite
 * touches it, connected to, brought to the newest schema, with its write-ahead
 * log (wal.h).
 */
struct database;

/* Who wants it: a copy that is not whole is only for who goes on with it. */
enum database_use {
	DATABASE_TO_SERVE,
	DATABASE_TO_COPY
};

/*
 * Lock the database at path, check or create it and bring an older schema up
 * to date; vfs is as in store_open.  On failure the cause was logged, and
 * nothing is left to close.  Until database_start_wal() nothing is written.
 */
enum store_open_status database_open(const char *path, const char *vfs,
	    enum database_use use, struct database **database);
/*
 * Close the connection, whose statements are finalized, and drop the lock.
 * What becomes of the WAL is for wal_empty() or wal_keep_on_close() to say.
 */
void	 database_close(struct database *database);

/* Lent until database_close. */
const char *database_path(const struct database *database);
sqlite3	*database_connection(const struct database *database);

/*
 * The database was found good: from now on its WAL is in use, which is lent by
 * database_wal() until database_close().
 */
enum store_open_status database_start_wal(struct database *database);
struct wal *database_wal(const struct database *database);

/*
 * Whether the file, or its WAL, was moved or removed under SQLite, which is
 * logged.  Notes also how large they are.
 */
bool	 database_was_replaced(struct database *database);

/* Of the file, in bytes, when that was looked at last. */
uint64_t database_size(const struct database *database);

#endif
