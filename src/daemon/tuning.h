#ifndef TUNING_H
#define TUNING_H

#include <stddef.h>

struct fcgi_service_config;
struct front_config;
struct http_config;
struct hub_settings;
struct journal_config;
struct options;
struct polls_config;
struct quota_settings;
struct unsent_config;
struct ws_config;
struct ws_peers_config;

/*
 * What the settings mean to the modules: each function fills in the fields of
 * a config that its module can take over while it runs, but its number of
 * connections.  Strings and lists are those of options.
 */

void	 tuning_fcgi(const struct options *options,
	    struct fcgi_service_config *config);
void	 tuning_front(const struct options *options,
	    struct front_config *config);
void	 tuning_http(const struct options *options,
	    struct http_config *config);
void	 tuning_hub(const struct options *options,
	    struct hub_settings *settings);
void	 tuning_journal(const struct options *options,
	    struct journal_config *config);
void	 tuning_polls(const struct options *options,
	    struct polls_config *config);
void	 tuning_quota(const struct options *options,
	    struct quota_settings *settings);
void	 tuning_unsent(const struct options *options,
	    struct unsent_config *config);
void	 tuning_ws(const struct options *options, struct ws_config *config);
void	 tuning_ws_peers(const struct options *options,
	    struct ws_peers_config *config);

/*
 * Connections to accept: as many as the settings say, if the process can have
 * descriptors for them, which is logged otherwise.
 */
size_t	 tuning_connections(const struct options *options);

#endif
