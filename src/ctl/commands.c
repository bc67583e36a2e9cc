#include "commands.h"

#include <stddef.h>

const struct ctl_command *const commands[] = {
	&cmd_status,
	&cmd_sessions,
	&cmd_session,
	&cmd_kick,
	&cmd_lock,
	&cmd_unlock,
	&cmd_end,
	&cmd_config,
	&cmd_reload,
	&cmd_log_level,
	&cmd_drain,
	&cmd_api_key_new,
	&cmd_webhook_status,
	&cmd_webhook_test,
	&cmd_webhook_replay,
	&cmd_audit_sessions,
	&cmd_audit_customers,
	&cmd_audit_show,
	&cmd_audit_state,
	&cmd_audit_diff,
	&cmd_audit_who,
	&cmd_audit_export,
	&cmd_audit_verify,
	&cmd_audit_head,
	&cmd_backup,
	&cmd_restore,
	&cmd_erase,
	NULL,
};
