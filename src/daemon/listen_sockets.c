#include "listen_sockets.h"

#include <sysexits.h>

#include "activation.h"
#include "api/api_listener.h"
#include "base/log.h"
#include "config/options.h"
#include "config/shop_section.h"
#include "config/socket_access.h"

/*
 * Adopt the service manager's sockets of a name; how many there were, or -1.
 * text says where the last one listens.
 */
static int
adopt_activated(struct listener *listener, struct activation *activation,
    enum activation_name name, const struct listener_user *user,
    char text[ENDPOINT_TEXT_MAX + 1])
{
	static const char *const purposes[ACTIVATION_NAMES] = {
		[ACTIVATION_HTTP] = "",
		[ACTIVATION_FASTCGI] = " for FastCGI",
		[ACTIVATION_API] = " for the shop's server",
	};
	struct endpoint endpoint;
	int fd, count = 0;

	for (; (fd = activation_take(activation, name)) != -1; count++) {
		if (listener_adopt(listener, fd, &endpoint, user) == -1)
			return -1;
		endpoint_format(&endpoint, text);
		log_info("listening on %s%s", text, purposes[name]);
	}
	return count;
}

static int
listen_http(struct listener *listener, const struct options *options,
    const struct listener_user *user, char text[ENDPOINT_TEXT_MAX + 1])
{
	struct endpoint endpoint;
	size_t i;

	/* Nor at its next start: that is a mistake in the configuration. */
	if (!socket_access_is_permitted(SOCKET_ACCESS_HTTP, options->listen,
	    options->listen_count, &options->listen_access))
		return EX_CONFIG;
	for (i = options->listen_count; i > 0; i--) {
		endpoint = options->listen[i - 1];
		if (listener_add(listener, &endpoint, &options->listen_access,
		    user) == -1)
			return EX_OSERR;
		endpoint_format(&endpoint, text);
		log_info("listening on %s", text);
	}
	return EX_OK;
}

static int
listen_fastcgi(struct listener *listener, const struct options *options,
    const struct listener_user *user)
{
	char text[ENDPOINT_TEXT_MAX + 1];
	struct endpoint endpoint;
	size_t i;

	if (!socket_access_is_permitted(SOCKET_ACCESS_FASTCGI,
	    options->fastcgi_listen, options->fastcgi_listen_count,
	    &options->fastcgi_access))
		return EX_CONFIG;
	for (i = 0; i < options->fastcgi_listen_count; i++) {
		endpoint = options->fastcgi_listen[i];
		if (listener_add(listener, &endpoint,
		    &options->fastcgi_access, user) == -1)
			return EX_OSERR;
		endpoint_format(&endpoint, text);
		log_info("listening on %s for FastCGI", text);
		if (endpoint.address.ss_family != AF_UNIX &&
		    options->trusted_proxies_count == 0)
			log_warnx("%s: nobody may connect, as trusted-proxies "
			    "is empty", text);
	}
	return EX_OK;
}

static int
listen_api_endpoints(struct api_listener *api, const struct options *options)
{
	const struct listener_user user = api_listener_user(api);
	char text[ENDPOINT_TEXT_MAX + 1];
	struct endpoint endpoint;
	size_t i;

	if (!socket_access_is_permitted(SOCKET_ACCESS_API, options->api_listen,
	    options->api_listen_count, &options->api_access))
		return EX_CONFIG;
	for (i = 0; i < options->api_listen_count; i++) {
		endpoint = options->api_listen[i];
		if (listener_add(api_listener_sockets(api), &endpoint,
		    &options->api_access, &user) == -1)
			return EX_OSERR;
		endpoint_format(&endpoint, text);
		log_info("listening on %s for the shop's server", text);
	}
	return EX_OK;
}

static int
listen_api(struct api_listener *api, const struct options *options,
    struct activation *activation)
{
	const struct listener_user user = api_listener_user(api);
	char ignored[ENDPOINT_TEXT_MAX + 1];
	int count;

	if (options->api_listen_count == 0 &&
	    !activation_has(activation, ACTIVATION_API))
		return EX_OK;
	if (options->api_keys == NULL &&
	    !shop_sections_have_api_keys(options)) {
		log_errorx("api: nobody has a key: api-keys has to name a "
		    "file");
		return EX_CONFIG;
	}
	if (api_listener_start(api) == -1)
		return EX_OSERR;
	count = adopt_activated(api_listener_sockets(api), activation,
	    ACTIVATION_API, &user, ignored);
	if (count == 0)
		return listen_api_endpoints(api, options);
	return count == -1 ? EX_OSERR : EX_OK;
}

static int
listen_all(struct listener *listener, const struct options *options,
    const struct listen_sockets_users *users, struct activation *activation,
    char text[ENDPOINT_TEXT_MAX + 1])
{
	char ignored[ENDPOINT_TEXT_MAX + 1];
	int count, status = EX_OK;

	count = adopt_activated(listener, activation, ACTIVATION_HTTP,
	    &users->http, text);
	if (count == 0)
		status = listen_http(listener, options, &users->http, text);
	if (count == -1 || status != EX_OK)
		return count == -1 ? EX_OSERR : status;
	count = adopt_activated(listener, activation, ACTIVATION_FASTCGI,
	    &users->fastcgi, ignored);
	if (count == 0)
		status = listen_fastcgi(listener, options, &users->fastcgi);
	if (count == -1 || status != EX_OK)
		return count == -1 ? EX_OSERR : status;
	return listen_api(users->api, options, activation);
}

int
listen_sockets_open(struct listener *listener, const struct options *options,
    const struct listen_sockets_users *users, char text[ENDPOINT_TEXT_MAX + 1])
{
	struct activation activation;
	int status = EX_CONFIG;

	if (activation_read(&activation) == 0)
		status =
		    listen_all(listener, options, users, &activation, text);
	activation_clear(&activation);
	return status;
}
