#include "event_json.h"

#include <inttypes.h>
#include <stdint.h>

#include "api_time.h"
#include "base/buf.h"
#include "base/id.h"
#include "base/text.h"
#include "session/session_name.h"
#include "wire/json_write.h"

static const char *const types[JOURNAL_EVENT_TYPES] = {
	[JOURNAL_SESSION_STARTED] = "session.started",
	[JOURNAL_CUSTOMER_JOINED] = "customer.joined",
	[JOURNAL_CUSTOMER_RETURNED] = "customer.returned",
	[JOURNAL_CART_CHANGED] = "cart.changed",
	[JOURNAL_CUSTOMER_READY] = "customer.ready",
	[JOURNAL_CUSTOMER_UNREADY] = "customer.unready",
	[JOURNAL_SESSION_READY] = "session.ready",
	[JOURNAL_SESSION_UNREADY] = "session.unready",
	[JOURNAL_SESSION_LOCKED] = "session.locked",
	[JOURNAL_SESSION_UNLOCKED] = "session.unlocked",
	[JOURNAL_CUSTOMER_LEFT] = "customer.left",
	[JOURNAL_SESSION_ENDED] = "session.ended",
};

static const char *const reasons[] = {
	[JOURNAL_REASON_NONE] = NULL,
	[JOURNAL_REASON_LEFT] = "left",
	[JOURNAL_REASON_EXPIRED] = "expired",
	[JOURNAL_REASON_REMOVED] = "removed",
	[JOURNAL_REASON_REPLACED] = "replaced",
};

static const char *const part_suffixes[] = {
	[JOURNAL_PART_DISPLACED] = ".d",
	[JOURNAL_PART_ROW] = "",
	[JOURNAL_PART_READINESS] = ".r",
};

const char *
event_json_type(enum journal_event_type type)
{
	return types[type];
}

void
event_json_id(const struct journal_event *event, char id[EVENT_JSON_ID_BYTES])
{
	xsnprintf(id, EVENT_JSON_ID_BYTES, "%" PRId64 "%s", event->seq,
	    part_suffixes[event->part]);
}

/* As the shop knows it. */
static void
write_session(struct json_write *json, const struct payload *session)
{
	json_write_string(json, "session", session_name_id(session->data));
}

static void
write_data(struct json_write *json, const struct journal_event *event)
{
	char customer[ID_CUSTOMER_HEX + 1];

	write_session(json, event->session);
	json_write_number(json, "incarnation", event->incarnation);
	json_write_number(json, "revision", event->revision);
	if (event->has_customer) {
		customer_id_format(&event->customer, customer);
		json_write_string(json, "customer", customer);
	}
	if (event->account != NULL)
		json_write_text(json, "account", event->account->data,
		    event->account->len);
	if (event->reason != JOURNAL_REASON_NONE)
		json_write_string(json, "reason", reasons[event->reason]);
	if (event->is_timed_out)
		json_write_literal(json, "timedOut", "true");
}

void
event_json_write(struct json_write *json, const struct journal_event *event)
{
	char id[EVENT_JSON_ID_BYTES];

	event_json_id(event, id);
	json_write_string(json, "id", id);
	json_write_string(json, "type", types[event->type]);
	api_time_write(json, "timestamp", event->time_ms);
	json_write_open(json, "data", "{");
	write_data(json, event);
	json_write_close(json, "}");
}
