#include "api_call.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api_answer.h"
#include "api_body.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "hub/shop.h"
#include "net/deadline.h"
#include "net/deferred.h"
#include "net/exchange.h"

enum {
	/* How long the hub and the storage have for an answer. */
	ANSWER_WAIT_S = 10,
	WAIT_ANSWER = DEADLINE_FIRST
};

struct api_calls {
	struct api_calls_config config;
	struct deadlines *deadlines;
	size_t	 count;
};

struct api_call {
	struct deferred deferred;
	struct call call;
	struct deadline deadline;	/* set while the hub has it */
	struct api_calls *calls;
	struct api_call_config config;
	/* What the hub's call is lent. */
	struct payload *session;
	struct payload *key;
	char	 address[ADDRESS_TEXT_MAX + 1];
	struct api_body body;
};

static struct api_call *
call_of_deferred(const struct deferred *deferred)
{
	return (struct api_call *)((uintptr_t)deferred -
	    offsetof(struct api_call, deferred));
}

static void
free_call(struct api_call *call)
{
	call->calls->count--;
	deadline_clear(call->calls->deadlines, &call->deadline);
	payload_unref(call->session);
	payload_unref(call->key);
	api_body_clear(&call->body);
	free(call);
}

/* The hub has nothing to do with it any more. */
static void
finish_call(struct api_call *call, const struct exchange_answer *answer)
{
	const struct api_calls_config config = call->calls->config;
	const struct deferred deferred = call->deferred;

	free_call(call);
	config.answered(config.ctx, answer->status);
	deferred.answered(deferred.ctx, answer);
}

static void
refuse_call(struct api_call *call, enum refusal code, const char *why)
{
	struct exchange_answer answer = { .status = 0 };

	api_answer_refusal(&answer, code, why);
	finish_call(call, &answer);
}

static void
on_call_done(struct call *hub_call)
{
	struct api_call *call = (struct api_call *)((uintptr_t)hub_call -
	    offsetof(struct api_call, call));
	struct exchange_answer answer = { .status = 0 };

	if (hub_call->refused != REFUSAL_NONE) {
		refuse_call(call, hub_call->refused, NULL);
		return;
	}
	call->config.write(&call->config.query, hub_call,
	    call->calls->config.hub, &answer);
	finish_call(call, &answer);
}

static void
on_answer_late(struct deadline *deadline, unsigned kind)
{
	struct api_call *call = (struct api_call *)((uintptr_t)deadline -
	    offsetof(struct api_call, deadline));

	(void)kind;	/* there is one */
	call_cancel(call->calls->config.hub, &call->call);
	refuse_call(call, REFUSAL_STORAGE_UNAVAILABLE, NULL);
}

static int
add_to_body(struct deferred *deferred, const void *data, size_t len)
{
	return api_body_add(&call_of_deferred(deferred)->body, data, len);
}

static void
start_call(struct deferred *deferred)
{
	struct api_call *call = call_of_deferred(deferred);
	const struct api_calls_config *config = &call->calls->config;
	struct now now = clock_now();
	enum refusal code;
	const char *why;

	/* It may have begun while the body came. */
	if (config->is_draining(config->ctx)) {
		refuse_call(call, REFUSAL_SHUTTING_DOWN, NULL);
		return;
	}
	code = api_body_judge(&call->body, &why);
	if (code != REFUSAL_NONE) {
		refuse_call(call, code, why);
		return;
	}
	deadline_set(call->calls->deadlines, &call->deadline, WAIT_ANSWER);
	call_begin(config->hub, &call->call, &now);
}

static void
refuse_large_body(struct deferred *deferred)
{
	refuse_call(call_of_deferred(deferred), REFUSAL_MESSAGE_TOO_LARGE,
	    NULL);
}

/* None is worth a place of its own: it waits for the storage alone. */
static bool
is_held(const struct deferred *deferred)
{
	(void)deferred;
	return false;
}

static void
on_caller_gone(struct deferred *deferred)
{
	struct api_call *call = call_of_deferred(deferred);

	if (call->deadline.kind != DEADLINE_NONE)
		call_cancel(call->calls->config.hub, &call->call);
	free_call(call);
}

static const struct deferred_ops deferred_ops = {
	.add_body = add_to_body,
	.start = start_call,
	.refuse_body = refuse_large_body,
	.is_held = is_held,
	.cancel = on_caller_gone,
};

struct api_calls *
api_calls_new(const struct api_calls_config *config)
{
	const uint64_t wait_ms[DEADLINE_KINDS_MAX] = {
		[WAIT_ANSWER] = deadline_seconds(ANSWER_WAIT_S),
	};
	struct api_calls *calls = xcalloc(1, sizeof(*calls));

	calls->config = *config;
	calls->deadlines = deadlines_new(config->loop, wait_ms,
	    on_answer_late);
	return calls;
}

void
api_calls_free(struct api_calls *calls)
{
	deadlines_free(calls->deadlines);
	free(calls);
}

size_t
api_calls_count(const struct api_calls *calls)
{
	return calls->count;
}

struct deferred *
api_call_new(struct api_calls *calls, const struct api_call_config *config,
    const struct api_caller *caller, const struct exchange_request *request)
{
	const struct api_query *query = &config->query;
	char session[SESSION_NAME_MAX + 1];
	struct api_call *call = xcalloc(1, sizeof(*call));

	call->deferred.ops = &deferred_ops;
	call->calls = calls;
	calls->count++;
	call->config = *config;
	session_name_make(caller->shop->name, query->session, session);
	call->session = payload_new(session, strlen(session));
	call->key = payload_new(caller->key, strlen(caller->key));
	memcpy(call->address, caller->address, sizeof(call->address));
	api_body_init(&call->body, request);
	call->call = (struct call){
		.kind = config->kind,
		.done = on_call_done,
		.session = call->session,
		.key = call->key,
		.address = call->address,
		.only = query->incarnation,
		.customer = query->customer,
		.after_row = query->after_row,
		.shop = caller->shop->name,
		.max = query->state == API_STATE_RUNNING ? query->limit :
		    API_LOOK_MAX,
	};
	return &call->deferred;
}
