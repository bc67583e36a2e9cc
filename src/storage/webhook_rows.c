#include "webhook_rows.h"

#include <string.h>

#include <sqlite3.h>

#include "base/buf.h"
#include "column.h"
#include "hub/webhook_state.h"
#include "sql.h"

/* Whose the rows are: the shop without a name. */
#define SHOP "''"

enum statement {
	SQL_POSITION,
	SQL_PARKED,
	SQL_FORGET_POSITION,
	SQL_FORGET_PARKED,
	SQL_SET_POSITION,
	SQL_PARK,
	STATEMENTS
};

static const char *const statement_sql[STATEMENTS] = {
	[SQL_POSITION] =
	    "SELECT seq FROM webhook WHERE shop = " SHOP,
	[SQL_PARKED] =
	    "SELECT session, seq, attempts, first_ms, next_ms"
	    " FROM webhook_parked WHERE shop = " SHOP " ORDER BY session",
	[SQL_FORGET_POSITION] =
	    "DELETE FROM webhook WHERE shop = " SHOP,
	[SQL_FORGET_PARKED] =
	    "DELETE FROM webhook_parked WHERE shop = " SHOP,
	[SQL_SET_POSITION] =
	    "INSERT INTO webhook (shop, seq) VALUES (" SHOP ", ?)",
	[SQL_PARK] =
	    "INSERT INTO webhook_parked (shop, session, seq, attempts,"
	    " first_ms, next_ms) VALUES (" SHOP ", ?, ?, ?, ?, ?)",
};

int
webhook_rows_prepare(struct sql *sql)
{
	return sql_prepare(sql, statement_sql, STATEMENTS);
}

static enum store_status
load_position(struct sql *sql, struct webhook_state *state)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_POSITION);
	struct columns columns = columns_at(b.statement, "webhook");

	if (sql_next(&b))
		state->seq = column_between(&columns, 0, 0, COLUMN_NUMBER_MAX);
	return columns_fit(&columns) ? sql_end_rows(&b) :
	    sql_end_row(&b, &columns);
}

static void
load_row(struct columns *columns, struct webhook_state *state)
{
	struct payload *session = column_session(columns, 0);
	struct webhook_parked parked = {
		.seq = column_between(columns, 1, 0, COLUMN_NUMBER_MAX),
		.attempts = column_number(columns, 2),
		.first_ms = column_number(columns, 3),
		.next_ms = column_number(columns, 4),
	};

	if (session != NULL) {
		parked.session = session->data;
		webhook_state_park(state, &parked);
	}
	payload_unref(session);
}

static enum store_status
load_parked(struct sql *sql, struct webhook_state *state)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_PARKED);
	struct columns columns = columns_at(b.statement, "webhook_parked");

	while (sql_next(&b)) {
		load_row(&columns, state);
		if (!columns_fit(&columns))
			return sql_end_row(&b, &columns);
	}
	return sql_end_rows(&b);
}

int
webhook_rows_load(struct sql *sql, struct webhook_state **state)
{
	*state = webhook_state_new();
	return load_position(sql, *state) == STORE_OK &&
	    load_parked(sql, *state) == STORE_OK ? 0 : -1;
}

static enum store_status
forget(struct sql *sql, enum statement statement)
{
	struct sql_binding b = sql_bind(sql, statement_sql, statement);

	return sql_run(&b);
}

static enum store_status
set_position(struct sql *sql, int64_t seq)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_SET_POSITION);

	sql_bind_row(&b, seq);
	return sql_run_one(&b);
}

static enum store_status
park(struct sql *sql, const struct webhook_parked *parked)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_PARK);

	sql_bind_text(&b, parked->session, strlen(parked->session));
	sql_bind_row(&b, parked->seq);
	sql_bind_number(&b, parked->attempts);
	sql_bind_number(&b, parked->first_ms);
	sql_bind_number(&b, parked->next_ms);
	return sql_run_one(&b);
}

enum store_status
webhook_rows_save(struct sql *sql, const struct webhook_state *state)
{
	enum store_status status = forget(sql, SQL_FORGET_POSITION);
	size_t i;

	if (status == STORE_OK)
		status = forget(sql, SQL_FORGET_PARKED);
	if (status == STORE_OK && state->seq >= 0)
		status = set_position(sql, state->seq);
	for (i = 0; i < state->parked_count && status == STORE_OK; i++)
		status = park(sql, &state->parked[i]);
	return status;
}
