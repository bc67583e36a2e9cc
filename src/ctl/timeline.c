#include "timeline.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "audit/row.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "cart_item.h"
#include "change_lines.h"
#include "colour.h"
#include "event_name.h"
#include "journal_row.h"
#include "json_line.h"
#include "json_tree.h"
#include "participants.h"
#include "printable.h"
#include "product_filter.h"
#include "timestamp.h"

enum {
	REVISION_COLUMNS = 7,	/* these four may be wider */
	TRANSPORT_COLUMNS = 9,
	WHO_COLUMNS = 14,
	ADDRESS_COLUMNS = 15,
	CALLER_CHARS = 64,
	NAME_COLUMNS = 40	/* a longer name is cut */
};

struct timeline {
	FILE	*out;
	enum timeline_format format;
	bool	 is_coloured;
	const char *product;	/* or NULL */
	struct change_lines lines;
	size_t	 told;		/* rows */
	size_t	 unknown;	/* carts */
	uint64_t erased_ms;	/* the earliest row without a body that no */
				/* note has explained; UINT64_MAX for none */
	struct participants *participants;
};

struct timeline *
timeline_new(const struct timeline_config *config)
{
	struct timeline *timeline = xcalloc(1, sizeof(*timeline));

	*timeline = (struct timeline){
		.out = config->out,
		.format = config->format,
		.is_coloured = config->is_coloured,
		.product = config->product,
		.lines = { config->out, config->is_coloured },
		.erased_ms = UINT64_MAX,
		.participants = participants_new(),
	};
	return timeline;
}

void
timeline_free(struct timeline *timeline)
{
	if (timeline == NULL)
		return;
	participants_free(timeline->participants);
	free(timeline);
}

static void
pad(FILE *out, size_t used, size_t columns)
{
	fprintf(out, "%*s", used < columns ? (int)(columns - used) + 2 : 2,
	    "");
}

/* NULL if it is not known. */
static const struct payload *
name_of(const struct timeline *timeline, const struct customer_id *id)
{
	const struct participant *who =
	    participants_find(timeline->participants, id);

	return who == NULL ? NULL : who->name;
}

/* The name of a customer, its id if that is not known; columns taken. */
static size_t
write_customer(const struct timeline *timeline, const struct customer_id *id)
{
	const struct payload *name = name_of(timeline, id);
	char hex[ID_CUSTOMER_HEX + 1];

	if (name != NULL)
		return printable_write(timeline->out, name->data, name->len,
		    NAME_COLUMNS);
	customer_id_format(id, hex);
	fputs(hex, timeline->out);
	return ID_CUSTOMER_HEX;
}

static void
write_head(const struct timeline *timeline, const struct audit_row *row)
{
	const struct record *record = &row->record;
	const char *transport = event_transport_name(record->transport);
	char text[TIMESTAMP_CHARS + 1];
	FILE *out = timeline->out;
	size_t n;

	timestamp_format(record->time_ms, text);
	colour_begin(out, timeline->is_coloured, COLOUR_FAINT);
	n = (size_t)fprintf(out, "%s  ", text) - TIMESTAMP_CHARS - 2;
	if (record->revision != 0)
		n = (size_t)fprintf(out, "%" PRIu64 ".%" PRIu64,
		    record->incarnation, record->revision);
	pad(out, n, REVISION_COLUMNS);
	n = record->transport == TRANSPORT_NONE ? 0 :
	    (size_t)fprintf(out, "%s", transport);
	colour_end(out, timeline->is_coloured);
	pad(out, n, TRANSPORT_COLUMNS);
	colour_begin(out, timeline->is_coloured, COLOUR_NAME);
	n = record->has_customer ? write_customer(timeline,
	    &record->customer) : 0;
	colour_end(out, timeline->is_coloured);
	pad(out, n, WHO_COLUMNS);
	n = printable_write(out, record->address, strlen(record->address),
	    RECORD_ADDRESS_CHARS);
	pad(out, n, ADDRESS_COLUMNS);
}

static void
write_refusal(const struct timeline *timeline, const struct record *record)
{
	const char *message = event_message_name(record);
	FILE *out = timeline->out;

	colour_begin(out, timeline->is_coloured, COLOUR_WARNING);
	fprintf(out, "%s was refused: %s",
	    *message == '\0' ? "a message" : message,
	    event_refusal_name(record));
	if (record->refused_count > 1)
		fprintf(out, ", the first of %" PRIu64 " messages",
		    record->refused_count);
	colour_end(out, timeline->is_coloured);
}

static const char *
call_phrase(enum record_call call)
{
	switch (call) {
	case RECORD_CALL_END:
		return " ends the session";
	case RECORD_CALL_REMOVE:
		return " removes this customer";
	case RECORD_CALL_LOCK:
		return " locks the session";
	case RECORD_CALL_UNLOCK:
		return " unlocks the session";
	}
	return "";
}

static void
write_call(const struct timeline *timeline, const struct record *record)
{
	const struct payload *key = record->name;

	fputs("the shop's server", timeline->out);
	if (key != NULL) {
		fputc(' ', timeline->out);
		printable_write(timeline->out, key->data, key->len,
		    CALLER_CHARS);
	}
	fputs(call_phrase(record->call), timeline->out);
}

static void
write_retention(const struct timeline *timeline, const struct record *record)
{
	char text[TIMESTAMP_CHARS + 1];

	timestamp_format(record->old_ms, text);
	fprintf(timeline->out, "retention: names, addresses and carts from "
	    "before %s may be erased", text);
}

static void
write_start(const struct timeline *timeline, const struct record *record)
{
	if (!record->has_displaced) {
		fputs("started the session", timeline->out);
		return;
	}
	fputs("took the seat of the host ", timeline->out);
	write_customer(timeline, &record->displaced);
}

/* What is the same of all such rows; NULL where there is more to say. */
static const char *
event_phrase(const struct record *record)
{
	switch (record->event) {
	case RECORD_JOIN:
		return "joined";
	case RECORD_CART:
		return "changed the cart";
	case RECORD_READY:
		return record->is_ready ? "is ready to check out" :
		    "is not ready to check out";
	case RECORD_LEAVE:
		return "left";
	case RECORD_EXPIRE:
		return "was absent for too long";
	case RECORD_RETURN:
		return "is back";
	case RECORD_END:
		return "the session ended";
	case RECORD_ERASE:
		return record->has_customer ?
		    "all that was personal until here was erased" :
		    "all that was personal in the session until here was "
		    "erased";
	case RECORD_LOCK:
		return "the session was locked";
	case RECORD_UNLOCK:
		return record->is_timed_out ? "the session was unlocked: "
		    "it was locked for too long" : "the session was unlocked";
	case RECORD_START:
	case RECORD_REFUSED:
	case RECORD_RETAIN:
	case RECORD_PURGE:
	case RECORD_CALL:
		break;
	}
	return NULL;
}

static void
write_event(const struct timeline *timeline, const struct record *record)
{
	const char *phrase = event_phrase(record);

	if (phrase != NULL)
		fputs(phrase, timeline->out);
	else if (record->event == RECORD_START)
		write_start(timeline, record);
	else if (record->event == RECORD_REFUSED)
		write_refusal(timeline, record);
	else if (record->event == RECORD_CALL)
		write_call(timeline, record);
	else
		write_retention(timeline, record);
}

/*
 * A cart as a row found it and left it: -1 if that is not known, or the row
 * changes none.  Somebody who leaves takes the cart along.
 */
static int
carts_around(const struct timeline *timeline, const struct audit_row *row,
    const struct payload **before, const struct payload **after)
{
	const struct participant *who = participants_find(
	    timeline->participants, &row->record.customer);

	if (who == NULL || !who->is_cart_known)
		return -1;
	*before = who->cart;
	*after = NULL;
	switch (row->record.event) {
	case RECORD_CART:
		*after = row->record.cart;
		return row->is_erased ? -1 : 0;
	case RECORD_LEAVE:
	case RECORD_EXPIRE:
		return 0;
	case RECORD_RETURN:
		*before = NULL;
		*after = who->cart;
		return 0;
	case RECORD_START:
	case RECORD_JOIN:
	case RECORD_READY:
	case RECORD_END:
	case RECORD_REFUSED:
	case RECORD_ERASE:
	case RECORD_RETAIN:
	case RECORD_PURGE:
	case RECORD_CALL:
	case RECORD_LOCK:
	case RECORD_UNLOCK:
		break;
	}
	return -1;
}

/* The changes that are told; ctx of a reader. */
struct telling {
	struct timeline *timeline;
	struct json_line *line;		/* NULL: as text */
	size_t	 count;
};

static bool
matches_filter(const struct timeline *timeline,
    const struct cart_change *change)
{
	return timeline->product == NULL ||
	    product_filter_matches(timeline->product, change);
}

static void
count_change(void *ctx, const struct cart_change *change)
{
	struct telling *telling = ctx;

	if (matches_filter(telling->timeline, change))
		telling->count++;
}

static void
write_change(void *ctx, const struct cart_change *change)
{
	struct telling *telling = ctx;

	if (matches_filter(telling->timeline, change))
		change_lines_add(&telling->timeline->lines, change);
}

/* Whether the row is to be told. */
static bool
row_matches_filter(struct timeline *timeline, const struct audit_row *row)
{
	struct telling telling = { .timeline = timeline };
	struct cart_reader reader = { count_change, &telling, SIZE_MAX, 0 };
	const struct payload *before, *after;

	if (carts_around(timeline, row, &before, &after) == -1 ||
	    cart_diff_texts(before, after, &reader) == -1)
		return false;
	return telling.count > 0;
}

/* What changed in the cart, as far as it is asked for. */
static void
write_cart(struct timeline *timeline, const struct audit_row *row)
{
	struct telling telling = { .timeline = timeline };
	struct cart_reader reader = { write_change, &telling, SIZE_MAX, 0 };
	const struct payload *before, *after;

	if (row->is_erased)
		change_lines_remark(&timeline->lines, "the cart was erased");
	else if (carts_around(timeline, row, &before, &after) == -1) {
		change_lines_remark(&timeline->lines,
		    "the cart before is not known");
		change_lines_compare(&timeline->lines, NULL,
		    row->record.cart);
	} else if (timeline->product == NULL)
		change_lines_compare(&timeline->lines, before, after);
	else if (cart_diff_texts(before, after, &reader) == -1)
		change_lines_remark(&timeline->lines, "not JSON");
}

static void
write_incarnation(struct timeline *timeline, const struct audit_row *row)
{
	const struct payload *session = row->record.session;
	FILE *out = timeline->out;

	if (timeline->told > 0)
		fputc('\n', out);
	colour_begin(out, timeline->is_coloured, COLOUR_HEADING);
	printable_write(out, session->data, session->len, NAME_COLUMNS);
	fprintf(out, ", incarnation %" PRIu64, row->record.incarnation);
	colour_end(out, timeline->is_coloured);
	if (row->record.revision != 1)
		fputs(" (its beginning was deleted)", out);
	fputc('\n', out);
}

static void
print_row_text(struct timeline *timeline, const struct audit_row *row)
{
	write_head(timeline, row);
	write_event(timeline, &row->record);
	fputc('\n', timeline->out);
	if (row->record.event == RECORD_CART || timeline->product != NULL)
		write_cart(timeline, row);
}

/* The item of a change as text, "2 x Coffee (size: large)". */
static void
put_item(struct json_line *line, const struct json_node *item)
{
	const struct json_node *product = cart_item_product(item);
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		fatal("out of memory (an item of a cart)");
	cart_item_write(out, item);
	if (fclose(out) != 0)
		fatal("out of memory (an item of a cart)");
	json_line_text(line, "item", text, len);
	json_line_json(line, "product", product->text, product->len);
	free(text);
}

static void
put_change(void *ctx, const struct cart_change *change)
{
	struct telling *telling = ctx;
	struct json_line *line = telling->line;

	if (!matches_filter(telling->timeline, change))
		return;
	json_line_item(line);
	json_line_string(line, "change", cart_change_verb(change));
	if (change->item != NULL)
		put_item(line, change->item);
	json_line_string(line, "path", change->path);
	if (change->before != NULL)
		json_line_json(line, "before", change->before->text,
		    change->before->len);
	if (change->after != NULL)
		json_line_json(line, "after", change->after->text,
		    change->after->len);
	json_line_item_end(line);
}

static void
put_changes(struct timeline *timeline, const struct audit_row *row,
    struct json_line *line)
{
	struct telling telling = { .timeline = timeline, .line = line };
	struct cart_reader reader = { put_change, &telling, CHANGE_LINES_MAX,
	    0 };
	const struct payload *before, *after;
	bool is_compared;

	json_line_array(line, "changes");
	is_compared = carts_around(timeline, row, &before, &after) == 0 &&
	    cart_diff_texts(before, after, &reader) == 0;
	json_line_array_end(line);
	json_line_literal(line, "compared", is_compared ? "true" : "false");
	if (reader.left_out > 0)
		json_line_number(line, "left_out", reader.left_out);
}

static void
print_row_json(struct timeline *timeline, const struct audit_row *row)
{
	const struct record *record = &row->record;
	const struct payload *name = name_of(timeline, &record->customer);
	struct json_line line;

	json_line_begin(&line, timeline->out);
	journal_row_write_json(&line, row, JOURNAL_ROW_BODY);
	if (record->has_customer)
		json_line_text(&line, "who", name == NULL ? NULL : name->data,
		    name == NULL ? 0 : name->len);
	if (record->event == RECORD_CART || timeline->product != NULL)
		put_changes(timeline, row, &line);
	json_line_end(&line);
}

static void
print_row(struct timeline *timeline, const struct audit_row *row)
{
	timeline->told++;
	switch (timeline->format) {
	case TIMELINE_TEXT:
		print_row_text(timeline, row);
		break;
	case TIMELINE_JSON:
		print_row_json(timeline, row);
		break;
	}
}

/* Whether bodies of this session are gone for what row says. */
static bool
explains_erased_body(struct timeline *timeline, const struct audit_row *row)
{
	if (row->record.old_ms <= timeline->erased_ms)
		return false;
	timeline->erased_ms = UINT64_MAX;
	return true;
}

static bool
is_row_shown(struct timeline *timeline, const struct audit_row *row)
{
	if (timeline->product != NULL)
		return row_matches_filter(timeline, row);
	/* What was purged is not told, and nothing of what is. */
	if (row->record.event == RECORD_PURGE)
		return false;
	return row->record.event != RECORD_RETAIN ||
	    explains_erased_body(timeline, row);
}

static void
count_unknown(struct timeline *timeline, const struct audit_row *row)
{
	const struct payload *before, *after;

	if (row->record.event == RECORD_CART &&
	    carts_around(timeline, row, &before, &after) == -1)
		timeline->unknown++;
}

void
timeline_add(struct timeline *timeline, const struct audit_row *row)
{
	const struct record *record = &row->record;
	bool changes_cart = record->event == RECORD_CART ||
	    record->event == RECORD_LEAVE;

	if (timeline->format == TIMELINE_TEXT && timeline->product == NULL &&
	    participants_starts_incarnation(timeline->participants, row))
		write_incarnation(timeline, row);
	/* A cart is compared with the one before it. */
	if (!changes_cart)
		participants_apply(timeline->participants, row);
	count_unknown(timeline, row);
	if (is_row_shown(timeline, row))
		print_row(timeline, row);
	if (changes_cart)
		participants_apply(timeline->participants, row);
	if (row->is_erased && record->time_ms < timeline->erased_ms)
		timeline->erased_ms = record->time_ms;
}

size_t
timeline_shown(const struct timeline *timeline)
{
	return timeline->told;
}

size_t
timeline_unknown_carts(const struct timeline *timeline)
{
	return timeline->unknown;
}
