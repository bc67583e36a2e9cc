#include "sql.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "column.h"

enum { SETS_MAX = 7 };

/* Of a module. */
struct sql_set {
	const struct sql_text *texts;
	size_t	 count;
	struct sql_statement **statements;
};

struct sql {
	struct sql_connection *connection;
	const struct engine *engine;	/* the connection's */
	struct sql_set sets[SETS_MAX];
	size_t	 set_count;
	int	 reported;	/* failure that was logged last, or 0 */
	enum store_error trouble;	/* which it was */
	bool	 is_broken;	/* STORE_FATAL was returned, ... */
	enum store_open_status exit_status;	/* ... and why */
	bool	 was_lost;
	bool	 reports_losses;
	unsigned losses;	/* of the connection, without a commit between */
	uint64_t errors[STORE_ERRORS];
};

struct sql *
sql_new(struct sql_connection *connection)
{
	struct sql *sql = xcalloc(1, sizeof(*sql));

	sql->connection = connection;
	sql->engine = connection->engine;
	sql->exit_status = STORE_IO_ERROR;
	return sql;
}

void
sql_free(struct sql *sql)
{
	size_t i;

	if (sql == NULL)
		return;
	for (i = 0; i < sql->set_count; i++) {
		sql_finalize(sql->sets[i].statements, sql->sets[i].count);
		free(sql->sets[i].statements);
	}
	free(sql);
}

bool
sql_is_broken(const struct sql *sql)
{
	return sql->is_broken;
}

enum store_open_status
sql_exit_status(const struct sql *sql)
{
	return sql->exit_status;
}

bool
sql_was_lost(const struct sql *sql)
{
	return sql->was_lost;
}

void
sql_report_losses(struct sql *sql)
{
	sql->reports_losses = true;
}

int
sql_prepare_all(struct sql_connection *connection, const struct sql_text *texts,
    struct sql_statement **statements, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		statements[i] = connection->engine->prepare(connection,
		    &texts[i]);
		if (statements[i] == NULL)
			return -1;
	}
	return 0;
}

int
sql_prepare(struct sql *sql, const struct sql_text *texts, size_t count)
{
	struct sql_set *set = &sql->sets[sql->set_count++];

	assert(sql->set_count <= SETS_MAX);
	*set = (struct sql_set){ .texts = texts, .count = count };
	set->statements = xcalloc(count, sizeof(struct sql_statement *));
	return sql_prepare_all(sql->connection, texts, set->statements, count);
}

void
sql_finalize(struct sql_statement **statements, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (statements[i] != NULL)
			statements[i]->connection->engine->finalize(
			    statements[i]);
		statements[i] = NULL;
	}
}

void
sql_rollback(struct sql *sql)
{
	const struct sql_fault *fault;

	if (sql->engine->rollback(sql->connection) == SQL_OK)
		return;
	fault = sql->engine->fault(sql->connection);
	log_errorx("store: %s: rollback: %s",
	    sql->engine->path(sql->connection), fault->message);
	sql->is_broken = true;
}

void
sql_copy_errors(const struct sql *sql, struct store_figures *figures)
{
	memcpy(figures->errors, sql->errors, sizeof(sql->errors));
	figures->trouble = sql->reported == 0 ? STORE_ERRORS : sql->trouble;
}

static void
set_broken(struct sql *sql, enum store_open_status status)
{
	sql->is_broken = true;
	/* Those are for who opens it. */
	if (status == STORE_BAD_DATA || status == STORE_IN_USE)
		sql->exit_status = status;
}

/* What lasts (a full disk) is logged when it begins, and when it is over. */
static void
log_fault(struct sql *sql, const struct sql_fault *fault)
{
	const char *path = sql->engine->path(sql->connection);

	if (fault->message == NULL)
		return;
	if (fault->is_mismatch)
		log_errorx("store: %s: database and program disagree: %s",
		    path, fault->what);
	else if (fault->code != sql->reported)
		log_errorx("store: %s: %s: %s", path, fault->what,
		    fault->message);
}

static void
report(struct sql *sql, const struct sql_fault *fault)
{
	log_fault(sql, fault);
	if (fault->is_mismatch || fault->message == NULL)
		return;
	sql->reported = fault->code;
	sql->trouble = fault->error;
	sql->errors[fault->error]++;
}

enum store_status
sql_failed(struct sql *sql)
{
	const struct sql_fault *fault = sql->engine->fault(sql->connection);

	sql->was_lost = fault->is_lost;
	/* It is run again: see store_was_lost(). */
	if (fault->is_lost && sql->losses++ == 0 && !sql->reports_losses)
		sql->errors[fault->error]++;
	else
		report(sql, fault);
	if (!fault->is_transient)
		set_broken(sql, fault->status);
	sql_rollback(sql);
	return sql->is_broken ? STORE_FATAL : STORE_REFUSED;
}

/* The cause was logged: what the database holds cannot be. */
static enum store_status
refuse_data(struct sql *sql)
{
	set_broken(sql, STORE_BAD_DATA);
	sql_rollback(sql);
	return STORE_FATAL;
}

enum store_status
sql_mismatch(struct sql *sql, const char *statement)
{
	log_errorx("store: %s: database and program disagree: %s",
	    sql->engine->path(sql->connection), statement);
	return refuse_data(sql);
}

struct sql_binding
sql_bind(struct sql *sql, const struct sql_text *texts, size_t number)
{
	const struct sql_set *set = sql->sets;

	while (set->texts != texts)
		set++;
	return (struct sql_binding){
		.sql = sql,
		.statement = set->statements[number],
	};
}

struct sql_binding
sql_run_of(struct sql_statement *statement)
{
	return (struct sql_binding){ .statement = statement };
}

static const struct engine *
engine_at(const struct sql_binding *binding)
{
	return binding->statement->connection->engine;
}

void
sql_bind_value(struct sql_binding *binding, const struct sql_value *value)
{
	engine_at(binding)->bind(binding->statement, ++binding->at, value);
}

void
sql_bind_row(struct sql_binding *binding, int64_t value)
{
	sql_bind_value(binding, &(struct sql_value){
		.type = SQL_INTEGER,
		.number = value,
	});
}

void
sql_bind_number(struct sql_binding *binding, uint64_t value)
{
	assert(value <= INT64_MAX);
	sql_bind_row(binding, (int64_t)value);
}

void
sql_bind_null(struct sql_binding *binding)
{
	sql_bind_value(binding, &(struct sql_value){ .type = SQL_NULL });
}

void
sql_bind_text(struct sql_binding *binding, const char *text, size_t len)
{
	sql_bind_value(binding, &(struct sql_value){
		.type = SQL_TEXT,
		.bytes = text,
		.len = len,
	});
}

void
sql_bind_blob(struct sql_binding *binding, const void *bytes, size_t len)
{
	sql_bind_value(binding, &(struct sql_value){
		.type = SQL_BLOB,
		.bytes = bytes,
		.len = len,
	});
}

void
sql_bind_payload(struct sql_binding *binding, const struct payload *payload)
{
	if (payload == NULL)
		sql_bind_text(binding, NULL, 0);
	else
		sql_bind_text(binding, payload->data, payload->len);
}

void
sql_bind_customer(struct sql_binding *binding, const struct customer_id *id,
    char digits[ID_CUSTOMER_HEX + 1])
{
	if (id == NULL) {
		sql_bind_text(binding, NULL, 0);
		return;
	}
	customer_id_format(id, digits);
	sql_bind_text(binding, digits, ID_CUSTOMER_HEX);
}

void
sql_about(struct sql *sql, int64_t key)
{
	if (sql->engine->about != NULL)
		sql->engine->about(sql->connection, key);
}

enum store_status
sql_run(const struct sql_binding *binding)
{
	return engine_at(binding)->run(binding->statement) == SQL_OK ?
	    STORE_OK : sql_failed(binding->sql);
}

enum store_status
sql_run_one(const struct sql_binding *binding)
{
	return engine_at(binding)->run_one(binding->statement) == SQL_OK ?
	    STORE_OK : sql_failed(binding->sql);
}

bool
sql_next(struct sql_binding *binding)
{
	binding->result = engine_at(binding)->step(binding->statement);
	return binding->result == SQL_ROW;
}

void
sql_reset(const struct sql_binding *binding)
{
	engine_at(binding)->reset(binding->statement);
}

enum store_status
sql_end_rows(const struct sql_binding *binding)
{
	sql_reset(binding);
	return binding->result == SQL_FAILED ? sql_failed(binding->sql) :
	    STORE_OK;
}

enum store_status
sql_end_row(const struct sql_binding *binding, const struct columns *columns)
{
	struct sql *sql = binding->sql;
	char text[COLUMN_FAULT_BYTES];

	if (columns_fit(columns))
		return sql_end_rows(binding);
	columns_describe(columns, text);
	log_errorx("store: %s: %s", sql->engine->path(sql->connection), text);
	sql_reset(binding);
	return refuse_data(sql);
}

enum store_status
sql_begin(struct sql *sql)
{
	sql->was_lost = false;
	if (sql->is_broken)
		return STORE_FATAL;
	return sql->engine->begin(sql->connection) == SQL_OK ? STORE_OK :
	    sql_failed(sql);
}

/* What failed is over. */
static void
log_recovery(struct sql *sql, const char *what)
{
	if (sql->reported == 0)
		return;
	log_info("store: %s: %s", sql->engine->path(sql->connection), what);
	sql->reported = 0;
}

enum store_status
sql_tend(struct sql *sql)
{
	if (sql->engine->tend(sql->connection) != SQL_OK)
		return sql_failed(sql);
	if (sql->trouble == STORE_ERROR_UNREACHABLE)
		log_recovery(sql, "is reached again");
	return STORE_OK;
}

/* It is durable; what goes wrong behind it does not undo it. */
static enum store_status
follow_commit(struct sql *sql)
{
	return sql->engine->committed == NULL ||
	    sql->engine->committed(sql->connection) == SQL_OK ||
	    sql_failed(sql) != STORE_FATAL ? STORE_OK : STORE_FATAL;
}

enum store_status
sql_commit(struct sql *sql, int64_t newest)
{
	if (sql->engine->commit(sql->connection, newest) != SQL_OK)
		return sql_failed(sql);
	sql->losses = 0;
	log_recovery(sql, "is written again");
	return follow_commit(sql);
}
