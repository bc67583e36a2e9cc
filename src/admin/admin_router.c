#include "admin_router.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "admin_call.h"
#include "admin_command.h"
#include "admin_request.h"
#include "admin_status.h"
#include "admin_webhook.h"
#include "base/log.h"
#include "config/address.h"
#include "net/exchange.h"
#include "session/session_name.h"

static void
answer_probe_path(const struct admin_request *request,
    struct exchange_answer *answer)
{
	const struct http_target *target = request->exchange->target;

	if (!probes_answer(&request->config->probes, target->path,
	    target->path_len, answer))
		admin_answer_error(answer, 404, "no such path");
}

static const struct route {
	const char *method;
	const char *path;	/* with a slash at its end: and one more name */
	const char *deed;	/* logged with who asked; NULL: none */
	bool	 is_for_tcp;	/* too */
	void	(*answer)(const struct admin_request *request,
		    struct exchange_answer *answer);
} routes[] = {
	{ "GET", "/metrics", NULL, true, answer_probe_path },
	{ "GET", "/healthz", NULL, true, answer_probe_path },
	{ "GET", "/readyz", NULL, true, answer_probe_path },
	{ "GET", "/status", NULL, false, admin_status_daemon },
	{ "GET", "/sessions", NULL, false, admin_status_sessions },
	{ "GET", "/session", NULL, false, admin_status_session },
	{ "GET", "/config", NULL, false, admin_status_settings },
	{ "GET", "/erase/", NULL, false, admin_status_erasure },
	{ "GET", "/call/", NULL, false, admin_call_status },
	{ "GET", "/webhook", NULL, false, admin_webhook_status },
	{ "GET", "/webhook-test/", NULL, false, admin_webhook_tested },
	/* It logs the erasure's number besides. */
	{ "POST", "/erase", NULL, false, admin_command_erase },
	{ "POST", "/kick", "kick", false, admin_command_kick },
	{ "POST", "/lock", "lock", false, admin_call_lock },
	{ "POST", "/unlock", "unlock", false, admin_call_unlock },
	{ "POST", "/end", "end", false, admin_call_end },
	{ "POST", "/webhook-test", "webhook test", false,
	    admin_webhook_test },
	{ "POST", "/webhook-replay", "webhook replay", false,
	    admin_webhook_replay },
	{ "POST", "/reload", "reload", false, admin_command_reload },
	{ "POST", "/drain", "drain", false, admin_command_drain },
	{ "POST", "/log-level", "log level", false,
	    admin_command_log_level },
};

/* Whether a target is route's; rest gets what stands behind it. */
static bool
route_matches(const struct route *route, const struct http_target *target,
    char rest[SESSION_NAME_MAX + 1])
{
	size_t path_len = strlen(route->path), len = target->path_len;
	bool has_rest = route->path[path_len - 1] == '/';

	if (strncmp(target->path, route->path, path_len) != 0 ||
	    (has_rest ? len <= path_len : len != path_len) ||
	    len - path_len > SESSION_NAME_MAX)
		return false;
	memcpy(rest, target->path + path_len, len - path_len);
	rest[len - path_len] = '\0';
	return true;
}

static void
log_deed(const struct admin_request *request, const char *deed)
{
	struct ucred peer = admin_request_peer(request);

	log_info("admin: %s: asked for by user %ju, process %jd", deed,
	    (uintmax_t)peer.uid, (intmax_t)peer.pid);
}

/* Answer by the route for the target; false if there is none. */
static bool
answer_by_route(const struct admin_config *config,
    const struct exchange_request *exchange, struct exchange_answer *answer)
{
	char rest[SESSION_NAME_MAX + 1];
	const struct admin_request request = {
		.config = config,
		.exchange = exchange,
		.rest = rest,
		.query = exchange->target->query,
	};
	const struct route *route;
	size_t i;

	for (i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		route = &routes[i];
		if (!route_matches(route, exchange->target, rest) ||
		    (exchange->address.is_known && !route->is_for_tcp))
			continue;
		if (strcmp(exchange->method, route->method) != 0) {
			answer->allow = route->method;
			continue;
		}
		if (route->deed != NULL)
			log_deed(&request, route->deed);
		route->answer(&request, answer);
		return true;
	}
	return false;
}

/*
 * Whether a request by TCP is for this machine by name.  A page's own name may
 * be made to lead here (DNS rebinding): such a request has no Origin, and its
 * answer could be read.  Who sends no name is no browser.
 */
static bool
host_is_this_machine(const struct exchange_request *request)
{
	const struct http_target *target = request->target;
	const char *host = request->host;

	if (!request->address.is_known)
		return true;
	/* RFC 9112, section 3.2.2. */
	if (target->host != NULL)
		return address_host_is_loopback(target->host, target->host_len);
	return host == NULL || host[0] == '\0' ||
	    address_host_is_loopback(host, strlen(host));
}

/*
 * Answer a request that is for no path: OPTIONS about all of them, or CONNECT.
 * Whether it was one.
 */
static bool
answer_without_path(const struct exchange_request *request,
    struct exchange_answer *answer)
{
	enum http_form form = request->target->form;

	if (form != HTTP_FORM_ASTERISK && form != HTTP_FORM_AUTHORITY)
		return false;
	if (form == HTTP_FORM_ASTERISK)
		answer->status = 204;
	else
		admin_answer_error(answer, 405, "not with this method");
	answer->allow = request->address.is_known ? "GET, OPTIONS" :
	    "GET, POST, OPTIONS";
	return true;
}

void
admin_router_answer(const struct admin_config *config,
    const struct exchange_request *request, struct exchange_answer *answer)
{
	if (request->origin != NULL) {
		admin_answer_error(answer, 403, "not for web pages");
		return;
	}
	if (!host_is_this_machine(request)) {
		admin_answer_error(answer, 421,
		    "Host is neither localhost nor a loopback address");
		return;
	}
	if (!http_method_is_known(request->method)) {
		admin_answer_error(answer, 501, "no such method");
		return;
	}
	if (answer_without_path(request, answer))
		return;
	if (answer_by_route(config, request, answer)) {
		answer->allow = NULL;
		return;
	}
	if (answer->allow == NULL)
		admin_answer_error(answer, 404, "no such path");
	else
		admin_answer_error(answer, 405, "not with this method");
}
