#include "multicart_delta.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "multicart.h"
#include "multicart_members.h"

/* Room for the end of a delta, without the cursor: one revision. */
#define TAIL_BYTES 96

/* One that is being put together. */
struct delta {
	struct buf bytes;
	bool	 is_too_long;	/* for bytes */
	bool	 has_changes;
};

static void
put_bytes(struct delta *delta, const char *bytes, size_t len)
{
	if (buf_append(&delta->bytes, bytes, len) == -1)
		delta->is_too_long = true;
}

static void
put_text(struct delta *delta, const char *text)
{
	put_bytes(delta, text, strlen(text));
}

static void
put_id(struct delta *delta, const struct customer_id *id)
{
	char hex[ID_CUSTOMER_HEX + 1];

	customer_id_format(id, hex);
	put_text(delta, hex);
}

static void
put_separator(struct delta *delta)
{
	if (delta->has_changes)
		put_text(delta, ",");
	delta->has_changes = true;
}

/* A change as far as its owner, who is known but for the id. */
static void
put_known_owner(struct delta *delta, const struct multicart_member *member)
{
	put_separator(delta);
	put_text(delta, "{\"owner\":{\"id\":\"");
	put_id(delta, &member->id);
	put_text(delta, "\"}");
}

static void
put_whole_owner(struct delta *delta, const struct multicart_member *member)
{
	put_separator(delta);
	put_bytes(delta, member->owner_json->data, member->owner_json->len);
	put_text(delta, member->is_ready ? "true}" : "false}");
}

static void
put_content(struct delta *delta, const struct multicart_member *member)
{
	put_text(delta, ",\"content\":");
	if (member->cart == NULL)
		put_text(delta, "{}");
	else
		put_bytes(delta, member->cart->data, member->cart->len);
}

static void
put_gone(struct delta *delta, const struct multicart_member *member)
{
	put_known_owner(delta, member);
	put_text(delta, ",\"isGone\":true}");
}

/* next: the member behind it which is no newcomer; or NULL. */
static void
put_newcomer(struct delta *delta, const struct multicart_member *member,
    const struct multicart_member *next)
{
	put_whole_owner(delta, member);
	put_content(delta, member);
	if (next != NULL) {
		put_text(delta, ",\"before\":\"");
		put_id(delta, &next->id);
		put_text(delta, "\"");
	}
	put_text(delta, "}");
}

static bool
is_same(const struct payload *a, const struct payload *b)
{
	return a == b || (a != NULL && b != NULL && a->len == b->len &&
	    memcmp(a->data, b->data, a->len) == 0);
}

static void
put_changed(struct delta *delta, const struct multicart_member *was,
    const struct multicart_member *is)
{
	bool has_owner = is->is_ready == was->is_ready &&
	    is_same(is->owner_json, was->owner_json);
	bool has_cart = is_same(is->cart, was->cart);

	if (has_owner && has_cart)
		return;
	if (has_owner)
		put_known_owner(delta, is);
	else
		put_whole_owner(delta, is);
	if (!has_cart)
		put_content(delta, is);
	put_text(delta, "}");
}

/*
 * Put down who is gone.  was[i] is what before has of the i-th of after, or
 * NULL: the rows of both grow.
 */
static void
put_all_gone(struct delta *delta, const struct multicart_members *before,
    const struct multicart_members *after, const struct multicart_member **was)
{
	const struct multicart_member *member = before->members;
	const struct multicart_member *end = member + before->count;
	size_t i;

	for (i = 0; i < after->count; i++) {
		while (member < end && member->row < after->members[i].row)
			put_gone(delta, member++);
		if (member < end && member->row == after->members[i].row)
			was[i] = member++;
	}
	while (member < end)
		put_gone(delta, member++);
}

static void
put_all_others(struct delta *delta, const struct multicart_members *after,
    const struct multicart_member **was)
{
	size_t i, next = 0;

	for (i = 0; i < after->count && !delta->is_too_long; i++) {
		if (was[i] != NULL) {
			put_changed(delta, was[i], &after->members[i]);
			continue;
		}
		if (next < i)
			next = i;
		while (next < after->count && was[next] == NULL)
			next++;
		put_newcomer(delta, &after->members[i], next < after->count ?
		    &after->members[next] : NULL);
	}
}

static void
put_changes(struct delta *delta, const struct multicart_members *before,
    const struct multicart_members *after)
{
	const struct multicart_member **was = xcalloc(after->count + 1,
	    sizeof(const struct multicart_member *));

	put_all_gone(delta, before, after, was);
	put_all_others(delta, after, was);
	free(was);
}

static void
put_tail(struct delta *delta, const struct multicart *multicart,
    const struct multicart_members *before)
{
	char tail[TAIL_BYTES], cursor[MULTICART_CURSOR_BYTES];

	xsnprintf(tail, sizeof(tail), "]%s},\"from\":\"%" PRIu64 ".%" PRIu64
	    "\"", multicart->is_locked ? ",\"isLocked\":true" : "",
	    before->incarnation, before->revision);
	put_text(delta, tail);
	multicart_cursor_tail(multicart, cursor);
	put_text(delta, cursor);
}

void
multicart_make_delta(struct multicart *multicart,
    const struct multicart_members *before,
    const struct multicart_members *after)
{
	struct delta delta = { .is_too_long = false };
	struct payload *bytes;

	buf_init(&delta.bytes, multicart->bytes->len);
	put_text(&delta,
	    "{\"event\":\"multicartDelta\",\"payload\":{\"changes\":[");
	put_changes(&delta, before, after);
	put_tail(&delta, multicart, before);
	if (delta.is_too_long) {
		buf_clear(&delta.bytes);
		return;
	}
	bytes = buf_freeze(&delta.bytes);
	multicart->delta = multicart_form(multicart, bytes);
	multicart->delta->from = before->revision;
}
