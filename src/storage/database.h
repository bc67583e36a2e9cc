#ifndef DATABASE_H
#define DATABASE_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "store_status.h"

/*
 * The database as files: found or created, locked, looked at before SQLite
 * touches it, brought to the newest schema, and its write-ahead log.  Whoever
 * uses the connection knows nothing of this.
 */
struct database;

/*
 * Lock the database at path, check or create it and bring an older schema up
 * to date; vfs is as in store_open.  On failure the cause was logged, and
 * nothing is left to close.  Until database_start_log() nothing is written.
 */
enum store_open_status database_open(const char *path, const char *vfs,
	    struct database **database);
/*
 * Close the connection, whose statements are finalized, and drop the lock.
 * The log stays if database_keep_log() was the last word on it.
 */
void	 database_close(struct database *database);

/* Lent until database_close. */
const char *database_path(const struct database *database);
sqlite3	*database_connection(const struct database *database);

/*
 * The database was found good: from now on its log is in use, and there is
 * durably.
 */
enum store_open_status database_start_log(struct database *database);
/*
 * First in every transaction: if the log begins with it, it says so
 * (log_mark.h).  An SQLite result.
 */
int	 database_mark_log(struct database *database)
	    __attribute__((warn_unused_result));
/*
 * After every transaction, before anybody is told of it: if the log began with
 * it unawares, as somebody else had moved all there was, it says so now.  An
 * SQLite result.
 */
int	 database_mark_new_log(struct database *database)
	    __attribute__((warn_unused_result));
/* Move the log's pages to the database if they are many: an SQLite result. */
int	 database_checkpoint(struct database *database)
	    __attribute__((warn_unused_result));
/*
 * Overwrite what the log has of earlier transactions, as store_scrub_wal() says:
 * an SQLite result, SQLITE_BUSY if a reader is in the way.
 */
int	 database_scrub_log(struct database *database, int64_t *upto)
	    __attribute__((warn_unused_result));
/*
 * Whether a file was moved or removed under SQLite, which is logged.  Notes
 * also how large they are.
 */
bool	 database_was_replaced(struct database *database);
/* In bytes, when they were looked at last. */
void	 database_sizes(const struct database *database, uint64_t *file,
	    uint64_t *log);

/* Before closing: move what is in the log to the database ... */
void	 database_empty_log(struct database *database);
/* ... or leave it for the next start. */
void	 database_keep_log(struct database *database);

#endif
