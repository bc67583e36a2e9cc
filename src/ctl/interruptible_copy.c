#include "interruptible_copy.h"

enum { MB = 1000000 };

static bool
on_progress(void *ctx, enum backup_phase phase, uint64_t done, uint64_t total)
{
	struct progress *progress = ctx;
	sigset_t pending;

	progress_show(progress, phase == BACKUP_COPYING ? "copying MB" :
	    "checking MB", done / MB, total / MB);
	sigpending(&pending);
	return sigismember(&pending, SIGHUP) == 0 &&
	    sigismember(&pending, SIGINT) == 0 &&
	    sigismember(&pending, SIGTERM) == 0;
}

void
interruptible_copy_begin(struct interruptible_copy *copying)
{
	sigemptyset(&copying->blocked);
	sigaddset(&copying->blocked, SIGHUP);
	sigaddset(&copying->blocked, SIGINT);
	sigaddset(&copying->blocked, SIGPIPE);
	sigaddset(&copying->blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &copying->blocked, &copying->before);
	copying->watcher = (struct backup_watcher){
		.goes_on = on_progress,
		.ctx = &copying->progress,
	};
	progress_begin(&copying->progress);
}

void
interruptible_copy_end(const struct interruptible_copy *copying)
{
	sigprocmask(SIG_SETMASK, &copying->before, NULL);
}
