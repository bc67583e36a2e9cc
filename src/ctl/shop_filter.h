#ifndef SHOP_FILTER_H
#define SHOP_FILTER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The sessions of one of several shops, by its name: "" for those of none of
 * its own, NULL for all of them.
 */

/* Whether shop may be that; if not, it is said of command. */
bool	 shop_filter_is_valid(const char *command, const char *shop);
/* Whether the session of that name, of len bytes, is one of them. */
bool	 shop_filter_passes(const char *shop, const char *name, size_t len);

#endif
