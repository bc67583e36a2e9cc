#ifndef EVENT_NAME_H
#define EVENT_NAME_H

#include "session/record.h"

/*
 * The words that stand for the journal's numbers wherever it is printed.  They
 * are documented, and those of sql/audit.sql.  A number that has none, as only
 * a damaged journal has, is "unknown".
 */
const char *event_name(enum record_event event);
const char *event_transport_name(enum transport transport);
/* Of a REFUSED: the refusal, and the message, "" if that was unreadable. */
const char *event_refusal_name(const struct record *record);
const char *event_message_name(const struct record *record);
/* Of a CALL: what was asked for. */
const char *event_call_name(const struct record *record);

#endif
