#include "commands.h"

#include <stddef.h>
#include <stdio.h>

#include "ctl.h"
#include "daemon_request.h"
#include "json_line.h"
#include "json_shape.h"
#include "json_tree.h"
#include "session_call.h"

static const struct json_shape shape[] = {
	SESSION_CALL_ANSWER,
	{ "payload", JSON_KIND_OBJECT, NULL },
	{ NULL, JSON_KIND_TEXT, NULL },
};

/* What the session shows from then on, as its members see it. */
static void
print_locked(const struct json_node *answer)
{
	const struct json_node *payload = json_node_member(answer, "payload");
	struct json_line line;

	json_line_begin(&line, stdout);
	json_line_number(&line, "incarnation",
	    daemon_answer_number(answer, "incarnation"));
	json_line_number(&line, "revision",
	    daemon_answer_number(answer, "revision"));
	json_line_json(&line, "payload", payload->text, payload->len);
	json_line_end(&line);
}

static enum ctl_status
run_lock(const struct ctl *ctl)
{
	return session_call_run(ctl, "lock", shape, print_locked);
}

const struct ctl_command cmd_lock = {
	.words = "lock",
	.operands = "SESSION",
	.operands_min = 1,
	.operands_max = 1,
	.help = "keep carts as they are, and print them",
	.run = run_lock,
};
