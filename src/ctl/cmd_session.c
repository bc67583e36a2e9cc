#include "commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ctl.h"
#include "daemon_request.h"
#include "session/session_name.h"

enum { OPTION_JSON };

enum {
	NAME_COLUMNS = 40,
	TARGET_BYTES = 16 + SESSION_NAME_MAX
};

static const struct ctl_option command_options[] = {
	[OPTION_JSON] = { "json", NULL, "a JSON object" },
	{ .name = NULL },
};

static const struct json_shape customer_shape[] = {
	{ "customer", JSON_KIND_TEXT, NULL },
	{ "name", JSON_KIND_TEXT_OR_NULL, NULL },
	{ "host", JSON_KIND_BOOL, NULL },
	{ "ready", JSON_KIND_BOOL, NULL },
	{ "token", JSON_KIND_BOOL, NULL },
	{ "member", JSON_KIND_BOOL, NULL },
	{ "present", JSON_KIND_BOOL, NULL },
	{ "connections", JSON_KIND_NUMBER, NULL },
	{ "polls", JSON_KIND_NUMBER, NULL },
	{ "cartBytes", JSON_KIND_NUMBER, NULL },
	{ NULL, JSON_KIND_TEXT, NULL },
};

static const struct json_shape shape[] = {
	DAEMON_ANSWER_SESSION,
	{ "customers", JSON_KIND_OBJECTS, customer_shape },
	{ NULL, JSON_KIND_TEXT, NULL },
};

static void
print_customer(const struct json_node *customer)
{
	(void)daemon_answer_print(customer, "customer", 0);
	(void)printf(" %-5s %-7s %-5s %-5s %11" PRIu64 " %5" PRIu64
	    " %10" PRIu64 "  ",
	    daemon_answer_is_true(customer, "host") ? "host" : "guest",
	    daemon_answer_is_true(customer, "present") ? "here" :
	    daemon_answer_is_true(customer, "member") ? "absent" : "away",
	    daemon_answer_is_true(customer, "ready") ? "ready" : "-",
	    daemon_answer_is_true(customer, "token") ? "token" : "-",
	    daemon_answer_number(customer, "connections"),
	    daemon_answer_number(customer, "polls"),
	    daemon_answer_number(customer, "cartBytes"));
	(void)daemon_answer_print(customer, "name", NAME_COLUMNS);
	(void)putchar('\n');
}

static void
print_customers(const struct json_node *root)
{
	if (daemon_answer_is_true(root, "locked"))
		(void)printf("The session is locked.\n");
	(void)printf("%-24s %-5s %-7s %-5s %-5s %11s %5s %10s  %s\n",
	    "CUSTOMER", "ROLE", "STATE", "READY", "TOKEN", "CONNECTIONS",
	    "POLLS", "CART BYTES", "NAME");
	daemon_answer_each(root, "customers", print_customer);
}

static enum ctl_status
run_session(const struct ctl *ctl)
{
	const char *session = ctl->operands[0];
	char target[TARGET_BYTES];
	const struct daemon_request request = {
		.method = "GET",
		.target = target,
		.shape = shape,
	};

	if (!session_name_is_valid(session, strlen(session)))
		return ctl_usage_error("session: %s: not the id of a session",
		    session);
	xsnprintf(target, sizeof(target), "/session?id=%s", session);
	return daemon_request_print(ctl, &request,
	    ctl->values[OPTION_JSON] != NULL ? daemon_answer_print_json :
	    print_customers);
}

const struct ctl_command cmd_session = {
	.words = "session",
	.operands = "SESSION",
	.operands_min = 1,
	.operands_max = 1,
	.options = command_options,
	.help = "show who takes part in a session",
	.run = run_session,
};
