#include "audit.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "pace.h"
#include "storage/chain.h"
#include "storage/column.h"
#include "storage/engines.h"
#include "storage/sql.h"

enum {
	CACHED_MAX = 20			/* statements of audit_run_cached() */
};

_Static_assert((int)AUDIT_BAD_DATA == (int)STORE_BAD_DATA &&
    (int)AUDIT_NO_DATABASE == (int)STORE_NO_DATABASE &&
    (int)AUDIT_IO_ERROR == (int)STORE_IO_ERROR &&
    (int)AUDIT_BUSY == (int)STORE_IN_USE, "statuses are those of storage");

const struct sql_text audit_head_sql = { .text =
    "SELECT * FROM (SELECT seq, hash FROM journal"
    "  ORDER BY seq DESC LIMIT 1) AS newest"
    " UNION ALL"
    " SELECT * FROM (SELECT seq, hash FROM chain_anchor"
    "  ORDER BY seq DESC LIMIT 1) AS anchored"
    " ORDER BY seq DESC LIMIT 1" };

struct audit {
	char	*name;
	const char *path;		/* the connection's */
	const struct engine *engine;
	struct sql_connection *connection;
	struct pace *pace;		/* NULL without files */
	struct sql_statement *head;
	struct sql_statement *cached[CACHED_MAX];
	const struct sql_text *cached_sql[CACHED_MAX];
};

static enum audit_status
refuse_database(const char *path, const char *why)
{
	log_errorx("%s: %s", path, why);
	return AUDIT_BAD_DATA;
}

/* Log what the engine's last call says. */
static enum audit_status
engine_failed(const struct audit *audit)
{
	const struct sql_fault *fault = audit->engine->fault(audit->connection);

	if (fault->words != NULL)
		log_errorx("%s: %s", audit->path, fault->words);
	else
		log_errorx("%s: cannot be read: %s", audit->path,
		    fault->message);
	return (enum audit_status)fault->status;
}

enum audit_status
audit_prepare_all(struct audit *audit, const struct sql_text *texts,
    struct sql_statement **statements, size_t count)
{
	return sql_prepare_all(audit->connection, texts, statements, count) ==
	    0 ? AUDIT_OK : engine_failed(audit);
}

enum audit_status
audit_run_cached(struct audit *audit, const struct sql_text *sql,
    struct sql_binding *rows)
{
	enum audit_status status = AUDIT_OK;
	size_t i = 0;

	while (i < CACHED_MAX && audit->cached_sql[i] != NULL &&
	    audit->cached_sql[i] != sql)
		i++;
	assert(i < CACHED_MAX);
	if (audit->cached_sql[i] == NULL)
		status = audit_prepare_all(audit, sql, &audit->cached[i], 1);
	if (status == AUDIT_OK) {
		audit->cached_sql[i] = sql;
		*rows = sql_run_of(audit->cached[i]);
	}
	return status;
}

enum audit_status
audit_end_rows(struct audit *audit, const struct sql_binding *rows)
{
	sql_reset(rows);
	return rows->result == SQL_FAILED ? engine_failed(audit) : AUDIT_OK;
}

enum audit_status
audit_end_row(struct audit *audit, const struct sql_binding *rows,
    const struct columns *columns)
{
	enum audit_status status;
	char text[COLUMN_FAULT_BYTES];

	if (columns_fit(columns))
		return audit_end_rows(audit, rows);
	columns_describe(columns, text);
	status = audit_end_rows(audit, rows);
	return status != AUDIT_OK ? status : refuse_database(audit->path, text);
}

enum audit_status
audit_end_walk(struct audit *audit, const struct sql_binding *rows,
    enum audit_status status)
{
	enum audit_status ended = audit_end_rows(audit, rows);

	return status != AUDIT_OK ? status : ended;
}

static void
keep_pace(void *ctx)
{
	pace_keep(ctx);
}

enum audit_status
audit_open(const char *name, struct audit **opened)
{
	struct audit *audit = xcalloc(1, sizeof(*audit));
	enum audit_status status;

	audit->name = xstrdup(name);
	audit->engine = engine_of(name);
	status = (enum audit_status)audit->engine->open_reader(name,
	    SQL_READER_OF_ANY, NULL, &audit->connection);
	audit->path = audit->engine->path(audit->connection);
	if (status == AUDIT_OK && audit->engine->has_files) {
		audit->pace = pace_new(name, PACE_OF_READING);
		audit->engine->watch(audit->connection, keep_pace,
		    audit->pace);
	}
	if (status == AUDIT_OK)
		status = audit_prepare_all(audit, &audit_head_sql,
		    &audit->head, 1);
	if (status == AUDIT_OK)
		*opened = audit;
	else
		audit_close(audit);
	return status;
}

void
audit_close(struct audit *audit)
{
	if (audit == NULL)
		return;
	sql_finalize(audit->cached, CACHED_MAX);
	sql_finalize(&audit->head, 1);
	audit->engine->close(audit->connection, false);
	pace_free(audit->pace);
	free(audit->name);
	free(audit);
}

enum audit_status
audit_begin(struct audit *audit)
{
	return audit->engine->begin(audit->connection) == SQL_OK ? AUDIT_OK :
	    engine_failed(audit);
}

void
audit_end(struct audit *audit)
{
	/* There was nothing to write, and a failure ended it too. */
	(void)audit->engine->rollback(audit->connection);
}

enum audit_status
audit_head(struct audit *audit, struct chain_head *head)
{
	struct sql_binding rows = sql_run_of(audit->head);
	struct columns columns = columns_at(rows.statement,
	    "journal or chain_anchor");

	*head = (struct chain_head){ .seq = 0 };
	if (sql_next(&rows)) {
		head->seq = column_id(&columns, 0);
		column_blob(&columns, 1, head->hash, sizeof(head->hash));
	}
	return audit_end_row(audit, &rows, &columns);
}

struct sql_connection *
audit_connection(struct audit *audit)
{
	return audit->connection;
}

const char *
audit_name(const struct audit *audit)
{
	return audit->name;
}

const char *
audit_path(const struct audit *audit)
{
	return audit->path;
}
