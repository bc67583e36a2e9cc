#ifndef PG_FAULT_H
#define PG_FAULT_H

#include "storage/engine.h"

struct pg_conn;
struct pg_result;

/*
 * What went wrong, as storage/engine.h wants to know it, by the five
 * characters by which PostgreSQL says so (SQLSTATE).
 */

enum {
	PG_FAULT_BYTES = 500
};

/* Of a connection: it points into itself. */
struct pg_fault {
	struct sql_fault base;
	char	 message[PG_FAULT_BYTES];	/* a line */
};

/* A statement failed, whose text is lent. */
void	 pg_fault_of_result(struct pg_fault *fault, const struct pg_result *result,
	    const char *what);
/* The connection was lost or could not be made, for what libpq says. */
void	 pg_fault_of_connection(struct pg_fault *fault, const struct pg_conn *pg,
	    const char *what);
/* The connection was lost, or is not made, for a reason of ours. */
void	 pg_fault_of_absence(struct pg_fault *fault, const char *what,
	    const char *why);
/* What the database holds cannot be. */
void	 pg_fault_of_data(struct pg_fault *fault, const char *what,
	    const char *why);
/* Another daemon has the database now. */
void	 pg_fault_of_rival(struct pg_fault *fault, const char *what,
	    const char *why);

/* Whether the statement's failure ended the connection as well. */
bool	 pg_fault_is_fatal(const struct pg_result *result);

#endif
