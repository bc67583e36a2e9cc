#include "commands.h"

#include <stddef.h>

#include "ctl.h"
#include "operating.h"

static enum ctl_status
run(const struct ctl *ctl)
{
	struct operating_answer answer;
	enum ctl_status status;

	status = operating_ask(ctl, "POST", "/drain", 0, &answer);
	if (status == CTL_OK)
		operating_clear(&answer);
	return status;
}

const struct ctl_command cmd_drain = {
	.words = "drain",
	.operands = "",
	.options = NULL,
	.help = "let the daemon drain and stop; again: hurry",
	.run = run,
};
