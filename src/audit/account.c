#include "account.h"

#include <string.h>

#include "base/buf.h"
#include "storage/column.h"
#include "storage/sql.h"

static const struct sql_text next_sql = { .text =
    "SELECT " AUDIT_ENTRY_COLUMNS
    " FROM journal_body AS b INDEXED BY journal_body_account"
    " CROSS JOIN journal AS j CROSS JOIN session AS s"
    " WHERE j.seq = b.seq AND s.id = j.session"
    " AND b.account = ?1 AND b.seq > ?2 ORDER BY b.seq LIMIT 1" };

void
audit_entry_clear(struct audit_entry *entry)
{
	payload_unref(entry->session);
	payload_unref(entry->name);
	*entry = (struct audit_entry){ .seq = 0 };
}

void
audit_entry_read(struct columns *columns, struct audit_entry *entry)
{
	entry->seq = column_id(columns, 0);
	entry->session = column_session(columns, 1);
	column_customer(columns, 2, &entry->customer);
	entry->event = (enum record_event)column_between(columns, 3,
	    RECORD_START, RECORD_JOIN);
	entry->time_ms = column_number(columns, 4);
	entry->name = column_text_or_none(columns, 5, 0, COLUMN_TEXT_MAX);
}

enum audit_status
audit_account_next(struct audit *audit, const char *account, int64_t after,
    struct audit_entry *entry)
{
	enum audit_status status;
	struct columns columns;
	struct sql_binding rows;
	bool is_there;

	*entry = (struct audit_entry){ .seq = 0 };
	status = audit_run_cached(audit, &next_sql, &rows);
	if (status != AUDIT_OK)
		return status;
	columns = columns_at(rows.statement, "journal");
	sql_bind_text(&rows, account, strlen(account));
	sql_bind_row(&rows, after);
	is_there = sql_next(&rows);
	if (is_there)
		audit_entry_read(&columns, entry);
	status = audit_end_row(audit, &rows, &columns);
	if (status == AUDIT_OK && !is_there)
		return AUDIT_NONE;
	if (status != AUDIT_OK)
		audit_entry_clear(entry);
	return status;
}
