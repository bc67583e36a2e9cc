#ifndef WAL_MARK_H
#define WAL_MARK_H

#include <stdbool.h>
#include <stdint.h>

struct sqlite3;

/*
 * Which log is the database's.  SQLite replays any log (-wal) that lies beside
 * a database into it; nothing in its format ties the two together
 * (https://sqlite.org/walformat.html).  The row of the table log_mark does:
 * log_mark_close() gives the state that is about to be all in the database's
 * file a mark that no other state has, and the first transaction of the log
 * that follows says by log_mark_open() that it begins there.
 *
 * A log so belongs to a file if that is where it begins, or if a crash has
 * left some of its own pages there already.
 */

enum {
	LOG_MARK_BYTES = 16
};

struct log_mark {
	uint8_t	 base[LOG_MARK_BYTES];	/* mark where the log begins */
	uint8_t	 mark[LOG_MARK_BYTES];
};

/* These change the row, and return an SQLite result. */
int	 log_mark_close(struct sqlite3 *db);
int	 log_mark_open(struct sqlite3 *db);
/* The file is a copy: no log that there is now is its own. */
int	 log_mark_detach(struct sqlite3 *db);

/*
 * Read what db says.  An SQLite result; SQLITE_ERROR if there is no such table
 * (a database of version 2 or less), and SQLITE_MISMATCH if the row is none.
 */
int	 log_mark_read(struct sqlite3 *db, struct log_mark *mark)
	    __attribute__((warn_unused_result));

/*
 * Read what the file at path, an absolute one, says without a log; false if
 * it has none, or cannot be read without.  vfs is as in store_open.
 */
bool	 log_mark_read_alone(const char *path, const char *vfs,
	    struct log_mark *mark);

/* What the log that makes whole of file is to that file. */
enum log_mark_verdict {
	LOG_MARK_FOREIGN,
	LOG_MARK_BEGINS,	/* its own: it begins where the file ends */
	LOG_MARK_MIXED		/* its own, with pages of it in the file, or */
				/* the file is a copy that was made of both */
};

enum log_mark_verdict log_mark_compare(const struct log_mark *file,
	    const struct log_mark *whole);

#endif
