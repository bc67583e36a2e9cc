#include "integrity.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "report.h"
#include "storage/column.h"
#include "storage/engine.h"
#include "storage/sql.h"

/* quick_check would not compare the indexes with their tables. */
static const struct sql_text check_sql = { .text = "PRAGMA integrity_check(1)" };

/*
 * SQLite 3.46 overlooks entries of partial indexes that no row has: so these
 * are counted, which looks at no row, and the rows without the index.
 */
static const struct {
	const char *index;
	struct sql_text sql;
} partials[] = {
	{ "session_running", { .text = "SELECT (SELECT count(*) FROM session"
	    " INDEXED BY session_running WHERE ended_ms IS NULL) AS entries,"
	    " (SELECT count(*) FROM session NOT INDEXED"
	    " WHERE ended_ms IS NULL) AS rows" } },
	{ "session_locked", { .text = "SELECT (SELECT count(*) FROM session"
	    " INDEXED BY session_locked WHERE locked_ms IS NOT NULL)"
	    " AS entries, (SELECT count(*) FROM session NOT INDEXED"
	    " WHERE locked_ms IS NOT NULL) AS rows" } },
	{ "journal_purge", { .text = "SELECT (SELECT count(*) FROM journal"
	    " INDEXED BY journal_purge WHERE event = 12) AS entries,"
	    " (SELECT count(*) FROM journal NOT INDEXED"
	    " WHERE event = 12) AS rows" } },
	{ "journal_newcomer", { .text = "SELECT (SELECT count(*) FROM journal"
	    " INDEXED BY journal_newcomer WHERE event IN (1, 2)) AS entries,"
	    " (SELECT count(*) FROM journal NOT INDEXED"
	    " WHERE event IN (1, 2)) AS rows" } },
	{ "journal_body_account", { .text = "SELECT (SELECT count(*) FROM journal_body"
	    " INDEXED BY journal_body_account WHERE account IS NOT NULL)"
	    " AS entries, (SELECT count(*) FROM journal_body NOT INDEXED"
	    " WHERE account IS NOT NULL) AS rows" } },
	{ "journal_sessionless", { .text = "SELECT (SELECT count(*) FROM journal"
	    " INDEXED BY journal_sessionless WHERE session = 0) AS entries,"
	    " (SELECT count(*) FROM journal NOT INDEXED"
	    " WHERE session = 0) AS rows" } },
};

/* Say what SQLite says, less a line of heading. */
static enum audit_status
report_unsound(struct audit_report *report, const struct payload *verdict)
{
	const char *line = memchr(verdict->data, '\n', verdict->len);
	const char *end = verdict->data + verdict->len;

	line = line != NULL ? line + 1 : verdict->data;
	return audit_report_fault(report, NULL, "the file is not sound: %.*s",
	    (int)(end - line), line);
}

static enum audit_status
check_integrity(struct audit *audit, struct audit_report *report)
{
	struct payload *verdict = NULL;
	enum audit_status status;
	struct columns columns;
	struct sql_binding rows;

	status = audit_run_cached(audit, &check_sql, &rows);
	if (status != AUDIT_OK)
		return status;
	columns = columns_at(rows.statement, "integrity_check");
	if (sql_next(&rows))
		verdict = column_text_or_none(&columns, 0, 0, COLUMN_TEXT_MAX);
	status = audit_end_rows(audit, &rows);
	if (status == AUDIT_OK && (verdict == NULL || verdict->len != 2 ||
	    memcmp(verdict->data, "ok", 2) != 0))
		status = verdict == NULL ? audit_report_misfit(report,
		    &columns) : report_unsound(report, verdict);
	payload_unref(verdict);
	return status;
}

static enum audit_status
check_partial(struct audit *audit, struct audit_report *report, size_t i)
{
	uint64_t entries = 0, indexed = 0;
	enum audit_status status;
	struct columns columns;
	struct sql_binding rows;

	status = audit_run_cached(audit, &partials[i].sql, &rows);
	if (status != AUDIT_OK)
		return status;
	columns = columns_at(rows.statement, partials[i].index);
	if (sql_next(&rows)) {
		entries = column_number(&columns, 0);
		indexed = column_number(&columns, 1);
	}
	status = audit_end_rows(audit, &rows);
	return status != AUDIT_OK || entries == indexed ? status :
	    audit_report_fault(report, NULL, "the file is not sound: %s has %"
	    PRIu64 " entries of %" PRIu64 " rows", partials[i].index, entries,
	    indexed);
}

enum audit_status
audit_integrity_check(struct audit *audit, struct audit_report *report)
{
	enum audit_status status;
	size_t i;

	/* Others see to that by tools of their own. */
	if (!audit_connection(audit)->engine->has_files)
		return AUDIT_OK;
	status = check_integrity(audit, report);
	for (i = 0; i < sizeof(partials) / sizeof(partials[0]) &&
	    status == AUDIT_OK; i++)
		status = check_partial(audit, report, i);
	return status;
}

enum audit_status
audit_guard_check(struct audit *audit, struct audit_report *report,
    enum audit_status status)
{
	const struct sql_connection *connection = audit_connection(audit);
	const char *why = connection->engine->find_unguarded == NULL ? NULL :
	    connection->engine->find_unguarded(connection);

	if (why == NULL || (status != AUDIT_OK && status != AUDIT_FAULT))
		return status;
	/* Cut is good enough. */
	(void)snprintf(report->unguarded, sizeof(report->unguarded), "%s",
	    why);
	return AUDIT_FAULT;
}
