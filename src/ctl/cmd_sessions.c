#include "commands.h"

#include <inttypes.h>
#include <stdio.h>

#include "ctl.h"
#include "daemon_request.h"

enum { OPTION_JSON };

enum { TARGET_BYTES = 64 };

static const struct ctl_option command_options[] = {
	[OPTION_JSON] = { "json", NULL, "one JSON object a line" },
	{ .name = NULL },
};

static const struct json_shape session_shape[] = {
	OPERATING_SESSION,
	{ NULL, JSON_KIND_TEXT, NULL },
};

static const struct json_shape shape[] = {
	{ "sessions", JSON_KIND_OBJECTS, session_shape },
	{ "next", JSON_KIND_NUMBER_OR_NULL, NULL },
	{ NULL, JSON_KIND_TEXT, NULL },
};

static void
print_line(const struct json_node *session)
{
	(void)printf("%7" PRIu64 " %7" PRIu64 " %4" PRIu64 " %11" PRIu64
	    " %5" PRIu64 " %10" PRIu64 " %8" PRIu64 "  ",
	    operating_number(session, "members"),
	    operating_number(session, "present"),
	    operating_number(session, "away"),
	    operating_number(session, "connections"),
	    operating_number(session, "polls"),
	    operating_number(session, "cartBytes"),
	    operating_number(session, "revision"));
	(void)operating_print(session, "session", 0);
	(void)putchar('\n');	/* errors show in the end */
}

static void
print_page(const struct ctl *ctl, const struct json_node *root)
{
	const struct json_node *session;

	for (session = operating_first(root, "sessions"); session != NULL;
	    session = operating_next(root, "sessions", session))
		if (ctl->values[OPTION_JSON] != NULL)
			operating_print_json(session);
		else
			print_line(session);
}

static void
print_heading(const struct ctl *ctl)
{
	if (ctl->values[OPTION_JSON] == NULL)
		(void)printf("%7s %7s %4s %11s %5s %10s %8s  %s\n",
		    "MEMBERS", "PRESENT", "AWAY", "CONNECTIONS", "POLLS",
		    "CART BYTES", "REVISION", "SESSION");
}

/* Print the sessions behind number *after, which becomes 0 with the last. */
static enum ctl_status
list_page(const struct ctl *ctl, uint64_t *after)
{
	char target[TARGET_BYTES];
	const struct operating_question question = {
		.method = "GET",
		.target = target,
		.shape = shape,
	};
	struct operating_answer answer;
	enum ctl_status status;
	uint64_t next;

	(void)snprintf(target, sizeof(target), "/sessions?after=%" PRIu64,
	    *after);	/* fits */
	status = operating_ask(ctl, &question, &answer);
	if (status != CTL_OK)
		return status;
	next = operating_number(answer.root, "next");
	if (next != 0 && next <= *after) {
		status = operating_misunderstood("the list has no end");
	} else {
		if (*after == 0)
			print_heading(ctl);
		print_page(ctl, answer.root);
	}
	*after = next;
	operating_clear(&answer);
	return status;
}

static enum ctl_status
run(const struct ctl *ctl)
{
	enum ctl_status status;
	uint64_t after = 0;

	do {
		status = list_page(ctl, &after);
	} while (status == CTL_OK && after != 0);
	return status;
}

const struct ctl_command cmd_live = {
	.words = "sessions",
	.operands = "",
	.options = command_options,
	.help = "list the sessions that somebody takes part in",
	.run = run,
};
