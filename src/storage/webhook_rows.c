#include "webhook_rows.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "column.h"
#include "hub/webhook_state.h"
#include "sql.h"

enum statement {
	SQL_POSITION,
	SQL_PARKED,
	SQL_FORGET_POSITION,
	SQL_FORGET_PARKED,
	SQL_SET_POSITION,
	SQL_PARK,
	STATEMENTS
};

static const struct sql_text statement_sql[STATEMENTS] = {
	[SQL_POSITION] = { .text =
	    "SELECT shop, seq FROM webhook ORDER BY shop" },
	[SQL_PARKED] = { .text =
	    "SELECT session, seq, attempts, first_ms, next_ms"
	    " FROM webhook_parked WHERE shop = ? ORDER BY session" },
	[SQL_FORGET_POSITION] = { .text =
	    "DELETE FROM webhook WHERE shop = ?" },
	[SQL_FORGET_PARKED] = { .text =
	    "DELETE FROM webhook_parked WHERE shop = ?" },
	[SQL_SET_POSITION] = { .text =
	    "INSERT INTO webhook (shop, seq) VALUES (?, ?)" },
	[SQL_PARK] = { .text =
	    "INSERT INTO webhook_parked (shop, session, seq, attempts,"
	    " first_ms, next_ms) VALUES (?, ?, ?, ?, ?, ?)" },
};

int
webhook_rows_prepare(struct sql *sql)
{
	return sql_prepare(sql, statement_sql, STATEMENTS);
}

static void
bind_shop(struct sql_binding *b, const struct webhook_state *state)
{
	sql_bind_text(b, state->shop, strlen(state->shop));
}

/* The shop's name; false if it is none. */
static bool
load_shop(struct columns *columns, struct webhook_state *state)
{
	struct payload *shop = column_text_or_none(columns, 0, 0,
	    SESSION_NAME_SHOP_MAX);
	bool is_shop = shop != NULL && (shop->len == 0 ||
	    session_name_is_shop(shop->data, shop->len));

	if (is_shop)
		memcpy(state->shop, shop->data, shop->len);
	else if (columns_fit(columns))
		columns_refuse(columns, 0, "is not a shop's name");
	payload_unref(shop);
	return is_shop;
}

static enum store_status
load_positions(struct sql *sql, struct webhook_states *states)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_POSITION);
	struct columns columns = columns_at(b.statement, "webhook");
	struct webhook_state *state;

	while (sql_next(&b)) {
		state = webhook_state_new();
		STAILQ_INSERT_TAIL(states, state, entry);
		if (load_shop(&columns, state))
			state->seq = column_between(&columns, 1, 0,
			    COLUMN_NUMBER_MAX);
		if (!columns_fit(&columns))
			return sql_end_row(&b, &columns);
	}
	return sql_end_rows(&b);
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

	bind_shop(&b, state);
	while (sql_next(&b)) {
		load_row(&columns, state);
		if (!columns_fit(&columns))
			return sql_end_row(&b, &columns);
	}
	return sql_end_rows(&b);
}

int
webhook_rows_load(struct sql *sql, struct webhook_states *states)
{
	struct webhook_state *state;

	if (load_positions(sql, states) != STORE_OK)
		return -1;
	STAILQ_FOREACH(state, states, entry)
		if (load_parked(sql, state) != STORE_OK)
			return -1;
	return 0;
}

static enum store_status
forget(struct sql *sql, enum statement statement,
    const struct webhook_state *state)
{
	struct sql_binding b = sql_bind(sql, statement_sql, statement);

	bind_shop(&b, state);
	return sql_run(&b);
}

static enum store_status
set_position(struct sql *sql, const struct webhook_state *state)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_SET_POSITION);

	bind_shop(&b, state);
	sql_bind_row(&b, state->seq);
	return sql_run_one(&b);
}

static enum store_status
park(struct sql *sql, const struct webhook_state *state,
    const struct webhook_parked *parked)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_PARK);

	bind_shop(&b, state);
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
	enum store_status status = forget(sql, SQL_FORGET_POSITION,
	    state);
	size_t i;

	if (status == STORE_OK)
		status = forget(sql, SQL_FORGET_PARKED, state);
	if (status == STORE_OK && state->seq >= 0)
		status = set_position(sql, state);
	for (i = 0; i < state->parked_count && status == STORE_OK; i++)
		status = park(sql, state, &state->parked[i]);
	return status;
}
