#include "mutex.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

static void
must_be_done(int error)
{
	if (error != 0)
		abort();
}

void
mutex_lock(pthread_mutex_t *mutex)
{
	must_be_done(pthread_mutex_lock(mutex));
}

void
mutex_unlock(pthread_mutex_t *mutex)
{
	must_be_done(pthread_mutex_unlock(mutex));
}

void
condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
	must_be_done(pthread_cond_wait(condition, mutex));
}

bool
condition_wait_for(pthread_cond_t *condition, pthread_mutex_t *mutex,
    uint64_t ms)
{
	struct timespec until;
	int error;

	(void)clock_gettime(CLOCK_MONOTONIC, &until); /* which is there */
	until.tv_sec += (time_t)(ms / 1000);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	error = pthread_cond_clockwait(condition, mutex, CLOCK_MONOTONIC,
	    &until);
	if (error == ETIMEDOUT)
		return true;
	must_be_done(error);
	return false;
}

void
condition_signal(pthread_cond_t *condition)
{
	must_be_done(pthread_cond_signal(condition));
}
