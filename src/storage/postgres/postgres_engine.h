#ifndef POSTGRES_ENGINE_H
#define POSTGRES_ENGINE_H

#include "storage/engine.h"

/*
 * PostgreSQL, as storage/engine.h wants it.  A transaction goes out with its
 * COMMIT, in one round trip if nothing of it has rows.  A writer's connection
 * is made anew when it was lost: between two attempts everything fails at once.
 */
extern const struct engine postgres_engine;

#endif
