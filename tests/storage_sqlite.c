#include "storage_engine.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/xalloc.h"

static void
need(void)
{
}

static void
remove_files(const char *name)
{
	static const char *const suffixes[] = { "", "-wal", "-shm",
		"-journal", ".key", ".lock" };
	char path[STORAGE_NAME_BYTES + 16];
	size_t i;

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", name,
		    suffixes[i]); /* fits */
		(void)unlink(path); /* most are not there */
	}
}

static void
make(const char *path, char name[STORAGE_NAME_BYTES])
{
	ck_assert_int_lt(snprintf(name, STORAGE_NAME_BYTES, "%s", path),
	    STORAGE_NAME_BYTES);
	remove_files(name);
}

static void
run_pragmas(sqlite3 *db, const char *sql)
{
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK,
	    "%s", sqlite3_errmsg(db));
}

static sqlite3 *
open_database(const char *name, enum storage_guards guards)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(name, &db), SQLITE_OK);
	if (guards == STORAGE_GUARDED) {
		run_pragmas(db, "PRAGMA recursive_triggers = ON;"
		    "PRAGMA foreign_keys = ON");
		return db;
	}
	run_pragmas(db, "PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF;"
	    "PRAGMA ignore_check_constraints = ON");
	ck_assert_int_eq(sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER,
	    0, NULL), SQLITE_OK);
	/* Without a log it is quick; where somebody reads that stays. */
	(void)sqlite3_exec(db, "PRAGMA journal_mode = DELETE", NULL, NULL,
	    NULL);
	return db;
}

/* Run a statement to its end; the first column of its last row. */
static int
run_statement(sqlite3_stmt *statement, char **text)
{
	const unsigned char *found;
	int rc;

	while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
		free(*text);
		found = sqlite3_column_text(statement, 0);
		*text = found == NULL ? NULL : xstrdup((const char *)found);
	}
	(void)sqlite3_finalize(statement); /* as the step */
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static struct storage_answer
run(const char *name, enum storage_guards guards, const char *sql)
{
	struct storage_answer answer = { .result = STORAGE_DONE };
	sqlite3 *db = open_database(name, guards);
	sqlite3_stmt *statement;
	int rc = SQLITE_OK;

	while (rc == SQLITE_OK && *sql != '\0') {
		rc = sqlite3_prepare_v2(db, sql, -1, &statement, &sql);
		if (rc == SQLITE_OK && statement != NULL)
			rc = run_statement(statement, &answer.text);
	}
	if (rc != SQLITE_OK) {
		free(answer.text);
		answer.result = (rc & 0xff) == SQLITE_CONSTRAINT ?
		    STORAGE_REFUSED : STORAGE_FAILED;
		answer.text = xstrdup(sqlite3_errmsg(db));
	}
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	return answer;
}

const struct storage_engine storage_sqlite = {
	.name = "sqlite",
	.need = need,
	.make = make,
	.remove = remove_files,
	.run = run,
};
