#include "session_search.h"

#include <sqlite3.h>

#include "base/buf.h"
#include "base/id.h"
#include "storage/column.h"

static const char next_sql[] =
    "SELECT s.id, s.name FROM customer AS c JOIN session AS s"
    " ON s.id = c.session WHERE c.cid = ?1 AND s.id > ?2"
    " ORDER BY s.id LIMIT 1";

enum audit_status
audit_session_of_customer(struct audit *audit, const struct customer_id *id,
    int64_t *after, struct payload **session)
{
	char digits[ID_CUSTOMER_HEX + 1];
	enum audit_status status;
	struct columns columns;
	sqlite3_stmt *row;
	bool is_found;
	int rc;

	status = audit_prepare(audit, next_sql, &row);
	if (status != AUDIT_OK)
		return status;
	columns = columns_at(row, "session");
	customer_id_format(id, digits);
	rc = sqlite3_bind_text(row, 1, digits, ID_CUSTOMER_HEX, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(row, 2, *after);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(row);
	is_found = rc == SQLITE_ROW;
	if (is_found) {
		*after = column_id(&columns, 0);
		*session = column_session(&columns, 1);
	}
	status = audit_end_row(audit, &columns, rc);
	if (status != AUDIT_OK && is_found)
		payload_unref(*session);
	(void)sqlite3_finalize(row); /* it was reset */
	return status == AUDIT_OK && !is_found ? AUDIT_NONE : status;
}
