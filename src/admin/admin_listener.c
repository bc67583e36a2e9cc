#include "admin_listener.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "admin_call.h"
#include "admin_router.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "config/admin_socket.h"
#include "config/endpoint.h"
#include "config/options.h"
#include "config/socket_access.h"
#include "net/http.h"
#include "net/listener.h"

/* Connections to the admin socket, beside max-connections; and as many to the
 * ports of admin-listen, where anybody on the machine comes. */
#define CONNECTIONS_MAX 16

/* HTTP whose requests are answered at once. */
struct admin_http {
	const struct admin_config *config;
	/* NULL, both, if there is no HTTP, which was logged. */
	struct http *http;
	struct listener *listener;
};

struct admin_listener {
	struct admin_config config;
	struct admin_http socket;
	struct admin_http ports;
};

static void
on_admin_accepted(void *ctx, int fd, const struct sockaddr *address,
    socklen_t len)
{
	struct admin_http *self = ctx;

	http_add(self->http, fd, address, len);
}

static void
on_admin_request(void *ctx, const struct exchange_request *request,
    struct exchange_answer *answer)
{
	const struct admin_http *self = ctx;

	admin_router_answer(self->config, request, answer);
}

static void
release_admin_connection(void *ctx, const struct sockaddr *counted)
{
	struct admin_http *self = ctx;

	(void)counted;	/* NULL */
	listener_release(self->listener);
}

/* Nothing is ever upgraded there, and no answer shows news. */
static const struct http_owner http_owner = {
	.request = on_admin_request,
	.ended = release_admin_connection,
};

/* name is that of its connections, in the log. */
static void
admin_http_init(struct admin_http *self, const char *name,
    const struct admin_listener_config *config,
    const struct http_settings *settings)
{
	const struct listener_config listener = {
		.loop = config->loop,
		.limit = name,
	};
	const struct http_config http = {
		.loop = config->loop,
		.name = "admin",
		.max_connections = CONNECTIONS_MAX,
		.owner = &http_owner,
		.ctx = self,
		.idle_timeout_s = config->idle_timeout_s,
	};

	self->http = http_new(&http, settings);
	if (self->http != NULL)
		self->listener = listener_new(&listener, CONNECTIONS_MAX);
}

static int
admin_http_listen(struct admin_http *self, struct endpoint *endpoint,
    const struct socket_access *access)
{
	const struct listener_user user = {
		.accepted = on_admin_accepted,
		.ctx = self,
	};

	return listener_add(self->listener, endpoint, access, &user);
}

static void
admin_http_stop(struct admin_http *self)
{
	if (self->http == NULL)
		return;
	listener_stop(self->listener);
	http_stop(self->http);
}

static void
admin_http_clear(struct admin_http *self)
{
	if (self->http == NULL)
		return;
	listener_free(self->listener);
	http_free(self->http);
}

struct admin_listener *
admin_listener_new(const struct admin_listener_config *config,
    const struct http_settings *settings)
{
	struct admin_listener *listener = xcalloc(1, sizeof(*listener));

	listener->config = config->admin;
	listener->config.calls = admin_calls_new(config->admin.hub);
	listener->socket.config = &listener->config;
	listener->ports.config = &listener->config;
	admin_http_init(&listener->socket, "connections to the admin socket",
	    config, settings);
	/* One that does not start explains enough. */
	if (listener->socket.http != NULL)
		admin_http_init(&listener->ports,
		    "connections to ports of admin-listen", config, settings);
	return listener;
}

/* Listen on the admin socket; -1 if that must be and is not possible. */
static int
listen_admin_socket(struct admin_listener *listener)
{
	static const struct socket_access private = {
		.mode = S_IRUSR | S_IWUSR,
		.owner = (uid_t)-1,
		.group = (gid_t)-1,
	};
	const struct options *options = listener->config.options;
	struct endpoint endpoint;

	switch (admin_socket_find(options, &endpoint)) {
	case ADMIN_SOCKET_NONE:
	case ADMIN_SOCKET_UNNAMED:	/* not of a daemon, which has a key */
		return 0;
	case ADMIN_SOCKET_CONFIGURED:
		return admin_http_listen(&listener->socket, &endpoint,
		    &private);
	case ADMIN_SOCKET_DEFAULT:
		if (admin_http_listen(&listener->socket, &endpoint,
		    &private) == -1)
			log_warnx("there is no admin socket: see "
			    "admin-listen");
		return 0;
	case ADMIN_SOCKET_TOO_LONG:
		log_warnx("there is no admin socket: %s.admin is too long for "
		    "one: see admin-listen",
		    admin_socket_neighbour(options));
		return 0;
	}
	return -1;
}

/* Listen on the ports of admin-listen; -1 if that is not possible. */
static int
listen_admin_ports(struct admin_listener *listener)
{
	char text[ENDPOINT_TEXT_MAX + 1];
	struct endpoint endpoint;
	size_t i = 0;

	while (admin_socket_next_port(listener->config.options, &i,
	    &endpoint)) {
		if (admin_http_listen(&listener->ports, &endpoint, NULL) == -1)
			return -1;
		endpoint_format(&endpoint, text);
		log_info("to be watched on %s", text);
	}
	return 0;
}

int
admin_listener_open(struct admin_listener *listener)
{
	return listener->socket.http == NULL || listener->ports.http == NULL ||
	    listen_admin_socket(listener) == -1 ||
	    listen_admin_ports(listener) == -1 ? -1 : 0;
}

void
admin_listener_configure(struct admin_listener *listener,
    const struct http_settings *settings)
{
	http_configure(listener->socket.http, settings);
	http_configure(listener->ports.http, settings);
}

int
admin_listener_run(struct admin_listener *listener)
{
	int wait_ms = http_run(listener->socket.http);

	return http_sooner(wait_ms, http_run(listener->ports.http));
}

void
admin_listener_stop(struct admin_listener *listener)
{
	if (listener == NULL)
		return;
	admin_http_stop(&listener->socket);
	admin_http_stop(&listener->ports);
}

void
admin_listener_free(struct admin_listener *listener)
{
	if (listener == NULL)
		return;
	admin_http_clear(&listener->socket);
	admin_http_clear(&listener->ports);
	admin_calls_free(listener->config.calls);
	free(listener);
}
