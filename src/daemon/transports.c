#include "transports.h"

#include <sysexits.h>

#include "admin/metrics.h"
#include "config/options.h"
#include "listen_sockets.h"
#include "memory_trim.h"
#include "module_settings.h"
#include "net/fcgi.h"
#include "net/http.h"
#include "net/listener.h"
#include "net/longpoll.h"
#include "net/router.h"
#include "net/unsent.h"
#include "net/ws.h"
#include "net/ws_peer.h"
#include "session/record.h"

/* For so long nobody has to make room who has just come. */
#define GRACE_MS 1000

static enum http_place
on_http_begun(void *ctx, const struct sockaddr *from)
{
	struct transports *transports = ctx;

	return address_limit_take(&transports->address_limit, from);
}

static void
on_http_accepted(void *ctx, int fd, const struct sockaddr *address,
    socklen_t len)
{
	struct transports *transports = ctx;

	http_add(transports->http, fd, address, len);
	memory_trim_note_work(transports->memory_trim);
}

static void
on_fcgi_accepted(void *ctx, int fd, const struct sockaddr *address,
    socklen_t len)
{
	struct transports *transports = ctx;

	fcgi_service_add(transports->fcgi, fd, address, len);
	memory_trim_note_work(transports->memory_trim);
}

/*
 * Who has not joined goes, the longest first, whatever it waits with: a head,
 * a body, another request, or a message that says whom it speaks for.
 */
static void
make_room_for_connection(void *ctx)
{
	struct transports *transports = ctx;
	uint64_t now_ms = uv_now(transports->loop);
	uint64_t latest_ms = now_ms > GRACE_MS ? now_ms - GRACE_MS : 0;
	uint64_t http_ms = http_waiting_since_ms(transports->http);

	if (!ws_peers_make_room(transports->peers,
	    http_ms < latest_ms ? http_ms : latest_ms) &&
	    http_ms <= latest_ms)
		http_make_room(transports->http);
}

static void
release_connection(void *ctx)
{
	struct transports *transports = ctx;

	listener_release(transports->listener);
}

static void
release_http_connection(void *ctx, const struct sockaddr *counted)
{
	struct transports *transports = ctx;

	if (counted != NULL)
		address_limit_release(&transports->address_limit, counted);
	release_connection(transports);
}

static void
on_client_request(void *ctx, const struct exchange_request *request,
    struct exchange_answer *answer)
{
	struct transports *transports = ctx;

	router_request(transports->router, request, answer);
}

static void
on_http_delivered(void *ctx, const struct outbox_news *news)
{
	struct transports *transports = ctx;

	longpolls_delivered(transports->longpolls, TRANSPORT_HTTP, news);
}

static const struct http_owner http_owner = {
	.begun = on_http_begun,
	.request = on_client_request,
	.upgraded = router_upgraded,
	.delivered = on_http_delivered,
	.ended = release_http_connection,
};

static void
on_fcgi_delivered(void *ctx, const struct outbox_news *news)
{
	struct transports *transports = ctx;

	longpolls_delivered(transports->longpolls, TRANSPORT_FASTCGI, news);
}

static const struct fcgi_owner fcgi_owner = {
	.request = on_client_request,
	.delivered = on_fcgi_delivered,
	.ended = release_connection,
};

void
transports_init(struct transports *transports,
    const struct transports_config *config)
{
	const struct options *options = config->options;
	const struct unsent_settings unsent = module_settings_unsent(options);
	const struct ws_settings ws = module_settings_ws(options);
	const struct ws_peers_settings peers =
	    module_settings_ws_peers(options);
	const struct longpolls_settings longpolls =
	    module_settings_longpolls(options);
	const struct router_settings router = module_settings_router(options);
	const struct longpolls_config longpolls_config = {
		.loop = config->loop,
		.hub = config->hub,
		.quota = config->quota,
	};
	struct ws_config ws_config = { .loop = config->loop };
	struct ws_peers_config peers_config;

	transports->loop = config->loop;
	transports->memory_trim = config->memory_trim;
	address_limit_init(&transports->address_limit, config->loop,
	    config->quota);
	address_limit_configure(&transports->address_limit, options);
	transports->unsent = unsent_new(config->loop, &unsent);
	ws_config.unsent = transports->unsent;
	transports->ws = ws_service_new(&ws_config, &ws);
	peers_config = (struct ws_peers_config){
		.hub = config->hub,
		.quota = config->quota,
		.service = transports->ws,
		.log_key = config->log_key,
		.gone = release_connection,
		.ctx = transports,
	};
	transports->peers = ws_peers_new(&peers_config, &peers);
	transports->longpolls = longpolls_new(&longpolls_config, &longpolls);
	transports->router = router_new(config->shops,
	    transports->peers, transports->longpolls, &router);
}

static void
init_fcgi(struct transports *transports, const struct options *options,
    size_t max_connections)
{
	const struct fcgi_service_settings settings =
	    module_settings_fcgi(options, max_connections);
	const struct fcgi_service_config config = {
		.loop = transports->loop,
		.unsent = transports->unsent,
		.owner = &fcgi_owner,
		.ctx = transports,
		.idle_timeout_s = MODULE_SETTINGS_IDLE_S,
	};

	transports->fcgi = fcgi_service_new(&config, &settings);
}

static void
init_http(struct transports *transports, const struct options *options)
{
	const struct http_settings settings = module_settings_http(options);
	const struct http_config config = {
		.loop = transports->loop,
		.name = "http",
		.unsent = transports->unsent,
		.owner = &http_owner,
		.ctx = transports,
		.idle_timeout_s = MODULE_SETTINGS_IDLE_S,
		.reserved_fd = module_settings_reserved_fd(options),
	};

	transports->http = http_new(&config, &settings);
}

int
transports_open(struct transports *transports, const struct options *options,
    struct api_listener *api, char text[ENDPOINT_TEXT_MAX + 1])
{
	const size_t max_connections = module_settings_connections(options);
	const struct listener_config listener = {
		.loop = transports->loop,
		.limit = "max-connections",
		.make_room = make_room_for_connection,
		.ctx = transports,
	};
	const struct listen_sockets_users users = {
		.http = { .accepted = on_http_accepted, .ctx = transports },
		.fastcgi = { .accepted = on_fcgi_accepted, .ctx = transports },
		.api = api,
	};

	init_http(transports, options);
	transports->listener = listener_new(&listener, max_connections);
	init_fcgi(transports, options, max_connections);
	if (transports->http == NULL)
		return EX_OSERR;
	return listen_sockets_open(transports->listener, options, &users, text);
}

void
transports_configure(struct transports *transports,
    const struct options *options)
{
	const size_t max_connections = module_settings_connections(options);
	const struct router_settings router = module_settings_router(options);
	const struct longpolls_settings longpolls =
	    module_settings_longpolls(options);
	const struct http_settings http = module_settings_http(options);
	const struct ws_settings ws = module_settings_ws(options);
	const struct unsent_settings unsent = module_settings_unsent(options);
	const struct ws_peers_settings peers =
	    module_settings_ws_peers(options);
	const struct fcgi_service_settings fcgi =
	    module_settings_fcgi(options, max_connections);

	address_limit_configure(&transports->address_limit, options);
	router_configure(transports->router, &router);
	longpolls_configure(transports->longpolls, &longpolls);
	http_configure(transports->http, &http);
	ws_service_configure(transports->ws, &ws);
	unsent_configure(transports->unsent, &unsent);
	ws_peers_configure(transports->peers, &peers);
	fcgi_service_configure(transports->fcgi, &fcgi);
	listener_configure(transports->listener, max_connections);
}

void
transports_turn(struct transports *transports)
{
	ws_service_turn(transports->ws);
}

bool
transports_have_more(const struct transports *transports)
{
	return ws_service_is_behind(transports->ws);
}

int
transports_run_http(struct transports *transports)
{
	return http_run(transports->http);
}

void
transports_copy_counts(const struct transports *transports,
    struct metrics *metrics)
{
	ws_peers_copy_counts(transports->peers, &metrics->ws);
	ws_service_copy_counts(transports->ws, &metrics->ws_service);
	longpolls_copy_counts(transports->longpolls, &metrics->longpolls);
	router_copy_counts(transports->router, &metrics->router);
	http_copy_counts(transports->http, &metrics->http);
	fcgi_service_copy_counts(transports->fcgi, &metrics->fcgi);
	unsent_copy_counts(transports->unsent, &metrics->unsent);
	metrics->limited_connections = transports->address_limit.refused;
	metrics->connections_max = listener_max(transports->listener);
}

void
transports_stop_accepting(struct transports *transports)
{
	if (transports->listener != NULL)
		listener_stop(transports->listener);
}

void
transports_stop(struct transports *transports)
{
	if (transports->http != NULL)
		http_stop(transports->http);
	if (transports->fcgi != NULL)
		fcgi_service_stop(transports->fcgi);
	if (transports->peers != NULL)
		ws_peers_abort(transports->peers);
	while (transports->peers != NULL &&
	    (ws_peers_count(transports->peers) > 0 ||
	    longpolls_count(transports->longpolls) > 0))
		(void)uv_run(transports->loop, UV_RUN_ONCE);
}

void
transports_close(struct transports *transports)
{
	if (transports->ws != NULL)
		ws_service_free(transports->ws);
	if (transports->longpolls != NULL)
		longpolls_free(transports->longpolls);
	if (transports->unsent != NULL)
		unsent_free(transports->unsent);
}

void
transports_clear(struct transports *transports)
{
	if (transports->listener != NULL)
		listener_free(transports->listener);
	if (transports->http != NULL)
		http_free(transports->http);
	if (transports->fcgi != NULL)
		fcgi_service_free(transports->fcgi);
	router_free(transports->router);
	ws_peers_free(transports->peers);
}
