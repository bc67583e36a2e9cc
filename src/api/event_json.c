#include "event_json.h"

#include <inttypes.h>
#include <stdint.h>

#include "api_time.h"
#include "base/buf.h"
#include "base/id.h"
#include "base/text.h"
#include "session/session_name.h"
#include "wire/event_type.h"
#include "wire/json_write.h"

/* These names have one table. */
_Static_assert((int)JOURNAL_SESSION_STARTED == (int)EVENT_SESSION_STARTED &&
    (int)JOURNAL_CART_CHANGED == (int)EVENT_CART_CHANGED &&
    (int)JOURNAL_SESSION_READY == (int)EVENT_SESSION_READY &&
    (int)JOURNAL_SESSION_ENDED == (int)EVENT_SESSION_ENDED &&
    (int)JOURNAL_EVENT_TYPES == (int)EVENT_TYPES,
    "the types of the journal's events are those of event_type.h");

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
	return event_type_name((enum event_type)type);
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
	json_write_string(json, "type", event_json_type(event->type));
	api_time_write(json, "timestamp", event->time_ms);
	json_write_open(json, "data", "{");
	write_data(json, event);
	json_write_close(json, "}");
}
