#ifndef CHANGE_LINES_H
#define CHANGE_LINES_H

#include <stdbool.h>
#include <stdio.h>

#include "cart_diff.h"

struct payload;

/* What changed in a cart as indented lines under what somebody did. */
struct change_lines {
	FILE	*out;
	bool	 is_coloured;
};

enum {
	CHANGE_LINES_MAX = 200	/* of a cart; the others are counted */
};

/* Take a change, or a remark in brackets. */
void	 change_lines_add(const struct change_lines *lines,
	    const struct cart_change *change);
void	 change_lines_remark(const struct change_lines *lines,
	    const char *remark);

/*
 * The changes between two carts, NULL for {}; a cart that is not JSON is shown
 * as it is.
 */
void	 change_lines_compare(const struct change_lines *lines,
	    const struct payload *before, const struct payload *after);

#endif
