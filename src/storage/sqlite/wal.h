#ifndef WAL_H
#define WAL_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "storage/store_status.h"

/*
 * The database's write-ahead log: begun and marked (wal_mark.h), checkpointed,
 * and overwritten where it has what was erased.
 */
struct wal;

enum {
	WAL_BUSY_TIMEOUT_MS = 2000	/* for a backup or an auditor at work;
					   but wal_scrub() waits for nobody */
};

/* Closing db leaves its WAL as it is for the next start. */
void	 wal_keep_on_close(sqlite3 *db);

/*
 * The database at path was found good: from now on db, the connection to it,
 * uses a WAL, which is there durably, and checkpoints are ours.  Both are lent
 * until wal_free().  On failure the cause was logged, and there is no wal.
 */
enum store_open_status wal_start(const char *path, sqlite3 *db,
	    struct wal **wal);

/* db was closed.  NULL is allowed. */
void	 wal_free(struct wal *wal);

/*
 * First in every transaction: if the WAL begins with it, it says so.  An
 * SQLite result.
 */
int	 wal_mark_transaction(struct wal *wal)
	    __attribute__((warn_unused_result));

/*
 * After every transaction, before anybody is told of it: if the WAL began with
 * it unawares, as somebody else had checkpointed all there was, it says so now.
 * An SQLite result.
 */
int	 wal_mark_committed(struct wal *wal)
	    __attribute__((warn_unused_result));

/*
 * Move the WAL's pages to the database, as far as readers permit, if they are
 * many: an SQLite result.
 */
int	 wal_checkpoint(struct wal *wal) __attribute__((warn_unused_result));

/*
 * Overwrite what the WAL has of earlier transactions, as store_scrub_wal()
 * says: an SQLite result, SQLITE_BUSY if a reader is in the way.
 */
int	 wal_scrub(struct wal *wal, int64_t *upto)
	    __attribute__((warn_unused_result));

/*
 * Whether the file was moved or removed under SQLite, which is logged.  Notes
 * also how large it is.
 */
bool	 wal_was_replaced(struct wal *wal);

/* In bytes, when that was looked at last. */
uint64_t wal_size(const struct wal *wal);

/* Before db is closed: move all of it to the database, and let it go then. */
void	 wal_empty(struct wal *wal);

#endif
