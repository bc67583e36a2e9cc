#ifndef SQLITE_READER_H
#define SQLITE_READER_H

#include <sqlite3.h>

#include "storage/engine.h"

/*
 * Open the file at path to read it; *db is to be closed in any case.  As
 * open_reader() of storage/engine.h says: what is wrong with a database that
 * may be anybody's is logged.
 */
enum store_open_status sqlite_reader_open(const char *path,
	    enum sql_reader kind, sqlite3 **db);

#endif
