#include "admin_listener.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "admin.h"
#include "admin_http.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "config/admin_socket.h"
#include "config/endpoint.h"
#include "config/options.h"
#include "config/socket_access.h"
#include "net/http.h"

/* Connections to the admin socket, beside max-connections, ... */
#define SOCKET_CONNECTIONS 16
/* ... and to the ports of admin-listen, where anybody on the machine comes. */
#define PORTS_CONNECTIONS 16

struct admin_listener {
	struct watch watch;
	struct operate *operate;
	struct admin *admin;
	struct door *socket;	/* this and ports: NULL without HTTP */
	struct door *ports;
};

static void
on_admin_request(void *ctx, const struct exchange_request *request,
    struct exchange_answer *answer)
{
	struct admin_listener *doors = ctx;

	admin_request(doors->admin, request, answer);
}

struct admin_listener *
admin_listener_new(const struct admin_listener_config *config,
    const struct http_settings *settings)
{
	struct admin_listener *doors = xcalloc(1, sizeof(*doors));
	struct admin_config admin = {
		.hub = config->operate.hub,
		.log_key = config->log_key,
		.watch = &doors->watch,
		.routes = operate_routes,
	};
	struct admin_http_config door = {
		.loop = config->loop,
		.name = "connections to the admin socket",
		.max_connections = SOCKET_CONNECTIONS,
		.idle_timeout_s = config->idle_timeout_s,
		.request = on_admin_request,
		.ctx = doors,
	};

	doors->watch = config->watch;
	doors->operate = operate_new(&config->operate);
	admin.ctx = doors->operate;
	doors->admin = admin_new(&admin);
	doors->socket = admin_http_new(&door, settings);
	door.name = "connections to ports of admin-listen";
	door.max_connections = PORTS_CONNECTIONS;
	/* One that does not start explains enough. */
	if (doors->socket != NULL)
		doors->ports = admin_http_new(&door, settings);
	return doors;
}

/* Listen on the admin socket; -1 if that must be and is not possible. */
static int
listen_admin_socket(struct admin_listener *doors, const struct options *options)
{
	static const struct socket_access private = {
		.mode = S_IRUSR | S_IWUSR,
		.owner = (uid_t)-1,
		.group = (gid_t)-1,
	};
	struct endpoint endpoint;

	switch (admin_socket_find(options, &endpoint)) {
	case ADMIN_SOCKET_NONE:
		return 0;
	case ADMIN_SOCKET_CONFIGURED:
		return admin_http_open(doors->socket, &endpoint, &private);
	case ADMIN_SOCKET_DEFAULT:
		if (admin_http_open(doors->socket, &endpoint, &private) == -1)
			log_warnx("there is no admin socket: see "
			    "admin-listen");
		return 0;
	case ADMIN_SOCKET_TOO_LONG:
		log_warnx("there is no admin socket: %s.admin is too long for "
		    "one: see admin-listen", options->database);
		return 0;
	}
	return -1;
}

/* Listen on the ports of admin-listen; -1 if that is not possible. */
static int
listen_admin_ports(struct admin_listener *doors, const struct options *options)
{
	char text[ENDPOINT_TEXT_MAX + 1];
	struct endpoint endpoint;
	size_t i = 0;

	while (admin_socket_next_port(options, &i, &endpoint)) {
		if (admin_http_open(doors->ports, &endpoint, NULL) == -1)
			return -1;
		endpoint_format(&endpoint, text);
		log_info("to be watched on %s", text);
	}
	return 0;
}

int
admin_listener_open(struct admin_listener *doors, const struct options *options)
{
	return doors->socket == NULL || doors->ports == NULL ||
	    listen_admin_socket(doors, options) == -1 ||
	    listen_admin_ports(doors, options) == -1 ? -1 : 0;
}

void
admin_listener_configure(struct admin_listener *doors,
    const struct http_settings *settings)
{
	admin_http_configure(doors->socket, settings);
	admin_http_configure(doors->ports, settings);
}

int
admin_listener_run(struct admin_listener *doors)
{
	int wait_ms = admin_http_run(doors->socket);

	return http_sooner(wait_ms, admin_http_run(doors->ports));
}

void
admin_listener_drain(struct admin_listener *doors)
{
	admin_drain(doors->admin);
}

void
admin_listener_stop(struct admin_listener *doors)
{
	if (doors == NULL)
		return;
	admin_http_stop(doors->socket);
	admin_http_stop(doors->ports);
}

void
admin_listener_free(struct admin_listener *doors)
{
	if (doors == NULL)
		return;
	admin_http_free(doors->socket);
	admin_http_free(doors->ports);
	admin_free(doors->admin);
	operate_free(doors->operate);
	free(doors);
}
