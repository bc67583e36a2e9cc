#include "commands.h"

#include <inttypes.h>
#include <stdio.h>

#include "ctl.h"
#include "daemon_request.h"

enum { OPTION_JSON };

static const struct ctl_option command_options[] = {
	[OPTION_JSON] = { "json", NULL, "a JSON object" },
	{ .name = NULL },
};

/* What there is of each shop. */
#define FIGURES							\
	{ "on", JSON_KIND_BOOL, NULL },	\
	{ "deliveredSeq", JSON_KIND_NUMBER, NULL },	\
	{ "readSeq", JSON_KIND_NUMBER, NULL },	\
	{ "held", JSON_KIND_NUMBER, NULL },	\
	{ "underWay", JSON_KIND_NUMBER, NULL },	\
	{ "parked", JSON_KIND_NUMBER, NULL },	\
	{ "oldest", JSON_KIND_NUMBER, NULL },	\
	{ "paused", JSON_KIND_NUMBER, NULL },	\
	{ "delivered", JSON_KIND_NUMBER, NULL },	\
	{ "refused", JSON_KIND_NUMBER, NULL },	\
	{ "timeout", JSON_KIND_NUMBER, NULL },	\
	{ "unreachable", JSON_KIND_NUMBER, NULL },	\
	{ "forbidden", JSON_KIND_NUMBER, NULL },	\
	{ "givenUp", JSON_KIND_NUMBER, NULL },	\
	{ "purged", JSON_KIND_NUMBER, NULL },	\
	{ "status", JSON_KIND_NUMBER, NULL },	\
	{ "error", JSON_KIND_TEXT_OR_NULL, NULL }

static const struct json_shape shop_shape[] = {
	{ "shop", JSON_KIND_TEXT, NULL },
	FIGURES,
	{ NULL, JSON_KIND_TEXT, NULL },
};

static const struct json_shape shape[] = {
	FIGURES,
	{ "shops", JSON_KIND_OBJECTS, shop_shape },
	{ NULL, JSON_KIND_TEXT, NULL },
};

static const struct daemon_request request = {
	.method = "GET",
	.target = "/webhook",
	.shape = shape,
};

static void
print_number_line(const struct json_node *root, const char *title,
    const char *key)
{
	(void)printf("%-18s%" PRIu64 "\n", title,
	    daemon_answer_number(root, key));
}

static void
print_figures(const struct json_node *root)
{
	if (!daemon_answer_is_true(root, "on")) {
		(void)puts("There is no webhook-url.");
		return;
	}
	print_number_line(root, "done up to row", "deliveredSeq");
	print_number_line(root, "read up to row", "readSeq");
	print_number_line(root, "events held", "held");
	print_number_line(root, "under way", "underWay");
	print_number_line(root, "parked sessions", "parked");
	print_number_line(root, "oldest waits (s)", "oldest");
	print_number_line(root, "paused for (s)", "paused");
	print_number_line(root, "delivered", "delivered");
	print_number_line(root, "refused", "refused");
	print_number_line(root, "timed out", "timeout");
	print_number_line(root, "unreachable", "unreachable");
	print_number_line(root, "forbidden", "forbidden");
	print_number_line(root, "given up", "givenUp");
	print_number_line(root, "purged unread", "purged");
	print_number_line(root, "last status", "status");
	(void)printf("%-18s", "last error");
	(void)daemon_answer_print(root, "error", 0);
	(void)putchar('\n');
}

static void
print_shop(const struct json_node *shop)
{
	(void)printf("\n%-18s", "shop");
	(void)daemon_answer_print(shop, "shop", 0);
	(void)putchar('\n');
	print_figures(shop);
}

static void
print_webhook(const struct json_node *root)
{
	print_figures(root);
	daemon_answer_each(root, "shops", print_shop);
}

static enum ctl_status
run_webhook_status(const struct ctl *ctl)
{
	return daemon_request_print(ctl, &request,
	    ctl->values[OPTION_JSON] != NULL ? daemon_answer_print_json :
	    print_webhook);
}

const struct ctl_command cmd_webhook_status = {
	.words = "webhook status",
	.operands = "",
	.options = command_options,
	.help = "show how far webhooks have got, and what waits",
	.run = run_webhook_status,
};
