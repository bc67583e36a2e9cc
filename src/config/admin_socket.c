#include "admin_socket.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/database_name.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "endpoint.h"
#include "options.h"

static const char format[] = "unix:%s.admin";

const char *
admin_socket_neighbour(const struct options *options)
{
	return database_name_is_postgresql(options->database) ?
	    options->key_file : options->database;
}

static enum admin_socket
find_beside(const char *file, struct endpoint *endpoint)
{
	char *path = realpath(file, NULL), *text;
	const char *fault;
	size_t size;

	if (path == NULL)
		path = xstrdup(file);
	size = strlen(path) + sizeof(format);
	text = xcalloc(1, size);
	xsnprintf(text, size, format, path);
	fault = endpoint_parse(text, endpoint);
	free(text);
	free(path);
	return fault == NULL ? ADMIN_SOCKET_DEFAULT : ADMIN_SOCKET_TOO_LONG;
}

enum admin_socket
admin_socket_find(const struct options *options, struct endpoint *endpoint)
{
	const char *file;
	size_t i;

	/* They were parsed before, as a setting. */
	for (i = 0; i < options->admin_listen_count; i++) {
		if (strcmp(options->admin_listen[i], "none") == 0)
			return ADMIN_SOCKET_NONE;
		if (endpoint_parse(options->admin_listen[i], endpoint) ==
		    NULL && endpoint->address.ss_family == AF_UNIX)
			return ADMIN_SOCKET_CONFIGURED;
	}
	file = admin_socket_neighbour(options);
	return *file == '\0' ? ADMIN_SOCKET_UNNAMED :
	    find_beside(file, endpoint);
}

bool
admin_socket_next_port(const struct options *options, size_t *i,
    struct endpoint *endpoint)
{
	while (*i < options->admin_listen_count)
		if (endpoint_parse(options->admin_listen[(*i)++], endpoint) ==
		    NULL && endpoint->address.ss_family != AF_UNIX)
			return true;
	return false;
}
