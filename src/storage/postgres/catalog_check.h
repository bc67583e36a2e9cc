#ifndef CATALOG_CHECK_H
#define CATALOG_CHECK_H

#include "connection.h"
#include "storage/store_status.h"

/*
 * Whether the tables are those of sql/postgres/schema.sql: none may lose its
 * rows in a crash, or hide some, and nothing of others may run when they are
 * read.  On failure the cause was logged.
 */
enum store_open_status catalog_check(struct connection *connection);
/*
 * Whether nothing but what stands there runs when they change, and all of that:
 * another thing would take back what was acknowledged.  Who only reads is told
 * why not, or "": rows may have been changed.
 */
enum { CATALOG_GUARD_BYTES = 256 };
enum store_open_status catalog_check_guard(struct connection *connection);
enum store_open_status catalog_read_guard(struct connection *connection,
	    char why[CATALOG_GUARD_BYTES]);
/*
 * Whether about may be read, which tells the version that the others are of:
 * a view there, for example, would run what its owner wants, with the rights of
 * who reads it.
 */
enum store_open_status catalog_check_about(struct connection *connection);
/*
 * For who writes: whether all of it is its own, or that of a role that it is a
 * member of; another one could have it changed at any time.
 */
enum store_open_status catalog_check_owners(struct connection *connection);

#endif
