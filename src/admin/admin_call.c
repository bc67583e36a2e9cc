#include "admin_call.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "admin_query.h"
#include "admin_request.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/number.h"
#include "base/xalloc.h"
#include "hub/call.h"
#include "net/exchange.h"
#include "session/refusal.h"
#include "wire/multicart.h"

enum {
	CALLS_MAX = 16,	/* pending and remembered */
	ANSWER_LIFE_MS = 60 * 1000,
	NUMBER_UNUSED_BITS = 12	/* that programs read it from JSON as it is */
};

struct admin_call {
	TAILQ_ENTRY(admin_call) entry;
	struct call call;
	uint64_t number;
	struct payload *session;
	bool	 is_pending;
	uint64_t done_ms;		/* if it is not */
	struct multicart *multicart;	/* of a lock that is done and was */
					/* not asked about yet; or NULL */
};

struct admin_calls {
	struct hub *hub;
	TAILQ_HEAD(admin_call_list, admin_call) list;	/* oldest first */
	size_t	 count;
	uint64_t last;			/* number given */
};

struct admin_calls *
admin_calls_new(struct hub *hub)
{
	struct admin_calls *calls = xcalloc(1, sizeof(*calls));
	struct id_key random;

	calls->hub = hub;
	TAILQ_INIT(&calls->list);
	/* A number of before a restart is to be nobody else's after it. */
	id_key_random(&random);
	memcpy(&calls->last, random.bytes, sizeof(calls->last));
	calls->last >>= NUMBER_UNUSED_BITS;
	return calls;
}

static void
forget(struct admin_calls *calls, struct admin_call *call)
{
	if (call->is_pending)
		call_cancel(calls->hub, &call->call);
	TAILQ_REMOVE(&calls->list, call, entry);
	calls->count--;
	multicart_unref(call->multicart);
	payload_unref(call->session);
	free(call);
}

void
admin_calls_free(struct admin_calls *calls)
{
	struct admin_call *call;

	while ((call = TAILQ_FIRST(&calls->list)) != NULL)
		forget(calls, call);
	free(calls);
}

/* What came of a session is not to be kept longer than it takes to ask. */
static void
forget_old_calls(struct admin_calls *calls, uint64_t now_ms)
{
	struct admin_call *call, *next;

	for (call = TAILQ_FIRST(&calls->list); call != NULL; call = next) {
		next = TAILQ_NEXT(call, entry);
		if (!call->is_pending &&
		    now_ms - call->done_ms >= ANSWER_LIFE_MS)
			forget(calls, call);
	}
}

/* Make room for one more; -1 if all are pending. */
static int
forget_oldest_call(struct admin_calls *calls)
{
	struct admin_call *call;

	if (calls->count < CALLS_MAX)
		return 0;
	TAILQ_FOREACH(call, &calls->list, entry) {
		if (call->is_pending)
			continue;
		forget(calls, call);
		return 0;
	}
	return -1;
}

static void
on_call_done(struct call *done)
{
	struct admin_call *call = (struct admin_call *)((char *)done -
	    offsetof(struct admin_call, call));

	call->is_pending = false;
	call->done_ms = clock_now().mono_ms;
	if (done->refused == REFUSAL_NONE && done->multicart != NULL)
		call->multicart = multicart_ref(done->multicart);
}

static void
begin(const struct admin_request *request, enum call_kind kind,
    struct exchange_answer *answer)
{
	struct admin_calls *calls = request->config->calls;
	struct now now = clock_now();
	struct admin_query query;
	struct admin_call *call;
	const char *fault = admin_query_parse(request->query, &query);

	if (fault != NULL || query.has_customer) {
		admin_answer_error(answer, 400, fault != NULL ? fault :
		    "only session=SESSION");
		return;
	}
	if (admin_request_is_late(request, answer))
		return;
	forget_old_calls(calls, now.mono_ms);
	if (forget_oldest_call(calls) == -1) {
		admin_answer_error(answer, 503, "too much is pending");
		return;
	}
	call = xcalloc(1, sizeof(*call));
	call->number = ++calls->last;
	call->session = payload_new(query.session, strlen(query.session));
	call->is_pending = true;
	call->call.kind = kind;
	call->call.done = on_call_done;
	call->call.session = call->session;
	TAILQ_INSERT_TAIL(&calls->list, call, entry);
	calls->count++;
	call_begin(calls->hub, &call->call, &now);
	admin_answer_format(answer, 202, "{\"id\":%" PRIu64 "}\n",
	    call->number);
}

void
admin_call_lock(const struct admin_request *request,
    struct exchange_answer *answer)
{
	begin(request, CALL_LOCK, answer);
}

void
admin_call_unlock(const struct admin_request *request,
    struct exchange_answer *answer)
{
	begin(request, CALL_UNLOCK, answer);
}

void
admin_call_end(const struct admin_request *request,
    struct exchange_answer *answer)
{
	begin(request, CALL_END, answer);
}

/* The carts are given once: who asks has them then. */
static void
answer_done(struct admin_call *call, struct exchange_answer *answer)
{
	struct multicart *multicart = call->multicart;

	admin_answer_format(answer, 200, "{\"state\":\"done\","
	    "\"incarnation\":%" PRIu64 ",\"revision\":%" PRIu64 "%s",
	    call->call.incarnation, call->call.revision,
	    multicart == NULL ? "}\n" : ",\"payload\":");
	if (multicart == NULL)
		return;
	/* What follows in the multicartUpdate ends the answer as well. */
	answer->lead = answer->body;
	answer->body = payload_ref(multicart->bytes);
	answer->body_from = MULTICART_PAYLOAD_AT;
	multicart_unref(multicart);
	call->multicart = NULL;
}

void
admin_call_status(const struct admin_request *request,
    struct exchange_answer *answer)
{
	struct admin_calls *calls = request->config->calls;
	struct admin_call *call = NULL;
	uint64_t number;

	forget_old_calls(calls, clock_now().mono_ms);
	if (number_parse(request->rest, UINT64_MAX, &number) == 0)
		TAILQ_FOREACH(call, &calls->list, entry)
			if (call->number == number)
				break;
	if (call == NULL)
		admin_answer_error(answer, 404, "no such call");
	else if (call->is_pending)
		admin_answer_format(answer, 200, "{\"state\":\"pending\"}\n");
	else if (call->call.refused == REFUSAL_NONE)
		answer_done(call, answer);
	else
		admin_answer_format(answer, 200, "{\"state\":\"%s\"}\n",
		    call->call.refused == REFUSAL_SESSION_NOT_FOUND ?
		    "notFound" : "failed");
}
