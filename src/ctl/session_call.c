#include "session_call.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "pending_call.h"
#include "session/session_name.h"

enum {
	TARGET_BYTES = 32 + SESSION_NAME_MAX
};

static enum ctl_status
report_outcome(const char *session, const struct daemon_answer *answer)
{
	if (daemon_answer_is_text(answer->root, "state", "notFound")) {
		log_errorx("%s: no such session runs", session);
		return CTL_NOT_FOUND;
	}
	if (daemon_answer_is_text(answer->root, "state", "failed")) {
		log_errorx("%s: nothing was done: the storage refused",
		    session);
		return CTL_IO_ERROR;
	}
	return daemon_answer_is_text(answer->root, "state", "done") ? CTL_OK :
	    daemon_answer_malformed("state");
}

enum ctl_status
session_call_run(const struct ctl *ctl, const char *deed,
    const struct json_shape *shape,
    void (*print)(const struct json_node *answer))
{
	const char *session = ctl->operands[0], *fault;
	char target[TARGET_BYTES];
	struct daemon_answer answer;
	enum ctl_status status;
	uint64_t number;

	if (!session_name_is_valid(session, strlen(session)))
		return ctl_usage_error("%s: %s: not the id of a session", deed,
		    session);
	xsnprintf(target, sizeof(target), "/%s?session=%s", deed, session);
	status = pending_call_begin(ctl, target, &number);
	if (status != CTL_OK)
		return status;
	xsnprintf(target, sizeof(target), "/call/%" PRIu64, number);
	status = pending_call_await(ctl, session, target, &answer);
	if (status != CTL_OK)
		return status;
	status = report_outcome(session, &answer);
	fault = status == CTL_OK ? json_shape_fault(answer.root, shape) : NULL;
	if (fault != NULL)
		status = daemon_answer_malformed(fault);
	else if (status == CTL_OK && print != NULL)
		print(answer.root);
	daemon_answer_clear(&answer);
	return status;
}
