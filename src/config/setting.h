#ifndef SETTING_H
#define SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "setting_type.h"

/*
 * One setting: its key, and how text becomes a value in a field of the struct
 * that holds all of them (base).  Every source of settings, the default too,
 * gives text, so that each value is read and checked in one way.
 */

/* What a setting is within a section of a shop. */
enum setting_scope {
	SETTING_OF_DAEMON,	/* nothing: it is one for all shops */
	SETTING_OF_SHOP,	/* the shop's, or what stands outside */
	SETTING_OF_SHOP_ALONE	/* the shop's, or nothing: 0, or "" */
};

struct setting {
	const char *key;
	enum setting_type type;
	const char *initial;	/* the default, as text */
	uint64_t max;		/* SIZE, NUMBER: the range begins at 0 */
	size_t	 offset;	/* of the field in base */
	size_t	 count_offset;	/* lists: of the size_t that counts them */
	const char *unit;	/* NULL if it has none */
	const char *help;	/* a few words */
	bool	 needs_restart;	/* a running daemon cannot change it */
	enum setting_scope scope;
};

bool	 setting_is_list(const struct setting *setting);

/* Free what the field points to: a list is empty then.  Others stay. */
void	 setting_clear(const struct setting *setting, void *base);

/*
 * Give the field the value of text; to a list the values of text, separated by
 * commas, are added ("" adds none).  -1 if it cannot be: problem then says
 * what is wrong.
 */
int	 setting_put(const struct setting *setting, void *base,
	    const char *text, enum setting_names names,
	    char problem[SETTING_PROBLEM_BYTES])
	    __attribute__((warn_unused_result));

/*
 * Whether two structs have the same value; text and other_text are what it was
 * read from.
 */
bool	 setting_is_equal(const struct setting *setting, const void *base,
	    const char *text, const void *other, const char *other_text);
/* Exchange what two structs have. */
void	 setting_swap(const struct setting *setting, void *base, void *other);

#endif
