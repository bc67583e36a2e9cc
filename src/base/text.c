#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static size_t write_whole(char *out, size_t size, const char *format,
    va_list ap) __attribute__((format(printf, 3, 0)));

static size_t
write_whole(char *out, size_t size, const char *format, va_list ap)
{
	int n = vsnprintf(out, size, format, ap);

	if (n < 0 || (size_t)n >= size)
		abort();
	return (size_t)n;
}

size_t
xsnprintf(char *out, size_t size, const char *format, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, format);
	n = write_whole(out, size, format, ap);
	va_end(ap);
	return n;
}

void
text_add(struct text *text, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	text->len += write_whole(text->bytes + text->len,
	    sizeof(text->bytes) - text->len, format, ap);
	va_end(ap);
}
