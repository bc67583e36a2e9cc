#ifndef COLUMN_H
#define COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine.h"

struct customer_id;
struct payload;

/*
 * The columns of the row that a statement stands at.  Whatever its schema says,
 * a database may hold anything: each column is read as what it has to be.  What
 * is something else reads as 0, false or NULL, and the first of these misfits
 * is remembered: whoever has read a row asks whether it fits before anything of
 * it is used.
 */
struct columns {
	const struct sql_row_reader *reader;
	void	*at;		/* the engine's row */
	const char *table;	/* whose row it is */
	int64_t	 row;		/* its number; 0 before that was read */
	int	 misfit;	/* the column, or ... */
	const char *why;	/* ... NULL while all fits */
};

/*
 * No number that we write is higher.  JSON's readers count that far, and what
 * is added to it is far from an overflow.
 */
#define COLUMN_NUMBER_MAX	INT64_C(9007199254740991)

#define COLUMN_TEXT_MAX		INT32_MAX	/* no engine has longer ones */

enum {
	COLUMN_FAULT_BYTES = 200
};

/* table is lent. */
struct columns columns_at(const struct sql_statement *at, const char *table);
/* The same of a row of the engine's own. */
struct columns columns_of(const struct sql_row_reader *reader, void *row,
	    const char *table);
bool	 columns_fit(const struct columns *columns);
/* Refuse a column for a reason of the caller's, which is lent. */
void	 columns_refuse(struct columns *columns, int column, const char *why);
/* What does not fit: "row 3 of customer: state is NULL". */
void	 columns_describe(const struct columns *columns,
	    char text[COLUMN_FAULT_BYTES]);

bool	 column_is_null(const struct columns *columns, int column);

/* The row's own number, which is 1 or more. */
int64_t	 column_id(struct columns *columns, int column);
/* That of another row; column_row_or_none() is 0 for NULL. */
int64_t	 column_row(struct columns *columns, int column);
int64_t	 column_row_or_none(struct columns *columns, int column);
/* 0 to COLUMN_NUMBER_MAX. */
uint64_t column_number(struct columns *columns, int column);
/* min to max. */
int64_t	 column_between(struct columns *columns, int column, int64_t min,
	    int64_t max);
bool	 column_bool(struct columns *columns, int column);

/* Exactly len bytes; column_blob_or_none() is false for NULL. */
void	 column_blob(struct columns *columns, int column, void *bytes,
	    size_t len);
bool	 column_blob_or_none(struct columns *columns, int column, void *bytes,
	    size_t len);

/*
 * A text of min to max bytes, as one reference to a payload that nobody else
 * has; or NULL.
 */
struct payload *column_text_or_none(struct columns *columns, int column,
	    size_t min, size_t max);
/* The id of a session, without a NUL in it. */
struct payload *column_session(struct columns *columns, int column);
/* The name of a customer, or what a ticket named, in UTF-8; or NULL. */
struct payload *column_name_or_none(struct columns *columns, int column);
struct payload *column_account_or_none(struct columns *columns, int column);
/*
 * A customer's id, in the digits that we write; column_customer_or_none() is
 * false for NULL.
 */
void	 column_customer(struct columns *columns, int column,
	    struct customer_id *id);
bool	 column_customer_or_none(struct columns *columns, int column,
	    struct customer_id *id);

/*
 * As it stands, to be written elsewhere: of that type, or its NULL; numbers are
 * 0 to COLUMN_NUMBER_MAX.  Bytes are lent until the statement's next step.
 */
void	 column_as(struct columns *columns, int column, enum sql_type type,
	    struct sql_value *value);

/* What a database says of itself: whether it is that word, in whatever case. */
bool	 column_is_word(const struct columns *columns, int column,
	    const char *word);

#endif
