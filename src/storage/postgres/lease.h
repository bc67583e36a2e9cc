#ifndef LEASE_H
#define LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "connection.h"
#include "storage/store_status.h"

/*
 * That nobody else writes.  The connection holds an advisory lock, by which
 * another daemon is refused; and a row, writer, says whose run it is, by which
 * one is stopped that was taken for dead: each transaction locks it FOR SHARE,
 * which leaves no versions of it behind.  What became of a transaction whose
 * connection was lost is told by the journal's newest row.
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

/* There are tables: look which row of the journal is the newest; the same. */
enum store_open_status lease_look(struct lease *lease);

/* The run; 0 before lease_start(). */
int64_t	 lease_run(const struct lease *lease);
/* The journal's newest row that is known to be committed; 0 for none. */
int64_t	 lease_newest(const struct lease *lease);
/*
 * A transaction may be committed, with which the newest row is that one: from
 * here on lease_resume() finds out, or ...
 */
void	 lease_doubt(struct lease *lease, int64_t newest);
/* ... it is known to be, or not to be. */
void	 lease_committed(struct lease *lease);
void	 lease_not_committed(struct lease *lease);

/*
 * The connection was made anew: take the lock from what is left of the one
 * before, wait for the end of what that did, and see whether all is there that
 * was committed; and whether that is which was in doubt (lease_newest()).
 */
enum lease_result lease_resume(struct lease *lease);

#endif
