#include "interruptible_copy.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "prompt.h"

enum { MB = 1000000 };

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

void
interruptible_copy_begin(struct copying *copying)
{
	(void)sigemptyset(&copying->held); /* none of these can fail */
	(void)sigaddset(&copying->held, SIGHUP);
	(void)sigaddset(&copying->held, SIGINT);
	(void)sigaddset(&copying->held, SIGPIPE);
	(void)sigaddset(&copying->held, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &copying->held, &copying->before);
	copying->watcher = (struct backup_watcher){
		.goes_on = goes_on,
		.ctx = &copying->progress,
	};
	progress_begin(&copying->progress);
}

void
interruptible_copy_end(const struct copying *copying)
{
	/* Cannot fail. */
	(void)sigprocmask(SIG_SETMASK, &copying->before, NULL);
}

bool
interruptible_copy_confirm(const struct copying *copying)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = signalfd(-1, &copying->held, SFD_CLOEXEC),
		    .events = POLLIN },
	};
	int n = poll(fds, sizeof(fds) / sizeof(fds[0]), -1);

	if (fds[1].fd != -1)
		(void)close(fds[1].fd);	/* nothing was written to it */
	return n > 0 && fds[1].revents == 0 && prompt_is_yes();
}
