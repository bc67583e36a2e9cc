#include "row_csv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/row.h"
#include "base/buf.h"
#include "base/hex.h"
#include "base/id.h"
#include "base/log.h"
#include "base/text.h"
#include "csv.h"
#include "event_name.h"
#include "json_line.h"
#include "timestamp.h"

enum { NUMBER_BYTES = 21 };	/* of 64 bits in decimal, with a NUL */

/* In the order of the cells below, and of the manual page. */
static const char *const columns[] = {
	"seq", "session", "incarnation", "revision", "event", "time",
	"transport", "customer", "displaced", "resumable", "ready",
	"client_seq", "code", "message", "count", "before", "upto",
	"erased", "name",
	"address", "cart", "digest", "hash",
};

void
row_csv_head(struct csv *csv)
{
	size_t i;

	for (i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		csv_string(csv, columns[i]);
	csv_end(csv);
}

static void
put_number(struct csv *csv, uint64_t value)
{
	char text[NUMBER_BYTES];

	xsnprintf(text, sizeof(text), "%" PRIu64, value);
	csv_string(csv, text);
}

static void
put_bool(struct csv *csv, bool value)
{
	csv_string(csv, value ? "true" : "false");
}

static void
put_id(struct csv *csv, bool has, const struct customer_id *id)
{
	char hex[ID_CUSTOMER_HEX + 1];

	if (has)
		customer_id_format(id, hex);
	csv_string(csv, has ? hex : NULL);
}

static void
put_time(struct csv *csv, uint64_t time_ms)
{
	char text[TIMESTAMP_CHARS + 1];

	timestamp_format(time_ms, text);
	csv_string(csv, text);
}

static void
put_empty(struct csv *csv, size_t cells)
{
	while (cells-- > 0)
		csv_string(csv, NULL);
}

static void
put_hash(struct csv *csv, const uint8_t hash[CHAIN_HASH_BYTES])
{
	char text[CHAIN_HASH_HEX + 1];

	hex_format(hash, CHAIN_HASH_BYTES, text);
	csv_string(csv, text);
}

/* From displaced to upto. */
static void
put_event(struct csv *csv, const struct record *record)
{
	bool is_entry = record->event == RECORD_START ||
	    record->event == RECORD_JOIN;

	put_id(csv, record->has_displaced, &record->displaced);
	csv_string(csv, !is_entry ? NULL : record->has_token ? "true" :
	    "false");
	if (record->event == RECORD_READY)
		put_bool(csv, record->is_ready);
	else
		put_empty(csv, 1);
	if (record->event == RECORD_READY || record->event == RECORD_CART)
		put_number(csv, record->client_seq);
	else
		put_empty(csv, 1);
	if (record->event == RECORD_REFUSED) {
		csv_string(csv, event_refusal_name(record));
		csv_string(csv, event_message_name(record));
		put_number(csv, record->client_seq);
	} else
		put_empty(csv, 3);
	if (record->event == RECORD_RETAIN)
		put_time(csv, record->client_seq);
	else
		put_empty(csv, 1);
	if (record->event == RECORD_PURGE)
		put_number(csv, record->client_seq);
	else
		put_empty(csv, 1);
}

static void
put_cart(struct csv *csv, const struct payload *cart)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		fatal("out of memory (a cart)");
	json_line_write_json(out, cart->data, cart->len);
	if (fclose(out) != 0)
		fatal("out of memory (a cart)");
	csv_text(csv, text, len);
	free(text);
}

static void
put_body(struct csv *csv, const struct record *record)
{
	if (record->name != NULL)
		csv_text(csv, record->name->data, record->name->len);
	else
		put_empty(csv, 1);
	csv_string(csv, *record->address != '\0' ? record->address : NULL);
	if (record->cart != NULL)
		put_cart(csv, record->cart);
	else
		put_empty(csv, 1);
}

void
row_csv_write(struct csv *csv, const struct audit_row *row,
    enum row_bodies bodies)
{
	const struct record *record = &row->record;

	put_number(csv, (uint64_t)row->seq);
	csv_text(csv, record->session->data, record->session->len);
	put_number(csv, record->incarnation);
	put_number(csv, record->revision);
	csv_string(csv, event_name(record->event));
	put_time(csv, record->time_ms);
	csv_string(csv, event_transport_name(record->transport));
	put_id(csv, record->has_customer, &record->customer);
	put_event(csv, record);
	put_bool(csv, row->is_erased);
	if (bodies == ROW_WITH_BODIES)
		put_body(csv, record);
	else
		put_empty(csv, 3);
	put_hash(csv, row->digest);
	put_hash(csv, row->hash);
	csv_end(csv);
}
