#ifndef LEASE_H
#define LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "connection.h"
#include "storage/store_status.h"

/*
 * That nobody else writes.  The connection holds an advisory lock, by which
 * another daemon is refused; and a row, writer, says whose run it is, by which
 * one is stopped that was taken for dead.  Each transaction moves the number
 * in that row on by one: so it is also known which one was the last, whatever
 * became of the connection that sent it.
 */
struct lease;

enum lease_result {
	LEASE_OURS,
	LEASE_FAILED,		/* fault says why */
	LEASE_GONE		/* likewise, and for good */
};

/* The connection is lent until lease_free(). */
struct lease *lease_new(struct connection *connection);
/* NULL is allowed. */
void	 lease_free(struct lease *lease);

/*
 * Take the lock, when a daemon starts; nothing is written.  On failure the
 * cause was logged.
 */
enum store_open_status lease_take(struct lease *lease);
/* Take the next run; the same. */
enum store_open_status lease_start(struct lease *lease);

/* The run; 0 before lease_start(). */
int64_t	 lease_run(const struct lease *lease);
/* The number for the next transaction: one behind the last committed. */
int64_t	 lease_next(const struct lease *lease);
/* That one may be committed: from here on lease_resume() finds out, or ... */
void	 lease_doubt(struct lease *lease);
/* ... it is known to be, or not to be. */
void	 lease_committed(struct lease *lease);
void	 lease_not_committed(struct lease *lease);

/* Let others have the lock, outside of transactions and of pipeline mode. */
void	 lease_release(struct lease *lease);

/*
 * The connection was made anew: take the lock from what is left of the one
 * before, wait for the end of what that did, and see whether all is there that
 * was committed; and whether that is which was in doubt (lease_next()).
 */
enum lease_result lease_resume(struct lease *lease);

#endif
