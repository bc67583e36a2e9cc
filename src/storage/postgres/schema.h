#ifndef SCHEMA_H
#define SCHEMA_H

#include "catalog_check.h"
#include "connection.h"
#include "storage/store_status.h"

/*
 * The tables of a database, all in a schema (namespace) buddyshopping: found,
 * or made, and judged.  On failure the cause was logged, and nothing was
 * changed.
 */

/* What about.application says. */
#define SCHEMA_WHOLE	"buddyshopping"
#define SCHEMA_PARTIAL	"copy"
#define SCHEMA_MARK(application) \
	"UPDATE buddyshopping.about SET application = '" application "'"

/* Who wants it: a copy that is not whole is only for who goes on with it. */
enum schema_use {
	SCHEMA_TO_SERVE,
	SCHEMA_TO_COPY
};

/* For the writer, who makes them in a database where there is nothing yet. */
enum store_open_status schema_bring(struct connection *connection,
	    enum schema_use use);
/* For a reader, who is told what catalog_read_guard() says. */
enum store_open_status schema_judge(struct connection *connection,
	    char why[CATALOG_GUARD_BYTES]);

#endif
