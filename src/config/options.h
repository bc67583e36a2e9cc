#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"
#include "config/address.h"
#include "config/socket_access.h"

struct buf;
struct endpoint;
struct provenance;

/*
 * What the operator wants: one field for each setting, which stands in one
 * table (options.c) under its key, spelt with dashes.  Command line, then
 * environment, then configuration file, then the default decides.  Sizes are
 * bytes; 0 stands for no limit wherever a number is a limit.
 */
struct options {
	char	*database_setting;	/* what says so; "" for nothing */
	char	*database;		/* path */
	bool is_default_database; /* its directories may be missing */

	size_t	 max_message;
	size_t	 max_customers;
	size_t	 max_remembered;
	size_t	 max_session_carts;
	size_t	 max_connections;
	size_t	 max_connections_per_address;
	size_t	 max_connections_per_customer;
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
	unsigned absence_window_s;
	unsigned absence_window_tokenless_s;
	unsigned session_ttl_s;
	unsigned clock_grace_s;
	unsigned drain_time_s;
	unsigned journal_retention_s;
	unsigned audit_retention_s;
	unsigned audit_anchor_interval_s;
	bool	 require_tokens;
	bool	 checkout_barrier;
	bool	 websocket_compression;
	size_t	 websocket_compression_rate; /* bytes per second ... */
	size_t	 websocket_inflation_rate; /* ... of a connection */
	bool	 demo;
	char	*subprotocol;		/* "" for none */
	char	**admin_listen;		/* see admin_socket.h */
	size_t	 admin_listen_count;
	char *base_path; /* begins and ends with a slash */
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
	enum address_detail log_addresses;
	enum log_level log_level;
	bool	 core_dumps;

	struct provenance *provenance;	/* of all of them */
};

/* What options_read() returns when the daemon is to run. */
#define OPTIONS_RUN (-1)

/*
 * Fill options, which are the caller's to clear then, and return OPTIONS_RUN;
 * or return the status to exit with: what was asked for is printed, or what is
 * wrong was said.  Reads the environment; opens nothing but the configuration
 * file and, where one is named, the system's lists of users and groups, and
 * creates nothing.
 */
int	 options_read(int argc, char **argv, struct options *options)
	    __attribute__((warn_unused_result));
/*
 * The same for a program beside the daemon, which was told the daemon's -c and
 * -d; NULL for what was not given.  Without both it is the installed file, if
 * it is there, and the database of the system's daemon, unless the user has
 * one.  The database is NULL if nothing says where it is.
 */
int	 options_read_file(const char *file, const char *database,
	    struct options *options)
	    __attribute__((warn_unused_result));

/*
 * Read the daemon's options again, from the same command line, environment and
 * file, without a look at names of users, as a daemon that serves cannot wait:
 * who owns files is only good to be compared.  0, or -1 if anything is wrong,
 * which was logged and added to lines, one for each problem; then options have
 * nothing to clear.
 */
int	 options_read_again(int argc, char **argv, struct options *options,
	    struct buf *lines)
	    __attribute__((warn_unused_result));

/* A setting that was read again and is not what it was. */
enum options_change {
	OPTIONS_ADOPTED,
	OPTIONS_NEEDS_RESTART	/* it keeps the value that it had */
};

/*
 * Give options the values of fresh that a running daemon can change, and tell
 * of all that differ, in the order of the table.  What options had is in fresh
 * then: who was lent it must have the new values before that is cleared.
 */
void	 options_adopt(struct options *options, struct options *fresh,
	    void (*changed)(void *ctx, const char *key,
	    enum options_change change), void *ctx);

/* A setting as people see it; the texts are those of sources, or constant. */
struct options_shown {
	const char *key;
	const char *value;
	const char *initial;	/* the default */
	const char *origin;
	bool	 needs_restart;
};

/* Show all settings, in the order of the table. */
void	 options_show(const struct options *options,
	    void (*show)(void *ctx, const struct options_shown *shown),
	    void *ctx);

/* Free what the fields point to. */
void	 options_clear(struct options *options);

#endif
