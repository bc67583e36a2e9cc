#include "pg_cursor.h"

#include "base/text.h"
#include "pipeline.h"
#include "statement.h"

enum {
	FETCH_FIRST = 16,		/* rows */
	FETCH_MOST = 256,
	FETCH_BYTES = 1 << 20		/* that they are meant to be */
};

void
pg_cursor_init(struct pg_cursor *cursor, struct pipeline *pipeline,
    struct statement *statement)
{
	*cursor = (struct pg_cursor){
		.pipeline = pipeline,
		.statement = statement,
		.rows = FETCH_FIRST,
	};
}

/* Ask for rows, and wait for them. */
static int
fetch(struct pg_cursor *cursor)
{
	xsnprintf(cursor->fetch, sizeof(cursor->fetch), "FETCH %d FROM %s",
	    cursor->rows, statement_cursor(cursor->statement));
	return pipeline_send_text(cursor->pipeline, cursor->fetch) == -1 ? -1 :
	    pipeline_wait(cursor->pipeline, cursor->statement);
}

int
pg_cursor_open(struct pg_cursor *cursor)
{
	if (pipeline_send(cursor->pipeline, cursor->statement,
	    STATEMENT_AS_CURSOR) == -1)
		return -1;
	return fetch(cursor);
}

bool
pg_cursor_may_go_on(const struct pg_cursor *cursor)
{
	return statement_rows(cursor->statement) >= cursor->rows;
}

/*
 * Rows may be a hundred bytes or a million: ask for as many as fit, if they are
 * like those that came last, but for no more than twice as many.
 */
static void
adapt_rows(struct pg_cursor *cursor)
{
	int fit = statement_rows_within(cursor->statement, FETCH_BYTES);
	int most = 2 * cursor->rows < FETCH_MOST ? 2 * cursor->rows :
	    FETCH_MOST;

	cursor->rows = fit > most ? most : fit == 0 ? 1 : fit;
}

int
pg_cursor_next(struct pg_cursor *cursor)
{
	adapt_rows(cursor);
	return fetch(cursor);
}

int
pg_cursor_close(struct pg_cursor *cursor)
{
	xsnprintf(cursor->close, sizeof(cursor->close), "CLOSE %s",
	    statement_cursor(cursor->statement));
	return pipeline_send_text(cursor->pipeline, cursor->close);
}
