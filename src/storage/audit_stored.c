#include "audit_stored.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "audit_report.h"
#include "base/buf.h"
#include "base/xalloc.h"
#include "session/record.h"
#include "session/session.h"
#include "sql.h"

enum statement {
	SQL_SESSION,
	SQL_CUSTOMER,
	SQL_COUNT,
	SQL_NO_ROWS,
	SQL_STRAY,
	STATEMENTS
};

static const char *const statement_sql[STATEMENTS] = {
	[SQL_SESSION] =
	    "SELECT incarnation, revision, ifnull(ended_ms, 0),"
	    " ended_ms IS NULL FROM session WHERE id = ?",
	[SQL_CUSTOMER] =
	    "SELECT incarnation, is_host, is_ready, has_token, state,"
	    " left_revision, name_seq, cart_seq, seq_cart, seq_ready,"
	    " request, id FROM customer WHERE session = ? AND cid = ?",
	[SQL_COUNT] =
	    "SELECT count(*) FROM customer"
	    " WHERE session = ? AND state IN (0, 1, 2) AND incarnation = ?",
	[SQL_NO_ROWS] =
	    "SELECT id, name FROM session AS s WHERE (ended_ms IS NULL OR ?)"
	    " AND NOT EXISTS (SELECT 1 FROM journal WHERE session = s.id)"
	    " LIMIT 1",
	[SQL_STRAY] =
	    "SELECT c.cid FROM customer AS c"
	    " LEFT JOIN session AS s ON s.id = c.session"
	    " WHERE s.id IS NULL"
	    " OR c.incarnation NOT BETWEEN 1 AND s.incarnation LIMIT 1",
};

/* The columns of SQL_CUSTOMER that are compared as numbers. */
enum {
	CUSTOMER_NUMBERS = 10,
	COLUMN_REQUEST = CUSTOMER_NUMBERS,
	COLUMN_ID
};

struct audit_stored {
	struct audit *audit;
	struct audit_report *report;
	sqlite3_stmt *statements[STATEMENTS];
};

const uint8_t audit_erased_request[ID_PROOF_BYTES] = "erased";

enum audit_status
audit_stored_new(struct audit *audit, struct audit_report *report,
    struct audit_stored **made)
{
	struct audit_stored *stored = xcalloc(1, sizeof(*stored));
	enum audit_status status = AUDIT_OK;
	size_t i;

	stored->audit = audit;
	stored->report = report;
	for (i = 0; i < STATEMENTS && status == AUDIT_OK; i++)
		status = audit_prepare(audit, statement_sql[i],
		    &stored->statements[i]);
	if (status == AUDIT_OK)
		*made = stored;
	else
		audit_stored_free(stored);
	return status;
}

void
audit_stored_free(struct audit_stored *stored)
{
	if (stored == NULL)
		return;
	sql_finalize(stored->statements, STATEMENTS);
	free(stored);
}

/* Bind one or two numbers and step to the first row; SQLite's result. */
static int
step_first(sqlite3_stmt *statement, int64_t first, int64_t second)
{
	int rc = sqlite3_bind_int64(statement, 1, first);

	if (rc == SQLITE_OK && sqlite3_bind_parameter_count(statement) > 1)
		rc = sqlite3_bind_int64(statement, 2, second);
	return rc == SQLITE_OK ? sqlite3_step(statement) : rc;
}

struct payload *
audit_pointer_new(int64_t seq)
{
	return payload_new(&seq, sizeof(seq));
}

static int64_t
pointed_seq(const struct payload *pointer)
{
	int64_t seq = 0;

	if (pointer != NULL)
		memcpy(&seq, pointer->data, sizeof(seq));
	return seq;
}

/* Say that the tables disagree with the replay's last row. */
#define DIFFER(stored, replayed, ...)					\
	audit_report_fault((stored)->report, &(replayed)->last, __VA_ARGS__)

static void
list_numbers(const struct customer *customer, int64_t out[CUSTOMER_NUMBERS])
{
	const int64_t numbers[CUSTOMER_NUMBERS] = {
		(int64_t)customer->incarnation,
		customer->is_host,
		customer->is_ready,
		customer->has_token,
		customer->state,
		(int64_t)customer->left_revision,
		pointed_seq(customer->name),
		pointed_seq(customer->cart),
		(int64_t)customer->seq[SEQUENCE_CART],
		(int64_t)customer->seq[SEQUENCE_READY],
	};

	memcpy(out, numbers, sizeof(numbers));
}

static bool
request_is(sqlite3_stmt *at, const struct customer *customer)
{
	if (!customer->has_request)
		return sqlite3_column_type(at, COLUMN_REQUEST) == SQLITE_NULL;
	if (memcmp(customer->request, audit_erased_request,
	    ID_PROOF_BYTES) == 0)
		return true;
	return sqlite3_column_bytes(at, COLUMN_REQUEST) == ID_PROOF_BYTES &&
	    memcmp(sqlite3_column_blob(at, COLUMN_REQUEST), customer->request,
	    ID_PROOF_BYTES) == 0;
}

/* Compare with the row of the tables that the statement stands at. */
static enum audit_status
compare_fields(struct audit_stored *stored,
    const struct audit_replayed *replayed,
    const struct customer *customer, const char *cid)
{
	sqlite3_stmt *at = stored->statements[SQL_CUSTOMER];
	int64_t numbers[CUSTOMER_NUMBERS];
	int i;

	list_numbers(customer, numbers);
	for (i = 0; i < CUSTOMER_NUMBERS; i++)
		if (sqlite3_column_int64(at, i) != numbers[i])
			return DIFFER(stored, replayed, "customer %s: %s is "
			    "%lld in the tables, and by the journal %lld", cid,
			    sqlite3_column_name(at, i),
			    sqlite3_column_int64(at, i),
			    (long long)numbers[i]);
	if (!request_is(at, customer))
		return DIFFER(stored, replayed, "customer %s: request is "
		    "another one in the tables than in the journal", cid);
	return AUDIT_OK;
}

enum audit_status
audit_stored_customer(struct audit_stored *stored,
    const struct audit_replayed *replayed, const struct customer *customer,
    int64_t *id)
{
	sqlite3_stmt *at = stored->statements[SQL_CUSTOMER];
	enum audit_status status, ended;
	char cid[ID_CUSTOMER_HEX + 1];
	int rc;

	customer_id_format(&customer->id, cid);
	rc = sqlite3_bind_text(at, 2, cid, ID_CUSTOMER_HEX, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(at, 1, replayed->row);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(at);
	if (rc == SQLITE_DONE)
		status = DIFFER(stored, replayed,
		    "customer %s is missing in the tables", cid);
	else if (rc != SQLITE_ROW)
		status = AUDIT_OK;	/* the statement's end tells */
	else if (sqlite3_column_int64(at, COLUMN_ID) <= *id)
		status = DIFFER(stored, replayed, "customer %s: id is lower "
		    "than that of one who came before", cid);
	else
		status = compare_fields(stored, replayed, customer, cid);
	*id = rc == SQLITE_ROW ? sqlite3_column_int64(at, COLUMN_ID) : 0;
	ended = audit_end_rows(stored->audit, at, rc);
	return ended != AUDIT_OK ? ended : status;
}

/* Whether the tables have as many customers as this incarnation has seen. */
static enum audit_status
compare_count(struct audit_stored *stored,
    const struct audit_replayed *replayed)
{
	sqlite3_stmt *at = stored->statements[SQL_COUNT];
	int rc = step_first(at, replayed->row,
	    (int64_t)replayed->session->incarnation);
	uint64_t count = rc == SQLITE_ROW ? sql_column_number(at, 0) : 0;
	enum audit_status status = audit_end_rows(stored->audit, at, rc);

	if (status == AUDIT_OK && count != replayed->newcomers)
		return DIFFER(stored, replayed, "%" PRIu64 " customers of this "
		    "incarnation are in the tables, and in the journal %"
		    PRIu64, count, replayed->newcomers);
	return status;
}

enum audit_status
audit_stored_customers(struct audit_stored *stored,
    const struct audit_replayed *replayed)
{
	enum audit_status status = AUDIT_OK;
	const struct customer *customer;
	int64_t id = 0;

	TAILQ_FOREACH(customer, &replayed->session->customers, entry) {
		status = audit_stored_customer(stored, replayed, customer, &id);
		if (status != AUDIT_OK)
			return status;
	}
	return compare_count(stored, replayed);
}

enum audit_status
audit_stored_read(struct audit_stored *stored,
    const struct audit_replayed *replayed, struct audit_stored_row *row)
{
	sqlite3_stmt *at = stored->statements[SQL_SESSION];
	int rc = step_first(at, replayed->row, 0);
	enum audit_status status;

	*row = (struct audit_stored_row){ .incarnation = 0 };
	if (rc == SQLITE_ROW)
		*row = (struct audit_stored_row){
			.incarnation = sql_column_number(at, 0),
			.revision = sql_column_number(at, 1),
			.ended_ms = sql_column_number(at, 2),
			.is_running = sqlite3_column_int(at, 3) != 0,
		};
	status = audit_end_rows(stored->audit, at, rc);
	return status == AUDIT_OK && rc != SQLITE_ROW ? DIFFER(stored, replayed,
	    "its session is missing in the tables") : status;
}

enum audit_status
audit_stored_session(struct audit_stored *stored,
    const struct audit_replayed *replayed,
    const struct audit_stored_row *row)
{
	const struct session *session = replayed->session;

	if (row->incarnation != session->incarnation ||
	    row->revision != session->revision)
		return DIFFER(stored, replayed, "the session is at %" PRIu64
		    ".%" PRIu64 " in the tables, and by the journal at %"
		    PRIu64 ".%" PRIu64, row->incarnation, row->revision,
		    session->incarnation, session->revision);
	if (row->is_running != session->is_running)
		return DIFFER(stored, replayed, "the session %s by the tables, "
		    "but not by the journal",
		    row->is_running ? "runs" : "has ended");
	if (!row->is_running && row->ended_ms != session->active_ms)
		return DIFFER(stored, replayed, "the session's end is at "
		    "another time in the tables");
	return AUDIT_OK;
}

/* Rows of sessions may be deleted only when those of the journal are. */
static enum audit_status
compare_rowless(struct audit_stored *stored, bool is_purged)
{
	sqlite3_stmt *at = stored->statements[SQL_NO_ROWS];
	enum audit_status status = AUDIT_OK, ended;
	int rc = step_first(at, !is_purged, 0);

	if (rc == SQLITE_ROW)
		status = audit_report_session(stored->report,
		    sql_column_payload(at, 1),
		    "the session is in the tables, but not in the journal");
	ended = audit_end_rows(stored->audit, at, rc);
	return ended != AUDIT_OK ? ended : status;
}

static enum audit_status
compare_strays(struct audit_stored *stored)
{
	sqlite3_stmt *at = stored->statements[SQL_STRAY];
	enum audit_status status = AUDIT_OK, ended;
	int rc = sqlite3_step(at);

	if (rc == SQLITE_ROW)
		status = audit_report_fault(stored->report, NULL,
		    "customer %.24s of the tables has no session that it can "
		    "have been in", (const char *)sqlite3_column_text(at, 0));
	ended = audit_end_rows(stored->audit, at, rc);
	return ended != AUDIT_OK ? ended : status;
}

enum audit_status
audit_stored_others(struct audit_stored *stored, bool is_purged)
{
	enum audit_status status = compare_rowless(stored, is_purged);

	return status == AUDIT_OK ? compare_strays(stored) : status;
}
