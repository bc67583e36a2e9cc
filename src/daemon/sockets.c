#include "sockets.h"

#include <sysexits.h>

#include "activation.h"
#include "base/log.h"
#include "options.h"

/*
 * Adopt the service manager's sockets of a name; how many there were, or -1.
 * text says where the last one listens.
 */
static int
adopt(struct listener *listener, struct activation *activation,
    enum activation_name name, const struct listener_user *user,
    char text[ENDPOINT_TEXT_MAX + 1])
{
	struct endpoint endpoint;
	int fd, count = 0;

	for (; (fd = activation_take(activation, name)) != -1; count++) {
		if (listener_adopt(listener, fd, &endpoint, user) == -1)
			return -1;
		endpoint_format(&endpoint, text);
		log_info("listening on %s%s", text,
		    name == ACTIVATION_FASTCGI ? " for FastCGI" : "");
	}
	return count;
}

static int
open_http(struct listener *listener, const struct options *options,
    const struct listener_user *user, char text[ENDPOINT_TEXT_MAX + 1])
{
	struct endpoint endpoint;
	size_t i;

	for (i = options->listen_count; i > 0; i--) {
		endpoint = options->listen[i - 1];
		if (listener_add(listener, &endpoint, &options->listen_access,
		    user) == -1)
			return -1;
		endpoint_format(&endpoint, text);
		log_info("listening on %s", text);
	}
	return 0;
}

static int
open_fastcgi(struct listener *listener, const struct options *options,
    const struct listener_user *user)
{
	char text[ENDPOINT_TEXT_MAX + 1];
	struct endpoint endpoint;
	size_t i;

	for (i = 0; i < options->fastcgi_listen_count; i++) {
		endpoint = options->fastcgi_listen[i];
		if (listener_add(listener, &endpoint,
		    &options->fastcgi_access, user) == -1)
			return -1;
		endpoint_format(&endpoint, text);
		log_info("listening on %s for FastCGI", text);
		if (endpoint.address.ss_family != AF_UNIX &&
		    options->trusted_proxies_count == 0)
			log_warnx("%s: nobody may connect, as trusted-proxies "
			    "is empty", text);
	}
	return 0;
}

static int
open_all(struct listener *listener, const struct options *options,
    const struct sockets_users *users, struct activation *activation,
    char text[ENDPOINT_TEXT_MAX + 1])
{
	char ignored[ENDPOINT_TEXT_MAX + 1];
	int count;

	count = adopt(listener, activation, ACTIVATION_HTTP, &users->http,
	    text);
	if (count == -1 || (count == 0 &&
	    open_http(listener, options, &users->http, text) == -1))
		return -1;
	count = adopt(listener, activation, ACTIVATION_FASTCGI,
	    &users->fastcgi, ignored);
	return count != 0 ? count :
	    open_fastcgi(listener, options, &users->fastcgi);
}

int
sockets_open(struct listener *listener, const struct options *options,
    const struct sockets_users *users, char text[ENDPOINT_TEXT_MAX + 1])
{
	struct activation activation;
	int status = EX_OK;

	if (activation_read(&activation) == -1)
		status = EX_CONFIG;
	else if (open_all(listener, options, users, &activation, text) == -1)
		status = EX_OSERR;
	activation_clear(&activation);
	return status;
}
