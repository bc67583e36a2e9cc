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

static const struct json_shape shape[] = {
	{ "state", JSON_KIND_TEXT, NULL },
	{ "storage", JSON_KIND_TEXT, NULL },
	{ "version", JSON_KIND_TEXT, NULL },
	{ "pid", JSON_KIND_NUMBER, NULL },
	{ "uptime", JSON_KIND_NUMBER, NULL },
	{ "database", JSON_KIND_TEXT, NULL },
	{ "logLevel", JSON_KIND_TEXT, NULL },
	{ "sessions", JSON_KIND_NUMBER, NULL },
	{ "present", JSON_KIND_NUMBER, NULL },
	{ "websockets", JSON_KIND_NUMBER, NULL },
	{ "requests", JSON_KIND_NUMBER, NULL },
	{ "pending", JSON_KIND_NUMBER, NULL },
	{ NULL, JSON_KIND_TEXT, NULL },
};

static const struct daemon_request request = {
	.method = "GET",
	.target = "/status",
	.shape = shape,
};

/* 93784 s as "1 d 2 h 3 min 4 s". */
static void
print_uptime(uint64_t s)
{
	(void)printf("%" PRIu64 " d %" PRIu64 " h %" PRIu64 " min %" PRIu64
	    " s", s / 86400, s / 3600 % 24, s / 60 % 60, s % 60);
}

static void
print_number_line(const struct json_node *root, const char *title,
    const char *key)
{
	(void)printf("%-12s%" PRIu64 "\n", title,
	    daemon_answer_number(root, key));
}

static void
print_text_line(const struct json_node *root, const char *title,
    const char *key)
{
	(void)printf("%-12s", title);
	(void)daemon_answer_print(root, key, 0);
	(void)putchar('\n');
}

/* A word of the daemon's, and what it means for changes. */
static void
print_storage(const struct json_node *root)
{
	static const struct {
		const char *word;
		const char *meaning;
	} meanings[] = {
		{ "ok", "" },
		{ "full", ": no room on the disk, changes are refused" },
		{ "low", ": little room on the disk, not all changes are "
		    "accepted" },
		{ "stuck", ": the storage does not come back" },
		{ "unreachable", ": the database's server is not there, "
		    "changes are refused" },
	};
	const char *meaning = ": changes are refused, the log says why";
	size_t i;

	(void)printf("%-12s", "storage");
	(void)daemon_answer_print(root, "storage", 0);
	for (i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (daemon_answer_is_text(root, "storage", meanings[i].word))
			meaning = meanings[i].meaning;
	(void)printf("%s\n", meaning);
}

static void
print_status(const struct json_node *root)
{
	print_text_line(root, "state", "state");
	print_storage(root);
	print_text_line(root, "version", "version");
	print_number_line(root, "process", "pid");
	(void)printf("%-12s", "up for");
	print_uptime(daemon_answer_number(root, "uptime"));
	(void)putchar('\n');
	print_text_line(root, "database", "database");
	print_text_line(root, "log level", "logLevel");
	print_number_line(root, "sessions", "sessions");
	print_number_line(root, "customers", "present");
	print_number_line(root, "WebSockets", "websockets");
	print_number_line(root, "requests", "requests");
	print_number_line(root, "pending", "pending");
}

static enum ctl_status
run_status(const struct ctl *ctl)
{
	return daemon_request_print(ctl, &request,
	    ctl->values[OPTION_JSON] != NULL ? daemon_answer_print_json :
	    print_status);
}

const struct ctl_command cmd_status = {
	.words = "status",
	.operands = "",
	.options = command_options,
	.help = "show how the daemon is",
	.run = run_status,
};
