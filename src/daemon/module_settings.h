#ifndef MODULE_SETTINGS_H
#define MODULE_SETTINGS_H

#include <stddef.h>

#include "api/api_access.h"
#include "api/webhook_settings.h"
#include "hub/hub_config.h"
#include "hub/quota.h"
#include "hub/shop.h"
#include "net/fcgi.h"
#include "net/http.h"
#include "net/longpoll.h"
#include "net/router.h"
#include "net/unsent.h"
#include "net/ws.h"
#include "net/ws_peer.h"
#include "storage/writer.h"

struct options;

/*
 * What the settings mean to the modules, in what each of them can take over
 * while it runs.  Strings and lists are those of options.
 */

struct fcgi_service_settings module_settings_fcgi(const struct options *options,
	    size_t max_connections);
struct router_settings module_settings_router(const struct options *options);
struct http_settings module_settings_http(const struct options *options);
struct hub_settings module_settings_hub(const struct options *options);
struct writer_settings module_settings_writer(const struct options *options);
struct longpolls_settings
module_settings_longpolls(const struct options *options);
struct quota_settings module_settings_quota(const struct options *options);
struct api_access_settings
module_settings_api_access(const struct options *options);
struct webhook_settings
module_settings_webhook(const struct options *options, size_t i);
struct unsent_settings module_settings_unsent(const struct options *options);
struct ws_settings module_settings_ws(const struct options *options);
struct ws_peers_settings
module_settings_ws_peers(const struct options *options);

/* How many shops there are, and each of them; the first is outside sections. */
size_t	 module_settings_shops_count(const struct options *options);
struct shop_settings module_settings_shop(const struct options *options,
	    size_t i);

/* The descriptors from this number on are not for connections; 0: all are. */
size_t	 module_settings_reserved_fd(const struct options *options);

/* How long connections of HTTP and FastCGI are kept without a request. */
enum { MODULE_SETTINGS_IDLE_S = 30 };

/*
 * Connections to accept: as many as the settings say, if the process can have
 * descriptors for them, which is logged otherwise.
 */
size_t	 module_settings_connections(const struct options *options);

#endif
