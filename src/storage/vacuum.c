#include "vacuum.h"

#include "base/clock.h"
#include "column.h"
#include "sql.h"

/* SQLite looks for each page among all that are free, which may take long. */
enum {
	SLICE_PAGES = 64,
	SLICE_US = 500
};

enum statement {
	SQL_SPARE,
	SQL_VACUUM,
	STATEMENTS
};

static const char *const statement_sql[STATEMENTS] = {
	/* An eighth of the file is a reserve. */
	[SQL_SPARE] =
	    "SELECT max(freelist_count - page_count / 8, 0) AS spare"
	    " FROM pragma_freelist_count, pragma_page_count,"
	    " pragma_auto_vacuum WHERE auto_vacuum = 2",
	[SQL_VACUUM] =
	    "PRAGMA incremental_vacuum(64)",	/* SLICE_PAGES */
};

int
vacuum_prepare(struct sql *sql)
{
	return sql_prepare(sql, statement_sql, STATEMENTS);
}

enum store_status
vacuum_spare_pages(struct sql *sql, int64_t *pages)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_SPARE);
	struct columns columns = columns_at(b.statement, "the file");

	*pages = sql_next(&b) ?
	    column_between(&columns, 0, 0, COLUMN_NUMBER_MAX) : 0;
	return sql_end_row(&b, &columns);
}

enum store_status
vacuum_slice(struct sql *sql, int64_t *pages)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_VACUUM);
	uint64_t end_us = clock_us() + SLICE_US;
	int64_t done = 0;

	/* A row for each page, of which nothing is to be read. */
	do
		done += sql_next(&b);
	while (b.rc == SQLITE_ROW && clock_us() < end_us);
	*pages = done > 0 && *pages > done ? *pages - done : 0;
	return sql_end_rows(&b);
}
