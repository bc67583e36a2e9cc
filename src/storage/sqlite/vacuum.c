#include "vacuum.h"

#include <sqlite3.h>

#include "base/clock.h"
#include "sqlite_row.h"
#include "storage/column.h"

/* SQLite looks for each page among all that are free, which may take long. */
enum {
	SLICE_PAGES = 64,
	SLICE_US = 500
};

/* An eighth of the file is a reserve. */
static const char spare_sql[] =
    "SELECT max(freelist_count - page_count / 8, 0) AS spare"
    " FROM pragma_freelist_count, pragma_page_count,"
    " pragma_auto_vacuum WHERE auto_vacuum = 2";
static const char vacuum_sql[] =
    "PRAGMA incremental_vacuum(64)";	/* SLICE_PAGES */

int
vacuum_spare_pages(sqlite3 *db, int64_t *pages)
{
	struct columns columns;
	sqlite3_stmt *row;
	int rc = sqlite3_prepare_v2(db, spare_sql, -1, &row, NULL);

	*pages = 0;
	if (rc != SQLITE_OK)
		return rc;
	columns = sqlite_columns(row, "the file");
	if (sqlite3_step(row) == SQLITE_ROW)
		*pages = column_between(&columns, 0, 0, COLUMN_NUMBER_MAX);
	return sqlite3_finalize(row);	/* says what the step said */
}

int
vacuum_slice(sqlite3 *db, int64_t *pages)
{
	uint64_t end_us = clock_us() + SLICE_US;
	int64_t done = 0;
	sqlite3_stmt *row;
	int rc = sqlite3_prepare_v2(db, vacuum_sql, -1, &row, NULL);

	if (rc != SQLITE_OK)
		return rc;
	/* A row for each page, of which nothing is to be read. */
	do {
		rc = sqlite3_step(row);
		done += rc == SQLITE_ROW;
	} while (rc == SQLITE_ROW && done < *pages && clock_us() < end_us);
	*pages = done > 0 ? *pages - done : 0;
	return sqlite3_finalize(row);	/* says what the step said */
}
