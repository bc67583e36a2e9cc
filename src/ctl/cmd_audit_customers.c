#include "commands.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "audit/account.h"
#include "audit/audit.h"
#include "base/buf.h"
#include "base/id.h"
#include "base/log.h"
#include "ctl.h"
#include "event_name.h"
#include "json_line.h"
#include "printable.h"
#include "timestamp.h"

enum {
	OPTION_ACCOUNT,
	OPTION_JSON
};

static const struct ctl_option command_options[] = {
	[OPTION_ACCOUNT] = { "account", "ACCOUNT",
	    "that their tickets named (sub)" },
	[OPTION_JSON] = { "json", NULL, "one JSON object a line" },
	{ .name = NULL },
};

enum {
	SESSION_COLUMNS = 24,
	NAME_COLUMNS = 40
};

static void
print_entry_json(const struct audit_entry *entry)
{
	char digits[ID_CUSTOMER_HEX + 1], time[TIMESTAMP_CHARS + 1];
	const struct payload *name = entry->name;
	struct json_line line;

	customer_id_format(&entry->customer, digits);
	timestamp_format(entry->time_ms, time);
	json_line_begin(&line, stdout);
	json_line_string(&line, "session", entry->session->data);
	json_line_string(&line, "customer", digits);
	json_line_string(&line, "event", event_name(entry->event));
	json_line_string(&line, "time", time);
	json_line_text(&line, "name", name == NULL ? NULL : name->data,
	    name == NULL ? 0 : name->len);
	json_line_number(&line, "seq", (uint64_t)entry->seq);
	json_line_end(&line);
}

static void
print_heading(void)
{
	(void)printf("%-*s %-*s %-5s %-*s %s\n", SESSION_COLUMNS, "SESSION",
	    ID_CUSTOMER_HEX, "CUSTOMER", "EVENT", TIMESTAMP_CHARS, "TIME",
	    "NAME");
}

static void
print_entry(const struct audit_entry *entry)
{
	char digits[ID_CUSTOMER_HEX + 1], time[TIMESTAMP_CHARS + 1];
	size_t taken;

	customer_id_format(&entry->customer, digits);
	timestamp_format(entry->time_ms, time);
	taken = printable_write(stdout, entry->session->data,
	    entry->session->len, SIZE_MAX);
	(void)printf("%*s %s %-5s %s ",
	    taken < SESSION_COLUMNS ? (int)(SESSION_COLUMNS - taken) : 0, "",
	    digits, event_name(entry->event), time);
	if (entry->name != NULL)
		(void)printable_write(stdout, entry->name->data,
		    entry->name->len, NAME_COLUMNS);
	(void)putchar('\n');
}

/* All of the account; *count says how many. */
static enum audit_status
list_customers(const struct ctl *ctl, struct audit *audit, size_t *count)
{
	bool is_json = ctl->values[OPTION_JSON] != NULL;
	enum audit_status status;
	struct audit_entry entry;
	int64_t after = 0;

	for (*count = 0;; ++*count) {
		status = audit_account_next(audit, ctl->values[OPTION_ACCOUNT],
		    after, &entry);
		if (status != AUDIT_OK)
			return status == AUDIT_NONE ? AUDIT_OK : status;
		after = entry.seq;
		if (is_json) {
			print_entry_json(&entry);
		} else {
			if (*count == 0)
				print_heading();
			print_entry(&entry);
		}
		audit_entry_clear(&entry);
	}
}

static enum ctl_status
run_audit_customers(const struct ctl *ctl)
{
	enum audit_status status;
	struct audit *audit;
	size_t count = 0;

	if (ctl->values[OPTION_ACCOUNT] == NULL)
		return ctl_usage_error("audit customers: say --account");
	status = audit_open(ctl->database, &audit);
	if (status != AUDIT_OK)
		return (enum ctl_status)status;
	status = list_customers(ctl, audit, &count);
	audit_close(audit);
	if (status != AUDIT_OK || count > 0)
		return (enum ctl_status)status;
	log_errorx("nobody of that account is known");
	return CTL_NOT_FOUND;
}

const struct ctl_command cmd_audit_customers = {
	.words = "audit customers",
	.operands = "",
	.options = command_options,
	.help = "list the customers of an account, in all sessions",
	.run = run_audit_customers,
};
