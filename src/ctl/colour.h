#ifndef COLOUR_H
#define COLOUR_H

#include <stdbool.h>
#include <stdio.h>

#include "ctl.h"

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
 * Whether to use them on standard output, by what stands behind --color:
 * "always", "never", "auto" or NULL, which is auto: if it is a terminal that
 * is not dumb, and NO_COLOR is not set (https://no-color.org).  CTL_USAGE,
 * which was said, for anything else.
 */
enum ctl_status colour_choose(const char *choice, bool *is_used);

/* Without is_used they write nothing. */
void	 colour_begin(FILE *out, bool is_used, enum colour colour);
void	 colour_end(FILE *out, bool is_used);

#endif
