#include "session_call.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "daemon_request.h"
#include "pause.h"
#include "session/session_name.h"

enum {
	TARGET_BYTES = 32 + SESSION_NAME_MAX
};

/* What the daemon answers of a call that it does not know, or any more. */
#define STATUS_UNKNOWN 404

static const struct json_shape begun_shape[] = {
	{ "id", JSON_KIND_NUMBER, NULL },
	{ NULL, JSON_KIND_TEXT, NULL },
};

static const struct json_shape state_shape[] = {
	{ "state", JSON_KIND_TEXT, NULL },
	{ NULL, JSON_KIND_TEXT, NULL },
};

static enum ctl_status
report_outcome(const char *session, const struct daemon_answer *answer)
{
	if (answer->status == STATUS_UNKNOWN) {
		log_errorx("%s: what came of it is not known: the daemon was "
		    "started anew or had much else to do: do it again",
		    session);
		return CTL_UNAVAILABLE;
	}
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

/* Ask once what came of it; answer is to be cleared if that is CTL_OK. */
static enum ctl_status
request_state(const struct ctl *ctl, const char *target,
    struct daemon_answer *answer)
{
	const struct daemon_request request = {
		.method = "GET",
		.target = target,
		.shape = state_shape,
		.also = STATUS_UNKNOWN,
	};
	struct daemon_absence absence;
	enum ctl_status status = daemon_request_try(ctl, &request, answer,
	    &absence);

	if (absence.is_absent) {
		errno = absence.error;
		log_warn("the daemon went away: do it again");
	}
	return status;
}

/* The answer of a call that is not pending any more, likewise. */
static enum ctl_status
await_outcome(const struct ctl *ctl, uint64_t number,
    struct daemon_answer *answer)
{
	char target[TARGET_BYTES];
	struct pause pause = { .ms = 0 };
	enum ctl_status status;

	xsnprintf(target, sizeof(target), "/call/%" PRIu64, number);
	for (;;) {
		status = request_state(ctl, target, answer);
		if (status != CTL_OK || answer->status == STATUS_UNKNOWN ||
		    !daemon_answer_is_text(answer->root, "state", "pending"))
			return status;
		daemon_answer_clear(answer);
		pause_longer(&pause);
	}
}

static enum ctl_status
begin_call(const struct ctl *ctl, const char *deed, uint64_t *number)
{
	char target[TARGET_BYTES];
	const struct daemon_request request = {
		.method = "POST",
		.target = target,
		.shape = begun_shape,
	};
	struct daemon_answer answer;
	enum ctl_status status;

	xsnprintf(target, sizeof(target), "/%s?session=%s", deed,
	    ctl->operands[0]);
	status = daemon_request_send(ctl, &request, &answer);
	if (status != CTL_OK)
		return status;
	*number = daemon_answer_number(answer.root, "id");
	daemon_answer_clear(&answer);
	return CTL_OK;
}

enum ctl_status
session_call_run(const struct ctl *ctl, const char *deed,
    const struct json_shape *shape,
    void (*print)(const struct json_node *answer))
{
	const char *session = ctl->operands[0], *fault;
	struct daemon_answer answer;
	enum ctl_status status;
	uint64_t number;

	if (!session_name_is_valid(session, strlen(session)))
		return ctl_usage_error("%s: %s: not the id of a session", deed,
		    session);
	status = begin_call(ctl, deed, &number);
	if (status == CTL_OK)
		status = await_outcome(ctl, number, &answer);
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
