#ifndef XALLOC_H
#define XALLOC_H

#include <stddef.h>

/*
 * Allocation of small objects whose size no client chooses.  Failure ends the
 * process: what was acknowledged is in the database, and the service manager
 * starts it again.
 */

/* Zeroed memory for n objects of size bytes; free() it. */
void	*xcalloc(size_t n, size_t size)
	    __attribute__((malloc, warn_unused_result));
/* As realloc(3). */
void	*xrealloc(void *p, size_t size) __attribute__((warn_unused_result));
/* A copy of a string; free() it. */
char	*xstrdup(const char *s) __attribute__((malloc, warn_unused_result));

#endif
