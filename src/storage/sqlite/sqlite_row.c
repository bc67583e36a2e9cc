#include "sqlite_row.h"

#include "storage/engine.h"

/* SQLite has none for what is empty, which is not NULL. */
static const void *
bytes_of(sqlite3_value *at, size_t len)
{
	return len == 0 ? "" : sqlite3_value_blob(at);
}

/*
 * Fetched once, as a value: there are many columns, and whole journals are
 * read.
 */
static void
column(void *row, int number, struct sql_value *value)
{
	sqlite3_value *at = sqlite3_column_value(row, number);

	value->number = 0;
	value->bytes = NULL;
	value->len = 0;
	switch (sqlite3_value_type(at)) {
	case SQLITE_INTEGER:
		value->type = SQL_INTEGER;
		value->number = sqlite3_value_int64(at);
		break;
	case SQLITE_TEXT:
		value->type = SQL_TEXT;
		/* Asked first: what is UTF-16 becomes UTF-8, elsewhere. */
		value->len = (size_t)sqlite3_value_bytes(at);
		value->bytes = bytes_of(at, value->len);
		break;
	case SQLITE_BLOB:
		value->type = SQL_BLOB;
		value->len = (size_t)sqlite3_value_bytes(at);
		value->bytes = bytes_of(at, value->len);
		break;
	case SQLITE_NULL:
		value->type = SQL_NULL;
		break;
	default:
		value->type = SQL_OTHER;
	}
}

static const char *
column_name(void *row, int number)
{
	return sqlite3_column_name(row, number);
}

const struct sql_row_reader sqlite_row_reader = {
	.column = column,
	.column_name = column_name,
};

struct columns
sqlite_columns(sqlite3_stmt *at, const char *table)
{
	return columns_of(&sqlite_row_reader, at, table);
}
