#include "admin_http.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "net/http.h"
#include "net/listener.h"

struct door {
	struct admin_http_config config;
	struct http *http;
	struct listener *listener;
};

static void
on_admin_accepted(void *ctx, int fd, const struct sockaddr *address,
    socklen_t len)
{
	struct door *door = ctx;

	http_add(door->http, fd, address, len);
}

static void
on_admin_http_request(void *ctx, const struct exchange_request *request,
    struct exchange_answer *answer)
{
	struct door *door = ctx;

	door->config.request(door->config.ctx, request, answer);
}

static void
release_admin_connection(void *ctx, const struct sockaddr *counted)
{
	struct door *door = ctx;

	(void)counted;	/* NULL */
	listener_release(door->listener);
}

/* Nothing is ever upgraded there, and no answer shows news. */
static const struct http_owner http_owner = {
	.request = on_admin_http_request,
	.ended = release_admin_connection,
};

struct door *
admin_http_new(const struct admin_http_config *config,
    const struct http_settings *settings)
{
	const struct listener_config listener = {
		.loop = config->loop,
		.limit = config->name,
	};
	struct door *door = xcalloc(1, sizeof(*door));
	const struct http_config http = {
		.loop = config->loop,
		.name = "admin",
		.max_connections = config->max_connections,
		.owner = &http_owner,
		.ctx = door,
		.idle_timeout_s = config->idle_timeout_s,
	};

	door->config = *config;
	door->http = http_new(&http, settings);
	if (door->http == NULL) {
		free(door);
		return NULL;
	}
	door->listener = listener_new(&listener, config->max_connections);
	return door;
}

void
admin_http_configure(struct door *door, const struct http_settings *settings)
{
	http_configure(door->http, settings);
}

int
admin_http_open(struct door *door, struct endpoint *endpoint,
    const struct socket_access *access)
{
	const struct listener_user user = {
		.accepted = on_admin_accepted,
		.ctx = door,
	};

	return listener_add(door->listener, endpoint, access, &user);
}

int
admin_http_run(struct door *door)
{
	return http_run(door->http);
}

void
admin_http_stop(struct door *door)
{
	if (door == NULL)
		return;
	listener_stop(door->listener);
	http_stop(door->http);
}

void
admin_http_free(struct door *door)
{
	if (door == NULL)
		return;
	listener_free(door->listener);
	http_free(door->http);
	free(door);
}
