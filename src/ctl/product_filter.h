#ifndef PRODUCT_FILTER_H
#define PRODUCT_FILTER_H

#include <stdbool.h>

struct cart_change;

/*
 * Whether a change is about what somebody asks for: of an item its product's
 * id, or part of its name, whatever the case of the letters; of anything else
 * its path, a part of it or what lies inside of it, or its value before or
 * after, of a text or a whole object a part.
 */
bool	 product_filter_matches(const char *product,
	    const struct cart_change *change);

#endif
