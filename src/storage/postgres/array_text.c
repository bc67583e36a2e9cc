#include "array_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "base/xalloc.h"
#include "placeholders.h"

enum {
	SOURCE_CHARS = 64,		/* of the words around unnest() ... */
	PARAMETER_CHARS = 32		/* ... and of each parameter in it */
};

/* Behind the character at text, or behind what is quoted there. */
static const char *
skip_one(const char *text)
{
	const char *verbatim = placeholders_verbatim(text);

	return verbatim != text ? verbatim : text + 1;
}

/* Where the word is, outside of parentheses and quotes; or NULL. */
static const char *
find_word(const char *text, const char *word)
{
	int depth = 0;

	for (; *text != '\0'; text = skip_one(text)) {
		if (depth == 0 && strncmp(text, word, strlen(word)) == 0)
			return text;
		if (*text == '(')
			depth++;
		else if (*text == ')')
			depth--;
	}
	return NULL;
}

/* The parenthesis that closes the one at text; or NULL. */
static const char *
find_closing(const char *text)
{
	int depth = 0;

	for (; *text != '\0'; text = skip_one(text)) {
		if (*text == '(')
			depth++;
		else if (*text == ')' && --depth == 0)
			return text;
	}
	return NULL;
}

static bool
has_parameter(const char *text)
{
	for (; *text != '\0'; text = skip_one(text))
		if (*text == '$')
			return true;
	return false;
}

static char *
put(char *out, const char *text, size_t len)
{
	memcpy(out, text, len);
	return out + len;
}

/* The text up to end, whose parameters are columns of p. */
static char *
put_of_row(char *out, const char *text, const char *end)
{
	const char *next;

	for (; text < end; text = next) {
		next = skip_one(text);
		if (*text == '$' && isdigit((unsigned char)text[1]))
			out = put(out, "p.p", 3);
		else
			out = put(out, text, (size_t)(next - text));
	}
	return out;
}

static char *
put_source(char *out, int count)
{
	int i;

	out += xsnprintf(out, SOURCE_CHARS, " FROM unnest(");
	for (i = 1; i <= count; i++)
		out += xsnprintf(out, PARAMETER_CHARS, "%s$%d",
		    i == 1 ? "" : ", ", i);
	out += xsnprintf(out, SOURCE_CHARS, ") AS p (");
	for (i = 1; i <= count; i++)
		out += xsnprintf(out, PARAMETER_CHARS, "%sp%d",
		    i == 1 ? "" : ", ", i);
	return out + xsnprintf(out, SOURCE_CHARS, ")");
}

/* Room for what a text becomes, in which a $N grows by two. */
static char *
make_room(const char *text, int count)
{
	return xcalloc(1, 2 * strlen(text) + (size_t)count * PARAMETER_CHARS +
	    SOURCE_CHARS);
}

static char *
make_insert(const char *text, int count)
{
	static const char values[] = " VALUES (";
	const char *at = find_word(text, values), *row, *end;
	char *made, *out;

	if (at == NULL)
		return NULL;
	row = at + sizeof(values) - 1;
	end = find_closing(row - 1);
	if (end == NULL || has_parameter(end) || (end[1] != '\0' &&
	    strncmp(end + 1, " ON CONFLICT ", 13) != 0) ||
	    find_word(end + 1, " RETURNING ") != NULL)
		return NULL;
	made = make_room(text, count);
	out = put(made, text, (size_t)(at - text));
	out = put(out, " SELECT ", 8);
	out = put_of_row(out, row, end);
	out = put_source(out, count);
	(void)put(out, end + 1, strlen(end + 1));
	return made;
}

static char *
make_update(const char *text, int count)
{
	const char *where = find_word(text, " WHERE ");
	char *made, *out;

	if (where == NULL || find_word(text, " FROM ") != NULL ||
	    find_word(text, " RETURNING ") != NULL)
		return NULL;
	made = make_room(text, count);
	out = put_of_row(made, text, where);
	out = put_source(out, count);
	(void)put_of_row(out, where, where + strlen(where));
	return made;
}

char *
array_text_make(const char *text, int count)
{
	if (count == 0)
		return NULL;
	if (strncmp(text, "INSERT INTO ", 12) == 0)
		return make_insert(text, count);
	return strncmp(text, "UPDATE ", 7) == 0 ? make_update(text, count) :
	    NULL;
}
