#include "pending_call.h"

#include <errno.h>

#include "base/log.h"
#include "pause.h"

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

enum ctl_status
pending_call_begin(const struct ctl *ctl, const char *target, uint64_t *number)
{
	const struct daemon_request request = {
		.method = "POST",
		.target = target,
		.shape = begun_shape,
	};
	struct daemon_answer answer;
	enum ctl_status status = daemon_request_send(ctl, &request, &answer);

	if (status != CTL_OK)
		return status;
	*number = daemon_answer_number(answer.root, "id");
	daemon_answer_clear(&answer);
	return CTL_OK;
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
	enum ctl_status status =
	    daemon_request_try(ctl, &request, answer, &absence);

	if (absence.is_absent) {
		errno = absence.error;
		log_warn("the daemon went away: do it again");
	}
	return status;
}

enum ctl_status
pending_call_await(const struct ctl *ctl, const char *what, const char *target,
    struct daemon_answer *answer)
{
	struct pause pause = { .ms = 0 };
	enum ctl_status status;

	for (;;) {
		status = request_state(ctl, target, answer);
		if (status != CTL_OK)
			return status;
		if (answer->status == STATUS_UNKNOWN)
			break;
		if (!daemon_answer_is_text(answer->root, "state", "pending"))
			return CTL_OK;
		daemon_answer_clear(answer);
		pause_longer(&pause);
	}
	daemon_answer_clear(answer);
	log_errorx("%s: what came of it is not known: the daemon was started "
		   "anew or was asked much else: do it again",
	    what);
	return CTL_UNAVAILABLE;
}
