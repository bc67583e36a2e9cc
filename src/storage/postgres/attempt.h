#ifndef ATTEMPT_H
#define ATTEMPT_H

#include <stdbool.h>

struct pg_conn;

/*
 * PQconnectdbParams() by a thread of its own.  It looks names up, and tries
 * each of several hosts for as long as connect_timeout says, which libpq does
 * for nobody who waits elsewhere.  Meanwhile goes_on(ctx) is asked every
 * second: false, and NULL is returned; the attempt ends by itself then.
 *
 * NULL too if there is no memory or thread.
 */
struct pg_conn *attempt_connect(const char *const *keys,
	    const char *const *values, bool (*goes_on)(void *ctx), void *ctx);

#endif
