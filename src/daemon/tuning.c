#include "tuning.h"

#include <stdint.h>

#include "base/log.h"
#include "config/options.h"
#include "descriptors.h"
#include "hub/hub_config.h"
#include "hub/quota.h"
#include "net/fcgi.h"
#include "net/front.h"
#include "net/http.h"
#include "net/poll.h"
#include "net/unsent.h"
#include "net/ws.h"
#include "net/ws_peer.h"
#include "storage/writer.h"

/* Descriptors besides those of connections. */
#define DESCRIPTORS_RESERVED 64
/* How long connections of HTTP and FastCGI are kept without a request. */
#define IDLE_TIMEOUT_S 30

enum {
	BURST_MESSAGES = 4,
	BURST_S = 10
};

static uint64_t
ms(unsigned seconds)
{
	return (uint64_t)seconds * 1000;
}

/*
 * What is written at once may be a few of the largest messages, and ten
 * seconds' worth.
 */
static struct quota_writes
writes(const struct options *options, size_t per_s, size_t per_day)
{
	uint64_t messages = (uint64_t)options->max_message * BURST_MESSAGES;
	uint64_t seconds = (uint64_t)per_s * BURST_S;

	return (struct quota_writes){
		.per_s = per_s,
		.burst = messages > seconds ? messages : seconds,
		.per_day = per_day,
	};
}

void
tuning_fcgi(const struct options *options, struct fcgi_service_config *config)
{
	config->idle_timeout_s = IDLE_TIMEOUT_S;
	config->head_timeout_s = options->head_timeout_s;
	config->body_timeout_s = options->body_timeout_s;
	config->stall_timeout_s = options->stall_timeout_s;
	config->trusted_proxies = options->trusted_proxies;
	config->trusted_proxies_count = options->trusted_proxies_count;
	config->log_addresses = options->log_addresses;
}

void
tuning_front(const struct options *options, struct front_config *config)
{
	config->base_path = options->base_path;
	config->subprotocol = options->subprotocol;
	config->compression = options->websocket_compression;
	config->allowed_origins = options->allowed_origins;
	config->allowed_origins_count = options->allowed_origins_count;
	config->trusted_proxies = options->trusted_proxies;
	config->trusted_proxies_count = options->trusted_proxies_count;
	config->max_message = options->max_message;
	config->has_demo = options->demo;
}

void
tuning_http(const struct options *options, struct http_config *config)
{
	config->idle_timeout_s = IDLE_TIMEOUT_S;
	config->head_timeout_s = options->head_timeout_s;
	config->body_timeout_s = options->body_timeout_s;
}

void
tuning_hub(const struct options *options, struct hub_settings *settings)
{
	settings->limits = (struct session_limits){
		.max_customers = options->max_customers,
		.max_remembered = options->max_remembered,
		.max_cart_bytes = options->max_session_carts,
		.checkout_barrier = options->checkout_barrier,
	};
	settings->message_rate = options->message_rate_per_s;
	settings->message_burst = options->message_burst;
	settings->session_writes = writes(options, options->session_write_rate,
	    options->session_write_day);
	settings->min_free_bytes = options->min_free_space;
	settings->join_timeout_ms = ms(options->join_timeout_s);
	settings->absence_window_ms[false] =
	    ms(options->absence_window_tokenless_s);
	settings->absence_window_ms[true] = ms(options->absence_window_s);
	settings->poll_presence_ms = ms(options->poll_presence_s);
	settings->max_held_polls = options->max_held_polls;
	settings->max_customer_connections =
	    options->max_connections_per_customer;
	settings->session_output_rate = options->session_output_rate;
	settings->session_ttl_ms = ms(options->session_ttl_s);
	settings->journal_retention_ms = ms(options->journal_retention_s);
	settings->audit_retention_ms = ms(options->audit_retention_s);
	settings->clock_grace_ms = ms(options->clock_grace_s);
	settings->log_head_ms = ms(options->audit_anchor_interval_s);
	settings->require_tokens = options->require_tokens;
}

void
tuning_journal(const struct options *options, struct journal_config *config)
{
	config->max_remembered = options->max_remembered;
}

void
tuning_polls(const struct options *options, struct polls_config *config)
{
	config->max_body = options->max_message;
	config->log_addresses = options->log_addresses;
}

/* How many connections there can be; SIZE_MAX for no limit. */
static size_t
possible_connections(void)
{
	size_t limit = descriptors_limit();

	if (limit == SIZE_MAX)
		return limit;
	return limit > DESCRIPTORS_RESERVED ? limit - DESCRIPTORS_RESERVED : 1;
}

/* One address alone does not fill the house: it has half of it, at most. */
static size_t
of_an_address(const struct options *options)
{
	size_t wanted = options->max_connections_per_address;
	size_t all = possible_connections();

	if (options->max_connections != 0 && options->max_connections < all)
		all = options->max_connections;
	return all > 1 && wanted > all / 2 ? all / 2 : wanted;
}

void
tuning_quota(const struct options *options, struct quota_settings *settings)
{
	settings->max_connections = of_an_address(options);
	settings->sessions_per_minute = options->new_session_rate_per_min;
	settings->joins_per_minute = options->join_rate_per_min;
	settings->writes = writes(options, options->address_write_rate,
	    options->address_write_day);
}

void
tuning_unsent(const struct options *options, struct unsent_config *config)
{
	config->max_bytes = options->max_unsent;
	config->timeout_s = options->send_timeout_s;
}

void
tuning_ws(const struct options *options, struct ws_config *config)
{
	config->max_message = options->max_message;
	config->ping_interval_s = options->ping_interval_s;
	config->pong_timeout_s = options->pong_timeout_s;
	config->stall_timeout_s = options->stall_timeout_s;
	config->message_timeout_s = options->body_timeout_s;
	config->compression_rate = options->websocket_compression_rate;
	config->inflation_rate = options->websocket_inflation_rate;
}

void
tuning_ws_peers(const struct options *options, struct ws_peers_config *config)
{
	config->log_addresses = options->log_addresses;
}

size_t
tuning_connections(const struct options *options)
{
	size_t wanted = options->max_connections;
	size_t possible = possible_connections();

	if (possible == SIZE_MAX || (wanted != 0 && wanted <= possible))
		return wanted;
	log_warnx("at most %zu connections: the limit of open files is %zu",
	    possible, descriptors_limit());
	return possible;
}
