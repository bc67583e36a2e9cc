#include "report.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "row.h"
#include "storage/column.h"
#include "storage/sql.h"

void
audit_report_clear(struct audit_report *report)
{
	payload_unref(report->fault.session);
	*report = (struct audit_report){ .rows = 0 };
}

enum audit_status
audit_report_fault(struct audit_report *report, const struct audit_row *row,
    const char *format, ...)
{
	struct audit_fault *fault = &report->fault;
	va_list ap;

	va_start(ap, format);
	/* Cut is good enough. */
	(void)vsnprintf(fault->what, sizeof(fault->what), format, ap);
	va_end(ap);
	if (row == NULL)
		return AUDIT_FAULT;
	fault->seq = row->seq;
	fault->session = payload_ref(row->record.session);
	fault->has_event = row->record.event != 0;
	fault->event = row->record.event;
	fault->has_time = true;
	fault->time_ms = row->record.time_ms;
	return AUDIT_FAULT;
}

enum audit_status
audit_report_misfit(struct audit_report *report, const struct columns *columns)
{
	char text[COLUMN_FAULT_BYTES];

	columns_describe(columns, text);
	return audit_report_fault(report, NULL, "%s", text);
}

enum audit_status
audit_report_session(struct audit_report *report, struct payload *name,
    const char *what)
{
	report->fault.session = name;
	return audit_report_fault(report, NULL, "%s", what);
}

enum audit_status
audit_report_end_row(struct audit_report *report, struct audit *audit,
    const struct sql_binding *rows, const struct columns *columns)
{
	/* While there is a row, which has the name of what does not fit. */
	enum audit_status verdict = columns_fit(columns) ? AUDIT_OK :
	    audit_report_misfit(report, columns);
	enum audit_status status = audit_end_rows(audit, rows);

	return status == AUDIT_OK ? verdict : status;
}
