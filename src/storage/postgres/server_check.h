#ifndef SERVER_CHECK_H
#define SERVER_CHECK_H

#include "connection.h"
#include "storage/store_status.h"

/*
 * Whether a server can be used: that it is one of a version that we know, has
 * texts in UTF-8, and makes durable what it says is committed.
 */

/* -1: the connection's fault says what to change. */
int	 server_check(struct connection *connection)
	    __attribute__((warn_unused_result));

/*
 * Connect when a program starts, and check the server.  On failure the cause
 * was logged; without_database is the status if it has none of that name.
 */
enum store_open_status server_connect(struct connection *connection,
	    enum store_open_status without_database);

/* Log what the connection's fault says, and return the status for it. */
enum store_open_status server_refused(struct connection *connection);

#endif
