#ifndef BACKUP_TARGET_H
#define BACKUP_TARGET_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The files of a backup: whether a copy may be made there, the draft in which
 * it grows, and its appearance under its name.
 */

/* Exit statuses (sysexits.h) where it was not made; the cause was logged. */
enum backup_status {
	BACKUP_MADE = 0,
	BACKUP_STOPPED = 1,	/* as goes_on() wanted; this was not logged */
	BACKUP_BAD_TARGET = 64,	/* EX_USAGE: there is something already */
	BACKUP_BAD_DATA = 65,	/* EX_DATAERR: none of ours, or damaged */
	BACKUP_NO_DATABASE = 66, /* EX_NOINPUT */
	BACKUP_IO_ERROR = 74,	/* EX_IOERR */
	BACKUP_IN_USE = 75	/* EX_TEMPFAIL: of the database or the target */
};

struct backup_order {
	const char *database;	/* path */
	const char *target;	/* path */
	bool	 with_key;	/* copy database.key too, to target.key */
	bool	 replaces;	/* an older copy that target or .key may be */
};

struct backup_target;
struct pace;

/*
 * See that the copy may be made, lock its name against daemons and other
 * copies, and make the draft, which is empty, in the folder target.partial.  On
 * failure nothing is left to close.  order is lent until backup_target_close().
 */
enum backup_status backup_target_open(const struct backup_order *order,
	    struct backup_target **target);
/* The draft goes, unless it was published, and the lock. */
void	 backup_target_close(struct backup_target *target);

/* Lent until backup_target_close(). */
const char *backup_target_draft(const struct backup_target *target);
/* Whether the disk has room for a draft of that size. */
enum backup_status backup_target_check_room(const struct backup_target *target,
	    uint64_t bytes);
/*
 * The draft is whole: let it be target, durably, with its key.  What an older
 * copy had of the disk is given back, at that pace, if nobody reads it.
 */
enum backup_status backup_target_publish(const struct backup_target *target,
	    struct pace *pace);

#endif
