#include "api_listener.h"

#include <stdlib.h>

#include "api_answer.h"
#include "api_call.h"
#include "api_router.h"
#include "base/xalloc.h"
#include "event_stream.h"
#include "hub/shop.h"
#include "net/exchange.h"
#include "net/http.h"

/* For so long nobody has to make room who has just come. */
#define GRACE_MS 1000

struct api_listener {
	struct api_listener_config config;
	struct http_settings settings;
	struct api_router router;
	struct status_counts answers;
	/* NULL, all of them, until it is started. */
	struct http *http;
	struct listener *listener;
};

static void
on_api_accepted(void *ctx, int fd, const struct sockaddr *address,
    socklen_t len)
{
	struct api_listener *api = ctx;

	http_add(api->http, fd, address, len);
}

static void
on_api_request(void *ctx, const struct exchange_request *request,
    struct exchange_answer *answer)
{
	struct api_listener *api = ctx;

	api_router_request(&api->router, request, answer);
	/* The call that it waits for is counted when it is over. */
	if (answer->status != 0)
		status_counts_add(&api->answers, answer->status);
}

static void
on_call_answered(void *ctx, unsigned status)
{
	struct api_listener *api = ctx;

	status_counts_add(&api->answers, status);
}

static bool
is_api_draining(const void *ctx)
{
	const struct api_listener *api = ctx;

	return api->config.is_draining(api->config.ctx);
}

static void
release_api_connection(void *ctx, const struct sockaddr *counted)
{
	struct api_listener *api = ctx;

	(void)counted;	/* NULL */
	listener_release(api->listener);
}

/* Nothing is ever upgraded there, and no answer shows news. */
static const struct http_owner http_owner = {
	.request = on_api_request,
	.ended = release_api_connection,
};

/* Who says nothing for longest goes. */
static void
make_room(void *ctx)
{
	struct api_listener *api = ctx;
	uint64_t now_ms = uv_now(api->config.loop);

	if (now_ms > GRACE_MS &&
	    http_waiting_since_ms(api->http) <= now_ms - GRACE_MS)
		http_make_room(api->http);
}

static size_t
count_shops_with_keys(const struct shops *shops)
{
	const struct shop *shop;
	size_t count = 0;

	for (shop = shops_first(shops); shop != NULL; shop = shops_next(shop))
		count += shop->settings.api_keys != NULL;
	return count;
}

struct api_listener *
api_listener_new(const struct api_listener_config *config,
    const struct api_access_settings *access, const struct http_settings *http)
{
	struct api_listener *api = xcalloc(1, sizeof(*api));
	const struct api_calls_config calls = {
		.loop = config->loop,
		.hub = config->hub,
		.answered = on_call_answered,
		.is_draining = is_api_draining,
		.ctx = api,
	};
	const struct event_stream_config events = {
		.loop = config->loop,
		.database = config->database,
		.answered = on_call_answered,
		.is_draining = is_api_draining,
		.ctx = api,
	};

	api->config = *config;
	api->settings = *http;
	api->router = (struct api_router){
		.access = api_access_new(config->shops, access),
		.calls = api_calls_new(&calls),
		.events = event_stream_new(&events),
		.is_draining = is_api_draining,
		.ctx = api,
	};
	event_stream_configure(api->router.events,
	    count_shops_with_keys(config->shops));
	return api;
}

int
api_listener_start(struct api_listener *api)
{
	const struct listener_config listener = {
		.loop = api->config.loop,
		.limit = "connections to api-listen",
		.make_room = make_room,
		.ctx = api,
	};
	const struct http_config http = {
		.loop = api->config.loop,
		.name = "api",
		.max_connections = API_CONNECTIONS_MAX,
		.unsent = api->config.unsent,
		.owner = &http_owner,
		.ctx = api,
		.idle_timeout_s = api->config.idle_timeout_s,
		.refusal_body = api_answer_malformed,
	};

	api->http = http_new(&http, &api->settings);
	if (api->http == NULL)
		return -1;
	api->listener = listener_new(&listener, API_CONNECTIONS_MAX);
	return 0;
}

struct listener *
api_listener_sockets(const struct api_listener *api)
{
	return api->listener;
}

struct listener_user
api_listener_user(struct api_listener *api)
{
	return (struct listener_user){
		.accepted = on_api_accepted,
		.ctx = api,
	};
}

void
api_listener_configure(struct api_listener *api,
    const struct api_access_settings *access, const struct http_settings *http)
{
	api->settings = *http;
	api_access_configure(api->router.access, access);
	event_stream_configure(api->router.events,
	    count_shops_with_keys(api->config.shops));
	if (api->http != NULL)
		http_configure(api->http, http);
}

int
api_listener_run(struct api_listener *api)
{
	return api->http == NULL ? -1 : http_run(api->http);
}

size_t
api_listener_pending(const struct api_listener *api)
{
	return api_calls_count(api->router.calls) +
	    event_stream_count(api->router.events);
}

void
api_listener_committed(struct api_listener *api)
{
	event_stream_committed(api->router.events);
}

void
api_listener_drain(struct api_listener *api)
{
	event_stream_drain(api->router.events);
}

void
api_listener_copy_counts(const struct api_listener *api,
    struct api_counts *counts)
{
	struct http_counts http = { .open = 0 };

	if (api->http != NULL)
		http_copy_counts(api->http, &http);
	counts->answers = api->answers;
	counts->refused = http.refused;
	counts->connections = http.open;
}

void
api_listener_stop(struct api_listener *api)
{
	if (api == NULL)
		return;
	if (api->http != NULL) {
		listener_stop(api->listener);
		http_stop(api->http);
	}
	api_calls_free(api->router.calls);
	event_stream_stop(api->router.events);
}

void
api_listener_free(struct api_listener *api)
{
	if (api == NULL)
		return;
	if (api->http != NULL) {
		listener_free(api->listener);
		http_free(api->http);
	}
	event_stream_free(api->router.events);
	api_access_free(api->router.access);
	free(api);
}
