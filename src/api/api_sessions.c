#include "api_sessions.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api_answer.h"
#include "api_call.h"
#include "api_time.h"
#include "base/buf.h"
#include "base/id.h"
#include "base/text.h"
#include "net/exchange.h"
#include "session/session_name.h"
#include "wire/json_write.h"
#include "wire/multicart.h"

enum {
	/* Of a session without what is in it, and of a page's end. */
	SESSION_BYTES_MAX = 2048,
	/* Of a customer in the two lists of a session. */
	CUSTOMER_BYTES_MAX = 64,
	NUMBER_BYTES = 32
};

/* How a session is, whoever tells of it. */
struct status {
	const char *id;
	uint64_t incarnation;
	uint64_t revision;
	uint64_t active_ms;
	size_t	 customers;
	size_t	 present;
	size_t	 ready;
};

static bool
is_empty(const struct status *status)
{
	return status->present == 0;
}

static bool
is_ready(const struct status *status)
{
	return status->customers > 0 && status->ready == status->customers;
}

static void
write_status(struct json_write *json, const struct status *status)
{
	json_write_string(json, "id", status->id);
	json_write_number(json, "incarnation", status->incarnation);
	json_write_number(json, "revision", status->revision);
	api_time_write(json, "activeAt", status->active_ms);
	json_write_number(json, "customers", status->customers);
	json_write_number(json, "present", status->present);
	json_write_number(json, "ready", status->ready);
	json_write_literal(json, "isEmpty", is_empty(status) ? "true" :
	    "false");
	json_write_literal(json, "isReady", is_ready(status) ? "true" :
	    "false");
}

static bool
is_wanted(const struct status *status, enum api_state state)
{
	switch (state) {
	case API_STATE_RUNNING:
		break;
	case API_STATE_EMPTY:
		return is_empty(status);
	case API_STATE_READY:
		return is_ready(status);
	}
	return true;
}

/* Write those of a page; returns the row behind which the next one begins. */
static int64_t
write_page(struct json_write *json, const struct api_query *query,
    const struct call *call, const struct hub *hub)
{
	size_t i, n = 0;

	for (i = 0; i < call->count; i++) {
		const struct session_summary *session = &call->sessions[i];
		const struct status status = {
			.id = session_name_id(session->id->data),
			.incarnation = session->incarnation,
			.revision = session->revision,
			.active_ms = session->active_ms,
			.customers = session->customers,
			.present = call_present(hub, session->id),
			.ready = session->ready,
		};

		if (!is_wanted(&status, query->state))
			continue;
		if (n++ == query->limit)
			return call->sessions[i - 1].row;
		json_write_open(json, NULL, "{");
		write_status(json, &status);
		json_write_close(json, "}");
	}
	return call->next_row;
}

void
api_sessions_write_list(const struct api_query *query, const struct call *call,
    const struct hub *hub, struct exchange_answer *answer)
{
	struct json_write json;
	char next[NUMBER_BYTES];
	int64_t row;

	json_write_begin(&json, (query->limit + 1) * SESSION_BYTES_MAX);
	json_write_open(&json, "sessions", "[");
	row = write_page(&json, query, call, hub);
	json_write_close(&json, "]");
	xsnprintf(next, sizeof(next), "%" PRId64, row);
	json_write_string(&json, "next", row == 0 ? NULL : next);
	api_answer_json(answer, json_write_end(&json));
}

/* The ids of customers that are present, or ready. */
static void
write_customers(struct json_write *json, const char *key,
    const struct call *call, bool is_of_ready)
{
	char id[ID_CUSTOMER_HEX + 1];
	size_t i;

	json_write_open(json, key, "[");
	for (i = 0; i < call->count; i++) {
		const struct call_customer *customer = &call->customers[i];

		if (is_of_ready ? !customer->is_ready : !customer->is_present)
			continue;
		customer_id_format(&customer->id, id);
		json_write_string(json, NULL, id);
	}
	json_write_close(json, "]");
}

static void
count_customers(const struct call *call, struct status *status)
{
	size_t i;

	for (i = 0; i < call->count; i++) {
		status->present += call->customers[i].is_present;
		status->ready += call->customers[i].is_ready;
	}
}

static void
write_cursor(struct json_write *json, const struct call *call)
{
	char cursor[2 * NUMBER_BYTES];

	xsnprintf(cursor, sizeof(cursor), "%" PRIu64 ".%" PRIu64,
	    call->incarnation, call->revision);
	json_write_string(json, "cursor", cursor);
}

void
api_sessions_write_one(const struct api_query *query, const struct call *call,
    const struct hub *hub, struct exchange_answer *answer)
{
	struct status status = {
		.id = query->session,
		.incarnation = call->incarnation,
		.revision = call->revision,
		.active_ms = call->active_ms,
		.customers = call->count,
	};
	struct json_write json;
	const char *content;
	size_t len;

	(void)hub;	/* all was read at one time */
	content = multicart_content(call->multicart, &len);
	count_customers(call, &status);
	json_write_begin(&json, SESSION_BYTES_MAX + len +
	    call->count * 2 * CUSTOMER_BYTES_MAX);
	write_status(&json, &status);
	write_cursor(&json, call);
	json_write_literal(&json, "isLocked", call->is_locked ? "true" :
	    "false");
	write_customers(&json, "presentCustomers", call, false);
	write_customers(&json, "readyCustomers", call, true);
	json_write_json(&json, "multicartContent", content, len);
	api_answer_json(answer, json_write_end(&json));
}

static void
write_revision(struct json_write *json, const struct api_query *query,
    const struct call *call)
{
	json_write_string(json, "id", query->session);
	json_write_number(json, "incarnation", call->incarnation);
	json_write_number(json, "revision", call->revision);
}

void
api_sessions_write_locked(const struct api_query *query,
    const struct call *call, const struct hub *hub,
    struct exchange_answer *answer)
{
	struct json_write json;
	const char *content;
	size_t len;

	(void)hub;	/* all is said by the call */
	content = multicart_content(call->multicart, &len);
	json_write_begin(&json, SESSION_BYTES_MAX + len);
	write_revision(&json, query, call);
	write_cursor(&json, call);
	json_write_json(&json, "multicartContent", content, len);
	api_answer_json(answer, json_write_end(&json));
}

void
api_sessions_write_unlocked(const struct api_query *query,
    const struct call *call, const struct hub *hub,
    struct exchange_answer *answer)
{
	struct json_write json;

	(void)hub;	/* all is said by the call */
	json_write_begin(&json, SESSION_BYTES_MAX);
	write_revision(&json, query, call);
	api_answer_json(answer, json_write_end(&json));
}

void
api_sessions_write_ended(const struct api_query *query,
    const struct call *call, const struct hub *hub,
    struct exchange_answer *answer)
{
	struct json_write json;

	(void)hub;	/* all is said by the call */
	json_write_begin(&json, SESSION_BYTES_MAX);
	json_write_string(&json, "id", query->session);
	json_write_number(&json, "incarnation", call->incarnation);
	api_answer_json(answer, json_write_end(&json));
}

void
api_sessions_write_removed(const struct api_query *query,
    const struct call *call, const struct hub *hub,
    struct exchange_answer *answer)
{
	char customer[ID_CUSTOMER_HEX + 1];
	struct json_write json;

	(void)hub;	/* all is said by the call */
	customer_id_format(&query->customer, customer);
	json_write_begin(&json, SESSION_BYTES_MAX);
	json_write_string(&json, "id", query->session);
	json_write_number(&json, "incarnation", call->incarnation);
	json_write_string(&json, "customer", customer);
	api_answer_json(answer, json_write_end(&json));
}
