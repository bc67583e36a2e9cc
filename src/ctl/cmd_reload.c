#include "commands.h"

#include <stdint.h>
#include <stdio.h>

#include "ctl.h"
#include "daemon_request.h"
#include "printable.h"

enum { OPTION_JSON };

/* What the daemon answers if the configuration is wrong. */
#define STATUS_REFUSED 422

static const struct ctl_option command_options[] = {
	[OPTION_JSON] = { "json", NULL, "a JSON object" },
	{ .name = NULL },
};

static const struct json_shape shape[] = {
	{ "problems", JSON_KIND_TEXTS, NULL },
	{ "adopted", JSON_KIND_TEXTS, NULL },
	{ "restart", JSON_KIND_TEXTS, NULL },
	{ NULL, JSON_KIND_TEXT, NULL },
};

static const struct daemon_request request = {
	.method = "POST",
	.target = "/reload",
	.shape = shape,
	.also = STATUS_REFUSED,
	.also_shape = shape,
};

/* A line for each text of a list, with words behind it. */
static void
print_texts(FILE *out, const struct json_node *root, const char *key,
    const char *words)
{
	const struct json_node *list = json_node_member(root, key), *text;

	for (text = json_node_first(list); text != NULL;
	    text = json_node_next(list, text)) {
		(void)printable_write_json(out, text->text, text->len,
		    SIZE_MAX);
		(void)fprintf(out, "%s\n", words);
	}
}

static enum ctl_status
run_reload(const struct ctl *ctl)
{
	struct daemon_answer answer;
	enum ctl_status status;

	status = daemon_request_send(ctl, &request, &answer);
	if (status != CTL_OK)
		return status;
	if (answer.status == STATUS_REFUSED)
		status = CTL_CONFIG;
	if (ctl->values[OPTION_JSON] != NULL) {
		daemon_answer_print_json(answer.root);
	} else {
		print_texts(stderr, answer.root, "problems", "");
		if (status == CTL_CONFIG)
			(void)fputs("refused: nothing was changed\n", stderr);
		print_texts(stdout, answer.root, "adopted", ": changed");
		print_texts(stdout, answer.root, "restart",
		    ": takes a restart");
	}
	daemon_answer_clear(&answer);
	return status;
}

const struct ctl_command cmd_reload = {
	.words = "reload",
	.operands = "",
	.options = command_options,
	.help = "let the daemon read its configuration again",
	.run = run_reload,
};
