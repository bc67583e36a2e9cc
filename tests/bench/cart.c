#include "cart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define CART_HEAD "{\"n\":\"~00000.0000000000\",\"items\":["
#define CART_TAIL "],\"comment\":\"\"}"

enum {
	MARK_AT = 6,		/* of '~' in a cart */
	MEMBER_DIGITS = 5,
	COUNTER_DIGITS = 10
};

static const char *const items[] = {
	"{\"quantity\":2,\"product\":{\"id\":445112307,\"sku\":\"TS-0017\","
	"\"name\":\"Organic cotton t-shirt\",\"price\":24.9,"
	"\"url\":\"https://shop.example/t-shirt\"},"
	"\"options\":{\"Size\":\"M\",\"Color\":\"Navy blue\"}}",
	"{\"quantity\":1,\"product\":{\"id\":445112311,\"sku\":\"MG-0203\","
	"\"name\":\"Stoneware mug, 350 ml\",\"price\":12.5,"
	"\"url\":\"https://shop.example/mug\"},"
	"\"options\":{\"Glaze\":\"Sea salt\"}}",
	"{\"quantity\":12,\"product\":{\"id\":445112388,\"sku\":\"CF-1000\","
	"\"name\":\"Espresso beans 1 kg\",\"price\":21.35,"
	"\"url\":\"https://shop.example/espresso\"},"
	"\"options\":{\"Grind\":\"Whole beans\",\"Gift wrap\":\"No\"}}",
};

/* Append items while they leave room for the tail; where they end. */
static size_t
fill_items(char *text, size_t n, size_t len)
{
	const size_t kinds = sizeof(items) / sizeof(items[0]);
	size_t i, item, comma;

	for (i = 0;; i++) {
		item = strlen(items[i % kinds]);
		comma = i > 0 ? 1 : 0;
		if (n + comma + item + strlen(CART_TAIL) > len)
			return n;
		if (i > 0)
			text[n++] = ',';
		memcpy(text + n, items[i % kinds], item);
		n += item;
	}
}

void
cart_kind_init(struct cart_kind *kind, size_t len)
{
	const size_t quote = strlen("\"}");
	size_t n = strlen(CART_HEAD);

	kind->len = len;
	kind->text = xcalloc(1, len);
	memcpy(kind->text, CART_HEAD, n);
	n = fill_items(kind->text, n, len);
	memcpy(kind->text + n, CART_TAIL, strlen(CART_TAIL));
	n += strlen(CART_TAIL) - quote;
	memset(kind->text + n, '.', len - quote - n);
	memcpy(kind->text + len - quote, "\"}", quote);
}

void
cart_kind_clear(struct cart_kind *kind)
{
	free(kind->text);
	*kind = (struct cart_kind){ .text = NULL };
}

static void
write_digits(char *out, size_t n, uint32_t value)
{
	while (n-- > 0) {
		out[n] = (char)('0' + value % 10);
		value /= 10;
	}
}

static uint32_t
read_digits(const char *at, size_t n)
{
	uint32_t value = 0;

	while (n-- > 0)
		value = value * 10 + (uint32_t)(*at++ - '0');
	return value;
}

void
cart_write(const struct cart_kind *kind, const struct cart_marker *marker,
    char *out)
{
	char *at = out + MARK_AT + 1;

	memcpy(out, kind->text, kind->len);
	write_digits(at, MEMBER_DIGITS, marker->member);
	write_digits(at + MEMBER_DIGITS + 1, COUNTER_DIGITS, marker->counter);
}

struct span
cart_find(const struct cart_kind *kind, struct span multicart,
    struct cart_marker *marker)
{
	const struct span nothing = { NULL, 0 };
	const size_t rest = kind->len - MARK_AT;
	const char *at, *end = multicart.at + multicart.len;

	at = memchr(multicart.at, '~', multicart.len);
	if (at == NULL || (size_t)(end - at) < rest)
		return nothing;
	marker->member = read_digits(at + 1, MEMBER_DIGITS);
	marker->counter = read_digits(at + 1 + MEMBER_DIGITS + 1,
	    COUNTER_DIGITS);
	return (struct span){ at + rest, (size_t)(end - at) - rest };
}
