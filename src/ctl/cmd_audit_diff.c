#include "commands.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "audit/replay.h"
#include "audited_session.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "change_lines.h"
#include "colour.h"
#include "ctl.h"
#include "pager.h"
#include "printable.h"
#include "revision_or_time.h"
#include "session/session.h"

enum option {
	OPTION_COLOUR
};

enum { NAME_COLUMNS = 40 };

static const struct ctl_option diff_options[] = {
	[OPTION_COLOUR] = { "color", "WHEN", "auto, always or never" },
	{ NULL, NULL, NULL },
};

/* What differs, as it is printed. */
struct diff {
	struct change_lines lines;
	size_t	 count;		/* of members */
};

/* In the multicart, or NULL. */
static const struct customer *
seated_customer(const struct session *session, const struct customer_id *id)
{
	const struct customer *customer = session_customer(session, id);

	return customer != NULL && customer->state == CUSTOMER_SEATED ?
	    customer : NULL;
}

static void
begin_member(struct diff *diff, const struct customer *customer,
    const char *what)
{
	char hex[ID_CUSTOMER_HEX + 1];
	FILE *out = diff->lines.out;

	customer_id_format(&customer->id, hex);
	colour_begin(out, diff->lines.is_coloured, COLOUR_NAME);
	printable_write(out, customer->name->data, customer->name->len,
	    NAME_COLUMNS);
	colour_end(out, diff->lines.is_coloured);
	fprintf(out, "%s%s  %s\n", customer->name->len > 0 ? "  " : "", hex,
	    what);
	diff->count++;
}

static bool
is_same_cart(const struct payload *a, const struct payload *b)
{
	static const char empty[] = "{}";
	const char *was = a != NULL ? a->data : empty;
	const char *is = b != NULL ? b->data : empty;

	return strcmp(was, is) == 0;
}

static void
compare_member(struct diff *diff, const struct customer *before,
    const struct customer *after)
{
	if (before->is_ready != after->is_ready)
		begin_member(diff, after, after->is_ready ?
		    "is ready to check out" : "is not ready to check out");
	if (is_same_cart(before->cart, after->cart))
		return;
	begin_member(diff, after, "has another cart");
	change_lines_compare(&diff->lines, before->cart, after->cart);
}

static void
compare_sessions(struct diff *diff, const struct session *before,
    const struct session *after)
{
	const struct customer *customer, *other;

	TAILQ_FOREACH(customer, &before->customers, entry) {
		if (customer->state != CUSTOMER_SEATED ||
		    seated_customer(after, &customer->id) != NULL)
			continue;
		begin_member(diff, customer, "is no longer there");
		if (customer->cart != NULL)
			change_lines_compare(&diff->lines, customer->cart,
			    NULL);
	}
	TAILQ_FOREACH(customer, &after->customers, entry) {
		if (customer->state != CUSTOMER_SEATED)
			continue;
		other = seated_customer(before, &customer->id);
		if (other != NULL) {
			compare_member(diff, other, customer);
			continue;
		}
		begin_member(diff, customer, customer->is_host ?
		    "is there, as the host" : "is there");
		if (customer->is_ready)
			begin_member(diff, customer, "is ready to check out");
		if (customer->cart != NULL)
			change_lines_compare(&diff->lines, NULL,
			    customer->cart);
	}
}

static void
print_diff(const struct audit_replay *before, const struct audit_replay *after,
    bool is_coloured)
{
	struct diff diff = { .lines = { stdout, is_coloured } };
	struct pager pager;

	if (before->erased + after->erased > 0)
		log_warnx("names and carts that were erased are missing");
	pager_start(&pager);
	colour_begin(stdout, is_coloured, COLOUR_HEADING);
	(void)printable_write(stdout, after->session->id->data,
	    after->session->id->len, SIZE_MAX);
	(void)printf(", %" PRIu64 ".%" PRIu64 " to %" PRIu64 ".%" PRIu64,
	    before->session->incarnation,
	    before->session->revision, after->session->incarnation,
	    after->session->revision);
	colour_end(stdout, is_coloured);
	(void)putchar('\n');
	compare_sessions(&diff, before->session, after->session);
	if (diff.count == 0)
		(void)puts("nothing is different");
	pager_stop(&pager);
}

/* The session as it was then; CTL_NOT_FOUND is said. */
static enum ctl_status
replay_to(const struct audited_session *subject, const char *text,
    struct audit_replay *replay)
{
	char problem[TIMESTAMP_PROBLEM_BYTES];
	enum audit_status status;
	struct audit_point point;

	if (revision_or_time_parse(text, clock_now().wall_ms, &point,
	    problem) == -1)
		return ctl_usage_error("%s: %s", text, problem);
	status = audit_replay_to(subject->audit, &subject->session, &point,
	    replay);
	if (status == AUDIT_NONE)
		log_errorx("%s: there is no %s, or its rows were deleted",
		    subject->session.name->data, text);
	return (enum ctl_status)status;
}

static enum ctl_status
run_audit_diff(const struct ctl *ctl)
{
	struct audit_replay before = { .session = NULL };
	struct audit_replay after = { .session = NULL };
	enum ctl_status status;
	struct audited_session subject;
	bool is_coloured;

	status = colour_choose(ctl->values[OPTION_COLOUR], &is_coloured);
	if (status == CTL_OK)
		status = audited_session_open(ctl, ctl->operands[0], &subject);
	if (status != CTL_OK)
		return status;
	status = replay_to(&subject, ctl->operands[1], &before);
	if (status == CTL_OK)
		status = replay_to(&subject, ctl->operands[2], &after);
	if (status == CTL_OK)
		print_diff(&before, &after, is_coloured);
	audit_replay_clear(&before);
	audit_replay_clear(&after);
	audited_session_close(&subject);
	return status;
}

const struct ctl_command cmd_audit_diff = {
	.words = "audit diff",
	.operands = "SESSION FROM TO",
	.operands_min = 3,
	.operands_max = 3,
	.options = diff_options,
	.help = "print what differs between two states of a session",
	.run = run_audit_diff,
};
