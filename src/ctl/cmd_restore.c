#include "commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "audit/restore.h"
#include "base/log.h"
#include "config/options.h"
#include "ctl.h"
#include "interruptible_copy.h"
#include "printable.h"
#include "prompt.h"
#include "storage/chain.h"
#include "timestamp.h"

enum { OPTION_KEY, OPTION_YES };

static const struct ctl_option options[] = {
	[OPTION_KEY] = { "key", NULL, "restore the key of tokens too" },
	[OPTION_YES] = { "yes", NULL, "do not ask" },
	{ NULL, NULL, NULL },
};

/* A name of a file, as it can be shown, behind words of ours. */
static void
print_name(const char *before, const char *name)
{
	(void)fputs(before, stdout);
	printable_write_all(stdout, name);
}

static void
print_copy(const struct restore_order *order, const struct restore_plan *plan)
{
	char head[CHAIN_HEAD_CHARS + 1];

	chain_head_format(&plan->head, head);
	print_name("copy: ", order->copy);
	if (plan->is_proved)
		(void)printf(", proved up to %s\n", head);
	else
		(void)printf(", not proved: it is of schema version %d\n",
		    plan->version);
}

static void
print_old(const struct restore_old *old)
{
	char when[TIMESTAMP_CHARS + 1];

	timestamp_format(old->changed_ms, when);
	print_name("database: ", old->path);
	if (old->kept == NULL) {
		(void)printf(", where there is none now\n");
		return;
	}
	(void)printf(", now of %" PRIu64 " bytes, changed %s", old->bytes,
	    when);
	print_name(", to be kept as ", old->kept);
	(void)printf("\n");
}

static void
print_key(const struct restore_plan *plan)
{
	if (plan->key == RESTORE_KEY_MISSING)
		(void)printf("key: there is none: customers cannot resume");
	else
		print_name("key: ", plan->old.key);
	switch (plan->key) {
	case RESTORE_KEY_STAYS:
		(void)printf(" stays as it is");
		break;
	case RESTORE_KEY_MISSING:
		break;
	case RESTORE_KEY_SAME:
		(void)printf(" is the copy's");
		break;
	case RESTORE_KEY_REPLACED:
		print_name(" becomes the copy's, now to be kept as ",
		    plan->old.kept_key);
		break;
	case RESTORE_KEY_NEW:
		(void)printf(" becomes the copy's, where there is none now");
		break;
	}
	(void)printf("\n");
}

/* Whoever has no terminal said --yes. */
static bool
is_confirmed(const struct ctl *ctl, const struct interruptible_copy *copying)
{
	if (ctl->values[OPTION_YES] != NULL)
		return true;
	(void)fflush(stdout);
	(void)fprintf(stderr, "Restore the copy? [y/N] ");
	return prompt_is_yes(&copying->blocked);
}

static enum restore_status
restore(const struct ctl *ctl, const struct restore_order *order,
    const struct interruptible_copy *copying)
{
	struct restore_plan plan;
	enum restore_status status;
	struct restore *restore;

	status = restore_open(order, &copying->watcher, &restore, &plan);
	progress_end(&copying->progress);
	if (status != RESTORE_DONE)
		return status;
	print_copy(order, &plan);
	print_old(&plan.old);
	print_key(&plan);
	status = is_confirmed(ctl, copying) ? restore_finish(restore) :
	    RESTORE_STOPPED;
	if (status == RESTORE_DONE)
		(void)printf("restored\n");
	restore_close(restore);
	return status;
}

static enum ctl_status
run_restore(const struct ctl *ctl)
{
	const struct restore_order order = {
		.database = ctl->database,
		.copy = ctl->operands[0],
		.with_key = ctl->values[OPTION_KEY] != NULL,
	};
	enum restore_status status;
	struct interruptible_copy copying;

	if (ctl->values[OPTION_YES] == NULL && isatty(STDIN_FILENO) != 1)
		return ctl_usage_error("restore: without a terminal to ask "
		    "at, say --yes");
	if (order.with_key && *ctl->options->key_file != '\0')
		return ctl_key_is_elsewhere(ctl);
	interruptible_copy_begin(&copying);
	status = restore(ctl, &order, &copying);
	if (status == RESTORE_STOPPED)
		log_errorx("nothing was restored");
	interruptible_copy_end(&copying);
	return (enum ctl_status)status;
}

const struct ctl_command cmd_restore = {
	.words = "restore",
	.operands = "FILE",
	.operands_min = 1,
	.operands_max = 1,
	.options = options,
	.help = "put a copy in the place of the database",
	.instead = "pg_restore, or \"copy\"",
	.run = run_restore,
};
