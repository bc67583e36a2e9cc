#include "column.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/id.h"
#include "engine.h"
#include "session/record.h"
#include "session/session.h"
#include "session/session_name.h"
#include "wire/message.h"
#include "wire/utf8.h"

enum {
	NAME_BYTES_MAX = 4 * MESSAGE_NAME_CHARS	/* in UTF-8 */
};

struct columns
columns_of(const struct sql_row_reader *reader, void *row, const char *table)
{
	return (struct columns){ .reader = reader, .at = row, .table = table };
}

struct columns
columns_at(const struct sql_statement *at, const char *table)
{
	return columns_of(at->connection->engine->rows, at->row, table);
}

bool
columns_fit(const struct columns *columns)
{
	return columns->why == NULL;
}

void
columns_refuse(struct columns *columns, int column, const char *why)
{
	if (columns->why != NULL)
		return;
	columns->misfit = column;
	columns->why = why;
}

void
columns_describe(const struct columns *columns, char text[COLUMN_FAULT_BYTES])
{
	const char *name = columns->reader->column_name(columns->at,
	    columns->misfit);

	if (name == NULL)	/* no memory */
		name = "a column";
	/* Cut is good enough. */
	if (columns->row == 0)
		(void)snprintf(text, COLUMN_FAULT_BYTES, "a row of %s: %s %s",
		    columns->table, name, columns->why);
	else
		(void)snprintf(text, COLUMN_FAULT_BYTES, "row %" PRId64
		    " of %s: %s %s", columns->row, columns->table, name,
		    columns->why);
}

/* Of that type; false if it is not. */
static bool
read_typed(struct columns *columns, int column, enum sql_type type,
    struct sql_value *value)
{
	columns->reader->column(columns->at, column, value);
	if (value->type == type)
		return true;
	columns_refuse(columns, column, value->type == SQL_NULL ? "is NULL" :
	    "is of another type");
	return false;
}

bool
column_is_null(const struct columns *columns, int column)
{
	struct sql_value value;

	columns->reader->column(columns->at, column, &value);
	return value.type == SQL_NULL;
}

int64_t
column_between(struct columns *columns, int column, int64_t min, int64_t max)
{
	struct sql_value value;
	int64_t number = read_typed(columns, column, SQL_INTEGER, &value) ?
	    value.number : min;

	if (number >= min && number <= max)
		return number;
	columns_refuse(columns, column, "is out of range");
	return min;
}

int64_t
column_id(struct columns *columns, int column)
{
	columns->row = column_row(columns, column);
	return columns->row;
}

int64_t
column_row(struct columns *columns, int column)
{
	return column_between(columns, column, 1, COLUMN_NUMBER_MAX);
}

int64_t
column_row_or_none(struct columns *columns, int column)
{
	return column_is_null(columns, column) ? 0 :
	    column_row(columns, column);
}

uint64_t
column_number(struct columns *columns, int column)
{
	return (uint64_t)column_between(columns, column, 0, COLUMN_NUMBER_MAX);
}

bool
column_bool(struct columns *columns, int column)
{
	return column_between(columns, column, 0, 1) != 0;
}

void
column_blob(struct columns *columns, int column, void *bytes, size_t len)
{
	struct sql_value value;

	if (!read_typed(columns, column, SQL_BLOB, &value))
		return;
	if (value.len != len)
		columns_refuse(columns, column, "is of another length");
	else
		memcpy(bytes, value.bytes, len);
}

bool
column_blob_or_none(struct columns *columns, int column, void *bytes,
    size_t len)
{
	if (column_is_null(columns, column))
		return false;
	column_blob(columns, column, bytes, len);
	return true;
}

/* The bytes of a text, which are not followed by a NUL; NULL if it is none. */
static const char *
read_text(struct columns *columns, int column, size_t *len)
{
	struct sql_value value;

	*len = 0;
	if (!read_typed(columns, column, SQL_TEXT, &value))
		return NULL;
	*len = value.len;
	return *len == 0 ? "" : value.bytes;
}

/* A text that must be there. */
static struct payload *
read_payload(struct columns *columns, int column, size_t min, size_t max)
{
	size_t len;
	const char *text = read_text(columns, column, &len);

	if (text != NULL && len >= min && len <= max)
		return payload_new(text, len);
	columns_refuse(columns, column, "is of another length");
	return NULL;
}

struct payload *
column_text_or_none(struct columns *columns, int column, size_t min, size_t max)
{
	return column_is_null(columns, column) ? NULL :
	    read_payload(columns, column, min, max);
}

struct payload *
column_session(struct columns *columns, int column)
{
	struct payload *id = read_payload(columns, column, 1, SESSION_NAME_MAX);

	if (id == NULL || memchr(id->data, '\0', id->len) == NULL)
		return id;
	columns_refuse(columns, column, "has a NUL in it");
	payload_unref(id);
	return NULL;
}

static struct payload *
read_utf8_or_none(struct columns *columns, int column, size_t min, size_t max)
{
	struct payload *text = column_text_or_none(columns, column, min, max);
	struct utf8 state = { .need = 0 };

	if (text == NULL || (utf8_feed(&state, (const uint8_t *)text->data,
	    text->len) == 0 && utf8_is_complete(&state)))
		return text;
	columns_refuse(columns, column, "is not UTF-8");
	payload_unref(text);
	return NULL;
}

struct payload *
column_name_or_none(struct columns *columns, int column)
{
	return read_utf8_or_none(columns, column, 0, NAME_BYTES_MAX);
}

struct payload *
column_account_or_none(struct columns *columns, int column)
{
	return read_utf8_or_none(columns, column, 1, RECORD_ACCOUNT_BYTES);
}

void
column_customer(struct columns *columns, int column, struct customer_id *id)
{
	size_t len;
	const char *text = read_text(columns, column, &len);

	if (text == NULL)
		return;
	if (customer_id_parse(text, len, id) == -1)
		columns_refuse(columns, column, "is no customer's id");
}

bool
column_customer_or_none(struct columns *columns, int column,
    struct customer_id *id)
{
	if (column_is_null(columns, column))
		return false;
	column_customer(columns, column, id);
	return true;
}

void
column_as(struct columns *columns, int column, enum sql_type type,
    struct sql_value *value)
{
	columns->reader->column(columns->at, column, value);
	if (value->type == type && (type != SQL_INTEGER ||
	    (value->number >= 0 && value->number <= COLUMN_NUMBER_MAX)))
		return;
	if (value->type != SQL_NULL)
		columns_refuse(columns, column, value->type == type ?
		    "is out of range" : "is of another type");
	*value = (struct sql_value){
		.type = type == SQL_INTEGER ? SQL_NULL : type,
	};
}

bool
column_is_word(const struct columns *columns, int column, const char *word)
{
	struct columns any = *columns;
	size_t len;
	const char *text = read_text(&any, column, &len);

	return text != NULL && len == strlen(word) &&
	    strncasecmp(text, word, len) == 0;
}
