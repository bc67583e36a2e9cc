#include "wal_mark.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/text.h"
#include "base/xalloc.h"
#include "sqlite_row.h"
#include "storage/column.h"

enum { MARK_BYTES = 16 };

/* The row. */
struct mark {
	uint8_t	 base[MARK_BYTES];	/* mark where the WAL begins */
	uint8_t	 mark[MARK_BYTES];
};

int
wal_mark_end(sqlite3 *db)
{
	return sqlite3_exec(db, "UPDATE log_mark SET mark = randomblob(16)",
	    NULL, NULL, NULL);
}

int
wal_mark_begin(sqlite3 *db)
{
	return sqlite3_exec(db, "UPDATE log_mark SET base = mark,"
	    " mark = randomblob(16)", NULL, NULL, NULL);
}

int
wal_mark_detach(sqlite3 *db)
{
	return sqlite3_exec(db, "UPDATE log_mark SET base = randomblob(16),"
	    " mark = randomblob(16)", NULL, NULL, NULL);
}

/* As wal_mark_compare() returns. */
static int
read_mark(sqlite3 *db, struct mark *mark)
{
	sqlite3_stmt *row;
	struct columns columns;
	int rc = sqlite3_prepare_v2(db, "SELECT base, mark FROM log_mark", -1,
	    &row, NULL);

	if (rc != SQLITE_OK)
		return rc;
	columns = sqlite_columns(row, "log_mark");
	rc = sqlite3_step(row);
	if (rc == SQLITE_ROW) {
		column_blob(&columns, 0, mark->base, MARK_BYTES);
		column_blob(&columns, 1, mark->mark, MARK_BYTES);
	}
	if (rc == SQLITE_DONE || !columns_fit(&columns))
		rc = SQLITE_MISMATCH;
	(void)sqlite3_finalize(row); /* repeats rc */
	return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

/* The URI of a file that nobody changes, so that SQLite looks for no log. */
static char *
immutable_uri(const char *path)
{
	static const char head[] = "file:", tail[] = "?immutable=1";
	size_t size = sizeof(head) + 3 * strlen(path) + sizeof(tail), n;
	char *uri = xcalloc(1, size);

	n = xsnprintf(uri, size, "%s", head);
	for (; *path != '\0'; path++) {
		if (strchr("%?#", *path) != NULL)
			n += xsnprintf(uri + n, size - n, "%%%02x",
			    (unsigned char)*path);
		else
			uri[n++] = *path;
	}
	xsnprintf(uri + n, size - n, "%s", tail);
	return uri;
}

/* Read what the file says without a WAL; false if it says nothing. */
static bool
read_file_mark(const char *path, const char *vfs, struct mark *mark)
{
	char *uri = immutable_uri(path);
	sqlite3 *db;
	int rc;

	rc = sqlite3_open_v2(uri, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI |
	    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, vfs);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "PRAGMA trusted_schema = OFF", NULL,
		    NULL, NULL);
	if (rc == SQLITE_OK)
		rc = read_mark(db, mark);
	(void)sqlite3_close(db); /* has no statements */
	free(uri);
	return rc == SQLITE_OK;
}

static bool
marks_equal(const uint8_t a[MARK_BYTES], const uint8_t b[MARK_BYTES])
{
	return memcmp(a, b, MARK_BYTES) == 0;
}

static enum wal_mark_relation
compare(const struct mark *file, const struct mark *whole)
{
	if (marks_equal(file->mark, whole->base))
		return WAL_MARK_BEGINS;
	return marks_equal(file->base, whole->base) ? WAL_MARK_MIXED :
	    WAL_MARK_FOREIGN;
}

int
wal_mark_compare(const char *path, const char *vfs, sqlite3 *db,
    enum wal_mark_relation *relation)
{
	struct mark file, whole;
	bool is_marked = read_file_mark(path, vfs, &file);
	int rc = read_mark(db, &whole);

	if (!is_marked)
		*relation = WAL_MARK_UNKNOWN;
	else
		*relation = rc != SQLITE_OK ? WAL_MARK_FOREIGN :
		    compare(&file, &whole);
	return rc;
}
