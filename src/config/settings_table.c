#include "settings_table.h"

#include <stdint.h>
#include <string.h>

#include "options.h"

/* Room for the longest key. */
#define KEY_BYTES 64

enum {
	CONNECTIONS_MAX = 10000000,
	CUSTOMERS_MAX = 100000,
	DAY_S = 86400,
	HOUR_S = 3600,
	JSON_BYTES_MAX = 1 << 30,
	RATE_MAX = 1000000,
	YEAR_S = 365 * DAY_S
};

#define TERABYTE (UINT64_C(1) << 40)
#define CENTURY_S (UINT64_C(100) * YEAR_S)

#define FIELD(name) .offset = offsetof(struct options, name)
#define LIST(name) FIELD(name), .count_offset = \
	offsetof(struct options, name##_count)

const struct setting settings_table[] = {
	{ "max-message", SETTING_SIZE, "262144", JSON_BYTES_MAX,
	    FIELD(max_message), .unit = "bytes", .help = "one message" },
	{ "max-customers", SETTING_SIZE, "50", CUSTOMERS_MAX,
	    FIELD(max_customers), .help = "in the multicart of a session" },
	{ "max-remembered", SETTING_SIZE, "200", CUSTOMERS_MAX,
	    FIELD(max_remembered), .help = "absent ones who may resume" },
	{ "max-session-carts", SETTING_SIZE, "2097152", JSON_BYTES_MAX,
	    FIELD(max_session_carts), .unit = "bytes",
	    .help = "all carts of a session" },
	{ "max-connections", SETTING_SIZE, "10000", CONNECTIONS_MAX,
	    FIELD(max_connections), .help = "of all clients",
	    .scope = SETTING_OF_SHOP_ALONE },
	{ "max-connections-per-address", SETTING_SIZE, "1000", CONNECTIONS_MAX,
	    FIELD(max_connections_per_address), .help = "of one address" },
	{ "max-connections-per-customer", SETTING_SIZE, "16", CONNECTIONS_MAX,
	    FIELD(max_connections_per_customer), .help = "of one customer" },
	{ "session-output-rate", SETTING_SIZE, "67108864", JSON_BYTES_MAX,
	    FIELD(session_output_rate), .unit = "bytes per second",
	    .help = "what all of a session are shown" },
	{ "max-unsent", SETTING_SIZE, "134217728", TERABYTE,
	    FIELD(max_unsent), .unit = "bytes",
	    .help = "what clients have not taken" },
	{ "message-rate", SETTING_NUMBER, "100", RATE_MAX,
	    FIELD(message_rate_per_s), .unit = "per second",
	    .help = "messages of a connection" },
	{ "message-burst", SETTING_NUMBER, "200", RATE_MAX,
	    FIELD(message_burst), .help = "messages in a row" },
	{ "max-say", SETTING_SIZE, "4096", JSON_BYTES_MAX,
	    FIELD(max_say), .unit = "bytes", .help = "one thing said" },
	{ "max-said", SETTING_SIZE, "16777216", TERABYTE,
	    FIELD(max_said), .unit = "bytes",
	    .help = "what was said lately, of all sessions" },
	{ "say-rate", SETTING_NUMBER, "10", RATE_MAX,
	    FIELD(say_rate_per_s), .unit = "per second",
	    .help = "things said by a customer" },
	{ "say-burst", SETTING_NUMBER, "20", RATE_MAX,
	    FIELD(say_burst), .help = "things said in a row" },
	{ "new-session-rate", SETTING_NUMBER, "60", RATE_MAX,
	    FIELD(new_session_rate_per_min), .unit = "per minute",
	    .help = "sessions started by an address",
	    .scope = SETTING_OF_SHOP },
	{ "max-sessions", SETTING_SIZE, "0", CONNECTIONS_MAX,
	    FIELD(max_sessions), .help = "that somebody takes part in",
	    .scope = SETTING_OF_SHOP_ALONE },
	{ "join-rate", SETTING_NUMBER, "600", RATE_MAX,
	    FIELD(join_rate_per_min), .unit = "per minute",
	    .help = "joins and strangers of an address" },
	{ "session-write-rate", SETTING_SIZE, "524288", JSON_BYTES_MAX,
	    FIELD(session_write_rate), .unit = "bytes per second",
	    .help = "written of a session" },
	{ "session-write-day", SETTING_SIZE, "1073741824", TERABYTE,
	    FIELD(session_write_day), .unit = "bytes per day",
	    .help = "the same in a day" },
	{ "address-write-rate", SETTING_SIZE, "1048576", JSON_BYTES_MAX,
	    FIELD(address_write_rate), .unit = "bytes per second",
	    .help = "written for an address" },
	{ "address-write-day", SETTING_SIZE, "4294967296", TERABYTE,
	    FIELD(address_write_day), .unit = "bytes per day",
	    .help = "the same in a day" },
	{ "min-free-space", SETTING_SIZE, "134217728", TERABYTE,
	    FIELD(min_free_space), .unit = "bytes",
	    .help = "of the disk, or little is written" },
	{ "max-held-polls", SETTING_SIZE, "4", CUSTOMERS_MAX,
	    FIELD(max_held_polls), .help = "of one customer" },
	{ "head-timeout", SETTING_NUMBER, "10", DAY_S,
	    FIELD(head_timeout_s), .unit = "s",
	    .help = "for the head of a request" },
	{ "body-timeout", SETTING_NUMBER, "30", DAY_S,
	    FIELD(body_timeout_s), .unit = "s",
	    .help = "for a request's body, or a message" },
	{ "join-timeout", SETTING_NUMBER, "120", DAY_S,
	    FIELD(join_timeout_s), .unit = "s",
	    .help = "of a WebSocket until it joins" },
	{ "ping-interval", SETTING_NUMBER, "25", DAY_S,
	    FIELD(ping_interval_s), .unit = "s",
	    .help = "of silence until a ping" },
	{ "pong-timeout", SETTING_NUMBER, "20", DAY_S,
	    FIELD(pong_timeout_s), .unit = "s",
	    .help = "for the answer to a ping" },
	{ "stall-timeout", SETTING_NUMBER, "30", DAY_S,
	    FIELD(stall_timeout_s), .unit = "s",
	    .help = "for a client that takes nothing" },
	{ "send-timeout", SETTING_NUMBER, "120", DAY_S,
	    FIELD(send_timeout_s), .unit = "s",
	    .help = "for a message or answer to be taken" },
	{ "poll-presence", SETTING_NUMBER, "75", YEAR_S,
	    FIELD(poll_presence_s), .unit = "s",
	    .help = "of a customer after a request" },
	{ "presence-grace", SETTING_NUMBER, "4", YEAR_S,
	    FIELD(presence_grace_s), .unit = "s",
	    .help = "until others are told who is not here" },
	{ "absence-window", SETTING_NUMBER, "60", YEAR_S,
	    FIELD(absence_window_s), .unit = "s",
	    .help = "until an absent customer's cart leaves" },
	{ "absence-window-tokenless", SETTING_NUMBER, "5", YEAR_S,
	    FIELD(absence_window_tokenless_s), .unit = "s",
	    .help = "the same without a token" },
	{ "session-ttl", SETTING_NUMBER, "86400", YEAR_S,
	    FIELD(session_ttl_s), .unit = "s",
	    .help = "until an unused session ends" },
	{ "lock-time", SETTING_NUMBER, "900", YEAR_S,
	    FIELD(lock_time_s), .unit = "s",
	    .help = "until a locked session is unlocked" },
	{ "clock-grace", SETTING_NUMBER, "7200", YEAR_S,
	    FIELD(clock_grace_s), .unit = "s",
	    .help = "until a changed clock is believed" },
	{ "drain-time", SETTING_NUMBER, "5", HOUR_S,
	    FIELD(drain_time_s), .unit = "s",
	    .help = "to close WebSockets when it stops" },
	{ "journal-retention", SETTING_NUMBER, "7776000", CENTURY_S,
	    FIELD(journal_retention_s), .unit = "s",
	    .help = "of old carts, names and addresses" },
	{ "audit-retention", SETTING_NUMBER, "0", CENTURY_S,
	    FIELD(audit_retention_s), .unit = "s",
	    .help = "of what happened when" },
	{ "audit-anchor-interval", SETTING_NUMBER, "600", DAY_S,
	    FIELD(audit_anchor_interval_s), .unit = "s",
	    .help = "between two log lines for the audit" },
	{ "require-tokens", SETTING_BOOLEAN, "no",
	    FIELD(require_tokens), .help = "every customer has one" },
	{ "require-tickets", SETTING_TICKETS, "no",
	    FIELD(require_tickets), .help = "no, start or yes",
	    .scope = SETTING_OF_SHOP },
	{ "ticket-audience", SETTING_TEXT, "",
	    FIELD(ticket_audience), .help = "whom tickets must be for",
	    .scope = SETTING_OF_SHOP },
	{ "ticket-keys", SETTING_FILES, "",
	    LIST(ticket_key_files),
	    .help = "files KID.hs256, KID.pem; folders",
	    .scope = SETTING_OF_SHOP },
	{ "checkout-barrier", SETTING_BOOLEAN, "no",
	    FIELD(checkout_barrier), .help = "guests are ready first" },
	{ "websocket-compression", SETTING_BOOLEAN, "no",
	    FIELD(websocket_compression), .help = "permessage-deflate" },
	{ "websocket-compression-rate", SETTING_SIZE, "8388608",
	    JSON_BYTES_MAX, FIELD(websocket_compression_rate),
	    .unit = "bytes per second", .help = "compressed at most" },
	{ "websocket-inflation-rate", SETTING_SIZE, "1048576",
	    JSON_BYTES_MAX, FIELD(websocket_inflation_rate),
	    .unit = "bytes per second", .help = "of a connection" },
	{ "demo", SETTING_BOOLEAN, "no",
	    FIELD(demo), .help = "a shop's page at the base path" },
	{ "subprotocol", SETTING_TOKEN, "",
	    FIELD(subprotocol), .help = "that clients must offer" },
	{ "base-path", SETTING_BASE_PATH, "/",
	    FIELD(base_path), .help = "of URLs, before the session id",
	    .scope = SETTING_OF_SHOP },
	{ "allowed-origins", SETTING_ORIGINS, "*",
	    LIST(allowed_origins), .help = "of pages, or *",
	    .scope = SETTING_OF_SHOP },
	{ "trusted-proxies", SETTING_PREFIXES, "",
	    LIST(trusted_proxies), .help = "addresses, prefixes, unix" },
	{ "listen", SETTING_ENDPOINTS, "*:8080",
	    LIST(listen), .help = "*:port, address:port or unix:/path",
	    .needs_restart = true },
	{ "listen-mode", SETTING_MODE, "0660",
	    FIELD(listen_access.mode), .help = "of the socket's file",
	    .needs_restart = true },
	{ "listen-owner", SETTING_OWNER, "",
	    FIELD(listen_access), .help = "of the same: user:group",
	    .needs_restart = true },
	{ "fastcgi-listen", SETTING_ENDPOINTS, "",
	    LIST(fastcgi_listen), .help = "unix:/path or address:port",
	    .needs_restart = true },
	{ "fastcgi-mode", SETTING_MODE, "0660",
	    FIELD(fastcgi_access.mode), .help = "of the socket's file",
	    .needs_restart = true },
	{ "fastcgi-owner", SETTING_OWNER, "",
	    FIELD(fastcgi_access), .help = "of the same: user:group",
	    .needs_restart = true },
	{ "api-listen", SETTING_ENDPOINTS, "",
	    LIST(api_listen), .help = "for the shop's server: as listen",
	    .needs_restart = true },
	{ "api-mode", SETTING_MODE, "0660",
	    FIELD(api_access.mode), .help = "of the socket's file",
	    .needs_restart = true },
	{ "api-owner", SETTING_OWNER, "",
	    FIELD(api_access), .help = "of the same: user:group",
	    .needs_restart = true },
	{ "api-keys", SETTING_FILE, "",
	    FIELD(api_keys_file), .help = "of the shop's server: /path",
	    .scope = SETTING_OF_SHOP_ALONE },
	{ "webhook-url", SETTING_URL, "",
	    FIELD(webhook_url), .help = "that is sent events: https://...",
	    .scope = SETTING_OF_SHOP_ALONE },
	{ "webhook-secret", SETTING_FILE, "",
	    FIELD(webhook_secret_file), .help = "to sign them with: /path",
	    .scope = SETTING_OF_SHOP_ALONE },
	{ "webhook-events", SETTING_EVENTS, "*",
	    LIST(webhook_events), .help = "their types, or *",
	    .scope = SETTING_OF_SHOP },
	{ "webhook-allow-private", SETTING_BOOLEAN, "no",
	    FIELD(webhook_allow_private),
	    .help = "to addresses that are not public",
	    .scope = SETTING_OF_SHOP },
	{ "webhook-ca", SETTING_FILE, "",
	    FIELD(webhook_ca_file), .help = "certificates to trust: /path",
	    .scope = SETTING_OF_SHOP },
	{ "webhook-timeout", SETTING_NUMBER, "15", HOUR_S,
	    FIELD(webhook_timeout_s), .unit = "s",
	    .help = "for an event to be answered",
	    .scope = SETTING_OF_SHOP },
	{ "webhook-retry-time", SETTING_NUMBER, "259200", YEAR_S,
	    FIELD(webhook_retry_time_s), .unit = "s",
	    .help = "until an event is given up",
	    .scope = SETTING_OF_SHOP },
	{ "database", SETTING_DATABASE, "",
	    FIELD(database_setting), .help = "without -d: /path, postgresql://",
	    .needs_restart = true },
	{ "key-file", SETTING_FILE, "",
	    FIELD(key_file), .help = "of tokens: /path, beside the database",
	    .needs_restart = true },
	{ "log-addresses", SETTING_ADDRESS_DETAIL, "full",
	    FIELD(log_addresses), .help = "full, prefix or none" },
	{ "admin-listen", SETTING_ADMIN, "",
	    LIST(admin_listen), .help = "unix:/path or none, loopback:port",
	    .needs_restart = true },
	{ "log-level", SETTING_LOG_LEVEL, "info",
	    FIELD(log_level), .help = "error, warning, info or debug" },
	{ "core-dumps", SETTING_BOOLEAN, "no",
	    FIELD(core_dumps), .help = "with carts and tokens, of a crash",
	    .needs_restart = true },
};

const size_t settings_count =
    sizeof(settings_table) / sizeof(settings_table[0]);

const struct setting *
settings_find(const char *key)
{
	size_t i;

	for (i = 0; i < settings_count; i++)
		if (strcmp(settings_table[i].key, key) == 0)
			return &settings_table[i];
	return NULL;
}

static size_t
smallest(size_t a, size_t b, size_t c)
{
	if (b < a)
		a = b;
	return c < a ? c : a;
}

/* Letters to add, remove or change until a is b, which is a setting's key. */
static size_t
edit_distance(const char *a, const char *b)
{
	size_t row[KEY_BYTES];
	size_t len = strlen(b), i;

	for (i = 0; i <= len; i++)
		row[i] = i;
	for (; *a != '\0'; a++) {
		size_t diagonal = row[0]++;

		for (i = 1; i <= len; i++) {
			size_t above = row[i];

			row[i] = smallest(above + 1, row[i - 1] + 1,
			    diagonal + (*a != b[i - 1]));
			diagonal = above;
		}
	}
	return row[len];
}

const struct setting *
settings_nearest(const char *key)
{
	const struct setting *nearest = settings_table;
	size_t best = SIZE_MAX, i;

	for (i = 0; i < settings_count; i++) {
		/* What was only begun is nearer than what is as long. */
		size_t d = strncmp(settings_table[i].key, key,
		    strlen(key)) == 0 ? 0 :
		    edit_distance(key, settings_table[i].key);

		if (d < best) {
			best = d;
			nearest = &settings_table[i];
		}
	}
	return nearest;
}
