#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "pg_fault.h"

struct pg_conn;
struct pg_result;

/*
 * A connection to a server, which may be lost and made again: with settings of
 * ours, and with nothing that waits for ever: a server whose machine is gone is
 * noticed within 20 s, and who waits may be told to stop.
 */
struct connection;

enum connection_purpose {
	CONNECTION_TO_WRITE,		/* to a server that takes what is */
					/* written */
	CONNECTION_TO_FOLLOW,		/* reads beside the daemon's writer, */
					/* for weeks */
	CONNECTION_TO_READ
};

/* name is libpq's: a URL or KEY=VALUE.  There is no connection yet. */
struct connection *connection_new(const char *name,
	    enum connection_purpose purpose);
/* NULL is allowed. */
void	 connection_free(struct connection *connection);

/* The name without secrets; lent. */
const char *connection_name(const struct connection *connection);
/* Why the last call failed that said so. */
struct pg_fault *connection_fault(struct connection *connection);

/* Connect, with settings; -1: fault.  What there was is closed. */
int	 connection_make(struct connection *connection)
	    __attribute__((warn_unused_result));
/*
 * For who is not to start: why the server refuses a connection as the last
 * connection_make() wanted it (SQLSTATE), which libpq says in words only; ""
 * if nobody answers.
 */
void	 connection_refusal(struct connection *connection, char state[6]);
/* Close it; NULL is what connection_pg() returns then. */
void	 connection_drop(struct connection *connection);
/* Lent; NULL if there is none. */
struct pg_conn	*connection_pg(struct connection *connection);
/* Counts from 1: what the server was told belongs to one of these. */
unsigned connection_generation(const struct connection *connection);
/*
 * Whether it is there, as far as can be told without asking: a server that
 * went says so while nobody listens.
 */
bool	 connection_is_alive(struct connection *connection);

/* Have work(ctx) called now and then while something is waited for. */
void	 connection_watch(struct connection *connection,
	    void (*work)(void *ctx), void *ctx);
/* Call it. */
void	 connection_work(struct connection *connection);

/*
 * Have goes_on(ctx) asked every second or so while something is waited for:
 * false, and what waits for the server waits for some seconds more, until the
 * connection is lost.
 */
void	 connection_set_waiting(struct connection *connection,
	    bool (*goes_on)(void *ctx), void *ctx);
/* Wait; false if goes_on() was: then for no longer. */
bool	 connection_pause(struct connection *connection, unsigned ms);

/*
 * How many warnings came on it so far that the server has not waited for its
 * standby.
 */
unsigned connection_warnings(const struct connection *connection);

/* PQgetResult(), with what was sent on its way, and never waiting for ever. */
struct pg_result *connection_result(struct connection *connection);
/*
 * Run a statement with count parameters, all of them texts, and wait for its
 * result, in text: PQclear() it; NULL: fault.  Not in pipeline mode.
 */
struct pg_result *connection_ask(struct connection *connection, const char *sql,
	    int count, const char *const *values)
	    __attribute__((warn_unused_result));
/* Run statements without parameters and rows; -1: fault. */
int	 connection_run(struct connection *connection, const char *sql)
	    __attribute__((warn_unused_result));

/*
 * The search_path of a connection: nothing that another role has put into
 * public, or into a schema of its own, takes the place of what is meant.
 */
extern const char connection_path_sql[];

/* Note that the connection failed what was wanted, and drop it. */
void	 connection_lost(struct connection *connection, const char *what);

#endif
