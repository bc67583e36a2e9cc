#include "commands.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "audit/cursor.h"
#include "audited_session.h"
#include "csv.h"
#include "ctl.h"
#include "journal_row.h"
#include "json_line.h"
#include "progress.h"
#include "storage/chain.h"

enum option {
	OPTION_SESSION,
	OPTION_FORMAT,
	OPTION_NO_BODIES
};

static const struct ctl_option export_options[] = {
	[OPTION_SESSION] = { "session", "SESSION", "its rows only" },
	[OPTION_FORMAT] = { "format", "FORMAT",
	    "jsonl (the usual one) or csv" },
	[OPTION_NO_BODIES] = { "no-bodies", NULL,
	    "without names, addresses, carts and accounts" },
	{ NULL, NULL, NULL },
};

enum format {
	FORMAT_JSONL,
	FORMAT_CSV
};

struct export {
	enum format format;
	unsigned parts;		/* of each row */
	int64_t	 last;		/* the newest row when it began */
	struct csv csv;
	struct progress progress;
};

static void
write_row(struct export *export, const struct audit_row *row)
{
	struct json_line line;

	switch (export->format) {
	case FORMAT_JSONL:
		json_line_begin(&line, stdout);
		journal_row_write_json(&line, row, export->parts);
		json_line_end(&line);
		break;
	case FORMAT_CSV:
		journal_row_write_csv(&export->csv, row, export->parts);
		break;
	}
}

/* Up to the last row: a busy daemon's journal has no end. */
static enum audit_status
write_rows(struct export *export, struct audit_cursor *cursor)
{
	enum audit_status status;
	bool is_over = false;
	struct audit_row row;

	while (!is_over && !ferror(stdout)) {
		status = audit_cursor_next(cursor, &row);
		if (status != AUDIT_OK)
			return status == AUDIT_NONE ? AUDIT_OK : status;
		is_over = row.seq > export->last;
		if (!is_over) {
			write_row(export, &row);
			progress_show(&export->progress, "exporting",
			    (uint64_t)row.seq, (uint64_t)export->last);
		}
		audit_row_clear(&row);
	}
	return AUDIT_OK;
}

static enum audit_status
export_rows(struct export *export, const struct audited_session *subject)
{
	struct audit_cursor *cursor;
	enum audit_status status;
	struct chain_head head;

	status = audit_head(subject->audit, &head);
	if (status == AUDIT_OK)
		status = audit_cursor_new(subject->audit,
		    subject->session.row, 0, &cursor);
	if (status != AUDIT_OK)
		return status;
	export->last = head.seq;
	if (export->format == FORMAT_CSV)
		journal_row_write_csv_head(&export->csv);
	if (!isatty(STDOUT_FILENO))	/* there it would be in the way */
		progress_begin(&export->progress);
	status = write_rows(export, cursor);
	progress_end(&export->progress);
	audit_cursor_free(cursor);
	return status;
}

static int
read_format(const char *text, enum format *format)
{
	if (text == NULL || strcmp(text, "jsonl") == 0)
		*format = FORMAT_JSONL;
	else if (strcmp(text, "csv") == 0)
		*format = FORMAT_CSV;
	else
		return -1;
	return 0;
}

static enum ctl_status
run_audit_export(const struct ctl *ctl)
{
	struct export export = {
		.parts = JOURNAL_ROW_HASHES |
		    (ctl->values[OPTION_NO_BODIES] != NULL ? 0 :
		    JOURNAL_ROW_BODY),
	};
	struct audited_session subject;
	enum ctl_status status;

	csv_init(&export.csv, stdout);
	if (read_format(ctl->values[OPTION_FORMAT], &export.format) == -1)
		return ctl_usage_error("--format: \"%s\" is not jsonl or csv",
		    ctl->values[OPTION_FORMAT]);
	status = audited_session_open(ctl, ctl->values[OPTION_SESSION],
	    &subject);
	if (status != CTL_OK)
		return status;
	status = (enum ctl_status)export_rows(&export, &subject);
	audited_session_close(&subject);
	return status;
}

const struct ctl_command cmd_audit_export = {
	.words = "audit export",
	.operands = "",
	.options = export_options,
	.help = "print the journal for other programs",
	.run = run_audit_export,
};
