/*
 * What is compared is walked along at both ends, in order of the row's number:
 * what differs is noted, a bounded list at a time, and changed while the other
 * end is not read.
 */
#include "copy_tables.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "storage/column.h"
#include "storage/engine.h"
#include "storage/sql.h"

enum {
	SLICE_ROWS = 5000,		/* of the target that are compared */
	COLUMNS_MAX = 14
};

/* Statements on the target. */
enum statement {
	SQL_BODIES,
	SQL_EMPTY_BODY,
	SQL_DELETE_BODY,
	SQL_CUSTOMERS,
	SQL_DELETE_CUSTOMER,
	SQL_SESSIONS,
	SQL_DELETE_SESSION,
	SQL_ANCHOR,
	SQL_DELETE_ANCHORS,
	SQL_DELETE_ROWS,
	SQL_SESSION,
	SQL_CUSTOMER,
	SQL_DELETE_WEBHOOKS,
	SQL_WEBHOOK,
	SQL_DELETE_PARKED,
	SQL_PARKED,
	STATEMENTS
};

#define BODIES								\
	"SELECT seq, salt IS NULL AS is_empty FROM journal_body"	\
	" WHERE seq > ? ORDER BY seq"
#define CUSTOMERS							\
	"SELECT id, session, cid FROM customer WHERE id > ? ORDER BY id"
#define SESSIONS							\
	"SELECT id, name FROM session WHERE id > ? ORDER BY id"

static const struct sql_text statement_sql[STATEMENTS] = {
	[SQL_BODIES] = { .text = BODIES " LIMIT ?" },
	[SQL_EMPTY_BODY] = { .text =
	    "UPDATE journal_body SET salt = NULL, name = NULL, address = NULL,"
	    " cart = NULL, request = NULL, account = NULL WHERE seq = ?" },
	[SQL_DELETE_BODY] = { .text =
	    "DELETE FROM journal_body WHERE seq = ?" },
	[SQL_CUSTOMERS] = { .text = CUSTOMERS " LIMIT ?" },
	[SQL_DELETE_CUSTOMER] = { .text =
	    "DELETE FROM customer WHERE id = ?" },
	[SQL_SESSIONS] = { .text = SESSIONS " LIMIT ?" },
	[SQL_DELETE_SESSION] = { .text =
	    "DELETE FROM session WHERE id = ?" },
	[SQL_ANCHOR] = { .text =
	    "INSERT INTO chain_anchor (seq, hash) VALUES (?, ?)"
	    " ON CONFLICT (seq) DO NOTHING" },
	[SQL_DELETE_ANCHORS] = { .text =
	    "DELETE FROM chain_anchor"
	    " WHERE seq < (SELECT max(seq) FROM chain_anchor)" },
	[SQL_DELETE_ROWS] = { .text =
	    "DELETE FROM journal"
	    " WHERE seq <= (SELECT max(seq) FROM chain_anchor)" },
	[SQL_SESSION] = { .text =
	    "INSERT INTO session (id, name, incarnation, revision, ended_ms,"
	    " active_ms, last_seq, locked_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
	    " ON CONFLICT (id) DO UPDATE SET"
	    " incarnation = excluded.incarnation,"
	    " revision = excluded.revision, ended_ms = excluded.ended_ms,"
	    " active_ms = excluded.active_ms, last_seq = excluded.last_seq,"
	    " locked_ms = excluded.locked_ms"
	    " WHERE (session.incarnation, session.revision, session.ended_ms,"
	    " session.active_ms, session.last_seq, session.locked_ms)"
	    " IS DISTINCT FROM (excluded.incarnation, excluded.revision,"
	    " excluded.ended_ms, excluded.active_ms, excluded.last_seq,"
	    " excluded.locked_ms)" },
	[SQL_CUSTOMER] = { .text =
	    "INSERT INTO customer (id, session, cid, incarnation, is_host,"
	    " is_ready, has_token, request, state, left_revision, name_seq,"
	    " cart_seq, seq_cart, seq_ready)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	    " ON CONFLICT (id) DO UPDATE SET"
	    " incarnation = excluded.incarnation, is_host = excluded.is_host,"
	    " is_ready = excluded.is_ready, has_token = excluded.has_token,"
	    " request = excluded.request, state = excluded.state,"
	    " left_revision = excluded.left_revision,"
	    " name_seq = excluded.name_seq, cart_seq = excluded.cart_seq,"
	    " seq_cart = excluded.seq_cart, seq_ready = excluded.seq_ready"
	    " WHERE (customer.incarnation, customer.is_host,"
	    " customer.is_ready, customer.has_token, customer.request,"
	    " customer.state, customer.left_revision, customer.name_seq,"
	    " customer.cart_seq, customer.seq_cart, customer.seq_ready)"
	    " IS DISTINCT FROM (excluded.incarnation, excluded.is_host,"
	    " excluded.is_ready, excluded.has_token, excluded.request,"
	    " excluded.state, excluded.left_revision, excluded.name_seq,"
	    " excluded.cart_seq, excluded.seq_cart, excluded.seq_ready)" },
	[SQL_DELETE_WEBHOOKS] = { .text = "DELETE FROM webhook" },
	[SQL_WEBHOOK] = { .text =
	    "INSERT INTO webhook (shop, seq) VALUES (?, ?)" },
	[SQL_DELETE_PARKED] = { .text = "DELETE FROM webhook_parked" },
	[SQL_PARKED] = { .text =
	    "INSERT INTO webhook_parked (session, shop, seq, attempts,"
	    " first_ms, next_ms) VALUES (?, ?, ?, ?, ?, ?)" },
};

/* What is compared. */
struct comparison {
	const char *table;
	struct sql_text from;		/* the same at both ends, ... */
	enum statement to;
	const char *kinds;		/* ... with these columns */
	enum statement gone;		/* what to do with a row that from has */
	enum statement other;		/* no more, and that is not the same */
	bool	 is_of_bodies;		/* all that from has must be there */
};

static const struct comparison bodies = {
	.table = "journal_body",
	.from = { .text = BODIES, .is_long = true },
	.to = SQL_BODIES,
	.kinds = "nn",
	.gone = SQL_DELETE_BODY,
	.other = SQL_EMPTY_BODY,
	.is_of_bodies = true,
};

/* A number may be given again once all that had it is deleted. */
static const struct comparison customers = {
	.table = "customer",
	.from = { .text = CUSTOMERS, .is_long = true },
	.to = SQL_CUSTOMERS,
	.kinds = "nnt",
	.gone = SQL_DELETE_CUSTOMER,
	.other = SQL_DELETE_CUSTOMER,
};

static const struct comparison sessions = {
	.table = "session",
	.from = { .text = SESSIONS, .is_long = true },
	.to = SQL_SESSIONS,
	.kinds = "nt",
	.gone = SQL_DELETE_SESSION,
	.other = SQL_DELETE_SESSION,
};

/* What is taken over whole. */
struct transfer {
	const char *table;
	struct sql_text from;
	const char *kinds;		/* of its columns */
	enum statement to;
	int	 about;			/* a column, for sql_about(); -1: of */
					/* those there are few rows */
};

static const struct transfer anchor_rows = {
	"chain_anchor", { .text =
	    "SELECT seq, hash FROM chain_anchor ORDER BY seq" },
	"nb", SQL_ANCHOR, -1,
};

static const struct transfer session_rows = {
	"session", { .text =
	    "SELECT id, name, incarnation, revision, ended_ms, active_ms,"
	    " last_seq, locked_ms FROM session ORDER BY id", .is_long = true },
	"ntnnnnnn", SQL_SESSION, 0,
};

/* About the session, without which they cannot be. */
static const struct transfer customer_rows = {
	"customer", { .text =
	    "SELECT id, session, cid, incarnation, is_host, is_ready,"
	    " has_token, request, state, left_revision, name_seq, cart_seq,"
	    " seq_cart, seq_ready FROM customer ORDER BY id",
	    .is_long = true },
	"nntnnnnbnnnnnn", SQL_CUSTOMER, 1,
};

static const struct transfer webhook_rows = {
	"webhook", { .text =
	    "SELECT shop, seq FROM webhook ORDER BY shop" },
	"tn", SQL_WEBHOOK, -1,
};

static const struct transfer parked_rows = {
	"webhook_parked", { .text =
	    "SELECT session, shop, seq, attempts, first_ms, next_ms"
	    " FROM webhook_parked ORDER BY session", .is_long = true },
	"ttnnnn", SQL_PARKED, -1,
};

enum copy_status
copy_status_of_store(const struct copy_ends *ends, enum store_status status)
{
	if (status == STORE_OK)
		return COPY_MADE;
	return status == STORE_FATAL ?
	    (enum copy_status)sql_exit_status(ends->to) : COPY_IO_ERROR;
}

enum copy_status
copy_tables_prepare(const struct copy_ends *ends)
{
	return sql_prepare(ends->to, statement_sql, STATEMENTS) == 0 ?
	    COPY_MADE : copy_status_of_store(ends, sql_failed(ends->to));
}

static enum sql_type
type_of(char kind)
{
	switch (kind) {
	case 'n':
		return SQL_INTEGER;
	case 't':
		return SQL_TEXT;
	}
	return SQL_BLOB;
}

/* One of the ends, standing at a row, or behind the last. */
struct side {
	struct sql_binding rows;
	struct columns columns;
	bool	 is_at_row;
	struct sql_value values[COLUMNS_MAX];	/* of that */
};

static void
step_side(struct side *side, const char *kinds)
{
	int i;

	side->is_at_row = sql_next(&side->rows);
	side->columns.row = 0;
	for (i = 0; side->is_at_row && kinds[i] != '\0'; i++) {
		column_as(&side->columns, i, type_of(kinds[i]),
		    &side->values[i]);
		if (i == 0)
			side->columns.row = side->values[0].number;
	}
	/* What cannot be is no row to go on with. */
	side->is_at_row = side->is_at_row && columns_fit(&side->columns);
}

static bool
values_equal(const struct sql_value *a, const struct sql_value *b)
{
	if (a->type != b->type)
		return false;
	if (a->type == SQL_INTEGER)
		return a->number == b->number;
	return a->len == b->len && (a->len == 0 ||
	    memcmp(a->bytes, b->bytes, a->len) == 0);
}

static bool
rows_equal(const struct side *a, const struct side *b, const char *kinds)
{
	int i = 0;

	while (kinds[i] != '\0' && values_equal(&a->values[i], &b->values[i]))
		i++;
	return kinds[i] == '\0';
}

/* What a slice has found. */
struct differences {
	int64_t	 lost;		/* a body that from has; 0 for none */
	int64_t	 last;		/* row of the target that was compared */
	size_t	 rows;		/* that were */
	size_t	 count;
	struct {
		int64_t	 row;
		enum statement change;
	} list[SLICE_ROWS];
};

/* The row of from is not at the other end. */
static void
pass_missing(const struct comparison *c, struct side *from,
    struct differences *found)
{
	if (c->is_of_bodies && found->lost == 0)
		found->lost = from->values[0].number;
	step_side(from, c->kinds);
}

static void
note_difference(struct differences *found, enum statement change)
{
	found->list[found->count].row = found->last;
	found->list[found->count++].change = change;
}

/* Both ends stand at a row of the same number. */
static void
compare_rows(const struct comparison *c, const struct side *from,
    const struct side *to, struct differences *found)
{
	if (rows_equal(from, to, c->kinds))
		return;
	note_difference(found, c->other);
	if (c->is_of_bodies && from->values[1].number == 0)
		found->lost = found->last;
}

/* Note what is wrong with the rows of to. */
static void
find_differences(const struct comparison *c, struct side *from,
    struct side *to, struct differences *found)
{
	for (; to->is_at_row; step_side(to, c->kinds), found->rows++) {
		found->last = to->values[0].number;
		while (from->is_at_row &&
		    from->values[0].number < found->last)
			pass_missing(c, from, found);
		if (from->is_at_row &&
		    from->values[0].number == found->last) {
			compare_rows(c, from, to, found);
			step_side(from, c->kinds);
		} else
			note_difference(found, c->gone);
	}
	while (found->rows < SLICE_ROWS && from->is_at_row)
		pass_missing(c, from, found);
}

/* Whoever takes bodies away from a copy is no copy of ours. */
static enum copy_status
refuse_lost(const struct copy_ends *ends, int64_t row)
{
	log_errorx("the copy has not the body of row %" PRId64 ", which %s "
	    "has: make another one", row, audit_path(ends->from));
	return COPY_CANNOT_CREATE;
}

static enum copy_status
apply_differences(const struct copy_ends *ends,
    const struct differences *found)
{
	enum store_status status = STORE_OK;
	size_t i;

	for (i = 0; i < found->count && status == STORE_OK; i++) {
		struct sql_binding b = sql_bind(ends->to, statement_sql,
		    found->list[i].change);

		sql_bind_row(&b, found->list[i].row);
		status = sql_run_one(&b);
	}
	return copy_status_of_store(ends, status);
}

/* The next rows of the target. */
static enum copy_status
compare_slice(const struct copy_ends *ends, const struct comparison *c,
    struct side *from, struct differences *found)
{
	struct side to = {
		.rows = sql_bind(ends->to, statement_sql, c->to),
	};
	enum copy_status status;

	to.columns = columns_at(to.rows.statement, c->table);
	sql_bind_row(&to.rows, found->last);
	sql_bind_row(&to.rows, SLICE_ROWS);
	found->lost = 0;
	found->rows = 0;
	found->count = 0;
	step_side(&to, c->kinds);
	find_differences(c, from, &to, found);
	status = copy_status_of_store(ends, sql_end_row(&to.rows,
	    &to.columns));
	if (status != COPY_MADE || !columns_fit(&from->columns))
		return status;
	return found->lost != 0 ? refuse_lost(ends, found->lost) :
	    apply_differences(ends, found);
}

static enum copy_status
compare_all(const struct copy_ends *ends, const struct comparison *c,
    struct side *from, uint64_t *changed)
{
	struct differences *found = xcalloc(1, sizeof(*found));
	enum copy_status status;

	step_side(from, c->kinds);
	do {
		status = compare_slice(ends, c, from, found);
		*changed += found->count;
	} while (status == COPY_MADE && found->rows == SLICE_ROWS &&
	    columns_fit(&from->columns));
	free(found);
	return status;
}

static enum copy_status
compare(const struct copy_ends *ends, const struct comparison *c,
    struct copy_counts *counts)
{
	enum copy_status status, ended;
	struct side from = { .is_at_row = false };
	uint64_t changed = 0;

	status = (enum copy_status)audit_run_cached(ends->from, &c->from,
	    &from.rows);
	if (status != COPY_MADE)
		return status;
	from.columns = columns_at(from.rows.statement, c->table);
	sql_bind_row(&from.rows, 0);
	status = compare_all(ends, c, &from, &changed);
	ended = (enum copy_status)audit_end_row(ends->from, &from.rows,
	    &from.columns);
	if (c->is_of_bodies)
		counts->forgotten += changed;
	return status != COPY_MADE ? status : ended;
}

void
copy_bind_columns(struct sql_binding *binding, struct columns *columns,
    int first, const char *kinds, uint64_t *bytes)
{
	struct sql_value value;
	int i;

	for (i = 0; kinds[i] != '\0'; i++) {
		column_as(columns, first + i, type_of(kinds[i]), &value);
		sql_bind_value(binding, &value);
		*bytes += value.type == SQL_INTEGER ? sizeof(value.number) :
		    value.len;
	}
}

static enum copy_status
transfer_row(const struct copy_ends *ends, const struct transfer *t,
    struct columns *columns, uint64_t *bytes)
{
	struct sql_binding b = sql_bind(ends->to, statement_sql, t->to);
	enum store_status status;

	copy_bind_columns(&b, columns, 0, t->kinds, bytes);
	if (!columns_fit(columns))
		return COPY_BAD_DATA;
	sql_about(ends->to, t->about == -1 ? 0 :
	    column_between(columns, t->about, 0, COLUMN_NUMBER_MAX));
	status = sql_run(&b);
	sql_about(ends->to, 0);
	return copy_status_of_store(ends, status);
}

static enum copy_status
transfer(const struct copy_ends *ends, const struct transfer *t,
    uint64_t *count)
{
	enum copy_status status, ended;
	uint64_t bytes = 0;
	struct columns columns;
	struct sql_binding rows;

	status = (enum copy_status)audit_run_cached(ends->from, &t->from,
	    &rows);
	if (status != COPY_MADE)
		return status;
	columns = columns_at(rows.statement, t->table);
	for (*count = 0; status == COPY_MADE && sql_next(&rows); ++*count)
		status = transfer_row(ends, t, &columns, &bytes);
	ended = (enum copy_status)audit_end_row(ends->from, &rows, &columns);
	return ended != COPY_MADE ? ended : status;
}

static enum copy_status
run(const struct copy_ends *ends, enum statement id)
{
	struct sql_binding b = sql_bind(ends->to, statement_sql, id);

	return copy_status_of_store(ends, sql_run(&b));
}

/* In the order in which triggers and keys let them go. */
static enum copy_status
forget(const struct copy_ends *ends, struct copy_counts *counts)
{
	enum copy_status status = compare(ends, &bodies, counts);
	uint64_t count;

	if (status == COPY_MADE)
		status = transfer(ends, &anchor_rows, &count);
	if (status == COPY_MADE)
		status = run(ends, SQL_DELETE_ANCHORS);
	if (status == COPY_MADE)
		status = run(ends, SQL_DELETE_ROWS);
	if (status == COPY_MADE)
		status = compare(ends, &customers, counts);
	return status == COPY_MADE ? compare(ends, &sessions, counts) : status;
}

enum copy_status
copy_tables(const struct copy_ends *ends, struct copy_counts *counts)
{
	enum copy_status status = forget(ends, counts);
	uint64_t count;

	if (status == COPY_MADE)
		status = transfer(ends, &session_rows, &counts->sessions);
	if (status == COPY_MADE)
		status = transfer(ends, &customer_rows, &count);
	if (status == COPY_MADE)
		status = run(ends, SQL_DELETE_WEBHOOKS);
	if (status == COPY_MADE)
		status = transfer(ends, &webhook_rows, &count);
	if (status == COPY_MADE)
		status = run(ends, SQL_DELETE_PARKED);
	return status == COPY_MADE ? transfer(ends, &parked_rows, &count) :
	    status;
}
