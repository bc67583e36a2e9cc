#include "activation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "base/xalloc.h"

static const char *const known[ACTIVATION_NAMES] = {
	[ACTIVATION_HTTP] = "http",
	[ACTIVATION_FASTCGI] = "fastcgi",
	[ACTIVATION_API] = "api",
};

static enum activation_name
parse_socket_name(const char *name)
{
	int i;

	for (i = 0; i < ACTIVATION_NAMES; i++)
		if (strcmp(known[i], name) == 0)
			break;
	return (enum activation_name)i;
}

int
activation_read(struct activation *activation)
{
	char **names = NULL;
	int result = 0, count, i;

	*activation = (struct activation){ .count = 0 };
	count = sd_listen_fds_with_names(1, &names);
	if (count < 0) {
		errno = -count;
		log_error("sockets of the service manager");
		return -1;
	}
	activation->fds = xcalloc((size_t)count + 1, sizeof(int));
	activation->names = xcalloc((size_t)count + 1,
	    sizeof(*activation->names));
	for (i = 0; i < count; i++) {
		activation->fds[i] = SD_LISTEN_FDS_START + i;
		activation->names[i] = parse_socket_name(names[i]);
		if (activation->names[i] == ACTIVATION_NAMES) {
			log_errorx("socket \"%s\" of the service manager: "
			    "FileDescriptorName= has to be http, fastcgi or "
			    "api", names[i]);
			result = -1;
		}
		free(names[i]);
	}
	activation->count = count;
	free(names);
	return result;
}

/* The index of the next one of that name; count if there is none. */
static int
find_activated(const struct activation *activation, enum activation_name name)
{
	int i = 0;

	while (i < activation->count && (activation->names[i] != name ||
	    activation->fds[i] == -1))
		i++;
	return i;
}

bool
activation_has(const struct activation *activation, enum activation_name name)
{
	return find_activated(activation, name) < activation->count;
}

int
activation_take(struct activation *activation, enum activation_name name)
{
	int i = find_activated(activation, name), fd;

	if (i == activation->count)
		return -1;
	fd = activation->fds[i];
	activation->fds[i] = -1;
	return fd;
}

void
activation_clear(struct activation *activation)
{
	int i;

	for (i = 0; i < activation->count; i++)
		if (activation->fds[i] != -1)
			close(activation->fds[i]);
	free(activation->fds);
	free(activation->names);
	*activation = (struct activation){ .count = 0 };
}
