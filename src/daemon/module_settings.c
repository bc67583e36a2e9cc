#include "module_settings.h"

#include <stdint.h>

#include "api/api_listener.h"
#include "api/webhook_sender.h"
#include "base/log.h"
#include "config/options.h"
#include "config/shop_section.h"
#include "descriptors.h"

/* Descriptors besides those of connections. */
#define DESCRIPTORS_RESERVED 64
/*
 * Those of a webhook: its connections, to look up their hosts, and to wait and
 * to read the journal.
 */
#define DESCRIPTORS_PER_WEBHOOK	(3 * WEBHOOK_TRANSFERS_MAX + 8)

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
write_limits(const struct options *options, size_t per_s, size_t per_day)
{
	uint64_t messages = (uint64_t)options->max_message * BURST_MESSAGES;
	uint64_t seconds = (uint64_t)per_s * BURST_S;

	return (struct quota_writes){
		.per_s = per_s,
		.burst = messages > seconds ? messages : seconds,
		.per_day = per_day,
	};
}

struct fcgi_service_settings
module_settings_fcgi(const struct options *options, size_t max_connections)
{
	return (struct fcgi_service_settings){
		.head_timeout_s = options->head_timeout_s,
		.body_timeout_s = options->body_timeout_s,
		.stall_timeout_s = options->stall_timeout_s,
		.trusted_proxies = options->trusted_proxies,
		.trusted_proxies_count = options->trusted_proxies_count,
		.log_addresses = options->log_addresses,
		.max_connections = max_connections,
	};
}

struct router_settings
module_settings_router(const struct options *options)
{
	return (struct router_settings){
		.subprotocol = options->subprotocol,
		.compression = options->websocket_compression,
		.trusted_proxies = options->trusted_proxies,
		.trusted_proxies_count = options->trusted_proxies_count,
		.max_message = options->max_message,
		.has_demo = options->demo,
	};
}

struct http_settings
module_settings_http(const struct options *options)
{
	return (struct http_settings){
		.head_timeout_s = options->head_timeout_s,
		.body_timeout_s = options->body_timeout_s,
	};
}

struct hub_settings
module_settings_hub(const struct options *options)
{
	return (struct hub_settings){
		.limits = {
			.max_customers = options->max_customers,
			.max_remembered = options->max_remembered,
			.max_cart_bytes = options->max_session_carts,
			.checkout_barrier = options->checkout_barrier,
		},
		.max_sessions = options->max_sessions,
		.message_rate = options->message_rate_per_s,
		.message_burst = options->message_burst,
		.session_writes = write_limits(options,
		    options->session_write_rate, options->session_write_day),
		.min_free_bytes = options->min_free_space,
		.join_timeout_ms = ms(options->join_timeout_s),
		.absence_window_ms[false] =
		    ms(options->absence_window_tokenless_s),
		.absence_window_ms[true] = ms(options->absence_window_s),
		.poll_presence_ms = ms(options->poll_presence_s),
		.presence_grace_ms = ms(options->presence_grace_s),
		.max_say = options->max_say,
		.max_said = options->max_said,
		.say_rate = options->say_rate_per_s,
		.say_burst = options->say_burst,
		.max_held_polls = options->max_held_polls,
		.max_customer_connections =
		    options->max_connections_per_customer,
		.session_output_rate = options->session_output_rate,
		.session_ttl_ms = ms(options->session_ttl_s),
		.lock_time_ms = ms(options->lock_time_s),
		.journal_retention_ms = ms(options->journal_retention_s),
		.audit_retention_ms = ms(options->audit_retention_s),
		.clock_grace_ms = ms(options->clock_grace_s),
		.log_head_ms = ms(options->audit_anchor_interval_s),
		.require_tokens = options->require_tokens,
	};
}

size_t
module_settings_shops_count(const struct options *options)
{
	return 1 + options->shops_count;
}

struct shop_settings
module_settings_shop(const struct options *options, size_t i)
{
	const struct shop_section *section = i == 0 ? NULL :
	    &options->shops[i - 1];
	const struct options *own = section == NULL ? options :
	    &section->options;

	return (struct shop_settings){
		.name = section == NULL ? "" : section->name,
		.base_path = own->base_path,
		.allowed_origins = own->allowed_origins,
		.allowed_origins_count = own->allowed_origins_count,
		.api_keys = own->api_keys,
		.require_tickets = own->require_tickets,
		.ticket_audience = own->ticket_audience,
		.ticket_keys = section == NULL ? options->ticket_keys :
		    shop_section_ticket_keys(options, section),
		.max_connections = section == NULL ? 0 : own->max_connections,
		.max_sessions = section == NULL ? 0 : own->max_sessions,
		.sessions_per_minute = own->new_session_rate_per_min,
	};
}

struct writer_settings
module_settings_writer(const struct options *options)
{
	return (struct writer_settings){
		.max_remembered = options->max_remembered,
	};
}

struct longpolls_settings
module_settings_longpolls(const struct options *options)
{
	return (struct longpolls_settings){
		.max_body = options->max_message,
		.log_addresses = options->log_addresses,
	};
}

/* How many shops have one. */
static size_t
count_webhooks(const struct options *options)
{
	size_t count = options->webhook_url[0] != '\0' ? 1 : 0, i;

	for (i = 0; i < options->shops_count; i++)
		if (options->shops[i].options.webhook_url[0] != '\0')
			count++;
	return count;
}

/* How many connections there can be; SIZE_MAX for no limit. */
static size_t
possible_connections(const struct options *options)
{
	size_t limit = descriptors_raise_limit();
	size_t reserved = DESCRIPTORS_RESERVED;

	if (limit == SIZE_MAX)
		return limit;
	if (options->api_listen_count > 0)
		reserved += API_CONNECTIONS_MAX;
	reserved += count_webhooks(options) * DESCRIPTORS_PER_WEBHOOK;
	return limit > reserved ? limit - reserved : 1;
}

/* One address alone does not take all connections: it has half, at most. */
static size_t
connections_per_address(const struct options *options)
{
	size_t wanted = options->max_connections_per_address;
	size_t all = possible_connections(options);

	if (options->max_connections != 0 && options->max_connections < all)
		all = options->max_connections;
	return all > 1 && wanted > all / 2 ? all / 2 : wanted;
}

struct quota_settings
module_settings_quota(const struct options *options)
{
	return (struct quota_settings){
		.max_connections = connections_per_address(options),
		.sessions_per_minute = options->new_session_rate_per_min,
		.attempts_per_minute = options->join_rate_per_min,
		.writes = write_limits(options, options->address_write_rate,
		    options->address_write_day),
	};
}

struct api_access_settings
module_settings_api_access(const struct options *options)
{
	return (struct api_access_settings){
		.trusted_proxies = options->trusted_proxies,
		.trusted_proxies_count = options->trusted_proxies_count,
		.log_addresses = options->log_addresses,
	};
}

struct webhook_settings
module_settings_webhook(const struct options *options, size_t i)
{
	const struct options *own = i == 0 ? options :
	    &options->shops[i - 1].options;

	return (struct webhook_settings){
		.url = own->webhook_url,
		.secrets = own->webhook_secrets,
		.events = own->webhook_events,
		.events_count = own->webhook_events_count,
		.allow_private = own->webhook_allow_private,
		.ca_file = own->webhook_ca_file,
		.timeout_s = own->webhook_timeout_s,
		.retry_ms = ms(own->webhook_retry_time_s),
	};
}

struct unsent_settings
module_settings_unsent(const struct options *options)
{
	return (struct unsent_settings){
		.max_bytes = options->max_unsent,
		.timeout_s = options->send_timeout_s,
	};
}

struct ws_settings
module_settings_ws(const struct options *options)
{
	return (struct ws_settings){
		.max_message = options->max_message,
		.ping_interval_s = options->ping_interval_s,
		.pong_timeout_s = options->pong_timeout_s,
		.stall_timeout_s = options->stall_timeout_s,
		.message_timeout_s = options->body_timeout_s,
		.compression_rate = options->websocket_compression_rate,
		.inflation_rate = options->websocket_inflation_rate,
	};
}

struct ws_peers_settings
module_settings_ws_peers(const struct options *options)
{
	return (struct ws_peers_settings){
		.log_addresses = options->log_addresses,
	};
}

size_t
module_settings_connections(const struct options *options)
{
	size_t wanted = options->max_connections;
	size_t possible = possible_connections(options);

	if (possible == SIZE_MAX || (wanted != 0 && wanted <= possible))
		return wanted;
	log_warnx("at most %zu connections: the limit of open files is %zu",
	    possible, descriptors_raise_limit());
	return possible;
}

size_t
module_settings_reserved_fd(const struct options *options)
{
	size_t possible = possible_connections(options);

	return possible == SIZE_MAX ? 0 : possible;
}
