#include "pragma.h"

#include <sqlite3.h>

#include "column.h"

int
pragma_says(sqlite3 *db, const char *sql, const char *text, bool *is_text)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
	struct columns columns = columns_at(statement, sql);

	*is_text = false;
	if (rc != SQLITE_OK)
		return rc;
	if (sqlite3_step(statement) == SQLITE_ROW)
		*is_text = column_is_word(&columns, 0, text);
	return sqlite3_finalize(statement);
}
