#include "audit_row.h"

#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "sql.h"

enum {
	SLICE_ROWS = 256,
	SLICE_BYTES = 4 << 20		/* of carts; one more may be over it */
};

enum column {
	COLUMN_SEQ,
	COLUMN_SESSION,
	COLUMN_INCARNATION,
	COLUMN_REVISION,
	COLUMN_EVENT,
	COLUMN_TIME,
	COLUMN_TRANSPORT,
	COLUMN_CUSTOMER,
	COLUMN_DISPLACED,
	COLUMN_FLAGS,
	COLUMN_CLIENT_SEQ,
	COLUMN_DIGEST,
	COLUMN_HASH,
	COLUMN_SESSION_NAME,
	COLUMN_SALT,
	COLUMN_NAME,
	COLUMN_ADDRESS,
	COLUMN_CART,
	COLUMN_REQUEST
};

#define SELECT_ROWS							\
	"SELECT j.seq, j.session, j.incarnation, j.revision, j.event,"	\
	" j.ts_ms, j.transport, j.customer, j.displaced, j.flags,"	\
	" j.client_seq, j.digest, j.hash, s.name, b.salt, b.name,"	\
	" b.address, b.cart, b.request FROM journal AS j"		\
	" LEFT JOIN session AS s ON s.id = j.session"			\
	" LEFT JOIN journal_body AS b ON b.seq = j.seq"

static const char all_sql[] = SELECT_ROWS
    " WHERE j.seq > ?2 ORDER BY j.seq LIMIT ?3";
static const char session_sql[] = SELECT_ROWS
    " WHERE j.session = ?1 AND j.seq > ?2 ORDER BY j.seq LIMIT ?3";

struct audit_cursor {
	struct audit *audit;
	sqlite3_stmt *statement;
	int64_t	 session_row;
	int64_t	 after;			/* the last row that was read */
	struct audit_row slice[SLICE_ROWS];
	size_t	 count;			/* of rows in the slice */
	size_t	 taken;			/* of them */
};

void
audit_row_clear(struct audit_row *row)
{
	record_clear(&row->record);
	*row = (struct audit_row){ .seq = 0 };
}

/* Exactly len bytes; -1 if the column has another number of them. */
static int
read_bytes(sqlite3_stmt *at, enum column column, uint8_t *out, size_t len)
{
	const void *bytes = sqlite3_column_blob(at, (int)column);

	if (bytes == NULL || (size_t)sqlite3_column_bytes(at, (int)column) !=
	    len)
		return -1;
	memcpy(out, bytes, len);
	return 0;
}

/* A customer id that may be NULL; -1 if it is neither. */
static int
read_customer(sqlite3_stmt *at, enum column column, bool *has,
    struct customer_id *id)
{
	*has = sqlite3_column_type(at, (int)column) != SQLITE_NULL;
	return *has ? sql_column_customer(at, (int)column, id) : 0;
}

static int
read_body(sqlite3_stmt *at, struct audit_row *row)
{
	struct record *record = &row->record;
	const char *address;

	row->is_erased = sqlite3_column_type(at, COLUMN_SALT) == SQLITE_NULL;
	if (row->is_erased)
		return 0;
	if (read_bytes(at, COLUMN_SALT, record->salt,
	    sizeof(record->salt)) == -1)
		return -1;
	record->name = sql_column_payload(at, COLUMN_NAME);
	record->cart = sql_column_payload(at, COLUMN_CART);
	record->has_request =
	    sqlite3_column_type(at, COLUMN_REQUEST) != SQLITE_NULL;
	if (record->has_request && read_bytes(at, COLUMN_REQUEST,
	    record->request, sizeof(record->request)) == -1)
		return -1;
	address = (const char *)sqlite3_column_text(at, COLUMN_ADDRESS);
	if (address == NULL)
		return 0;
	if (strlen(address) > RECORD_ADDRESS_CHARS)
		return -1;
	memcpy(record->address, address, strlen(address) + 1);
	return 0;
}

static int
read_row(sqlite3_stmt *at, struct audit_row *row)
{
	struct record *record = &row->record;

	*row = (struct audit_row){ .seq = sqlite3_column_int64(at, 0) };
	record->session = sql_column_payload(at, COLUMN_SESSION_NAME);
	if (record->session == NULL)
		record->session = payload_new("", 0);
	record->session_row = sqlite3_column_int64(at, COLUMN_SESSION);
	record->incarnation = sql_column_number(at, COLUMN_INCARNATION);
	record->revision = sql_column_number(at, COLUMN_REVISION);
	record->event = (enum record_event)sqlite3_column_int(at,
	    COLUMN_EVENT);
	record->time_ms = sql_column_number(at, COLUMN_TIME);
	record->transport = (enum transport)sqlite3_column_int(at,
	    COLUMN_TRANSPORT);
	record->client_seq = sql_column_number(at, COLUMN_CLIENT_SEQ);
	row->flags = sql_column_number(at, COLUMN_FLAGS);
	chain_read_flags(record, row->flags);
	if (read_customer(at, COLUMN_CUSTOMER, &record->has_customer,
	    &record->customer) == -1 ||
	    read_customer(at, COLUMN_DISPLACED, &record->has_displaced,
	    &record->displaced) == -1 ||
	    read_bytes(at, COLUMN_DIGEST, row->digest,
	    sizeof(row->digest)) == -1 ||
	    read_bytes(at, COLUMN_HASH, row->hash, sizeof(row->hash)) == -1)
		return -1;
	return read_body(at, row);
}

enum audit_status
audit_cursor_new(struct audit *audit, int64_t session_row, int64_t after,
    struct audit_cursor **made)
{
	struct audit_cursor *cursor = xcalloc(1, sizeof(*cursor));
	enum audit_status status;

	cursor->audit = audit;
	cursor->session_row = session_row;
	cursor->after = after;
	status = audit_prepare(audit, session_row == 0 ? all_sql : session_sql,
	    &cursor->statement);
	if (status == AUDIT_OK)
		*made = cursor;
	else
		audit_cursor_free(cursor);
	return status;
}

void
audit_cursor_free(struct audit_cursor *cursor)
{
	if (cursor == NULL)
		return;
	for (; cursor->taken < cursor->count; cursor->taken++)
		audit_row_clear(&cursor->slice[cursor->taken]);
	/* Repeats the error of the last run, which was handled. */
	(void)sqlite3_finalize(cursor->statement);
	free(cursor);
}

/* Read the row that the statement stands at into the slice. */
static enum audit_status
keep_row(struct audit_cursor *cursor, size_t *bytes)
{
	struct audit_row *row = &cursor->slice[cursor->count];

	if (read_row(cursor->statement, row) == -1) {
		log_errorx("%s: row %lld of the journal cannot be read",
		    audit_path(cursor->audit), (long long)row->seq);
		audit_row_clear(row);
		return AUDIT_BAD_DATA;
	}
	cursor->after = row->seq;
	cursor->count++;
	if (row->record.cart != NULL)
		*bytes += row->record.cart->len;
	return AUDIT_OK;
}

static enum audit_status
read_slice(struct audit_cursor *cursor)
{
	sqlite3_stmt *statement = cursor->statement;
	enum audit_status status = AUDIT_OK, ended;
	size_t bytes = 0;
	int rc;

	cursor->count = 0;
	cursor->taken = 0;
	rc = sqlite3_bind_int64(statement, 2, cursor->after);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int(statement, 3, SLICE_ROWS);
	if (rc == SQLITE_OK && cursor->session_row != 0)
		rc = sqlite3_bind_int64(statement, 1, cursor->session_row);
	while ((rc == SQLITE_OK || rc == SQLITE_ROW) && status == AUDIT_OK &&
	    cursor->count < SLICE_ROWS && bytes < SLICE_BYTES) {
		rc = sqlite3_step(statement);
		if (rc == SQLITE_ROW)
			status = keep_row(cursor, &bytes);
	}
	ended = audit_end_rows(cursor->audit, statement, rc);
	return status != AUDIT_OK ? status : ended;
}

enum audit_status
audit_cursor_next(struct audit_cursor *cursor, struct audit_row *row)
{
	enum audit_status status;

	if (cursor->taken == cursor->count) {
		status = read_slice(cursor);
		if (status != AUDIT_OK)
			return status;
	}
	if (cursor->taken == cursor->count)
		return AUDIT_NONE;
	*row = cursor->slice[cursor->taken++];
	return AUDIT_OK;
}
