#include "row.h"

#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "storage/column.h"

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
	COLUMN_PREVIOUS_SEQ
};

_Static_assert(COLUMN_PREVIOUS_SEQ + 1 == AUDIT_ROW_WIDTH,
    "columns of the journal");

enum body_column {
	BODY_SALT,
	BODY_NAME,
	BODY_ADDRESS,
	BODY_CART,
	BODY_REQUEST,
	BODY_ACCOUNT,
	BODY_COLUMNS
};

void
audit_row_clear(struct audit_row *row)
{
	record_clear(&row->record);
	*row = (struct audit_row){ .seq = 0 };
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
	case RECORD_PURGE:
	case RECORD_LOCK:
	case RECORD_UNLOCK:
		return !record->has_customer;
	case RECORD_ERASE:
		return !record->has_customer ||
		    !customer_id_equal(&record->customer, &zeros);
	case RECORD_CALL:
		return record->has_customer ==
		    (record->call == RECORD_CALL_REMOVE);
	}
	return false;
}

/* The columns that are numbers of ours. */
static const char *
read_event_fields(struct record *record, int64_t event, int64_t transport,
    uint64_t flags)
{
	if (event < RECORD_START || event > RECORD_EVENT_MAX)
		return "its event is unknown";
	if (transport < TRANSPORT_NONE || transport > TRANSPORT_FASTCGI)
		return "its transport is unknown";
	record->event = (enum record_event)event;
	record->transport = (enum transport)transport;
	chain_read_flags(record, flags);
	if (record->event == RECORD_CALL && (flags < RECORD_CALL_END ||
	    flags > RECORD_CALL_UNLOCK))
		return "its flags are unknown";
	return chain_flags(record) == flags ? NULL : "its flags are unknown";
}

static const char *
read_numbers(struct columns *columns, struct audit_row *row)
{
	struct record *record = &row->record;
	int64_t event, transport;
	uint64_t flags;

	row->seq = column_id(columns, COLUMN_SEQ);
	record->session_row = column_between(columns, COLUMN_SESSION, 0,
	    COLUMN_NUMBER_MAX);
	record->incarnation = column_number(columns, COLUMN_INCARNATION);
	record->revision = column_number(columns, COLUMN_REVISION);
	event = (int64_t)column_number(columns, COLUMN_EVENT);
	record->time_ms = column_number(columns, COLUMN_TIME);
	transport = (int64_t)column_number(columns, COLUMN_TRANSPORT);
	flags = column_number(columns, COLUMN_FLAGS);
	record->number = column_number(columns, COLUMN_CLIENT_SEQ);
	if (!columns_fit(columns))
		return "a number in it cannot be";
	return read_event_fields(record, event, transport, flags);
}

const char *
audit_row_read(const struct sql_statement *at, struct audit_row *row)
{
	struct columns columns = columns_at(at, "journal");
	struct record *record = &row->record;
	const char *fault = read_numbers(&columns, row);

	if (fault != NULL)
		return fault;
	record->has_customer = column_customer_or_none(&columns,
	    COLUMN_CUSTOMER, &record->customer);
	record->has_displaced = column_customer_or_none(&columns,
	    COLUMN_DISPLACED, &record->displaced);
	if (!columns_fit(&columns) || !customers_are_right(record))
		return "its customer cannot be";
	column_blob(&columns, COLUMN_DIGEST, row->digest, sizeof(row->digest));
	column_blob(&columns, COLUMN_HASH, row->hash, sizeof(row->hash));
	if (!columns_fit(&columns))
		return "its digest or hash is none";
	row->previous_seq = column_row_or_none(&columns, COLUMN_PREVIOUS_SEQ);
	return columns_fit(&columns) && row->previous_seq < row->seq ? NULL :
	    "its previous_seq cannot be";
}

/* An erased body has nothing left. */
static const char *
read_erased(const struct columns *columns, int first, struct audit_row *row)
{
	int i;

	row->is_erased = true;
	for (i = 0; i < BODY_COLUMNS; i++)
		if (!column_is_null(columns, first + i))
			return "its body is erased in part";
	return NULL;
}

static void
read_address(struct columns *columns, int column, struct record *record)
{
	struct payload *address = column_text_or_none(columns, column, 1,
	    RECORD_ADDRESS_CHARS);

	if (address == NULL)
		return;
	if (memchr(address->data, '\0', address->len) != NULL)
		columns_refuse(columns, column, "has a NUL in it");
	else
		memcpy(record->address, address->data, address->len);
	payload_unref(address);
}

const char *
audit_row_read_body(const struct sql_statement *at, int first, struct audit_row *row)
{
	struct columns columns = columns_at(at, "journal_body");
	struct record *record = &row->record;

	if (column_is_null(&columns, first + BODY_SALT))
		return read_erased(&columns, first, row);
	column_blob(&columns, first + BODY_SALT, record->salt,
	    sizeof(record->salt));
	record->name = column_text_or_none(&columns, first + BODY_NAME, 0,
	    COLUMN_TEXT_MAX);
	record->cart = column_text_or_none(&columns, first + BODY_CART, 0,
	    COLUMN_TEXT_MAX);
	read_address(&columns, first + BODY_ADDRESS, record);
	record->has_request = column_blob_or_none(&columns,
	    first + BODY_REQUEST, record->request, sizeof(record->request));
	record->account = column_text_or_none(&columns, first + BODY_ACCOUNT,
	    1, RECORD_ACCOUNT_BYTES);
	return columns_fit(&columns) ? NULL :
	    "something in its body is of the wrong kind";
}
