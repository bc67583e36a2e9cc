#ifndef WAL_MARK_H
#define WAL_MARK_H

struct sqlite3;

/*
 * Which WAL is the database's.  SQLite replays any (-wal) that lies beside a
 * database into it; nothing in its format ties the two together
 * (https://sqlite.org/walformat.html).  The row of the table log_mark does:
 * wal_mark_end() gives the state that is about to be all in the database's
 * file a mark that no other state has, and the first transaction of the WAL
 * that follows says by wal_mark_begin() that it begins there.
 *
 * A WAL so belongs to a file if that is where it begins, or if a crash has
 * left some of its own pages there already.
 */

/* These change the row, and return an SQLite result. */
int	 wal_mark_end(struct sqlite3 *db);
int	 wal_mark_begin(struct sqlite3 *db);
/* The file is a copy: no WAL that there is now is its own. */
int	 wal_mark_detach(struct sqlite3 *db);

/* What a WAL is to the file beside it. */
enum wal_mark_relation {
	WAL_MARK_FOREIGN,
	WAL_MARK_BEGINS,	/* its own: it begins where the file ends */
	WAL_MARK_MIXED,		/* its own, with pages of it in the file, or */
				/* the file is a copy that was made of both */
	WAL_MARK_UNKNOWN	/* the file alone has no mark, or cannot be */
				/* read without it */
};

/*
 * Compare what the file at path, an absolute one, says by itself with what db
 * reads, a connection to it and its WAL; vfs is as in store_open().  Returns
 * an SQLite result of db: SQLITE_ERROR if there is no such table (a database of
 * version 2 or less), and SQLITE_MISMATCH if the row is none.  Then relation
 * is WAL_MARK_UNKNOWN or WAL_MARK_FOREIGN.
 */
int	 wal_mark_compare(const char *path, const char *vfs,
	    struct sqlite3 *db, enum wal_mark_relation *relation)
	    __attribute__((warn_unused_result));

#endif
