#include "engines.h"

#ifdef HAVE_LIBPQ
#include "storage/postgres/postgres_engine.h"
#endif
#include "storage/sqlite/sqlite_engine.h"

/* Files have any name, and are the last. */
static const struct engine *const engines[] = {
#ifdef HAVE_LIBPQ
	&postgres_engine,
#endif
	&sqlite_engine,
};

const struct engine *
engine_of(const char *database)
{
	size_t i = 0;

	while (!engines[i]->has(database))
		i++;
	return engines[i];
}
