#include "commands.h"

#include <stddef.h>
#include <stdint.h>

#include "base/number.h"
#include "base/text.h"
#include "ctl.h"
#include "daemon_request.h"
#include "shop_filter.h"

enum { OPTION_AFTER, OPTION_SHOP };

enum { TARGET_BYTES = 128 };

static const struct ctl_option command_options[] = {
	[OPTION_AFTER] = { "after", "SEQ", "the row behind which to begin" },
	[OPTION_SHOP] = { "shop", "NAME", "of that shop; else outside" },
	{ .name = NULL },
};

static enum ctl_status
run_webhook_replay(const struct ctl *ctl)
{
	const char *after = ctl->values[OPTION_AFTER];
	const char *shop = ctl->values[OPTION_SHOP];
	char target[TARGET_BYTES];
	uint64_t seq;

	if (after == NULL)
		return ctl_usage_error("webhook replay: say --after SEQ");
	if (number_parse(after, INT64_MAX, &seq) == -1)
		return ctl_usage_error("webhook replay: %s: not the number of "
		    "a row", after);
	if (!shop_filter_is_valid("webhook replay", shop))
		return CTL_USAGE;
	xsnprintf(target, sizeof(target), "/webhook-replay?after=%ju&shop=%s",
	    (uintmax_t)seq, shop == NULL ? "" : shop);
	return daemon_request_post(ctl, target);
}

const struct ctl_command cmd_webhook_replay = {
	.words = "webhook replay",
	.operands = "",
	.options = command_options,
	.help = "deliver again what came behind a row of the journal",
	.run = run_webhook_replay,
};
