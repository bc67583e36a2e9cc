#ifndef RESTORE_H
#define RESTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "backup.h"
#include "restore_target.h"
#include "storage/chain.h"

/*
 * A copy of the database takes the database's place.  It is checked as a whole
 * in a folder where nobody else can change it, and what is beside it is not
 * looked at: others may have put that there.
 */
struct restore;

struct restore_order {
	const char *database;	/* path */
	const char *copy;	/* path */
	bool	 with_key;	/* take copy.key, too */
};

/* What happens to the key of the tokens. */
enum restore_key {
	RESTORE_KEY_STAYS,	/* as it is */
	RESTORE_KEY_MISSING,	/* and none was asked for */
	RESTORE_KEY_SAME,	/* as the copy's */
	RESTORE_KEY_REPLACED,
	RESTORE_KEY_NEW		/* there was none */
};

/* What is going to happen; lent until restore_close(). */
struct restore_plan {
	struct restore_old old;
	enum restore_key key;
	int	 version;	/* of the copy's schema */
	bool	 is_proved;	/* its chain; an older version's is not */
	struct chain_head head;	/* its end, if it is */
};

/*
 * Make sure that no daemon uses the database, and check the copy.  Nothing of
 * the database is changed.  On failure nothing is left to close.
 */
enum restore_status restore_open(const struct restore_order *order,
	    const struct backup_watcher *watcher, struct restore **restore,
	    struct restore_plan *plan);
/* Do it, durably.  If it fails, or is interrupted, it is to be done again. */
enum restore_status restore_finish(struct restore *restore);
void	 restore_close(struct restore *restore);

#endif
