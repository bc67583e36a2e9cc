#include "multicart.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "multicart_members.h"
#include "session/session.h"

#define LENGTH(literal) (sizeof(literal) - 1)

/* A multicartUpdate is these, the owners, the carts, and a cursor. */
#define ENVELOPE_HEAD "{\"event\":\"multicartUpdate\",\"payload\":"
static const char multicart_head[] = ENVELOPE_HEAD "{\"multicartContent\":[";
static const char member_ready[] = "true},\"content\":";
static const char member_not_ready[] = "false},\"content\":";
static const char member_tail[] = "},";
static const char multicart_tail[] = "]}";
static const char locked_member[] = ",\"isLocked\":true";
static const char empty_cart[] = "{}";

_Static_assert(LENGTH(ENVELOPE_HEAD) == MULTICART_PAYLOAD_AT,
    "the payload follows the envelope's head");

/* An owner up to the value of isReadyToCheckout. */
static struct payload *
encode_owner(const struct customer *customer)
{
	char hex[ID_CUSTOMER_HEX + 1];
	struct json_object *string;
	struct payload *owner;
	const char *name;
	char *text;
	int n;

	string = json_object_new_string_len(customer->name->data,
	    (int)customer->name->len);
	name = json_object_to_json_string_ext(string,
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	customer_id_format(&customer->id, hex);
	n = asprintf(&text, "{\"owner\":{\"id\":\"%s\",\"name\":%s,"
	    "\"isHost\":%s,\"isReadyToCheckout\":", hex, name,
	    customer->is_host ? "true" : "false");
	if (string == NULL || name == NULL || n == -1)
		fatalx("out of memory (owner of a cart)");
	owner = payload_new(text, (size_t)n);
	free(text);
	json_object_put(string);
	return owner;
}

/* The owner of its cart, which is kept with customer. */
static struct payload *
owner_of(struct customer *customer)
{
	if (customer->owner_json == NULL)
		customer->owner_json = encode_owner(customer);
	return customer->owner_json;
}

/* Bytes of a member's part with the comma or bracket behind it. */
static size_t
member_size(struct customer *customer)
{
	return owner_of(customer)->len + LENGTH(member_tail) +
	    (customer->is_ready ? LENGTH(member_ready) :
	    LENGTH(member_not_ready)) +
	    (customer->cart == NULL ? LENGTH(empty_cart) : customer->cart->len);
}

static char *
put_member(char *at, const struct customer *customer)
{
	at = mempcpy(at, customer->owner_json->data, customer->owner_json->len);
	if (customer->is_ready)
		at = mempcpy(at, member_ready, LENGTH(member_ready));
	else
		at = mempcpy(at, member_not_ready, LENGTH(member_not_ready));
	if (customer->cart == NULL)
		at = mempcpy(at, empty_cart, LENGTH(empty_cart));
	else
		at = mempcpy(at, customer->cart->data, customer->cart->len);
	return mempcpy(at, member_tail, LENGTH(member_tail));
}

static struct payload *
encode_multicart(struct session *session, const char *cursor, size_t cursor_len)
{
	size_t size = LENGTH(multicart_head) + LENGTH(multicart_tail) +
	    cursor_len;
	struct customer *customer;
	struct buf buf;
	char *start, *at;

	TAILQ_FOREACH(customer, &session->customers, entry)
		if (customer->state == CUSTOMER_SEATED)
			size += member_size(customer);
	buf_init(&buf, size);
	start = buf_reserve(&buf, size);
	if (start == NULL)
		fatalx("out of memory (multicart of %zu bytes)", size);
	at = mempcpy(start, multicart_head, LENGTH(multicart_head));
	TAILQ_FOREACH(customer, &session->customers, entry)
		if (customer->state == CUSTOMER_SEATED)
			at = put_member(at, customer);
	if (at[-1] == ',')
		at--;
	at = mempcpy(at, multicart_tail, LENGTH(multicart_tail));
	at = mempcpy(at, cursor, cursor_len);
	buf_added(&buf, (size_t)(at - start));
	return buf_freeze(&buf);
}

struct multicart *
multicart_encode(struct session *session)
{
	struct multicart *multicart = xcalloc(1, sizeof(*multicart));
	char cursor[MULTICART_CURSOR_BYTES];
	size_t n = xsnprintf(cursor, sizeof(cursor),
	    ",\"cursor\":\"%" PRIu64 ".%" PRIu64 "\"}",
	    session->incarnation, session->revision);

	multicart->refs = 1;
	multicart->incarnation = session->incarnation;
	multicart->revision = session->revision;
	multicart->is_locked = session->is_locked;
	multicart->bytes = encode_multicart(session, cursor, n);
	multicart->plain_len = multicart->bytes->len - n;
	return multicart;
}

static void
put_in_members(struct multicart_members *members, struct customer *customer)
{
	struct multicart_member *member = &members->members[members->count++];

	member->row = customer->row;
	member->id = customer->id;
	member->is_ready = customer->is_ready;
	member->owner_json = payload_ref(owner_of(customer));
	member->cart = payload_ref(customer->cart);
}

struct multicart_members *
multicart_members(struct session *session)
{
	size_t count = session->counts[CUSTOMER_SEATED];
	struct multicart_members *members = xcalloc(1,
	    sizeof(*members) + count * sizeof(members->members[0]));
	struct customer *customer;

	members->refs = 1;
	members->is_locked = session->is_locked;
	members->incarnation = session->incarnation;
	members->revision = session->revision;
	TAILQ_FOREACH(customer, &session->customers, entry)
		if (customer->state == CUSTOMER_SEATED)
			put_in_members(members, customer);
	return members;
}

const char *
multicart_content(const struct multicart *multicart, size_t *len)
{
	/* The bracket is the head's last byte, and the tail's first. */
	size_t before = LENGTH(multicart_head) - 1;

	*len = multicart->plain_len - before - (LENGTH(multicart_tail) - 1);
	return multicart->bytes->data + before;
}

size_t
multicart_cursor_tail(const struct multicart *multicart,
    char out[MULTICART_CURSOR_BYTES])
{
	return xsnprintf(out, MULTICART_CURSOR_BYTES, ",\"cursor\":\"%" PRIu64
	    ".%" PRIu64 "." MULTICART_NUMBER "\"}", multicart->incarnation,
	    multicart->revision);
}

/* The same but for the end of the payload, and the cursor's third part. */
static struct payload *
encode_featured(const struct multicart *multicart)
{
	size_t len = multicart->plain_len - 1;
	char cursor[MULTICART_CURSOR_BYTES];
	char tail[MULTICART_CURSOR_BYTES + sizeof(locked_member)];
	size_t n;
	struct buf buf;

	multicart_cursor_tail(multicart, cursor);
	n = xsnprintf(tail, sizeof(tail), "%s}%s",
	    multicart->is_locked ? locked_member : "", cursor);
	buf_init(&buf, len + n);
	if (buf_append(&buf, multicart->bytes->data, len) == -1 ||
	    buf_append(&buf, tail, n) == -1)
		fatalx("out of memory (multicart of %zu bytes)", len + n);
	return buf_freeze(&buf);
}

struct multicart *
multicart_form(const struct multicart *multicart, struct payload *bytes)
{
	struct multicart *form = xcalloc(1, sizeof(*form));
	char tail[MULTICART_CURSOR_BYTES];

	form->refs = 1;
	form->is_featured = true;
	form->incarnation = multicart->incarnation;
	form->revision = multicart->revision;
	form->changed_us = multicart->changed_us;
	form->bytes = bytes;
	form->plain_len = bytes->len - multicart_cursor_tail(multicart, tail);
	return form;
}

struct multicart *
multicart_featured(struct multicart *multicart)
{
	if (multicart->featured == NULL)
		multicart->featured = multicart_form(multicart,
		    encode_featured(multicart));
	return multicart->featured;
}

void
multicart_stamp(struct multicart *form, const char *number)
{
	if (strcmp(form->number, number) == 0)
		return;
	(void)xsnprintf(form->number, sizeof(form->number), "%s",
	    number);
	ws_compressed_clear(&form->plain_packed);
}

static size_t
form_size(const struct multicart *form)
{
	return form == NULL ? 0 : form->bytes->len;
}

size_t
multicart_size(const struct multicart *multicart)
{
	return multicart->bytes->len + form_size(multicart->featured) +
	    form_size(multicart->delta);
}

struct multicart *
multicart_ref(struct multicart *multicart)
{
	multicart->refs++;
	return multicart;
}

void
multicart_unref(struct multicart *multicart)
{
	if (multicart == NULL || --multicart->refs > 0)
		return;
	multicart_unref(multicart->featured);
	multicart_unref(multicart->delta);
	multicart_members_unref(multicart->members);
	payload_unref(multicart->bytes);
	payload_unref(multicart->enclosed);
	payload_unref(multicart->told_enclosed);
	ws_compressed_clear(&multicart->packed);
	ws_compressed_clear(&multicart->plain_packed);
	free(multicart);
}
