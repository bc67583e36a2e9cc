#include "commands.h"

#include <string.h>

#include "base/id.h"
#include "base/text.h"
#include "ctl.h"
#include "daemon_request.h"
#include "session/session_name.h"

enum { TARGET_BYTES = 64 + SESSION_NAME_MAX };

static enum ctl_status
run_kick(const struct ctl *ctl)
{
	const char *session = ctl->operands[0], *customer = ctl->operands[1];
	char target[TARGET_BYTES];
	struct customer_id id;

	if (!session_name_is_valid(session, strlen(session)))
		return ctl_usage_error("kick: %s: not the id of a session",
		    session);
	if (customer_id_parse(customer, strlen(customer), &id) == -1)
		return ctl_usage_error("kick: %s: not the id of a customer",
		    customer);
	xsnprintf(target, sizeof(target), "/kick?session=%s&customer=%s",
	    session, customer);
	return daemon_request_post(ctl, target);
}

const struct ctl_command cmd_kick = {
	.words = "kick",
	.operands = "SESSION CUSTOMER",
	.operands_min = 2,
	.operands_max = 2,
	.help = "let a customer leave, and close its connections",
	.run = run_kick,
};
