#ifndef MUTEX_H
#define MUTEX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Mutexes and conditions, as POSIX has them, of which nothing is asked that
 * could fail: where it does, it is our fault, and ends the process.
 */
void	 mutex_lock(pthread_mutex_t *mutex);
void	 mutex_unlock(pthread_mutex_t *mutex);
/* Wait for condition, with mutex unlocked meanwhile; it may be in vain. */
void	 condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
/* The same for ms at the most; true if they have gone by. */
bool	 condition_wait_for(pthread_cond_t *condition, pthread_mutex_t *mutex,
	    uint64_t ms);
void	 condition_signal(pthread_cond_t *condition);

#endif
