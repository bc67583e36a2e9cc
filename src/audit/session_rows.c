#include "session_rows.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "storage/column.h"
#include "storage/sql.h"

enum {
	STEPS = 40 * SESSION_ROWS_SLICE, /* of one transaction */
	MARKS_FIRST = 16
};

enum statement {
	SQL_LAST,
	SQL_BACK,
	SQL_ANCHOR,
	STATEMENTS
};

static const struct sql_text statement_sql[STATEMENTS] = {
	[SQL_LAST] = { .text =
	    "SELECT last_seq FROM session WHERE id = ?" },
	[SQL_BACK] = { .text =
	    "SELECT session, previous_seq FROM journal WHERE seq = ?" },
	[SQL_ANCHOR] = { .text =
	    "SELECT coalesce(max(seq), 0) FROM chain_anchor" },
};

struct session_rows {
	struct audit *audit;
	struct sql_statement *statements[STATEMENTS];
	int64_t	 session_row;
	int64_t	 after;		/* the last number that was handed out */
	int64_t	 at;		/* where the walk to the beginning is; or 0 */
	size_t	 steps;		/* that it has taken */
	int64_t *marks;		/* the lowest is the last */
	size_t	 mark_count;
	size_t	 mark_room;
};

enum audit_status
session_rows_new(struct audit *audit, int64_t session_row, int64_t after,
    struct session_rows **made)
{
	struct session_rows *rows = xcalloc(1, sizeof(*rows));
	enum audit_status status;

	rows->audit = audit;
	rows->session_row = session_row;
	rows->after = after;
	status = audit_prepare_all(audit, statement_sql, rows->statements,
	    STATEMENTS);
	if (status == AUDIT_OK)
		*made = rows;
	else
		session_rows_free(rows);
	return status;
}

void
session_rows_free(struct session_rows *rows)
{
	if (rows == NULL)
		return;
	sql_finalize(rows->statements, STATEMENTS);
	free(rows->marks);
	free(rows);
}

/* A number that statement id yields for row; 0 for none. */
static enum audit_status
read_seq(struct session_rows *rows, enum statement id, int64_t *number)
{
	struct sql_binding b = sql_run_of(rows->statements[id]);
	struct columns columns = columns_at(b.statement, id == SQL_LAST ?
	    "session" : "chain_anchor");

	*number = 0;
	if (id == SQL_LAST)
		sql_bind_row(&b, rows->session_row);
	if (sql_next(&b) && !column_is_null(&columns, 0))
		*number = column_between(&columns, 0, 0, COLUMN_NUMBER_MAX);
	return audit_end_row(rows->audit, &b, &columns);
}

/* A row that is not there must have been purged. */
static enum audit_status
expect_purged(struct session_rows *rows, int64_t seq)
{
	int64_t anchor;
	enum audit_status status = read_seq(rows, SQL_ANCHOR, &anchor);

	if (status != AUDIT_OK || seq <= anchor)
		return status;
	log_errorx("%s: row %" PRId64 " of the journal is missing: "
	    "use \"audit verify\"", audit_path(rows->audit), seq);
	return AUDIT_BAD_DATA;
}

/* Move *seq to the row before it, 0 where there is none. */
static enum audit_status
step_back(struct session_rows *rows, int64_t *seq)
{
	struct sql_binding b = sql_run_of(rows->statements[SQL_BACK]);
	struct columns columns = columns_at(b.statement, "journal");
	enum audit_status status;
	int64_t previous = 0;
	bool is_there;

	sql_bind_row(&b, *seq);
	is_there = sql_next(&b);
	columns.row = *seq;
	if (is_there) {
		(void)column_between(&columns, 0, rows->session_row,
		    rows->session_row);
		previous = column_is_null(&columns, 1) ? 0 :
		    column_between(&columns, 1, 1, *seq - 1);
	}
	status = audit_end_row(rows->audit, &b, &columns);
	if (status == AUDIT_OK && !is_there)
		status = expect_purged(rows, *seq);
	*seq = previous;
	return status;
}

static void
leave_mark(struct session_rows *rows)
{
	if (rows->mark_count == rows->mark_room) {
		rows->mark_room = rows->mark_room == 0 ? MARKS_FIRST :
		    2 * rows->mark_room;
		rows->marks = xrealloc(rows->marks,
		    rows->mark_room * sizeof(*rows->marks));
	}
	rows->marks[rows->mark_count++] = rows->at;
}

/* Walk some steps towards the beginning. */
static enum audit_status
walk_back(struct session_rows *rows)
{
	enum audit_status status = audit_begin(rows->audit);
	int i;

	for (i = 0; i < STEPS && status == AUDIT_OK &&
	    rows->at > rows->after; i++) {
		if (rows->steps++ % SESSION_ROWS_SLICE == 0)
			leave_mark(rows);
		status = step_back(rows, &rows->at);
	}
	audit_end(rows->audit);
	return status;
}

/* Leave marks on all that has come since the last number. */
static enum audit_status
mark_rows(struct session_rows *rows)
{
	enum audit_status status = read_seq(rows, SQL_LAST, &rows->at);

	rows->steps = 0;
	while (status == AUDIT_OK && rows->at > rows->after)
		status = walk_back(rows);
	return status;
}

/* Walk back from the lowest mark to what was handed out. */
static enum audit_status
fill_slice(struct session_rows *rows, int64_t seqs[SESSION_ROWS_SLICE],
    size_t *count)
{
	int64_t mark = rows->marks[--rows->mark_count], seq = mark;
	enum audit_status status = audit_begin(rows->audit);
	int64_t reversed[SESSION_ROWS_SLICE];
	size_t i, n = 0;

	while (status == AUDIT_OK && seq > rows->after &&
	    n < SESSION_ROWS_SLICE) {
		reversed[n++] = seq;
		status = step_back(rows, &seq);
	}
	audit_end(rows->audit);
	for (i = 0; i < n; i++)
		seqs[i] = reversed[n - 1 - i];
	*count = n;
	rows->after = mark;
	return status;
}

enum audit_status
session_rows_next(struct session_rows *rows, int64_t seqs[SESSION_ROWS_SLICE],
    size_t *count)
{
	enum audit_status status = AUDIT_OK;

	*count = 0;
	if (rows->mark_count == 0)
		status = mark_rows(rows);
	if (status != AUDIT_OK)
		return status;
	return rows->mark_count == 0 ? AUDIT_NONE :
	    fill_slice(rows, seqs, count);
}
