#include "purge.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "column.h"
#include "erase.h"
#include "hub/job.h"
#include "session/record.h"
#include "sql.h"

enum {
	LEAST_ROWS = 100,	/* that a slice may delete; others wait for */
	MOST_ROWS = 4000,	/* ... it, and after a pause much was written */
	ROWS_PER_WRITTEN = 2,
	LOOKED_PER_DELETED = 10,
	LOOKED_MOST = 8000
};

enum statement {
	SQL_BODIES,
	SQL_DELETE_BODIES,
	SQL_ROWS,
	SQL_NOTED,
	SQL_FIRST,
	SQL_LAST,
	SQL_ENDED,
	SQL_DELETE_CUSTOMERS,
	SQL_DELETE_ROWS,
	SQL_DELETE_SESSION,
	SQL_ANCHOR,
	SQL_DELETE_ANCHOR,
	STATEMENTS
};

#define DELETE_CUSTOMERS(in, end)					\
	"DELETE FROM customer WHERE state = 2 AND id " in		\
	"SELECT c.id FROM journal AS j CROSS JOIN customer AS c"	\
	" WHERE c.session = j.session AND c.cid = j.customer"		\
	" AND j.seq <= ? AND j.event + 0 IN (1, 2)" end

/*
 * PostgreSQL would hash the sessions of an EXISTS, all that run; find few rows
 * by an index of all newcomers; and go along all customers to see who is IN:
 * it cannot with these.
 */
static const struct sql_text statement_sql[STATEMENTS] = {
	[SQL_BODIES] = { .text =
	    "SELECT b.seq, j.ts_ms, j.event, EXISTS (SELECT 1 FROM customer"
	    "  WHERE session = j.session AND cid = j.customer"
	    "  AND (name_seq = b.seq OR cart_seq = b.seq)) AS is_needed,"
	    " b.salt IS NULL AS is_empty"
	    " FROM journal_body AS b CROSS JOIN journal AS j"
	    " WHERE j.seq = b.seq AND b.seq > ? ORDER BY b.seq LIMIT ?" },
	[SQL_DELETE_BODIES] = { .text =
	    "DELETE FROM journal_body WHERE seq BETWEEN ? AND ?" },
	[SQL_ROWS] = { .text =
	    "SELECT seq, ts_ms, session, event = 1 AND revision = 1"
	    "  AND (SELECT count(*) FROM session WHERE id = journal.session"
	    "  AND incarnation = journal.incarnation AND ended_ms IS NULL) = 1"
	    "  AS begins_what_goes_on"
	    " FROM journal WHERE seq > ? ORDER BY seq LIMIT ?" },
	[SQL_NOTED] = { .text =
	    "SELECT seq, client_seq FROM journal INDEXED BY journal_purge"
	    " WHERE event = 12 ORDER BY seq DESC LIMIT 1" },
	[SQL_FIRST] = { .text =
	    "SELECT coalesce(min(seq), 0) AS seq FROM journal" },
	[SQL_LAST] = { .text =
	    "SELECT coalesce(max(seq), 0) AS seq FROM journal WHERE seq <= ?" },
	/* Behind its END come notes alone. */
	[SQL_ENDED] = { .text =
	    "SELECT DISTINCT session FROM journal"
	    " WHERE seq <= ? AND event >= 8" },
	/* Nobody asks any more whether they ever were there. */
	[SQL_DELETE_CUSTOMERS] = {
	    .text = DELETE_CUSTOMERS("IN (", ")"),
	    .postgres = DELETE_CUSTOMERS("= ANY (ARRAY(", "))") },
	[SQL_DELETE_ROWS] = { .text =
	    "DELETE FROM journal WHERE seq <= ?" },
	[SQL_DELETE_SESSION] = { .text =
	    "DELETE FROM session WHERE id = ?1 AND last_seq <= ?2"
	    " AND ended_ms IS NOT NULL"
	    " AND NOT EXISTS (SELECT 1 FROM customer WHERE session = ?1)" },
	[SQL_ANCHOR] = { .text =
	    "INSERT INTO chain_anchor (seq, hash)"
	    " SELECT seq, hash FROM journal WHERE seq = ?" },
	[SQL_DELETE_ANCHOR] = { .text =
	    "DELETE FROM chain_anchor WHERE seq < ?" },
};

enum age {
	AGE_OLD,
	AGE_YOUNG,
	AGE_UNKNOWN	/* from the future */
};

/* Bodies to be deleted, of rows without a gap. */
struct run {
	int64_t	 first;
	int64_t	 last;
	bool	 is_of_notes;
	bool	 has_newcomers;
};

/* What a slice has found. */
struct bodies {
	struct run *runs;
	size_t	 run_count;
	size_t	 count;		/* of bodies */
	bool	 needs_note;	/* for one that nothing explains yet */
};

int
purge_prepare(struct sql *sql)
{
	return sql_prepare(sql, statement_sql, STATEMENTS);
}

size_t
purge_limit(const struct retention *pass, int64_t head_row)
{
	int64_t written = pass->head_row == 0 ? 0 : head_row - pass->head_row;
	int64_t limit = written * ROWS_PER_WRITTEN;

	if (limit < LEAST_ROWS)
		return LEAST_ROWS;
	return limit < MOST_ROWS ? (size_t)limit : MOST_ROWS;
}

/* How many rows a slice looks at that deletes limit of them. */
static int64_t
rows_to_look_at(size_t limit)
{
	int64_t look = (int64_t)limit * LOOKED_PER_DELETED;

	return look < LOOKED_MOST ? look : LOOKED_MOST;
}

static enum age
age_of(const struct retention *pass, uint64_t cutoff_ms, uint64_t ms)
{
	if (ms < cutoff_ms)
		return AGE_OLD;
	return ms > pass->now_ms ? AGE_UNKNOWN : AGE_YOUNG;
}

/* What is empty already is explained, whatever it is. */
static void
add_body(struct bodies *bodies, int64_t seq, enum record_event event,
    bool is_empty)
{
	struct run *run = bodies->runs + bodies->run_count;
	/* Of those that say nothing of anybody. */
	bool is_of_note = !is_empty && (event == RECORD_ERASE ||
	    event == RECORD_RETAIN || event == RECORD_PURGE);

	if (bodies->run_count > 0 && run[-1].last + 1 == seq &&
	    run[-1].is_of_notes == is_of_note)
		run--;
	else {
		*run = (struct run){ .first = seq, .is_of_notes = is_of_note };
		bodies->run_count++;
	}
	run->last = seq;
	run->has_newcomers |= event == RECORD_START || event == RECORD_JOIN;
	bodies->count++;
	bodies->needs_note |= !is_empty && !is_of_note;
}

/* Find limit bodies, for whose runs there is room. */
static enum store_status
find_bodies(struct sql *sql, struct retention *pass, size_t limit,
    struct bodies *bodies)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_BODIES);
	const int64_t look = rows_to_look_at(limit);
	bool is_young = false;
	int64_t looked = 0;

	sql_bind_row(&b, pass->body_row);
	sql_bind_row(&b, look);
	while (bodies->count < limit && sql_next(&b)) {
		struct columns columns = columns_at(b.statement, "journal");
		int64_t seq = column_id(&columns, 0);
		enum age age = age_of(pass, pass->bodies_ms,
		    column_number(&columns, 1));
		enum record_event event = (enum record_event)column_between(
		    &columns, 2, RECORD_START, RECORD_EVENT_MAX);
		bool is_needed = column_bool(&columns, 3);
		bool is_empty = column_bool(&columns, 4);

		if (!columns_fit(&columns))
			return sql_end_row(&b, &columns);
		is_young = age == AGE_YOUNG;
		if (is_young)
			break;
		looked++;
		pass->body_row = seq;
		if (age == AGE_OLD && !is_needed)
			add_body(bodies, seq, event, is_empty);
	}
	pass->has_bodies = is_young ||
	    (b.result == SQL_DONE && looked < look);
	return sql_end_rows(&b);
}

static enum store_status
delete_bodies(struct sql *sql, int64_t first, int64_t last)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_DELETE_BODIES);

	sql_bind_row(&b, first);
	sql_bind_row(&b, last);
	return sql_run(&b);
}

static enum store_status
delete_runs(struct sql *sql, const struct bodies *bodies, bool with_notes)
{
	enum store_status status = STORE_OK;
	size_t i;

	for (i = 0; i < bodies->run_count && status == STORE_OK; i++) {
		const struct run *run = &bodies->runs[i];

		if (run->is_of_notes && !with_notes)
			continue;
		if (run->has_newcomers)
			status = erase_requests(sql, run->first, run->last);
		if (status == STORE_OK)
			status = delete_bodies(sql, run->first, run->last);
	}
	return status;
}

enum store_status
purge_bodies(struct sql *sql, struct retention *pass, size_t limit,
    bool *needs_note)
{
	struct bodies bodies = {
		.runs = xcalloc(limit, sizeof(*bodies.runs)),
	};
	enum store_status status;

	status = find_bodies(sql, pass, limit, &bodies);
	*needs_note = bodies.needs_note && !pass->is_noted;
	if (status == STORE_OK)
		status = delete_runs(sql, &bodies, bodies.needs_note ||
		    pass->note_row != 0);
	free(bodies.runs);
	return status;
}

/* The last row that may be deleted by what is noted; 0 for none. */
static enum store_status
read_noted_upto(struct sql *sql, int64_t *upto)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_NOTED);
	struct columns columns = columns_at(b.statement, "journal");
	int64_t seq;

	*upto = 0;
	if (sql_next(&b)) {
		seq = column_id(&columns, 0);
		*upto = column_between(&columns, 1, 0, seq - 1);
	}
	return sql_end_row(&b, &columns);
}

/* A row's number that the bound statement yields. */
static enum store_status
read_row_number(struct sql_binding *binding, int64_t *seq)
{
	struct columns columns = columns_at(binding->statement, "journal");

	*seq = sql_next(binding) ?
	    column_between(&columns, 0, 0, COLUMN_NUMBER_MAX) : 0;
	return sql_end_row(binding, &columns);
}

/*
 * The first row and the last one that may be deleted now, limit rows at the
 * most; *last is 0 if there are none.  *is_all: they are all that is noted.
 */
static enum store_status
find_noted_rows(struct sql *sql, size_t limit, int64_t *first, int64_t *last,
    bool *is_all)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_FIRST);
	enum store_status status;
	int64_t noted, upto;

	*last = 0;
	status = read_noted_upto(sql, &noted);
	if (status == STORE_OK)
		status = read_row_number(&b, first);
	if (status != STORE_OK)
		return status;
	upto = *first + (int64_t)limit - 1;
	*is_all = *first == 0 || noted <= upto;
	if (*first == 0 || noted < *first)
		return STORE_OK;
	b = sql_bind(sql, statement_sql, SQL_LAST);
	sql_bind_row(&b, *is_all ? noted : upto);
	return read_row_number(&b, last);
}

/* Look at further rows. */
static enum store_status
search_rows(struct sql *sql, struct retention *pass, size_t limit)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_ROWS);
	const int64_t look = rows_to_look_at(limit);
	bool is_over = false;
	int64_t looked = 0;

	sql_bind_row(&b, pass->search_row);
	sql_bind_row(&b, look);
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
		pass->search_row = seq;
		pass->is_worth_it |= is_of_session;
		if (age == AGE_OLD && pass->is_worth_it)
			pass->upto_row = seq;
	}
	pass->has_searched = is_over ||
	    (b.result == SQL_DONE && looked < look);
	return sql_end_rows(&b);
}

enum store_status
purge_find_rows(struct sql *sql, struct retention *pass, size_t limit,
    int64_t *upto)
{
	enum store_status status;
	int64_t first, last, noted;
	bool is_all;

	*upto = 0;
	status = find_noted_rows(sql, limit, &first, &last, &is_all);
	if (status != STORE_OK || pass->has_searched || !is_all)
		return status;
	status = search_rows(sql, pass, limit);
	if (status == STORE_OK)
		status = read_noted_upto(sql, &noted);
	if (status == STORE_OK && pass->upto_row > noted)
		*upto = pass->upto_row;
	return status;
}

static enum store_status
run_upto(struct sql *sql, enum statement id, int64_t row)
{
	struct sql_binding b = sql_bind(sql, statement_sql, id);

	sql_bind_row(&b, row);
	return sql_run(&b);
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
	    run_upto(sql, SQL_DELETE_ANCHOR, seq);
}

/* The sessions that may have no row any more when those up to last are gone. */
static enum store_status
find_ended_sessions(struct sql *sql, int64_t last, size_t limit,
    int64_t *sessions, size_t *count)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_ENDED);

	*count = 0;
	sql_bind_row(&b, last);
	while (*count < limit && sql_next(&b)) {
		struct columns columns = columns_at(b.statement, "journal");

		sessions[(*count)++] = column_between(&columns, 0, 0,
		    COLUMN_NUMBER_MAX);
		if (!columns_fit(&columns))
			return sql_end_row(&b, &columns);
	}
	return sql_end_rows(&b);
}

/* One that has ended, if its newest row is among those up to last. */
static enum store_status
delete_session(struct sql *sql, int64_t session, int64_t last)
{
	struct sql_binding b = sql_bind(sql, statement_sql,
	    SQL_DELETE_SESSION);

	sql_bind_row(&b, session);
	sql_bind_row(&b, last);
	return sql_run(&b);
}

/* Delete the rows from first to last, and what they alone still told of. */
static enum store_status
delete_rows(struct sql *sql, int64_t first, int64_t last,
    const int64_t *sessions, size_t count)
{
	enum store_status status;
	size_t i;

	status = move_anchor(sql, last);
	if (status == STORE_OK)
		status = delete_bodies(sql, first, last);
	if (status == STORE_OK)
		status = run_upto(sql, SQL_DELETE_CUSTOMERS, last);
	if (status == STORE_OK)
		status = run_upto(sql, SQL_DELETE_ROWS, last);
	for (i = 0; i < count && status == STORE_OK; i++)
		status = delete_session(sql, sessions[i], last);
	return status;
}

enum store_status
purge_rows(struct sql *sql, struct retention *pass, size_t limit)
{
	int64_t first, last, *sessions;
	enum store_status status;
	size_t count;
	bool is_all;

	status = find_noted_rows(sql, limit, &first, &last, &is_all);
	if (status != STORE_OK)
		return status;
	pass->has_rows = pass->has_searched && is_all;
	if (last == 0)
		return STORE_OK;
	sessions = xcalloc(limit, sizeof(*sessions));
	status = find_ended_sessions(sql, last, limit, sessions, &count);
	if (status == STORE_OK)
		status = delete_rows(sql, first, last, sessions, count);
	free(sessions);
	return status;
}
