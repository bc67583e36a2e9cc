#include "mutex.h"

#include <stdlib.h>

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

void
condition_signal(pthread_cond_t *condition)
{
	must_be_done(pthread_cond_signal(condition));
}
