#ifndef API_CALL_H
#define API_CALL_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "api_query.h"
#include "config/address.h"
#include "hub/call.h"

struct deferred;
struct exchange_answer;
struct exchange_request;
struct hub;
struct shop;

/*
 * Calls on their way: from the head of a request to the hub and back to its
 * answer, for a bounded time.  Nothing is to be said in a body, which may be {}
 * for those who cannot send none.
 */
struct api_calls;

/*
 * Sessions that are looked at for a page of some of them, while all other
 * commits wait: 1 to 2 ms, if each has 50 customers.
 */
enum { API_LOOK_MAX = 100 };

/* How it is asked for. */
struct api_call_config {
	enum call_kind kind;
	struct api_query query;
	/* Tells what came of it, unless the hub refused. */
	void	(*write)(const struct api_query *query, const struct call *call,
		    const struct hub *hub, struct exchange_answer *answer);
};

struct api_calls_config {
	uv_loop_t *loop;
	struct hub *hub;
	/* A call is answered so. */
	void	(*answered)(void *ctx, unsigned status);
	/* The service stops: none is begun any more. */
	bool	(*is_draining)(const void *ctx);
	void	*ctx;
};

struct api_calls *api_calls_new(const struct api_calls_config *config);
/* When there is no call any more. */
void	 api_calls_free(struct api_calls *calls);
/* Those whose head has come, and which have no answer yet. */
size_t	 api_calls_count(const struct api_calls *calls);

/* Who calls. */
struct api_caller {
	struct shop *shop;		/* sees nothing of others */
	const char *key;		/* its name */
	char	 address[ADDRESS_TEXT_MAX + 1];	/* "" if unknown */
};

/* The answer to request, whose body says nothing. */
struct deferred *api_call_new(struct api_calls *calls,
	    const struct api_call_config *config,
	    const struct api_caller *caller,
	    const struct exchange_request *request);

#endif
