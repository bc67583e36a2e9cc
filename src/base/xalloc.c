#include "xalloc.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"

void *
xcalloc(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (p == NULL)
		fatalx("out of memory (%zu times %zu bytes)", n, size);
	return p;
}

void *
xrealloc(void *p, size_t size)
{
	p = realloc(p, size);
	if (p == NULL)
		fatalx("out of memory (%zu bytes)", size);
	return p;
}

char *
xstrdup(const char *s)
{
	char *copy = strdup(s);

	if (copy == NULL)
		fatalx("out of memory (%zu bytes)", strlen(s) + 1);
	return copy;
}
