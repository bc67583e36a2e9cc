#include "commands.h"

#include <stdio.h>

#include "audit/audit.h"
#include "audit/cursor.h"
#include "audited_session.h"
#include "base/log.h"
#include "colour.h"
#include "ctl.h"
#include "pager.h"
#include "timeline.h"

enum option {
	OPTION_JSON,
	OPTION_COLOUR
};

static const struct ctl_option who_options[] = {
	[OPTION_JSON] = { "json", NULL, "an object a line" },
	[OPTION_COLOUR] = { "color", "WHEN", "auto, always or never" },
	{ NULL, NULL, NULL },
};

static enum audit_status
print_rows(struct audit_cursor *cursor, struct timeline *timeline,
    const struct pager *pager)
{
	enum audit_status status;
	struct audit_row row;

	while ((status = audit_cursor_next(cursor, &row)) == AUDIT_OK) {
		timeline_add(timeline, &row);
		audit_row_clear(&row);
		if (pager_is_left(pager))
			return AUDIT_OK;
	}
	return status == AUDIT_NONE ? AUDIT_OK : status;
}

static enum audit_status
print_session_rows(const struct audited_session *subject,
    struct timeline *timeline, enum timeline_format format)
{
	struct pager pager = { .is_running = false };
	struct audit_cursor *cursor;
	enum audit_status status;

	status = audit_cursor_new(subject->audit, subject->session.row, 0,
	    &cursor);
	if (status != AUDIT_OK)
		return status;
	if (format == TIMELINE_TEXT)
		pager_start(&pager);
	status = print_rows(cursor, timeline, &pager);
	pager_stop(&pager);
	audit_cursor_free(cursor);
	return status;
}

static enum ctl_status
report_outcome(const struct ctl *ctl, const struct timeline *timeline)
{
	size_t unknown = timeline_unknown_carts(timeline);

	if (unknown > 0)
		log_warnx("%zu changes of carts are not known: they or what "
		    "they changed were erased or deleted", unknown);
	if (timeline_shown(timeline) > 0)
		return CTL_OK;
	log_errorx("%s: \"%s\" was in no cart", ctl->operands[0],
	    ctl->operands[1]);
	return CTL_NOT_FOUND;
}

static enum ctl_status
run_audit_who(const struct ctl *ctl)
{
	struct timeline_config config = {
		.out = stdout,
		.format = ctl->values[OPTION_JSON] != NULL ? TIMELINE_JSON :
		    TIMELINE_TEXT,
		.product = ctl->operands[1],
	};
	struct timeline *timeline;
	enum ctl_status status;
	struct audited_session subject;

	if (*config.product == '\0')
		return ctl_usage_error("PRODUCT is empty");
	status = colour_choose(ctl->values[OPTION_COLOUR], &config.is_coloured);
	if (status == CTL_OK)
		status = audited_session_open(ctl, ctl->operands[0], &subject);
	if (status != CTL_OK)
		return status;
	timeline = timeline_new(&config);
	status = (enum ctl_status)print_session_rows(&subject, timeline,
	    config.format);
	if (status == CTL_OK)
		status = report_outcome(ctl, timeline);
	timeline_free(timeline);
	audited_session_close(&subject);
	return status;
}

const struct ctl_command cmd_audit_who = {
	.words = "audit who",
	.operands = "SESSION PRODUCT",
	.operands_min = 2,
	.operands_max = 2,
	.options = who_options,
	.help = "print who put a product into a cart, changed or removed it",
	.run = run_audit_who,
};
