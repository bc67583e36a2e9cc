#include "newcomers.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "storage/column.h"
#include "storage/sql.h"

enum {
	SLICE_ENTRIES = 256
};

/* One whose body is gone counts, too, or a slice could take for ever. */
static const struct sql_text slice_sql = { .text =
    "SELECT " AUDIT_ENTRY_COLUMNS ", j.session"
    " FROM journal AS j INDEXED BY journal_newcomer"
    " CROSS JOIN session AS s"
    " LEFT JOIN journal_body AS b ON b.seq = j.seq"
    " WHERE s.id = j.session AND j.event IN (1, 2) AND (j.session, j.customer, j.seq) > (?, ?, ?)"
    " ORDER BY j.session, j.customer, j.seq LIMIT ?" };

struct audit_newcomers {
	struct audit *audit;
	int64_t	 session_row;	/* of the last one that was read */
	char	 customer[ID_CUSTOMER_HEX + 1];
	int64_t	 seq;
	struct audit_entry slice[SLICE_ENTRIES];
	size_t	 count;
	size_t	 taken;
};

struct audit_newcomers *
audit_newcomers_new(struct audit *audit)
{
	struct audit_newcomers *newcomers = xcalloc(1, sizeof(*newcomers));

	newcomers->audit = audit;
	return newcomers;
}

void
audit_newcomers_free(struct audit_newcomers *newcomers)
{
	if (newcomers == NULL)
		return;
	for (; newcomers->taken < newcomers->count; newcomers->taken++)
		audit_entry_clear(&newcomers->slice[newcomers->taken]);
	free(newcomers);
}

static void
read_newcomer(struct audit_newcomers *newcomers, struct columns *columns)
{
	struct audit_entry *entry = &newcomers->slice[newcomers->count++];

	audit_entry_read(columns, entry);
	newcomers->session_row = column_row(columns, AUDIT_ENTRY_WIDTH);
	customer_id_format(&entry->customer, newcomers->customer);
	newcomers->seq = entry->seq;
}

static enum audit_status
read_slice(struct audit_newcomers *newcomers)
{
	char customer[ID_CUSTOMER_HEX + 1];
	enum audit_status status;
	struct columns columns;
	struct sql_binding rows;

	newcomers->count = 0;
	newcomers->taken = 0;
	status = audit_run_cached(newcomers->audit, &slice_sql, &rows);
	if (status != AUDIT_OK)
		return status;
	columns = columns_at(rows.statement, "journal");
	/* It is bound while the next one is written. */
	memcpy(customer, newcomers->customer, sizeof(customer));
	sql_bind_row(&rows, newcomers->session_row);
	sql_bind_text(&rows, customer, strlen(customer));
	sql_bind_row(&rows, newcomers->seq);
	sql_bind_row(&rows, SLICE_ENTRIES);
	while (columns_fit(&columns) && sql_next(&rows))
		read_newcomer(newcomers, &columns);
	return audit_end_row(newcomers->audit, &rows, &columns);
}

enum audit_status
audit_newcomers_next(struct audit_newcomers *newcomers,
    struct audit_entry *entry)
{
	enum audit_status status;

	if (newcomers->taken == newcomers->count) {
		status = read_slice(newcomers);
		if (status != AUDIT_OK)
			return status;
	}
	if (newcomers->taken == newcomers->count)
		return AUDIT_NONE;
	*entry = newcomers->slice[newcomers->taken++];
	return AUDIT_OK;
}
