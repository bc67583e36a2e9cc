#ifndef BACKUP_H
#define BACKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "backup_target.h"

struct chain_head;

/*
 * A copy of the database as it is at one moment, made while a daemon commits
 * to it.  The copy is checked by SQLite, and it is one file that needs no log:
 * a daemon may open it as its database, and it can be read from a disk that
 * cannot be written.
 */

enum backup_phase {
	BACKUP_COPYING,
	BACKUP_CHECKING		/* the copy, which is whole by then */
};

/*
 * Whoever waits for it.  goes_on() is called every few milliseconds with the
 * bytes that were copied and that there are; false ends the backup.
 */
struct backup_watcher {
	bool	(*goes_on)(void *ctx, enum backup_phase phase, uint64_t done,
		    uint64_t total);
	void	*ctx;
};

/*
 * Make the copy, with mode 0600, durably; head is the end of its chain.  It
 * holds what was committed before the call and perhaps what was committed
 * during it.  Unless it is made no file of it is left, and what was there
 * before is there still.
 */
enum backup_status backup_make(const struct backup_order *order,
	    const struct backup_watcher *watcher, struct chain_head *head);

#endif
