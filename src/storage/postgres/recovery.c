#include "recovery.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "backoff.h"
#include "connection.h"
#include "pipeline.h"
#include "server_check.h"

enum {
	RESTART_MS = 2000		/* waited for, behind a loss */
};

struct recovery {
	struct connection *connection;
	struct pipeline *pipeline;
	struct lease *lease;
	struct backoff backoff;		/* of attempts to connect */
	bool	 is_over;
};

struct recovery *
recovery_new(struct connection *connection, struct pipeline *pipeline,
    struct lease *lease)
{
	struct recovery *r = xcalloc(1, sizeof(*r));

	r->connection = connection;
	r->pipeline = pipeline;
	r->lease = lease;
	return r;
}

void
recovery_free(struct recovery *r)
{
	free(r);
}

bool
recovery_is_over(const struct recovery *r)
{
	return r->is_over;
}

/* Connect again, and find out where the database is. */
static enum lease_result
reconnect(struct recovery *r)
{
	enum lease_result result = LEASE_FAILED;

	if (connection_make(r->connection) == 0 &&
	    server_check(r->connection) == 0)
		result = lease_resume(r->lease);
	if (result == LEASE_OURS && pipeline_start(r->pipeline) == -1)
		result = LEASE_FAILED;
	if (result == LEASE_OURS) {
		r->backoff.pause_ms = 0;
		return LEASE_OURS;
	}
	connection_drop(r->connection);
	r->is_over = result == LEASE_GONE;
	backoff_failed(&r->backoff);
	return result;
}

/*
 * Behind a loss: a server that is only restarted is waited for, so that nobody
 * is refused anything.  What lasts longer is logged by who is told of it.
 */
static enum lease_result
reconnect_soon(struct recovery *r)
{
	uint64_t end_ms = clock_ms() + RESTART_MS;
	enum lease_result result;
	char why[PG_FAULT_BYTES];

	xsnprintf(why, sizeof(why), "%s",
	    connection_fault(r->connection)->base.message);
	while ((result = reconnect(r)) == LEASE_FAILED && clock_ms() < end_ms)
		if (!connection_pause(r->connection,
		    backoff_shortest(&r->backoff)))
			break;
	if (result == LEASE_OURS)
		log_info("store: %s: the connection was lost, and made again: "
		    "%s", connection_name(r->connection), why);
	return result;
}

int
recovery_have(struct recovery *r)
{
	if (connection_is_alive(r->connection))
		return 0;
	if (r->is_over)
		return -1;
	if (connection_pg(r->connection) != NULL)
		connection_lost(r->connection, "waiting");
	if (r->lease == NULL || lease_run(r->lease) == 0)
		return -1;
	if (r->backoff.pause_ms == 0)
		return reconnect_soon(r) == LEASE_OURS ? 0 : -1;
	if (backoff_is_pausing(&r->backoff)) {
		pg_fault_of_absence(connection_fault(r->connection),
		    "connecting", "there is no connection to the server");
		return -1;
	}
	return reconnect(r) == LEASE_OURS ? 0 : -1;
}

enum lease_result
recovery_insist(struct recovery *r)
{
	enum lease_result result;

	while ((result = reconnect(r)) == LEASE_FAILED)
		if (!connection_pause(r->connection, r->backoff.pause_ms))
			break;
	return result;
}
