#include "placeholders.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/xalloc.h"

enum {
	NUMBER_CHARS = 11		/* $ and a number, for a ? */
};

/* Behind the end of what begins at text, and has end behind it. */
static const char *
skip_to(const char *text, size_t opening, const char *end)
{
	const char *at = strstr(text + opening, end);

	return at == NULL ? text + strlen(text) : at + strlen(end);
}

const char *
placeholders_verbatim(const char *text)
{
	if (*text == '\'')
		return skip_to(text, 1, "'");
	if (*text == '"')
		return skip_to(text, 1, "\"");
	if (strncmp(text, "--", 2) == 0)
		return skip_to(text, 2, "\n");
	if (strncmp(text, "/*", 2) == 0)
		return skip_to(text, 2, "*/");
	return text;
}

/* Read what is behind a ?; 0 if that is no number. */
static int
read_number(const char **text)
{
	int number = 0;

	for (; isdigit((unsigned char)**text) && number < 10000; (*text)++)
		number = 10 * number + (**text - '0');
	return number;
}

/* Behind INDEXED BY and a name; text itself if it is something else. */
static const char *
skip_hint(const char *text)
{
	static const char hint[] = "INDEXED BY ";
	const size_t len = sizeof(hint) - 1;

	if (strncmp(text, hint, len) != 0)
		return text;
	for (text += len; isalnum((unsigned char)*text) || *text == '_';)
		text++;
	return text;
}

char *
placeholders_number(const char *text, int *count)
{
	char *numbered = xcalloc(strlen(text) + 1, NUMBER_CHARS);
	const char *verbatim;
	size_t len = 0;
	int number;

	*count = 0;
	while (*text != '\0') {
		verbatim = placeholders_verbatim(text);
		if (verbatim != text) {
			memcpy(numbered + len, text, (size_t)(verbatim - text));
			len += (size_t)(verbatim - text);
			text = verbatim;
			continue;
		}
		text = skip_hint(text);
		if (*text != '?') {
			if (*text != '\0')
				numbered[len++] = *text++;
			continue;
		}
		text++;
		number = read_number(&text);
		if (number == 0)
			number = *count + 1;
		if (number > *count)
			*count = number;
		len += xsnprintf(numbered + len, NUMBER_CHARS, "$%d", number);
	}
	return numbered;
}
