#include "statement.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/text.h"
#include "base/xalloc.h"
#include "array_text.h"
#include "placeholders.h"

/* Types, as pg_type.dat has them. */
enum {
	TYPE_BOOL = 16,
	TYPE_BYTEA = 17,
	TYPE_NAME = 19,
	TYPE_INT8 = 20,
	TYPE_INT2 = 21,
	TYPE_INT4 = 23,
	TYPE_TEXT = 25,
	TYPE_UNKNOWN = 705,
	TYPE_BYTEA_ARRAY = 1001,
	TYPE_TEXT_ARRAY = 1009,
	TYPE_INT8_ARRAY = 1016,
	TYPE_VARCHAR = 1043
};

enum {
	NAME_BYTES = 24,
	NUMBER_BYTES = 8,
	BINARY = 1			/* libpq's, of formats */
};

struct statement {
	const struct sql_text *source;
	char	*text;			/* with $N */
	bool	 is_array;
	int	 count;			/* of the parameters; each has */
	Oid	*types;
	const char **values;		/* NULL is NULL */
	int	*lengths;
	int	*formats;
	uint64_t *numbers;		/* where values of such point to */
	char	 name[NAME_BYTES];
	unsigned generation;		/* 0: not prepared */
	enum statement_form form;	/* as it is prepared, ... */
	bool	 has_other_types;	/* ... which were others then */
	PGresult *rows;
	int	 row;			/* where it stands; -1 at first */
};

const char *
statement_text(const struct statement *s)
{
	return s->source->text;
}

const char *
statement_cursor(const struct statement *s)
{
	return s->name;
}

/* The text with $N; free() it. */
static char *
number(const struct sql_text *text, int *count)
{
	return placeholders_number(text->postgres != NULL ? text->postgres :
	    text->text, count);
}

/* It takes text, which has so many parameters. */
static struct statement *
new_statement(const struct sql_text *source, char *text, int count)
{
	struct statement *s = xcalloc(1, sizeof(*s));
	size_t room;
	int i;

	s->source = source;
	s->text = text;
	s->count = count;
	room = (size_t)s->count + 1;
	s->types = xcalloc(room, sizeof(*s->types));
	s->values = xcalloc(room, sizeof(*s->values));
	s->lengths = xcalloc(room, sizeof(*s->lengths));
	s->formats = xcalloc(room, sizeof(*s->formats));
	s->numbers = xcalloc(room, sizeof(*s->numbers));
	for (i = 0; i < s->count; i++) {
		s->types[i] = TYPE_INT8;
		s->formats[i] = BINARY;
	}
	return s;
}

struct statement *
statement_new(const struct sql_text *text)
{
	int count;
	char *numbered = number(text, &count);

	return new_statement(text, numbered, count);
}

struct statement *
statement_new_array(const struct sql_text *text)
{
	int count;
	char *numbered = number(text, &count);
	char *made = array_text_make(numbered, count);
	struct statement *s;

	free(numbered);
	if (made == NULL)
		return NULL;
	s = new_statement(text, made, count);
	s->is_array = true;
	return s;
}

void
statement_free(struct statement *s)
{
	if (s == NULL)
		return;
	PQclear(s->rows);
	free(s->numbers);
	free(s->formats);
	free(s->lengths);
	free(s->values);
	free(s->types);
	free(s->text);
	free(s);
}

static Oid
type_of(enum sql_type type)
{
	switch (type) {
	case SQL_TEXT:
		return TYPE_TEXT;
	case SQL_BLOB:
		return TYPE_BYTEA;
	case SQL_NULL:
	case SQL_INTEGER:
	case SQL_OTHER:
		break;
	}
	return TYPE_INT8;
}

static void
set_type(struct statement *s, int i, Oid type)
{
	if (s->types[i] != type)
		s->has_other_types = true;
	s->types[i] = type;
}

void
statement_bind(struct statement *s, int at, const struct sql_value *value)
{
	int i = at - 1;

	if (at > s->count)
		return;
	set_type(s, i, type_of(value->type));
	if (value->type == SQL_INTEGER) {
		s->numbers[i] = htobe64((uint64_t)value->number);
		s->values[i] = (const char *)&s->numbers[i];
		s->lengths[i] = NUMBER_BYTES;
	} else if (value->type == SQL_TEXT || value->type == SQL_BLOB) {
		s->values[i] = value->bytes;
		s->lengths[i] = (int)value->len;
	} else
		s->values[i] = NULL;
}

int
statement_count(const struct statement *s)
{
	return s->count;
}

struct parameter
statement_parameter(const struct statement *s, int at)
{
	return (struct parameter){
		.type = s->types[at - 1],
		.bytes = s->values[at - 1],
		.len = s->lengths[at - 1],
	};
}

void
statement_bind_parameter(struct statement *s, int at,
    const struct parameter *parameter)
{
	set_type(s, at - 1, parameter->type);
	s->values[at - 1] = parameter->bytes;
	s->lengths[at - 1] = parameter->len;
}

unsigned
statement_array_type(unsigned type)
{
	switch (type) {
	case TYPE_TEXT:
		return TYPE_TEXT_ARRAY;
	case TYPE_BYTEA:
		return TYPE_BYTEA_ARRAY;
	}
	return TYPE_INT8_ARRAY;
}

bool
statement_is_prepared(const struct statement *s, unsigned generation,
    enum statement_form form)
{
	return s->generation == generation && s->form == form &&
	    !s->has_other_types;
}

/* A row that is inserted is one, or none and an error. */
static bool
is_plain_insert(const struct statement *s)
{
	return strncmp(s->text, "INSERT ", 7) == 0 &&
	    (s->is_array || strstr(s->text, ") VALUES (") != NULL) &&
	    strstr(s->text, "ON CONFLICT") == NULL;
}

/* Which locks a row, and returns it as it is. */
static bool
is_select(const char *text)
{
	return strncmp(text, "SELECT ", 7) == 0;
}

#define ROWS(count)							\
	") SELECT 1 / CAST(count(*) = " count " AS INTEGER) FROM changed"

/* The text in that form; free() it. */
static char *
text_in_form(const struct statement *s, enum statement_form form)
{
	const char *head = "", *tail = "";
	char *text;
	size_t size;

	switch (form) {
	case STATEMENT_AS_IT_IS:
		break;
	case STATEMENT_FOR_ONE_ROW:
		if (is_plain_insert(s))
			break;
		head = "WITH changed AS (";
		tail = s->is_array ? " RETURNING 1" ROWS("cardinality($1)") :
		    is_select(s->text) ? ROWS("1") : " RETURNING 1" ROWS("1");
		break;
	case STATEMENT_AS_CURSOR:
		head = " NO SCROLL CURSOR FOR ";
		break;
	}
	size = strlen(head) + strlen(s->text) + strlen(tail) +
	    sizeof("DECLARE ") + NAME_BYTES;
	text = xcalloc(1, size);
	if (form == STATEMENT_AS_CURSOR)
		xsnprintf(text, size, "DECLARE %s%s%s", s->name, head, s->text);
	else
		xsnprintf(text, size, "%s%s%s", head, s->text, tail);
	return text;
}

int
statement_send_prepare(struct statement *s, PGconn *pg, uint64_t name,
    unsigned generation, enum statement_form form)
{
	char *text;
	int sent;

	xsnprintf(s->name, sizeof(s->name), "s%" PRIu64, name);
	text = text_in_form(s, form);
	sent = PQsendPrepare(pg, s->name, text, s->count, s->types);
	free(text);
	s->generation = generation;
	s->form = form;
	s->has_other_types = false;
	return sent;
}

int
statement_send_run(struct statement *s, PGconn *pg)
{
	return PQsendQueryPrepared(pg, s->name, s->count, s->values,
	    s->lengths, s->formats, BINARY);
}

size_t
statement_bytes(const struct statement *s)
{
	size_t bytes = 0;
	int i;

	for (i = 0; i < s->count; i++)
		if (s->values[i] != NULL && s->lengths[i] > 0)
			bytes += (size_t)s->lengths[i];
	return bytes;
}

void
statement_forget(struct statement *s)
{
	s->generation = 0;
}

void
statement_set_rows(struct statement *s, PGresult *rows)
{
	PQclear(s->rows);
	s->rows = rows;
	s->row = -1;
}

bool
statement_next(struct statement *s)
{
	return ++s->row < PQntuples(s->rows);
}

bool
statement_has_rows(const struct statement *s)
{
	return s->rows != NULL;
}

int
statement_rows(const struct statement *s)
{
	return PQntuples(s->rows);
}

int
statement_rows_within(const struct statement *s, size_t bytes)
{
	size_t rows = (size_t)PQntuples(s->rows);

	return (int)(rows * bytes / PQresultMemorySize(s->rows));
}

static uint64_t
read_number(const char *bytes, size_t len)
{
	uint64_t number = 0;
	size_t i;

	for (i = 0; i < len; i++)
		number = number << 8 | (uint8_t)bytes[i];
	return number;
}

static void
read_column(void *row, int column, struct sql_value *value)
{
	const struct statement *s = row;
	const char *bytes = PQgetvalue(s->rows, s->row, column);
	size_t len = (size_t)PQgetlength(s->rows, s->row, column);

	*value = (struct sql_value){ .type = SQL_NULL };
	if (PQgetisnull(s->rows, s->row, column))
		return;
	switch (PQftype(s->rows, column)) {
	case TYPE_BOOL:
		value->type = SQL_INTEGER;
		value->number = bytes[0] != 0;
		break;
	case TYPE_INT2:
		value->type = SQL_INTEGER;
		value->number = (int16_t)read_number(bytes, len);
		break;
	case TYPE_INT4:
		value->type = SQL_INTEGER;
		value->number = (int32_t)read_number(bytes, len);
		break;
	case TYPE_INT8:
		value->type = SQL_INTEGER;
		value->number = (int64_t)read_number(bytes, len);
		break;
	case TYPE_NAME:
	case TYPE_TEXT:
	case TYPE_UNKNOWN:
	case TYPE_VARCHAR:
		value->type = SQL_TEXT;
		break;
	case TYPE_BYTEA:
		value->type = SQL_BLOB;
		break;
	default:
		value->type = SQL_OTHER;
		return;
	}
	if (value->type != SQL_INTEGER) {
		value->bytes = bytes;
		value->len = len;
	}
}

static const char *
column_name(void *row, int column)
{
	return PQfname(((struct statement *)row)->rows, column);
}

const struct sql_row_reader statement_rows_reader = {
	.column = read_column,
	.column_name = column_name,
};
