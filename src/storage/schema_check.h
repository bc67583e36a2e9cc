#ifndef SCHEMA_CHECK_H
#define SCHEMA_CHECK_H

#include <sqlite3.h>

/*
 * Whether what the file calls by our tables' names are tables, and strict: a
 * view or a virtual table would run what somebody else has put there.
 * SQLITE_OK, SQLITE_ERROR if they are not, or what else SQLite says.
 */
int schema_check_tables(sqlite3 *db) __attribute__((warn_unused_result));

#endif
