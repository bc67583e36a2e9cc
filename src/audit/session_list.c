#include "session_list.h"

#include <string.h>

#include "base/buf.h"
#include "base/id.h"
#include "session/record.h"
#include "storage/column.h"
#include "storage/sql.h"

static const struct sql_text next_sql = { .text =
    "SELECT id, name, incarnation, revision, ended_ms, active_ms,"
    " locked_ms FROM session WHERE id > ? ORDER BY id LIMIT 1" };
static const struct sql_text find_sql = { .text =
    "SELECT id, name, incarnation, revision, ended_ms, active_ms,"
    " locked_ms FROM session WHERE name = ?" };
static const struct sql_text ids_sql = { .text =
    "SELECT name FROM session WHERE name >= ?1 ORDER BY name LIMIT ?2" };
static const struct sql_text of_customer_sql = { .text =
    "SELECT s.id, s.name FROM customer AS c JOIN session AS s"
    " ON s.id = c.session WHERE c.cid = ?1 AND s.id > ?2"
    " ORDER BY s.id LIMIT 1" };
static const struct sql_text counts_sql = { .text =
    "SELECT state, count(*) FROM customer"
    " WHERE session = ? AND incarnation = ? GROUP BY state" };
/*
 * The first one is the oldest newcomer, unless rows before it were purged.  Were
 * j.session compared with the parameter, SQLite would prepare the statement for
 * each value anew: it might be the 0 that journal_sessionless is for.
 */
static const struct sql_text ends_sql = { .text =
    "SELECT f.seq, f.ts_ms, l.seq, l.ts_ms FROM session AS s"
    " CROSS JOIN journal AS n CROSS JOIN journal AS f CROSS JOIN journal AS l"
    " WHERE s.id = ?1 AND n.seq = coalesce((SELECT min(seq)"
    "  FROM journal INDEXED BY journal_newcomer"
    "  WHERE session = ?1 AND event IN (1, 2)), s.last_seq)"
    " AND f.seq = CASE WHEN n.previous_seq IS NULL THEN n.seq ELSE"
    "  (WITH RECURSIVE back (seq, previous_seq) AS ("
    "   SELECT n.seq, n.previous_seq"
    "   UNION ALL SELECT j.seq, j.previous_seq FROM back"
    "   CROSS JOIN journal AS j WHERE j.seq = back.previous_seq"
    "   AND j.session = n.session AND j.seq < back.seq)"
    "  SELECT min(seq) FROM back) END"
    " AND l.seq = s.last_seq" };
static const struct sql_text host_sql = { .text =
    "SELECT b.name FROM customer AS c"
    " LEFT JOIN journal_body AS b ON b.seq = c.name_seq"
    " WHERE c.session = ?1 AND c.state IN (0, 1) AND c.is_host = 1"
    " ORDER BY c.id DESC LIMIT 1" };
static const struct sql_text last_host_sql = { .text =
    "SELECT b.name FROM journal AS j INDEXED BY journal_newcomer"
    " LEFT JOIN journal_body AS b ON b.seq = j.seq"
    " WHERE j.session = ?1 AND j.event IN (1, 2) AND j.customer ="
    " (SELECT cid FROM customer WHERE session = ?1 AND incarnation = ?2"
    "  AND is_host = 1 ORDER BY id DESC LIMIT 1) ORDER BY j.seq LIMIT 1" };

void
audit_session_clear(struct audit_session *session)
{
	payload_unref(session->name);
	payload_unref(session->host);
	*session = (struct audit_session){ .row = 0 };
}

static void
read_session(struct columns *columns, struct audit_session *session)
{
	session->row = column_id(columns, 0);
	session->name = column_session(columns, 1);
	session->incarnation = column_number(columns, 2);
	session->revision = column_number(columns, 3);
	session->is_running = column_is_null(columns, 4);
	if (!session->is_running)
		session->ended_ms = column_number(columns, 4);
	session->active_ms = column_number(columns, 5);
	if (!column_is_null(columns, 6))
		session->locked_ms = column_number(columns, 6);
}

static void
read_count(struct columns *columns, struct audit_session *session)
{
	int64_t state = column_between(columns, 0, CUSTOMER_SEATED,
	    CUSTOMER_GONE);

	session->counts[state] = (size_t)column_number(columns, 1);
}

static void
read_first_and_last(struct columns *columns, struct audit_session *session)
{
	session->first_seq = column_id(columns, 0);
	session->first_ms = column_number(columns, 1);
	session->last_seq = column_id(columns, 2);
	session->last_ms = column_number(columns, 3);
}

static void
read_host(struct columns *columns, struct audit_session *session)
{
	payload_unref(session->host);
	session->has_host = true;
	session->host = column_text_or_none(columns, 0, 0, COLUMN_TEXT_MAX);
}

/* What is read about a session. */
struct part {
	const struct sql_text *sql;
	const char *table;
	void	(*read)(struct columns *columns, struct audit_session *session);
	bool	 is_of_incarnation;	/* its second parameter */
};

static const struct part counts = { &counts_sql, "customer", read_count, true };
static const struct part ends = { &ends_sql, "journal", read_first_and_last,
    false };
static const struct part host = { &host_sql, "journal_body", read_host, false };
static const struct part last_host = { &last_host_sql, "journal_body",
    read_host, true };

/* Read each row that there is of the part. */
static enum audit_status
read_rows(struct audit *audit, const struct part *part,
    struct audit_session *session)
{
	enum audit_status status;
	struct sql_binding rows;
	struct columns columns;

	status = audit_run_cached(audit, part->sql, &rows);
	if (status != AUDIT_OK)
		return status;
	columns = columns_at(rows.statement, part->table);
	sql_bind_row(&rows, session->row);
	if (part->is_of_incarnation)
		sql_bind_row(&rows, (int64_t)session->incarnation);
	while (columns_fit(&columns) && sql_next(&rows))
		part->read(&columns, session);
	return audit_end_row(audit, &rows, &columns);
}

/* What other tables know of the session. */
static enum audit_status
read_details(struct audit *audit, struct audit_session *session)
{
	enum audit_status status;

	status = read_rows(audit, &counts, session);
	if (status == AUDIT_OK)
		status = read_rows(audit, &ends, session);
	if (status == AUDIT_OK)
		status = read_rows(audit, session->is_running ? &host :
		    &last_host, session);
	return status;
}

/* The session that the bound statement yields. */
static enum audit_status
read_session_row(struct audit *audit, struct sql_binding *rows,
    struct audit_session *session)
{
	struct columns columns = columns_at(rows->statement, "session");
	enum audit_status status;
	bool is_there = sql_next(rows);

	*session = (struct audit_session){ .row = 0 };
	if (is_there)
		read_session(&columns, session);
	status = audit_end_row(audit, rows, &columns);
	if (status == AUDIT_OK && !is_there)
		return AUDIT_NONE;
	if (status == AUDIT_OK)
		status = read_details(audit, session);
	if (status != AUDIT_OK)
		audit_session_clear(session);
	return status;
}

enum audit_status
audit_session_find(struct audit *audit, const char *name,
    struct audit_session *session)
{
	enum audit_status status;
	struct sql_binding rows;

	status = audit_run_cached(audit, &find_sql, &rows);
	if (status != AUDIT_OK)
		return status;
	sql_bind_text(&rows, name, strlen(name));
	return read_session_row(audit, &rows, session);
}

enum audit_status
audit_session_next(struct audit *audit, int64_t after,
    struct audit_session *session)
{
	enum audit_status status;
	struct sql_binding rows;

	status = audit_run_cached(audit, &next_sql, &rows);
	if (status != AUDIT_OK)
		return status;
	sql_bind_row(&rows, after);
	return read_session_row(audit, &rows, session);
}

/* False: it does not begin so, and neither do those behind it. */
static bool
read_id(struct columns *columns, const char *beginning,
    void (*found)(const struct payload *id))
{
	struct payload *id = column_session(columns, 0);
	bool begins = id != NULL && strncmp(id->data, beginning,
	    strlen(beginning)) == 0;

	if (begins && columns_fit(columns))
		found(id);
	payload_unref(id);
	return begins;
}

enum audit_status
audit_session_ids(struct audit *audit, const char *beginning, size_t limit,
    void (*found)(const struct payload *id))
{
	enum audit_status status;
	struct columns columns;
	struct sql_binding rows;

	status = audit_run_cached(audit, &ids_sql, &rows);
	if (status != AUDIT_OK)
		return status;
	columns = columns_at(rows.statement, "session");
	sql_bind_text(&rows, beginning, strlen(beginning));
	sql_bind_row(&rows, (int64_t)limit);
	while (columns_fit(&columns) && sql_next(&rows))
		if (!read_id(&columns, beginning, found))
			break;
	return audit_end_row(audit, &rows, &columns);
}

enum audit_status
audit_session_of_customer(struct audit *audit, const struct customer_id *id,
    int64_t *after, struct payload **session)
{
	char digits[ID_CUSTOMER_HEX + 1];
	enum audit_status status;
	struct columns columns;
	struct sql_binding rows;
	bool is_found;

	status = audit_run_cached(audit, &of_customer_sql, &rows);
	if (status != AUDIT_OK)
		return status;
	columns = columns_at(rows.statement, "session");
	customer_id_format(id, digits);
	sql_bind_text(&rows, digits, strlen(digits));
	sql_bind_row(&rows, *after);
	is_found = sql_next(&rows);
	if (is_found) {
		*after = column_id(&columns, 0);
		*session = column_session(&columns, 1);
	}
	status = audit_end_row(audit, &rows, &columns);
	if (status != AUDIT_OK && is_found)
		payload_unref(*session);
	return status == AUDIT_OK && !is_found ? AUDIT_NONE : status;
}
