#include "row_json.h"

#include <stddef.h>

#include "audit/row.h"
#include "base/buf.h"
#include "base/id.h"
#include "event_name.h"
#include "json_line.h"
#include "timestamp.h"
#include "wire/json_scan.h"
#include "wire/message.h"

static void
write_id(struct json_line *line, const char *key, bool has,
    const struct customer_id *id)
{
	char hex[ID_CUSTOMER_HEX + 1];

	if (has)
		customer_id_format(id, hex);
	json_line_string(line, key, has ? hex : NULL);
}

static void
write_time(struct json_line *line, const char *key, uint64_t time_ms)
{
	char text[TIMESTAMP_CHARS + 1];

	timestamp_format(time_ms, text);
	json_line_string(line, key, text);
}

static void
write_bool(struct json_line *line, const char *key, bool value)
{
	json_line_literal(line, key, value ? "true" : "false");
}

static void
write_payload(struct json_line *line, const char *key,
    const struct payload *payload)
{
	json_line_text(line, key, payload == NULL ? NULL : payload->data,
	    payload == NULL ? 0 : payload->len);
}

void
row_json_write_cart(struct json_line *line, const char *key,
    const struct payload *cart)
{
	struct json_members members, inner;

	if (cart == NULL || json_scan_object(cart->data, cart->len,
	    MESSAGE_NESTING, &members, "", &inner) == JSON_INVALID)
		write_payload(line, key, cart);
	else
		json_line_json(line, key, cart->data, cart->len);
}

/* What only some events have. */
static void
write_event(struct json_line *line, const struct audit_row *row)
{
	const struct record *record = &row->record;

	switch (record->event) {
	case RECORD_START:
		write_id(line, "displaced", record->has_displaced,
		    &record->displaced);
		write_bool(line, "resumable", record->has_token);
		break;
	case RECORD_JOIN:
		write_bool(line, "resumable", record->has_token);
		break;
	case RECORD_READY:
		write_bool(line, "ready", record->is_ready);
		json_line_number(line, "client_seq", record->client_seq);
		break;
	case RECORD_CART:
		json_line_number(line, "client_seq", record->client_seq);
		break;
	case RECORD_REFUSED:
		json_line_string(line, "code", event_refusal_name(record));
		json_line_string(line, "message", event_message_name(record));
		json_line_number(line, "count", record->client_seq);
		break;
	case RECORD_RETAIN:
		write_time(line, "before", record->client_seq);
		break;
	case RECORD_PURGE:
		json_line_number(line, "upto", record->client_seq);
		break;
	case RECORD_LEAVE:
	case RECORD_EXPIRE:
	case RECORD_RETURN:
	case RECORD_END:
	case RECORD_ERASE:
		break;
	}
}

static void
write_body(struct json_line *line, const struct audit_row *row)
{
	const struct record *record = &row->record;

	if (row->is_erased) {
		json_line_literal(line, "erased", "true");
		return;
	}
	if (record->name != NULL)
		write_payload(line, "name", record->name);
	if (*record->address != '\0')
		json_line_string(line, "address", record->address);
	if (record->cart != NULL)
		row_json_write_cart(line, "cart", record->cart);
}

void
row_json_write(struct json_line *line, const struct audit_row *row,
    enum row_bodies bodies)
{
	const struct record *record = &row->record;

	json_line_number(line, "seq", (uint64_t)row->seq);
	write_payload(line, "session", record->session);
	json_line_number(line, "incarnation", record->incarnation);
	json_line_number(line, "revision", record->revision);
	json_line_string(line, "event", event_name(record->event));
	write_time(line, "time", record->time_ms);
	json_line_string(line, "transport",
	    event_transport_name(record->transport));
	write_id(line, "customer", record->has_customer, &record->customer);
	write_event(line, row);
	if (bodies == ROW_WITH_BODIES)
		write_body(line, row);
}
