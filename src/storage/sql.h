#ifndef SQL_H
#define SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "engine.h"
#include "store_status.h"

struct columns;
struct payload;

/*
 * A connection as those see it who have statements to run: one transaction at
 * a time, parameters bound one after the other, and faults judged in one place.
 * Whatever returns something else than STORE_OK has logged the cause and rolled
 * the transaction back.  After STORE_FATAL the connection is broken, and all
 * that is left to do is to close the database.
 */
struct sql;

/* The connection is lent until sql_free. */
struct sql *sql_new(struct sql_connection *connection);
/* NULL is allowed. */
void	 sql_free(struct sql *sql);

bool	 sql_is_broken(const struct sql *sql);
/*
 * The status to exit with when a connection is broken: STORE_BAD_DATA if the
 * database is not what it has to be, and will not be after a restart either.
 */
enum store_open_status sql_exit_status(const struct sql *sql);
/*
 * Whether the last STORE_REFUSED was because the connection was lost, with
 * nothing of the transaction committed: it may be run again at once.
 */
bool	 sql_was_lost(const struct sql *sql);
/* For who does not run it again: the first such loss is logged like others. */
void	 sql_report_losses(struct sql *sql);
/* Note what errors there were, and what failed since the last commit. */
void	 sql_copy_errors(const struct sql *sql,
	    struct store_figures *figures);

/*
 * Prepare the count statements of a module, whose texts are lent until
 * sql_free(); -1: the fault is the connection's.
 */
int	 sql_prepare(struct sql *sql, const struct sql_text *texts,
	    size_t count) __attribute__((warn_unused_result));
/* The same for those who run them by sql_run_of(): statements has count. */
int	 sql_prepare_all(struct sql_connection *connection,
	    const struct sql_text *texts, struct sql_statement **statements,
	    size_t count) __attribute__((warn_unused_result));
/* Those that are NULL are passed over; all are NULL then. */
void	 sql_finalize(struct sql_statement **statements, size_t count);

enum store_status sql_begin(struct sql *sql);
/* newest is the journal's newest row then: see engine.h. */
enum store_status sql_commit(struct sql *sql, int64_t newest);
/* Without a transaction it does nothing. */
void	 sql_rollback(struct sql *sql);
/* Between transactions, for an engine that has tend(). */
enum store_status sql_tend(struct sql *sql);

/* The last call to the engine failed, as its fault says. */
enum store_status sql_failed(struct sql *sql);
/* The record or the tables are not what the program believes. */
enum store_status sql_mismatch(struct sql *sql, const char *statement);

/* A run of a statement: its parameters, then its rows. */
struct sql_binding {
	struct sql *sql;	/* NULL: whoever runs it judges the result */
	struct sql_statement *statement;
	int	 at;		/* the last parameter */
	enum sql_result result;	/* of the last step */
};

/* The statement of that number, of those that were prepared with texts. */
struct sql_binding sql_bind(struct sql *sql, const struct sql_text *texts,
	    size_t number);
/* A statement of others. */
struct sql_binding sql_run_of(struct sql_statement *statement);
/*
 * Bytes and texts must stay until the statement has run; NULL binds NULL, and
 * sql_bind_null() the NULL of a number.
 */
void	 sql_bind_row(struct sql_binding *binding, int64_t value);
void	 sql_bind_number(struct sql_binding *binding, uint64_t value);
void	 sql_bind_null(struct sql_binding *binding);
void	 sql_bind_text(struct sql_binding *binding, const char *text,
	    size_t len);
void	 sql_bind_blob(struct sql_binding *binding, const void *bytes,
	    size_t len);
void	 sql_bind_value(struct sql_binding *binding,
	    const struct sql_value *value);
void	 sql_bind_payload(struct sql_binding *binding,
	    const struct payload *payload);
/* As hex digits, for which digits is the room. */
void	 sql_bind_customer(struct sql_binding *binding,
	    const struct customer_id *id, char digits[ID_CUSTOMER_HEX + 1]);

/* What is run from here on is about key, or 0: see engine.h. */
void	 sql_about(struct sql *sql, int64_t key);
/*
 * Run a statement that yields no rows.  An engine may do that later: what is
 * wrong is told by whichever call comes next then, by sql_commit() at the
 * latest.
 */
enum store_status sql_run(const struct sql_binding *binding);
/* The same of a statement that must change exactly one row. */
enum store_status sql_run_one(const struct sql_binding *binding);
/* Step to the next row; false if there is none, or if the run has failed. */
bool	 sql_next(struct sql_binding *binding);
/* Whoever judges the result is done with it. */
void	 sql_reset(const struct sql_binding *binding);
/* A statement that yields rows is done with, or failed. */
enum store_status sql_end_rows(const struct sql_binding *binding);
/* The same after a row was read, which may not fit. */
enum store_status sql_end_row(const struct sql_binding *binding,
	    const struct columns *columns);

#endif
