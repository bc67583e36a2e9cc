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

/*
 * Columns are fetched once as values: there are many of them, and whole
 * journals are read.
 */
static sqlite3_value *
fetch(sqlite3_stmt *at, int column)
{
	return sqlite3_column_value(at, column);
}

/* An integer; -1 if the column has anything else. */
static int
read_number(sqlite3_stmt *at, enum column column, int64_t *number)
{
	sqlite3_value *value = fetch(at, (int)column);

	*number = sqlite3_value_int64(value);
	return sqlite3_value_type(value) == SQLITE_INTEGER ? 0 : -1;
}

/* Exactly len bytes; -1 if the column has anything else. */
static int
read_blob(sqlite3_stmt *at, int column, void *out, size_t len)
{
	sqlite3_value *value = fetch(at, column);

	if (sqlite3_value_type(value) != SQLITE_BLOB ||
	    (size_t)sqlite3_value_bytes(value) != len)
		return -1;
	memcpy(out, sqlite3_value_blob(value), len);
	return 0;
}

/* A text or NULL, which is *text then; -1 if the column has neither. */
static int
read_text(sqlite3_stmt *at, int column, struct payload **text)
{
	sqlite3_value *value = fetch(at, column);

	*text = NULL;
	switch (sqlite3_value_type(value)) {
	case SQLITE_NULL:
		return 0;
	case SQLITE_TEXT:
		*text = payload_new(sqlite3_value_blob(value),
		    (size_t)sqlite3_value_bytes(value));
		return 0;
	}
	return -1;
}

/* A customer's id, in the digits that we write, or NULL; -1 if neither. */
static int
read_customer(sqlite3_stmt *at, enum column column, bool *has,
    struct customer_id *id)
{
	sqlite3_value *value = fetch(at, (int)column);
	int type = sqlite3_value_type(value);
	char digits[ID_CUSTOMER_HEX + 1];
	const char *text;

	*has = type != SQLITE_NULL;
	if (!*has)
		return 0;
	text = sqlite3_value_blob(value);
	if (type != SQLITE_TEXT || text == NULL || customer_id_parse(text,
	    (size_t)sqlite3_value_bytes(value), id) == -1)
		return -1;
	customer_id_format(id, digits);
	return memcmp(digits, text, ID_CUSTOMER_HEX) == 0 ? 0 : -1;
}

/*
 * Whether the record has the customers that its event must have.  Where it may
 * have one or none it must not be zeros, which would hash as none.
 */
static bool
customers_are_right(const struct record *record)
{
	static const struct customer_id zeros;

	if (record->has_displaced &&
	    customer_id_equal(&record->displaced, &zeros))
		return false;
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
		return !record->has_customer ||
		    !customer_id_equal(&record->customer, &zeros);
	}
	return false;
}

/* The columns that are numbers of ours. */
static const char *
read_enums(struct record *record, int64_t event, int64_t transport,
    int64_t flags)
{
	if (event < RECORD_START || event > RECORD_RETAIN)
		return "its event is unknown";
	if (transport < TRANSPORT_NONE || transport > TRANSPORT_FASTCGI)
		return "its transport is unknown";
	record->event = (enum record_event)event;
	record->transport = (enum transport)transport;
	chain_read_flags(record, (uint64_t)flags);
	return chain_flags(record) == (uint64_t)flags ? NULL :
	    "its flags are unknown";
}

static const char *
read_numbers(sqlite3_stmt *at, struct audit_row *row)
{
	struct record *record = &row->record;
	int64_t incarnation, revision, event, time_ms, transport, flags;
	int64_t client_seq;
	int rc = 0;

	rc |= read_number(at, COLUMN_SEQ, &row->seq);
	rc |= read_number(at, COLUMN_SESSION, &record->session_row);
	rc |= read_number(at, COLUMN_INCARNATION, &incarnation);
	rc |= read_number(at, COLUMN_REVISION, &revision);
	rc |= read_number(at, COLUMN_EVENT, &event);
	rc |= read_number(at, COLUMN_TIME, &time_ms);
	rc |= read_number(at, COLUMN_TRANSPORT, &transport);
	rc |= read_number(at, COLUMN_FLAGS, &flags);
	rc |= read_number(at, COLUMN_CLIENT_SEQ, &client_seq);
	record->incarnation = (uint64_t)incarnation;
	record->revision = (uint64_t)revision;
	record->time_ms = (uint64_t)time_ms;
	record->client_seq = (uint64_t)client_seq;
	if (rc != 0)
		return "a number in it is none";
	return read_enums(record, event, transport, flags);
}

const char *
audit_row_read(sqlite3_stmt *at, struct audit_row *row)
{
	struct record *record = &row->record;
	const char *fault = read_numbers(at, row);

	if (fault != NULL)
		return fault;
	if (read_customer(at, COLUMN_CUSTOMER, &record->has_customer,
	    &record->customer) == -1 ||
	    read_customer(at, COLUMN_DISPLACED, &record->has_displaced,
	    &record->displaced) == -1 || !customers_are_right(record))
		return "its customer cannot be";
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
	sqlite3_value *value = fetch(at, column);
	int type = sqlite3_value_type(value), len;
	const void *text;

	if (type == SQLITE_NULL)
		return 0;
	text = sqlite3_value_blob(value);
	len = sqlite3_value_bytes(value);
	if (type != SQLITE_TEXT || len == 0 || len > RECORD_ADDRESS_CHARS ||
	    memchr(text, '\0', (size_t)len) != NULL)
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
