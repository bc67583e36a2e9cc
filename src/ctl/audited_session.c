#include "audited_session.h"

#include "audit/audit.h"
#include "base/log.h"

enum ctl_status
audited_session_open(const struct ctl *ctl, const char *name,
    struct target *target)
{
	enum audit_status status = audit_open(ctl->database, &target->audit);

	if (status != AUDIT_OK)
		return (enum ctl_status)status;
	status = audit_session_find(target->audit, name, &target->session);
	if (status == AUDIT_NONE)
		log_errorx("%s: no such session", name);
	if (status != AUDIT_OK)
		audit_close(target->audit);
	return (enum ctl_status)status;
}

void
audited_session_close(struct target *target)
{
	audit_session_clear(&target->session);
	audit_close(target->audit);
}
