#include "sqlite_status.h"

#include "base/log.h"
#include "base/text.h"

enum store_open_status
sqlite_status_for_reader(int rc, char words[SQLITE_WORDS_BYTES])
{
	words[0] = '\0';
	switch (rc & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
		xsnprintf(words, SQLITE_WORDS_BYTES, "is damaged: %s",
		    sqlite3_errstr(rc));
		return STORE_BAD_DATA;
	case SQLITE_ERROR:	/* a table is not there, for example */
	case SQLITE_SCHEMA:
		xsnprintf(words, SQLITE_WORDS_BYTES, "has not the tables that "
		    "it should have");
		return STORE_BAD_DATA;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		xsnprintf(words, SQLITE_WORDS_BYTES, "is locked");
		return STORE_IN_USE;
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_READONLY:
		xsnprintf(words, SQLITE_WORDS_BYTES, "its log cannot be read: "
		    "run as the daemon's user");
		return STORE_NO_DATABASE;
	}
	return STORE_IO_ERROR;
}

enum store_open_status
sqlite_status_of_open(const char *path, sqlite3 *db)
{
	int rc = sqlite3_extended_errcode(db);

	log_errorx("store: %s: cannot be opened: %s (%d)", path,
	    sqlite3_errmsg(db), rc);
	switch (rc & 0xff) {
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return STORE_CANNOT_CREATE;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return STORE_IN_USE;
	case SQLITE_IOERR:
	case SQLITE_FULL:
	case SQLITE_NOMEM:
		return STORE_IO_ERROR;
	}
	return STORE_BAD_DATA;
}
