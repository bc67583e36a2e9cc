#include "verdict.h"

#include <string.h>

#include <sqlite3.h>

int
verdict_read(sqlite3 *db, const char *sql, const char *text, bool *is_text)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
	const char *said;

	*is_text = false;
	if (rc != SQLITE_OK)
		return rc;
	if (sqlite3_step(statement) == SQLITE_ROW) {
		said = (const char *)sqlite3_column_text(statement, 0);
		*is_text = said != NULL && strcmp(said, text) == 0;
	}
	return sqlite3_finalize(statement);
}
