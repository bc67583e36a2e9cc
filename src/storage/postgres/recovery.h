#ifndef RECOVERY_H
#define RECOVERY_H

#include <stdbool.h>

#include "lease.h"

struct connection;
struct pipeline;

/*
 * A writer's connection that was lost is made again, and the database is found
 * to be where it was left.
 */
struct recovery;

/* All three are lent until recovery_free(); lease is NULL for a reader's. */
struct recovery *recovery_new(struct connection *connection,
	    struct pipeline *pipeline, struct lease *lease);
/* NULL is allowed. */
void	 recovery_free(struct recovery *recovery);

/*
 * Have a connection, if that is possible now: a server that is only restarted
 * is waited for.  -1: the connection's fault says why.
 */
int	 recovery_have(struct recovery *recovery)
	    __attribute__((warn_unused_result));
/*
 * Have it made again, however long that takes; LEASE_FAILED once nobody waits
 * for that any more.
 */
enum lease_result recovery_insist(struct recovery *recovery);

/* Whether the lease is another daemon's now, for good. */
bool	 recovery_is_over(const struct recovery *recovery);

#endif
