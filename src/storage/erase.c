#include "erase.h"

#include <stdlib.h>

#include "base/id.h"
#include "base/xalloc.h"
#include "column.h"
#include "session/record.h"
#include "sql.h"

enum {
	LOOK_ROWS = 2000,	/* of the session, looked at in one slice */
	ERASE_SLICE = 200	/* bodies in one transaction */
};

enum statement {
	SQL_KNOWN_SESSION,
	SQL_KNOWN_CUSTOMER,
	SQL_ROWS,
	SQL_BODY,
	SQL_REQUEST,
	STATEMENTS
};

/* A session's rows from one on, the newest first. */
#define ROWS								\
	"WITH RECURSIVE"						\
	" back (seq, session, customer, previous_seq, steps) AS ("	\
	" SELECT seq, session, customer, previous_seq, 1 FROM journal"	\
	"  WHERE seq = ?1"						\
	" UNION ALL SELECT j.seq, j.session, j.customer, j.previous_seq," \
	"  back.steps + 1 FROM back CROSS JOIN journal AS j"		\
	"  WHERE j.seq = back.previous_seq AND back.steps < ?4)"	\
	" SELECT back.seq, back.session, back.previous_seq,"		\
	" back.seq < ?2 AND (?3 IS NULL"				\
	"  OR back.customer IS NOT DISTINCT FROM ?3)"			\
	" AND b.salt IS NOT NULL AS is_wanted"				\
	" FROM back LEFT JOIN journal_body AS b ON b.seq = back.seq"

static const struct sql_text statement_sql[STATEMENTS] = {
	[SQL_KNOWN_SESSION] = { .text =
	    "SELECT 1 FROM session WHERE id = ?" },
	[SQL_KNOWN_CUSTOMER] = { .text =
	    "SELECT 1 FROM customer WHERE session = ? AND cid = ?" },
	[SQL_ROWS] = {
	    .text = ROWS,	/* as the recursion yields them */
	    .postgres = ROWS " ORDER BY back.seq DESC" },
	[SQL_BODY] = { .text =
	    "UPDATE journal_body SET salt = NULL, name = NULL, address = NULL,"
	    " cart = NULL, request = NULL, account = NULL WHERE seq = ?" },
	/* Of the newcomers that the rows are about. */
	[SQL_REQUEST] = { .text =
	    "UPDATE customer SET request = NULL"
	    " FROM (SELECT session AS s, customer AS c FROM journal"
	    "  WHERE seq BETWEEN ? AND ? AND event IN (1, 2)) AS newcomer"
	    " WHERE session = s AND cid = c AND request IS NOT NULL" },
};

int
erase_prepare(struct sql *sql)
{
	return sql_prepare(sql, statement_sql, STATEMENTS);
}

enum store_status
erase_knows(struct sql *sql, const struct record *record,
    bool *is_known)
{
	char digits[ID_CUSTOMER_HEX + 1];
	struct sql_binding b = sql_bind(sql, statement_sql,
	    record->has_customer ? SQL_KNOWN_CUSTOMER : SQL_KNOWN_SESSION);

	sql_bind_row(&b, record->session_row);
	if (record->has_customer)
		sql_bind_customer(&b, &record->customer, digits);
	*is_known = sql_next(&b);
	return sql_end_rows(&b);
}

enum store_status
erase_requests(struct sql *sql, int64_t first, int64_t last)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_REQUEST);

	sql_bind_row(&b, first);
	sql_bind_row(&b, last);
	return sql_run(&b);
}

/* Empty the body of row seq. */
static enum store_status
erase_body(struct sql *sql, int64_t seq)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_BODY);
	enum store_status status;

	sql_bind_row(&b, seq);
	status = sql_run_one(&b);
	return status != STORE_OK ? status : erase_requests(sql, seq, seq);
}

/* Read the row that SQL_ROWS stands at; *next_row is the one before it. */
static bool
read_row_to_erase(struct columns *columns, int64_t session_row, int64_t *seq,
    int64_t *next_row)
{
	*seq = column_id(columns, 0);
	(void)column_between(columns, 1, session_row, session_row);
	*next_row = column_is_null(columns, 2) ? 0 :
	    column_between(columns, 2, 1, *seq - 1);
	return column_bool(columns, 3);
}

/* The rows of one slice; *next_row is 0 if there are no more. */
static enum store_status
find_bodies_to_erase(struct sql *sql, const struct record *record,
    int64_t upto_row, int64_t *next_row, int64_t seqs[ERASE_SLICE],
    size_t *count)
{
	char digits[ID_CUSTOMER_HEX + 1];
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_ROWS);

	*count = 0;
	sql_bind_row(&b, *next_row == 0 ? upto_row : *next_row);
	sql_bind_row(&b, upto_row);
	sql_bind_customer(&b, record->has_customer ? &record->customer : NULL,
	    digits);
	sql_bind_row(&b, LOOK_ROWS);
	*next_row = 0; /* where the rest was purged */
	while (*count < ERASE_SLICE && sql_next(&b)) {
		struct columns columns = columns_at(b.statement, "journal");
		bool is_wanted = read_row_to_erase(&columns,
		    record->session_row, &seqs[*count], next_row);

		if (!columns_fit(&columns))
			return sql_end_row(&b, &columns);
		if (is_wanted)
			++*count;
	}
	return sql_end_rows(&b);
}

enum store_status
erase_slice(struct sql *sql, const struct record *record,
    int64_t upto_row, int64_t *next_row, size_t *erased)
{
	int64_t seqs[ERASE_SLICE];
	enum store_status status;
	size_t i;

	status = find_bodies_to_erase(sql, record, upto_row, next_row, seqs,
	    erased);
	for (i = 0; i < *erased && status == STORE_OK; i++)
		status = erase_body(sql, seqs[i]);
	return status;
}
