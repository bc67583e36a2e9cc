#include "commands.h"

#include <stdio.h>

#include "ctl.h"
#include "daemon_request.h"

enum { OPTION_JSON };

static const struct ctl_option command_options[] = {
	[OPTION_JSON] = { "json", NULL, "one JSON object a line" },
	{ .name = NULL },
};

static const struct json_shape setting_shape[] = {
	{ "key", JSON_KIND_TEXT, NULL },
	{ "value", JSON_KIND_TEXT_OR_NULL, NULL },
	{ "default", JSON_KIND_TEXT_OR_NULL, NULL },
	{ "origin", JSON_KIND_TEXT, NULL },
	{ "reloadable", JSON_KIND_BOOL, NULL },
	{ NULL, JSON_KIND_TEXT, NULL },
};

static const struct json_shape shape[] = {
	{ "settings", JSON_KIND_OBJECTS, setting_shape },
	{ NULL, JSON_KIND_TEXT, NULL },
};

static const struct daemon_request request = {
	.method = "GET",
	.target = "/config",
	.shape = shape,
};

static void
print_column(const struct json_node *node, const char *key, size_t columns)
{
	size_t taken = daemon_answer_print(node, key, 0);

	(void)printf("%*s", taken < columns ? (int)(columns - taken) + 1 : 1,
	    "");
}

static void
print_setting(const struct json_node *setting)
{
	print_column(setting, "key", 28);
	print_column(setting, "origin", 12);
	(void)printf("%-7s ", daemon_answer_is_true(setting, "reloadable") ?
	    "reload" : "restart");
	(void)daemon_answer_print(setting, "value", 0);
	(void)putchar('\n');
}

static void
print_settings(const struct json_node *root)
{
	(void)printf("%-28s %-12s %-7s %s\n", "SETTING", "FROM", "CHANGE",
	    "VALUE");
	daemon_answer_each(root, "settings", print_setting);
}

static void
print_settings_json(const struct json_node *root)
{
	daemon_answer_each(root, "settings", daemon_answer_print_json);
}

static enum ctl_status
run_config(const struct ctl *ctl)
{
	return daemon_request_print(ctl, &request,
	    ctl->values[OPTION_JSON] != NULL ? print_settings_json :
	    print_settings);
}

const struct ctl_command cmd_config = {
	.words = "config",
	.operands = "",
	.options = command_options,
	.help = "show the settings in effect, and where each is from",
	.run = run_config,
};
