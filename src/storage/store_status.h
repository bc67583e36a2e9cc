#ifndef STORE_STATUS_H
#define STORE_STATUS_H

#include <stdint.h>

/* How what is done with the database ends; the cause was logged. */
enum store_status {
	STORE_OK,
	STORE_REFUSED,	/* not now (disk full, busy): nothing was changed */
	STORE_FATAL	/* the database cannot be trusted any more: stop */
};

/* What the engine complained about, as far as an operator cares. */
enum store_error {
	STORE_ERROR_FULL,	/* no room on the disk */
	STORE_ERROR_BUSY,	/* somebody else keeps the database locked */
	STORE_ERROR_MEMORY,
	STORE_ERROR_IO,
	STORE_ERROR_UNREACHABLE, /* the server that has it is not there */
	STORE_ERROR_OTHER,
	STORE_ERRORS
};

/* A word for it; "ok" for STORE_ERRORS. */
const char *store_error_name(enum store_error error);

/* What there is to be told of a store. */
struct store_figures {
	uint64_t errors[STORE_ERRORS];	/* so far */
	/* The newest of them; STORE_ERRORS if something was written since. */
	enum store_error trouble;
	/* Of the files, as the last commit found them. */
	uint64_t database_bytes;
	uint64_t wal_bytes;
};

/* Exit statuses for a database that cannot be used (sysexits.h). */
enum store_open_status {
	STORE_OPENED = 0,
	STORE_BAD_DATA = 65,	/* EX_DATAERR: foreign, corrupt, newer, empty */
	STORE_NO_DATABASE = 66,	/* EX_NOINPUT: for readers: there is none */
	STORE_CANNOT_CREATE = 73, /* EX_CANTCREAT: no directory, read-only */
	STORE_IO_ERROR = 74,	/* EX_IOERR */
	STORE_IN_USE = 75	/* EX_TEMPFAIL: another daemon has it */
};

/*
 * Log why the database at path is not opened, and return the status that says
 * so: what failed with errno.
 */
enum store_open_status store_status_of_errno(const char *path,
	    const char *what);

/* The same for what is wrong with what it holds: a text for the log. */
enum store_open_status store_status_of_data(const char *path, const char *why);

/* What is left of erasures in a database when they are committed. */
enum store_sweep {
	STORE_NOTHING_LEFT,
	STORE_SWEPT,		/* bytes whose room is other rows' now */
	STORE_NOT_SWEPT		/* rows that nobody sees; why was logged */
};

#endif
