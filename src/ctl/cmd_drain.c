#include "commands.h"

#include <stddef.h>

#include "ctl.h"
#include "daemon_request.h"

static enum ctl_status
run_drain(const struct ctl *ctl)
{
	return daemon_request_post(ctl, "/drain");
}

const struct ctl_command cmd_drain = {
	.words = "drain",
	.operands = "",
	.options = NULL,
	.help = "let the daemon drain and stop; again: hurry",
	.run = run_drain,
};
