#include "pipeline.h"

#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/text.h"
#include "base/xalloc.h"

enum {
	QUEUE_MAX = 1000,
	BYTES_MAX = 4 << 20,		/* of parameters, with the last */
	TAG_BYTES = 64
};

/* Sent, and not waited for. */
struct sent {
	const char *text;
	struct statement *statement;	/* whose it is, or NULL */
	enum statement_form form;
	bool	 is_prepare;
};

struct pipeline {
	struct connection *connection;
	struct sent *queue;
	size_t	 count;
	size_t	 room;
	size_t	 bytes;			/* that libpq may hold yet */
	struct statement *culprit;
	uint64_t names;			/* of statements, so far */
	char	 tag[TAG_BYTES];
};

struct pipeline *
pipeline_new(struct connection *connection)
{
	struct pipeline *p = xcalloc(1, sizeof(*p));

	p->connection = connection;
	return p;
}

void
pipeline_free(struct pipeline *p)
{
	if (p == NULL)
		return;
	free(p->queue);
	free(p);
}

/* Whatever was not seen to be prepared is not. */
static void
forget_queue(struct pipeline *p, size_t from)
{
	for (; from < p->count; from++)
		if (p->queue[from].is_prepare)
			statement_forget(p->queue[from].statement);
	p->count = 0;
	p->bytes = 0;
}

int
pipeline_start(struct pipeline *p)
{
	forget_queue(p, 0);
	if (PQenterPipelineMode(connection_pg(p->connection)) == 1)
		return 0;
	connection_lost(p->connection, "connecting");
	return -1;
}

static void
enqueue(struct pipeline *p, const struct sent *sent)
{
	if (p->count == p->room) {
		p->room = p->room == 0 ? 64 : 2 * p->room;
		p->queue = xrealloc(p->queue, p->room * sizeof(*p->queue));
	}
	p->queue[p->count++] = *sent;
}

static int
lose(struct pipeline *p, const char *what)
{
	connection_lost(p->connection, what);
	forget_queue(p, 0);
	p->culprit = NULL;
	return -1;
}

int
pipeline_send(struct pipeline *p, struct statement *statement,
    enum statement_form form)
{
	PGconn *pg = connection_pg(p->connection);
	unsigned generation = connection_generation(p->connection);
	struct sent sent = {
		.text = statement_text(statement),
		.statement = statement,
		.form = form,
	};

	if (pg == NULL)
		return lose(p, sent.text);
	if (!statement_is_prepared(statement, generation, form)) {
		if (statement_send_prepare(statement, pg, ++p->names,
		    generation, form) == 0)
			return lose(p, sent.text);
		sent.is_prepare = true;
		enqueue(p, &sent);
		sent.is_prepare = false;
	}
	if (statement_send_run(statement, pg) == 0)
		return lose(p, sent.text);
	enqueue(p, &sent);
	p->bytes += statement_bytes(statement);
	return 0;
}

int
pipeline_send_text(struct pipeline *p, const char *text)
{
	PGconn *pg = connection_pg(p->connection);
	const struct sent sent = { .text = text };

	if (pg == NULL || PQsendQueryParams(pg, text, 0, NULL, NULL, NULL,
	    NULL, 1) == 0)
		return lose(p, text);
	enqueue(p, &sent);
	return 0;
}

bool
pipeline_is_full(const struct pipeline *p)
{
	return p->count >= QUEUE_MAX || p->bytes >= BYTES_MAX;
}

/* Any number of rows but one makes the server divide by zero. */
static void
judge_mismatch(struct pg_fault *fault, const PGresult *result)
{
	const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (code == NULL || strcmp(code, "22012") != 0)
		return;
	fault->base.message = "not one row";
	fault->base.status = STORE_BAD_DATA;
	fault->base.is_mismatch = true;
}

/* The first that fails; what follows it says nothing new. */
static void
note_failure(struct pipeline *p, const struct sent *sent,
    const PGresult *result)
{
	struct pg_fault *fault = connection_fault(p->connection);

	pg_fault_of_result(fault, result, sent->text);
	p->culprit = sent->statement;
	if (sent->form == STATEMENT_FOR_ONE_ROW)
		judge_mismatch(fault, result);
}

/* What came of one that was sent: its last result, or NULL; *has_failed. */
static PGresult *
take_results(struct pipeline *p, const struct sent *sent, bool *has_failed)
{
	PGresult *result, *last = NULL;

	while ((result = connection_result(p->connection)) != NULL) {
		PQclear(last);
		last = result;
		switch (PQresultStatus(result)) {
		case PGRES_FATAL_ERROR:
			if (!*has_failed)
				note_failure(p, sent, result);
			*has_failed = true;
			break;
		case PGRES_PIPELINE_ABORTED:
			*has_failed = true;
			break;
		default:
			break;
		}
		if (PQstatus(connection_pg(p->connection)) != CONNECTION_OK ||
		    pg_fault_is_fatal(result))
			break;
	}
	return last;
}

/* Whether the connection is no longer one. */
static bool
is_lost(struct pipeline *p, const PGresult *result)
{
	return PQstatus(connection_pg(p->connection)) != CONNECTION_OK ||
	    (result != NULL && pg_fault_is_fatal(result));
}

static int
lose_waiting(struct pipeline *p, size_t at, bool has_failed)
{
	if (has_failed)
		connection_drop(p->connection);
	else
		connection_lost(p->connection, at < p->count ?
		    p->queue[at].text : "waiting");
	forget_queue(p, at);
	return -1;
}

/* The end of what was waited for. */
static int
take_end(struct pipeline *p, bool has_failed)
{
	PGresult *result;
	bool is_end = false;

	while (!is_end) {
		result = connection_result(p->connection);
		if (is_lost(p, result)) {
			PQclear(result);
			return lose_waiting(p, p->count, has_failed);
		}
		is_end = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
		PQclear(result);
	}
	p->count = 0;
	p->bytes = 0;
	return has_failed ? -1 : 0;
}

int
pipeline_wait(struct pipeline *p, struct statement *rows)
{
	PGresult *result;
	bool has_failed = false, was_failed;
	size_t i;

	p->culprit = NULL;
	if (connection_pg(p->connection) == NULL ||
	    PQpipelineSync(connection_pg(p->connection)) == 0)
		return lose(p, "sending");
	for (i = 0; i < p->count; i++) {
		was_failed = has_failed;
		result = take_results(p, &p->queue[i], &has_failed);
		if (is_lost(p, result)) {
			PQclear(result);
			return lose_waiting(p, i, has_failed && !was_failed);
		}
		if (has_failed && p->queue[i].is_prepare)
			statement_forget(p->queue[i].statement);
		(void)snprintf(p->tag, sizeof(p->tag), "%s", result == NULL ?
		    "" : PQcmdStatus(result));	/* cut is good enough */
		if (rows != NULL && i == p->count - 1 && !has_failed)
			statement_set_rows(rows, result);
		else
			PQclear(result);
	}
	return take_end(p, has_failed);
}

const struct statement *
pipeline_culprit(const struct pipeline *p)
{
	return p->culprit;
}

const char *
pipeline_tag(const struct pipeline *p)
{
	return p->tag;
}
