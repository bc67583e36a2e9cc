#include "http_text.h"

#include <string.h>
#include <strings.h>

bool
http_text_is(const char *at, size_t len, const char *text)
{
	return strlen(text) == len && strncasecmp(at, text, len) == 0;
}

size_t
http_text_span(const char *at, size_t len, const char *set)
{
	size_t n, set_len = strlen(set);

	for (n = 0; n < len; n++)
		if (memchr(set, at[n], set_len) == NULL)
			break;
	return n;
}

size_t
http_text_trim(const char *at, size_t len)
{
	while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t'))
		len--;
	return len;
}
