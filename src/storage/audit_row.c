#include "audit_row.h"

#include <stddef.h>
#include <string.h>

#include <sqlite3.h>

#include "base/buf.h"
#include "sql.h"

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
	COLUMN_HASH
};

_Static_assert(COLUMN_HASH + 1 == AUDIT_ROW_WIDTH, "columns of the journal");

enum body_column {
	BODY_SALT,
	BODY_NAME,
	BODY_ADDRESS,
	BODY_CART,
	BODY_REQUEST,
	BODY_COLUMNS
};

void
audit_row_clear(struct audit_row *row)
{
	record_clear(&row->record);
	*row = (struct audit_row){ .seq = 0 };
}

/* Exactly len bytes; -1 if the column has anything else. */
static int
read_blob(sqlite3_stmt *at, int column, void *out, size_t len)
{
	if (sqlite3_column_type(at, column) != SQLITE_BLOB ||
	    (size_t)sqlite3_column_bytes(at, column) != len)
		return -1;
	memcpy(out, sqlite3_column_blob(at, column), len);
	return 0;
}

/* A text or NULL, which is *text then; -1 if the column has neither. */
static int
read_text(sqlite3_stmt *at, int column, struct payload **text)
{
	int type = sqlite3_column_type(at, column);

	*text = type == SQLITE_TEXT ? sql_column_payload(at, column) : NULL;
	return type == SQLITE_TEXT || type == SQLITE_NULL ? 0 : -1;
}

/*
 * A customer's id or NULL; -1 if it is neither.  The digits must be as we
 * write them; and zeros, which no customer has, would hash as NULL does.
 */
static int
read_customer(sqlite3_stmt *at, int column, bool *has, struct customer_id *id)
{
	static const struct customer_id zeros;
	char digits[ID_CUSTOMER_HEX + 1];

	*has = sqlite3_column_type(at, column) != SQLITE_NULL;
	if (!*has)
		return 0;
	if (sqlite3_column_type(at, column) != SQLITE_TEXT ||
	    sql_column_customer(at, column, id) == -1 ||
	    customer_id_equal(id, &zeros))
		return -1;
	customer_id_format(id, digits);
	return memcmp(digits, sqlite3_column_blob(at, column),
	    ID_CUSTOMER_HEX) == 0 ? 0 : -1;
}

/* Whether a record of the event has a customer; that of ERASE is optional. */
static bool
customer_is_right(const struct record *record)
{
	switch (record->event) {
	case RECORD_START:
	case RECORD_JOIN:
	case RECORD_CART:
	case RECORD_READY:
	case RECORD_LEAVE:
	case RECORD_EXPIRE:
	case RECORD_RETURN:
	case RECORD_REFUSED:
		return record->has_customer;
	case RECORD_END:
	case RECORD_RETAIN:
		return !record->has_customer;
	case RECORD_ERASE:
		return true;
	}
	return false;
}

/* The columns that are numbers of ours. */
static const char *
read_enums(sqlite3_stmt *at, struct record *record)
{
	sqlite3_int64 event = sqlite3_column_int64(at, COLUMN_EVENT);
	sqlite3_int64 transport = sqlite3_column_int64(at, COLUMN_TRANSPORT);
	uint64_t flags = sql_column_number(at, COLUMN_FLAGS);

	if (event < RECORD_START || event > RECORD_RETAIN)
		return "its event is unknown";
	if (transport < TRANSPORT_NONE || transport > TRANSPORT_FASTCGI)
		return "its transport is unknown";
	record->event = (enum record_event)event;
	record->transport = (enum transport)transport;
	chain_read_flags(record, flags);
	return chain_flags(record) == flags ? NULL : "its flags are unknown";
}

static bool
are_integers(sqlite3_stmt *at)
{
	static const enum column integers[] = {
		COLUMN_SEQ, COLUMN_SESSION, COLUMN_INCARNATION,
		COLUMN_REVISION, COLUMN_EVENT, COLUMN_TIME, COLUMN_TRANSPORT,
		COLUMN_FLAGS, COLUMN_CLIENT_SEQ,
	};
	size_t i;

	for (i = 0; i < sizeof(integers) / sizeof(integers[0]); i++)
		if (sqlite3_column_type(at, (int)integers[i]) !=
		    SQLITE_INTEGER)
			return false;
	return true;
}

const char *
audit_row_read(sqlite3_stmt *at, struct audit_row *row)
{
	struct record *record = &row->record;
	const char *fault;

	row->seq = sqlite3_column_int64(at, COLUMN_SEQ);
	record->session_row = sqlite3_column_int64(at, COLUMN_SESSION);
	record->incarnation = sql_column_number(at, COLUMN_INCARNATION);
	record->revision = sql_column_number(at, COLUMN_REVISION);
	record->time_ms = sql_column_number(at, COLUMN_TIME);
	record->client_seq = sql_column_number(at, COLUMN_CLIENT_SEQ);
	if (!are_integers(at))
		return "a number in it is none";
	fault = read_enums(at, record);
	if (fault != NULL)
		return fault;
	if (read_customer(at, COLUMN_CUSTOMER, &record->has_customer,
	    &record->customer) == -1 || !customer_is_right(record))
		return "its customer is none";
	if (read_customer(at, COLUMN_DISPLACED, &record->has_displaced,
	    &record->displaced) == -1)
		return "the displaced customer is none";
	if (read_blob(at, COLUMN_DIGEST, row->digest,
	    sizeof(row->digest)) == -1 ||
	    read_blob(at, COLUMN_HASH, row->hash, sizeof(row->hash)) == -1)
		return "its digest or hash is none";
	return NULL;
}

/* An erased body has nothing left. */
static const char *
read_erased(sqlite3_stmt *at, int first, struct audit_row *row)
{
	int i;

	row->is_erased = true;
	for (i = 0; i < BODY_COLUMNS; i++)
		if (sqlite3_column_type(at, first + i) != SQLITE_NULL)
			return "its body is erased in part";
	return NULL;
}

static int
read_address(sqlite3_stmt *at, int column, struct record *record)
{
	int len = sqlite3_column_bytes(at, column);
	const void *text = sqlite3_column_blob(at, column);

	if (sqlite3_column_type(at, column) == SQLITE_NULL)
		return 0;
	if (sqlite3_column_type(at, column) != SQLITE_TEXT || len == 0 ||
	    len > RECORD_ADDRESS_CHARS || memchr(text, '\0',
	    (size_t)len) != NULL)
		return -1;
	memcpy(record->address, text, (size_t)len);
	return 0;
}

const char *
audit_row_read_body(sqlite3_stmt *at, int first, struct audit_row *row)
{
	struct record *record = &row->record;

	if (sqlite3_column_type(at, first + BODY_SALT) == SQLITE_NULL)
		return read_erased(at, first, row);
	record->has_request = sqlite3_column_type(at,
	    first + BODY_REQUEST) != SQLITE_NULL;
	if (read_blob(at, first + BODY_SALT, record->salt,
	    sizeof(record->salt)) == -1 ||
	    read_text(at, first + BODY_NAME, &record->name) == -1 ||
	    read_text(at, first + BODY_CART, &record->cart) == -1 ||
	    read_address(at, first + BODY_ADDRESS, record) == -1 ||
	    (record->has_request && read_blob(at, first + BODY_REQUEST,
	    record->request, sizeof(record->request)) == -1))
		return "something in its body is of the wrong kind";
	return NULL;
}
