#include "wal_mark.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/xalloc.h"
#include "column.h"

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

int
wal_mark_read(sqlite3 *db, struct wal_mark *mark)
{
	sqlite3_stmt *row;
	struct columns columns;
	int rc = sqlite3_prepare_v2(db, "SELECT base, mark FROM log_mark", -1,
	    &row, NULL);

	if (rc != SQLITE_OK)
		return rc;
	columns = columns_at(row, "log_mark");
	rc = sqlite3_step(row);
	if (rc == SQLITE_ROW) {
		column_blob(&columns, 0, mark->base, WAL_MARK_BYTES);
		column_blob(&columns, 1, mark->mark, WAL_MARK_BYTES);
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

	n = (size_t)snprintf(uri, size, "%s", head); /* fits, as all does */
	for (; *path != '\0'; path++) {
		if (strchr("%?#", *path) != NULL)
			n += (size_t)snprintf(uri + n, size - n, "%%%02x",
			    (unsigned char)*path);
		else
			uri[n++] = *path;
	}
	(void)snprintf(uri + n, size - n, "%s", tail);
	return uri;
}

bool
wal_mark_read_file(const char *path, const char *vfs, struct wal_mark *mark)
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
		rc = wal_mark_read(db, mark);
	(void)sqlite3_close(db); /* has no statements */
	free(uri);
	return rc == SQLITE_OK;
}

static bool
marks_equal(const uint8_t a[WAL_MARK_BYTES], const uint8_t b[WAL_MARK_BYTES])
{
	return memcmp(a, b, WAL_MARK_BYTES) == 0;
}

enum wal_mark_relation
wal_mark_compare(const struct wal_mark *file, const struct wal_mark *whole)
{
	if (marks_equal(file->mark, whole->base))
		return WAL_MARK_BEGINS;
	return marks_equal(file->base, whole->base) ? WAL_MARK_MIXED :
	    WAL_MARK_FOREIGN;
}
