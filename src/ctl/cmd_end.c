#include "commands.h"

#include <stddef.h>

#include "ctl.h"
#include "json_shape.h"
#include "session_call.h"

static const struct json_shape shape[] = {
	SESSION_CALL_ANSWER,
	{ NULL, JSON_KIND_TEXT, NULL },
};

static enum ctl_status
run_end(const struct ctl *ctl)
{
	return session_call_run(ctl, "end", shape, NULL);
}

const struct ctl_command cmd_end = {
	.words = "end",
	.operands = "SESSION",
	.operands_min = 1,
	.operands_max = 1,
	.help = "end a session, for everybody in it",
	.run = run_end,
};
