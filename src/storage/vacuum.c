#include "vacuum.h"

#include "column.h"
#include "sql.h"

#define SLICE_PAGES 64

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

	/* A row for each page, of which nothing is to be read. */
	while (sql_next(&b))
		;
	*pages = *pages > SLICE_PAGES ? *pages - SLICE_PAGES : 0;
	return sql_end_rows(&b);
}
