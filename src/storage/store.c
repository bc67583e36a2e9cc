/*
 * The database.  The journal's rows are appended, the rows of sessions and
 * customers follow them, and both become durable in one transaction.
 */
#include "store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "chain.h"
#include "column.h"
#include "engines.h"
#include "erase.h"
#include "fs.h"
#include "hub/job.h"
#include "hub/webhook_state.h"
#include "key_file.h"
#include "key_match.h"
#include "projection.h"
#include "purge.h"
#include "session/record.h"
#include "sql.h"
#include "webhook_rows.h"

enum statement {
	SQL_JOURNAL,
	SQL_BODY,
	SQL_HEAD,
	SQL_ANCHOR,
	SQL_NAME,
	STATEMENTS
};

static const struct sql_text statement_sql[STATEMENTS] = {
	[SQL_JOURNAL] = { .text =
	    "INSERT INTO journal (seq, session, incarnation, revision, event,"
	    " ts_ms, transport, customer, displaced, flags, client_seq,"
	    " digest, hash, previous_seq)"
	    " VALUES (?1, ?2, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
	    " (SELECT last_seq FROM session WHERE id = ?2))" },
	[SQL_BODY] = { .text =
	    "INSERT INTO journal_body (seq, salt, name, address, cart, request,"
	    " account) VALUES (?, ?, ?, ?, ?, ?, ?)" },
	[SQL_HEAD] = { .text =
	    "SELECT seq, hash FROM journal"
	    " ORDER BY seq DESC LIMIT 1" },
	[SQL_ANCHOR] = { .text =
	    "SELECT seq, hash FROM chain_anchor"
	    " ORDER BY seq DESC LIMIT 1" },
	[SQL_NAME] = { .text =
	    "SELECT 1 FROM session WHERE id = ? AND name = ?" },
};

struct store {
	const struct engine *engine;
	struct sql_connection *connection;
	struct sql *sql;		/* the connection's */
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
	store->head = store->committed;
	return sql_begin(store->sql);
}

/* A record reads and changes what is its session's. */
enum store_status
store_append(struct store *store, const struct record *record)
{
	uint8_t digest[CHAIN_HASH_BYTES];
	enum store_status status;

	chain_hash_body(record, digest);
	chain_hash_row(&store->head, record, digest);
	sql_about(store->sql, record->session_row);
	status = insert_row(store, record, digest);
	if (status == STORE_OK)
		status = insert_body(store, record);
	if (status == STORE_OK)
		status = projection_apply(store->sql, record,
		    store->head.seq);
	sql_about(store->sql, 0);
	return status;
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

/* What stays free until a pass begins was not needed since the last. */
static enum store_status
count_spare_pages(struct store *store, struct retention *pass)
{
	return store->engine->spare_pages == NULL ||
	    store->engine->spare_pages(store->connection,
	    &pass->spare_pages) == SQL_OK ? STORE_OK : sql_failed(store->sql);
}

static enum store_status
purge_slice(struct store *store, struct retention *pass,
    const struct record *note)
{
	size_t limit = purge_limit(pass, store->head.seq);
	enum store_status status = STORE_OK;

	if (pass->head_row == 0)
		status = count_spare_pages(store, pass);
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
	if (store->engine->give_back(store->connection,
	    &pass->spare_pages) != SQL_OK)
		return sql_failed(store->sql);
	if (pass->spare_pages == 0)
		pass->step = RETENTION_OVER;
	return STORE_OK;
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
	enum store_status status = sql_commit(store->sql, store->head.seq);

	if (status == STORE_OK)
		store->committed = store->head;
	return status;
}

void
store_rollback(struct store *store)
{
	sql_rollback(store->sql);
}

bool
store_was_lost(const struct store *store)
{
	return sql_was_lost(store->sql);
}

enum store_status
store_checkpoint(struct store *store)
{
	if (sql_is_broken(store->sql))
		return STORE_FATAL;
	return store->engine->checkpoint == NULL ||
	    store->engine->checkpoint(store->connection) == SQL_OK ?
	    STORE_OK : sql_failed(store->sql);
}

bool
store_is_tended(const struct store *store)
{
	return store->engine->tend != NULL;
}

enum store_status
store_tend(struct store *store)
{
	return sql_is_broken(store->sql) ? STORE_FATAL : sql_tend(store->sql);
}

void
store_set_waiting(struct store *store, bool (*goes_on)(void *ctx), void *ctx)
{
	if (store->engine->set_waiting != NULL)
		store->engine->set_waiting(store->connection, goes_on, ctx);
}

enum store_status
store_scrub_wal(struct store *store, int64_t *upto)
{
	if (sql_is_broken(store->sql))
		return STORE_FATAL;
	if (store->engine->scrub == NULL) {
		*upto = 0;
		return STORE_OK;
	}
	switch (store->engine->scrub(store->connection, upto)) {
	case SQL_OK:
	case SQL_ROW:
		return STORE_OK;
	case SQL_DONE:
		return STORE_REFUSED;
	case SQL_FAILED:
		break;
	}
	return sql_failed(store->sql);
}

enum store_sweep
store_sweep(const char *database)
{
	const struct engine *engine = engine_of(database);

	return engine->sweep == NULL ? STORE_NOTHING_LEFT :
	    engine->sweep(database);
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
	sql_reset(&b);
	return b.result == SQL_FAILED ? -1 : 0;
}

/* Prepare all statements and read where the database stands. */
static int
prepare_store(struct store *store)
{
	store->sql = sql_new(store->connection);
	/* The first that fails has to be the connection's last call. */
	if (projection_prepare(store->sql) == -1 ||
	    erase_prepare(store->sql) == -1 ||
	    purge_prepare(store->sql) == -1 ||
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
	const struct sql_fault *fault = store->engine->fault(store->connection);

	if (sql_is_broken(store->sql))
		return sql_exit_status(store->sql);
	log_errorx("store: %s: cannot be opened: %s",
	    store->engine->path(store->connection), fault->message);
	/* That is for readers. */
	return fault->status == STORE_NO_DATABASE ? STORE_CANNOT_CREATE :
	    fault->status;
}

/* Free the store and what it has got hold of so far. */
static void
free_store(struct store *store)
{
	bool is_broken = store->sql != NULL && sql_is_broken(store->sql);

	webhook_states_clear(&store->webhooks);
	sql_free(store->sql);
	if (store->connection != NULL)
		store->engine->close(store->connection, is_broken);
	free(store);
}

enum store_open_status
store_open(const char *name, const char *vfs, struct store **opened)
{
	struct store *store = xcalloc(1, sizeof(*store));
	enum store_open_status status;

	STAILQ_INIT(&store->webhooks);
	store->engine = engine_of(name);
	status = store->engine->open(name, vfs, &store->connection);
	if (status == STORE_OPENED && prepare_store(store) == -1)
		status = prepare_failure(store);
	if (status == STORE_OPENED)
		status = store->engine->start(store->connection);
	if (status == STORE_OPENED)
		*opened = store;
	else
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

/* Whether key, or none if it is NULL, is the one of the database's tokens. */
static int
match_key(const struct store *store, const char *name, const struct id_key *key)
{
	const char *path = store->engine->path(store->connection);

	switch (key_match(store->connection, key)) {
	case KEY_MATCHES:
		return 0;
	case KEY_IS_ANOTHER:
		log_errorx("store: %s: its tokens were made with another key "
		    "than that of %s, which %s: put the right file there", path,
		    name, key == NULL ? "is not there" : "would void them all");
		return -1;
	case KEY_MATCH_FAILED:
		break;
	}
	log_errorx("store: %s: comparing keys: %s", path,
	    store->engine->fault(store->connection)->message);
	return -1;
}

/* Read the key from the file of that name, or make both. */
static int
load_key(const struct store *store, const char *name, struct id_key *key)
{
	enum key_file_status status;

	if (access(name, F_OK) == -1 && errno == ENOENT &&
	    match_key(store, name, NULL) == -1)
		return -1;
	status = key_file_load(name, key);
	if (status == KEY_FILE_MADE && store->session_row > 0)
		log_warnx("store: %s: was missing and is made anew: "
		    "all tokens are void", name);
	return status == KEY_FILE_FAILED ? -1 : match_key(store, name, key);
}

int
store_key(const struct store *store, const char *file, struct id_key *key)
{
	const char *path = store->engine->path(store->connection);
	char *name;
	int result;

	if (file == NULL && !store->engine->has_files) {
		log_errorx("store: %s: has no place for the key of tokens: "
		    "name a file by key-file", path);
		return -1;
	}
	name = file != NULL ? xstrdup(file) : fs_with_suffix(path, ".key");
	result = load_key(store, name, key);
	free(name);
	return result;
}

int
store_free_bytes(const struct store *store, uint64_t *bytes)
{
	return store->engine->free_bytes == NULL ? -1 :
	    store->engine->free_bytes(store->connection, bytes);
}

void
store_copy_figures(const struct store *store, struct store_figures *figures)
{
	struct sql_sizes sizes;

	sql_copy_errors(store->sql, figures);
	if (store->engine->is_away != NULL &&
	    store->engine->is_away(store->connection))
		figures->trouble = STORE_ERROR_UNREACHABLE;
	store->engine->sizes(store->connection, &sizes);
	figures->database_bytes = sizes.database;
	figures->wal_bytes = sizes.wal;
}
