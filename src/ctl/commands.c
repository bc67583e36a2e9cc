#include "commands.h"

#include <stddef.h>

const struct ctl_command *const commands[] = {
	&cmd_status,
	&cmd_live,
	&cmd_session,
	&cmd_kick,
	&cmd_config,
	&cmd_reload,
	&cmd_log_level,
	&cmd_drain,
	&cmd_sessions,
	&cmd_show,
	&cmd_state,
	&cmd_diff,
	&cmd_who,
	&cmd_export,
	&cmd_verify,
	&cmd_head,
	&cmd_backup,
	&cmd_restore,
	&cmd_erase,
	NULL,
};
