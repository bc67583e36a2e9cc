#include "commands.h"

#include <inttypes.h>
#include <stdio.h>

#include "ctl.h"
#include "operating.h"

enum { OPTION_JSON };

enum { TARGET_BYTES = 64 };

static const struct ctl_option command_options[] = {
	[OPTION_JSON] = { "json", NULL, "one JSON object a line" },
	{ .name = NULL },
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
	operating_print(session, "session", 0);
	(void)putchar('\n');	/* errors show in the end */
}

static void
print_page(const struct ctl *ctl, const struct json_node *root)
{
	const struct json_node *list = json_node_member(root, "sessions");
	const struct json_node *session;

	for (session = json_node_first(list); session != NULL;
	    session = json_node_next(list, session))
		if (ctl->values[OPTION_JSON] != NULL)
			(void)printf("%.*s\n", (int)session->len,
			    session->text);
		else
			print_line(session);
}

static enum ctl_status
run(const struct ctl *ctl)
{
	struct operating_answer answer;
	char target[TARGET_BYTES];
	enum ctl_status status;
	uint64_t after = 0;
	bool is_first = true;

	do {
		(void)snprintf(target, sizeof(target),
		    "/sessions?after=%" PRIu64, after); /* fits */
		status = operating_ask(ctl, "GET", target, 0, &answer);
		if (status != CTL_OK)
			return status;
		if (is_first && ctl->values[OPTION_JSON] == NULL)
			(void)printf("%7s %7s %4s %11s %5s %10s %8s  %s\n",
			    "MEMBERS", "PRESENT", "AWAY", "CONNECTIONS",
			    "POLLS", "CART BYTES", "REVISION", "SESSION");
		is_first = false;
		print_page(ctl, answer.root);
		/* null, at the end, is no number. */
		after = operating_number(answer.root, "next");
		operating_clear(&answer);
	} while (after != 0);
	return CTL_OK;
}

const struct ctl_command cmd_live = {
	.words = "sessions",
	.operands = "",
	.options = command_options,
	.help = "list the sessions that somebody takes part in",
	.run = run,
};
