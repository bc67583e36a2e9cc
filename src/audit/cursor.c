#include "cursor.h"

#include <stddef.h>
#include <stdlib.h>

#include <sqlite3.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "storage/column.h"
#include "storage/sql.h"

enum {
	SLICE_ROWS = 256,
	SLICE_BYTES = 4 << 20		/* of carts; the last may be over it */
};

#define COLUMN_SESSION_NAME AUDIT_ROW_WIDTH
#define COLUMN_BODY (AUDIT_ROW_WIDTH + 1)

#define SELECT_ROWS							\
	"SELECT " AUDIT_ROW_COLUMNS ", s.name, " AUDIT_BODY_COLUMNS	\
	" FROM journal AS j"						\
	" LEFT JOIN session AS s ON s.id = j.session"			\
	" LEFT JOIN journal_body AS b ON b.seq = j.seq"

static const char all_sql[] = SELECT_ROWS
    " WHERE j.seq > ?1 ORDER BY j.seq LIMIT ?2";
static const char session_sql[] = SELECT_ROWS
    " WHERE j.session = ?3 AND j.seq > ?1 ORDER BY j.seq LIMIT ?2";

struct audit_cursor {
	struct audit *audit;
	sqlite3_stmt *statement;
	int64_t	 session_row;
	int64_t	 after;			/* the last row that was read */
	struct audit_row slice[SLICE_ROWS];
	size_t	 count;			/* of rows in the slice */
	size_t	 taken;			/* of them */
};

enum audit_status
audit_cursor_new(struct audit *audit, int64_t session_row, int64_t after,
    struct audit_cursor **made)
{
	struct audit_cursor *cursor = xcalloc(1, sizeof(*cursor));
	enum audit_status status;

	cursor->audit = audit;
	cursor->session_row = session_row;
	cursor->after = after;
	status = audit_prepare(audit, session_row == 0 ? all_sql : session_sql,
	    &cursor->statement);
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
	/* Repeats the error of the last run, which was handled. */
	(void)sqlite3_finalize(cursor->statement);
	free(cursor);
}

/* What is wrong with the row that is read; NULL for nothing. */
static const char *
read_cursor_row(sqlite3_stmt *at, struct audit_row *row)
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

/* As the column session has it. */
static int64_t
session_column(const struct audit_cursor *cursor)
{
	return cursor->session_row == AUDIT_NO_SESSION ? 0 :
	    cursor->session_row;
}

static enum audit_status
read_row_slice(struct audit_cursor *cursor)
{
	struct sql_binding rows = sql_run_of(cursor->statement);
	enum audit_status status = AUDIT_OK;
	size_t bytes = 0;

	sql_bind_row(&rows, cursor->after);
	sql_bind_row(&rows, SLICE_ROWS);
	if (cursor->session_row != 0)
		sql_bind_row(&rows, session_column(cursor));
	cursor->count = 0;
	cursor->taken = 0;
	while (status == AUDIT_OK && cursor->count < SLICE_ROWS &&
	    bytes < SLICE_BYTES && sql_next(&rows))
		status = keep_row(cursor, &bytes);
	return audit_end_walk(cursor->audit, &rows, status);
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
