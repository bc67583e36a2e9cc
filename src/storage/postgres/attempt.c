#include "attempt.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include <libpq-fe.h>

#include "base/xalloc.h"

enum {
	ASK_S = 1,			/* between two calls of goes_on() */
	PARAMETERS_MAX = 15
};

/* Of the caller and the thread: the last one to leave frees it. */
struct attempt {
	pthread_mutex_t lock;
	pthread_cond_t has_ended;
	const char *keys[PARAMETERS_MAX + 1];
	char	*values[PARAMETERS_MAX + 1];
	bool	 is_over;
	bool	 is_given_up;
	PGconn	*pg;
};

static struct attempt *
new_attempt(const char *const *keys, const char *const *values)
{
	struct attempt *attempt = xcalloc(1, sizeof(*attempt));
	pthread_condattr_t monotonic;
	size_t i;

	for (i = 0; i < PARAMETERS_MAX && keys[i] != NULL; i++) {
		attempt->keys[i] = keys[i];
		attempt->values[i] = xstrdup(values[i]);
	}
	(void)pthread_mutex_init(&attempt->lock, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&attempt->has_ended, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	return attempt;
}

static void
free_attempt(struct attempt *attempt)
{
	size_t i;

	for (i = 0; i < PARAMETERS_MAX; i++)
		free(attempt->values[i]);
	(void)pthread_cond_destroy(&attempt->has_ended);
	(void)pthread_mutex_destroy(&attempt->lock);
	free(attempt);
}

static void *
run(void *ctx)
{
	struct attempt *attempt = ctx;
	PGconn *pg = PQconnectdbParams(attempt->keys,
	    (const char *const *)attempt->values, 1);
	bool is_given_up;

	(void)pthread_mutex_lock(&attempt->lock);
	attempt->pg = pg;
	attempt->is_over = true;
	is_given_up = attempt->is_given_up;
	(void)pthread_cond_signal(&attempt->has_ended);
	(void)pthread_mutex_unlock(&attempt->lock);
	if (is_given_up) {
		PQfinish(pg);
		free_attempt(attempt);
	}
	return NULL;
}

/* Signals are for others. */
static int
start(struct attempt *attempt)
{
	sigset_t all, before;
	pthread_t thread;
	int rc;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&thread, NULL, run, attempt);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc == 0)
		(void)pthread_detach(thread);
	return rc;
}

/* Wait a second, with the lock. */
static void
await(struct attempt *attempt)
{
	struct timespec end;

	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += ASK_S;
	while (!attempt->is_over && pthread_cond_timedwait(&attempt->has_ended,
	    &attempt->lock, &end) == 0)
		continue;
}

/* Whether it was over before anybody gave up. */
static bool
wait_for(struct attempt *attempt, bool (*goes_on)(void *ctx), void *ctx)
{
	bool is_over, is_wanted = true;

	for (;;) {
		(void)pthread_mutex_lock(&attempt->lock);
		if (is_wanted)
			await(attempt);
		is_over = attempt->is_over;
		attempt->is_given_up = !is_over && !is_wanted;
		(void)pthread_mutex_unlock(&attempt->lock);
		if (is_over || !is_wanted)
			return is_over;
		is_wanted = goes_on(ctx);
	}
}

PGconn *
attempt_connect(const char *const *keys, const char *const *values,
    bool (*goes_on)(void *ctx), void *ctx)
{
	struct attempt *attempt = new_attempt(keys, values);
	PGconn *pg = NULL;

	if (start(attempt) != 0)
		free_attempt(attempt);
	else if (wait_for(attempt, goes_on, ctx)) {
		pg = attempt->pg;
		free_attempt(attempt);
	}
	return pg;
}
