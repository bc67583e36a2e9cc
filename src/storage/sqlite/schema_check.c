#include "schema_check.h"

#include <stdbool.h>
#include <stddef.h>

#include "sqlite_row.h"
#include "storage/column.h"

static const char *const names[] = {
	"session", "customer", "journal", "journal_body", "chain_anchor",
	"log_mark", "webhook", "webhook_parked",
};

#define TABLES	(sizeof(names) / sizeof(names[0]))

static const char foreign_trigger_sql[] =
    "SELECT 1 FROM sqlite_schema WHERE type = 'trigger'"
    " AND instr(?1, sql || ';') = 0 LIMIT 1";

/* The columns of PRAGMA table_list, in the order of SQLite's documentation. */
enum {
	COLUMN_NAME = 1,
	COLUMN_TYPE = 2,
	COLUMN_IS_STRICT = 5
};

/* Whether the row is one of our tables, as it should be. */
static bool
is_our_table(sqlite3_stmt *row)
{
	struct columns columns = sqlite_columns(row, "table_list");
	size_t i;

	if (!column_is_word(&columns, COLUMN_TYPE, "table") ||
	    !column_bool(&columns, COLUMN_IS_STRICT))
		return false;
	for (i = 0; i < TABLES; i++)
		if (column_is_word(&columns, COLUMN_NAME, names[i]))
			return true;
	return false;
}

int
schema_check_tables(sqlite3 *db)
{
	sqlite3_stmt *row;
	size_t found = 0;
	int rc;

	rc = sqlite3_prepare_v2(db, "PRAGMA main.table_list", -1, &row, NULL);
	if (rc != SQLITE_OK)
		return rc;
	while ((rc = sqlite3_step(row)) == SQLITE_ROW)
		found += is_our_table(row) ? 1 : 0;
	(void)sqlite3_finalize(row); /* repeats rc */
	if (rc != SQLITE_DONE)
		return rc;
	return found == TABLES ? SQLITE_OK : SQLITE_ERROR;
}

int
schema_check_triggers(sqlite3 *db, const char *schema)
{
	sqlite3_stmt *foreign;
	int rc;

	rc = sqlite3_prepare_v2(db, foreign_trigger_sql, -1, &foreign,
	    NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(foreign, 1, schema, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(foreign);
	(void)sqlite3_finalize(foreign); /* repeats rc */
	if (rc == SQLITE_DONE)
		return SQLITE_OK;
	return rc == SQLITE_ROW ? SQLITE_ERROR : rc;
}
