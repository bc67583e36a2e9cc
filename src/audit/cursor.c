#include "cursor.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "session_rows.h"
#include "storage/column.h"
#include "storage/sql.h"

enum {
	SLICE_ROWS = SESSION_ROWS_SLICE,
	SLICE_BYTES = 4 << 20		/* of carts; the last may be over it */
};

#define COLUMN_SESSION_NAME AUDIT_ROW_WIDTH
#define COLUMN_BODY (AUDIT_ROW_WIDTH + 1)

#define SELECT_ROWS(journal)						\
	"SELECT " AUDIT_ROW_COLUMNS ", s.name, " AUDIT_BODY_COLUMNS	\
	" FROM " journal						\
	" LEFT JOIN session AS s ON s.id = j.session"			\
	" LEFT JOIN journal_body AS b ON b.seq = j.seq"

static const struct sql_text all_sql = { .text = SELECT_ROWS("journal AS j")
    " WHERE j.seq > ?1 ORDER BY j.seq LIMIT ?2", .is_long = true };
static const struct sql_text sessionless_sql = { .text =
    SELECT_ROWS("journal AS j INDEXED BY journal_sessionless")
    " WHERE j.session = 0 AND j.seq > ?1 ORDER BY j.seq LIMIT ?2",
    .is_long = true };
static const struct sql_text row_sql = { .text = SELECT_ROWS("journal AS j")
    " WHERE j.seq = ?1" };

struct audit_cursor {
	struct audit *audit;
	struct sql_statement *statement;
	int64_t	 after;			/* the last row that was read */
	struct audit_row slice[SLICE_ROWS];
	size_t	 count;			/* of rows in the slice */
	size_t	 taken;			/* of them */

	struct session_rows *of_session; /* NULL: not of a session's rows */
	int64_t	 seqs[SESSION_ROWS_SLICE]; /* of rows to be read */
	size_t	 seq_count;
	size_t	 seq_taken;
};

enum audit_status
audit_cursor_new(struct audit *audit, int64_t session_row, int64_t after,
    struct audit_cursor **made)
{
	struct audit_cursor *cursor = xcalloc(1, sizeof(*cursor));
	const struct sql_text *sql = &row_sql;
	enum audit_status status;

	cursor->audit = audit;
	cursor->after = after;
	if (session_row == 0)
		sql = &all_sql;
	else if (session_row == AUDIT_NO_SESSION)
		sql = &sessionless_sql;
	status = audit_prepare_all(audit, sql, &cursor->statement, 1);
	if (status == AUDIT_OK && sql == &row_sql)
		status = session_rows_new(audit, session_row, after,
		    &cursor->of_session);
	if (status == AUDIT_OK)
		*made = cursor;
	else
		audit_cursor_free(cursor);
	return status;
}

void
audit_cursor_free(struct audit_cursor *cursor)
{
	if (cursor == NULL)
		return;
	for (; cursor->taken < cursor->count; cursor->taken++)
		audit_row_clear(&cursor->slice[cursor->taken]);
	session_rows_free(cursor->of_session);
	/* Repeats the error of the last run, which was handled. */
	sql_finalize(&cursor->statement, 1);
	free(cursor);
}

/* What is wrong with the row that is read; NULL for nothing. */
static const char *
read_cursor_row(const struct sql_statement *at, struct audit_row *row)
{
	struct columns columns = columns_at(at, "session");
	const char *fault;

	*row = (struct audit_row){ .seq = 0 };
	fault = audit_row_read(at, row);
	if (fault == NULL)
		fault = audit_row_read_body(at, COLUMN_BODY, row);
	if (column_is_null(&columns, COLUMN_SESSION_NAME))
		row->record.session = payload_new("", 0); /* of a RETAIN */
	else
		row->record.session = column_session(&columns,
		    COLUMN_SESSION_NAME);
	return fault != NULL || columns_fit(&columns) ? fault :
	    "its session's name cannot be";
}

/* Read the row that the statement stands at into the slice. */
static enum audit_status
keep_row(struct audit_cursor *cursor, size_t *bytes)
{
	struct audit_row *row = &cursor->slice[cursor->count];
	const char *fault = read_cursor_row(cursor->statement, row);

	if (fault != NULL) {
		log_errorx("%s: row %lld of the journal: %s: "
		    "use \"audit verify\"", audit_path(cursor->audit),
		    (long long)row->seq, fault);
		audit_row_clear(row);
		return AUDIT_BAD_DATA;
	}
	cursor->after = row->seq;
	cursor->count++;
	if (row->record.cart != NULL)
		*bytes += row->record.cart->len;
	return AUDIT_OK;
}

/* The rows behind the last one, as they come. */
static enum audit_status
read_next_rows(struct audit_cursor *cursor)
{
	struct sql_binding rows = sql_run_of(cursor->statement);
	enum audit_status status = AUDIT_OK;
	size_t bytes = 0;

	sql_bind_row(&rows, cursor->after);
	sql_bind_row(&rows, SLICE_ROWS);
	while (status == AUDIT_OK && cursor->count < SLICE_ROWS &&
	    bytes < SLICE_BYTES && sql_next(&rows))
		status = keep_row(cursor, &bytes);
	return audit_end_walk(cursor->audit, &rows, status);
}

/* One that is not there was purged meanwhile. */
static enum audit_status
read_row(struct audit_cursor *cursor, int64_t seq, size_t *bytes)
{
	struct sql_binding rows = sql_run_of(cursor->statement);
	enum audit_status status = AUDIT_OK;

	sql_bind_row(&rows, seq);
	if (sql_next(&rows))
		status = keep_row(cursor, bytes);
	return audit_end_walk(cursor->audit, &rows, status);
}

/* The rows whose numbers are known, or the next ones; AUDIT_NONE for none. */
static enum audit_status
read_session_rows(struct audit_cursor *cursor)
{
	enum audit_status status = AUDIT_OK;
	size_t bytes = 0;

	if (cursor->seq_taken == cursor->seq_count) {
		cursor->seq_taken = 0;
		status = session_rows_next(cursor->of_session, cursor->seqs,
		    &cursor->seq_count);
	}
	if (status == AUDIT_OK)
		status = audit_begin(cursor->audit);
	if (status != AUDIT_OK)
		return status;
	while (status == AUDIT_OK && cursor->seq_taken < cursor->seq_count &&
	    bytes < SLICE_BYTES)
		status = read_row(cursor, cursor->seqs[cursor->seq_taken++],
		    &bytes);
	audit_end(cursor->audit);
	return status;
}

static enum audit_status
read_row_slice(struct audit_cursor *cursor)
{
	enum audit_status status;

	cursor->count = 0;
	cursor->taken = 0;
	if (cursor->of_session == NULL)
		return read_next_rows(cursor);
	do
		status = read_session_rows(cursor);
	while (status == AUDIT_OK && cursor->count == 0);
	return status;
}

enum audit_status
audit_cursor_next(struct audit_cursor *cursor, struct audit_row *row)
{
	enum audit_status status;

	if (cursor->taken == cursor->count) {
		status = read_row_slice(cursor);
		if (status != AUDIT_OK)
			return status;
	}
	if (cursor->taken == cursor->count)
		return AUDIT_NONE;
	*row = cursor->slice[cursor->taken++];
	return AUDIT_OK;
}
