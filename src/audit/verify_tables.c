#include "verify_tables.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "report.h"
#include "session/record.h"
#include "session/session.h"
#include "storage/column.h"
#include "storage/sql.h"

enum statement {
	SQL_SESSIONS,
	SQL_CUSTOMERS,
	SQL_NEWCOMERS,
	SQL_ALL,
	SQL_NO_ROWS,
	SQL_NOTED,
	SQL_STRAY,
	SQL_LINGERER,
	SQL_LOCKED_END,
	STATEMENTS
};

/* As many as VERIFY_TABLES_MAX: what there are fewer of is none's. */
#define FOUR(four)	four ", " four ", " four ", " four
#define ALL(one)	FOUR(FOUR(one)) ", " FOUR(FOUR(one))

static const struct sql_text statement_sql[STATEMENTS] = {
	[SQL_SESSIONS] = { .text =
	    "WITH wanted (n, session, incarnation) AS"
	    " (VALUES " ALL("(?, ?, ?)") ")"
	    " SELECT n, s.incarnation, revision, ended_ms, locked_ms,"
	    " (SELECT count(*) FROM customer AS c"
	    "  WHERE c.session = wanted.session AND c.state IN (0, 1, 2)"
	    "  AND c.incarnation = wanted.incarnation)"
	    " FROM wanted CROSS JOIN session AS s"
	    " WHERE s.id = wanted.session ORDER BY n" },
	[SQL_CUSTOMERS] = { .text =
	    "WITH wanted (n, session, cid, seq) AS"
	    " (VALUES " ALL("(?, ?, ?, ?)") ")"
	    " SELECT incarnation, is_host, is_ready, has_token, state,"
	    " left_revision, name_seq, cart_seq, seq_cart, seq_ready,"
	    " request IS NOT DISTINCT FROM (SELECT request FROM journal_body"
	    "  WHERE journal_body.seq = wanted.seq) AS request,"
	    " id, n FROM wanted CROSS JOIN customer AS c"
	    " WHERE c.session = wanted.session AND c.cid = wanted.cid"
	    " ORDER BY n" },
	[SQL_NEWCOMERS] = { .text =
	    "SELECT count(*) FROM journal INDEXED BY journal_newcomer"
	    " WHERE session = ? AND incarnation = ? AND event IN (1, 2)" },
	[SQL_ALL] = { .text =
	    "SELECT (SELECT count(*) FROM customer) AS customers,"
	    " (SELECT count(*) FROM journal INDEXED BY journal_newcomer"
	    "  WHERE event IN (1, 2)) AS came" },
	[SQL_NO_ROWS] = { .text =
	    "SELECT id, name FROM session AS s"
	    " WHERE NOT EXISTS (SELECT 1 FROM journal WHERE seq = s.last_seq)"
	    " LIMIT 1" },
	[SQL_NOTED] = { .text =
	    "SELECT name, incarnation IS NOT DISTINCT FROM"
	    "  (SELECT incarnation FROM journal WHERE seq = s.last_seq)"
	    "  AS is_right"
	    " FROM session AS s WHERE ?1 IN (0, id) AND NOT EXISTS ("
	    " WITH RECURSIVE back (seq, event, previous_seq) AS ("
	    "  SELECT seq, event, previous_seq FROM journal"
	    "   WHERE seq = s.last_seq"
	    "  UNION ALL SELECT j.seq, j.event, j.previous_seq FROM back"
	    "   CROSS JOIN journal AS j"
	    "   WHERE j.seq = back.previous_seq AND j.seq < back.seq)"
	    " SELECT 1 FROM back WHERE event NOT IN (9, 10, 11, 12, 15))" },
	[SQL_STRAY] = { .text =
	    "SELECT c.id FROM customer AS c"
	    " LEFT JOIN session AS s ON s.id = c.session"
	    " WHERE s.id IS NULL"
	    " OR (c.incarnation BETWEEN 1 AND s.incarnation) IS NOT TRUE"
	    " LIMIT 1" },
	[SQL_LINGERER] = { .text =
	    "SELECT c.id FROM customer AS c JOIN session AS s"
	    " ON s.id = c.session WHERE (s.ended_ms IS NOT NULL"
	    "  OR c.incarnation < s.incarnation)"
	    " AND (c.state IS DISTINCT FROM 2 OR c.name_seq IS NOT NULL"
	    "  OR c.cart_seq IS NOT NULL) LIMIT 1" },
	[SQL_LOCKED_END] = { .text =
	    "SELECT name FROM session WHERE locked_ms IS NOT NULL"
	    " AND ended_ms IS NOT NULL LIMIT 1" },
};

/* The columns of SQL_CUSTOMERS that are compared as numbers. */
static const char *const compared_names[] = {
	"incarnation", "is_host", "is_ready", "has_token", "state",
	"left_revision", "name_seq", "cart_seq", "seq_cart", "seq_ready",
};
enum {
	COLUMN_NAME_SEQ = 6,
	COLUMN_CART_SEQ,
	CUSTOMER_NUMBERS = 10,
	COLUMN_REQUEST = CUSTOMER_NUMBERS,
	COLUMN_ID,
	COLUMN_N
};

/* A customer to be compared. */
struct wanted {
	const struct audit_replayed *replayed;
	const struct customer *customer;
	bool	 is_first;		/* of its session's */
};

struct verify_tables {
	struct audit *audit;
	struct audit_report *report;
	struct wanted wanted[VERIFY_TABLES_MAX];
	size_t	 wanted_count;
	int64_t	 id;			/* of the customer compared last */
	struct sql_statement *statements[STATEMENTS];
};

enum audit_status
verify_tables_new(struct audit *audit, struct audit_report *report,
    struct verify_tables **made)
{
	struct verify_tables *stored = xcalloc(1, sizeof(*stored));
	enum audit_status status;

	stored->audit = audit;
	stored->report = report;
	status = audit_prepare_all(audit, statement_sql, stored->statements,
	    STATEMENTS);
	if (status == AUDIT_OK)
		*made = stored;
	else
		verify_tables_free(stored);
	return status;
}

void
verify_tables_free(struct verify_tables *stored)
{
	if (stored == NULL)
		return;
	sql_finalize(stored->statements, STATEMENTS);
	free(stored);
}

static struct sql_binding
run_statement(const struct verify_tables *stored, enum statement id)
{
	return sql_run_of(stored->statements[id]);
}

struct payload *
audit_pointer_new(const struct audit_row *row)
{
	struct audit_pointer pointer = {
		.seq = row->seq,
		.event = row->record.event,
		.time_ms = row->record.time_ms,
		.is_expired = row->is_expired,
	};

	return payload_new(&pointer, sizeof(pointer));
}

void
audit_pointer_read(const struct payload *payload, struct audit_pointer *pointer)
{
	if (payload == NULL)
		*pointer = (struct audit_pointer){ .seq = 0 };
	else
		memcpy(pointer, payload->data, sizeof(*pointer));
}

static int64_t
pointed_seq(const struct payload *payload)
{
	struct audit_pointer pointer;

	audit_pointer_read(payload, &pointer);
	return pointer.seq;
}

/* Say that the tables disagree with the replay's last row. */
#define DIFFER(stored, replayed, ...)					\
	audit_report_fault((stored)->report, &(replayed)->last, __VA_ARGS__)

static void
list_numbers(const struct customer *customer, int64_t out[CUSTOMER_NUMBERS])
{
	const int64_t numbers[CUSTOMER_NUMBERS] = {
		(int64_t)customer->incarnation,
		customer->is_host,
		customer->is_ready,
		customer->has_token,
		customer->state,
		(int64_t)customer->left_revision,
		pointed_seq(customer->name),
		pointed_seq(customer->cart),
		(int64_t)customer->seq[SEQUENCE_CART],
		(int64_t)customer->seq[SEQUENCE_READY],
	};

	memcpy(out, numbers, sizeof(numbers));
}

/* NULL is 0 in those that point to bodies. */
static int64_t
read_compared(struct columns *columns, int column)
{
	return column == COLUMN_NAME_SEQ || column == COLUMN_CART_SEQ ?
	    column_row_or_none(columns, column) :
	    (int64_t)column_number(columns, column);
}

/* Compare with the row of the tables that the statement stands at. */
static enum audit_status
compare_fields(struct verify_tables *stored,
    const struct audit_replayed *replayed,
    const struct customer *customer, struct columns *columns)
{
	char cid[ID_CUSTOMER_HEX + 1];
	int64_t numbers[CUSTOMER_NUMBERS], number;
	bool has_request = column_bool(columns, COLUMN_REQUEST);
	int i;

	customer_id_format(&customer->id, cid);
	list_numbers(customer, numbers);
	for (i = 0; i < CUSTOMER_NUMBERS; i++) {
		number = read_compared(columns, i);
		if (!columns_fit(columns))
			return audit_report_misfit(stored->report, columns);
		if (number != numbers[i])
			return DIFFER(stored, replayed, "customer %s: %s is "
			    "%lld in the tables, and by the journal %lld", cid,
			    compared_names[i], (long long)number,
			    (long long)numbers[i]);
	}
	if (!has_request)
		return DIFFER(stored, replayed, "customer %s: request in the "
		    "tables is not that of row %" PRId64, cid, customer->row);
	return AUDIT_OK;
}

/* Compare the row that SQL_CUSTOMERS stands at. */
static enum audit_status
compare_customer(struct verify_tables *stored, const struct wanted *wanted,
    struct columns *columns)
{
	int64_t before = wanted->is_first ? 0 : stored->id;
	char cid[ID_CUSTOMER_HEX + 1];

	stored->id = column_id(columns, COLUMN_ID);
	if (!columns_fit(columns))
		return audit_report_misfit(stored->report, columns);
	if (stored->id > before)
		return compare_fields(stored, wanted->replayed,
		    wanted->customer, columns);
	customer_id_format(&wanted->customer->id, cid);
	return DIFFER(stored, wanted->replayed, "customer %s: id is lower than "
	    "that of one who came before", cid);
}

static enum audit_status
report_missing_customer(struct verify_tables *stored,
    const struct wanted *wanted)
{
	char cid[ID_CUSTOMER_HEX + 1];

	customer_id_format(&wanted->customer->id, cid);
	return DIFFER(stored, wanted->replayed,
	    "customer %s is missing in the tables", cid);
}

static void
bind_wanted(struct sql_binding *rows, const struct verify_tables *stored,
    char cids[VERIFY_TABLES_MAX][ID_CUSTOMER_HEX + 1])
{
	const struct wanted *wanted = stored->wanted;
	size_t i;

	for (i = 0; i < stored->wanted_count; i++, wanted++) {
		customer_id_format(&wanted->customer->id, cids[i]);
		sql_bind_number(rows, i);
		sql_bind_row(rows, wanted->replayed->row);
		sql_bind_text(rows, cids[i], ID_CUSTOMER_HEX);
		sql_bind_row(rows, wanted->customer->row);
	}
	for (; i < VERIFY_TABLES_MAX; i++) {
		sql_bind_number(rows, i);
		sql_bind_row(rows, 0);
		sql_bind_text(rows, "", 0);
		sql_bind_row(rows, 0);
	}
}

/* Compare those that are wanted. */
static enum audit_status
compare_wanted(struct verify_tables *stored)
{
	char cids[VERIFY_TABLES_MAX][ID_CUSTOMER_HEX + 1];
	struct sql_binding rows = run_statement(stored, SQL_CUSTOMERS);
	struct columns columns = columns_at(rows.statement, "customer");
	enum audit_status status = AUDIT_OK;
	size_t i;

	if (stored->wanted_count == 0)
		return AUDIT_OK;
	bind_wanted(&rows, stored, cids);
	for (i = 0; i < stored->wanted_count && status == AUDIT_OK; i++) {
		if (sql_next(&rows) && column_number(&columns, COLUMN_N) == i)
			status = compare_customer(stored, &stored->wanted[i],
			    &columns);
		else if (rows.result != SQL_FAILED)
			status = report_missing_customer(stored,
			    &stored->wanted[i]);
		else
			break;
	}
	stored->wanted_count = 0;
	return audit_end_walk(stored->audit, &rows, status);
}

static enum audit_status
want_customer(struct verify_tables *stored, const struct wanted *wanted)
{
	stored->wanted[stored->wanted_count++] = *wanted;
	return stored->wanted_count < VERIFY_TABLES_MAX ? AUDIT_OK :
	    compare_wanted(stored);
}

/* All that are known of a session, or those of them who are gone. */
static enum audit_status
want_customers(struct verify_tables *stored,
    const struct audit_replayed *replayed, bool are_gone)
{
	struct wanted wanted = { .replayed = replayed, .is_first = true };
	enum audit_status status = AUDIT_OK;

	TAILQ_FOREACH(wanted.customer, &replayed->session->customers, entry) {
		if (are_gone && wanted.customer->state != CUSTOMER_GONE)
			continue;
		status = want_customer(stored, &wanted);
		if (status != AUDIT_OK)
			break;
		wanted.is_first = false;
	}
	return status;
}

enum audit_status
verify_tables_gone(struct verify_tables *stored,
    const struct audit_replayed *replayed)
{
	enum audit_status status = want_customers(stored, replayed, true);

	return status != AUDIT_OK ? status : compare_wanted(stored);
}

enum audit_status
verify_tables_customers(struct verify_tables *stored,
    const struct audit_replayed *const *replayed, size_t count)
{
	enum audit_status status = AUDIT_OK;
	size_t i;

	for (i = 0; i < count && status == AUDIT_OK; i++)
		status = want_customers(stored, replayed[i], false);
	return status != AUDIT_OK ? status : compare_wanted(stored);
}

/* How many have come to this incarnation by the rows that are there. */
static enum audit_status
count_newcomers(struct verify_tables *stored,
    const struct audit_replayed *replayed, uint64_t *number)
{
	struct sql_binding rows = run_statement(stored, SQL_NEWCOMERS);
	struct columns columns = columns_at(rows.statement, "journal");

	sql_bind_row(&rows, replayed->row);
	sql_bind_row(&rows, (int64_t)replayed->session->incarnation);
	*number = sql_next(&rows) ? column_number(&columns, 0) : 0;
	return audit_end_rows(stored->audit, &rows);
}

/*
 * Where the beginning of an incarnation is not known, customers are as many as
 * came by the rows that are there: with such a row goes the customer.
 */
enum audit_status
verify_tables_count(struct verify_tables *stored,
    const struct audit_replayed *replayed,
    const struct verify_tables_row *row)
{
	enum audit_status status = AUDIT_OK;
	uint64_t came = replayed->newcomers;

	if (replayed->is_partial)
		status = count_newcomers(stored, replayed, &came);
	if (status == AUDIT_OK && row->customers != came)
		return DIFFER(stored, replayed, "%" PRIu64 " customers of this "
		    "incarnation are in the tables, and in the journal %"
		    PRIu64, row->customers, came);
	return status;
}

static void
bind_sessions(struct sql_binding *rows,
    const struct audit_replayed *const *replayed, size_t count)
{
	size_t i;

	for (i = 0; i < VERIFY_TABLES_MAX; i++) {
		sql_bind_number(rows, i);
		sql_bind_row(rows, i < count ? replayed[i]->row : 0);
		sql_bind_number(rows, i < count ?
		    replayed[i]->session->incarnation : 0);
	}
}

static void
read_session(struct columns *columns, const struct audit_replayed *replayed,
    struct verify_tables_row *row)
{
	columns->row = replayed->row;
	row->incarnation = column_number(columns, 1);
	row->revision = column_number(columns, 2);
	row->is_running = column_is_null(columns, 3);
	if (!row->is_running)
		row->ended_ms = column_number(columns, 3);
	row->is_locked = !column_is_null(columns, 4);
	if (row->is_locked)
		row->locked_ms = column_number(columns, 4);
	row->customers = column_number(columns, 5);
}

enum audit_status
verify_tables_read(struct verify_tables *stored,
    const struct audit_replayed *const *replayed, size_t count,
    struct verify_tables_row *read)
{
	struct sql_binding rows = run_statement(stored, SQL_SESSIONS);
	struct columns columns = columns_at(rows.statement, "session");
	enum audit_status status = AUDIT_OK;
	size_t i;

	bind_sessions(&rows, replayed, count);
	for (i = 0; i < count && status == AUDIT_OK; i++) {
		read[i] = (struct verify_tables_row){ .incarnation = 0 };
		if (sql_next(&rows) && column_number(&columns, 0) == i)
			read_session(&columns, replayed[i], &read[i]);
		else if (rows.result != SQL_FAILED)
			status = DIFFER(stored, replayed[i],
			    "its session is missing in the tables");
		else
			break;
		if (!columns_fit(&columns))
			status = audit_report_misfit(stored->report, &columns);
	}
	return audit_end_walk(stored->audit, &rows, status);
}

/* Nobody says how a session is locked whose START is not known, if it runs. */
static enum audit_status
compare_lock(struct verify_tables *stored,
    const struct audit_replayed *replayed,
    const struct verify_tables_row *row)
{
	const struct session *session = replayed->session;

	if (session->is_running && replayed->is_partial)
		return AUDIT_OK;
	if (row->is_locked != session->is_locked)
		return DIFFER(stored, replayed, "the session is %s by the "
		    "tables, but not by the journal",
		    row->is_locked ? "locked" : "not locked");
	if (row->locked_ms != session->locked_ms)
		return DIFFER(stored, replayed, "the session is locked since "
		    "another time in the tables");
	return AUDIT_OK;
}

enum audit_status
verify_tables_session(struct verify_tables *stored,
    const struct audit_replayed *replayed,
    const struct verify_tables_row *row)
{
	const struct session *session = replayed->session;

	if (row->incarnation != session->incarnation ||
	    row->revision != session->revision)
		return DIFFER(stored, replayed, "the session is at %" PRIu64
		    ".%" PRIu64 " in the tables, and by the journal at %"
		    PRIu64 ".%" PRIu64, row->incarnation, row->revision,
		    session->incarnation, session->revision);
	if (row->is_running != session->is_running)
		return DIFFER(stored, replayed, "the session %s by the tables, "
		    "but not by the journal",
		    row->is_running ? "runs" : "has ended");
	if (!row->is_running && row->ended_ms != session->active_ms)
		return DIFFER(stored, replayed, "the session's end is at "
		    "another time in the tables");
	return compare_lock(stored, replayed, row);
}

/* With the last row of a session in the journal goes the session. */
static enum audit_status
compare_rowless(struct verify_tables *stored)
{
	struct sql_binding rows = run_statement(stored, SQL_NO_ROWS);
	struct columns columns = columns_at(rows.statement, "session");
	enum audit_status status = AUDIT_OK;

	/* A name that cannot be is none. */
	if (sql_next(&rows))
		status = audit_report_session(stored->report,
		    column_session(&columns, 1),
		    "the session is in the tables, but not in the journal");
	return audit_end_walk(stored->audit, &rows, status);
}

/*
 * Incarnations that are met on the walk have the customers that they must have;
 * so there are none beside them if all together are as many as came.
 */
static enum audit_status
compare_customer_total(struct verify_tables *stored)
{
	struct sql_binding rows = run_statement(stored, SQL_ALL);
	struct columns columns = columns_at(rows.statement, "customer");
	uint64_t here = 0, came = 0;
	enum audit_status status;

	if (sql_next(&rows)) {
		here = column_number(&columns, 0);
		came = column_number(&columns, 1);
	}
	status = audit_end_rows(stored->audit, &rows);
	return status != AUDIT_OK || here == came ? status :
	    audit_report_fault(stored->report, NULL, "%" PRIu64 " customers "
	    "are in the tables, and came by the journal %" PRIu64, here, came);
}

/* What statement id finds is a customer that cannot be. */
static enum audit_status
report_impossible(struct verify_tables *stored, enum statement id,
    const char *why)
{
	struct sql_binding rows = run_statement(stored, id);
	struct columns columns = columns_at(rows.statement, "customer");
	enum audit_status status = AUDIT_OK;

	if (sql_next(&rows))
		status = audit_report_fault(stored->report, NULL, "row %"
		    PRId64 " of customer %s", column_between(&columns, 0,
		    INT64_MIN, INT64_MAX), why);
	return audit_end_walk(stored->audit, &rows, status);
}

static enum audit_status
report_locked_end(struct verify_tables *stored)
{
	struct sql_binding rows = run_statement(stored, SQL_LOCKED_END);
	struct columns columns = columns_at(rows.statement, "session");
	enum audit_status status = AUDIT_OK;

	if (sql_next(&rows))
		status = audit_report_session(stored->report,
		    column_session(&columns, 0),
		    "the session is locked, though it ended");
	return audit_end_walk(stored->audit, &rows, status);
}

enum audit_status
verify_tables_notes_only(struct verify_tables *stored, int64_t session_row)
{
	struct sql_binding rows = run_statement(stored, SQL_NOTED);
	enum audit_status status = AUDIT_OK;

	sql_bind_row(&rows, session_row);
	while (status == AUDIT_OK && sql_next(&rows)) {
		struct columns columns = columns_at(rows.statement, "session");

		stored->report->noted++;
		if (!column_bool(&columns, 1))
			status = audit_report_session(stored->report,
			    column_session(&columns, 0), "the session is of "
			    "another incarnation in the tables than in its "
			    "last row");
	}
	return audit_end_walk(stored->audit, &rows, status);
}

enum audit_status
verify_tables_extra(struct verify_tables *stored)
{
	enum audit_status status = compare_rowless(stored);

	if (status == AUDIT_OK)
		status = compare_customer_total(stored);
	if (status == AUDIT_OK)
		status = report_impossible(stored, SQL_STRAY,
		    "has no session that it can have been in");
	if (status == AUDIT_OK)
		status = report_impossible(stored, SQL_LINGERER,
		    "is not gone, though its session ended");
	if (status == AUDIT_OK)
		status = report_locked_end(stored);
	return status;
}
