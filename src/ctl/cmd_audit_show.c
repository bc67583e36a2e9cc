#include "commands.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "audit/cursor.h"
#include "audit_page.h"
#include "audited_session.h"
#include "base/buf.h"
#include "base/clock.h"
#include "colour.h"
#include "ctl.h"
#include "follow.h"
#include "json_line.h"
#include "pager.h"
#include "storage/chain.h"
#include "timeline.h"
#include "timestamp.h"

enum option {
	OPTION_FOLLOW,
	OPTION_JSON,
	OPTION_HTML,
	OPTION_COLOUR
};

static const struct ctl_option show_options[] = {
	[OPTION_FOLLOW] = { "follow", NULL,
	    "go on with what happens, until an interrupt" },
	[OPTION_JSON] = { "json", NULL, "an object a line" },
	[OPTION_HTML] = { "html", NULL, "a page for a browser" },
	[OPTION_COLOUR] = { "color", "WHEN", "auto, always or never" },
	{ NULL, NULL, NULL },
};

/* A walk with the row that it stands at. */
struct walk {
	struct audit_cursor *cursor;
	struct audit_row row;
	bool	 has_row;
};

/* The rows of a session, and among them those that concern all sessions. */
struct show {
	struct walk of_session;
	struct walk of_all;
	struct timeline *timeline;
	struct pager pager;
	struct follow *follow;	/* NULL: only what is there */
	struct chain_head head;	/* the last row that was walked along */
};

/* Have a row where there is one. */
static enum audit_status
fetch_row(struct walk *walk)
{
	enum audit_status status;

	if (walk->has_row)
		return AUDIT_OK;
	status = audit_cursor_next(walk->cursor, &walk->row);
	walk->has_row = status == AUDIT_OK;
	return status == AUDIT_NONE ? AUDIT_OK : status;
}

/* The one of the lower number; NULL for none. */
static struct walk *
lower_row(struct walk *a, struct walk *b)
{
	if (a->has_row && (!b->has_row || a->row.seq < b->row.seq))
		return a;
	return b->has_row ? b : NULL;
}

/* What is there now. */
static enum audit_status
show_rows(struct show *show)
{
	enum audit_status status;
	struct walk *walk;

	for (;;) {
		status = fetch_row(&show->of_session);
		if (status == AUDIT_OK)
			status = fetch_row(&show->of_all);
		walk = lower_row(&show->of_session, &show->of_all);
		if (status != AUDIT_OK || walk == NULL ||
		    pager_is_left(&show->pager))
			return status;
		timeline_add(show->timeline, &walk->row);
		show->head.seq = walk->row.seq;
		memcpy(show->head.hash, walk->row.hash, CHAIN_HASH_BYTES);
		audit_row_clear(&walk->row);
		walk->has_row = false;
	}
}

static enum audit_status
show_all(struct show *show)
{
	enum audit_status status = show_rows(show);

	while (status == AUDIT_OK && show->follow != NULL) {
		if (fflush(stdout) == EOF ||
		    follow_wait(show->follow) == FOLLOW_STOP)
			break;
		status = show_rows(show);
	}
	return status;
}

static void
end_walk(struct walk *walk)
{
	if (walk->has_row)
		audit_row_clear(&walk->row);
	audit_cursor_free(walk->cursor);
}

/* Both walks stand where they begin. */
static enum audit_status
begin_walks(struct show *show, const struct audited_session *subject)
{
	enum audit_status status;

	status = audit_cursor_new(subject->audit, subject->session.row, 0,
	    &show->of_session.cursor);
	if (status == AUDIT_OK)
		status = audit_cursor_new(subject->audit, AUDIT_NO_SESSION, 0,
		    &show->of_all.cursor);
	return status;
}

/* The line behind the rows of a page. */
static void
tell_about(FILE *lines, const struct show *show,
    const struct payload *session, bool is_complete)
{
	char head[CHAIN_HEAD_CHARS + 1], time[TIMESTAMP_CHARS + 1];
	struct json_line line;

	chain_head_format(&show->head, head);
	timestamp_format(clock_now().wall_ms, time);
	json_line_begin(&line, lines);
	json_line_text(&line, "session", session->data, session->len);
	json_line_string(&line, "head", show->head.seq == 0 ? NULL : head);
	json_line_string(&line, "time", time);
	json_line_string(&line, "version", PACKAGE_VERSION);
	json_line_literal(&line, "complete", is_complete ? "true" : "false");
	json_line_end(&line);
}

static enum audit_status
show_page(const struct audited_session *subject)
{
	struct timeline_config config = {
		.out = audit_page_begin(stdout),
		.format = TIMELINE_JSON,
	};
	struct show show = { .timeline = timeline_new(&config) };
	enum audit_status status = begin_walks(&show, subject);

	if (status == AUDIT_OK)
		status = show_all(&show);
	tell_about(config.out, &show, subject->session.name,
	    status == AUDIT_OK);
	audit_page_end(stdout, config.out);
	end_walk(&show.of_session);
	end_walk(&show.of_all);
	timeline_free(show.timeline);
	return status;
}

static enum audit_status
show_session(const struct ctl *ctl, const struct audited_session *subject,
    const struct timeline_config *config)
{
	struct show show = { .timeline = timeline_new(config) };
	enum audit_status status;

	/* What is written from here on is not missed. */
	if (ctl->values[OPTION_FOLLOW] != NULL)
		show.follow = follow_new(ctl->database);
	else if (config->format == TIMELINE_TEXT)
		pager_start(&show.pager);
	status = begin_walks(&show, subject);
	if (status == AUDIT_OK)
		status = show_all(&show);
	pager_stop(&show.pager);
	end_walk(&show.of_session);
	end_walk(&show.of_all);
	timeline_free(show.timeline);
	follow_free(show.follow);
	return status;
}

static enum ctl_status
run_audit_show(const struct ctl *ctl)
{
	struct timeline_config config = {
		.out = stdout,
		.format = ctl->values[OPTION_JSON] != NULL ? TIMELINE_JSON :
		    TIMELINE_TEXT,
	};
	bool is_page = ctl->values[OPTION_HTML] != NULL;
	enum ctl_status status;
	struct audited_session subject;

	if (is_page && (ctl->values[OPTION_FOLLOW] != NULL ||
	    ctl->values[OPTION_JSON] != NULL))
		return ctl_usage_error("audit show: --html goes with neither "
		    "--follow nor --json");
	status = colour_choose(ctl->values[OPTION_COLOUR], &config.is_coloured);
	if (status == CTL_OK)
		status = audited_session_open(ctl, ctl->operands[0], &subject);
	if (status != CTL_OK)
		return status;
	status = (enum ctl_status)(is_page ? show_page(&subject) :
	    show_session(ctl, &subject, &config));
	audited_session_close(&subject);
	return status;
}

const struct ctl_command cmd_audit_show = {
	.words = "audit show",
	.operands = "SESSION",
	.operands_min = 1,
	.operands_max = 1,
	.options = show_options,
	.help = "print what happened in a session",
	.run = run_audit_show,
};
