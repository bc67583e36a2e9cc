#include "triggers.h"

#include <stddef.h>

static const char foreign_sql[] =
    "SELECT 1 FROM sqlite_schema WHERE type = 'trigger'"
    " AND instr(?1, sql || ';') = 0 LIMIT 1";

int
schema_check_triggers(sqlite3 *db, const char *schema)
{
	sqlite3_stmt *foreign;
	int rc;

	rc = sqlite3_prepare_v2(db, foreign_sql, -1, &foreign, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(foreign, 1, schema, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(foreign);
	(void)sqlite3_finalize(foreign); /* repeats rc */
	if (rc == SQLITE_DONE)
		return SQLITE_OK;
	return rc == SQLITE_ROW ? SQLITE_ERROR : rc;
}
