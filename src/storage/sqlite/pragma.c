#include "pragma.h"

#include <limits.h>

#include <sqlite3.h>

#include "sqlite_row.h"
#include "storage/column.h"

int
pragma_says(sqlite3 *db, const char *sql, const char *word, bool *says)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
	struct columns columns = sqlite_columns(statement, sql);

	*says = false;
	if (rc != SQLITE_OK)
		return rc;
	if (sqlite3_step(statement) == SQLITE_ROW)
		*says = column_is_word(&columns, 0, word);
	return sqlite3_finalize(statement);
}

int
pragma_number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement;
	struct columns columns;
	int value = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		return -1;
	columns = sqlite_columns(statement, sql);
	if (sqlite3_step(statement) == SQLITE_ROW)
		value = (int)column_between(&columns, 0, INT_MIN, INT_MAX);
	if (sqlite3_finalize(statement) != SQLITE_OK)
		return -1;
	return value;
}
