#include "admin_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "net/endpoint.h"
#include "options.h"

static const char format[] = "unix:%s.admin";

enum admin_place
admin_place_find(const struct options *options, struct endpoint *endpoint)
{
	const char *fault;
	char *path, *text;
	size_t size;

	if (strcmp(options->admin_listen, "none") == 0)
		return ADMIN_PLACE_NONE;
	if (options->admin_listen[0] != '\0')
		/* It was parsed before, as a setting. */
		return endpoint_parse(options->admin_listen, endpoint) ==
		    NULL ? ADMIN_PLACE_CHOSEN : ADMIN_PLACE_NONE;
	path = realpath(options->database, NULL);
	if (path == NULL)
		path = xstrdup(options->database);
	size = strlen(path) + sizeof(format);
	text = xcalloc(1, size);
	(void)snprintf(text, size, format, path); /* fits */
	fault = endpoint_parse(text, endpoint);
	free(text);
	free(path);
	return fault == NULL ? ADMIN_PLACE_BESIDE : ADMIN_PLACE_TOO_LONG;
}
