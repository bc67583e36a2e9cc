#ifndef DURABLE_H
#define DURABLE_H

#include <stddef.h>

/*
 * Whether files that appear under a name would be there, and whole, after a
 * power failure.  In a program that links this, functions of the C library
 * that give names and flush files keep a record of it.
 */

/* How many names were given so far. */
size_t	 durable_names(void);

/*
 * Of them, how many were given to a file that had changed since it was flushed
 * last; and how many folders were not flushed since they got a name.
 */
size_t	 durable_unfinished(void);
size_t	 durable_unsettled(void);

#endif
