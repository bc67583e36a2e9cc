#include "commands.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "admin/webhook_figures.h"
#include "base/log.h"
#include "base/text.h"
#include "ctl.h"
#include "daemon_request.h"
#include "pause.h"
#include "shop_filter.h"

enum { OPTION_SHOP };

enum {
	TARGET_BYTES = 128,
	PATIENCE_MS = 120000	/* of pauses between one look and the next */
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

static const struct json_shape begun_shape[] = {
	{ "id", JSON_KIND_NUMBER, NULL },
	{ NULL, JSON_KIND_TEXT, NULL },
};

static const struct json_shape state_shape[] = {
	{ "state", JSON_KIND_TEXT, NULL },
	{ NULL, JSON_KIND_TEXT, NULL },
};

static const struct json_shape done_shape[] = {
	{ "state", JSON_KIND_TEXT, NULL },
	{ "result", JSON_KIND_TEXT, NULL },
	{ "status", JSON_KIND_NUMBER, NULL },
	{ "ms", JSON_KIND_NUMBER, NULL },
	{ "error", JSON_KIND_TEXT_OR_NULL, NULL },
	{ NULL, JSON_KIND_TEXT, NULL },
};

static enum ctl_status
begin_test(const struct ctl *ctl, uint64_t *number)
{
	char target[TARGET_BYTES];
	const struct daemon_request request = {
		.method = "POST",
		.target = target,
		.shape = begun_shape,
	};
	struct daemon_answer answer;
	enum ctl_status status;

	xsnprintf(target, sizeof(target), "/webhook-test?shop=%s",
	    shop_of(ctl));
	status = daemon_request_send(ctl, &request, &answer);
	if (status != CTL_OK)
		return status;
	*number = daemon_answer_number(answer.root, "id");
	daemon_answer_clear(&answer);
	return CTL_OK;
}

/* The answer once it is not pending any more, to be cleared if CTL_OK. */
static enum ctl_status
await_test(const struct ctl *ctl, uint64_t number,
    struct daemon_answer *answer)
{
	char target[TARGET_BYTES];
	const struct daemon_request request = {
		.method = "GET",
		.target = target,
		.shape = state_shape,
	};
	struct pause pause = { .ms = 0 };
	enum ctl_status status;
	unsigned waited_ms;

	xsnprintf(target, sizeof(target), "/webhook-test/%" PRIu64 "?shop=%s",
	    number, shop_of(ctl));
	for (waited_ms = 0; waited_ms < PATIENCE_MS; waited_ms += pause.ms) {
		status = daemon_request_send(ctl, &request, answer);
		if (status != CTL_OK ||
		    !daemon_answer_is_text(answer->root, "state", "pending"))
			return status;
		daemon_answer_clear(answer);
		pause_longer(&pause);
	}
	log_errorx("nothing came of it in %d s: see webhook status",
	    PATIENCE_MS / 1000);
	return CTL_UNAVAILABLE;
}

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
	struct daemon_answer answer;
	enum ctl_status status;
	uint64_t number;

	if (!shop_filter_is_valid("webhook test", ctl->values[OPTION_SHOP]))
		return CTL_USAGE;
	status = begin_test(ctl, &number);
	if (status == CTL_OK)
		status = await_test(ctl, number, &answer);
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
