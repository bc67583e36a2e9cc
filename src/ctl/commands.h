#ifndef COMMANDS_H
#define COMMANDS_H

struct ctl_command;

/* All commands, in the order of the help; the last is NULL. */
extern const struct ctl_command *const commands[];

/* Each in a file of its own. */
extern const struct ctl_command cmd_api_key_new;
extern const struct ctl_command cmd_backup;
extern const struct ctl_command cmd_config;
extern const struct ctl_command cmd_copy;
extern const struct ctl_command cmd_drain;
extern const struct ctl_command cmd_end;
extern const struct ctl_command cmd_kick;
extern const struct ctl_command cmd_lock;
extern const struct ctl_command cmd_sessions;
extern const struct ctl_command cmd_log_level;
extern const struct ctl_command cmd_reload;
extern const struct ctl_command cmd_restore;
extern const struct ctl_command cmd_session;
extern const struct ctl_command cmd_status;
extern const struct ctl_command cmd_top;
extern const struct ctl_command cmd_unlock;
extern const struct ctl_command cmd_webhook_replay;
extern const struct ctl_command cmd_webhook_status;
extern const struct ctl_command cmd_webhook_test;
extern const struct ctl_command cmd_erase;
extern const struct ctl_command cmd_audit_customers;
extern const struct ctl_command cmd_audit_diff;
extern const struct ctl_command cmd_audit_export;
extern const struct ctl_command cmd_audit_head;
extern const struct ctl_command cmd_audit_sessions;
extern const struct ctl_command cmd_audit_show;
extern const struct ctl_command cmd_audit_state;
extern const struct ctl_command cmd_audit_verify;
extern const struct ctl_command cmd_audit_who;

#endif
