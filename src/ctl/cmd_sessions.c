#include "commands.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "ctl.h"
#include "daemon_request.h"
#include "shop_filter.h"

enum { OPTION_SHOP, OPTION_JSON };

enum { TARGET_BYTES = 64 };

static const struct ctl_option command_options[] = {
	[OPTION_SHOP] = { "shop", "SHOP", "of this shop; empty: of none" },
	[OPTION_JSON] = { "json", NULL, "one JSON object a line" },
	{ .name = NULL },
};

static const struct json_shape session_shape[] = {
	DAEMON_ANSWER_SESSION,
	{ NULL, JSON_KIND_TEXT, NULL },
};

static const struct json_shape shape[] = {
	{ "sessions", JSON_KIND_OBJECTS, session_shape },
	{ "next", JSON_KIND_NUMBER_OR_NULL, NULL },
	{ NULL, JSON_KIND_TEXT, NULL },
};

static void
print_session(const struct json_node *session)
{
	(void)printf("%7" PRIu64 " %7" PRIu64 " %4" PRIu64 " %11" PRIu64
	    " %5" PRIu64 " %10" PRIu64 " %8" PRIu64 " %-6s  ",
	    daemon_answer_number(session, "members"),
	    daemon_answer_number(session, "present"),
	    daemon_answer_number(session, "away"),
	    daemon_answer_number(session, "connections"),
	    daemon_answer_number(session, "polls"),
	    daemon_answer_number(session, "cartBytes"),
	    daemon_answer_number(session, "revision"),
	    daemon_answer_is_true(session, "locked") ? "locked" : "-");
	(void)daemon_answer_print(session, "session", 0);
	(void)putchar('\n');
}

static void
print_sessions_heading(const struct ctl *ctl)
{
	if (ctl->values[OPTION_JSON] == NULL)
		(void)printf("%7s %7s %4s %11s %5s %10s %8s %-6s  %s\n",
		    "MEMBERS", "PRESENT", "AWAY", "CONNECTIONS", "POLLS",
		    "CART BYTES", "REVISION", "LOCK", "SESSION");
}

static void
print_page(const struct ctl *ctl, const struct json_node *root)
{
	const struct json_node *list = json_node_member(root, "sessions");
	const struct json_node *session, *name;

	for (session = json_node_first(list); session != NULL;
	    session = json_node_next(list, session)) {
		name = json_node_member(session, "session");
		/* Between its quotes. */
		if (!shop_filter_passes(ctl->values[OPTION_SHOP],
		    name->text + 1, name->len - 2))
			continue;
		if (ctl->values[OPTION_JSON] != NULL)
			daemon_answer_print_json(session);
		else
			print_session(session);
	}
}

/* Print the sessions behind number *after, which becomes 0 with the last. */
static enum ctl_status
request_page(const struct ctl *ctl, uint64_t *after)
{
	char target[TARGET_BYTES];
	const struct daemon_request request = {
		.method = "GET",
		.target = target,
		.shape = shape,
	};
	struct daemon_answer answer;
	enum ctl_status status;
	uint64_t next;

	xsnprintf(target, sizeof(target), "/sessions?after=%" PRIu64,
	    *after);
	status = daemon_request_send(ctl, &request, &answer);
	if (status != CTL_OK)
		return status;
	next = daemon_answer_number(answer.root, "next");
	if (next != 0 && next <= *after) {
		status = daemon_answer_malformed("the list has no end");
	} else {
		if (*after == 0)
			print_sessions_heading(ctl);
		print_page(ctl, answer.root);
	}
	*after = next;
	daemon_answer_clear(&answer);
	return status;
}

static enum ctl_status
run_sessions(const struct ctl *ctl)
{
	enum ctl_status status;
	uint64_t after = 0;

	if (!shop_filter_is_valid("sessions", ctl->values[OPTION_SHOP]))
		return CTL_USAGE;
	do {
		status = request_page(ctl, &after);
	} while (status == CTL_OK && after != 0);
	return status;
}

const struct ctl_command cmd_sessions = {
	.words = "sessions",
	.operands = "",
	.options = command_options,
	.help = "list the sessions that somebody takes part in",
	.run = run_sessions,
};
