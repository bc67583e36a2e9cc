#ifndef STORE_STATUS_H
#define STORE_STATUS_H

struct sqlite3;

/* How what is done with the database ends; the cause was logged. */
enum store_status {
	STORE_OK,
	STORE_REFUSED,	/* not now (disk full, busy): nothing was changed */
	STORE_FATAL	/* the database cannot be trusted any more: stop */
};

/* Exit statuses for a database that cannot be opened (sysexits.h). */
enum store_open_status {
	STORE_OPENED = 0,
	STORE_BAD_DATA = 65,	/* EX_DATAERR: foreign, corrupt, newer, empty */
	STORE_CANNOT_CREATE = 73, /* EX_CANTCREAT: no directory, read-only */
	STORE_IO_ERROR = 74,	/* EX_IOERR */
	STORE_IN_USE = 75	/* EX_TEMPFAIL: another daemon has it */
};

/*
 * Both log why the database at path is not opened, and return the status that
 * says so: what failed with errno, or the last call on db did.
 */
enum store_open_status store_status_of_errno(const char *path,
	    const char *what);
enum store_open_status store_status_of_sqlite(const char *path,
	    struct sqlite3 *db);

#endif
