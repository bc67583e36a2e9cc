#include "admin.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "admin_query.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "config/address.h"
#include "hub/hub.h"
#include "net/exchange.h"
#include "probes.h"

enum {
	BODY_BYTES = 256,
	RETRY_S = 1
};

struct admin {
	struct admin_config config;
	bool	 is_draining;
};

/* What stands behind a route that ends in a slash, and the query. */
struct admin_target {
	char	 rest[SESSION_ID_MAX + 1];
	const char *query;
};

static void LOG_FORMAT(3, 4)
say(struct exchange_answer *answer, unsigned status, const char *format, ...)
{
	char body[BODY_BYTES];
	va_list ap;
	int len;

	va_start(ap, format);
	len = vsnprintf(body, sizeof(body), format, ap); /* fits */
	va_end(ap);
	answer->status = status;
	answer->body = payload_new(body, (size_t)len);
}

void
admin_answer_json(struct exchange_answer *answer, unsigned status,
    struct payload *json)
{
	answer->status = status;
	answer->body = json;
}

void
admin_answer_error(struct exchange_answer *answer, unsigned status,
    const char *why)
{
	say(answer, status, "{\"error\":\"%s\"}\n", why);
	if (status == 503)
		answer->retry_after_s = RETRY_S;
}

/* Whose process is at the other end of the connection. */
static struct ucred
peer_credentials(const struct exchange_request *request)
{
	struct ucred peer = { .pid = 0 };
	socklen_t len = sizeof(peer);

	if (getsockopt(request->fd, SOL_SOCKET, SO_PEERCRED, &peer,
	    &len) == -1)
		log_warn("admin: who asks");
	return peer;
}

static void
log_erasure_request(const struct admin *admin,
    const struct exchange_request *request, const struct admin_query *query,
    uint64_t number)
{
	struct ucred peer = peer_credentials(request);
	char tag[ID_TAG_HEX + 1];

	id_log_tag(&admin->config.log_key, query->session, tag);
	log_info("admin: erasure %" PRIu64 ": %s session %s: asked for by "
	    "user %ju, process %jd", number,
	    query->has_customer ? "a customer of" : "all of", tag,
	    (uintmax_t)peer.uid, (intmax_t)peer.pid);
}

static void
begin_erasure(struct admin *admin, const struct exchange_request *request,
    const struct admin_target *target, struct exchange_answer *answer)
{
	struct now now = clock_now();
	struct admin_query query;
	struct payload *session;
	uint64_t number;
	const char *fault = admin_query_parse(target->query, &query);

	if (fault != NULL) {
		admin_answer_error(answer, 400, fault);
		return;
	}
	if (admin->is_draining) {
		admin_answer_error(answer, 503, "the daemon stops");
		return;
	}
	session = payload_new(query.session, strlen(query.session));
	number = hub_erase(admin->config.hub, session,
	    query.has_customer ? &query.customer : NULL, &now);
	payload_unref(session);
	if (number == 0) {
		admin_answer_error(answer, 503,
		    "too many erasures are pending");
		return;
	}
	log_erasure_request(admin, request, &query, number);
	say(answer, 202, "{\"id\":%" PRIu64 "}\n", number);
}

/* NULL: there is none. */
static const char *
erasure_state_name(enum erasure_state state)
{
	switch (state) {
	case ERASURE_UNKNOWN:
		break;
	case ERASURE_PENDING:
		return "pending";
	case ERASURE_DONE:
		return "done";
	case ERASURE_NOT_FOUND:
		return "notFound";
	case ERASURE_FAILED:
		return "failed";
	}
	return NULL;
}

static void
show_erasure(struct admin *admin, const struct exchange_request *request,
    const struct admin_target *target, struct exchange_answer *answer)
{
	struct erasure erasure = { .state = ERASURE_UNKNOWN };
	uint64_t number;

	(void)request;	/* changes nothing */
	if (admin_number_parse(target->rest, &number) == 0)
		erasure = hub_erasure(admin->config.hub, number);
	if (erasure.state == ERASURE_UNKNOWN)
		admin_answer_error(answer, 404, "no such erasure");
	else
		say(answer, 200,
		    "{\"state\":\"%s\",\"bodies\":%" PRIu64 "}\n",
		    erasure_state_name(erasure.state), erasure.bodies);
}

static void
watch(struct admin *admin, const struct exchange_request *request,
    const struct admin_target *target, struct exchange_answer *answer)
{
	(void)target;	/* has nothing besides */
	if (!probes_answer(admin->config.watch, request->target->path,
	    request->target->path_len, answer))
		admin_answer_error(answer, 404, "no such path");
}

static const struct route {
	const char *method;
	const char *path; /* with a slash at its end: and one more name */
	bool	 is_for_tcp;	/* too */
	void	(*answer)(struct admin *admin,
		    const struct exchange_request *request,
		    const struct admin_target *target,
		    struct exchange_answer *answer);
} routes[] = {
	{ "POST", "/erase", false, begin_erasure },
	{ "GET", "/erase/", false, show_erasure },
	{ "GET", "/metrics", true, watch },
	{ "GET", "/healthz", true, watch },
	{ "GET", "/readyz", true, watch },
};

/* Whether what is asked for is route's; target gets what stands behind it. */
static bool
route_matches(const struct route *route, const struct http_target *asked,
    struct admin_target *target)
{
	size_t path_len = strlen(route->path), len = asked->path_len;
	bool has_rest = route->path[path_len - 1] == '/';

	if (strncmp(asked->path, route->path, path_len) != 0 ||
	    (has_rest ? len <= path_len : len != path_len) ||
	    len - path_len >= sizeof(target->rest))
		return false;
	memcpy(target->rest, asked->path + path_len, len - path_len);
	target->rest[len - path_len] = '\0';
	target->query = asked->query;
	return true;
}

/* Answer by one of our routes; false if none is for the target. */
static bool
answer_by_us(struct admin *admin, const struct exchange_request *request,
    struct exchange_answer *answer)
{
	struct admin_target target;
	size_t i;

	for (i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!route_matches(&routes[i], request->target, &target) ||
		    (request->address.is_known && !routes[i].is_for_tcp))
			continue;
		if (strcmp(request->method, routes[i].method) == 0) {
			routes[i].answer(admin, request, &target, answer);
			return true;
		}
		answer->allow = routes[i].method;
	}
	return false;
}

/* Likewise by one of somebody else's, of which none is for TCP. */
static bool
answer_by_others(struct admin *admin, const struct exchange_request *request,
    struct exchange_answer *answer)
{
	const struct admin_route *route = admin->config.routes;
	const struct http_target *target = request->target;
	struct ucred peer;

	if (request->address.is_known)
		return false;
	for (; route != NULL && route->method != NULL; route++) {
		if (strlen(route->path) != target->path_len ||
		    strncmp(target->path, route->path, target->path_len) != 0)
			continue;
		if (strcmp(request->method, route->method) != 0) {
			answer->allow = route->method;
			continue;
		}
		if (route->deed != NULL) {
			peer = peer_credentials(request);
			log_info("admin: %s: asked for by user %ju, process "
			    "%jd", route->deed, (uintmax_t)peer.uid,
			    (intmax_t)peer.pid);
		}
		route->answer(admin->config.ctx, target->query, answer);
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
admin_request(struct admin *admin, const struct exchange_request *request,
    struct exchange_answer *answer)
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
	if (answer_by_us(admin, request, answer) ||
	    answer_by_others(admin, request, answer)) {
		answer->allow = NULL;
		return;
	}
	if (answer->allow == NULL)
		admin_answer_error(answer, 404, "no such path");
	else
		admin_answer_error(answer, 405, "not with this method");
}

struct admin *
admin_new(const struct admin_config *config)
{
	struct admin *admin = xcalloc(1, sizeof(*admin));

	admin->config = *config;
	return admin;
}

void
admin_free(struct admin *admin)
{
	free(admin);
}

void
admin_drain(struct admin *admin)
{
	admin->is_draining = true;
}
