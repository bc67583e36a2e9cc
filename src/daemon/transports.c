#include "transports.h"

#include <stddef.h>
#include <sysexits.h>
#include <unistd.h>

#include "admin/metrics.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/options.h"
#include "hub/quota.h"
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

/* For so long even in a full house nobody has to go who has just come. */
#define GRACE_MS 1000

/* An address with too many connections has one that is not let in. */
static void
warn_address_limit(struct network *network, const struct address *address)
{
	char text[ADDRESS_TEXT_MAX + 1];

	network->limited++;
	if (!log_is_due(&network->warn_ms, uv_now(network->loop)))
		return;
	address_format_detail(address, network->log_addresses, text);
	log_warnx("network: %s has max-connections-per-address; if it is a "
	    "proxy, name it in trusted-proxies",
	    text[0] != '\0' ? text : "an address");
}

static enum http_place
count_http_connection(void *ctx, const struct sockaddr *from)
{
	struct network *network = ctx;
	struct address address = address_from_sockaddr(from);
	uint8_t key[QUOTA_KEY_BYTES];

	/* For whom a proxy speaks is known only from its requests. */
	if (address_is_trusted(network->trusted_proxies,
	    network->trusted_proxies_count, &address) ||
	    !address_limit_key(&address, key))
		return HTTP_PLACE_NONE;
	if (quota_connect(network->quota, key) == 0)
		return HTTP_PLACE_TAKEN;
	warn_address_limit(network, &address);
	return HTTP_PLACE_REFUSED;
}

static void
on_http_accepted(void *ctx, int fd, const struct sockaddr *address,
    socklen_t len)
{
	struct network *network = ctx;

	http_add(network->http, fd, address, len);
	memory_trim_note_work(network->memory_trim);
}

static void
on_fcgi_accepted(void *ctx, int fd, const struct sockaddr *address,
    socklen_t len)
{
	struct network *network = ctx;

	fcgi_service_add(network->fcgi, fd, address, len);
	memory_trim_note_work(network->memory_trim);
}

/*
 * Who has not joined goes, the longest first, whatever it waits with: a head,
 * a body, another request, or a message that says whom it speaks for.
 */
static void
make_room_for_connection(void *ctx)
{
	struct network *network = ctx;
	uint64_t now_ms = uv_now(network->loop);
	uint64_t latest_ms = now_ms > GRACE_MS ? now_ms - GRACE_MS : 0;
	uint64_t http_ms = http_waiting_since_ms(network->http);

	if (!ws_peers_make_room(network->peers,
	    http_ms < latest_ms ? http_ms : latest_ms) &&
	    http_ms <= latest_ms)
		http_make_room(network->http);
}

static void
release_connection(void *ctx)
{
	struct network *network = ctx;

	listener_release(network->listener);
}

static void
release_http_connection(void *ctx, const struct sockaddr *counted)
{
	struct network *network = ctx;
	struct address address;
	uint8_t key[QUOTA_KEY_BYTES];

	if (counted != NULL) {
		address = address_from_sockaddr(counted);
		(void)address_limit_key(&address, key);	/* it had one */
		quota_disconnect(network->quota, key, clock_now().mono_ms);
	}
	release_connection(network);
}

static void
on_client_request(void *ctx, const struct exchange_request *request,
    struct exchange_answer *answer)
{
	struct network *network = ctx;

	router_request(network->front, request, answer);
}

static void
on_http_delivered(void *ctx, const struct outbox_news *news)
{
	struct network *network = ctx;

	longpolls_delivered(network->polls, TRANSPORT_HTTP, news);
}

static const struct http_owner http_owner = {
	.begun = count_http_connection,
	.request = on_client_request,
	.upgraded = router_upgraded,
	.delivered = on_http_delivered,
	.ended = release_http_connection,
};

static void
on_fcgi_delivered(void *ctx, const struct outbox_news *news)
{
	struct network *network = ctx;

	longpolls_delivered(network->polls, TRANSPORT_FASTCGI, news);
}

static const struct fcgi_owner fcgi_owner = {
	.request = on_client_request,
	.delivered = on_fcgi_delivered,
	.ended = release_connection,
};

static void
set_options(struct network *network, const struct options *options)
{
	network->trusted_proxies = options->trusted_proxies;
	network->trusted_proxies_count = options->trusted_proxies_count;
	network->log_addresses = options->log_addresses;
}

void
transports_init(struct network *network, const struct transports_config *config)
{
	const struct options *options = config->options;
	const struct unsent_settings unsent = module_settings_unsent(options);
	const struct ws_settings ws = module_settings_ws(options);
	const struct ws_peers_settings peers =
	    module_settings_ws_peers(options);
	const struct longpolls_settings polls =
	    module_settings_longpolls(options);
	const struct router_settings front = module_settings_front(options);
	const struct longpolls_config longpolls_config = {
		.loop = config->loop,
		.hub = config->hub,
		.quota = config->quota,
	};
	struct ws_config ws_config = { .loop = config->loop };
	struct ws_peers_config peers_config;

	network->loop = config->loop;
	network->memory_trim = config->memory_trim;
	network->quota = config->quota;
	set_options(network, options);
	network->unsent = unsent_new(config->loop, &unsent);
	ws_config.unsent = network->unsent;
	network->ws = ws_service_new(&ws_config, &ws);
	peers_config = (struct ws_peers_config){
		.hub = config->hub,
		.quota = config->quota,
		.service = network->ws,
		.log_key = config->log_key,
		.gone = release_connection,
		.ctx = network,
	};
	network->peers = ws_peers_new(&peers_config, &peers);
	network->polls = longpolls_new(&longpolls_config, &polls);
	network->front = router_new(network->peers, network->polls, &front);
}

static void
init_fcgi(struct network *network, const struct options *options,
    size_t max_connections)
{
	const struct fcgi_service_settings settings =
	    module_settings_fcgi(options, max_connections);
	const struct fcgi_service_config config = {
		.loop = network->loop,
		.unsent = network->unsent,
		.owner = &fcgi_owner,
		.ctx = network,
		.idle_timeout_s = MODULE_SETTINGS_IDLE_S,
	};

	network->fcgi = fcgi_service_new(&config, &settings);
}

static void
init_http(struct network *network, const struct options *options)
{
	const struct http_settings settings = module_settings_http(options);
	const struct http_config config = {
		.loop = network->loop,
		.name = "http",
		.unsent = network->unsent,
		.owner = &http_owner,
		.ctx = network,
		.idle_timeout_s = MODULE_SETTINGS_IDLE_S,
	};

	network->http = http_new(&config, &settings);
}

int
transports_open(struct network *network, const struct options *options,
    char text[ENDPOINT_TEXT_MAX + 1])
{
	const size_t max_connections = module_settings_connections(options);
	const struct listener_config listener = {
		.loop = network->loop,
		.limit = "max-connections",
		.make_room = make_room_for_connection,
		.ctx = network,
	};
	const struct listen_sockets_users users = {
		.http = { .accepted = on_http_accepted, .ctx = network },
		.fastcgi = { .accepted = on_fcgi_accepted, .ctx = network },
	};

	init_http(network, options);
	network->listener = listener_new(&listener, max_connections);
	init_fcgi(network, options, max_connections);
	if (network->http == NULL)
		return EX_OSERR;
	return listen_sockets_open(network->listener, options, &users, text);
}

void
transports_configure(struct network *network, const struct options *options)
{
	const size_t max_connections = module_settings_connections(options);
	const struct router_settings front = module_settings_front(options);
	const struct longpolls_settings polls =
	    module_settings_longpolls(options);
	const struct http_settings http = module_settings_http(options);
	const struct ws_settings ws = module_settings_ws(options);
	const struct unsent_settings unsent = module_settings_unsent(options);
	const struct ws_peers_settings peers =
	    module_settings_ws_peers(options);
	const struct fcgi_service_settings fcgi =
	    module_settings_fcgi(options, max_connections);

	set_options(network, options);
	router_configure(network->front, &front);
	longpolls_configure(network->polls, &polls);
	http_configure(network->http, &http);
	ws_service_configure(network->ws, &ws);
	unsent_configure(network->unsent, &unsent);
	ws_peers_configure(network->peers, &peers);
	fcgi_service_configure(network->fcgi, &fcgi);
	listener_configure(network->listener, max_connections);
}

void
transports_turn(struct network *network)
{
	ws_service_turn(network->ws);
}

bool
transports_have_more(const struct network *network)
{
	return ws_service_is_behind(network->ws);
}

int
transports_run_http(struct network *network)
{
	return http_run(network->http);
}

void
transports_copy_counts(const struct network *network, struct metrics *metrics)
{
	ws_peers_copy_counts(network->peers, &metrics->ws);
	ws_service_copy_counts(network->ws, &metrics->ws_service);
	longpolls_copy_counts(network->polls, &metrics->polls);
	router_copy_counts(network->front, &metrics->front);
	http_copy_counts(network->http, &metrics->http);
	fcgi_service_copy_counts(network->fcgi, &metrics->fcgi);
	unsent_copy_counts(network->unsent, &metrics->unsent);
	metrics->limited_connections = network->limited;
	metrics->connections_max = listener_max(network->listener);
}

void
transports_stop_accepting(struct network *network)
{
	if (network->listener != NULL)
		listener_stop(network->listener);
}

void
transports_stop(struct network *network)
{
	if (network->http != NULL)
		http_stop(network->http);
	if (network->fcgi != NULL)
		fcgi_service_stop(network->fcgi);
	if (network->peers != NULL)
		ws_peers_abort(network->peers);
	while (network->peers != NULL && (ws_peers_count(network->peers) > 0 ||
	    longpolls_count(network->polls) > 0))
		(void)uv_run(network->loop, UV_RUN_ONCE);
}

void
transports_close(struct network *network)
{
	if (network->ws != NULL)
		ws_service_free(network->ws);
	if (network->polls != NULL)
		longpolls_free(network->polls);
	if (network->unsent != NULL)
		unsent_free(network->unsent);
}

void
transports_clear(struct network *network)
{
	if (network->listener != NULL)
		listener_free(network->listener);
	if (network->http != NULL)
		http_free(network->http);
	if (network->fcgi != NULL)
		fcgi_service_free(network->fcgi);
	router_free(network->front);
	ws_peers_free(network->peers);
}
