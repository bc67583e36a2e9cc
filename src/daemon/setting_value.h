#ifndef SETTING_VALUE_H
#define SETTING_VALUE_H

#include <stdbool.h>

struct setting;

/* The values of one setting in two structs of settings, base and other. */

/*
 * Whether they are the same, of lists in the same order; of a SETTING_OWNER,
 * whose names may not have been looked up, that cannot be said.
 */
bool	 setting_value_is_equal(const struct setting *setting,
	    const void *base, const void *other);
void	 setting_value_swap(const struct setting *setting, void *base,
	    void *other);

#endif
