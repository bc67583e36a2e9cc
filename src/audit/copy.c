/*
 * First the journal in slices, each a transaction at either end, while the copy
 * is marked as not whole.  When less than a slice is left, that, and all that
 * is no journal, in one transaction.
 */
#include "copy.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "copy_tables.h"
#include "digest.h"
#include "row.h"
#include "storage/column.h"
#include "storage/engines.h"
#include "storage/key_match.h"
#include "storage/sql.h"
#include "verify.h"

enum {
	SLICE_ROWS = 5000,
	SLICE_BYTES = 32 << 20,		/* or so many, with the last row */
	ROWS_A_LOOK = 500		/* at how far it is */
};

/*
 * Columns of the rows that are read: the journal's and the body's as row.h
 * has them, and these.
 */
enum {
	COLUMN_BODY = AUDIT_ROW_WIDTH,
	COLUMN_BODY_SEQ = COLUMN_BODY + 6,	/* NULL without a body */
	COLUMN_NAME				/* likewise, a session */
};

static const char row_kinds[] = "nnnnnnnttnnbbn";
static const char body_kinds[] = "btttbt";

static const struct sql_text rows_sql = { .text =
    "SELECT " AUDIT_ROW_COLUMNS ", " AUDIT_BODY_COLUMNS ", b.seq, s.name"
    " FROM journal AS j LEFT JOIN journal_body AS b ON b.seq = j.seq"
    " LEFT JOIN session AS s ON s.id = j.session"
    " WHERE j.seq > ? ORDER BY j.seq LIMIT ?", .is_long = true };
static const struct sql_text anchor_sql = { .text =
    "SELECT seq, hash FROM chain_anchor ORDER BY seq DESC LIMIT 1" };
/* What tells databases of servers apart. */
static const struct sql_text identity_sql = { .text =
    "SELECT system_identifier || '/' || (SELECT oid FROM pg_database"
    " WHERE datname = current_database()) AS place FROM pg_control_system()" };
static const struct sql_text hash_sql = { .text =
    "SELECT seq, hash FROM journal WHERE seq = ?1 UNION ALL"
    " SELECT seq, hash FROM chain_anchor WHERE seq = ?1" };

/* On the target. */
enum statement {
	SQL_JOURNAL,
	SQL_BODY,
	STATEMENTS
};

static const struct sql_text statement_sql[STATEMENTS] = {
	[SQL_JOURNAL] = { .text =
	    "INSERT INTO journal (seq, session, incarnation, revision, event,"
	    " ts_ms, transport, customer, displaced, flags, client_seq,"
	    " digest, hash, previous_seq)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" },
	[SQL_BODY] = { .text =
	    "INSERT INTO journal_body (salt, name, address, cart, request,"
	    " account, seq) VALUES (?, ?, ?, ?, ?, ?, ?)" },
};

struct copy {
	const struct copy_order *order;
	struct copy_result *result;
	size_t	 slice_rows;
	struct copy_ends ends;
	const struct engine *engine;	/* of the target */
	struct sql_connection *connection;	/* likewise */
	struct chain_head chain;	/* the last row that is there, or the */
					/* anchor before the next one */
	int64_t	 first;			/* row that was to be copied */
	int64_t	 newest;		/* row that there is to be copied */
};

static enum copy_status
to_status(const struct copy *copy, enum store_status status)
{
	return copy_status_of_store(&copy->ends, status);
}

static enum copy_status
engine_status(const struct copy *copy, enum sql_result result)
{
	return result == SQL_OK ? COPY_MADE :
	    to_status(copy, sql_failed(copy->ends.to));
}

static void
tell_progress(const struct copy *copy, const char *what)
{
	const struct copy_order *order = copy->order;

	if (order->progress != NULL)
		order->progress(order->ctx, what,
		    (uint64_t)(copy->chain.seq - copy->first),
		    (uint64_t)(copy->newest - copy->first));
}

static void
read_head_columns(struct columns *columns, struct chain_head *head)
{
	head->seq = column_id(columns, 0);
	column_blob(columns, 1, head->hash, sizeof(head->hash));
}

/* How far the copy is. */
static enum copy_status
read_target_head(struct copy *copy)
{
	struct sql_binding b = sql_bind(copy->ends.to, &audit_head_sql, 0);
	struct columns columns = columns_at(b.statement, "journal");

	if (sql_next(&b))
		read_head_columns(&columns, &copy->chain);
	return to_status(copy, sql_end_row(&b, &columns));
}

/* A row's number and hash that sql yields of the source; or 0. */
static enum copy_status
read_source_head(struct copy *copy, const struct sql_text *sql,
    const int64_t *seq, struct chain_head *head)
{
	enum audit_status status;
	struct columns columns;
	struct sql_binding rows;

	*head = (struct chain_head){ .seq = 0 };
	status = audit_run_cached(copy->ends.from, sql, &rows);
	if (status != AUDIT_OK)
		return (enum copy_status)status;
	columns = columns_at(rows.statement, "journal or chain_anchor");
	if (seq != NULL)
		sql_bind_row(&rows, *seq);
	if (sql_next(&rows))
		read_head_columns(&columns, head);
	return (enum copy_status)audit_end_row(copy->ends.from, &rows,
	    &columns);
}

/* The copy's last row is not in the source, or not that one. */
static enum copy_status
refuse_history(const struct copy *copy, const struct chain_head *newest,
    const struct chain_head *same)
{
	const char *path = copy->engine->path(copy->connection);
	const char *from = audit_path(copy->ends.from);
	int64_t seq = copy->chain.seq;

	if (same->seq != 0)
		log_errorx("%s: has a history of its own: row %" PRId64
		    " is not that of %s", path, seq, from);
	else if (newest->seq < seq)
		log_errorx("%s: has a history of its own: it goes up to row %"
		    PRId64 ", that of %s up to row %" PRId64, path, seq, from,
		    newest->seq);
	else
		log_errorx("%s: goes up to row %" PRId64 ", which %s has "
		    "deleted: make another copy", path, seq, from);
	return COPY_CANNOT_CREATE;
}

/* Only what was the source's before can become it. */
static enum copy_status
check_history(struct copy *copy)
{
	struct chain_head newest, same;
	enum copy_status status;

	status = (enum copy_status)audit_head(copy->ends.from, &newest);
	if (status == COPY_MADE)
		status = read_source_head(copy, &hash_sql, &copy->chain.seq,
		    &same);
	if (status != COPY_MADE)
		return status;
	copy->first = copy->chain.seq;
	copy->newest = newest.seq;
	return copy->chain.seq == 0 || (same.seq == copy->chain.seq &&
	    memcmp(same.hash, copy->chain.hash, sizeof(same.hash)) == 0) ?
	    COPY_MADE : refuse_history(copy, &newest, &same);
}

/* What the source has deleted by now need not be copied. */
static enum copy_status
skip_purged_rows(struct copy *copy)
{
	struct chain_head anchor;
	enum copy_status status = read_source_head(copy, &anchor_sql, NULL,
	    &anchor);

	if (status == COPY_MADE && anchor.seq > copy->chain.seq)
		copy->chain = anchor;
	return status;
}

static enum copy_status
report_row(struct copy *copy, const struct audit_row *row, const char *fault)
{
	return (enum copy_status)audit_report_fault(&copy->result->report,
	    row, "%s", fault);
}

/* Give row, which was read, the name of its session. */
static enum copy_status
name_session(struct copy *copy, struct columns *columns, struct audit_row *row)
{
	if (row->record.session_row == 0)
		row->record.session = payload_new("", 0);
	else if (column_is_null(columns, COLUMN_NAME))
		return report_row(copy, row, "its session is not there");
	else
		row->record.session = column_session(columns, COLUMN_NAME);
	return columns_fit(columns) ? COPY_MADE :
	    report_row(copy, row, "the name of its session cannot be");
}

static enum copy_status
check_chain(struct copy *copy, const struct audit_row *row)
{
	if (row->seq != copy->chain.seq + 1)
		return report_row(copy, row, "rows before it are missing");
	chain_hash_row(&copy->chain, &row->record, row->digest);
	if (memcmp(copy->chain.hash, row->hash, sizeof(row->hash)) != 0)
		return report_row(copy, row,
		    "its hash is wrong: it was changed, or a row before");
	return COPY_MADE;
}

/* Whether an erased body may be is for the verification to say. */
static enum copy_status
check_body(struct copy *copy, const struct sql_statement *at,
    struct audit_row *row)
{
	struct audit_digest digest = { .seq = row->seq };

	audit_digest_make(&digest, row, at, COLUMN_BODY);
	if (digest.fault != NULL)
		return report_row(copy, row, digest.fault);
	if (digest.is_erased)
		return COPY_MADE;
	if (digest.has_account != row->record.has_account)
		return report_row(copy, row,
		    "its account is not where its flags say");
	if (memcmp(digest.digest, row->digest, sizeof(row->digest)) != 0)
		return report_row(copy, row,
		    "its body is not the one that was written");
	return COPY_MADE;
}

static enum copy_status
check_row(struct copy *copy, const struct sql_statement *at,
    struct columns *columns, struct audit_row *row)
{
	const char *fault = audit_row_read(at, row);
	enum copy_status status = name_session(copy, columns, row);

	if (fault != NULL)
		return report_row(copy, row, fault);
	if (status == COPY_MADE)
		status = check_chain(copy, row);
	return status == COPY_MADE ? check_body(copy, at, row) : status;
}

static enum store_status
insert_row(struct copy *copy, struct columns *columns, int64_t seq)
{
	struct sql_binding b = sql_bind(copy->ends.to, statement_sql,
	    SQL_JOURNAL);
	enum store_status status;

	copy_bind_columns(&b, columns, 0, row_kinds, &copy->result->bytes);
	status = sql_run(&b);
	if (status != STORE_OK || column_is_null(columns, COLUMN_BODY_SEQ))
		return status;
	b = sql_bind(copy->ends.to, statement_sql, SQL_BODY);
	copy_bind_columns(&b, columns, COLUMN_BODY, body_kinds,
	    &copy->result->bytes);
	sql_bind_row(&b, seq);
	return sql_run(&b);
}

static enum copy_status
copy_row(struct copy *copy, const struct sql_statement *at)
{
	struct columns columns = columns_at(at, "journal");
	struct audit_row row = { .seq = 0 };
	enum copy_status status = check_row(copy, at, &columns, &row);

	/* Where it stands in the chain is known: no row needs another. */
	sql_about(copy->ends.to, row.seq);
	if (status == COPY_MADE)
		status = to_status(copy, insert_row(copy, &columns, row.seq));
	sql_about(copy->ends.to, 0);
	audit_row_clear(&row);
	return status;
}

/* Copy the next rows, limit at the most; *is_end: there are no more. */
static enum copy_status
copy_rows(struct copy *copy, size_t limit, uint64_t limit_bytes, bool *is_end)
{
	const uint64_t bytes = copy->result->bytes;
	enum copy_status status, ended;
	struct sql_binding rows;
	size_t count = 0;

	status = (enum copy_status)audit_run_cached(copy->ends.from,
	    &rows_sql, &rows);
	if (status != COPY_MADE)
		return status;
	sql_bind_row(&rows, copy->chain.seq);
	sql_bind_row(&rows, (int64_t)limit);
	while (status == COPY_MADE && sql_next(&rows)) {
		status = copy_row(copy, rows.statement);
		if (++count % ROWS_A_LOOK == 0)
			tell_progress(copy, "copying");
		if (copy->result->bytes - bytes >= limit_bytes)
			break;
	}
	*is_end = count < limit && rows.result == SQL_DONE;
	copy->result->rows += count;
	ended = (enum copy_status)audit_end_rows(copy->ends.from, &rows);
	return status != COPY_MADE ? status : ended;
}

static enum copy_status
begin(struct copy *copy)
{
	enum copy_status status;

	status = (enum copy_status)audit_begin(copy->ends.from);
	if (status == COPY_MADE)
		status = to_status(copy, sql_begin(copy->ends.to));
	return status == COPY_MADE ? skip_purged_rows(copy) : status;
}

/* Commit if all went well. */
static enum copy_status
end(struct copy *copy, enum copy_status status)
{
	if (status == COPY_MADE) {
		tell_progress(copy, "copying");
		status = to_status(copy, sql_commit(copy->ends.to,
		    copy->chain.seq));
	} else
		sql_rollback(copy->ends.to);
	audit_end(copy->ends.from);
	if (status == COPY_MADE && copy->engine->checkpoint != NULL)
		status = engine_status(copy,
		    copy->engine->checkpoint(copy->connection));
	tell_progress(copy, "copying");
	return status;
}

static enum copy_status
set_mark(struct copy *copy, enum sql_mark mark)
{
	struct sql_binding b = sql_bind(copy->ends.to, copy->engine->marks,
	    mark);

	return to_status(copy, sql_run(&b));
}

static enum copy_status
copy_slice(struct copy *copy, bool *is_end)
{
	enum copy_status status = begin(copy);

	if (status == COPY_MADE)
		status = set_mark(copy, SQL_MARK_PARTIAL);
	if (status == COPY_MADE)
		status = copy_rows(copy, copy->slice_rows, SLICE_BYTES,
		    is_end);
	return end(copy, status);
}

/* Tokens are checked with the key of what they were made for. */
static enum copy_status
note_key(struct copy *copy)
{
	if (copy->order->key == NULL)
		return COPY_MADE;
	switch (key_match(copy->connection, copy->order->key)) {
	case KEY_MATCHES:
		return COPY_MADE;
	case KEY_IS_ANOTHER:
		log_errorx("%s: its tokens were made with another key",
		    copy->engine->path(copy->connection));
		return COPY_CANNOT_CREATE;
	case KEY_MATCH_FAILED:
		break;
	}
	return to_status(copy, sql_failed(copy->ends.to));
}

static enum copy_status
copy_rest(struct copy *copy)
{
	enum copy_status status = begin(copy);
	bool is_end;

	if (status == COPY_MADE)
		status = copy_rows(copy, INT32_MAX, UINT64_MAX, &is_end);
	if (status == COPY_MADE)
		status = copy_tables(&copy->ends, &copy->result->counts);
	if (status == COPY_MADE)
		status = note_key(copy);
	if (status == COPY_MADE)
		status = set_mark(copy, SQL_MARK_WHOLE);
	return end(copy, status);
}

static enum copy_status
copy_all(struct copy *copy)
{
	enum copy_status status = check_history(copy);
	bool is_end = (uint64_t)(copy->newest - copy->first) <
	    copy->slice_rows;

	while (status == COPY_MADE && !is_end)
		status = copy_slice(copy, &is_end);
	return status == COPY_MADE ? copy_rest(copy) : status;
}

/* Whether both names are one file's. */
static bool
is_same_file(const struct copy_order *order)
{
	struct stat from, to;

	return stat(order->from, &from) == 0 && stat(order->to, &to) == 0 &&
	    from.st_dev == to.st_dev && from.st_ino == to.st_ino;
}

static enum copy_status
refuse_same(const char *to)
{
	log_errorx("%s: is the database itself", to);
	return COPY_CANNOT_CREATE;
}

/* Which database a server's is. */
static enum copy_status
read_source_place(struct copy *copy, struct payload **place)
{
	enum audit_status status;
	struct columns columns;
	struct sql_binding rows;

	status = audit_run_cached(copy->ends.from, &identity_sql, &rows);
	if (status != AUDIT_OK)
		return (enum copy_status)status;
	columns = columns_at(rows.statement, "pg_control_system");
	if (sql_next(&rows))
		*place = column_text_or_none(&columns, 0, 1, COLUMN_TEXT_MAX);
	return (enum copy_status)audit_end_row(copy->ends.from, &rows,
	    &columns);
}

static enum copy_status
read_target_place(struct copy *copy, struct payload **place)
{
	struct sql_binding b;
	struct columns columns;

	if (sql_prepare(copy->ends.to, &identity_sql, 1) == -1)
		return to_status(copy, sql_failed(copy->ends.to));
	b = sql_bind(copy->ends.to, &identity_sql, 0);
	columns = columns_at(b.statement, "pg_control_system");
	if (sql_next(&b))
		*place = column_text_or_none(&columns, 0, 1, COLUMN_TEXT_MAX);
	return to_status(copy, sql_end_row(&b, &columns));
}

/* Two names may lead to one database of a server. */
static enum copy_status
check_places(struct copy *copy)
{
	struct payload *from = NULL, *to = NULL;
	enum copy_status status;

	if (copy->engine->has_files ||
	    audit_connection(copy->ends.from)->engine != copy->engine)
		return COPY_MADE;
	status = read_source_place(copy, &from);
	if (status == COPY_MADE)
		status = read_target_place(copy, &to);
	if (status == COPY_MADE && from != NULL && to != NULL &&
	    from->len == to->len &&
	    memcmp(from->data, to->data, from->len) == 0)
		status = refuse_same(copy->engine->path(copy->connection));
	payload_unref(from);
	payload_unref(to);
	return status;
}

static enum copy_status
open_target(struct copy *copy)
{
	const char *to = copy->order->to;
	enum copy_status status;

	copy->engine = engine_of(to);
	if (copy->engine->has_files && is_same_file(copy->order))
		return refuse_same(to);
	status = (enum copy_status)copy->engine->open_copy(to,
	    &copy->connection);
	if (status != COPY_MADE)
		return status;
	copy->ends.to = sql_new(copy->connection);
	sql_report_losses(copy->ends.to);
	status = (enum copy_status)copy->engine->start(copy->connection);
	if (status == COPY_MADE && (sql_prepare(copy->ends.to, statement_sql,
	    STATEMENTS) == -1 ||
	    sql_prepare(copy->ends.to, &audit_head_sql, 1) == -1 ||
	    sql_prepare(copy->ends.to, copy->engine->marks,
	    SQL_MARKS) == -1))
		status = to_status(copy, sql_failed(copy->ends.to));
	if (status == COPY_MADE)
		status = copy_tables_prepare(&copy->ends);
	if (status == COPY_MADE)
		status = check_places(copy);
	return status == COPY_MADE ? read_target_head(copy) : status;
}

static void
close_target(struct copy *copy)
{
	bool is_broken;

	if (copy->ends.to == NULL)
		return;
	is_broken = sql_is_broken(copy->ends.to);
	sql_free(copy->ends.to);
	copy->engine->close(copy->connection, is_broken);
}

static void
show_verified(void *ctx, uint64_t done, uint64_t all)
{
	const struct copy_order *order = ctx;

	if (order->progress != NULL)
		order->progress(order->ctx, "verifying", done, all);
}

/* Read what was written as anybody would, and compare the ends. */
static enum copy_status
verify_target(const struct copy_order *order, struct copy_result *result)
{
	const struct audit_verify_options wish = {
		.has_head = result->head.seq != 0,
		.head = result->head,
		.progress = show_verified,
		/* The order is only read there. */
		.ctx = (void *)(uintptr_t)order,
	};
	enum audit_status status;
	struct audit *audit;

	show_verified(wish.ctx, 0, (uint64_t)result->head.seq);
	status = audit_open(order->to, &audit);
	if (status != AUDIT_OK)
		return (enum copy_status)status;
	status = audit_verify(audit, &wish, &result->report);
	audit_close(audit);
	return (enum copy_status)status;
}

enum copy_status
copy_make(const struct copy_order *order, struct copy_result *result)
{
	struct copy copy = {
		.order = order,
		.result = result,
		.slice_rows = order->slice_rows != 0 ? order->slice_rows :
		    SLICE_ROWS,
	};
	enum copy_status status;

	*result = (struct copy_result){ .rows = 0 };
	status = (enum copy_status)audit_open(order->from, &copy.ends.from);
	if (status != COPY_MADE)
		return status;
	status = open_target(&copy);
	if (status == COPY_MADE)
		status = copy_all(&copy);
	result->head = copy.chain;
	close_target(&copy);
	audit_close(copy.ends.from);
	return status == COPY_MADE && order->is_verified ?
	    verify_target(order, result) : status;
}
