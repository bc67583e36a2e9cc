#include "postgres_engine.h"

#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/clock.h"
#include "base/database_name.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "catalog_check.h"
#include "connection.h"
#include "lease.h"
#include "pg_cursor.h"
#include "pipeline.h"
#include "recovery.h"
#include "schema.h"
#include "server_check.h"
#include "statement.h"
#include "sweep.h"
#include "waves.h"

enum {
	WORK_ROWS = 100,		/* between calls of watch()'s work */
	SIZES_MS = 60 * 1000		/* between looks at sizes */
};

static const char begin_sql[] =
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
static const char read_sql[] =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
static const char commit_sql[] = "COMMIT";
static const char rollback_sql[] = "ROLLBACK";

/* See lease.h. */
static const struct sql_text fence_text = { .text =
    "SELECT run FROM buddyshopping.writer WHERE id = 1 AND run = ?1"
    " FOR SHARE" };
static const struct sql_text sizes_text = { .text =
    "SELECT pg_database_size(current_database())" };

static const struct sql_text marks[SQL_MARKS] = {
	[SQL_MARK_PARTIAL] = { .text = SCHEMA_MARK(SCHEMA_PARTIAL) },
	[SQL_MARK_WHOLE] = { .text = SCHEMA_MARK(SCHEMA_WHOLE) },
};

enum transaction {
	TRANSACTION_NONE,
	TRANSACTION_WANTED,		/* nothing of it was sent */
	TRANSACTION_OPEN
};

struct postgres {
	struct sql_connection base;
	struct connection *connection;
	struct pipeline *pipeline;
	struct lease *lease;		/* a writer's; NULL for readers */
	struct recovery *recovery;
	struct waves *waves;
	int64_t	 key;			/* what runs is about that; or 0 */
	struct statement *fence;
	struct statement *measure;
	enum transaction transaction;
	uint64_t transactions;		/* that were begun so far */
	uint64_t measure_ms;		/* when sizes are due */
	struct sql_sizes sizes;
	char	 guard[CATALOG_GUARD_BYTES];	/* what is wrong with it */
};

/* A statement as others have it. */
struct handle {
	struct sql_statement base;
	struct statement *statement;
	struct wave_statement *in_waves;	/* NULL: it was in none */
	struct pg_cursor cursor;	/* of a long one */
	uint64_t cursor_of;		/* the transaction that has it; 0: */
					/* none */
	bool	 is_alone;		/* which is for that cursor */
	unsigned seen;			/* rows, for watch()'s work */
};

static struct postgres *
postgres_of(struct sql_connection *base)
{
	return (struct postgres *)base;
}

static struct handle *
handle_of(struct sql_statement *base)
{
	return (struct handle *)base;
}

static const struct sql_fault *
fault(const struct sql_connection *base)
{
	const struct postgres *p = (const struct postgres *)base;

	return &connection_fault(p->connection)->base;
}

static const char *
path(const struct sql_connection *base)
{
	return connection_name(((const struct postgres *)base)->connection);
}

/* Whether there is no connection any more, which ends all that was begun. */
static bool
is_lost(struct postgres *p)
{
	return connection_pg(p->connection) == NULL;
}

/* The pipeline failed. */
static enum sql_result
fail(struct postgres *p)
{
	struct pg_fault *fault = connection_fault(p->connection);

	if (recovery_is_over(p->recovery))
		return SQL_FAILED;
	if (is_lost(p)) {
		fault->base.error = STORE_ERROR_UNREACHABLE;
		fault->base.is_transient = true;
		fault->base.is_lost = p->transaction == TRANSACTION_OPEN;
		p->transaction = TRANSACTION_NONE;
	} else if (p->fence != NULL && fault->base.is_mismatch &&
	    pipeline_culprit(p->pipeline) == p->fence)
		pg_fault_of_rival(fault, "the lease", "another daemon has taken "
		    "the database meanwhile");
	return SQL_FAILED;
}

static int
send_fence(struct postgres *p)
{
	statement_bind(p->fence, 1, &(struct sql_value){
		.type = SQL_INTEGER,
		.number = lease_run(p->lease),
	});
	return pipeline_send(p->pipeline, p->fence, STATEMENT_FOR_ONE_ROW);
}

/* The first statement of a transaction comes. */
static int
open_transaction(struct postgres *p)
{
	p->transaction = TRANSACTION_OPEN;
	p->transactions++;
	if (p->lease == NULL)
		return pipeline_send_text(p->pipeline, read_sql);
	if (pipeline_send_text(p->pipeline, begin_sql) == -1)
		return -1;
	return send_fence(p);
}

/*
 * A statement is about to be sent: in a transaction, if one was begun, and
 * behind what waits.
 */
static int
get_ready(struct postgres *p)
{
	switch (p->transaction) {
	case TRANSACTION_NONE:
		return recovery_have(p->recovery);
	case TRANSACTION_WANTED:
		if (open_transaction(p) == -1)
			return -1;
		break;
	case TRANSACTION_OPEN:
		break;
	}
	return waves_send(p->waves, p->pipeline);
}

static enum sql_result
begin(struct sql_connection *base)
{
	struct postgres *p = postgres_of(base);

	if (recovery_have(p->recovery) == -1)
		return fail(p);
	p->transaction = TRANSACTION_WANTED;
	return SQL_OK;
}

static enum sql_result
rollback(struct sql_connection *base)
{
	struct postgres *p = postgres_of(base);
	bool is_open = p->transaction == TRANSACTION_OPEN;
	int tries;

	p->transaction = TRANSACTION_NONE;
	waves_forget(p->waves);
	/* The first is not run if there was something wrong in front of it. */
	for (tries = 0; is_open && tries < 2 && !is_lost(p); tries++)
		if (pipeline_send_text(p->pipeline, rollback_sql) == 0 &&
		    pipeline_wait(p->pipeline, NULL) == 0)
			return SQL_OK;
	return is_open && !is_lost(p) ? SQL_FAILED : SQL_OK;
}

/* The connection was lost while a COMMIT was on its way: find out. */
static enum sql_result
settle(struct postgres *p)
{
	int64_t newest = lease_newest(p->lease);
	enum lease_result result;
	bool is_done;

	log_warnx("store: %s: it is not known what became of a commit: %s",
	    connection_name(p->connection),
	    connection_fault(p->connection)->base.message);
	result = recovery_insist(p->recovery);
	p->transaction = TRANSACTION_NONE;
	if (result == LEASE_FAILED) {
		pg_fault_of_rival(connection_fault(p->connection), commit_sql,
		    "it is not known whether the last transaction was "
		    "committed; nobody was told that it was");
		connection_fault(p->connection)->base.status = STORE_IO_ERROR;
	}
	if (result != LEASE_OURS)
		return SQL_FAILED;
	is_done = lease_newest(p->lease) > newest;
	log_info("store: %s: there is a connection again: the commit %s",
	    connection_name(p->connection), is_done ? "was done" :
	    "was not found, and is done now");
	if (is_done)
		return SQL_OK;
	/* Nor may be known what has no row, and can be done twice. */
	pg_fault_of_absence(connection_fault(p->connection), commit_sql,
	    "the connection was lost, and no row was committed");
	connection_fault(p->connection)->base.is_lost = true;
	return SQL_FAILED;
}

/* The server has answered, and has waited for its standby if it has one. */
static enum sql_result
judge_commit(struct postgres *p)
{
	p->transaction = TRANSACTION_NONE;
	if (strcmp(pipeline_tag(p->pipeline), commit_sql) == 0) {
		lease_committed(p->lease);
		return SQL_OK;
	}
	lease_not_committed(p->lease);
	pg_fault_of_data(connection_fault(p->connection), commit_sql,
	    "was answered by something else");
	return SQL_FAILED;
}

/*
 * Somebody, or statement_timeout, has ended the wait for a standby: it is
 * committed here and nowhere else.  What follows waits for it, too.
 */
static enum sql_result
settle_warning(struct postgres *p)
{
	connection_lost(p->connection, commit_sql);
	pg_fault_of_absence(connection_fault(p->connection), commit_sql,
	    "the server has not waited for its standby");
	return settle(p);
}

static enum sql_result
commit(struct sql_connection *base, int64_t newest)
{
	struct postgres *p = postgres_of(base);
	unsigned warnings;

	if (p->transaction != TRANSACTION_OPEN && waves_are_empty(p->waves)) {
		p->transaction = TRANSACTION_NONE;
		return SQL_OK;
	}
	if (get_ready(p) == -1)
		return fail(p);
	/* What fails to be sent may have been sent in part. */
	lease_doubt(p->lease, newest);
	warnings = connection_warnings(p->connection);
	if (pipeline_send_text(p->pipeline, commit_sql) == -1)
		return settle(p);
	if (pipeline_wait(p->pipeline, NULL) == 0)
		return connection_warnings(p->connection) == warnings ?
		    judge_commit(p) : settle_warning(p);
	if (is_lost(p))
		return settle(p);
	lease_not_committed(p->lease);
	return fail(p);
}

static struct sql_statement *
prepare(struct sql_connection *base, const struct sql_text *text)
{
	struct handle *h = xcalloc(1, sizeof(*h));

	h->base.connection = base;
	h->base.text = text;
	h->statement = statement_new(text);
	pg_cursor_init(&h->cursor, postgres_of(base)->pipeline, h->statement);
	h->base.row = h->statement;
	return &h->base;
}

static void
finalize(struct sql_statement *base)
{
	struct handle *h = handle_of(base);

	/* What the server has of it goes with the connection. */
	wave_statement_free(h->in_waves);
	statement_free(h->statement);
	free(h);
}

static void
bind(struct sql_statement *base, int number, const struct sql_value *value)
{
	statement_bind(handle_of(base)->statement, number, value);
}

static void
about(struct sql_connection *base, int64_t key)
{
	postgres_of(base)->key = key;
}

/* It waits with others, if it may. */
static enum sql_result
run_in_waves(struct postgres *p, struct handle *h, enum statement_form form)
{
	if (h->in_waves == NULL)
		h->in_waves = wave_statement_new(h->base.text);
	waves_add(p->waves, p->key, h->in_waves, form, h->statement);
	return !waves_are_full(p->waves) || get_ready(p) == 0 ? SQL_OK :
	    fail(p);
}

static enum sql_result
run_in_form(struct sql_statement *base, enum statement_form form)
{
	struct postgres *p = postgres_of(base->connection);
	struct statement *s = handle_of(base)->statement;

	if (p->key != 0 && p->transaction != TRANSACTION_NONE)
		return run_in_waves(p, handle_of(base), form);
	if (get_ready(p) == -1 || pipeline_send(p->pipeline, s, form) == -1)
		return fail(p);
	if ((p->transaction == TRANSACTION_NONE ||
	    pipeline_is_full(p->pipeline)) &&
	    pipeline_wait(p->pipeline, NULL) == -1)
		return fail(p);
	return SQL_OK;
}

static enum sql_result
run(struct sql_statement *base)
{
	return run_in_form(base, STATEMENT_AS_IT_IS);
}

static enum sql_result
run_one(struct sql_statement *base)
{
	return run_in_form(base, STATEMENT_FOR_ONE_ROW);
}

static int
open_cursor(struct postgres *p, struct handle *h)
{
	if (p->transaction == TRANSACTION_NONE) {
		h->is_alone = true;
		p->transaction = TRANSACTION_WANTED;
	}
	if (get_ready(p) == -1)
		return -1;
	h->cursor_of = p->transactions;
	return pg_cursor_open(&h->cursor);
}

/* Run what yields rows, and have the first of them. */
static int
start_rows(struct postgres *p, struct handle *h)
{
	if (p->lease == NULL && h->base.text->is_long)
		return open_cursor(p, h);
	if (get_ready(p) == -1 || pipeline_send(p->pipeline, h->statement,
	    STATEMENT_AS_IT_IS) == -1)
		return -1;
	return pipeline_wait(p->pipeline, h->statement);
}

/* What only reads, and is alone, may be asked twice. */
static bool
may_repeat(struct postgres *p)
{
	return is_lost(p) && p->lease != NULL &&
	    p->transaction == TRANSACTION_NONE;
}

static int
have_rows(struct postgres *p, struct handle *h)
{
	if (!statement_has_rows(h->statement))
		return start_rows(p, h) == 0 ||
		    (may_repeat(p) && start_rows(p, h) == 0) ? 0 : -1;
	return 0;
}

static enum sql_result
step(struct sql_statement *base)
{
	struct postgres *p = postgres_of(base->connection);
	struct handle *h = handle_of(base);

	if (have_rows(p, h) == -1)
		return fail(p);
	if (++h->seen % WORK_ROWS == 0)
		connection_work(p->connection);
	if (statement_next(h->statement))
		return SQL_ROW;
	if (h->cursor_of == 0 || !pg_cursor_may_go_on(&h->cursor))
		return SQL_DONE;
	if (pg_cursor_next(&h->cursor) == -1)
		return fail(p);
	return statement_next(h->statement) ? SQL_ROW : SQL_DONE;
}

static void
close_cursor(struct postgres *p, struct handle *h)
{
	bool is_there = h->cursor_of == p->transactions &&
	    p->transaction == TRANSACTION_OPEN;

	h->cursor_of = 0;
	if (h->is_alone && is_there)
		(void)rollback(&p->base);	/* says nothing new */
	else if (is_there && pg_cursor_close(&h->cursor) == -1)
		p->transaction = TRANSACTION_NONE;
	h->is_alone = false;
}

static void
reset(struct sql_statement *base)
{
	struct postgres *p = postgres_of(base->connection);
	struct handle *h = handle_of(base);

	statement_set_rows(h->statement, NULL);
	if (h->cursor_of != 0)
		close_cursor(p, h);
}

static enum sql_result
checkpoint(struct sql_connection *base)
{
	struct postgres *p = postgres_of(base);
	struct sql_value size;

	if (is_lost(p) || clock_ms() < p->measure_ms)
		return SQL_OK;
	p->measure_ms = clock_ms() + SIZES_MS;
	if (pipeline_send(p->pipeline, p->measure, STATEMENT_AS_IT_IS) == -1 ||
	    pipeline_wait(p->pipeline, p->measure) == -1)
		return SQL_OK;	/* then not; what was lost is made again */
	if (statement_next(p->measure)) {
		statement_rows_reader.column(p->measure, 0, &size);
		p->sizes.database = (uint64_t)size.number;
	}
	statement_set_rows(p->measure, NULL);
	return SQL_OK;
}

static void
sizes(const struct sql_connection *base, struct sql_sizes *sizes)
{
	*sizes = ((const struct postgres *)base)->sizes;
}

static void
watch(struct sql_connection *base, void (*work)(void *ctx), void *ctx)
{
	connection_watch(postgres_of(base)->connection, work, ctx);
}

static void
set_waiting(struct sql_connection *base, bool (*goes_on)(void *ctx), void *ctx)
{
	connection_set_waiting(postgres_of(base)->connection, goes_on, ctx);
}

static enum sql_result
tend(struct sql_connection *base)
{
	struct postgres *p = postgres_of(base);

	return recovery_have(p->recovery) == 0 ? SQL_OK : fail(p);
}

static bool
is_away(const struct sql_connection *base)
{
	return connection_pg(((const struct postgres *)base)->connection) ==
	    NULL;
}

static void
close_connection(struct sql_connection *base, bool is_broken)
{
	struct postgres *p = postgres_of(base);

	(void)is_broken;	/* the server knows what it has */
	/*
	 * With the connection the server ends its transaction and its lock,
	 * which lease_take() waits for: a silent one is not waited for here.
	 */
	statement_free(p->measure);
	statement_free(p->fence);
	waves_free(p->waves);
	recovery_free(p->recovery);
	lease_free(p->lease);
	pipeline_free(p->pipeline);
	connection_free(p->connection);
	free(p);
}

static struct postgres *
new_postgres(const char *name, enum connection_purpose purpose)
{
	struct postgres *p = xcalloc(1, sizeof(*p));

	p->base.engine = &postgres_engine;
	p->connection = connection_new(name, purpose);
	p->pipeline = pipeline_new(p->connection);
	if (purpose == CONNECTION_TO_WRITE)
		p->lease = lease_new(p->connection);
	p->recovery = recovery_new(p->connection, p->pipeline, p->lease);
	p->waves = waves_new();
	return p;
}

static enum store_open_status
open_for(const char *name, enum schema_use use, struct sql_connection **opened)
{
	struct postgres *p = new_postgres(name, CONNECTION_TO_WRITE);
	enum store_open_status status;

	p->fence = statement_new(&fence_text);
	p->measure = statement_new(&sizes_text);
	status = server_connect(p->connection, STORE_CANNOT_CREATE);
	if (status == STORE_OPENED)
		status = lease_take(p->lease);
	if (status == STORE_OPENED)
		status = schema_bring(p->connection, use);
	if (status == STORE_OPENED)
		status = lease_look(p->lease);
	if (status == STORE_OPENED && pipeline_start(p->pipeline) == -1)
		status = STORE_IO_ERROR;
	if (status == STORE_OPENED)
		*opened = &p->base;
	else
		close_connection(&p->base, false);
	return status;
}

static enum store_open_status
open_database(const char *name, const char *vfs, struct sql_connection **opened)
{
	(void)vfs;
	return open_for(name, SCHEMA_TO_SERVE, opened);
}

static enum store_open_status
open_copy(const char *name, struct sql_connection **opened)
{
	return open_for(name, SCHEMA_TO_COPY, opened);
}

static enum store_open_status
start(struct sql_connection *base)
{
	struct postgres *p = postgres_of(base);
	enum store_open_status status;

	if (is_lost(p) ||
	    PQexitPipelineMode(connection_pg(p->connection)) == 0) {
		log_errorx("store: %s: the connection was lost", path(base));
		return STORE_IO_ERROR;
	}
	status = lease_start(p->lease);
	if (status == STORE_OPENED && pipeline_start(p->pipeline) == -1)
		return STORE_IO_ERROR;
	return status;
}

static const char *
find_unguarded(const struct sql_connection *base)
{
	const struct postgres *p = (const struct postgres *)base;

	return p->guard[0] == '\0' ? NULL : p->guard;
}

static enum store_open_status
open_reader(const char *name, enum sql_reader kind,
    const struct sql_waiting *waiting, struct sql_connection **opened)
{
	struct postgres *p = new_postgres(name,
	    kind == SQL_READER_OF_STORE ? CONNECTION_TO_FOLLOW :
	    CONNECTION_TO_READ);
	enum store_open_status status;

	*opened = &p->base;
	if (waiting != NULL)
		connection_set_waiting(p->connection, waiting->goes_on,
		    waiting->ctx);
	if (kind == SQL_READER_OF_ANY) {
		status = server_connect(p->connection, STORE_NO_DATABASE);
		if (status == STORE_OPENED)
			status = schema_judge(p->connection, p->guard);
		if (status != STORE_OPENED)
			return status;
	} else if (connection_make(p->connection) == -1)
		return connection_fault(p->connection)->base.status;
	return pipeline_start(p->pipeline) == 0 ? STORE_OPENED :
	    STORE_IO_ERROR;
}

const struct engine postgres_engine = {
	.name = "PostgreSQL",
	.rows = &statement_rows_reader,
	.has = database_name_is_postgresql,
	.open = open_database,
	.start = start,
	.open_copy = open_copy,
	.marks = marks,
	.open_reader = open_reader,
	.find_unguarded = find_unguarded,
	.watch = watch,
	.close = close_connection,
	.set_waiting = set_waiting,
	.tend = tend,
	.is_away = is_away,
	.fault = fault,
	.path = path,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.prepare = prepare,
	.finalize = finalize,
	.bind = bind,
	.about = about,
	.run = run,
	.run_one = run_one,
	.step = step,
	.reset = reset,
	.checkpoint = checkpoint,
	.sweep = sweep_tables,
	.sizes = sizes,
};
