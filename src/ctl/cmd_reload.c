#include "commands.h"

#include <stdio.h>

#include "ctl.h"
#include "operating.h"

enum { OPTION_JSON };

/* What the daemon answers if the configuration is wrong. */
#define STATUS_REFUSED 422

static const struct ctl_option command_options[] = {
	[OPTION_JSON] = { "json", NULL, "a JSON object" },
	{ .name = NULL },
};

/* A line for each text of a list, with words behind it. */
static void
print_list(FILE *out, const struct json_node *root, const char *key,
    const char *words)
{
	const struct json_node *list = json_node_member(root, key), *text;

	for (text = json_node_first(list); text != NULL;
	    text = json_node_next(list, text))
		(void)fprintf(out, "%.*s%s\n", (int)text->len - 2,
		    text->text + 1, words);	/* errors show in the end */
}

static enum ctl_status
run(const struct ctl *ctl)
{
	struct operating_answer answer;
	enum ctl_status status;

	status = operating_ask(ctl, "POST", "/reload", STATUS_REFUSED,
	    &answer);
	if (status != CTL_OK)
		return status;
	if (answer.status == STATUS_REFUSED)
		status = CTL_CONFIG;
	if (ctl->values[OPTION_JSON] != NULL) {
		(void)fputs(answer.body, stdout); /* errors show in the end */
	} else {
		print_list(stderr, answer.root, "problems", "");
		if (status == CTL_CONFIG)
			(void)fputs("refused: nothing was changed\n", stderr);
		print_list(stdout, answer.root, "adopted", ": changed");
		print_list(stdout, answer.root, "restart",
		    ": takes a restart");
	}
	operating_clear(&answer);
	return status;
}

const struct ctl_command cmd_reload = {
	.words = "reload",
	.operands = "",
	.options = command_options,
	.help = "let the daemon read its configuration again",
	.run = run,
};
