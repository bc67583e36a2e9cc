#include "sweep.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/log.h"
#include "connection.h"
#include "server_check.h"

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

enum store_sweep
sweep_tables(const char *database)
{
	struct connection *c = connection_new(database, CONNECTION_TO_WRITE);
	bool was_warned = false, is_done = connection_make(c) == 0;
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
	return is_done && !was_warned ? STORE_SWEPT : STORE_NOT_SWEPT;
}
