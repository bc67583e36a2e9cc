#include "query.h"

#include <stdint.h>
#include <string.h>

#include "hex.h"

enum { ESCAPE_CHARS = 3 };	/* % and two digits */

int
query_next(const char **query, struct query_field *field)
{
	const char *at = *query, *equals;
	size_t len = strcspn(at, "&");

	if (*at == '\0')
		return -1;
	*query = at + len + (at[len] == '&');
	*field = (struct query_field){ .name = at, .name_len = len };
	equals = memchr(at, '=', len);
	if (equals == NULL)
		return 0;
	field->name_len = (size_t)(equals - at);
	field->value = equals + 1;
	field->value_len = len - field->name_len - 1;
	return 0;
}

/* The byte that len bytes begin with, which are moved behind it; -1: none. */
static int
take_byte(const char **at, size_t *len)
{
	uint8_t byte = **at == '+' ? ' ' : (uint8_t)**at;
	size_t n = byte == '%' ? ESCAPE_CHARS : 1;

	if (n > *len || (n > 1 && hex_parse(*at + 1, 1, &byte) == -1))
		return -1;
	*at += n;
	*len -= n;
	return byte;
}

int
query_decode(const struct query_field *field, char *value, size_t size)
{
	const char *at = field->value;
	size_t left = field->value_len, n = 0;
	int byte;

	value[0] = '\0';
	if (at == NULL)
		return -1;
	while (left > 0) {
		byte = take_byte(&at, &left);
		if (byte <= 0 || n + 1 == size) {
			value[0] = '\0';
			return -1;
		}
		value[n++] = (char)byte;
	}
	value[n] = '\0';
	return 0;
}

bool
query_field_is(const struct query_field *field, const char *name)
{
	return strlen(name) == field->name_len &&
	    memcmp(field->name, name, field->name_len) == 0;
}

int
query_only(const char *query, const char *name, char *value, size_t size)
{
	struct query_field field;

	value[0] = '\0';
	return query_next(&query, &field) == 0 && *query == '\0' &&
	    query_field_is(&field, name) ?
	    query_decode(&field, value, size) : -1;
}

int
query_find(const char *query, const char *name, char *value, size_t size)
{
	struct query_field field;

	value[0] = '\0';
	while (query_next(&query, &field) == 0) {
		if (field.value == NULL || !query_field_is(&field, name))
			continue;
		(void)query_decode(&field, value, size);
		return 0;
	}
	return -1;
}
