#ifndef API_ROUTER_H
#define API_ROUTER_H

#include <stdbool.h>

struct api_access;
struct api_calls;
struct event_stream;
struct exchange_answer;
struct exchange_request;

/*
 * What the shop's own server asks (buddyshopping-api(7)):
 *
 *	GET /v1/sessions
 *	GET /v1/sessions/ID
 *	POST /v1/sessions/ID/lock
 *	POST /v1/sessions/ID/unlock
 *	POST /v1/sessions/ID/end
 *	DELETE /v1/sessions/ID/customers/CID
 *	GET /v1/events
 *
 * Nobody without a key is told anything, not even which paths there are.
 */
struct api_router {
	struct api_access *access;
	struct api_calls *calls;
	struct event_stream *events;
	bool	 (*is_draining)(const void *ctx);
	const void *ctx;
};

/*
 * Answer a request, or have it wait for the hub or for events.  Who wants
 * something changed is logged.
 */
void	 api_router_request(const struct api_router *router,
	    const struct exchange_request *request,
	    struct exchange_answer *answer);

#endif
