#include "audited_session.h"

#include "audit/audit.h"
#include "base/log.h"

enum ctl_status
audited_session_open(const struct ctl *ctl, const char *name,
    struct audited_session *subject)
{
	enum audit_status status = audit_open(ctl->database, &subject->audit);

	subject->session = (struct audit_session){ .row = 0 };
	if (status != AUDIT_OK || name == NULL)
		return (enum ctl_status)status;
	status = audit_session_find(subject->audit, name, &subject->session);
	if (status == AUDIT_NONE)
		log_errorx("%s: no such session", name);
	if (status != AUDIT_OK)
		audit_close(subject->audit);
	return (enum ctl_status)status;
}

void
audited_session_close(struct audited_session *subject)
{
	audit_session_clear(&subject->session);
	audit_close(subject->audit);
}
