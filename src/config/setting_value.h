#ifndef SETTING_VALUE_H
#define SETTING_VALUE_H

#include <stdbool.h>

struct setting;

/* The values of one setting in two structs of settings. */

struct setting_value {
	const void *base;	/* the struct */
	const char *text;	/* that the value was made of */
};

/*
 * Whether they are the same, of lists in the same order; of a SETTING_OWNER,
 * whose names may not have been looked up, whether the texts are.
 */
bool	 setting_value_is_equal(const struct setting *setting,
	    const struct setting_value *value,
	    const struct setting_value *other);
/* Exchange those in base and other. */
void	 setting_value_swap(const struct setting *setting, void *base,
	    void *other);

#endif
