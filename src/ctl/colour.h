#ifndef COLOUR_H
#define COLOUR_H

#include <stdbool.h>
#include <stdio.h>

/* Colours of what is printed, on a terminal that has them or where asked. */

enum colour {
	COLOUR_HEADING,
	COLOUR_NAME,
	COLOUR_ADDED,
	COLOUR_REMOVED,
	COLOUR_CHANGED,
	COLOUR_WARNING,
	COLOUR_FAINT
};

/*
 * Whether to use them for what is written to the descriptor fd; choice is
 * "always", "never", "auto" or NULL, which is auto: if fd is a terminal that
 * is not dumb, and NO_COLOR is not set (https://no-color.org).  -1: choice is
 * none of them.
 */
int	 colour_choose(const char *choice, int fd, bool *is_used)
	    __attribute__((warn_unused_result));

/* Without is_used they write nothing. */
void	 colour_begin(FILE *out, bool is_used, enum colour colour);
void	 colour_end(FILE *out, bool is_used);

#endif
