#include "commands.h"

#include <inttypes.h>
#include <stdio.h>

#include "ctl.h"
#include "storage/audit.h"
#include "storage/chain.h"

static enum ctl_status
run(const struct ctl *ctl)
{
	enum audit_status status;
	struct chain_head head;
	struct audit *audit;
	size_t i;

	status = audit_open(ctl->database, &audit);
	if (status != AUDIT_OK)
		return (enum ctl_status)status;
	status = audit_head(audit, &head);
	audit_close(audit);
	if (status != AUDIT_OK)
		return (enum ctl_status)status;
	(void)printf("%" PRId64 ":", head.seq);
	for (i = 0; i < sizeof(head.hash); i++)
		(void)printf("%02x", head.hash[i]);
	(void)putchar('\n');
	return CTL_OK;
}

const struct ctl_command cmd_head = {
	.words = "audit head",
	.operands = "",
	.help = "print the newest row's number and hash",
	.run = run,
};
