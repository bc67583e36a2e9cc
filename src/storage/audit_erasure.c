#include "audit_erasure.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "audit_row.h"
#include "base/table.h"
#include "base/xalloc.h"
#include "column.h"
#include "sql.h"

enum statement {
	SQL_RETAIN,
	SQL_ERASE,
	STATEMENTS
};

/* RETAIN is of session 0, so an index finds it; ERASE takes a scan. */
static const char *const statement_sql[STATEMENTS] = {
	[SQL_RETAIN] =
	    "SELECT seq, client_seq FROM journal"
	    " WHERE session = 0 AND event = 11 AND seq > ?"
	    " ORDER BY client_seq DESC, seq DESC LIMIT 1",
	[SQL_ERASE] =
	    "SELECT seq, session, customer FROM journal"
	    " WHERE event = 10 AND seq > ? ORDER BY seq",
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

struct audit_erasures {
	struct audit *audit;
	sqlite3_stmt *statements[STATEMENTS];
	int64_t	 retain_seq;		/* the one that reaches furthest */
	uint64_t retain_ms;
	struct erase *erases;		/* empty until a body asks for them */
	int64_t	 scanned;		/* the last of their rows */
};

enum audit_status
audit_erasures_new(struct audit *audit, struct audit_erasures **made)
{
	struct audit_erasures *erasures = xcalloc(1, sizeof(*erasures));
	enum audit_status status = AUDIT_OK;
	size_t i;

	erasures->audit = audit;
	for (i = 0; i < STATEMENTS && status == AUDIT_OK; i++)
		status = audit_prepare(audit, statement_sql[i],
		    &erasures->statements[i]);
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
	free(erasures);
}

/* Find the RETAIN behind row after that reaches furthest. */
static enum audit_status
find_retain(struct audit_erasures *erasures, int64_t after)
{
	sqlite3_stmt *at = erasures->statements[SQL_RETAIN];
	struct columns columns = columns_at(at, "journal");
	int rc = sqlite3_bind_int64(at, 1, after);

	erasures->retain_seq = 0;
	erasures->retain_ms = 0;
	if (rc == SQLITE_OK)
		rc = sqlite3_step(at);
	if (rc == SQLITE_ROW) {
		erasures->retain_ms = column_number(&columns, 1);
		/* What does not fit explains nothing. */
		if (columns_fit(&columns))
			erasures->retain_seq = column_id(&columns, 0);
	}
	return audit_end_rows(erasures->audit, at, rc);
}

static bool
is_expired(const struct audit_erasures *erasures, const struct audit_row *row)
{
	return erasures->retain_seq > row->seq &&
	    row->record.time_ms < erasures->retain_ms;
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
note_erase(struct audit_erasures *erasures, struct columns *columns)
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
	sqlite3_stmt *at = erasures->statements[SQL_ERASE];
	int rc = sqlite3_bind_int64(at, 1, erasures->scanned);

	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		struct columns columns = columns_at(at, "journal");

		rc = sqlite3_step(at);
		if (rc == SQLITE_ROW)
			note_erase(erasures, &columns);
	}
	return audit_end_rows(erasures->audit, at, rc);
}

static bool
is_erased(const struct audit_erasures *erasures, const struct audit_row *row)
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

/* What is known already says most often why. */
enum audit_status
audit_erasures_explain(struct audit_erasures *erasures,
    const struct audit_row *row, enum audit_reason *reason)
{
	enum audit_status status = AUDIT_OK;

	if (!is_expired(erasures, row) && !is_erased(erasures, row)) {
		status = find_retain(erasures, row->seq);
		if (status == AUDIT_OK && !is_expired(erasures, row))
			status = scan_erases(erasures);
	}
	*reason = is_expired(erasures, row) ? AUDIT_EXPIRED :
	    is_erased(erasures, row) ? AUDIT_ERASED : AUDIT_UNEXPLAINED;
	return status;
}

enum audit_status
audit_erasures_retained(struct audit_erasures *erasures, uint64_t *retain_ms)
{
	enum audit_status status = find_retain(erasures, 0);

	*retain_ms = erasures->retain_ms;
	return status;
}
