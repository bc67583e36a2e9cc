#include "erase.h"

#include <stdlib.h>

#include <sqlite3.h>

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

static const char *const statement_sql[STATEMENTS] = {
	[SQL_KNOWN_SESSION] =
	    "SELECT 1 FROM session WHERE id = ?",
	[SQL_KNOWN_CUSTOMER] =
	    "SELECT 1 FROM customer WHERE session = ? AND cid = ?",
	[SQL_ROWS] =
	    "SELECT j.seq, (?4 IS NULL OR j.customer IS ?4)"
	    " AND b.salt IS NOT NULL AS is_wanted"
	    " FROM journal AS j CROSS JOIN journal_body AS b ON b.seq = j.seq"
	    " WHERE j.session = ?1 AND j.seq > ?2 AND j.seq < ?3"
	    " ORDER BY j.seq LIMIT ?5",
	[SQL_BODY] =
	    "UPDATE journal_body SET salt = NULL, name = NULL, address = NULL,"
	    " cart = NULL, request = NULL WHERE seq = ?",
	/* Of the newcomers that the rows are about. */
	[SQL_REQUEST] =
	    "UPDATE customer SET request = NULL"
	    " FROM (SELECT session AS s, customer AS c FROM journal"
	    "  WHERE seq BETWEEN ? AND ? AND event IN (1, 2))"
	    " WHERE session = s AND cid = c AND request IS NOT NULL",
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

/* The rows of one slice; *after_row is 0 if there are no more. */
static enum store_status
find_bodies_to_erase(struct sql *sql, const struct record *record,
    int64_t upto_row, int64_t *after_row, int64_t seqs[ERASE_SLICE],
    size_t *count)
{
	char digits[ID_CUSTOMER_HEX + 1];
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_ROWS);
	int looked = 0;

	*count = 0;
	sql_bind_row(&b, record->session_row);
	sql_bind_row(&b, *after_row);
	sql_bind_row(&b, upto_row);
	sql_bind_customer(&b, record->has_customer ? &record->customer : NULL,
	    digits);
	sql_bind_row(&b, LOOK_ROWS);
	while (*count < ERASE_SLICE && sql_next(&b)) {
		struct columns columns = columns_at(b.statement, "journal");
		bool is_wanted;

		looked++;
		*after_row = column_id(&columns, 0);
		is_wanted = column_bool(&columns, 1);
		if (!columns_fit(&columns))
			return sql_end_row(&b, &columns);
		if (is_wanted)
			seqs[(*count)++] = *after_row;
	}
	if (b.rc == SQLITE_DONE && looked < LOOK_ROWS)
		*after_row = 0;
	return sql_end_rows(&b);
}

enum store_status
erase_slice(struct sql *sql, const struct record *record,
    int64_t upto_row, int64_t *after_row, size_t *erased)
{
	int64_t seqs[ERASE_SLICE];
	enum store_status status;
	size_t i;

	status = find_bodies_to_erase(sql, record, upto_row, after_row, seqs,
	    erased);
	for (i = 0; i < *erased && status == STORE_OK; i++)
		status = erase_body(sql, seqs[i]);
	return status;
}
