#include "commands.h"

#include <stdio.h>

#include "audit/replay.h"
#include "audited_session.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "ctl.h"
#include "json_line.h"
#include "printable.h"
#include "revision_or_time.h"
#include "wire/multicart.h"

enum {
	OPTION_AT
};

static const struct ctl_option command_options[] = {
	[OPTION_AT] = { "at", "REVISION|TIME", "as it was then, not now" },
	{ .name = NULL },
};

/* The bytes that were sent; on a terminal JSON that means the same. */
static void
print_bytes(const char *bytes, size_t len)
{
	if (printable_is_for_terminal(stdout))
		json_line_write_json(stdout, bytes, len);
	else
		(void)fwrite(bytes, 1, len, stdout);
	(void)putchar('\n');
}

static void
print_state(const struct audit_replay *replay)
{
	struct multicart *multicart = multicart_encode(replay->session);

	if (replay->erased > 0)
		log_warnx("%zu bodies were erased: names are empty and carts "
		    "{} where they were", replay->erased);
	print_bytes(multicart->bytes->data, multicart->bytes->len);
	multicart_unref(multicart);
}

static enum ctl_status
show_state(const struct ctl *ctl, const struct audit_point *point,
    struct audited_session *subject)
{
	const char *at = ctl->values[OPTION_AT];
	struct audit_replay replay;
	enum audit_status status;

	status = audit_replay_to(subject->audit, &subject->session, point,
	    &replay);
	if (status == AUDIT_NONE)
		log_errorx("%s: nothing is known of this session at %s",
		    ctl->operands[0], at != NULL ? at : "all");
	if (status != AUDIT_OK)
		return (enum ctl_status)status;
	print_state(&replay);
	audit_replay_clear(&replay);
	return CTL_OK;
}

static enum ctl_status
run_audit_state(const struct ctl *ctl)
{
	struct audit_point point = { .moment = AUDIT_NEWEST };
	const char *at = ctl->values[OPTION_AT];
	char problem[TIMESTAMP_PROBLEM_BYTES];
	struct audited_session subject;
	enum ctl_status status;

	if (at != NULL && revision_or_time_parse(at, clock_now().wall_ms,
	    &point, problem) == -1)
		return ctl_usage_error("--at: %s: %s", at, problem);
	status = audited_session_open(ctl, ctl->operands[0], &subject);
	if (status != CTL_OK)
		return status;
	status = show_state(ctl, &point, &subject);
	audited_session_close(&subject);
	return status;
}

const struct ctl_command cmd_audit_state = {
	.words = "audit state",
	.operands = "SESSION",
	.operands_min = 1,
	.operands_max = 1,
	.options = command_options,
	.help = "print a session's multicart as it was broadcast",
	.run = run_audit_state,
};
