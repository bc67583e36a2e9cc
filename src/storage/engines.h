#ifndef ENGINES_H
#define ENGINES_H

#include "engine.h"

/* The engine whose database has that name; never NULL. */
const struct engine *engine_of(const char *database);

#endif
