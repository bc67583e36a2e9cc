#include "audit_index.h"

#include <stdlib.h>

#include <sqlite3.h>

#include "audit_report.h"
#include "base/xalloc.h"
#include "column.h"
#include "sql.h"

enum {
	SLICE_ENTRIES = 100000		/* of one transaction */
};

enum statement {
	SQL_ENTRIES,
	SQL_PURGED,
	STATEMENTS
};

static const char *const statement_sql[STATEMENTS] = {
	[SQL_ENTRIES] =
	    "SELECT session, seq FROM journal INDEXED BY journal_by_session"
	    " WHERE (session, seq) > (?1, ?2) ORDER BY session, seq LIMIT ?3",
	[SQL_PURGED] =
	    "SELECT ifnull(max(purge_upto), 0) AS purge_upto FROM chain_anchor",
};

/* A sum is the same in whatever order the entries come. */
struct audit_index {
	struct audit *audit;
	sqlite3_stmt *statements[STATEMENTS];
	int64_t	 before;		/* the entries behind it count, */
	int64_t	 last;			/* up to this one */
	uint64_t sum;
};

enum audit_status
audit_index_new(struct audit *audit, struct audit_index **made)
{
	struct audit_index *index = xcalloc(1, sizeof(*index));
	enum audit_status status = AUDIT_OK;
	size_t i;

	index->audit = audit;
	for (i = 0; i < STATEMENTS && status == AUDIT_OK; i++)
		status = audit_prepare(audit, statement_sql[i],
		    &index->statements[i]);
	if (status == AUDIT_OK)
		*made = index;
	else
		audit_index_free(index);
	return status;
}

void
audit_index_free(struct audit_index *index)
{
	if (index == NULL)
		return;
	sql_finalize(index->statements, STATEMENTS);
	free(index);
}

void
audit_index_begin(struct audit_index *index, int64_t before)
{
	index->before = before;
	index->last = before;
	index->sum = 0;
}

/* What an entry adds to the sum: the mixing function of splitmix64. */
static uint64_t
weigh(int64_t session_row, int64_t seq)
{
	uint64_t x = (uint64_t)session_row * UINT64_C(0x9e3779b97f4a7c15) +
	    (uint64_t)seq;

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

void
audit_index_add(struct audit_index *index, int64_t session_row, int64_t seq)
{
	index->sum += weigh(session_row, seq);
	index->last = seq;
}

/* Where the walk along the entries is. */
struct place {
	int64_t	 session_row;
	int64_t	 seq;
	uint64_t sum;
};

/* Walk on by one slice; AUDIT_NONE at the end. */
static enum audit_status
sum_slice(struct audit_index *index, struct place *place,
    struct audit_report *report)
{
	sqlite3_stmt *at = index->statements[SQL_ENTRIES];
	struct columns columns = columns_at(at, "journal_by_session");
	enum audit_status status;
	int rc, entries = 0;

	rc = sqlite3_bind_int64(at, 1, place->session_row);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(at, 2, place->seq);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int(at, 3, SLICE_ENTRIES);
	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(at);
		if (rc != SQLITE_ROW)
			break;
		place->seq = column_id(&columns, 1);
		place->session_row = column_between(&columns, 0, 0,
		    COLUMN_NUMBER_MAX);
		if (!columns_fit(&columns))
			break;
		if (place->seq > index->before && place->seq <= index->last)
			place->sum += weigh(place->session_row, place->seq);
		entries++;
	}
	status = audit_end_rows(index->audit, at, rc);
	if (status == AUDIT_OK && !columns_fit(&columns))
		return audit_report_misfit(report, &columns);
	return status == AUDIT_OK && entries < SLICE_ENTRIES ? AUDIT_NONE :
	    status;
}

/* Up to which row the journal may have lost some. */
static enum audit_status
read_purged(struct audit_index *index, int64_t *purged,
    struct audit_report *report)
{
	sqlite3_stmt *at = index->statements[SQL_PURGED];
	struct columns columns = columns_at(at, "chain_anchor");
	int rc = sqlite3_step(at);
	enum audit_status status;

	*purged = rc == SQLITE_ROW ? column_between(&columns, 0, 0,
	    COLUMN_NUMBER_MAX) : 0;
	status = audit_end_rows(index->audit, at, rc);
	return status == AUDIT_OK && !columns_fit(&columns) ?
	    audit_report_misfit(report, &columns) : status;
}

enum audit_status
audit_index_check(struct audit_index *index, struct audit_report *report)
{
	struct place place = { .session_row = INT64_MIN };
	enum audit_status status;
	int64_t purged;

	do
		status = sum_slice(index, &place, report);
	while (status == AUDIT_OK);
	if (status != AUDIT_NONE)
		return status;
	status = read_purged(index, &purged, report);
	if (status != AUDIT_OK || purged > index->before ||
	    place.sum == index->sum)
		return status;
	return audit_report_fault(report, NULL, "the index of the journal does "
	    "not have the rows that the journal has");
}
