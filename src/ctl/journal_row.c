#include "journal_row.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
#include "wire/json_scan.h"
#include "wire/message.h"

enum column {
	SEQ, SESSION, INCARNATION, REVISION, EVENT, TIME, TRANSPORT, CUSTOMER,
	DISPLACED, RESUMABLE, READY, ALL_READY, CLIENT_SEQ, CODE, MESSAGE,
	COUNT, BEFORE, UPTO, TIMED_OUT, ERASED, NAME, ADDRESS, CART, ACCOUNT,
	DIGEST, HASH, COLUMNS
};

/* As the manual page has them. */
static const char *const names[COLUMNS] = {
	"seq", "session", "incarnation", "revision", "event", "time",
	"transport", "customer", "displaced", "resumable", "ready",
	"all_ready", "client_seq", "code", "message", "count", "before",
	"upto", "timed_out", "erased", "name", "address", "cart", "account",
	"digest", "hash",
};

enum cell_kind {
	CELL_NONE,		/* the column does not apply */
	CELL_TEXT,		/* NULL: there is none */
	CELL_NUMBER,
	CELL_BOOL,
	CELL_CART
};

struct cell {
	enum cell_kind kind;
	const char *text;
	size_t	 len;
	uint64_t number;
	char	 own[CHAIN_HASH_HEX + 1]; /* where text may be */
};

static void
set_text(struct cell *cell, const char *text)
{
	cell->kind = CELL_TEXT;
	cell->text = text;
	cell->len = text == NULL ? 0 : strlen(text);
}

static void
set_number(struct cell *cell, uint64_t number)
{
	cell->kind = CELL_NUMBER;
	cell->number = number;
}

static void
set_bool(struct cell *cell, bool value)
{
	cell->kind = CELL_BOOL;
	cell->text = value ? "true" : "false";
}

static void
set_payload(struct cell *cell, enum cell_kind kind,
    const struct payload *payload)
{
	if (payload == NULL)
		return;
	cell->kind = kind;
	cell->text = payload->data;
	cell->len = payload->len;
}

static void
set_id(struct cell *cell, bool has, const struct customer_id *id)
{
	if (has)
		customer_id_format(id, cell->own);
	set_text(cell, has ? cell->own : NULL);
}

static void
set_time(struct cell *cell, uint64_t ms)
{
	timestamp_format(ms, cell->own);
	set_text(cell, cell->own);
}

static void
set_hash(struct cell *cell, const uint8_t hash[CHAIN_HASH_BYTES])
{
	hex_format(hash, CHAIN_HASH_BYTES, cell->own);
	set_text(cell, cell->own);
}

/* What every row has. */
static void
read_common(const struct audit_row *row, enum column column,
    struct cell *cell)
{
	const struct record *record = &row->record;

	if (column == SEQ)
		set_number(cell, (uint64_t)row->seq);
	else if (column == SESSION)
		set_payload(cell, CELL_TEXT, record->session);
	else if (column == INCARNATION)
		set_number(cell, record->incarnation);
	else if (column == REVISION)
		set_number(cell, record->revision);
	else if (column == EVENT)
		set_text(cell, event_name(record->event));
	else if (column == TIME)
		set_time(cell, record->time_ms);
	else if (column == TRANSPORT)
		set_text(cell, event_transport_name(record->transport));
	else
		set_id(cell, record->has_customer, &record->customer);
}

/* What only some events have. */
static void
read_event(const struct record *record, enum column column,
    struct cell *cell)
{
	const enum record_event event = record->event;
	const bool is_entry = event == RECORD_START || event == RECORD_JOIN;

	if (column == DISPLACED && event == RECORD_START)
		set_id(cell, record->has_displaced, &record->displaced);
	else if (column == RESUMABLE && is_entry)
		set_bool(cell, record->has_token);
	else if (column == READY && event == RECORD_READY)
		set_bool(cell, record->is_ready);
	else if (column == ALL_READY && record->readiness != READINESS_KEPT)
		set_bool(cell, record->readiness == READINESS_REACHED);
	else if (column == CODE && event == RECORD_REFUSED)
		set_text(cell, event_refusal_name(record));
	else if (column == MESSAGE && event == RECORD_REFUSED)
		set_text(cell, event_message_name(record));
	else if (column == MESSAGE && event == RECORD_CALL)
		set_text(cell, event_call_name(record));
	else if (column == BEFORE && event == RECORD_RETAIN)
		set_time(cell, record->old_ms);
	else if (column == COUNT && event == RECORD_REFUSED)
		set_number(cell, record->refused_count);
	else if (column == UPTO && event == RECORD_PURGE)
		set_number(cell, record->last_row);
	else if (column == TIMED_OUT && event == RECORD_UNLOCK)
		set_bool(cell, record->is_timed_out);
	else if (column == CLIENT_SEQ && (event == RECORD_READY ||
	    event == RECORD_CART))
		set_number(cell, record->client_seq);
}

static void
read_cell(const struct audit_row *row, enum column column, unsigned parts,
    struct cell *cell)
{
	const struct record *record = &row->record;

	cell->kind = CELL_NONE;
	if (column <= CUSTOMER)
		read_common(row, column, cell);
	else if (column < ERASED)
		read_event(record, column, cell);
	else if (column == ERASED)
		set_bool(cell, row->is_erased);
	else if (column >= DIGEST && (parts & JOURNAL_ROW_HASHES) != 0)
		set_hash(cell, column == DIGEST ? row->digest : row->hash);
	else if (column >= DIGEST || (parts & JOURNAL_ROW_BODY) == 0)
		return;
	else if (column == NAME)
		set_payload(cell, CELL_TEXT, record->name);
	else if (column == CART)
		set_payload(cell, CELL_CART, record->cart);
	else if (column == ACCOUNT)
		set_payload(cell, CELL_TEXT, record->account);
	else if (*record->address != '\0')
		set_text(cell, record->address);
}

static bool
is_json(const struct cell *cell)
{
	struct json_members members, inner;

	return json_scan_object(cell->text, cell->len, MESSAGE_NESTING,
	    &members, "", &inner) != JSON_INVALID;
}

static void
write_member(struct json_line *line, const char *name,
    const struct cell *cell)
{
	if (cell->kind == CELL_NUMBER)
		json_line_number(line, name, cell->number);
	else if (cell->kind == CELL_BOOL)
		json_line_literal(line, name, cell->text);
	else if (cell->kind == CELL_CART && is_json(cell))
		json_line_json(line, name, cell->text, cell->len);
	else if (cell->kind != CELL_NONE)
		json_line_text(line, name, cell->text, cell->len);
}

void
journal_row_write_json(struct json_line *line, const struct audit_row *row,
    unsigned parts)
{
	enum column column;
	struct cell cell;

	for (column = 0; column < COLUMNS; column++) {
		read_cell(row, column, parts, &cell);
		/* With the body left out nobody asks whether it is there. */
		if (column != ERASED || (row->is_erased &&
		    (parts & JOURNAL_ROW_BODY) != 0))
			write_member(line, names[column], &cell);
	}
}

static void
write_cart(struct csv *csv, const struct cell *cell)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		fatal("out of memory (a cart)");
	json_line_write_json(out, cell->text, cell->len);
	if (fclose(out) != 0)
		fatal("out of memory (a cart)");
	csv_text(csv, text, len);
	free(text);
}

static void
write_cell(struct csv *csv, struct cell *cell)
{
	switch (cell->kind) {
	case CELL_NONE:
		csv_string(csv, NULL);
		break;
	case CELL_TEXT:
		csv_text(csv, cell->text, cell->len);
		break;
	case CELL_NUMBER:
		xsnprintf(cell->own, sizeof(cell->own), "%" PRIu64,
		    cell->number);
		csv_string(csv, cell->own);
		break;
	case CELL_BOOL:
		csv_string(csv, cell->text);
		break;
	case CELL_CART:
		write_cart(csv, cell);
		break;
	}
}

void
journal_row_write_csv(struct csv *csv, const struct audit_row *row,
    unsigned parts)
{
	enum column column;
	struct cell cell;

	for (column = 0; column < COLUMNS; column++) {
		read_cell(row, column, parts, &cell);
		write_cell(csv, &cell);
	}
	csv_end(csv);
}

void
journal_row_write_csv_head(struct csv *csv)
{
	enum column column;

	for (column = 0; column < COLUMNS; column++)
		csv_string(csv, names[column]);
	csv_end(csv);
}
