#ifndef WAL_MARK_H
#define WAL_MARK_H

#include <stdbool.h>
#include <stdint.h>

struct sqlite3;

/*
 * Which log is the database's.  SQLite replays any log (-wal) that lies beside
 * a database into it; nothing in its format ties the two together
 * (https://sqlite.org/walformat.html).  The row of the table log_mark does:
 * wal_mark_end() gives the state that is about to be all in the database's
 * file a mark that no other state has, and the first transaction of the log
 * that follows says by wal_mark_begin() that it begins there.
 *
 * A log so belongs to a file if that is where it begins, or if a crash has
 * left some of its own pages there already.
 */

enum {
	WAL_MARK_BYTES = 16
};

struct wal_mark {
	uint8_t base[WAL_MARK_BYTES]; /* mark where the log begins */
	uint8_t	 mark[WAL_MARK_BYTES];
};

/* These change the row, and return an SQLite result. */
int	 wal_mark_end(struct sqlite3 *db);
int	 wal_mark_begin(struct sqlite3 *db);
/* The file is a copy: no log that there is now is its own. */
int	 wal_mark_detach(struct sqlite3 *db);

/*
 * Read what db says.  An SQLite result; SQLITE_ERROR if there is no such table
 * (a database of version 2 or less), and SQLITE_MISMATCH if the row is none.
 */
int	 wal_mark_read(struct sqlite3 *db, struct wal_mark *mark)
	    __attribute__((warn_unused_result));

/*
 * Read what the file at path, an absolute one, says without a log; false if
 * it has none, or cannot be read without.  vfs is as in store_open.
 */
bool	 wal_mark_read_file(const char *path, const char *vfs,
	    struct wal_mark *mark);

/* What the log that makes whole of file is to that file. */
enum wal_mark_relation {
	WAL_MARK_FOREIGN,
	WAL_MARK_BEGINS,	/* its own: it begins where the file ends */
	WAL_MARK_MIXED /* its own, with pages of it in the file, or */
	/* the file is a copy that was made of both */
};

enum wal_mark_relation wal_mark_compare(const struct wal_mark *file,
	    const struct wal_mark *whole);

#endif
