#ifndef SQLITE_STATUS_H
#define SQLITE_STATUS_H

#include <sqlite3.h>

#include "storage/store_status.h"

/*
 * Log why the database at path is not opened, which the last call on db says,
 * and return the status for it.
 */
enum store_open_status sqlite_status_of_open(const char *path, sqlite3 *db);

enum { SQLITE_WORDS_BYTES = 128 };

/*
 * What a result of SQLite's means to who reads: the status, and words, which
 * are "" if SQLite's own are as good.
 */
enum store_open_status sqlite_status_for_reader(int rc,
	    char words[SQLITE_WORDS_BYTES]);

#endif
