#ifndef THREAD_H
#define THREAD_H

#include <pthread.h>

/*
 * Start a thread that runs main with ctx, to be joined.  It gets no signals:
 * those are the first thread's.  Its name, of 15 characters at most, is for ps
 * and debuggers.  Ends the process where there is no thread to be had.
 */
pthread_t thread_start(const char *name, void *(*main)(void *ctx), void *ctx);

#endif
