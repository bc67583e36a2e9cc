#include "lease.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/number.h"
#include "base/text.h"
#include "base/xalloc.h"

#define WENT_BACK	"the database has gone back: "
#define WHY_BACK	\
	": was a standby promoted that lacked it, or a backup put back?"

/* "buddysho", of an advisory lock: how pg_locks shows its two halves, too. */
#define LOCK_HIGH	"1651860580"
#define LOCK_LOW	"2037606511"
#define LOCK		"(" LOCK_HIGH "::bigint << 32 | " LOCK_LOW ")"

enum {
	LOCK_TRIES = 100,		/* for what was ended to go ... */
	LOCK_PAUSE_MS = 100,		/* ... with so much between two */
	START_BYTES = 48,		/* a time, as PostgreSQL writes it */
	NUMBER_BYTES = 24,
	HOST_BYTES = 256
};

static const char lock_sql[] =
    "SELECT pg_try_advisory_lock(" LOCK "), (SELECT backend_start"
    " FROM pg_stat_activity WHERE pid = pg_backend_pid())";
static const char holder_sql[] =
    "SELECT l.pid, a.backend_start, coalesce(a.application_name, ''),"
    " coalesce(host(a.client_addr), '')"
    " FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
    " AND l.classid = " LOCK_HIGH " AND l.objid = " LOCK_LOW
    " AND l.database = (SELECT oid FROM pg_database"
    "  WHERE datname = current_database())";
static const char end_sql[] =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE pid = $1::integer AND backend_start = $2::timestamptz";
static const char start_sql[] =
    "UPDATE buddyshopping.writer SET run = run + 1, host = $1,"
    " pid = $2::bigint, started_ms = $3::bigint WHERE id = 1"
    " RETURNING run";
/*
 * It locks the row so that it waits for whoever has it, and so that its own
 * commit is durable behind all those before, on standbys too.  What they have
 * written is seen by the next statement.
 */
static const char resume_sql[] =
    "SELECT run FROM buddyshopping.writer WHERE id = 1 FOR UPDATE";
static const char newest_sql[] =
    "SELECT coalesce(greatest((SELECT max(seq) FROM buddyshopping.journal),"
    " (SELECT max(seq) FROM buddyshopping.chain_anchor)), 0)";

struct lease {
	struct connection *connection;
	int64_t	 run;
	int64_t	 newest;	/* row of the journal known to be committed */
	int64_t	 doubtful;	/* one that may be, too; or the newest */
	int	 pid;		/* of the server's process that has the lock */
	char	 started[START_BYTES];	/* since when it runs */
};

struct lease *
lease_new(struct connection *connection)
{
	struct lease *lease = xcalloc(1, sizeof(*lease));

	lease->connection = connection;
	return lease;
}

void
lease_free(struct lease *lease)
{
	free(lease);
}

int64_t
lease_run(const struct lease *lease)
{
	return lease->run;
}

int64_t
lease_newest(const struct lease *lease)
{
	return lease->newest;
}

void
lease_committed(struct lease *lease)
{
	lease->newest = lease->doubtful;
}

void
lease_doubt(struct lease *lease, int64_t newest)
{
	lease->doubtful = newest;
}

void
lease_not_committed(struct lease *lease)
{
	lease->doubtful = lease->newest;
}

/* -1: fault. */
static int
try_lock(struct lease *lease, bool *is_ours)
{
	PGresult *result = connection_ask(lease->connection, lock_sql, 0,
	    NULL);

	if (result == NULL)
		return -1;
	*is_ours = strcmp(PQgetvalue(result, 0, 0), "t") == 0;
	if (*is_ours) {
		lease->pid = PQbackendPID(connection_pg(lease->connection));
		/* It fits; what does not is no process that can be found. */
		(void)snprintf(lease->started, sizeof(lease->started), "%s",
		    PQgetvalue(result, 0, 1));
	}
	PQclear(result);
	return 0;
}

/* Log that connection_fault() is why it is not opened. */
static enum store_open_status
refuse(struct lease *lease)
{
	const struct sql_fault *fault = &connection_fault(lease->connection)->
	    base;

	log_errorx("store: %s: %s", connection_name(lease->connection),
	    fault->message);
	return fault->status == STORE_BAD_DATA ? STORE_BAD_DATA :
	    STORE_IO_ERROR;
}

/* Who has the lock, in words. */
static void
describe_holder(struct lease *lease, char *text, size_t size)
{
	PGresult *result = connection_ask(lease->connection, holder_sql, 0,
	    NULL);

	if (result == NULL || PQntuples(result) == 0)
		(void)snprintf(text, size, "another daemon");
	else
		/* Cut is good enough. */
		(void)snprintf(text, size, "another daemon, %s%s%s (process "
		    "%s of the server),", PQgetvalue(result, 0, 2),
		    PQgetvalue(result, 0, 3)[0] == '\0' ? "" : " from ",
		    PQgetvalue(result, 0, 3), PQgetvalue(result, 0, 0));
	PQclear(result);
}

enum store_open_status
lease_take(struct lease *lease)
{
	char holder[HOST_BYTES];
	bool is_ours;
	int tries;

	/* One that has ended a moment ago may still be there. */
	for (tries = 0; tries < LOCK_TRIES; tries++) {
		if (try_lock(lease, &is_ours) == -1)
			return refuse(lease);
		if (is_ours)
			return STORE_OPENED;
		if (!connection_pause(lease->connection, LOCK_PAUSE_MS))
			break;
	}
	describe_holder(lease, holder, sizeof(holder));
	log_errorx("store: %s: %s has it",
	    connection_name(lease->connection), holder);
	return STORE_IN_USE;
}

/* The number that is all of result, which is cleared; -1: it is none. */
static int
take_number(PGresult *result, int64_t *number)
{
	const char *text = PQntuples(result) == 1 ? PQgetvalue(result, 0, 0) :
	    "";
	uint64_t value = 0;
	bool is_number = text[0] != '\0' && text[number_scan(text,
	    strlen(text), INT64_MAX, &value)] == '\0';

	PQclear(result);
	*number = (int64_t)value;
	return is_number ? 0 : -1;
}

static const char row_fault[] = "the row of the table writer is not there, or "
    "cannot be";

enum store_open_status
lease_start(struct lease *lease)
{
	char host[HOST_BYTES], pid[NUMBER_BYTES], time[NUMBER_BYTES];
	const char *const values[] = { host, pid, time };
	PGresult *result;

	if (gethostname(host, sizeof(host)) == -1)
		host[0] = '\0';
	host[sizeof(host) - 1] = '\0';
	xsnprintf(pid, sizeof(pid), "%ld", (long)getpid());
	xsnprintf(time, sizeof(time), "%" PRIu64, clock_now().wall_ms);
	result = connection_ask(lease->connection, start_sql, 3, values);
	if (result == NULL)
		return refuse(lease);
	return take_number(result, &lease->run) == 0 ? STORE_OPENED :
	    store_status_of_data(connection_name(lease->connection), row_fault);
}

/* -1: fault. */
static int
read_newest(struct lease *lease, int64_t *newest)
{
	PGresult *result = connection_ask(lease->connection, newest_sql, 0,
	    NULL);

	return result == NULL ? -1 : take_number(result, newest);
}

enum store_open_status
lease_look(struct lease *lease)
{
	if (read_newest(lease, &lease->newest) == -1)
		return refuse(lease);
	lease->doubtful = lease->newest;
	return STORE_OPENED;
}

static enum lease_result
lose(struct lease *lease, const char *why)
{
	pg_fault_of_data(connection_fault(lease->connection),
	    connection_name(lease->connection), why);
	return LEASE_GONE;
}

static enum lease_result
lose_to_rival(struct lease *lease, const char *why)
{
	pg_fault_of_rival(connection_fault(lease->connection),
	    connection_name(lease->connection), why);
	return LEASE_GONE;
}

static enum lease_result
compare_run(struct lease *lease, int64_t run)
{
	char why[PG_FAULT_BYTES];

	if (run == lease->run)
		return LEASE_OURS;
	if (run > lease->run)
		return lose_to_rival(lease, "another daemon has taken the "
		    "database meanwhile");
	xsnprintf(why, sizeof(why), WENT_BACK "its run is %" PRId64 ", but %"
	    PRId64 " has begun" WHY_BACK, run, lease->run);
	return lose(lease, why);
}

/* Whether all is there that was committed, and what was in doubt. */
static enum lease_result
compare_newest(struct lease *lease, int64_t newest)
{
	char why[PG_FAULT_BYTES];

	if (newest < lease->newest) {
		xsnprintf(why, sizeof(why), WENT_BACK "it ends with row %"
		    PRId64 " of the journal, but %" PRId64 " was committed and "
		    "told" WHY_BACK, newest, lease->newest);
		return lose(lease, why);
	}
	if (newest != lease->newest && newest != lease->doubtful)
		return lose_to_rival(lease, "somebody else has written to the "
		    "journal meanwhile");
	lease->newest = newest;
	lease->doubtful = newest;
	return LEASE_OURS;
}

/* Lock the row, for a moment, and read it. */
static enum lease_result
lock_row(struct lease *lease)
{
	unsigned warnings = connection_warnings(lease->connection);
	PGresult *result = connection_ask(lease->connection, resume_sql, 0,
	    NULL);
	int64_t run;

	if (result == NULL)
		return LEASE_FAILED;
	if (connection_warnings(lease->connection) != warnings) {
		PQclear(result);
		pg_fault_of_absence(connection_fault(lease->connection),
		    connection_name(lease->connection),
		    "the server has not waited for its standby");
		return LEASE_FAILED;
	}
	return take_number(result, &run) == 0 ? compare_run(lease, run) :
	    lose(lease, row_fault);
}

static enum lease_result
read_and_compare(struct lease *lease)
{
	enum lease_result result = lock_row(lease);
	int64_t newest;

	if (result != LEASE_OURS)
		return result;
	return read_newest(lease, &newest) == -1 ? LEASE_FAILED :
	    compare_newest(lease, newest);
}

/*
 * The server may not know yet that the connection before is gone.  What that
 * did is over once its process is.
 */
static int
end_process(struct lease *lease)
{
	char pid[NUMBER_BYTES];
	const char *const values[] = { pid, lease->started };
	PGresult *result;

	xsnprintf(pid, sizeof(pid), "%d", lease->pid);
	result = connection_ask(lease->connection, end_sql, 2, values);
	PQclear(result);
	return result == NULL ? -1 : 0;
}

/* Have the lock; *is_ours is false if somebody else has it. */
static int
lock_again(struct lease *lease, bool *is_ours)
{
	int tries;

	for (tries = 0; tries < LOCK_TRIES; tries++) {
		if (try_lock(lease, is_ours) == -1)
			return -1;
		if (*is_ours)
			return 0;
		if (end_process(lease) == -1)
			return -1;
		if (!connection_pause(lease->connection, LOCK_PAUSE_MS))
			break;
	}
	return 0;
}

/* Whoever has the lock may have begun a run, or be about to go again. */
static enum lease_result
ask_for_rival(struct lease *lease)
{
	PGresult *result = connection_ask(lease->connection,
	    "SELECT run FROM buddyshopping.writer", 0, NULL);
	int64_t run;

	if (result == NULL)
		return LEASE_FAILED;
	if (take_number(result, &run) == 0 && run > lease->run)
		return compare_run(lease, run);
	pg_fault_of_absence(connection_fault(lease->connection),
	    connection_name(lease->connection), "somebody else has the "
	    "lock that a daemon holds");
	return LEASE_FAILED;
}

enum lease_result
lease_resume(struct lease *lease)
{
	bool is_ours;

	if (lock_again(lease, &is_ours) == -1)
		return LEASE_FAILED;
	return is_ours ? read_and_compare(lease) : ask_for_rival(lease);
}
