#include "sweep.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "connection.h"
#include "server_check.h"

enum {
	PATIENCE_MS = 2000,	/* for transactions that are about to end */
	LOOK_MS = 100
};

/* The transactions of erasures were all before this one. */
static const char now_sql[] = "SELECT pg_snapshot_xmax(pg_current_snapshot())";
/*
 * What makes VACUUM keep what is older than $1: a transaction, prepared or not;
 * a snapshot of this database's, or a standby's; a slot.  No row if there is
 * none: then there will be none either.  These columns are shown to everybody.
 */
static const char older_sql[] =
    "SELECT why FROM (VALUES"
    " (pg_snapshot_xmin(pg_current_snapshot()) < $1::xid8,"
    "  'a transaction that runs, or is prepared'),"
    " (EXISTS (SELECT 1 FROM pg_stat_activity"
    "  WHERE age(backend_xmin) > age($1::xid8::xid)"
    "  AND pid <> pg_backend_pid()"
    "  AND pid NOT IN (SELECT pid FROM pg_stat_progress_vacuum)"
    "  AND (datname IS NULL OR datname = current_database())),"
    "  'a transaction, here or on a standby'),"
    " (EXISTS (SELECT 1 FROM pg_replication_slots"
    "  WHERE age(xmin) > age($1::xid8::xid)), 'a replication slot')"
    ") AS c (is_older, why) WHERE is_older LIMIT 1";

/* It cannot be in a transaction, as several statements at once are. */
static const char *const sweeps_sql[] = {
	"SET statement_timeout = 0",
	"VACUUM buddyshopping.journal_body, buddyshopping.customer",
};

/* That a table was skipped is a warning. */
static void
note_warning(void *ctx, const PGresult *result)
{
	const char *severity = PQresultErrorField(result,
	    PG_DIAG_SEVERITY_NONLOCALIZED);
	bool *was_warned = ctx;

	if (severity == NULL || strcmp(severity, "WARNING") != 0)
		return;
	*was_warned = true;
	log_warnx("%s", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
}

/* The first row's value or NULL, to be freed; *fails: there was a fault. */
static char *
ask(struct connection *c, const char *sql, const char *value, bool *fails)
{
	PGresult *result = connection_ask(c, sql, value != NULL ? 1 : 0,
	    &value);
	char *answer = NULL;

	*fails = result == NULL;
	if (!*fails && PQntuples(result) > 0)
		answer = xstrdup(PQgetvalue(result, 0, 0));
	PQclear(result);
	return answer;
}

/* Wait until nothing sees any more what was erased; -1: fault. */
static int
wait_for_older(struct connection *c, bool *is_seen)
{
	bool fails;
	char *now = ask(c, now_sql, NULL, &fails), *why = NULL;
	unsigned ms;

	for (ms = 0; !fails; ms += LOOK_MS) {
		free(why);
		why = ask(c, older_sql, now, &fails);
		if (why == NULL || ms >= PATIENCE_MS)
			break;
		(void)connection_pause(c, LOOK_MS);
	}
	*is_seen = why != NULL;
	if (*is_seen)
		log_warnx("%s is older than the erasure: VACUUM does not "
		    "remove what that still sees", why);
	free(why);
	free(now);
	return fails ? -1 : 0;
}

enum store_sweep
sweep_tables(const char *database)
{
	struct connection *c = connection_new(database, CONNECTION_TO_WRITE);
	bool was_warned = false, is_seen = false;
	bool is_done = connection_make(c) == 0 &&
	    wait_for_older(c, &is_seen) == 0;
	size_t i;

	if (is_done)
		(void)PQsetNoticeReceiver(connection_pg(c), note_warning,
		    &was_warned);
	for (i = 0; is_done && i < sizeof(sweeps_sql) / sizeof(sweeps_sql[0]);
	    i++)
		is_done = connection_run(c, sweeps_sql[i]) == 0;
	if (!is_done)
		(void)server_refused(c);	/* logs it */
	connection_free(c);
	return is_done && !was_warned && !is_seen ? STORE_SWEPT : STORE_NOT_SWEPT;
}
