#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"
#include "config/address.h"
#include "config/socket_access.h"
#include "wire/ticket.h"

struct api_keys;
struct endpoint;
struct provenance;
struct shop_section;
struct ticket_keys;
struct webhook_secrets;

/*
 * What the operator wants: one field for each setting, which stands in one
 * table (settings_table.c) under its key, spelt with dashes.  Command line,
 * then environment, then configuration file, then the default decides.  Sizes
 * are bytes; 0 stands for no limit wherever a number is a limit.
 */
struct options {
	char	*database_setting;	/* what says so; "" for nothing */
	char	*database;		/* see base/database_name.h */
	char	*database_shown;	/* the same without a password */
	bool	 is_default_database;	/* its directories may be missing */
	char	*key_file;		/* of tokens; "": beside the database */

	size_t	 max_message;
	size_t	 max_customers;
	size_t	 max_remembered;
	size_t	 max_session_carts;
	size_t	 max_connections;
	size_t	 max_sessions;
	size_t	 max_connections_per_address;
	size_t	 max_connections_per_customer;
	size_t	 max_say;
	size_t	 max_said;
	unsigned say_rate_per_s;
	unsigned say_burst;
	size_t	 session_output_rate;	/* per second */
	size_t	 max_unsent;
	unsigned message_rate_per_s;
	unsigned message_burst;
	unsigned new_session_rate_per_min;
	unsigned join_rate_per_min;
	size_t	 session_write_rate;	/* a second */
	size_t	 session_write_day;
	size_t	 address_write_rate;	/* a second */
	size_t	 address_write_day;
	size_t	 min_free_space;
	size_t	 max_held_polls;
	unsigned head_timeout_s;
	unsigned body_timeout_s;
	unsigned join_timeout_s;
	unsigned ping_interval_s;
	unsigned pong_timeout_s;
	unsigned stall_timeout_s;
	unsigned send_timeout_s;
	unsigned poll_presence_s;
	unsigned presence_grace_s;
	unsigned absence_window_s;
	unsigned absence_window_tokenless_s;
	unsigned session_ttl_s;
	unsigned lock_time_s;
	unsigned clock_grace_s;
	unsigned drain_time_s;
	unsigned journal_retention_s;
	unsigned audit_retention_s;
	unsigned audit_anchor_interval_s;
	bool	 require_tokens;
	enum ticket_requirement require_tickets;
	char	*ticket_audience;	/* "" for none */
	char	**ticket_key_files;	/* or folders of them */
	size_t	 ticket_key_files_count;
	struct ticket_keys *ticket_keys;	/* what these have; NULL if */
				/* there are none, or they were not read */
	bool	 checkout_barrier;
	bool	 websocket_compression;
	size_t	 websocket_compression_rate; /* bytes per second ... */
	size_t	 websocket_inflation_rate; /* ... of a connection */
	bool	 demo;
	char	*subprotocol;		/* "" for none */
	char	**admin_listen;		/* see admin_socket.h */
	size_t	 admin_listen_count;
	char	*base_path;		/* begins and ends with a slash */
	char	**allowed_origins;	/* may hold "*" */
	size_t	 allowed_origins_count;
	struct address_prefix *trusted_proxies;	/* NULL for none */
	size_t	 trusted_proxies_count;
	struct endpoint *listen;	/* NULL for none */
	size_t	 listen_count;
	struct socket_access listen_access;
	struct endpoint *fastcgi_listen;	/* NULL for none */
	size_t	 fastcgi_listen_count;
	struct socket_access fastcgi_access;
	struct endpoint *api_listen;	/* NULL for none */
	size_t	 api_listen_count;
	struct socket_access api_access;
	char	*api_keys_file;		/* "" for none */
	struct api_keys *api_keys;	/* read from there; or NULL */
	char	*webhook_url;		/* "" for none */
	char	*webhook_secret_file;	/* "" for none */
	struct webhook_secrets *webhook_secrets; /* read from there; or NULL */
	char	**webhook_events;	/* names of types; may hold "*" */
	size_t	 webhook_events_count;
	bool	 webhook_allow_private;
	char	*webhook_ca_file;	/* "" for those of the system */
	unsigned webhook_timeout_s;
	unsigned webhook_retry_time_s;
	enum address_detail log_addresses;
	enum log_level log_level;
	bool	 core_dumps;
	struct shop_section *shops;	/* of the file, in its order; NULL */
	size_t	 shops_count;		/* for none */

	struct provenance *provenance;	/* of all of them */
};

#endif
