#include "thread.h"

#include <errno.h>
#include <signal.h>

#include "log.h"

pthread_t
thread_start(const char *name, void *(*main)(void *ctx), void *ctx)
{
	pthread_t thread;
	sigset_t all, before;
	int error;

	/* It inherits the mask.  These fail with other arguments only. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, NULL, main, ctx);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0) {
		errno = error;
		fatal("%s: thread", name);
	}
	(void)pthread_setname_np(thread, name);
	return thread;
}
