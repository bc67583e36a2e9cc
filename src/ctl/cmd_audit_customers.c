#include "commands.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "audit/account.h"
#include "audit/audit.h"
#include "audit/newcomers.h"
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

/* How what is found is printed. */
struct listing {
	bool	 is_json;
	size_t	 count;
};

/* Takes the entry. */
static void
list_entry(struct listing *listing, struct audit_entry *entry)
{
	if (listing->is_json) {
		print_entry_json(entry);
	} else {
		if (listing->count == 0)
			print_heading();
		print_entry(entry);
	}
	listing->count++;
	audit_entry_clear(entry);
}

static enum audit_status
list_account(struct audit *audit, const char *account, struct listing *listing)
{
	enum audit_status status;
	struct audit_entry entry;
	int64_t after = 0;

	while ((status = audit_account_next(audit, account, after,
	    &entry)) == AUDIT_OK) {
		after = entry.seq;
		list_entry(listing, &entry);
	}
	return status == AUDIT_NONE ? AUDIT_OK : status;
}

/* A name of the database's may have a NUL in it, one that is sought has none. */
static bool
has_name(const struct audit_entry *entry, const char *name)
{
	return entry->name != NULL &&
	    strcasestr(entry->name->data, name) != NULL;
}

static enum audit_status
list_named(struct audit *audit, const char *name, struct listing *listing)
{
	struct audit_newcomers *newcomers = audit_newcomers_new(audit);
	enum audit_status status;
	struct audit_entry entry;

	while ((status = audit_newcomers_next(newcomers, &entry)) ==
	    AUDIT_OK) {
		if (has_name(&entry, name))
			list_entry(listing, &entry);
		else
			audit_entry_clear(&entry);
	}
	audit_newcomers_free(newcomers);
	return status == AUDIT_NONE ? AUDIT_OK : status;
}

static enum ctl_status
run_audit_customers(const struct ctl *ctl)
{
	const char *account = ctl->values[OPTION_ACCOUNT];
	const char *name = ctl->operands[0];
	struct listing listing = {
		.is_json = ctl->values[OPTION_JSON] != NULL,
	};
	enum audit_status status;
	struct audit *audit;

	if ((account == NULL) == (name == NULL))
		return ctl_usage_error("audit customers: say NAME or "
		    "--account");
	if (name != NULL && *name == '\0')
		return ctl_usage_error("NAME is empty");
	status = audit_open(ctl->database, &audit);
	if (status != AUDIT_OK)
		return (enum ctl_status)status;
	status = name != NULL ? list_named(audit, name, &listing) :
	    list_account(audit, account, &listing);
	audit_close(audit);
	if (status != AUDIT_OK || listing.count > 0)
		return (enum ctl_status)status;
	log_errorx("nobody of that %s is known",
	    name != NULL ? "name" : "account");
	return CTL_NOT_FOUND;
}

const struct ctl_command cmd_audit_customers = {
	.words = "audit customers",
	.operands = "NAME",
	.operands_max = 1,
	.options = command_options,
	.help = "list customers of a name, or an account, in all sessions",
	.run = run_audit_customers,
};
