/*
 * The database.  The journal's rows are appended, the rows of sessions and
 * customers follow them, and both become durable in one transaction.
 */
#include "store.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "chain.h"
#include "column.h"
#include "database.h"
#include "erase.h"
#include "fs.h"
#include "hub/job.h"
#include "hub/webhook_state.h"
#include "key_file.h"
#include "projection.h"
#include "purge.h"
#include "session/record.h"
#include "sql.h"
#include "vacuum.h"
#include "wal.h"
#include "webhook_rows.h"

enum statement {
	SQL_JOURNAL,
	SQL_BODY,
	SQL_HEAD,
	SQL_ANCHOR,
	SQL_NAME,
	STATEMENTS
};

static const char *const statement_sql[STATEMENTS] = {
	[SQL_JOURNAL] =
	    "INSERT INTO journal (seq, session, incarnation, revision, event,"
	    " ts_ms, transport, customer, displaced, flags, client_seq,"
	    " digest, hash, previous_seq)"
	    " VALUES (?1, ?2, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
	    " (SELECT last_seq FROM session WHERE id = ?2))",
	[SQL_BODY] =
	    "INSERT INTO journal_body (seq, salt, name, address, cart, request,"
	    " account) VALUES (?, ?, ?, ?, ?, ?, ?)",
	[SQL_HEAD] =
	    "SELECT seq, hash FROM journal"
	    " ORDER BY seq DESC LIMIT 1",
	[SQL_ANCHOR] =
	    "SELECT seq, hash FROM chain_anchor"
	    " ORDER BY seq DESC LIMIT 1",
	[SQL_NAME] =
	    "SELECT 1 FROM session WHERE id = ? AND name = ?",
};

struct store {
	struct database *database;
	struct wal *wal;		/* the database's */
	struct sql *sql;
	int64_t session_row; /* highest ones at the start */
	int64_t	 customer_row;
	bool	 has_locked;	/* likewise, sessions */
	struct webhook_states webhooks;	/* likewise; none once taken */
	struct chain_head head;
	struct chain_head committed;	/* where a transaction begins */
	int64_t logged; /* seq of the head that was logged */
};

static enum store_status
insert_row(struct store *store, const struct record *record,
    const uint8_t digest[CHAIN_HASH_BYTES])
{
	char customer[ID_CUSTOMER_HEX + 1], displaced[ID_CUSTOMER_HEX + 1];
	struct sql_binding b = sql_bind(store->sql, statement_sql, SQL_JOURNAL);

	sql_bind_row(&b, store->head.seq);
	sql_bind_row(&b, record->session_row);
	sql_bind_number(&b, record->incarnation);
	sql_bind_number(&b, record->revision);
	sql_bind_number(&b, record->event);
	sql_bind_number(&b, record->time_ms);
	sql_bind_number(&b, record->transport);
	sql_bind_customer(&b, record->has_customer ? &record->customer : NULL,
	    customer);
	sql_bind_customer(&b, record->has_displaced ? &record->displaced : NULL,
	    displaced);
	sql_bind_number(&b, chain_flags(record));
	sql_bind_number(&b, record->number);
	sql_bind_blob(&b, digest, CHAIN_HASH_BYTES);
	sql_bind_blob(&b, store->head.hash, sizeof(store->head.hash));
	return sql_run_one(&b);
}

static enum store_status
insert_body(struct store *store, const struct record *record)
{
	const char *address = record->address;
	struct sql_binding b = sql_bind(store->sql, statement_sql, SQL_BODY);

	sql_bind_row(&b, store->head.seq);
	sql_bind_blob(&b, record->salt, sizeof(record->salt));
	sql_bind_payload(&b, record->name);
	sql_bind_text(&b, address[0] != '\0' ? address : NULL,
	    strlen(address));
	sql_bind_payload(&b, record->cart);
	sql_bind_blob(&b, record->has_request ? record->request : NULL,
	    sizeof(record->request));
	sql_bind_payload(&b, record->account);
	return sql_run_one(&b);
}

enum store_status
store_begin(struct store *store)
{
	enum store_status status = sql_begin(store->sql);
	int rc;

	store->head = store->committed;
	if (status != STORE_OK)
		return status;
	rc = wal_mark_transaction(store->wal);
	return rc == SQLITE_OK ? STORE_OK :
	    sql_failed(store->sql, "marking the log", rc);
}

enum store_status
store_append(struct store *store, const struct record *record)
{
	uint8_t digest[CHAIN_HASH_BYTES];
	enum store_status status;

	chain_hash_body(record, digest);
	chain_hash_row(&store->head, record, digest);
	status = insert_row(store, record, digest);
	if (status == STORE_OK)
		status = insert_body(store, record);
	return status != STORE_OK ? status :
	    projection_apply(store->sql, record, store->head.seq);
}

/* Whether the session of record is one of the table's. */
static enum store_status
knows_session(struct store *store, const struct record *record, bool *is_there)
{
	struct sql_binding b = sql_bind(store->sql, statement_sql, SQL_NAME);

	sql_bind_row(&b, record->session_row);
	sql_bind_payload(&b, record->session);
	*is_there = sql_next(&b);
	return sql_end_rows(&b);
}

enum store_status
store_note(struct store *store, const struct record *record)
{
	enum store_status status;
	bool is_there;

	status = knows_session(store, record, &is_there);
	return status == STORE_OK && is_there ?
	    store_append(store, record) : status;
}

/* The ERASE goes before what it is about to erase, if that is anything. */
static enum store_status
note_erase(struct store *store, const struct record *record,
    int64_t *upto_row)
{
	enum store_status status;
	bool is_known;

	status = erase_knows(store->sql, record, &is_known);
	if (status != STORE_OK || !is_known)
		return status;
	status = store_append(store, record);
	if (status == STORE_OK)
		*upto_row = store->head.seq;
	return status;
}

enum store_status
store_erase(struct store *store, const struct record *record,
    int64_t *upto_row, int64_t *next_row, size_t *erased)
{
	enum store_status status = STORE_OK;

	*erased = 0;
	if (*upto_row == 0)
		status = note_erase(store, record, upto_row);
	if (status != STORE_OK || *upto_row == 0)
		return status;
	return erase_slice(store->sql, record, *upto_row, next_row,
	    erased);
}

/* Nothing pointed to the bodies of the slice when its note was written. */
static enum store_status
purge_old_bodies(struct store *store, struct retention *pass,
    const struct record *note, size_t limit)
{
	struct record exact = *note;
	enum store_status status;
	bool needs_note;

	if (pass->has_bodies)
		return STORE_OK;
	status = purge_bodies(store->sql, pass, limit, &needs_note);
	if (status != STORE_OK || !needs_note)
		return status;
	exact.is_exact = true;
	status = store_append(store, &exact);
	pass->note_row = store->head.seq;
	pass->is_noted = true;
	return status;
}

/* What may go is noted first. */
static enum store_status
purge_old_rows(struct store *store, struct retention *pass,
    const struct record *note, size_t limit)
{
	struct record purge = *note;
	enum store_status status;
	int64_t upto;

	if (pass->rows_ms == 0 || pass->has_rows)
		return STORE_OK;
	status = purge_find_rows(store->sql, pass, limit, &upto);
	if (status == STORE_OK && upto != 0) {
		purge.event = RECORD_PURGE;
		purge.last_row = (uint64_t)upto;
		status = store_append(store, &purge);
	}
	return status != STORE_OK ? status :
	    purge_rows(store->sql, pass, limit);
}

static enum store_status
purge_slice(struct store *store, struct retention *pass,
    const struct record *note)
{
	size_t limit = purge_limit(pass, store->head.seq);
	enum store_status status = STORE_OK;

	/* What stays free until a pass begins was not needed since the last. */
	if (pass->head_row == 0)
		status = vacuum_spare_pages(store->sql, &pass->spare_pages);
	/* What changed may have let go of what it pointed to. */
	pass->is_noted &= pass->head_row == store->head.seq;
	if (status == STORE_OK)
		status = purge_old_bodies(store, pass, note, limit);
	if (status == STORE_OK)
		status = purge_old_rows(store, pass, note, limit);
	pass->head_row = store->head.seq;
	if (pass->has_bodies && (pass->rows_ms == 0 || pass->has_rows))
		pass->step = pass->spare_pages > 0 ? RETENTION_VACUUM :
						     RETENTION_OVER;
	return status;
}

static enum store_status
give_back_slice(struct store *store, struct retention *pass)
{
	enum store_status status = vacuum_slice(store->sql,
	    &pass->spare_pages);

	if (pass->spare_pages == 0)
		pass->step = RETENTION_OVER;
	return status;
}

enum store_status
store_purge(struct store *store, struct retention *pass,
    const struct record *note)
{
	switch (pass->step) {
	case RETENTION_PURGE:
		return purge_slice(store, pass, note);
	case RETENTION_VACUUM:
		return give_back_slice(store, pass);
	case RETENTION_OVER:
		break;
	}
	return STORE_OK;
}

enum store_status
store_touch(struct store *store, int64_t session_row, uint64_t wall_ms)
{
	return projection_touch(store->sql, session_row, wall_ms);
}

enum store_status
store_webhook(struct store *store, const struct webhook_state *state)
{
	return webhook_rows_save(store->sql, state);
}

enum store_status
store_commit(struct store *store)
{
	enum store_status status;
	int rc;

	if (database_was_replaced(store->database))
		return sql_set_broken(store->sql);
	status = sql_commit(store->sql);
	if (status != STORE_OK)
		return status;
	store->committed = store->head;
	rc = wal_mark_committed(store->wal);
	/* What passes does not undo the commit: the next transaction says it
	 * then. */
	return rc != SQLITE_OK && sql_failed(store->sql, "marking the log",
	    rc) == STORE_FATAL ? STORE_FATAL : STORE_OK;
}

void
store_rollback(struct store *store)
{
	sql_rollback(store->sql);
}

enum store_status
store_checkpoint(struct store *store)
{
	int rc;

	if (sql_is_broken(store->sql))
		return STORE_FATAL;
	rc = wal_checkpoint(store->wal);
	return rc == SQLITE_OK ? STORE_OK :
	    sql_failed(store->sql, "checkpoint", rc);
}

enum store_status
store_scrub_wal(struct store *store, int64_t *upto)
{
	int rc;

	if (sql_is_broken(store->sql))
		return STORE_FATAL;
	rc = wal_scrub(store->wal, upto);
	if ((rc & 0xff) == SQLITE_BUSY)
		return STORE_REFUSED;
	return rc == SQLITE_OK ? STORE_OK :
	    sql_failed(store->sql, "overwriting the log", rc);
}

void
store_log_chain_head(struct store *store)
{
	char head[CHAIN_HEAD_CHARS + 1];

	if (store->committed.seq == store->logged)
		return;
	chain_head_format(&store->committed, head);
	log_info("chain: %s", head);
	store->logged = store->committed.seq;
}

enum store_status
store_load(struct store *store, struct payload *id, size_t max_remembered,
    struct session **session)
{
	*session = NULL;
	if (sql_is_broken(store->sql))
		return STORE_FATAL;
	return projection_load(store->sql, id, max_remembered, session);
}

enum store_status
store_find_away(struct store *store, const struct record *record, int64_t *row)
{
	*row = 0;
	if (sql_is_broken(store->sql))
		return STORE_FATAL;
	return projection_find_away(store->sql, record, row);
}

enum store_status
store_find_idle(struct store *store, uint64_t wall_ms, int64_t *after_row,
    struct payload **ids, size_t room, size_t *count)
{
	*count = 0;
	if (sql_is_broken(store->sql))
		return STORE_FATAL;
	return projection_find_idle(store->sql, wall_ms, after_row, ids,
	    room, count);
}

enum store_status
store_list(struct store *store, const char *shop, int64_t *after_row,
    struct session_summary *sessions, size_t max, size_t *count)
{
	*count = 0;
	if (sql_is_broken(store->sql))
		return STORE_FATAL;
	return projection_list(store->sql, shop, after_row, sessions, max,
	    count);
}

enum store_status
store_find_locked(struct store *store, int64_t *after_row,
    struct payload **ids, size_t room, size_t *count)
{
	*count = 0;
	if (sql_is_broken(store->sql))
		return STORE_FATAL;
	return projection_find_locked(store->sql, after_row, ids, room, count);
}

/* Move head to the row of table that statement id yields, if further on. */
static int
read_chain_head(struct store *store, enum statement id, const char *table)
{
	struct sql_binding b = sql_bind(store->sql, statement_sql, id);
	struct columns columns = columns_at(b.statement, table);
	struct chain_head head = { .seq = 0 };

	if (sql_next(&b)) {
		head.seq = column_id(&columns, 0);
		column_blob(&columns, 1, head.hash, sizeof(head.hash));
	}
	if (!columns_fit(&columns)) {
		(void)sql_end_row(&b, &columns);
		return -1;
	}
	if (head.seq > store->head.seq)
		store->head = head;
	return sqlite3_reset(b.statement) == SQLITE_OK ? 0 : -1;
}

/* Prepare all statements and read where the database stands. */
static int
prepare_store(struct store *store)
{
	sqlite3 *db = database_connection(store->database);

	store->sql = sql_new(database_path(store->database), db);
	if (store->sql == NULL)
		return -1;
	/* The first that fails has to be the last call on db. */
	if (projection_prepare(store->sql) == -1 ||
	    erase_prepare(store->sql) == -1 ||
	    purge_prepare(store->sql) == -1 ||
	    vacuum_prepare(store->sql) == -1 ||
	    webhook_rows_prepare(store->sql) == -1 ||
	    sql_prepare(store->sql, statement_sql, STATEMENTS) == -1 ||
	    projection_last_rows(store->sql, &store->session_row,
	    &store->customer_row, &store->has_locked) == -1 ||
	    webhook_rows_load(store->sql, &store->webhooks) == -1 ||
	    read_chain_head(store, SQL_HEAD, "journal") == -1 ||
	    read_chain_head(store, SQL_ANCHOR, "chain_anchor") == -1)
		return -1;
	store->committed = store->head;
	return 0;
}

static enum store_open_status
prepare_failure(const struct store *store)
{
	if (store->sql != NULL && sql_is_broken(store->sql))
		return sql_exit_status(store->sql);
	return store_status_of_sqlite(database_path(store->database),
	    database_connection(store->database));
}

/* Free the store and what it has got hold of so far. */
static void
free_store(struct store *store)
{
	webhook_states_clear(&store->webhooks);
	sql_free(store->sql);
	if (store->database != NULL)
		database_close(store->database);
	free(store);
}

enum store_open_status
store_open(const char *path, const char *vfs, struct store **opened)
{
	struct store *store = xcalloc(1, sizeof(*store));
	enum store_open_status status;

	STAILQ_INIT(&store->webhooks);
	status = database_open(path, vfs, &store->database);
	if (status == STORE_OPENED && prepare_store(store) == -1)
		status = prepare_failure(store);
	if (status == STORE_OPENED)
		status = database_start_wal(store->database);
	if (status == STORE_OPENED) {
		store->wal = database_wal(store->database);
		*opened = store;
	} else
		free_store(store);
	return status;
}

enum store_open_status
store_exit_status(const struct store *store)
{
	return sql_exit_status(store->sql);
}

void
store_close(struct store *store)
{
	if (store == NULL)
		return;
	sql_rollback(store->sql);
	/*
	 * After a failed sync a second one may lie, and a log beside another
	 * database, or none, is not ours to remove: the next start reads what
	 * there is.
	 */
	if (sql_is_broken(store->sql) || database_was_replaced(store->database))
		wal_keep_on_close(database_connection(store->database));
	else
		wal_empty(store->wal);
	free_store(store);
}

void
store_last_rows(struct store *store, int64_t *session_row,
    int64_t *customer_row)
{
	*session_row = store->session_row;
	*customer_row = store->customer_row;
}

int64_t
store_head_row(const struct store *store)
{
	return store->committed.seq;
}

bool
store_has_locked(const struct store *store)
{
	return store->has_locked;
}

void
store_take_webhooks(struct store *store, struct webhook_states *states)
{
	STAILQ_CONCAT(states, &store->webhooks);
}

int
store_key(const struct store *store, struct id_key *key)
{
	char *name = fs_with_suffix(database_path(store->database), ".key");
	enum key_file_status status = key_file_load(name, key);

	if (status == KEY_FILE_MADE && store->session_row > 0)
		log_warnx("store: %s: was missing and is made anew: "
		    "all tokens are void", name);
	free(name);
	return status == KEY_FILE_FAILED ? -1 : 0;
}

int
store_free_bytes(const struct store *store, uint64_t *bytes)
{
	char *folder = fs_dirname(database_path(store->database));
	int result = fs_free_bytes(folder, bytes);

	free(folder);
	return result;
}

void
store_copy_figures(const struct store *store, struct store_figures *figures)
{
	sql_copy_errors(store->sql, figures);
	figures->database_bytes = database_size(store->database);
	figures->wal_bytes = wal_size(store->wal);
}
