#include "commands.h"

#include <stdio.h>

#include "audit/backup.h"
#include "base/log.h"
#include "config/options.h"
#include "ctl.h"
#include "interruptible_copy.h"
#include "storage/chain.h"

enum { OPTION_FORCE, OPTION_KEY };

static const struct ctl_option options[] = {
	[OPTION_FORCE] = { "force", NULL, "replace an older copy" },
	[OPTION_KEY] = { "key", NULL, "copy the key of tokens too" },
	{ NULL, NULL, NULL },
};

static void
print_head(const struct chain_head *head)
{
	char text[CHAIN_HEAD_CHARS + 1];

	chain_head_format(head, text);
	(void)printf("%s\n", text);
}

static enum ctl_status
run_backup(const struct ctl *ctl)
{
	const struct backup_order order = {
		.database = ctl->database,
		.target = ctl->operands[0],
		.with_key = ctl->values[OPTION_KEY] != NULL,
		.replaces = ctl->values[OPTION_FORCE] != NULL,
	};
	enum backup_status status;
	struct interruptible_copy copying;
	struct chain_head head;

	if (order.with_key && *ctl->options->key_file != '\0')
		return ctl_key_is_elsewhere(ctl);
	interruptible_copy_begin(&copying);
	status = backup_make(&order, &copying.watcher, &head);
	progress_end(&copying.progress);
	if (status == BACKUP_STOPPED)
		log_errorx("%s: not made", order.target);
	interruptible_copy_end(&copying);
	if (status == BACKUP_MADE)
		print_head(&head);
	return (enum ctl_status)status;
}

const struct ctl_command cmd_backup = {
	.words = "backup",
	.operands = "FILE",
	.operands_min = 1,
	.operands_max = 1,
	.options = options,
	.help = "copy the database to FILE while the daemon serves",
	.instead = "pg_dump, or \"copy\"",
	.run = run_backup,
};
