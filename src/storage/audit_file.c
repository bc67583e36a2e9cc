#include "audit_file.h"

#include <stddef.h>
#include <string.h>

#include <sqlite3.h>

#include "audit_report.h"
#include "base/buf.h"
#include "column.h"

/* quick_check would not compare the indexes with their tables. */
static const char check_sql[] = "PRAGMA integrity_check(1)";

/* Say what SQLite says, less a line of heading. */
static enum audit_status
refuse(struct audit_report *report, const struct payload *verdict)
{
	const char *line = memchr(verdict->data, '\n', verdict->len);
	const char *end = verdict->data + verdict->len;

	line = line != NULL ? line + 1 : verdict->data;
	return audit_report_fault(report, NULL, "the file is not sound: %.*s",
	    (int)(end - line), line);
}

enum audit_status
audit_file_check(struct audit *audit, struct audit_report *report)
{
	struct payload *verdict = NULL;
	enum audit_status status;
	struct columns columns;
	sqlite3_stmt *at;
	int rc;

	status = audit_prepare(audit, check_sql, &at);
	if (status != AUDIT_OK)
		return status;
	columns = columns_at(at, "integrity_check");
	rc = sqlite3_step(at);
	if (rc == SQLITE_ROW)
		verdict = column_text_or_none(&columns, 0, 0, COLUMN_TEXT_MAX);
	status = audit_end_rows(audit, at, rc);
	(void)sqlite3_finalize(at); /* it was reset */
	if (status == AUDIT_OK && (verdict == NULL || verdict->len != 2 ||
	    memcmp(verdict->data, "ok", 2) != 0))
		status = verdict == NULL ? audit_report_misfit(report,
		    &columns) : refuse(report, verdict);
	payload_unref(verdict);
	return status;
}
