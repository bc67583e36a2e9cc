#include "migrate.h"

#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "pragma.h"
#include "schema_check.h"
#include "session/record.h"
#include "sqlite_row.h"
#include "sqlite_status.h"
#include "storage/chain.h"
#include "storage/column.h"
#include "storage/schema.h"

static const char upto_sql[] =
    "SELECT ifnull(upto, 0) AS purge_upto FROM temp.migrating";
/* The newest row, or the one before the first where there is none. */
static const char head_sql[] =
    "SELECT * FROM (SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1)"
    " UNION ALL SELECT * FROM (SELECT seq, hash FROM chain_anchor)"
    " ORDER BY seq DESC LIMIT 1";
static const char journal_sql[] =
    "INSERT INTO journal (seq, session, incarnation, revision, event, ts_ms,"
    " transport, flags, client_seq, digest, hash)"
    " VALUES (?1, 0, 0, 0, ?2, ?3, 0, 0, ?4, ?5, ?6)";
static const char body_sql[] =
    "INSERT INTO journal_body (seq, salt) VALUES (?1, ?2)";
static const char end_sql[] = "DROP TABLE temp.migrating";

/* Up to which row all are let go; SQLITE_MISMATCH is none. */
static int
read_upto(sqlite3 *db, int64_t *upto)
{
	struct columns columns;
	sqlite3_stmt *row;
	int rc;

	*upto = 0;
	rc = sqlite3_prepare_v2(db, upto_sql, -1, &row, NULL);
	if (rc != SQLITE_OK)
		return rc;
	columns = sqlite_columns(row, "chain_anchor");
	rc = sqlite3_step(row);
	if (rc == SQLITE_ROW) {
		*upto = column_between(&columns, 0, 0, COLUMN_NUMBER_MAX);
		rc = columns_fit(&columns) ? SQLITE_OK : SQLITE_MISMATCH;
	}
	(void)sqlite3_finalize(row); /* repeats what the step said */
	return rc;
}

/* The row behind which the note comes; SQLITE_MISMATCH is none. */
static int
read_chain_end(sqlite3 *db, struct chain_head *head)
{
	struct columns columns;
	sqlite3_stmt *row;
	int rc;

	*head = (struct chain_head){ .seq = 0 };
	rc = sqlite3_prepare_v2(db, head_sql, -1, &row, NULL);
	if (rc != SQLITE_OK)
		return rc;
	columns = sqlite_columns(row, "chain_anchor");
	rc = sqlite3_step(row);
	if (rc == SQLITE_ROW) {
		head->seq = column_between(&columns, 0, 0, COLUMN_NUMBER_MAX);
		column_blob(&columns, 1, head->hash, sizeof(head->hash));
	}
	if (rc == SQLITE_ROW || rc == SQLITE_DONE)
		rc = columns_fit(&columns) ? SQLITE_OK : SQLITE_MISMATCH;
	(void)sqlite3_finalize(row); /* repeats what the step said */
	return rc;
}

/* Run a statement, whose parameters were bound as rc says. */
static int
step_and_finalize(sqlite3_stmt *row, int rc)
{
	if (rc == SQLITE_OK)
		rc = sqlite3_step(row);
	(void)sqlite3_finalize(row); /* repeats rc */
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int
write_purge_row(sqlite3 *db, const struct chain_head *head,
    const struct record *note, const uint8_t digest[CHAIN_HASH_BYTES])
{
	const int64_t numbers[] = { head->seq, note->event,
		(int64_t)note->time_ms, (int64_t)note->number };
	sqlite3_stmt *row;
	int i, rc = sqlite3_prepare_v2(db, journal_sql, -1, &row, NULL);

	for (i = 0; i < 4 && rc == SQLITE_OK; i++)
		rc = sqlite3_bind_int64(row, i + 1, numbers[i]);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_blob(row, 5, digest, CHAIN_HASH_BYTES,
		    SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_blob(row, 6, head->hash, CHAIN_HASH_BYTES,
		    SQLITE_STATIC);
	return step_and_finalize(row, rc);
}

static int
write_purge_body(sqlite3 *db, int64_t seq, const struct record *note)
{
	sqlite3_stmt *row;
	int rc = sqlite3_prepare_v2(db, body_sql, -1, &row, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(row, 1, seq);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_blob(row, 2, note->salt, sizeof(note->salt),
		    SQLITE_STATIC);
	return step_and_finalize(row, rc);
}

static int
write_purge(sqlite3 *db, int64_t upto)
{
	struct record note = {
		.event = RECORD_PURGE,
		.session = payload_new("", 0),
		.time_ms = clock_now().wall_ms,
		.last_row = (uint64_t)upto,
	};
	uint8_t digest[CHAIN_HASH_BYTES];
	struct chain_head head;
	int rc = read_chain_end(db, &head);

	sqlite3_randomness(sizeof(note.salt), note.salt);
	chain_hash_body(&note, digest);
	chain_hash_row(&head, &note, digest);
	if (rc == SQLITE_OK)
		rc = write_purge_row(db, &head, &note, digest);
	if (rc == SQLITE_OK)
		rc = write_purge_body(db, head.seq, &note);
	record_clear(&note);
	return rc;
}

/*
 * What sql/migrate-4.sql cannot do, in its transaction: note in the chain what
 * the anchors of an older version have let go.  Without one nothing is noted.
 * SQLITE_OK, or why not.
 */
static int
migrate_4_purges(sqlite3 *db)
{
	int64_t upto;
	int rc = read_upto(db, &upto);

	if (rc == SQLITE_OK && upto > 0)
		rc = write_purge(db, upto);
	return rc != SQLITE_OK ? rc : sqlite3_exec(db, end_sql, NULL, NULL,
	    NULL);
}

/*
 * What an empty file needs, and version 1, 2, ... to become the next one; each
 * sets user_version itself.
 */
static const struct {
	const char *sql;
	int (*finish)(sqlite3 *db); /* in the same transaction; or NULL */
} migrations[] = {
	{ schema_sql, NULL },
	{ migrate_2_sql, NULL },
	{ migrate_3_sql, NULL },
	{ migrate_4_sql, migrate_4_purges },
	{ migrate_5_sql, NULL },
	{ migrate_6_sql, NULL },
	{ migrate_7_sql, NULL },
};

#define NEWEST_VERSION ((int)(sizeof(migrations) / sizeof(migrations[0])))

int
migrate_newest_version(void)
{
	return NEWEST_VERSION;
}

const char *
migrate_version_fault(int64_t version)
{
	return version > NEWEST_VERSION ? "is of a newer version" : NULL;
}

static int
run_migration(sqlite3 *db, int version)
{
	if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return -1;
	if (sqlite3_exec(db, migrations[version].sql, NULL, NULL, NULL) !=
	    SQLITE_OK)
		return -1;
	if (migrations[version].finish != NULL &&
	    migrations[version].finish(db) != SQLITE_OK)
		return -1;
	return sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK ?
	    0 : -1;
}

static enum store_open_status
check_schema(const char *path, sqlite3 *db)
{
	int rc = schema_check_tables(db);

	if (rc == SQLITE_ERROR)
		return store_status_of_data(path,
		    "has not the tables that it should have");
	if (rc == SQLITE_OK)
		rc = schema_check_triggers(db, schema_sql);
	if (rc == SQLITE_ERROR)
		return store_status_of_data(path,
		    "has a trigger of somebody else");
	return rc == SQLITE_OK ? STORE_OPENED :
	    sqlite_status_of_open(path, db);
}

enum store_open_status
migrate_schema(const char *path, sqlite3 *db)
{
	int version = pragma_number(db, "PRAGMA user_version");
	const char *fault = migrate_version_fault(version);

	if (version == -1)
		return sqlite_status_of_open(path, db);
	if (fault != NULL)
		return store_status_of_data(path, fault);
	while (version < NEWEST_VERSION) {
		if (run_migration(db, version) == -1)
			return sqlite_status_of_open(path, db);
		/* Of a new one it is no news. */
		if (version == 0)
			break;
		log_info("store: %s: schema version %d", path, ++version);
	}
	return check_schema(path, db);
}
