#include "commands.h"

#include <stdio.h>

#include "ctl.h"
#include "operating.h"
#include "printable.h"

enum { OPTION_JSON };

static const struct ctl_option command_options[] = {
	[OPTION_JSON] = { "json", NULL, "one JSON object a line" },
	{ .name = NULL },
};

/* A text that is a constant of ours, in a column. */
static void
print_column(const struct json_node *node, const char *key, int columns)
{
	const struct json_node *member = json_node_member(node, key);

	if (member != NULL)
		(void)printf("%-*.*s ", columns, (int)member->len - 2,
		    member->text + 1);	/* errors show in the end */
}

static void
print_line(const struct json_node *setting)
{
	print_column(setting, "key", 28);
	print_column(setting, "origin", 12);
	(void)printf("%-7s ", operating_is_true(setting, "reloadable") ?
	    "reload" : "restart");
	operating_print(setting, "value", 0);
	(void)putchar('\n');
}

static enum ctl_status
run(const struct ctl *ctl)
{
	const struct json_node *list, *setting;
	struct operating_answer answer;
	enum ctl_status status;

	status = operating_ask(ctl, "GET", "/config", 0, &answer);
	if (status != CTL_OK)
		return status;
	if (ctl->values[OPTION_JSON] == NULL)
		(void)printf("%-28s %-12s %-7s %s\n", "SETTING", "FROM",
		    "CHANGE", "VALUE");
	list = json_node_member(answer.root, "settings");
	for (setting = json_node_first(list); setting != NULL;
	    setting = json_node_next(list, setting))
		if (ctl->values[OPTION_JSON] != NULL)
			(void)printf("%.*s\n", (int)setting->len,
			    setting->text);
		else
			print_line(setting);
	operating_clear(&answer);
	return CTL_OK;
}

const struct ctl_command cmd_config = {
	.words = "config",
	.operands = "",
	.options = command_options,
	.help = "show the settings in effect, and where each is from",
	.run = run,
};
