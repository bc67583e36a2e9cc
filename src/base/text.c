#include "text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

void
text_add(struct text *text, const char *format, ...)
{
	size_t room = sizeof(text->bytes) - text->len;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text->bytes + text->len, room, format, ap);
	va_end(ap);
	assert(n >= 0 && (size_t)n < room);
	text->len += (size_t)n;
}
