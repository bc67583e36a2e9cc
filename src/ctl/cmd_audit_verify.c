#include "commands.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "audit/report.h"
#include "audit/row.h"
#include "audit/session_list.h"
#include "audit/verify.h"
#include "audited_session.h"
#include "base/buf.h"
#include "base/number.h"
#include "ctl.h"
#include "fault_line.h"
#include "printable.h"
#include "progress.h"
#include "storage/chain.h"
#include "timestamp.h"

enum {
	OPTION_SESSION,
	OPTION_FROM,
	OPTION_HEAD
};

static const struct ctl_option command_options[] = {
	[OPTION_SESSION] = { "session", "SESSION", "only this one's rows" },
	[OPTION_FROM] = { "from", "SEQ", "begin at this row, and trust the "
	    "one before" },
	[OPTION_HEAD] = { "head", "SEQ:HASH", "this row must be there, with "
	    "this hash" },
	{ .name = NULL },
};

/* A text of the database, which may be anything. */
static void
print_database_text(const char *text, size_t len)
{
	(void)printable_write(stdout, text, len, SIZE_MAX);
}

static void
print_session(const struct payload *name)
{
	(void)printf("session ");
	print_database_text(name->data, name->len);
}

static void
show_progress(void *ctx, uint64_t done, uint64_t all)
{
	progress_show(ctx, "verifying", done, all);
}

static void
print_note(void *ctx, const struct audit_row *row)
{
	const struct record *record = &row->record;
	char text[TIMESTAMP_CHARS + 1], cid[ID_CUSTOMER_HEX + 1];

	progress_end(ctx);
	timestamp_format(record->time_ms, text);
	(void)printf("row %" PRId64 ", %s: ", row->seq, text);
	customer_id_format(&record->customer, cid);
	timestamp_format(record->old_ms, text);
	if (record->event == RECORD_RETAIN)
		(void)printf("bodies older than %s may go\n", text);
	else if (record->event == RECORD_PURGE)
		(void)printf("rows up to %" PRIu64 " may go\n",
		    record->last_row);
	else {
		(void)printf("bodies of ");
		if (record->has_customer)
			(void)printf("customer %s of ", cid);
		print_session(record->session);
		(void)printf(" were erased\n");
	}
}

/* Where the chain begins, and what that leaves open. */
static void
print_beginning(const struct audit_report *report)
{
	char text[TIMESTAMP_CHARS + 1];

	if (report->trusted_seq != 0)
		(void)printf("not proved: row %" PRId64 " and those before\n",
		    report->trusted_seq);
	if (report->anchor_seq == 0)
		return;
	timestamp_format(report->purge_ms, text);
	(void)printf("not there any more: rows up to %" PRId64 ", by row %"
	    PRId64 " of %s\n", report->anchor_seq, report->purge_seq, text);
}

/* Nobody else holds a hash of what is behind the head that was given. */
static void
print_unproved_rows(const struct audit_report *report,
    const struct audit_verify_options *wish)
{
	int64_t last = wish->head.seq;

	if (!wish->has_head || last >= report->head.seq)
		return;
	(void)printf("not proved by that head: rows from %" PRId64 " to %"
	    PRId64 ", and that what one of them explains was the daemon's "
	    "doing\n", last + 1, report->head.seq);
}

static void
print_proof(const struct audit_report *report,
    const struct audit_verify_options *wish)
{
	const struct audit_session *session = wish->session;
	char head[CHAIN_HEAD_CHARS + 1];

	chain_head_format(&report->head, head);
	(void)printf("proved: %" PRIu64 " rows (%" PRIu64 " notes) in one "
	    "chain up to %s\n", report->rows, report->notes, head);
	(void)printf("proved: %" PRIu64 " bodies are as written; %" PRIu64
	    " were erased on request, %" PRIu64 " as too old\n",
	    report->bodies, report->erased, report->expired);
	(void)printf("proved: the tables agree with the replay of %" PRIu64
	    " incarnations\n", report->sessions);
	print_beginning(report);
	print_unproved_rows(report, wish);
	if (report->skipped > 0)
		(void)printf("not proved: who else was in %" PRIu64
		    " incarnations whose beginning is not there\n",
		    report->skipped);
	if (report->noted > 0)
		(void)printf("not proved: when %" PRIu64 " sessions ended, and "
		    "with which revision, of which notes alone are there\n",
		    report->noted);
	if (session != NULL)
		(void)printf("not proved: bodies and state of sessions other "
		    "than %s\n", session->name->data);
}

static void
print_unguarded(const struct audit_report *report)
{
	(void)printf("fault: ");
	print_database_text(report->unguarded, strlen(report->unguarded));
	(void)printf("\n");
}

static enum ctl_status
verify(struct audit *audit, struct audit_verify_options *wish)
{
	struct audit_report report;
	struct progress progress;
	enum audit_status status;
	bool has_fault;

	progress_begin(&progress);
	wish->progress = show_progress;
	wish->note = print_note;
	wish->ctx = &progress;
	status = audit_verify(audit, wish, &report);
	progress_end(&progress);
	has_fault = report.fault.what[0] != '\0';
	if (has_fault)
		fault_line_print(&report.fault);
	if (report.unguarded[0] != '\0')
		print_unguarded(&report);
	if (status >= AUDIT_BAD_DATA && report.rows > 0)
		(void)printf("not proved: what is behind row %" PRId64 "\n",
		    report.head.seq);
	if (status == AUDIT_OK || (status == AUDIT_FAULT && !has_fault))
		print_proof(&report, wish);
	audit_report_clear(&report);
	return (enum ctl_status)status;
}

/* Read the options into wish. */
static enum ctl_status
read_verify_options(const struct ctl *ctl, struct audit_verify_options *wish)
{
	const char *from = ctl->values[OPTION_FROM];
	const char *head = ctl->values[OPTION_HEAD];
	uint64_t number = 0;

	if (from != NULL && (number_parse(from, INT64_MAX, &number) == -1 ||
	    number == 0))
		return ctl_usage_error("--from: %s: not the number of a row",
		    from);
	wish->from = (int64_t)number;
	wish->has_head = head != NULL;
	if (head != NULL && chain_head_parse(head, &wish->head) == -1)
		return ctl_usage_error("--head: %s: not SEQ:HASH, as audit "
		    "head prints it", head);
	return CTL_OK;
}

static enum ctl_status
run_audit_verify(const struct ctl *ctl)
{
	struct audit_verify_options wish = { .from = 0 };
	enum ctl_status status = read_verify_options(ctl, &wish);
	const char *session = ctl->values[OPTION_SESSION];
	struct audited_session subject;

	if (status == CTL_OK)
		status = audited_session_open(ctl, session, &subject);
	if (status != CTL_OK)
		return status;
	if (session != NULL)
		wish.session = &subject.session;
	status = verify(subject.audit, &wish);
	audited_session_close(&subject);
	return status;
}

const struct ctl_command cmd_audit_verify = {
	.words = "audit verify",
	.operands = "",
	.options = command_options,
	.help = "prove that nothing was rewritten",
	.run = run_audit_verify,
};
