#ifndef SQLITE_ROW_H
#define SQLITE_ROW_H

#include <sqlite3.h>

#include "storage/column.h"

/* How SQLite's rows are read; a row is the statement that stands at it. */
extern const struct sql_row_reader sqlite_row_reader;

/* The columns of the row that a statement of SQLite's own stands at. */
struct columns sqlite_columns(sqlite3_stmt *at, const char *table);

#endif
