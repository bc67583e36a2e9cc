#include "commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "daemon_request.h"
#include "session/session.h"

enum { OPTION_JSON };

enum {
	NAME_COLUMNS = 40,
	TARGET_BYTES = 16 + SESSION_ID_MAX
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
	OPERATING_SESSION,
	{ "customers", JSON_KIND_OBJECTS, customer_shape },
	{ NULL, JSON_KIND_TEXT, NULL },
};

static void
print_line(const struct json_node *customer)
{
	(void)operating_print(customer, "customer", 0);
	(void)printf(" %-5s %-7s %-5s %-5s %11" PRIu64 " %5" PRIu64
	    " %10" PRIu64 "  ",
	    operating_is_true(customer, "host") ? "host" : "guest",
	    operating_is_true(customer, "present") ? "here" :
	    operating_is_true(customer, "member") ? "absent" : "away",
	    operating_is_true(customer, "ready") ? "ready" : "-",
	    operating_is_true(customer, "token") ? "token" : "-",
	    operating_number(customer, "connections"),
	    operating_number(customer, "polls"),
	    operating_number(customer, "cartBytes"));
	(void)operating_print(customer, "name", NAME_COLUMNS);
	(void)putchar('\n');	/* errors show in the end */
}

static void
print_table(const struct json_node *root)
{
	const struct json_node *customer;

	(void)printf("%-24s %-5s %-7s %-5s %-5s %11s %5s %10s  %s\n",
	    "CUSTOMER", "ROLE", "STATE", "READY", "TOKEN", "CONNECTIONS",
	    "POLLS", "CART BYTES", "NAME");
	for (customer = operating_first(root, "customers"); customer != NULL;
	    customer = operating_next(root, "customers", customer))
		print_line(customer);
}

static enum ctl_status
run(const struct ctl *ctl)
{
	const char *session = ctl->operands[0];
	char target[TARGET_BYTES];
	const struct operating_question question = {
		.method = "GET",
		.target = target,
		.shape = shape,
	};
	struct operating_answer answer;
	enum ctl_status status;

	if (!session_id_is_valid(session, strlen(session)))
		return ctl_usage_error("session: %s: not the id of a session",
		    session);
	(void)snprintf(target, sizeof(target), "/session?id=%s",
	    session);	/* fits */
	status = operating_ask(ctl, &question, &answer);
	if (status != CTL_OK)
		return status;
	if (ctl->values[OPTION_JSON] != NULL)
		operating_print_json(answer.root);
	else
		print_table(answer.root);
	operating_clear(&answer);
	return CTL_OK;
}

const struct ctl_command cmd_session = {
	.words = "session",
	.operands = "SESSION",
	.operands_min = 1,
	.operands_max = 1,
	.options = command_options,
	.help = "show who takes part in a session",
	.run = run,
};
