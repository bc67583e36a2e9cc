#ifndef SQLITE_ENGINE_H
#define SQLITE_ENGINE_H

#include <sqlite3.h>

#include "storage/engine.h"

/* SQLite, as storage/engine.h wants it. */
extern const struct engine sqlite_engine;

/* For those who know that it is SQLite: lent. */
sqlite3	*sqlite_engine_db(const struct sql_connection *connection);

#endif
