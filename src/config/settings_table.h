#ifndef SETTINGS_TABLE_H
#define SETTINGS_TABLE_H

#include <stddef.h>

#include "setting.h"

/*
 * All settings: key, type, default, range, field of struct options, help, and
 * whether a change needs a restart.
 */
extern const struct setting settings_table[];
extern const size_t settings_count;

/* The one with that key, or NULL. */
const struct setting *settings_find(const char *key);
/* The one whose key is spelt most like it. */
const struct setting *settings_nearest(const char *key);

#endif
