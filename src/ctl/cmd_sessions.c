#include "commands.h"

#include <stdio.h>

#include "base/buf.h"
#include "ctl.h"
#include "storage/audit.h"
#include "storage/audit_session.h"

static enum ctl_status
run(const struct ctl *ctl)
{
	struct audit_session session = { .row = 0 };
	enum audit_status status;
	struct audit *audit;
	int64_t after = 0;

	status = audit_open(ctl->database, &audit);
	if (status != AUDIT_OK)
		return (enum ctl_status)status;
	while ((status = audit_session_next(audit, after, &session)) ==
	    AUDIT_OK) {
		(void)printf("%s\n", session.name->data);
		after = session.row;
		audit_session_clear(&session);
	}
	audit_close(audit);
	return status == AUDIT_NONE ? CTL_OK : (enum ctl_status)status;
}

const struct ctl_command cmd_sessions = {
	.words = "audit sessions",
	.operands = "",
	.help = "list the sessions",
	.run = run,
};
