#ifndef RESTORE_TARGET_H
#define RESTORE_TARGET_H

#include <stdbool.h>
#include <stdint.h>

struct atomic_file;
struct id_key;

/*
 * The place that a copy of the database is to take: whose it is, what is there
 * already, and the exchange of the one for the other.
 *
 * What is there has a second name before anything happens to it.  Its log would
 * spoil the copy, and it would be spoiled without its log; likewise the tokens
 * of each need its own key.  So that neither is ever beside the wrong one, a
 * mark takes the database's place until the WAL is gone and the key is there.
 * No program takes the mark (db_header.h) for a database, and the next restore
 * goes on from there.
 */
struct restore_target;

/* Exit statuses (sysexits.h) where it was not done; the cause was logged. */
enum restore_status {
	RESTORE_DONE = 0,
	RESTORE_STOPPED = 1,	/* as goes_on() wanted; this was not logged */
	RESTORE_USAGE = 64,	/* EX_USAGE: the copy is the database */
	RESTORE_BAD_DATA = 65,	/* EX_DATAERR: no copy of ours, or damaged */
	RESTORE_NO_COPY = 66,	/* EX_NOINPUT */
	RESTORE_CANNOT_CREATE = 73, /* EX_CANTCREAT */
	RESTORE_IO_ERROR = 74,	/* EX_IOERR */
	RESTORE_IN_USE = 75	/* EX_TEMPFAIL: by a daemon or a restore */
};

/* What is there; lent until restore_target_close(). */
struct restore_old {
	const char *path;	/* of the database, without links */
	const char *kept;	/* its name afterwards; NULL: there is none */
	const char *key;	/* path of its key, which may be there */
	const char *kept_key;	/* likewise */
	uint64_t bytes;		/* of the file itself */
	uint64_t changed_ms;	/* when that was written last */
};

/*
 * Lock the database at path, which need not be there, and make the draft,
 * target.partial, for whose the database is: who has the old one; but root,
 * for who has the folder if there is none, or if it is root's by mistake.  On
 * failure nothing is left to close.
 */
enum restore_status restore_target_open(const char *path,
	    struct restore_target **target, struct restore_old *old);
/* The draft goes, unless it was published, and the lock.  NULL is allowed. */
void	 restore_target_close(struct restore_target *target);

struct atomic_file *restore_target_draft(const struct restore_target *target);
/* Whether the key that is there belongs to somebody else than the database. */
bool	 restore_target_key_is_lost(const struct restore_target *target);
/*
 * The draft is whole: let it be the database, durably, with key, if that is not
 * NULL.
 */
enum restore_status restore_target_publish(const struct restore_target *target,
	    const struct id_key *key);

#endif
