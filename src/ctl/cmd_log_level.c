#include "commands.h"

#include "base/text.h"
#include "config/setting.h"
#include "ctl.h"
#include "daemon_request.h"

enum { TARGET_BYTES = 64 };

static enum ctl_status
run_log_level(const struct ctl *ctl)
{
	char target[TARGET_BYTES];
	enum log_level level;

	if (setting_log_level_parse(ctl->operands[0], &level) == -1)
		return ctl_usage_error("log-level: %s: not error, warning, "
		    "info or debug", ctl->operands[0]);
	xsnprintf(target, sizeof(target), "/log-level?level=%s",
	    setting_log_level_name(level));
	return daemon_request_post(ctl, target);
}

const struct ctl_command cmd_log_level = {
	.words = "log-level",
	.operands = "LEVEL",
	.operands_min = 1,
	.operands_max = 1,
	.help = "log more or less, until the next reload",
	.run = run_log_level,
};
