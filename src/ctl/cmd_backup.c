#include "commands.h"

#include <signal.h>
#include <stdio.h>

#include "base/log.h"
#include "chain_mark.h"
#include "ctl.h"
#include "progress.h"
#include "storage/backup.h"
#include "storage/chain.h"

enum { MB = 1000000 };

enum { OPTION_FORCE, OPTION_KEY };

static const struct ctl_option options[] = {
	[OPTION_FORCE] = { "force", NULL, "replace an older copy" },
	[OPTION_KEY] = { "key", NULL, "copy the key of tokens too" },
	{ NULL, NULL, NULL },
};

/* Signals that would end us wait until the draft is gone. */
static void
hold_signals(sigset_t *held, sigset_t *before)
{
	(void)sigemptyset(held); /* none of these can fail */
	(void)sigaddset(held, SIGHUP);
	(void)sigaddset(held, SIGINT);
	(void)sigaddset(held, SIGPIPE);
	(void)sigaddset(held, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, held, before);
}

static bool
goes_on(void *ctx, enum backup_phase phase, uint64_t done, uint64_t total)
{
	struct progress *progress = ctx;
	sigset_t pending;

	progress_show(progress, phase == BACKUP_COPYING ? "copying MB" :
	    "checking MB", done / MB, total / MB);
	(void)sigpending(&pending); /* cannot fail */
	return sigismember(&pending, SIGHUP) == 0 &&
	    sigismember(&pending, SIGINT) == 0 &&
	    sigismember(&pending, SIGTERM) == 0;
}

static void
print_head(const struct chain_head *head)
{
	char text[CHAIN_MARK_CHARS + 1];

	chain_mark_format(head, text);
	(void)printf("%s\n", text);
}

static enum ctl_status
run(const struct ctl *ctl)
{
	const struct backup_order order = {
		.database = ctl->database,
		.target = ctl->operands[0],
		.with_key = ctl->values[OPTION_KEY] != NULL,
		.replaces = ctl->values[OPTION_FORCE] != NULL,
	};
	struct progress progress;
	const struct backup_watcher watcher = {
		.goes_on = goes_on,
		.ctx = &progress,
	};
	enum backup_status status;
	struct chain_head head;
	sigset_t held, before;

	hold_signals(&held, &before);
	progress_begin(&progress);
	status = backup_make(&order, &watcher, &head);
	progress_end(&progress);
	if (status == BACKUP_STOPPED)
		log_errorx("%s: not made", order.target);
	/* The signal that stopped it ends us here, as whoever sent it wants. */
	(void)sigprocmask(SIG_SETMASK, &before, NULL); /* cannot fail */
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
	.run = run,
};
