#include "connection.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libpq-fe.h>

#include "base/clock.h"
#include "base/database_name.h"
#include "base/xalloc.h"
#include "attempt.h"

enum {
	ASK_MS = 1000,			/* between two calls of goes_on() */
	LAST_MS = 5000,			/* behind the last: a server that */
					/* lives answers by then */
	WORK_MS = 10,			/* between two calls of work() */
	REFUSAL_MS = 5000		/* to find out why */
};

const char connection_path_sql[] =
    "SET search_path = pg_catalog, buddyshopping, pg_temp";

/*
 * A role or a database may have settings of its own, and the database's owner
 * sets those.  Of what matters, texts that are compared or given back must be
 * written as they are known; of a table that becomes a partition the bound must
 * not be looked at, which may call a function; rows that are hidden are an
 * error; and a view or a foreign table, which may take the place of a table
 * that was judged, is not read, where the server knows how: from 13.16, 14.13,
 * 15.8, 16.4 and 17 on.  Nothing of ours is one.
 */
static const char safety_sql[] =
    "SET quote_all_identifiers = off;"
    "SET standard_conforming_strings = on;"
    "SET DateStyle = ISO;"
    "SET default_transaction_isolation = 'read committed';"
    "SET constraint_exclusion = off;"
    "SET row_security = off;"
    "SELECT pg_catalog.set_config(name, 'view, foreign-table', false)"
    " FROM pg_catalog.pg_settings"
    " WHERE name = 'restrict_nonsystem_relation_kind'";

/*
 * The timeout ends a transaction of ours when this machine stands still in the
 * middle of it.
 */
static const char settings_sql[] =
    "SET client_min_messages = warning;"
    "SET idle_in_transaction_session_timeout = '30s';"
    "SET tcp_keepalives_idle = 10;"
    "SET tcp_keepalives_interval = 5;"
    "SET tcp_keepalives_count = 3;"
    "SET jit = off;";

/*
 * Each statement of the daemon's has its index.  Planned before there were any
 * rows and statistics, it would go through all of a table, or an index, later.
 */
static const char daemon_sql[] =
    "SET plan_cache_mode = force_generic_plan;"
    "SET enable_seqscan = off;"
    "SET enable_hashjoin = off;"
    "SET enable_mergejoin = off;";

/* A reader rests in the middle of a transaction, and scans whole tables. */
static const char reader_sql[] =
    "SET default_transaction_read_only = on;"
    "SET idle_in_transaction_session_timeout = 0;"
    "SET cursor_tuple_fraction = 1;";

struct connection {
	char	*name;
	char	*shown;			/* without secrets */
	enum connection_purpose purpose;
	PGconn	*pg;			/* NULL: there is none */
	unsigned generation;
	unsigned warnings;
	bool	(*goes_on)(void *ctx);
	void	*goes_on_ctx;
	void	(*work)(void *ctx);
	void	*work_ctx;
	struct pg_fault fault;
};

struct connection *
connection_new(const char *name, enum connection_purpose purpose)
{
	struct connection *c = xcalloc(1, sizeof(*c));

	c->name = xstrdup(name);
	c->shown = database_name_show(name);
	c->purpose = purpose;
	return c;
}

void
connection_free(struct connection *c)
{
	if (c == NULL)
		return;
	connection_drop(c);
	free(c->shown);
	free(c->name);
	free(c);
}

const char *
connection_name(const struct connection *c)
{
	return c->shown;
}

struct pg_fault *
connection_fault(struct connection *c)
{
	return &c->fault;
}

void
connection_drop(struct connection *c)
{
	PQfinish(c->pg);
	c->pg = NULL;
}

PGconn *
connection_pg(struct connection *c)
{
	return c->pg;
}

unsigned
connection_generation(const struct connection *c)
{
	return c->generation;
}

void
connection_lost(struct connection *c, const char *what)
{
	if (c->pg == NULL)
		pg_fault_of_absence(&c->fault, what, "there is no connection");
	else
		pg_fault_of_connection(&c->fault, c->pg, what);
	connection_drop(c);
}

void
connection_watch(struct connection *c, void (*work)(void *ctx), void *ctx)
{
	c->work = work;
	c->work_ctx = ctx;
}

void
connection_work(struct connection *c)
{
	if (c->work != NULL)
		c->work(c->work_ctx);
}

void
connection_set_waiting(struct connection *c, bool (*goes_on)(void *ctx),
    void *ctx)
{
	c->goes_on = goes_on;
	c->goes_on_ctx = ctx;
}

static bool
goes_on(const struct connection *c)
{
	return c->goes_on == NULL || c->goes_on(c->goes_on_ctx);
}

bool
connection_pause(struct connection *c, unsigned ms)
{
	uint64_t end = clock_ms() + ms, now;

	while ((now = clock_ms()) < end) {
		if (!goes_on(c))
			return false;
		/* Interrupted is good enough. */
		(void)poll(NULL, 0, end - now < ASK_MS ? (int)(end - now) :
		    ASK_MS);
	}
	return true;
}

/*
 * Others go nowhere, as the server logs them: what matters comes as a result.
 * Of a commit that is not on a standby, SQLSTATE is that of many others, and
 * words are of any language: only the server's own function is known, which
 * all servers tell whose compiler knows it.
 */
static void
count_warning(void *ctx, const PGresult *result)
{
	const char *severity = PQresultErrorField(result,
	    PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *function = PQresultErrorField(result,
	    PG_DIAG_SOURCE_FUNCTION);
	struct connection *c = ctx;

	if (severity != NULL && strcmp(severity, "WARNING") == 0 &&
	    (function == NULL || strcmp(function, "SyncRepWaitForLSN") == 0))
		c->warnings++;
}

unsigned
connection_warnings(const struct connection *c)
{
	return c->warnings;
}

enum { PARAMETERS = 9 };

struct parameters {
	const char *keys[PARAMETERS + 1];
	const char *values[PARAMETERS + 1];
};

/*
 * The name can say otherwise of what stands in front of it, but not of what
 * stands behind it.
 */
static struct parameters
parameters_of(const struct connection *c)
{
	return (struct parameters){
		.keys = { "connect_timeout", "keepalives_idle",
		    "keepalives_interval", "keepalives_count",
		    "tcp_user_timeout", "target_session_attrs",
		    "fallback_application_name", "dbname", "client_encoding" },
		.values = { "3", "10", "5", "2", "20000",
		    c->purpose == CONNECTION_TO_WRITE ? "read-write" : "any",
		    "buddyshopping", c->name, "UTF8" },
	};
}

static int
set_purpose(struct connection *c)
{
	if (c->purpose != CONNECTION_TO_WRITE &&
	    connection_run(c, reader_sql) == -1)
		return -1;
	return c->purpose == CONNECTION_TO_READ ? 0 :
	    connection_run(c, daemon_sql);
}

static int
set_up(struct connection *c)
{
	(void)PQsetNoticeReceiver(c->pg, count_warning, c);
	/* A long list and its long answers must not wait for each other. */
	if (PQsetnonblocking(c->pg, 1) != 0) {
		connection_lost(c, "connecting");
		return -1;
	}
	if (connection_run(c, connection_path_sql) == -1 ||
	    connection_run(c, safety_sql) == -1 ||
	    connection_run(c, settings_sql) == -1 || set_purpose(c) == -1) {
		connection_drop(c);
		return -1;
	}
	return 0;
}

int
connection_make(struct connection *c)
{
	struct parameters p = parameters_of(c);

	connection_drop(c);
	c->pg = c->goes_on == NULL ? PQconnectdbParams(p.keys, p.values, 1) :
	    attempt_connect(p.keys, p.values, c->goes_on, c->goes_on_ctx);
	if (c->pg == NULL || PQstatus(c->pg) != CONNECTION_OK) {
		connection_lost(c, "connecting");
		return -1;
	}
	c->generation++;
	return set_up(c);
}

/* Find SQLSTATE in what libpq says in its most detailed words. */
static void
find_state(const char *said, char state[6])
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	state[0] = '\0';
	while ((said = strstr(said, ":  ")) != NULL) {
		said += 3;
		if (strspn(said, digits) == 5 && said[5] == ':') {
			memcpy(state, said, 5);
			state[5] = '\0';
		}
	}
}

void
connection_refusal(struct connection *c, char state[6])
{
	struct parameters p = parameters_of(c);
	PGconn *pg = PQconnectStartParams(p.keys, p.values, 1);
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;
	struct pollfd at;

	state[0] = '\0';
	if (pg == NULL)
		return;
	(void)PQsetErrorVerbosity(pg, PQERRORS_VERBOSE);
	while (PQstatus(pg) != CONNECTION_BAD &&
	    (status == PGRES_POLLING_READING ||
	    status == PGRES_POLLING_WRITING)) {
		at = (struct pollfd){
			.fd = PQsocket(pg),
			.events = status == PGRES_POLLING_READING ? POLLIN :
			    POLLOUT,
		};
		if (poll(&at, 1, REFUSAL_MS) != 1)
			break;
		status = PQconnectPoll(pg);
	}
	find_state(PQerrorMessage(pg), state);
	PQfinish(pg);
}

bool
connection_is_alive(struct connection *c)
{
	struct pollfd at;

	if (c->pg == NULL)
		return false;
	at = (struct pollfd){ .fd = PQsocket(c->pg), .events = POLLIN };
	if (poll(&at, 1, 0) == 1 && PQconsumeInput(c->pg) == 0)
		return false;
	/* What was said is read there: the server's last words, perhaps. */
	while (PQstatus(c->pg) == CONNECTION_OK && poll(&at, 1, 0) == 1)
		if (PQconsumeInput(c->pg) == 0)
			return false;
	return PQstatus(c->pg) == CONNECTION_OK;
}

/* Of one result. */
struct waiting {
	uint64_t ask_ms;		/* when goes_on() is asked next */
	uint64_t end_ms;		/* 0 while it goes on */
};

/*
 * Time has passed in vain.  That has no limit of ours: a server that stands
 * still may have committed what was sent, holds the locks of that, and would say
 * no more on another connection.  statement_timeout is the server's.
 */
static void
ask(struct connection *c, struct waiting *waiting)
{
	uint64_t now = clock_ms();

	if (now < waiting->ask_ms)
		return;
	waiting->ask_ms = now + ASK_MS;
	if (!goes_on(c) && waiting->end_ms == 0)
		waiting->end_ms = now + LAST_MS;
	if (waiting->end_ms != 0 && now >= waiting->end_ms)
		/* Who reads finds the end then. */
		(void)shutdown(PQsocket(c->pg), SHUT_RDWR);
}

/* Wait until the socket can be read, or written where that is wanted too. */
static void
await(struct connection *c, bool is_to_write, struct waiting *waiting)
{
	struct pollfd at = { .fd = PQsocket(c->pg), .events = POLLIN };

	if (is_to_write)
		at.events |= POLLOUT;
	if (poll(&at, 1, c->work != NULL ? WORK_MS : ASK_MS) == 0)
		ask(c, waiting);
	connection_work(c);
}

PGresult *
connection_result(struct connection *c)
{
	struct waiting waiting = { .ask_ms = clock_ms() + ASK_MS };
	int unsent;

	for (;;) {
		unsent = PQflush(c->pg);
		if (PQisBusy(c->pg) == 0)
			return PQgetResult(c->pg);
		await(c, unsent == 1, &waiting);
		/* What is wrong is the result's to say. */
		if (PQconsumeInput(c->pg) == 0)
			return PQgetResult(c->pg);
	}
}

/* The last result of what was sent; NULL: fault. */
static PGresult *
take_results(struct connection *c, const char *what)
{
	PGresult *result, *last = NULL;
	bool has_failed = false;

	while ((result = connection_result(c)) != NULL) {
		if (PQresultStatus(result) == PGRES_FATAL_ERROR &&
		    !has_failed) {
			pg_fault_of_result(&c->fault, result, what);
			has_failed = true;
		}
		PQclear(last);
		last = result;
	}
	if (!has_failed && last != NULL && PQstatus(c->pg) == CONNECTION_OK)
		return last;
	PQclear(last);
	if (!has_failed)
		connection_lost(c, what);
	else if (PQstatus(c->pg) != CONNECTION_OK)
		connection_drop(c);
	return NULL;
}

PGresult *
connection_ask(struct connection *c, const char *sql, int count,
    const char *const *values)
{
	if (c->pg == NULL || PQsendQueryParams(c->pg, sql, count, NULL, values,
	    NULL, NULL, 0) == 0) {
		connection_lost(c, sql);
		return NULL;
	}
	return take_results(c, sql);
}

int
connection_run(struct connection *c, const char *sql)
{
	PGresult *result;

	if (c->pg == NULL || PQsendQuery(c->pg, sql) == 0) {
		connection_lost(c, sql);
		return -1;
	}
	result = take_results(c, sql);
	PQclear(result);
	return result == NULL ? -1 : 0;
}
