#ifndef INTERRUPTIBLE_COPY_H
#define INTERRUPTIBLE_COPY_H

#include <signal.h>

#include "audit/backup.h"
#include "progress.h"

/*
 * A command that copies a database: a terminal shows how far it is, and signals
 * that would end the program wait until the draft is gone.
 */
struct interruptible_copy {
	struct progress progress;
	struct backup_watcher watcher;	/* goes on until one of them is there */
	sigset_t blocked;
	sigset_t before;
};

void	 interruptible_copy_begin(struct interruptible_copy *copying);
/* The signal that stopped it ends us here, as whoever sent it wants. */
void	 interruptible_copy_end(const struct interruptible_copy *copying);

#endif
