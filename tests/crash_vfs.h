#ifndef CRASH_VFS_H
#define CRASH_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * An SQLite VFS that does what the usual one does, but remembers every write,
 * truncation and sync (and leaves out the sync, which takes time), so that the
 * disk can be built again as a power failure might have left it: what was
 * synced is there, what was not may be there in part.  It also makes a chosen
 * operation fail or hang.
 *
 * Simpler than a disk: files appear and disappear at once and for good, syncs
 * of one file say nothing about another, and the log's index (-shm) is lost.
 * What was in a file when it was opened first counts as synced.
 */
struct crash_vfs;

/* What becomes of that which was written and not yet synced. */
enum crash_loss {
	CRASH_LOSE_ALL,
	CRASH_LOSE_TAIL,	/* what was written before some point, which */
				/* may be in the midst of a write, is there */
	CRASH_LOSE_SECTORS,	/* any 512 bytes are there or not */
	CRASH_LOSSES
};

enum crash_fault {
	CRASH_FAULT_WRITE,
	CRASH_FAULT_SYNC
};

/* Whether there will be images and faults; syncs are left out in any case. */
enum crash_memory {
	CRASH_REMEMBERS,
	CRASH_FORGETS
};

/* Register a VFS under a name that stays valid until crash_vfs_free(). */
struct crash_vfs *crash_vfs_new(const char *name, enum crash_memory memory);
/* No file may be open in it. */
void	 crash_vfs_free(struct crash_vfs *vfs);

/* What is there now counts as synced.  No file may be open. */
void	 crash_vfs_forget(struct crash_vfs *vfs);

/* The number of operations so far: a moment to which power can fail. */
size_t	 crash_vfs_now(const struct crash_vfs *vfs);

/*
 * Let the nth such operation from now on (1: the next) fail once with rc, and
 * do nothing.
 */
void	 crash_vfs_fail(struct crash_vfs *vfs, enum crash_fault fault,
	    unsigned nth, int rc);
/* Whether that has happened; forgets the order if it has not. */
bool	 crash_vfs_disarm(struct crash_vfs *vfs);

/*
 * Let the nth sync from now on (1: the next) begin when delay(ctx), called in
 * its thread, is back, as if the disk were hanging meanwhile.
 */
void	 crash_vfs_delay(struct crash_vfs *vfs, unsigned nth,
	    void (*delay)(void *ctx), void *ctx);

/*
 * Write the files to directory, under their own last names, as they may be
 * after a power failure at moment.  The moments of successive calls must not
 * go back.  random is the state of the dice, not 0; it moves on.
 */
void	 crash_vfs_image(struct crash_vfs *vfs, size_t moment,
	    enum crash_loss loss, uint64_t *random, const char *directory);

/* A number below n; state as above. */
uint64_t crash_random(uint64_t *state, uint64_t n);

#endif
