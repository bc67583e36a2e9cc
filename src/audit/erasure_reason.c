#include "erasure_reason.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash_table.h"
#include "base/xalloc.h"
#include "row.h"
#include "storage/chain.h"
#include "storage/column.h"
#include "storage/sql.h"

enum statement {
	SQL_RETAIN,
	SQL_ERASE,
	SQL_ANCHOR,
	STATEMENTS
};

enum {
	DRIFT_MS = 10000,	/* that a clock may have been set back in a */
				/* pass, which notes up to version 3 show */
	RETAINS_FIRST = 64
};

/* RETAIN is of session 0, so an index finds it; ERASE takes a scan. */
static const struct sql_text statement_sql[STATEMENTS] = {
	[SQL_RETAIN] = { .text =
	    "SELECT seq, ts_ms, flags, client_seq FROM journal"
	    " INDEXED BY journal_sessionless"
	    " WHERE session = 0 AND event = 11 AND seq > ? ORDER BY seq" },
	[SQL_ERASE] = { .text =
	    "SELECT seq, session, customer FROM journal"
	    " WHERE event = 10 AND seq > ? ORDER BY seq" },
	[SQL_ANCHOR] = { .text =
	    "SELECT coalesce(max(seq), 0)"
	    " FROM chain_anchor" },
};

/* Whom an ERASE is for. */
struct subject {
	int64_t	 session_row;
	struct customer_id customer;	/* zeros for all of the session */
};

struct erase {
	UT_hash_handle hh;
	struct subject subject;
	int64_t	 seq;			/* of the last one */
};

/* What a RETAIN and those behind it reach: bodies older than that. */
struct reach {
	int64_t	 seq;
	bool	 is_exact;
	uint64_t own_ms;	/* by this one alone; 0: explains nothing */
	uint64_t exact_ms;	/* of the exact ones; and of the others */
	uint64_t loose_ms;
};

struct audit_erasures {
	struct audit *audit;
	struct sql_statement *statements[STATEMENTS];
	struct reach *retains;		/* in the order of their rows */
	size_t	 retain_count;
	size_t	 retain_room;
	struct erase *erases;		/* empty until a body asks for them */
	int64_t	 scanned;		/* the last of their rows */
};

enum audit_status
audit_erasures_new(struct audit *audit, struct audit_erasures **made)
{
	struct audit_erasures *erasures = xcalloc(1, sizeof(*erasures));
	enum audit_status status;

	erasures->audit = audit;
	status = audit_prepare_all(audit, statement_sql, erasures->statements,
	    STATEMENTS);
	if (status == AUDIT_OK)
		*made = erasures;
	else
		audit_erasures_free(erasures);
	return status;
}

void
audit_erasures_free(struct audit_erasures *erasures)
{
	struct erase *erase;

	if (erasures == NULL)
		return;
	while ((erase = erasures->erases) != NULL) {
		HASH_DEL(erasures->erases, erase);
		free(erase);
	}
	sql_finalize(erasures->statements, STATEMENTS);
	free(erasures->retains);
	free(erasures);
}

/* Remember the RETAIN that the statement stands at. */
static void
remember_retain(struct audit_erasures *erasures, struct columns *columns)
{
	struct reach retain = { .seq = column_id(columns, 0) };
	uint64_t time_ms = column_number(columns, 1);
	struct record record = { .event = RECORD_RETAIN };

	chain_read_flags(&record, column_number(columns, 2));
	retain.is_exact = record.is_exact;
	retain.own_ms = column_number(columns, 3);
	/* The row is refused when the walk gets there. */
	if (!columns_fit(columns))
		return;
	/* What was to come was not old. */
	if (retain.own_ms > time_ms + (retain.is_exact ? 0 : DRIFT_MS))
		retain.own_ms = 0;
	if (erasures->retain_count == erasures->retain_room) {
		erasures->retain_room = erasures->retain_room == 0 ?
		    RETAINS_FIRST : 2 * erasures->retain_room;
		erasures->retains = xrealloc(erasures->retains,
		    erasures->retain_room * sizeof(*erasures->retains));
	}
	erasures->retains[erasures->retain_count++] = retain;
}

/* From the last one on each reaches as far as the furthest behind it. */
static void
sum_up_retains(struct audit_erasures *erasures)
{
	uint64_t exact_ms = 0, loose_ms = 0;
	struct reach *retain;
	size_t i;

	for (i = erasures->retain_count; i-- > 0;) {
		retain = &erasures->retains[i];
		if (retain->is_exact && retain->own_ms > exact_ms)
			exact_ms = retain->own_ms;
		if (!retain->is_exact && retain->own_ms > loose_ms)
			loose_ms = retain->own_ms;
		retain->exact_ms = exact_ms;
		retain->loose_ms = loose_ms;
	}
}

/* Look for further ones. */
static enum audit_status
scan_retains(struct audit_erasures *erasures)
{
	size_t before = erasures->retain_count;
	struct sql_binding rows = sql_run_of(erasures->statements[SQL_RETAIN]);

	sql_bind_row(&rows, before == 0 ? 0 :
	    erasures->retains[before - 1].seq);
	while (sql_next(&rows)) {
		struct columns columns = columns_at(rows.statement, "journal");

		remember_retain(erasures, &columns);
	}
	if (erasures->retain_count > before)
		sum_up_retains(erasures);
	return audit_end_rows(erasures->audit, &rows);
}

/* What those behind row after reach; NULL if there are none. */
static const struct reach *
retains_after(const struct audit_erasures *erasures, int64_t after)
{
	size_t low = 0, high = erasures->retain_count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (erasures->retains[middle].seq > after)
			high = middle;
		else
			low = middle + 1;
	}
	return low < erasures->retain_count ? &erasures->retains[low] : NULL;
}

static bool
explained_by_retain(const struct audit_erasures *erasures,
    const struct audit_row *row, int64_t in_use)
{
	const struct reach *exact = retains_after(erasures, in_use);
	const struct reach *loose = retains_after(erasures, row->seq);

	return (exact != NULL && row->record.time_ms < exact->exact_ms) ||
	    (loose != NULL && row->record.time_ms < loose->loose_ms);
}

static struct erase *
find_erase(const struct audit_erasures *erasures, const struct subject *subject)
{
	struct erase *erase;

	HASH_FIND(hh, erasures->erases, subject, sizeof(*subject), erase);
	return erase;
}

/* Remember the ERASE that the statement stands at. */
static void
remember_erase(struct audit_erasures *erasures, struct columns *columns)
{
	struct subject subject;
	struct erase *erase;

	memset(&subject, 0, sizeof(subject)); /* the key, with its padding */
	erasures->scanned = column_id(columns, 0);
	subject.session_row = column_row(columns, 1);
	(void)column_customer_or_none(columns, 2, &subject.customer);
	/* The row is refused when the walk gets there. */
	if (!columns_fit(columns))
		return;
	erase = find_erase(erasures, &subject);
	if (erase == NULL) {
		erase = xcalloc(1, sizeof(*erase));
		erase->subject = subject;
		HASH_ADD(hh, erasures->erases, subject, sizeof(subject),
		    erase);
	}
	erase->seq = erasures->scanned;
}

/* Look for further ones. */
static enum audit_status
scan_erases(struct audit_erasures *erasures)
{
	struct sql_binding rows = sql_run_of(erasures->statements[SQL_ERASE]);

	sql_bind_row(&rows, erasures->scanned);
	while (sql_next(&rows)) {
		struct columns columns = columns_at(rows.statement, "journal");

		remember_erase(erasures, &columns);
	}
	return audit_end_rows(erasures->audit, &rows);
}

static bool
explained_by_erase(const struct audit_erasures *erasures,
    const struct audit_row *row)
{
	const struct erase *erase;
	struct subject subject;

	memset(&subject, 0, sizeof(subject)); /* the key, with its padding */
	subject.session_row = row->record.session_row;
	erase = find_erase(erasures, &subject);
	if (erase != NULL && erase->seq > row->seq)
		return true;
	if (!row->record.has_customer)
		return false;
	subject.customer = row->record.customer;
	erase = find_erase(erasures, &subject);
	return erase != NULL && erase->seq > row->seq;
}

/*
 * No note explains the body, which is a fault, unless the row was deleted since
 * it was read: notes that explained it may be deleted with it.
 */
static enum audit_status
explained_by_purge(struct audit_erasures *erasures, const struct audit_row *row,
    enum audit_reason *reason)
{
	struct sql_binding rows = sql_run_of(erasures->statements[SQL_ANCHOR]);
	struct columns columns = columns_at(rows.statement, "chain_anchor");

	*reason = sql_next(&rows) && column_between(&columns, 0, 0,
	    COLUMN_NUMBER_MAX) >= row->seq ? AUDIT_PURGED : AUDIT_UNEXPLAINED;
	return audit_end_rows(erasures->audit, &rows);
}

/* What is known already says most often why. */
enum audit_status
audit_erasures_explain(struct audit_erasures *erasures,
    const struct audit_row *row, int64_t in_use, enum audit_reason *reason)
{
	enum audit_status status = AUDIT_OK;

	if (!explained_by_retain(erasures, row, in_use) &&
	    !explained_by_erase(erasures, row)) {
		status = scan_retains(erasures);
		if (status == AUDIT_OK &&
		    !explained_by_retain(erasures, row, in_use))
			status = scan_erases(erasures);
	}
	if (explained_by_retain(erasures, row, in_use))
		*reason = AUDIT_EXPIRED;
	else
		*reason = explained_by_erase(erasures, row) ? AUDIT_ERASED :
		    AUDIT_UNEXPLAINED;
	return status == AUDIT_OK && *reason == AUDIT_UNEXPLAINED ?
	    explained_by_purge(erasures, row, reason) : status;
}

enum audit_status
audit_erasures_explain_used(struct audit_erasures *erasures,
    const struct audit_row *row, enum audit_reason *reason)
{
	enum audit_status status = AUDIT_OK;

	if (!explained_by_erase(erasures, row))
		status = scan_erases(erasures);
	*reason = explained_by_erase(erasures, row) ? AUDIT_ERASED :
	    AUDIT_UNEXPLAINED;
	return status == AUDIT_OK && *reason == AUDIT_UNEXPLAINED ?
	    explained_by_purge(erasures, row, reason) : status;
}

enum audit_status
audit_erasures_cutoff(struct audit_erasures *erasures, uint64_t *retain_ms)
{
	enum audit_status status = scan_retains(erasures);
	const struct reach *all = retains_after(erasures, 0);

	*retain_ms = all == NULL ? 0 : all->exact_ms > all->loose_ms ?
	    all->exact_ms : all->loose_ms;
	return status;
}
