#ifndef STATEMENT_H
#define STATEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/engine.h"

struct pg_conn;
struct pg_result;

/*
 * A statement, its parameters and its rows.  It is prepared on the server when
 * it runs first on a connection, with the types that its parameters have then.
 * Numbers and bytes go as they are (PostgreSQL's binary format), both ways.
 */
struct statement;

/* How it is prepared. */
enum statement_form {
	STATEMENT_AS_IT_IS,
	/*
	 * Changing, or locking, any number of rows but one is an error there,
	 * DIVISION BY ZERO: a transaction with it does not come to its COMMIT.
	 */
	STATEMENT_FOR_ONE_ROW,
	STATEMENT_AS_CURSOR		/* of the name statement_cursor() */
};

/* A parameter as it is sent. */
struct parameter {
	unsigned type;			/* as pg_type.dat has it */
	const char *bytes;		/* NULL is NULL */
	int	 len;
};

/* The text is lent until statement_free(). */
struct statement *statement_new(const struct sql_text *text);
/*
 * The same in the form of array_text.h, whose parameters are arrays; NULL if it
 * has none.  STATEMENT_FOR_ONE_ROW of it is as many rows as the arrays have.
 */
struct statement *statement_new_array(const struct sql_text *text);
/* NULL is allowed. */
void	 statement_free(struct statement *statement);

/* As it was written. */
const char *statement_text(const struct statement *statement);
const char *statement_cursor(const struct statement *statement);

void	 statement_bind(struct statement *statement, int at,
	    const struct sql_value *value);
/* How many parameters it has, and what is bound to each; at counts from 1. */
int	 statement_count(const struct statement *statement);
struct parameter statement_parameter(const struct statement *statement,
	    int at);
/* Bind what another one had bound. */
void	 statement_bind_parameter(struct statement *statement, int at,
	    const struct parameter *parameter);
/* The type of an array of those. */
unsigned statement_array_type(unsigned type);

/*
 * Whether the server has it, of that generation of the connection, in that form
 * and with the types of what is bound.
 */
bool	 statement_is_prepared(const struct statement *statement,
	    unsigned generation, enum statement_form form);
/*
 * Send it to be prepared, and to run; 0 or 1 as libpq.  name is a number that
 * no statement of the connection has had: that one may still be there.
 */
int	 statement_send_prepare(struct statement *statement, struct pg_conn *pg,
	    uint64_t name, unsigned generation, enum statement_form form);
int	 statement_send_run(struct statement *statement, struct pg_conn *pg);
/* What is bound takes so many. */
size_t	 statement_bytes(const struct statement *statement);
/* The server did not come to prepare it. */
void	 statement_forget(struct statement *statement);

/* Give it rows, which it takes; NULL: none. */
void	 statement_set_rows(struct statement *statement, struct pg_result *rows);
/* Go to the next of them; false if there is none. */
bool	 statement_next(struct statement *statement);
bool	 statement_has_rows(const struct statement *statement);
/* How many it was given last. */
int	 statement_rows(const struct statement *statement);
/* How many as these, of which there are some, take so much memory. */
int	 statement_rows_within(const struct statement *statement, size_t bytes);

/* A row is the statement that stands at it. */
extern const struct sql_row_reader statement_rows_reader;

#endif
