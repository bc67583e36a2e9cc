#ifndef DELTA_READER_H
#define DELTA_READER_H

#include <stdbool.h>

/*
 * A client that takes deltas, as the protocol says it: what it makes of them is
 * compared with the multicartUpdate itself, byte for byte.
 */

/* Whether message is a multicartDelta. */
bool	 delta_is_one(const char *message);

/*
 * The multicartUpdate, with its cursor, that delta makes of the one before.
 * NULL if it is none of that: its from is another revision, it is about
 * somebody who is not there, or it is no delta as the protocol has it.
 * free() it.
 */
char	*delta_apply(const char *before, const char *delta)
	    __attribute__((warn_unused_result));

#endif
