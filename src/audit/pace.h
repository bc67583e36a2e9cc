#ifndef PACE_H
#define PACE_H

#include <stdint.h>

/*
 * The pace of those who read or copy all of a database beside a daemon that
 * serves from it: they work for half a millisecond and rest for as long, so
 * that a commit waits for little more than that.  A low priority is not enough:
 * a commit needs threads of the kernel, too, which a scheduler that shares out
 * by groups of processes does not favour over ours, and the disk, which knows
 * no priority where nothing schedules it.
 *
 * Where nobody commits nobody rests.
 */
struct pace;

enum pace_of {
	PACE_OF_READING,	/* what counts is the thread's time on a core */
	PACE_OF_WRITING		/* the time that passes, for the disk too */
};

/* database is its path, lent until pace_free(). */
struct pace *pace_new(const char *database, enum pace_of of);
/* NULL is allowed. */
void	 pace_free(struct pace *pace);

/*
 * To be called again and again, in one thread: it rests when it is time.  Work
 * between two calls cannot be interrupted, so there should be little of it.
 */
void	 pace_keep(struct pace *pace);

#endif
