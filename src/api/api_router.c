#include "api_router.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "api_access.h"
#include "api_answer.h"
#include "api_call.h"
#include "api_query.h"
#include "api_sessions.h"
#include "base/clock.h"
#include "base/log.h"
#include "event_stream.h"
#include "hub/shop.h"
#include "net/exchange.h"
#include "wire/http_target.h"

static const struct route {
	const char *method;
	const char *path;	/* where * stands for one name */
	unsigned parameters;	/* of the query */
	const char *deed;	/* logged with whose it is; NULL: none */
	struct api_call_config call;	/* without write: for events instead */
} routes[] = {
	{ "GET", "/v1/sessions",
	    API_PARAMETER_LIMIT | API_PARAMETER_AFTER | API_PARAMETER_STATE,
	    NULL, { .kind = CALL_LIST, .write = api_sessions_write_list } },
	{ "GET", "/v1/sessions/*", 0, NULL,
	    { .kind = CALL_READ, .write = api_sessions_write_one } },
	{ "POST", "/v1/sessions/*/lock", API_PARAMETER_INCARNATION,
	    "lock of a session",
	    { .kind = CALL_LOCK, .write = api_sessions_write_locked } },
	{ "POST", "/v1/sessions/*/unlock", API_PARAMETER_INCARNATION,
	    "unlock of a session",
	    { .kind = CALL_UNLOCK, .write = api_sessions_write_unlocked } },
	{ "POST", "/v1/sessions/*/end", API_PARAMETER_INCARNATION,
	    "end of a session",
	    { .kind = CALL_END, .write = api_sessions_write_ended } },
	{ "DELETE", "/v1/sessions/*/customers/*", 0,
	    "removal of a customer",
	    { .kind = CALL_REMOVE, .write = api_sessions_write_removed } },
	{ "GET", "/v1/events",
	    API_PARAMETER_AFTER | API_PARAMETER_WAIT | API_PARAMETER_LIMIT,
	    NULL, { .write = NULL } },
};

/* What the request waits for. */
static struct deferred *
defer(const struct api_router *router, const struct api_call_config *call,
    struct api_caller *caller, const struct exchange_request *request)
{
	if (call->write == NULL)
		return event_stream_poll(router->events, caller->shop->name,
		    &call->query, request);
	api_access_address(router->access, request, caller->address);
	return api_call_new(router->calls, call, caller, request);
}

/* Have the request wait for what its route's call yields, or say why not. */
static void
start_route(const struct api_router *router, const struct route *route,
    const struct api_names *names, struct api_caller *caller,
    const struct exchange_request *request, struct exchange_answer *answer)
{
	struct api_call_config call = route->call;
	enum refusal refusal = api_query_read_names(names, &call.query);
	const char *fault;

	if (refusal != REFUSAL_NONE) {
		api_answer_refusal(answer, refusal, NULL);
		return;
	}
	fault = api_query_read(request->target->query, route->parameters,
	    &call.query);
	if (fault != NULL) {
		api_answer_refusal(answer, REFUSAL_INVALID_MESSAGE, fault);
		return;
	}
	if (route->deed != NULL)
		log_info("api: %s: asked for by %s%s%s", route->deed,
		    caller->key, caller->shop->name[0] == '\0' ? "" :
		    " of shop ", caller->shop->name);
	answer->status = 0;
	answer->deferred = defer(router, &call, caller, request);
}

/* Answer by the route for the target; false if there is none. */
static bool
answer_by_route(const struct api_router *router, struct api_caller *caller,
    const struct exchange_request *request, struct exchange_answer *answer)
{
	char path[API_PATH_BYTES];
	struct api_names names;
	size_t i;

	if (api_path_normalize(request->target, path) == -1)
		return false;
	for (i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!api_path_matches(path, routes[i].path, &names))
			continue;
		if (strcmp(request->method, routes[i].method) != 0) {
			answer->allow = routes[i].method;
			continue;
		}
		answer->allow = NULL;
		start_route(router, &routes[i], &names, caller, request, answer);
		return true;
	}
	return false;
}

void
api_router_request(const struct api_router *router,
    const struct exchange_request *request, struct exchange_answer *answer)
{
	struct api_caller caller = { .key = NULL };

	if (router->is_draining(router->ctx)) {
		api_answer_refusal(answer, REFUSAL_SHUTTING_DOWN, NULL);
		return;
	}
	caller.key = api_access_check(router->access, request,
	    clock_now().mono_ms, &caller.shop, answer);
	if (caller.key == NULL)
		return;
	if (!http_method_is_known(request->method)) {
		api_answer_refusal(answer, REFUSAL_METHOD_NOT_ALLOWED, NULL);
		answer->status = 501;
		return;
	}
	if (answer_by_route(router, &caller, request, answer))
		return;
	api_answer_refusal(answer, answer->allow == NULL ? REFUSAL_NOT_FOUND :
	    REFUSAL_METHOD_NOT_ALLOWED, NULL);
}
