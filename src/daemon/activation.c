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
			    "FileDescriptorName= has to be http or fastcgi",
			    names[i]);
			result = -1;
		}
		free(names[i]);
	}
	activation->count = count;
	free(names);
	return result;
}

int
activation_take(struct activation *activation, enum activation_name name)
{
	int i, fd;

	for (i = 0; i < activation->count; i++) {
		fd = activation->fds[i];
		if (activation->names[i] == name && fd != -1) {
			activation->fds[i] = -1;
			return fd;
		}
	}
	return -1;
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
