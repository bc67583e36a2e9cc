/*
 * The walk along the rows of the journal.  All bodies are read and hashed by a
 * thread that walks along; those of one session, and whatever that thread has
 * seen otherwise than we, are looked up.
 */
#include "verify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "digest.h"
#include "erasure_reason.h"
#include "integrity.h"
#include "report.h"
#include "row.h"
#include "session/record.h"
#include "session_list.h"
#include "storage/column.h"
#include "storage/sql.h"
#include "verify_links.h"
#include "verify_sessions.h"

enum {
	SLICE_ROWS = 10000,		/* of one transaction */
	NAME_SLOTS = 16384,		/* names of sessions that are kept */
	NAMES_AHEAD = 32		/* read at once: sessions begin in the */
					/* order of their numbers */
};

enum statement {
	SQL_ROWS,
	SQL_BODY,
	SQL_STRAY_BODY,
	SQL_HASH,
	SQL_NAMES,
	SQL_NEWEST,
	SQL_FIRST,
	SQL_ANCHOR,
	SQL_ANCHORS,
	SQL_PURGE,
	STATEMENTS
};

static const struct sql_text statement_sql[STATEMENTS] = {
	[SQL_ROWS] = { .text =
	    "SELECT " AUDIT_ROW_COLUMNS " FROM journal AS j"
	    " WHERE j.seq > ?1 ORDER BY j.seq LIMIT ?2" },
	[SQL_BODY] = { .text =
	    "SELECT " AUDIT_BODY_COLUMNS " FROM journal_body AS b"
	    " WHERE b.seq = ?1" },
	[SQL_STRAY_BODY] = { .text =
	    "SELECT seq FROM journal_body WHERE seq > ?1"
	    " UNION ALL SELECT seq FROM journal_body"
	    "  WHERE seq < (SELECT min(seq) FROM journal) LIMIT 1" },
	[SQL_HASH] = { .text =
	    "SELECT seq, hash FROM journal WHERE seq = ?1" },
	[SQL_NAMES] = { .text =
	    "SELECT id, name FROM session WHERE id >= ?1 ORDER BY id LIMIT ?2" },
	[SQL_NEWEST] = { .text =
	    "SELECT max(seq) FROM journal" },
	[SQL_FIRST] = { .text =
	    "SELECT coalesce(min(seq), 9223372036854775807) FROM journal" },
	[SQL_ANCHOR] = { .text =
	    "SELECT seq, hash FROM chain_anchor ORDER BY seq DESC LIMIT 1" },
	[SQL_ANCHORS] = { .text =
	    "SELECT count(*) FROM chain_anchor" },
	[SQL_PURGE] = { .text =
	    "SELECT seq, client_seq, ts_ms FROM journal"
	    " INDEXED BY journal_purge WHERE event = 12"
	    " AND seq > ?1 AND client_seq >= ?1 ORDER BY seq LIMIT 1" },
};

/* A row and its hash, if it is there. */
struct mark {
	bool	 is_set;
	struct chain_head head;
};

struct verifier {
	struct audit *audit;
	const struct audit_verify_options *wish;
	struct audit_report *report;
	struct sql_statement *statements[STATEMENTS];
	struct verify_sessions *states;
	struct audit_digests *digests;	/* NULL for one session */
	struct audit *newest_audit;	/* the erasures' own: as it is now */
	struct audit_erasures *erasures;

	struct chain_head chain;	/* how far it is verified */
	int64_t	 newest;		/* row at the start */
	struct {
		int64_t	 row;		/* 0 for none */
		struct payload *name;
	} names[NAME_SLOTS];
};

static enum audit_status
prepare_verifier(struct verifier *v)
{
	enum audit_status status = audit_prepare_all(v->audit, statement_sql,
	    v->statements, STATEMENTS);

	/* The digests' thread may see an erasure before we do. */
	if (status == AUDIT_OK)
		status = audit_open(audit_name(v->audit), &v->newest_audit);
	if (status == AUDIT_OK)
		status = audit_erasures_new(v->newest_audit, &v->erasures);
	if (status == AUDIT_OK)
		status = verify_sessions_new(v->audit, v->report, v->erasures,
		    &v->states);
	return status;
}

static void
free_verifier(struct verifier *v)
{
	size_t i;

	for (i = 0; i < NAME_SLOTS; i++)
		payload_unref(v->names[i].name);
	audit_digests_stop(v->digests);
	verify_sessions_free(v->states);
	audit_erasures_free(v->erasures);
	audit_close(v->newest_audit);
	sql_finalize(v->statements, STATEMENTS);
	free(v);
}

static struct sql_binding
run_statement(const struct verifier *v, enum statement id)
{
	return sql_run_of(v->statements[id]);
}

/* Read a row's number and hash; the mark is not set without one. */
static enum audit_status
read_row_hash(struct verifier *v, struct sql_binding *rows, const char *table,
    struct mark *mark)
{
	struct columns columns = columns_at(rows->statement, table);

	*mark = (struct mark){ .is_set = sql_next(rows) };
	if (mark->is_set) {
		mark->head.seq = column_id(&columns, 0);
		column_blob(&columns, 1, mark->head.hash,
		    sizeof(mark->head.hash));
	}
	return audit_report_end_row(v->report, v->audit, rows,
	    &columns);
}

static bool
heads_agree(const struct chain_head *a, const struct chain_head *b)
{
	return a->seq == b->seq &&
	    memcmp(a->hash, b->hash, sizeof(a->hash)) == 0;
}

/* A number that statement id yields; 0 for NULL. */
static enum audit_status
read_row_number(struct verifier *v, enum statement id, int64_t *number)
{
	struct sql_binding rows = run_statement(v, id);
	struct columns columns = columns_at(rows.statement, "journal");

	*number = !sql_next(&rows) || column_is_null(&columns, 0) ? 0 :
	    column_between(&columns, 0, INT64_MIN, INT64_MAX);
	return audit_end_rows(v->audit, &rows);
}

/* Find the first note that let the rows up to anchor go. */
static enum audit_status
check_anchor_purge(struct verifier *v, int64_t anchor)
{
	struct sql_binding rows = run_statement(v, SQL_PURGE);
	struct columns columns = columns_at(rows.statement, "journal");
	enum audit_status status;
	int64_t seq = 0;

	sql_bind_row(&rows, anchor);
	if (sql_next(&rows)) {
		seq = column_id(&columns, 0);
		(void)column_between(&columns, 1, anchor, seq - 1);
		v->report->purge_ms = column_number(&columns, 2);
	}
	status = audit_report_end_row(v->report, v->audit, &rows,
	    &columns);
	if (status != AUDIT_OK)
		return status;
	if (seq == 0)
		return audit_report_fault(v->report, NULL, "the rows up to %"
		    PRId64 " are gone by chain_anchor, and no row says why",
		    anchor);
	v->report->anchor_seq = anchor;
	v->report->purge_seq = seq;
	return AUDIT_OK;
}

/* No row may be where the chain has its beginning, or before that. */
static enum audit_status
check_first_row(struct verifier *v, int64_t anchor)
{
	int64_t first;
	enum audit_status status = read_row_number(v, SQL_FIRST, &first);

	if (status != AUDIT_OK || first > anchor)
		return status;
	return audit_report_fault(v->report, NULL, anchor == 0 ?
	    "row %" PRId64 " is there, and the first one is 1" :
	    "row %" PRId64 " is there, and by chain_anchor the rows up to %"
	    PRId64 " are gone", first, anchor);
}

/*
 * The rows up to the anchor are deleted, some of them while we are on our way:
 * then go on behind it, without what began before.
 */
static enum audit_status
skip_purged_rows(struct verifier *v)
{
	struct sql_binding rows = run_statement(v, SQL_ANCHOR);
	enum audit_status status;
	struct mark anchor;

	status = read_row_hash(v, &rows, "chain_anchor", &anchor);
	if (status == AUDIT_OK)
		status = check_first_row(v, anchor.head.seq);
	if (status != AUDIT_OK || anchor.head.seq == v->report->anchor_seq)
		return status;
	status = check_anchor_purge(v, anchor.head.seq);
	if (status != AUDIT_OK)
		return status;
	verify_sessions_purged(v->states, anchor.head.seq);
	if (anchor.head.seq <= v->chain.seq)
		return AUDIT_OK;
	v->chain = anchor.head;
	v->report->trusted_seq = 0;
	return AUDIT_OK;
}

/* Begin in the midst of the chain, at row from. */
static enum audit_status
start_midway(struct verifier *v, int64_t from)
{
	struct sql_binding rows = run_statement(v, SQL_HASH);
	enum audit_status status;
	struct mark before;

	if (from - 1 <= v->chain.seq)
		return AUDIT_OK;
	sql_bind_row(&rows, from - 1);
	status = read_row_hash(v, &rows, "journal", &before);
	if (status != AUDIT_OK)
		return status;
	if (!before.is_set) {
		log_errorx("there is no row %" PRId64 " before row %" PRId64,
		    from - 1, from);
		return AUDIT_NONE;
	}
	v->chain = before.head;
	v->report->trusted_seq = before.head.seq;
	/* A session's own rows are all behind it, unless somebody chose it. */
	if (v->wish->from != 0)
		verify_sessions_midway(v->states);
	return AUDIT_OK;
}

/* The row at which the chain is to be begun; 0 for the first there is. */
static int64_t
first_wanted(const struct verifier *v)
{
	const struct audit_verify_options *wish = v->wish;
	int64_t from = wish->from;

	if (from != 0 || wish->session == NULL)
		return from;
	from = wish->session->first_seq;
	return wish->has_head && wish->head.seq < from ? wish->head.seq : from;
}

static enum audit_status
check_given_head(const struct verifier *v)
{
	const struct audit_verify_options *wish = v->wish;

	if (!wish->has_head || wish->head.seq > v->chain.seq ||
	    heads_agree(&wish->head, &v->chain))
		return AUDIT_OK;
	if (wish->head.seq == v->chain.seq)
		return audit_report_fault(v->report, NULL, "row %" PRId64
		    " has another hash than the one given", wish->head.seq);
	log_errorx("row %" PRId64 " is before the first that can be verified, "
	    "%" PRId64, wish->head.seq, v->chain.seq + 1);
	return AUDIT_NONE;
}

/* Find where the chain begins, in the first transaction. */
static enum audit_status
find_start(struct verifier *v)
{
	enum audit_status status;
	int64_t from = first_wanted(v);

	status = read_row_number(v, SQL_NEWEST, &v->newest);
	if (status == AUDIT_OK)
		status = skip_purged_rows(v);
	if (status == AUDIT_OK && v->wish->from != 0 &&
	    v->wish->from <= v->chain.seq) {
		log_errorx("rows up to %" PRId64 " were deleted",
		    v->chain.seq);
		return AUDIT_NONE;
	}
	if (status == AUDIT_OK && from > 1)
		status = start_midway(v, from);
	if (status != AUDIT_OK)
		return status;
	return check_given_head(v);
}

/* Takes the reference of name, which may be NULL. */
static void
keep_name(struct verifier *v, int64_t id, struct payload *name)
{
	size_t slot = (size_t)id % NAME_SLOTS;

	payload_unref(v->names[slot].name);
	v->names[slot].row = id;
	v->names[slot].name = name;
}

/*
 * Put the name of the session, if it has one, into its slot, and those of the
 * next ones.  What cannot be matters where it is asked for.
 */
static enum audit_status
read_names(struct verifier *v, int64_t id)
{
	struct sql_binding rows = run_statement(v, SQL_NAMES);
	enum audit_status status = AUDIT_OK;

	keep_name(v, id, NULL);
	sql_bind_row(&rows, id);
	sql_bind_row(&rows, NAMES_AHEAD);
	while (status == AUDIT_OK && sql_next(&rows)) {
		struct columns columns = columns_at(rows.statement, "session");
		int64_t found = column_between(&columns, 0, INT64_MIN,
		    INT64_MAX);
		struct payload *name = column_session(&columns, 1);

		if (columns_fit(&columns))
			keep_name(v, found, name);
		else if (found == id)
			status = audit_report_misfit(v->report, &columns);
	}
	return audit_end_walk(v->audit, &rows, status);
}

/* Give row the name of its session, which is part of the hash. */
static enum audit_status
name_session(struct verifier *v, struct audit_row *row)
{
	int64_t id = row->record.session_row;
	struct payload *name = verify_sessions_name(v->states, id);
	enum audit_status status = AUDIT_OK;
	size_t slot = (size_t)id % NAME_SLOTS;

	if (name == NULL) {
		if (v->names[slot].row != id || v->names[slot].name == NULL)
			status = read_names(v, id);
		name = v->names[slot].name;
	}
	if (status != AUDIT_OK)
		return status;
	if (name != NULL)
		row->record.session = payload_ref(name);
	else if (row->record.session_row == 0)
		row->record.session = payload_new("", 0);
	else
		return audit_report_fault(v->report, row, "its session, "
		    "number %" PRId64 ", is not there", id);
	return AUDIT_OK;
}

/* Whether row's body is to be looked at. */
static bool
is_body_wanted(const struct verifier *v, const struct audit_row *row)
{
	return v->wish->session == NULL ||
	    v->wish->session->row == row->record.session_row;
}

static enum audit_status
explain_erasure(struct verifier *v, struct audit_row *row)
{
	enum audit_reason reason;
	enum audit_status status;

	status = audit_erasures_explain(v->erasures, row, row->seq, &reason);
	if (status != AUDIT_OK)
		return status;
	switch (reason) {
	case AUDIT_UNEXPLAINED:
		return audit_report_fault(v->report, row,
		    "its body is erased, and no row says why");
	case AUDIT_ERASED:
		v->report->erased++;
		break;
	case AUDIT_EXPIRED:
		row->is_expired = true;
		v->report->expired++;
		break;
	case AUDIT_PURGED:
		break;
	}
	return AUDIT_OK;
}

/* Read and hash the body of row here and now. */
static enum audit_status
look_up_digest(struct verifier *v, struct audit_row *row,
    struct audit_digest *digest)
{
	struct sql_binding rows = run_statement(v, SQL_BODY);

	sql_bind_row(&rows, row->seq);
	row->is_erased = !sql_next(&rows);
	*digest = (struct audit_digest){ .is_erased = row->is_erased };
	if (!row->is_erased)
		audit_digest_make(digest, row, rows.statement, 0);
	return audit_end_rows(v->audit, &rows);
}

static enum audit_status
find_digest(struct verifier *v, struct audit_row *row,
    struct audit_digest *digest)
{
	const struct audit_digest *found = NULL;
	enum audit_status status = AUDIT_OK;

	if (v->digests != NULL)
		status = audit_digests_find(v->digests, row->seq, &found);
	if (status != AUDIT_OK || found == NULL)
		return status != AUDIT_OK ? status :
		    look_up_digest(v, row, digest);
	*digest = *found;
	row->is_erased = found->is_erased;
	row->record.has_request = found->has_request;
	memcpy(row->record.request, found->request, sizeof(found->request));
	return AUDIT_OK;
}

static enum audit_status
check_body(struct verifier *v, struct audit_row *row)
{
	struct audit_digest digest;
	enum audit_status status = find_digest(v, row, &digest);

	if (status != AUDIT_OK)
		return status;
	if (digest.fault != NULL)
		return audit_report_fault(v->report, row, "%s", digest.fault);
	if (digest.is_erased)
		return explain_erasure(v, row);
	if (digest.has_account != row->record.has_account)
		return audit_report_fault(v->report, row,
		    "its account is not where its flags say");
	if (memcmp(digest.digest, row->digest, sizeof(row->digest)) != 0)
		return audit_report_fault(v->report, row,
		    "its body is not the one that was written");
	v->report->bodies++;
	return AUDIT_OK;
}

/* Whether the row that was asked for has that hash. */
static enum audit_status
check_head(struct verifier *v, const struct audit_row *row)
{
	const struct audit_verify_options *wish = v->wish;

	if (!wish->has_head || wish->head.seq != row->seq ||
	    heads_agree(&wish->head, &v->chain))
		return AUDIT_OK;
	return audit_report_fault(v->report, row,
	    "its hash is not the one that was given");
}

static enum audit_status
check_chain(struct verifier *v, const struct audit_row *row)
{
	if (row->seq != v->chain.seq + 1)
		return audit_report_fault(v->report, row, "the rows from %"
		    PRId64 " to %" PRId64 " are missing", v->chain.seq + 1,
		    row->seq - 1);
	chain_hash_row(&v->chain, &row->record, row->digest);
	if (memcmp(v->chain.hash, row->hash, sizeof(row->hash)) != 0)
		return audit_report_fault(v->report, row,
		    "its hash is wrong: it was changed, or a row before");
	return check_head(v, row);
}

static void
count_row(struct verifier *v, const struct audit_row *row)
{
	enum record_event event = row->record.event;

	v->report->rows++;
	v->report->head = v->chain;
	if (!record_is_note(event))
		return;
	v->report->notes++;
	if (v->wish->note != NULL && event != RECORD_REFUSED &&
	    event != RECORD_CALL)
		v->wish->note(v->wish->ctx, row);
}

static enum audit_status
check_row(struct verifier *v, struct audit_row *row)
{
	const char *fault = audit_row_read(v->statements[SQL_ROWS], row);
	enum audit_status status;

	status = name_session(v, row);
	if (fault != NULL)
		return audit_report_fault(v->report, row, "%s", fault);
	if (status == AUDIT_OK)
		status = check_chain(v, row);
	if (status == AUDIT_OK && is_body_wanted(v, row))
		status = check_body(v, row);
	if (status != AUDIT_OK)
		return status;
	count_row(v, row);
	return is_body_wanted(v, row) ? verify_sessions_apply(v->states, row) :
	    AUDIT_OK;
}

/* Check the rows of one slice; *count is how many there were. */
static enum audit_status
check_slice(struct verifier *v, int *count)
{
	struct sql_binding rows = run_statement(v, SQL_ROWS);
	enum audit_status status = AUDIT_OK;
	struct audit_row row = { .seq = 0 };

	sql_bind_row(&rows, v->chain.seq);
	sql_bind_row(&rows, SLICE_ROWS);
	*count = 0;
	while (status == AUDIT_OK && sql_next(&rows)) {
		status = check_row(v, &row);
		audit_row_clear(&row);
		++*count;
	}
	status = audit_end_walk(v->audit, &rows, status);
	return status != AUDIT_OK ? status : verify_sessions_settle(v->states);
}

/* No body may be behind the last row, or before the first. */
static enum audit_status
check_bodies(struct verifier *v)
{
	struct sql_binding rows = run_statement(v, SQL_STRAY_BODY);
	struct columns columns = columns_at(rows.statement, "journal_body");
	enum audit_status status = AUDIT_OK;

	sql_bind_row(&rows, v->chain.seq);
	if (sql_next(&rows))
		status = audit_report_fault(v->report, NULL, "body %" PRId64
		    " belongs to no row", column_between(&columns, 0,
		    INT64_MIN, INT64_MAX));
	return audit_end_walk(v->audit, &rows, status);
}

/* No row that somebody knows of may be missing at the end. */
static enum audit_status
check_tail(struct verifier *v)
{
	int64_t last = v->chain.seq;

	if (v->wish->has_head && v->wish->head.seq > last)
		return audit_report_fault(v->report, NULL, "the rows from %"
		    PRId64 " to %" PRId64 ", of which the hash was given, "
		    "are missing", last + 1, v->wish->head.seq);
	return AUDIT_OK;
}

/* There is one anchor at the most. */
static enum audit_status
check_anchors(struct verifier *v)
{
	int64_t count;
	enum audit_status status = read_row_number(v, SQL_ANCHORS, &count);

	return status != AUDIT_OK || count <= 1 ? status :
	    audit_report_fault(v->report, NULL, "chain_anchor has %" PRId64
	    " rows, and may have one", count);
}

static enum audit_status
check_end(struct verifier *v)
{
	enum audit_status status = check_tail(v);

	if (status == AUDIT_OK)
		status = check_anchors(v);
	if (status == AUDIT_OK)
		status = check_bodies(v);
	if (status == AUDIT_OK)
		status = verify_links(v->audit, v->report,
		    v->report->anchor_seq);
	if (status == AUDIT_OK)
		status = audit_erasures_cutoff(v->erasures,
		    &v->report->retain_ms);
	if (status != AUDIT_OK)
		return status;
	return v->wish->session == NULL ?
	    verify_sessions_compare_all(v->states) :
	    verify_sessions_compare(v->states, v->wish->session->row);
}

/* One transaction; *is_end tells whether it saw the last row. */
static enum audit_status
verify_slice(struct verifier *v, bool is_first, bool *is_end)
{
	enum audit_status status;
	int rows = 0;

	status = audit_begin(v->audit);
	if (status != AUDIT_OK)
		return status;
	status = is_first ? find_start(v) : skip_purged_rows(v);
	if (status == AUDIT_OK && is_first && v->wish->session == NULL)
		status = audit_digests_start(audit_name(v->audit),
		    v->chain.seq, &v->digests);
	if (status == AUDIT_OK)
		status = check_slice(v, &rows);
	*is_end = rows < SLICE_ROWS;
	if (status == AUDIT_OK && *is_end)
		status = check_end(v);
	audit_end(v->audit);
	return status;
}

static void
tell_progress(const struct verifier *v)
{
	uint64_t done = v->report->rows;
	uint64_t left = v->newest > v->chain.seq ?
	    (uint64_t)(v->newest - v->chain.seq) : 0;

	if (v->wish->progress != NULL)
		v->wish->progress(v->wish->ctx, done, done + left);
}

static enum audit_status
walk(struct verifier *v)
{
	enum audit_status status;
	bool is_first = true, is_end = false;

	do {
		status = verify_slice(v, is_first, &is_end);
		is_first = false;
		tell_progress(v);
	} while (status == AUDIT_OK && !is_end);
	return status;
}

enum audit_status
audit_verify(struct audit *audit, const struct audit_verify_options *wish,
    struct audit_report *report)
{
	struct verifier *v = xcalloc(1, sizeof(*v));
	enum audit_status status;

	*report = (struct audit_report){ .rows = 0 };
	v->audit = audit;
	v->wish = wish;
	v->report = report;
	status = prepare_verifier(v);
	if (status == AUDIT_OK)
		status = walk(v);
	if (status == AUDIT_OK)
		status = audit_integrity_check(audit, report);
	status = audit_guard_check(audit, report, status);
	free_verifier(v);
	return status;
}
