#ifndef EVENT_JSON_H
#define EVENT_JSON_H

#include <stddef.h>

#include "session/record.h"
#include "session/session.h"
#include "storage/journal_events.h"

struct json_write;

/* What the shop's server is told of an event: buddyshopping-api(7). */

enum {
	/* More than any event has, whose texts may be all escapes. */
	EVENT_JSON_BYTES_MAX = 512 + 6 * (SESSION_ID_MAX +
	    RECORD_ACCOUNT_BYTES),
	EVENT_JSON_ID_BYTES = 24
};

/* The members of an event's object, which the caller opens and closes. */
void	 event_json_write(struct json_write *json,
	    const struct journal_event *event);

/* The event's id, which no other has: "1742", "1742.d" or "1742.r". */
void	 event_json_id(const struct journal_event *event,
	    char id[EVENT_JSON_ID_BYTES]);

/* "cart.changed", for example. */
const char *event_json_type(enum journal_event_type type);

#endif
