#include "verify_links.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/id.h"
#include "report.h"
#include "row.h"
#include "storage/column.h"
#include "storage/sql.h"

/*
 * A link is the number of a session and of one of its rows, where something
 * says that the row is there.  All links must be as many, and the same ones, as
 * the rows: then each row of a session is linked to once, by a later one of the
 * session or by last_seq, so that there is one way, and it passes by all.
 *
 * Two collections of links are compared by their fingerprints: the product of
 * (x + y * session + row) over all of them, modulo a prime.  Those of different
 * ones are equal for as many x at the most as there are links, of a million
 * links for less than one x in 10^12; and x and y are random, and new in each
 * run, so nobody can have tried.
 */
#define PRIME ((UINT64_C(1) << 61) - 1)

struct fingerprint {
	uint64_t product;
	const uint64_t *xy;	/* x and y */
};

static const struct sql_text rows_sql = { .text =
    "SELECT seq, session, previous_seq FROM journal", .is_long = true };
static const struct sql_text sessions_sql = { .text =
    "SELECT id, last_seq FROM session", .is_long = true };

/* Both sort all rows in memory, and are for when something is wrong. */
static const struct sql_text wrong_row_sql = { .text =
    "SELECT seq FROM (SELECT seq, previous_seq, lag(seq) OVER"
    "  (PARTITION BY session ORDER BY seq) AS before FROM journal"
    "  WHERE session <> 0) AS linked WHERE CASE WHEN before IS NULL"
    "  THEN previous_seq > ?1 ELSE previous_seq IS DISTINCT FROM before END"
    " ORDER BY seq LIMIT 1" };
static const struct sql_text wrong_session_sql = { .text =
    "SELECT name FROM session AS s LEFT JOIN (SELECT session, max(seq) AS last"
    "  FROM journal GROUP BY session) AS j ON j.session = s.id"
    " WHERE s.last_seq IS DISTINCT FROM j.last"
    " AND (j.last IS NOT NULL OR s.last_seq > ?1) LIMIT 1" };

static uint64_t
reduce(uint64_t number)
{
	number = (number & PRIME) + (number >> 61);
	return number >= PRIME ? number - PRIME : number;
}

/* Of two numbers below the prime, in halves of 32 bits. */
static uint64_t
multiply(uint64_t a, uint64_t b)
{
	uint64_t a_high = a >> 32, a_low = a & UINT32_MAX;
	uint64_t b_high = b >> 32, b_low = b & UINT32_MAX;
	uint64_t middle = a_high * b_low + a_low * b_high;

	/* 2^61 is 1 here, and 2^64 is 8. */
	return reduce(8 * a_high * b_high + (middle >> 29) +
	    ((middle & ((UINT64_C(1) << 29) - 1)) << 32) +
	    reduce(a_low * b_low));
}

static void
add_link(struct fingerprint *links, int64_t session, int64_t seq)
{
	uint64_t factor = reduce(links->xy[0] +
	    multiply(links->xy[1], reduce((uint64_t)session)) + (uint64_t)seq);

	links->product = multiply(links->product, factor);
}

/* Add a row, and the link that it has. */
static enum audit_status
add_row(struct audit_report *report, struct columns *columns, int64_t anchor,
    struct fingerprint *rows, struct fingerprint *links)
{
	struct audit_row row = { .seq = column_id(columns, 0) };
	int64_t session = column_between(columns, 1, 0, COLUMN_NUMBER_MAX);
	int64_t previous = column_is_null(columns, 2) ? 0 :
	    column_between(columns, 2, 1, row.seq - 1);

	if (!columns_fit(columns))
		return audit_report_misfit(report, columns);
	if (session == 0)
		return previous == 0 ? AUDIT_OK : audit_report_fault(report,
		    &row, "it has a previous_seq, and no session");
	add_link(rows, session, row.seq);
	if (previous > anchor)
		add_link(links, session, previous);
	return AUDIT_OK;
}

static enum audit_status
add_rows(struct audit *audit, struct audit_report *report, int64_t anchor,
    struct fingerprint *rows, struct fingerprint *links)
{
	enum audit_status status;
	struct sql_binding b;

	status = audit_run_cached(audit, &rows_sql, &b);
	if (status != AUDIT_OK)
		return status;
	while (status == AUDIT_OK && sql_next(&b)) {
		struct columns columns = columns_at(b.statement, "journal");

		status = add_row(report, &columns, anchor, rows, links);
	}
	return audit_end_walk(audit, &b, status);
}

static enum audit_status
add_sessions(struct audit *audit, struct audit_report *report, int64_t anchor,
    struct fingerprint *links)
{
	enum audit_status status;
	struct sql_binding b;

	status = audit_run_cached(audit, &sessions_sql, &b);
	if (status != AUDIT_OK)
		return status;
	while (status == AUDIT_OK && sql_next(&b)) {
		struct columns columns = columns_at(b.statement, "session");
		int64_t session = column_id(&columns, 0);
		int64_t last = column_row_or_none(&columns, 1);

		if (!columns_fit(&columns))
			status = audit_report_misfit(report, &columns);
		else if (last > anchor)
			add_link(links, session, last);
	}
	return audit_end_walk(audit, &b, status);
}

/* Find the first row that has not the link that it should have. */
static enum audit_status
find_wrong_row(struct audit *audit, struct audit_report *report,
    int64_t anchor)
{
	struct audit_row row = { .seq = 0 };
	enum audit_status status;
	struct columns columns;
	struct sql_binding b;

	status = audit_run_cached(audit, &wrong_row_sql, &b);
	if (status != AUDIT_OK)
		return status;
	columns = columns_at(b.statement, "journal");
	sql_bind_row(&b, anchor);
	if (sql_next(&b))
		row.seq = column_id(&columns, 0);
	status = audit_end_row(audit, &b, &columns);
	return status != AUDIT_OK || row.seq == 0 ? status :
	    audit_report_fault(report, &row, "its previous_seq is not the row "
	    "of its session before it");
}

/* The rows are right, so it is one of the sessions. */
static enum audit_status
find_wrong_session(struct audit *audit, struct audit_report *report,
    int64_t anchor)
{
	struct payload *name = NULL;
	enum audit_status status;
	struct columns columns;
	struct sql_binding b;

	status = audit_run_cached(audit, &wrong_session_sql, &b);
	if (status != AUDIT_OK)
		return status;
	columns = columns_at(b.statement, "session");
	sql_bind_row(&b, anchor);
	if (sql_next(&b))
		name = column_session(&columns, 0);
	status = audit_end_rows(audit, &b);
	if (status == AUDIT_OK)
		return audit_report_session(report, name,
		    "last_seq of the session is not its last row");
	payload_unref(name);
	return status;
}

enum audit_status
verify_links(struct audit *audit, struct audit_report *report, int64_t anchor)
{
	struct id_key key;
	uint64_t xy[2];
	struct fingerprint rows = { 1, xy }, links = { 1, xy };
	enum audit_status status;

	id_key_random(&key);
	memcpy(xy, &key, sizeof(xy));
	xy[0] = reduce(xy[0]);
	xy[1] = reduce(xy[1]);
	status = add_rows(audit, report, anchor, &rows, &links);
	if (status == AUDIT_OK)
		status = add_sessions(audit, report, anchor, &links);
	if (status != AUDIT_OK || rows.product == links.product)
		return status;
	status = find_wrong_row(audit, report, anchor);
	return status != AUDIT_OK ? status :
	    find_wrong_session(audit, report, anchor);
}
