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
#include "net/exchange.h"
#include "wire/http_target.h"

static const struct route {
	const char *method;
	const char *path;	/* where * stands for one name */
	unsigned parameters;	/* of the query */
	struct api_call_config call;
} routes[] = {
	{ "GET", "/v1/sessions",
	    API_PARAMETER_LIMIT | API_PARAMETER_AFTER | API_PARAMETER_STATE,
	    { .kind = CALL_LIST, .write = api_sessions_write_list } },
	{ "GET", "/v1/sessions/*", 0,
	    { .kind = CALL_READ, .write = api_sessions_write_one } },
};

/* Have the request wait for what its route's call yields, or say why not. */
static void
start_route(const struct api_router *router, const struct route *route,
    const struct api_names *names, const struct exchange_request *request,
    struct exchange_answer *answer)
{
	struct api_call_config call = route->call;
	const char *fault;

	if (api_query_read_session(names, &call.query) == -1) {
		api_answer_refusal(answer, REFUSAL_INVALID_SESSION, NULL);
		return;
	}
	fault = api_query_read(request->target->query, route->parameters,
	    &call.query);
	if (fault != NULL) {
		api_answer_refusal(answer, REFUSAL_INVALID_MESSAGE, fault);
		return;
	}
	answer->status = 0;
	answer->deferred = api_call_new(router->calls, &call, request);
}

/* Answer by the route for the target; false if there is none. */
static bool
answer_by_route(const struct api_router *router,
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
		start_route(router, &routes[i], &names, request, answer);
		return true;
	}
	return false;
}

void
api_router_request(const struct api_router *router,
    const struct exchange_request *request, struct exchange_answer *answer)
{
	if (router->is_draining(router->ctx)) {
		api_answer_refusal(answer, REFUSAL_SHUTTING_DOWN, NULL);
		return;
	}
	if (api_access_check(router->access, request, clock_now().mono_ms,
	    answer) == NULL)
		return;
	if (!http_method_is_known(request->method)) {
		api_answer_refusal(answer, REFUSAL_METHOD_NOT_ALLOWED, NULL);
		answer->status = 501;
		return;
	}
	if (answer_by_route(router, request, answer))
		return;
	api_answer_refusal(answer, answer->allow == NULL ? REFUSAL_NOT_FOUND :
	    REFUSAL_METHOD_NOT_ALLOWED, NULL);
}
