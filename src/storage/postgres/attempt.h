#ifndef ATTEMPT_H
#define ATTEMPT_H

#include <stdbool.h>

struct pg_conn;

/*
 * PQconnectdbParams() by a thread of its own.  PQconnectStart() and
 * PQconnectPoll() would not do: they look names up, which may take a minute,
 * and read files of keys before they return, and leave it to their caller to
 * try the next of several hosts after connect_timeout.  Meanwhile goes_on(ctx)
 * is asked every second: false, and NULL is returned; the attempt ends by
 * itself then.
 *
 * NULL too if there is no memory or thread.
 */
struct pg_conn *attempt_connect(const char *const *keys,
	    const char *const *values, bool (*goes_on)(void *ctx), void *ctx);

#endif
