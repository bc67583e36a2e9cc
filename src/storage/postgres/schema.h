#ifndef SCHEMA_H
#define SCHEMA_H

#include "connection.h"
#include "storage/store_status.h"

/*
 * The tables of a database, all in a schema (namespace) buddyshopping: found,
 * or made, and judged.  On failure the cause was logged, and nothing was
 * changed.
 */

/* For the writer, who makes them in a database where there is nothing yet. */
enum store_open_status schema_bring(struct connection *connection);
/* For a reader. */
enum store_open_status schema_judge(struct connection *connection);

#endif
