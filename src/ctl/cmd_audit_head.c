#include "commands.h"

#include <stdio.h>

#include "audit/audit.h"
#include "ctl.h"
#include "storage/chain.h"

static enum ctl_status
run_audit_head(const struct ctl *ctl)
{
	char text[CHAIN_HEAD_CHARS + 1];
	enum audit_status status;
	struct chain_head head;
	struct audit *audit;

	status = audit_open(ctl->database, &audit);
	if (status != AUDIT_OK)
		return (enum ctl_status)status;
	status = audit_head(audit, &head);
	audit_close(audit);
	if (status != AUDIT_OK)
		return (enum ctl_status)status;
	chain_head_format(&head, text);
	(void)printf("%s\n", text);
	return CTL_OK;
}

const struct ctl_command cmd_audit_head = {
	.words = "audit head",
	.operands = "",
	.help = "print the newest row's number and hash",
	.run = run_audit_head,
};
