#include "purge.h"

#include <stdbool.h>
#include <stdlib.h>

#include <sqlite3.h>

#include "base/xalloc.h"
#include "column.h"
#include "hub/job.h"
#include "session/record.h"
#include "sql.h"

enum {
	LOOK_ROWS = 1000,	/* looked at in one slice */
	PURGE_ROWS = 200	/* deleted in one slice */
};

enum statement {
	SQL_BODIES,
	SQL_ROWS,
	SQL_UPTO,
	SQL_PURGED,
	SQL_DELETE_BODY,
	SQL_DELETE_ROW,
	SQL_DELETE_CUSTOMER,
	SQL_DELETE_SESSION,
	SQL_ANCHOR,
	SQL_DELETE_ANCHOR,
	STATEMENTS
};

static const char *const statement_sql[STATEMENTS] = {
	[SQL_BODIES] =
	    "SELECT b.seq, j.ts_ms, j.event, EXISTS (SELECT 1 FROM customer"
	    "  WHERE session = j.session AND cid = j.customer"
	    "  AND (name_seq = b.seq OR cart_seq = b.seq)) AS is_needed,"
	    " EXISTS (SELECT 1 FROM journal WHERE session = j.session"
	    "  AND seq > ?3) AS is_changed"
	    " FROM journal_body AS b INDEXED BY journal_body_kept"
	    " CROSS JOIN journal AS j ON j.seq = b.seq"
	    " WHERE b.salt IS NOT NULL AND b.seq > ?1 ORDER BY b.seq LIMIT ?2",
	[SQL_ROWS] =
	    "SELECT seq, ts_ms, session, event IS 1 AND revision IS 1"
	    "  AND EXISTS (SELECT 1 FROM session WHERE id = journal.session"
	    "  AND incarnation = journal.incarnation AND ended_ms IS NULL)"
	    "  AS begins_what_goes_on"
	    " FROM journal WHERE seq > ? ORDER BY seq LIMIT ?",
	[SQL_UPTO] =
	    "SELECT seq, client_seq FROM journal INDEXED BY journal_purge"
	    " WHERE event = 12 ORDER BY seq DESC LIMIT 1",
	[SQL_PURGED] =
	    "SELECT seq, session, customer, event FROM journal"
	    " WHERE seq <= ? ORDER BY seq LIMIT ?",
	[SQL_DELETE_BODY] =
	    "DELETE FROM journal_body WHERE seq = ?",
	[SQL_DELETE_ROW] =
	    "DELETE FROM journal WHERE seq = ?",
	[SQL_DELETE_CUSTOMER] =
	    "DELETE FROM customer WHERE session = ? AND cid = ? AND state = 2",
	[SQL_DELETE_SESSION] =
	    "DELETE FROM session WHERE id = ?1 AND ended_ms IS NOT NULL"
	    " AND NOT EXISTS (SELECT 1 FROM journal WHERE session = ?1)"
	    " AND NOT EXISTS (SELECT 1 FROM customer WHERE session = ?1)",
	[SQL_ANCHOR] =
	    "INSERT INTO chain_anchor (seq, hash)"
	    " SELECT seq, hash FROM journal WHERE seq = ?",
	[SQL_DELETE_ANCHOR] =
	    "DELETE FROM chain_anchor WHERE seq < ?",
};

/* A row to be purged. */
struct purged {
	int64_t	 seq;
	int64_t	 session;
	bool	 has_customer;
	struct customer_id customer;
	enum record_event event;
};

enum age {
	AGE_OLD,
	AGE_YOUNG,
	AGE_UNKNOWN	/* from the future */
};

int
purge_prepare(struct sql *sql)
{
	return sql_prepare(sql, statement_sql, STATEMENTS);
}

static enum age
age_of(const struct retention *pass, uint64_t cutoff_ms, uint64_t ms)
{
	if (ms < cutoff_ms)
		return AGE_OLD;
	return ms > pass->now_ms ? AGE_UNKNOWN : AGE_YOUNG;
}

static enum record_event
read_purged_event(struct columns *columns, int column)
{
	return (enum record_event)column_between(columns, column,
	    RECORD_START, RECORD_PURGE);
}

/* The pass has nothing more to do in its step. */
static void
end_step(struct retention *pass)
{
	pass->step++;
	pass->after_row = 0;
	if (pass->step == RETENTION_SEARCH && pass->rows_ms == 0)
		pass->step = RETENTION_OVER;
}

/* A row with a body, as SQL_BODIES yields it. */
struct candidate {
	int64_t	 seq;
	enum age age;
	enum record_event event;
	bool	 is_needed;		/* something points to the body */
	bool	 is_changed;		/* its session, since the pass's note */
};

static void
read_candidate(struct columns *columns, const struct retention *pass,
    struct candidate *candidate)
{
	candidate->seq = column_id(columns, 0);
	candidate->age = age_of(pass, pass->bodies_ms,
	    column_number(columns, 1));
	candidate->event = read_purged_event(columns, 2);
	candidate->is_needed = column_bool(columns, 3);
	candidate->is_changed = column_bool(columns, 4);
}

static void
add_body(struct purge_slice *slice, const struct candidate *candidate)
{
	slice->seqs[slice->count++] = candidate->seq;
	slice->is_worth_it |= candidate->event < RECORD_ERASE;
	slice->needs_note |= candidate->is_changed;
}

enum store_status
purge_find_bodies(struct sql *sql, struct retention *pass,
    struct purge_slice *slice)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_BODIES);
	struct candidate candidate = { .age = AGE_OLD };
	int looked = 0;

	*slice = (struct purge_slice){
		.is_worth_it = pass->note_row != 0,
		.needs_note = pass->note_row == 0,
	};
	sql_bind_row(&b, pass->after_row);
	sql_bind_row(&b, LOOK_ROWS);
	sql_bind_row(&b, pass->note_row);
	while (slice->count < ERASE_SLICE && sql_next(&b)) {
		struct columns columns = columns_at(b.statement, "journal");

		read_candidate(&columns, pass, &candidate);
		if (!columns_fit(&columns))
			return sql_end_row(&b, &columns);
		if (candidate.age == AGE_YOUNG)
			break;
		looked++;
		pass->after_row = candidate.seq;
		if (candidate.age == AGE_OLD && !candidate.is_needed)
			add_body(slice, &candidate);
	}
	if (!slice->is_worth_it)
		slice->count = 0;
	if (candidate.age == AGE_YOUNG ||
	    (b.rc == SQLITE_DONE && looked < LOOK_ROWS))
		end_step(pass);
	return sql_end_rows(&b);
}

/* The last row that may be deleted by what is noted; 0 for none. */
static enum store_status
read_noted_upto(struct sql *sql, int64_t *upto)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_UPTO);
	struct columns columns = columns_at(b.statement, "journal");
	int64_t seq;

	*upto = 0;
	if (sql_next(&b)) {
		seq = column_id(&columns, 0);
		*upto = column_between(&columns, 1, 0, seq - 1);
	}
	return sql_end_row(&b, &columns);
}

/*
 * The search is over: if it was worth it, as more than notes on earlier passes
 * can go, and that is not noted yet, *upto is what to note.
 */
static enum store_status
end_row_search(struct sql *sql, struct retention *pass, int64_t *upto)
{
	enum store_status status;
	int64_t noted;

	end_step(pass);
	status = read_noted_upto(sql, &noted);
	if (status == STORE_OK && pass->upto_row > noted)
		*upto = pass->upto_row;
	return status;
}

enum store_status
purge_find_last_row(struct sql *sql, struct retention *pass,
    int64_t *upto)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_ROWS);
	enum store_status status;
	bool is_over = false;
	int looked = 0;

	*upto = 0;
	sql_bind_row(&b, pass->after_row);
	sql_bind_row(&b, LOOK_ROWS);
	while (!is_over && sql_next(&b)) {
		struct columns columns = columns_at(b.statement, "journal");
		enum age age;
		bool is_needed, is_of_session;
		int64_t seq;

		looked++;
		seq = column_id(&columns, 0);
		age = age_of(pass, pass->rows_ms, column_number(&columns, 1));
		is_of_session = column_between(&columns, 2, 0,
		    COLUMN_NUMBER_MAX) != 0;
		is_needed = column_bool(&columns, 3);
		if (!columns_fit(&columns))
			return sql_end_row(&b, &columns);
		is_over = age == AGE_YOUNG || is_needed;
		if (is_over)
			continue;
		pass->after_row = seq;
		pass->is_worth_it |= is_of_session;
		if (age == AGE_OLD && pass->is_worth_it)
			pass->upto_row = pass->after_row;
	}
	is_over |= b.rc == SQLITE_DONE && looked < LOOK_ROWS;
	status = sql_end_rows(&b);
	return status == STORE_OK && is_over ?
	    end_row_search(sql, pass, upto) : status;
}

/* Read the row that SQL_PURGED stands at. */
static void
read_purged(struct columns *columns, struct purged *purged)
{
	purged->seq = column_id(columns, 0);
	purged->session = column_between(columns, 1, 0, COLUMN_NUMBER_MAX);
	purged->has_customer = column_customer_or_none(columns, 2,
	    &purged->customer);
	purged->event = read_purged_event(columns, 3);
}

static enum store_status
read_purged_rows(struct sql *sql, int64_t upto,
    struct purged rows[PURGE_ROWS], size_t *count)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_PURGED);

	*count = 0;
	sql_bind_row(&b, upto);
	sql_bind_row(&b, PURGE_ROWS);
	while (sql_next(&b)) {
		struct columns columns = columns_at(b.statement, "journal");

		read_purged(&columns, &rows[(*count)++]);
		if (!columns_fit(&columns))
			return sql_end_row(&b, &columns);
	}
	return sql_end_rows(&b);
}

/* One that stays would be found again for ever. */
static enum store_status
delete_row(struct sql *sql, int64_t seq)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_DELETE_ROW);

	sql_bind_row(&b, seq);
	return sql_run_one(&b);
}

static enum store_status
delete_where(struct sql *sql, enum statement id, int64_t row)
{
	struct sql_binding b = sql_bind(sql, statement_sql, id);

	sql_bind_row(&b, row);
	return sql_run(&b);
}

/* Nobody asks any more whether it ever was there. */
static enum store_status
delete_customer(struct sql *sql, const struct purged *purged)
{
	char digits[ID_CUSTOMER_HEX + 1];
	struct sql_binding b = sql_bind(sql, statement_sql,
	    SQL_DELETE_CUSTOMER);

	sql_bind_row(&b, purged->session);
	sql_bind_customer(&b, &purged->customer, digits);
	return sql_run(&b);
}

/* Delete a row and what it was the last to tell of. */
static enum store_status
purge_row(struct sql *sql, const struct purged *purged)
{
	enum store_status status;

	status = delete_where(sql, SQL_DELETE_BODY, purged->seq);
	if (status == STORE_OK)
		status = delete_row(sql, purged->seq);
	if (status == STORE_OK && purged->has_customer &&
	    (purged->event == RECORD_START || purged->event == RECORD_JOIN))
		status = delete_customer(sql, purged);
	/* Behind its END come notes alone. */
	if (status == STORE_OK && purged->event >= RECORD_END)
		status = delete_where(sql, SQL_DELETE_SESSION,
		    purged->session);
	return status;
}

/* Row seq, which is about to be deleted, is the one before the first. */
static enum store_status
move_anchor(struct sql *sql, int64_t seq)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_ANCHOR);
	enum store_status status;

	sql_bind_row(&b, seq);
	status = sql_run_one(&b);
	return status != STORE_OK ? status :
	    delete_where(sql, SQL_DELETE_ANCHOR, seq);
}

enum store_status
purge_delete_rows(struct sql *sql, struct retention *pass)
{
	struct purged rows[PURGE_ROWS];
	enum store_status status;
	size_t i, count = 0;
	int64_t upto;

	status = read_noted_upto(sql, &upto);
	if (status == STORE_OK)
		status = read_purged_rows(sql, upto, rows, &count);
	if (status == STORE_OK && count > 0)
		status = move_anchor(sql, rows[count - 1].seq);
	for (i = 0; i < count && status == STORE_OK; i++)
		status = purge_row(sql, &rows[i]);
	if (status == STORE_OK && count < PURGE_ROWS)
		end_step(pass);
	return status;
}
