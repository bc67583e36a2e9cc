#include "delta_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "wire/json_string.h"

/* Bytes of a message. */
struct part {
	const char *at;		/* NULL: it is not there */
	size_t	 len;
};

/* What a multicart has of a customer. */
struct cart {
	struct part id;		/* between its quotes */
	struct part owner;	/* an object */
	struct part content;
};

struct carts {
	struct cart *list;
	size_t	 count;
};

static struct part
part(const char *at, const char *end)
{
	return (struct part){ at, (size_t)(end - at) };
}

static bool
is_equal(struct part a, struct part b)
{
	return a.at != NULL && b.at != NULL && a.len == b.len &&
	    memcmp(a.at, b.at, a.len) == 0;
}

/* Behind the value at p, of JSON that is valid and has no white space. */
static const char *
value_end(const char *p)
{
	unsigned depth = 0;

	do {
		if (*p == '"') {
			p = json_string_end(p);
			continue;
		}
		depth += *p == '{' || *p == '[';
		depth -= *p == '}' || *p == ']';
		p++;
	} while (depth > 0 || (*p != ',' && *p != '}' && *p != ']' &&
	    *p != '\0'));
	return p;
}

/* The value of the object's member with that key, the first of them. */
static struct part
member(struct part object, const char *key)
{
	const char *p = object.at, *end, *value;

	while (p != NULL && *p != '}' && p[1] != '}') {
		end = json_string_end(++p);
		value = end + 1;
		if (strlen(key) == (size_t)(end - p) - 2 &&
		    memcmp(p + 1, key, strlen(key)) == 0)
			return part(value, value_end(value));
		p = value_end(value);
	}
	return (struct part){ .at = NULL };
}

static struct part
string_member(struct part object, const char *key)
{
	struct part string = member(object, key);

	return string.at == NULL ? string :
	    part(string.at + 1, string.at + string.len - 1);
}

static struct cart
read_cart(struct part element)
{
	struct part owner = member(element, "owner");

	return (struct cart){
		.id = string_member(owner, "id"),
		.owner = owner,
		.content = member(element, "content"),
	};
}

/* Go on to an array's next element, at first from the bracket. */
static bool
next_element(const char **p, struct part *element)
{
	if (**p == ']' || (**p == '[' && (*p)[1] == ']'))
		return false;
	++*p;
	*element = part(*p, value_end(*p));
	*p += element->len;
	return true;
}

static size_t
find_cart(const struct carts *carts, struct part id)
{
	size_t i = 0;

	while (i < carts->count && !is_equal(carts->list[i].id, id))
		i++;
	return i;
}

static void
insert_cart(struct carts *carts, size_t at, struct cart cart)
{
	carts->list = realloc(carts->list,
	    (carts->count + 1) * sizeof(carts->list[0]));
	if (carts->list == NULL)
		abort();
	memmove(&carts->list[at + 1], &carts->list[at],
	    (carts->count - at) * sizeof(carts->list[0]));
	carts->list[at] = cart;
	carts->count++;
}

static bool
remove_cart(struct carts *carts, struct part id)
{
	size_t at = find_cart(carts, id);

	if (at == carts->count)
		return false;
	carts->count--;
	memmove(&carts->list[at], &carts->list[at + 1],
	    (carts->count - at) * sizeof(carts->list[0]));
	return true;
}

static bool
is_whole(struct part owner)
{
	return member(owner, "isReadyToCheckout").at != NULL;
}

static bool
add_newcomer(struct carts *carts, struct part element, struct cart cart)
{
	struct part before = string_member(element, "before");
	size_t at = carts->count;

	if (before.at != NULL && (at = find_cart(carts, before)) ==
	    carts->count)
		return false;
	if (!is_whole(cart.owner) || cart.content.at == NULL)
		return false;
	insert_cart(carts, at, cart);
	return true;
}

static bool
apply_change(struct carts *carts, struct part element)
{
	struct cart cart = read_cart(element);
	size_t at;

	if (cart.id.at == NULL)
		return false;
	if (member(element, "isGone").at != NULL)
		return remove_cart(carts, cart.id);
	at = find_cart(carts, cart.id);
	if (at == carts->count)
		return add_newcomer(carts, element, cart);
	if (is_whole(cart.owner))
		carts->list[at].owner = cart.owner;
	if (cart.content.at != NULL)
		carts->list[at].content = cart.content;
	return member(element, "before").at == NULL;
}

static bool
apply_changes(struct carts *carts, const char *changes)
{
	struct part element;

	while (next_element(&changes, &element))
		if (!apply_change(carts, element))
			return false;
	return *changes == ']' || changes[1] == ']';
}

static void
read_carts(struct carts *carts, const char *content)
{
	struct part element;

	while (next_element(&content, &element))
		insert_cart(carts, carts->count, read_cart(element));
}

/* Whether cursor, of two parts or three, is of the revision from. */
static bool
is_of_revision(struct part cursor, struct part from)
{
	return cursor.at != NULL && from.at != NULL &&
	    cursor.len >= from.len &&
	    memcmp(cursor.at, from.at, from.len) == 0 &&
	    (cursor.len == from.len || cursor.at[from.len] == '.');
}

static char *
write_multicart(const struct carts *carts, bool is_locked, struct part cursor)
{
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		abort();
	(void)fputs("{\"event\":\"multicartUpdate\",\"payload\":"
	    "{\"multicartContent\":[", out);
	for (i = 0; i < carts->count; i++)
		(void)fprintf(out, "%s{\"owner\":%.*s,\"content\":%.*s}",
		    i == 0 ? "" : ",", (int)carts->list[i].owner.len,
		    carts->list[i].owner.at, (int)carts->list[i].content.len,
		    carts->list[i].content.at);
	(void)fprintf(out, "]%s},\"cursor\":\"%.*s\"}",
	    is_locked ? ",\"isLocked\":true" : "", (int)cursor.len, cursor.at);
	if (fclose(out) != 0)
		abort();
	return text;
}

bool
delta_is_one(const char *message)
{
	static const char head[] = "{\"event\":\"multicartDelta\",";

	return strncmp(message, head, sizeof(head) - 1) == 0;
}

char *
delta_apply(const char *before, const char *delta)
{
	struct part was = part(before, before + strlen(before));
	struct part is = part(delta, delta + strlen(delta));
	struct part payload = member(is, "payload");
	struct part changes = member(payload, "changes");
	struct part cursor = string_member(is, "cursor");
	struct carts carts = { .list = NULL };
	char *result = NULL;

	if (!delta_is_one(delta) || changes.at == NULL || cursor.at == NULL ||
	    !is_of_revision(string_member(was, "cursor"),
		string_member(is, "from")))
		return NULL;
	read_carts(&carts, member(member(was, "payload"),
	    "multicartContent").at);
	if (apply_changes(&carts, changes.at))
		result = write_multicart(&carts,
		    member(payload, "isLocked").at != NULL, cursor);
	free(carts.list);
	return result;
}
