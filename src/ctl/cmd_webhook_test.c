#include "commands.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "admin/webhook_figures.h"
#include "base/text.h"
#include "ctl.h"
#include "daemon_request.h"
#include "pending_call.h"
#include "shop_filter.h"

enum { OPTION_SHOP };

enum {
	TARGET_BYTES = 128
};

static const struct ctl_option command_options[] = {
	[OPTION_SHOP] = { "shop", "NAME", "of that shop; else outside" },
	{ .name = NULL },
};

/* "" for the one outside of sections. */
static const char *
shop_of(const struct ctl *ctl)
{
	const char *shop = ctl->values[OPTION_SHOP];

	return shop == NULL ? "" : shop;
}

static const struct json_shape done_shape[] = {
	{ "state", JSON_KIND_TEXT, NULL },
	{ "result", JSON_KIND_TEXT, NULL },
	{ "status", JSON_KIND_NUMBER, NULL },
	{ "ms", JSON_KIND_NUMBER, NULL },
	{ "error", JSON_KIND_TEXT_OR_NULL, NULL },
	{ NULL, JSON_KIND_TEXT, NULL },
};

static bool
is_known(const struct json_node *root)
{
	size_t i;

	for (i = 0; i < WEBHOOK_RESULTS; i++)
		if (daemon_answer_is_text(root, "result", webhook_result_name(
		    (enum webhook_result)i)))
			return true;
	return false;
}

static enum ctl_status
report(const struct json_node *root)
{
	const char *fault = json_shape_fault(root, done_shape);

	if (fault == NULL && !daemon_answer_is_text(root, "state", "done"))
		fault = "state";
	if (fault == NULL && !is_known(root))
		fault = "result";
	if (fault != NULL)
		return daemon_answer_malformed(fault);
	(void)daemon_answer_print(root, "result", 0);
	(void)printf(": status %" PRIu64 " after %" PRIu64 " ms",
	    daemon_answer_number(root, "status"),
	    daemon_answer_number(root, "ms"));
	if (daemon_answer_is_text(root, "result", "delivered")) {
		(void)putchar('\n');
		return CTL_OK;
	}
	(void)fputs(": ", stdout);
	(void)daemon_answer_print(root, "error", 0);
	(void)putchar('\n');
	return CTL_UNAVAILABLE;
}

static enum ctl_status
run_webhook_test(const struct ctl *ctl)
{
	char target[TARGET_BYTES];
	struct daemon_answer answer;
	enum ctl_status status;
	uint64_t number;

	if (!shop_filter_is_valid("webhook test", ctl->values[OPTION_SHOP]))
		return CTL_USAGE;
	xsnprintf(target, sizeof(target), "/webhook-test?shop=%s",
	    shop_of(ctl));
	status = pending_call_begin(ctl, target, &number);
	if (status != CTL_OK)
		return status;
	xsnprintf(target, sizeof(target), "/webhook-test/%" PRIu64 "?shop=%s",
	    number, shop_of(ctl));
	status = pending_call_await(ctl, "webhook test", target, &answer);
	if (status != CTL_OK)
		return status;
	status = report(answer.root);
	daemon_answer_clear(&answer);
	return status;
}

const struct ctl_command cmd_webhook_test = {
	.words = "webhook test",
	.operands = "",
	.options = command_options,
	.help = "send a test event now, and show what came back",
	.run = run_webhook_test,
};
