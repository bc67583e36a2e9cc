#include "store_status.h"

#include <errno.h>

#include <sqlite3.h>

#include "base/log.h"

const char *
store_error_name(enum store_error error)
{
	switch (error) {
	case STORE_ERROR_FULL:
		return "full";
	case STORE_ERROR_BUSY:
		return "busy";
	case STORE_ERROR_MEMORY:
		return "memory";
	case STORE_ERROR_IO:
		return "io";
	case STORE_ERROR_OTHER:
		return "other";
	case STORE_ERRORS:
		break;
	}
	return "ok";
}

enum store_open_status
store_status_of_errno(const char *path, const char *what)
{
	int error = errno;

	log_error("store: %s: %s", path, what);
	switch (error) {
	case EACCES:
	case EPERM:
	case EROFS:
	case ENOENT:
	case ENOTDIR:
		return STORE_CANNOT_CREATE;
	}
	return STORE_IO_ERROR;
}

enum store_open_status
store_status_of_sqlite(const char *path, sqlite3 *db)
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

enum store_open_status
store_status_of_data(const char *path, const char *why)
{
	log_errorx("store: %s: %s", path, why);
	return STORE_BAD_DATA;
}
