#include "span.h"

#include <string.h>

static const struct span nothing;

bool
span_equals(struct span span, const char *text)
{
	return span.len == strlen(text) && memcmp(span.at, text, span.len) == 0;
}

/* Skip separators and white space: enough where the input is valid. */
static struct span
skip_between(struct span text)
{
	while (text.len > 0 && strchr(" \t\r\n,:", *text.at) != NULL) {
		text.at++;
		text.len--;
	}
	return text;
}

/* The length of the string at the beginning, quotes included; 0 if endless. */
static size_t
string_length(struct span text)
{
	size_t i;

	for (i = 1; i < text.len; i++) {
		if (text.at[i] == '"')
			return i + 1;
		if (text.at[i] == '\\')
			i++;
	}
	return 0;
}

/* The same for an object or array. */
static size_t
nest_length(struct span text)
{
	size_t i = 0, depth = 0, n;

	while (i < text.len) {
		switch (text.at[i]) {
		case '"':
			n = string_length((struct span){ text.at + i,
			    text.len - i });
			if (n == 0)
				return 0;
			i += n - 1;
			break;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			if (--depth == 0)
				return i + 1;
			break;
		default:
			break;
		}
		i++;
	}
	return 0;
}

/* The same for a number or a literal. */
static size_t
word_length(struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (memchr(",:]} \t\r\n", text.at[i], 8) != NULL)
			break;
	return i;
}

struct span
span_next(struct span *items)
{
	struct span value = skip_between(*items);
	size_t n;

	if (value.len == 0)
		return nothing;
	if (*value.at == '"')
		n = string_length(value);
	else if (*value.at == '{' || *value.at == '[')
		n = nest_length(value);
	else
		n = word_length(value);
	if (n == 0)
		return nothing;
	*items = (struct span){ value.at + n, value.len - n };
	return (struct span){ value.at, n };
}

static struct span
inside(struct span value, char open, char close)
{
	if (value.len < 2 || value.at[0] != open ||
	    value.at[value.len - 1] != close)
		return nothing;
	return (struct span){ value.at + 1, value.len - 2 };
}

struct span
span_string(struct span value)
{
	return inside(value, '"', '"');
}

struct span
span_items(struct span array)
{
	return inside(array, '[', ']');
}

struct span
span_member(struct span object, const char *name)
{
	struct span members = inside(object, '{', '}'), key, value;

	for (;;) {
		key = span_string(span_next(&members));
		value = span_next(&members);
		if (key.at == NULL || value.at == NULL)
			return nothing;
		if (span_equals(key, name))
			return value;
	}
}
