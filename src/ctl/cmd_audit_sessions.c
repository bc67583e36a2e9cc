#include "commands.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "audit/audit.h"
#include "audit/session_list.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "ctl.h"
#include "json_line.h"
#include "printable.h"
#include "shop_filter.h"
#include "timestamp.h"

enum {
	OPTION_SINCE,
	OPTION_ACTIVE,
	OPTION_SHOP,
	OPTION_IDS,
	OPTION_JSON
};

static const struct ctl_option command_options[] = {
	[OPTION_SINCE] = { "since", "TIME", "whose last event is not before" },
	[OPTION_ACTIVE] = { "active", NULL, "that have not ended" },
	[OPTION_SHOP] = { "shop", "SHOP", "of this shop; empty: of none" },
	[OPTION_IDS] = { "ids", "BEGINNING",
	    "only ids that begin so, at most 1000" },
	[OPTION_JSON] = { "json", NULL, "one JSON object a line" },
	{ .name = NULL },
};

enum {
	NAME_COLUMNS = 24,
	HOST_COLUMNS = 40,
	CURSOR_BYTES = 44,
	IDS_MAX = 1000			/* nobody chooses among more */
};

struct listing {
	const struct ctl *ctl;
	uint64_t since_ms;
	bool	 is_active;
	const char *shop;		/* see shop_filter.h */
	bool	 is_json;
};

static bool
passes_options(const struct listing *listing,
    const struct audit_session *session)
{
	return session->last_ms >= listing->since_ms &&
	    (session->is_running || !listing->is_active) &&
	    shop_filter_passes(listing->shop, session->name->data,
	    session->name->len);
}

static void
print_time_member(struct json_line *line, const char *key, uint64_t ms)
{
	char text[TIMESTAMP_CHARS + 1];

	timestamp_format(ms, text);
	json_line_string(line, key, text);
}

static void
print_audited_json(const struct audit_session *session)
{
	struct json_line line;

	json_line_begin(&line, stdout);
	json_line_string(&line, "session", session->name->data);
	json_line_string(&line, "state",
	    session->is_running ? "running" : "ended");
	if (session->locked_ms != 0)
		print_time_member(&line, "locked", session->locked_ms);
	json_line_text(&line, "host",
	    session->host != NULL ? session->host->data : NULL,
	    session->host != NULL ? session->host->len : 0);
	json_line_number(&line, "members", session->counts[CUSTOMER_SEATED]);
	json_line_number(&line, "away", session->counts[CUSTOMER_AWAY]);
	json_line_number(&line, "gone", session->counts[CUSTOMER_GONE]);
	json_line_number(&line, "incarnation", session->incarnation);
	json_line_number(&line, "revision", session->revision);
	print_time_member(&line, "first", session->first_ms);
	print_time_member(&line, "last", session->last_ms);
	json_line_end(&line);
}

static void
print_audited_heading(void)
{
	(void)printf("%-*s %-7s %7s %4s %4s %9s %-*s %-*s %s\n",
	    NAME_COLUMNS, "SESSION", "STATE", "MEMBERS", "AWAY", "GONE",
	    "REVISION", TIMESTAMP_CHARS,
	    "FIRST EVENT", TIMESTAMP_CHARS, "LAST EVENT", "HOST");
}

static void
print_audited_session(const struct audit_session *session)
{
	char first[TIMESTAMP_CHARS + 1], last[TIMESTAMP_CHARS + 1];
	char cursor[CURSOR_BYTES];
	size_t taken;

	timestamp_format(session->first_ms, first);
	timestamp_format(session->last_ms, last);
	xsnprintf(cursor, sizeof(cursor), "%" PRIu64 ".%" PRIu64,
	    session->incarnation, session->revision);
	taken = printable_write(stdout, session->name->data,
	    session->name->len, SIZE_MAX);
	(void)printf("%*s %-7s %7zu %4zu %4zu %9s %s %s ",
	    taken < NAME_COLUMNS ? (int)(NAME_COLUMNS - taken) : 0, "",
	    session->locked_ms != 0 ? "locked" :
	    session->is_running ? "running" : "ended",
	    session->counts[CUSTOMER_SEATED], session->counts[CUSTOMER_AWAY],
	    session->counts[CUSTOMER_GONE], cursor, first, last);
	if (session->host != NULL)
		(void)printable_write(stdout, session->host->data,
		    session->host->len, HOST_COLUMNS);
	else
		(void)putchar('-');
	(void)putchar('\n');
}

static enum audit_status
list(const struct listing *listing, struct audit *audit)
{
	struct audit_session session;
	enum audit_status status;
	int64_t after = 0;

	if (!listing->is_json)
		print_audited_heading();
	for (;;) {
		status = audit_session_next(audit, after, &session);
		if (status != AUDIT_OK)
			return status == AUDIT_NONE ? AUDIT_OK : status;
		after = session.row;
		if (passes_options(listing, &session) && listing->is_json)
			print_audited_json(&session);
		else if (passes_options(listing, &session))
			print_audited_session(&session);
		audit_session_clear(&session);
	}
}

static void
print_id(const struct payload *id)
{
	(void)printable_write(stdout, id->data, id->len, SIZE_MAX);
	(void)putchar('\n');
}

static enum ctl_status
list_ids(const struct ctl *ctl)
{
	enum audit_status status;
	struct audit *audit;
	size_t i;

	for (i = 0; command_options[i].name != NULL; i++)
		if (i != OPTION_IDS && ctl->values[i] != NULL)
			return ctl_usage_error("audit sessions: --ids goes "
			    "with no other option");
	status = audit_open(ctl->database, &audit);
	if (status != AUDIT_OK)
		return (enum ctl_status)status;
	status = audit_session_ids(audit, ctl->values[OPTION_IDS], IDS_MAX,
	    print_id);
	audit_close(audit);
	return (enum ctl_status)status;
}

static enum ctl_status
run_audit_sessions(const struct ctl *ctl)
{
	struct listing listing = {
		.is_active = ctl->values[OPTION_ACTIVE] != NULL,
		.shop = ctl->values[OPTION_SHOP],
		.is_json = ctl->values[OPTION_JSON] != NULL,
	};
	const char *since = ctl->values[OPTION_SINCE];
	char problem[TIMESTAMP_PROBLEM_BYTES];
	enum audit_status status;
	struct audit *audit;

	if (ctl->values[OPTION_IDS] != NULL)
		return list_ids(ctl);
	if (since != NULL && timestamp_parse(since, clock_now().wall_ms,
	    &listing.since_ms, problem) == -1)
		return ctl_usage_error("--since: %s: %s", since, problem);
	if (!shop_filter_is_valid("audit sessions", listing.shop))
		return CTL_USAGE;
	status = audit_open(ctl->database, &audit);
	if (status != AUDIT_OK)
		return (enum ctl_status)status;
	status = list(&listing, audit);
	audit_close(audit);
	return (enum ctl_status)status;
}

const struct ctl_command cmd_audit_sessions = {
	.words = "audit sessions",
	.operands = "",
	.options = command_options,
	.help = "list the sessions",
	.run = run_audit_sessions,
};
