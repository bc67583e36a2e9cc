#include "commands.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/log.h"
#include "ctl.h"
#include "storage/audit.h"
#include "storage/audit_replay.h"
#include "storage/audit_session.h"
#include "wire/multicart.h"

static enum ctl_status
print_state(struct audit *audit, const struct ctl *ctl)
{
	const struct audit_point newest = { .moment = AUDIT_NEWEST };
	struct audit_session session;
	struct audit_replay replay;
	struct multicart *multicart;
	enum audit_status status;

	status = audit_session_find(audit, ctl->operands[0], &session);
	if (status == AUDIT_NONE)
		log_errorx("%s: no such session", ctl->operands[0]);
	if (status != AUDIT_OK)
		return (enum ctl_status)status;
	status = audit_replay_to(audit, &session, &newest, &replay);
	audit_session_clear(&session);
	if (status != AUDIT_OK)
		return (enum ctl_status)status;
	multicart = multicart_encode(replay.session);
	(void)printf("%s\n", multicart->bytes->data);
	multicart_unref(multicart);
	audit_replay_clear(&replay);
	return CTL_OK;
}

static enum ctl_status
run(const struct ctl *ctl)
{
	enum ctl_status status;
	struct audit *audit;

	status = (enum ctl_status)audit_open(ctl->database, &audit);
	if (status != CTL_OK)
		return status;
	status = print_state(audit, ctl);
	audit_close(audit);
	return status;
}

const struct ctl_command cmd_state = {
	.words = "audit state",
	.operands = "SESSION",
	.operands_min = 1,
	.operands_max = 1,
	.help = "print a session's multicart",
	.run = run,
};
