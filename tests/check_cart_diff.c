#include "suite.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "ctl/cart_diff.h"

const char suite_name[] = "cart_diff";

struct row {
	const char *before;	/* NULL: there was no cart */
	const char *after;
	const char *lines;
};

static void
write_line(void *ctx, const struct cart_change *change)
{
	cart_change_write(ctx, change);
	fputc('\n', ctx);
}

static struct payload *
cart_of(const char *text)
{
	return text == NULL ? NULL : payload_new(text, strlen(text));
}

/* The changes as lines; free() it. */
static char *
lines_of(const char *before, const char *after, size_t room, size_t *left_out)
{
	struct payload *was = cart_of(before), *is = cart_of(after);
	char *lines;
	size_t n;
	FILE *out = open_memstream(&lines, &n);
	struct cart_reader reader = { write_line, out, room, 0 };

	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
	ck_assert_int_eq(cart_diff_texts(was, is, &reader), 0);
	ck_assert_int_eq(fclose(out), 0);
	*left_out = reader.left_out;
	payload_unref(was);
	payload_unref(is);
	return lines;
}

static void
check_row(const struct row *row)
{
	size_t left_out;
	char *lines = lines_of(row->before, row->after, 100, &left_out);

	ck_assert_str_eq(lines, row->lines);
	ck_assert_uint_eq(left_out, 0);
	free(lines);
}

#define COFFEE(quantity, size) "{\"quantity\":" #quantity		\
    ",\"product\":{\"id\":7,\"name\":\"Coffee\",\"price\":4.50},"	\
    "\"options\":{\"size\":\"" size "\"}}"
#define TEA "{\"product\":{\"id\":8,\"name\":\"T\\u00e9\"},\"quantity\":1}"
#define CART(items) "{\"items\":[" items "]}"

static const struct row items[] = {
	{ NULL, "{}", "" },
	{ NULL, CART(""), "" },
	{ CART(""), "{}", "" },
	{ NULL, CART(COFFEE(2, "large")),
	    "added 2 x Coffee (size: large) at 4.50\n" },
	{ "{}", CART(COFFEE(1, "large") "," TEA),
	    "added 1 x Coffee (size: large) at 4.50\n"
	    "added 1 x T\xc3\xa9\n" },
	{ CART(COFFEE(1, "large")), CART(COFFEE(2, "large")),
	    "changed 2 x Coffee (size: large): quantity 1 -> 2\n" },
	{ CART(COFFEE(1, "large")), "{}",
	    "removed 1 x Coffee (size: large) at 4.50\n" },
	/* another choice is another item */
	{ CART(COFFEE(1, "large")), CART(COFFEE(1, "small")),
	    "removed 1 x Coffee (size: large) at 4.50\n"
	    "added 1 x Coffee (size: small) at 4.50\n" },
	/* the order of items is none of the customer's business */
	{ CART(COFFEE(1, "large") "," TEA), CART(TEA "," COFFEE(1, "large")),
	    "" },
	/* nor that of options, however they are written */
	{ CART("{\"id\":1,\"options\":{\"a\":1,\"b\":2}}"),
	    CART("{\"options\":{\"b\":2,\"a\":1},\"id\":1}"), "" },
	{ CART("{\"id\":1,\"selectedOptions\":[{\"name\":\"a\",\"value\":"
	    "\"x\"},{\"name\":\"b\",\"value\":\"y\"}],\"quantity\":1}"),
	    CART("{\"id\":1,\"selectedOptions\":[{\"name\":\"a\",\"value\":"
	    "\"x\"},{\"name\":\"b\",\"value\":\"y\"}],\"quantity\":3}"),
	    "changed 3 x 1 (a: x, b: y): quantity 1 -> 3\n" },
	{ CART("{\"id\":1}"), CART("{\"id\":1,\"options\":{}}"),
	    "changed 1: options (none) -> {}\n" },
	/* the same product twice: the first with the first */
	{ CART("{\"id\":1,\"quantity\":1},{\"id\":1,\"quantity\":2}"),
	    CART("{\"id\":1,\"quantity\":1},{\"id\":1,\"quantity\":5}"),
	    "changed 5 x 1: quantity 2 -> 5\n" },
	{ CART("{\"id\":1,\"quantity\":1},{\"id\":1,\"quantity\":2}"),
	    CART("{\"id\":1,\"quantity\":1}"),
	    "removed 2 x 1\n" },
	/* other ways to name a product; 1 and "1" are two */
	{ CART("{\"productId\":5,\"name\":\"Mug\"}"), CART(""),
	    "removed Mug\n" },
	{ CART(""), CART("{\"sku\":\"tea\",\"n\":2}"), "added tea\n" },
	{ CART("{\"id\":1}"), CART("{\"id\":\"1\"}"),
	    "removed 1\nadded 1\n" },
	/* what else an item has */
	{ CART("{\"id\":1,\"product\":{\"price\":1.0}}"),
	    CART("{\"id\":1,\"product\":{\"price\":1.00}}"),
	    "changed 1: product.price 1.0 -> 1.00\n" },
	{ CART("{\"id\":1,\"gift\":true}"), CART("{\"id\":1}"),
	    "changed 1: gift true -> (none)\n" },
	{ "{\"items\":[{\"id\":1}],\"total\":1}", "{\"items\":[],\"total\":0}",
	    "removed 1\nchanged total: 1 -> 0\n" },
	/* numbers that no variable holds */
	{ CART("{\"id\":1,\"quantity\":99999999999999999999998}"),
	    CART("{\"id\":1,\"quantity\":99999999999999999999999}"),
	    "changed 99999999999999999999999 x 1: quantity "
	    "99999999999999999999998 -> 99999999999999999999999\n" },
	/* names that would move the cursor */
	{ "{}", CART("{\"id\":1,\"name\":\"\\u001b[2J\xc2\x9b\"}"),
	    "added \\u001b[2J\\u009b\n" },
};

START_TEST(items_are_compared_by_product_and_options)
{
	check_row(&items[_i]);
}
END_TEST

static const struct row objects[] = {
	{ "{\"address\":{\"city\":\"A\"}}", "{\"address\":{\"city\":\"B\"}}",
	    "changed address.city: \"A\" -> \"B\"\n" },
	{ "{\"a\":1}", "{\"b\":1}", "removed a: 1\nadded b: 1\n" },
	{ "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", "" },
	{ "{\"a b\":{\"\":1}}", "{\"a b\":{\"\":2}}",
	    "changed [\"a b\"][\"\"]: 1 -> 2\n" },
	{ "{\"a\":[1,2]}", "{\"a\":[1,3,4]}",
	    "changed a[1]: 2 -> 3\nadded a[2]: 4\n" },
	{ "{\"a\":[{\"id\":1,\"n\":1},{\"id\":2,\"n\":2}]}",
	    "{\"a\":[{\"id\":2,\"n\":3},{\"id\":3}]}",
	    "removed a[id=1]: {\"id\":1,\"n\":1}\n"
	    "changed a[id=2].n: 2 -> 3\n"
	    "added a[id=3]: {\"id\":3}\n" },
	{ "{\"a\":{}}", "{\"a\":[]}", "changed a: {} -> []\n" },
	{ "{\"a\":null}", "{\"a\":\"null\"}",
	    "changed a: null -> \"null\"\n" },
	/* items that name no products */
	{ "{}", "{\"items\":[1]}", "added items: [1]\n" },
	{ "{\"items\":[1]}", "{\"items\":[2]}", "changed items[0]: 1 -> 2\n" },
	{ "{\"x\":{\"items\":[]}}", "{\"x\":{\"items\":[{\"id\":1}]}}",
	    "added x.items[id=1]: {\"id\":1}\n" },
	/* repeated keys, in order */
	{ "{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":3,\"a\":4}",
	    "changed a: 2 -> 3\nadded a: 4\n" },
	/* a whole value of another kind */
	{ "{\"a\":1}", "[1]", "changed {\"a\":1} -> [1]\n" },
	{ "1", "{}", "changed 1 -> {}\n" },
	/* spellings stay apart, and are shown */
	{ "{\"a\":\"\\u0061\"}", "{\"a\":\"a\"}",
	    "changed a: \"\\u0061\" -> \"a\"\n" },
	{ "{\"a\":1e400}", "{\"a\":1E400}", "changed a: 1e400 -> 1E400\n" },
};

START_TEST(other_objects_are_compared_by_path)
{
	check_row(&objects[_i]);
}
END_TEST

START_TEST(a_line_is_bounded_whatever_is_in_the_carts)
{
	enum { LONG = 10000 };
	char *after = malloc(2 * LONG + 100), *key = malloc(LONG + 1), *lines;
	size_t left_out;

	memset(key, 'k', LONG);
	key[LONG] = '\0';
	sprintf(after, "{\"%s\":\"%s\"}", key, key);
	lines = lines_of("{}", after, 100, &left_out);
	ck_assert_uint_lt(strlen(lines), 400);
	ck_assert_ptr_nonnull(strstr(lines, "kkk...: \"kkk"));
	free(lines);
	free(after);
	free(key);
}
END_TEST

START_TEST(changes_beyond_the_room_are_counted)
{
	size_t left_out;
	char *lines = lines_of("{\"a\":[1,2,3]}", "{\"b\":[],\"a\":[4,5,6,7]}",
	    2, &left_out);

	ck_assert_str_eq(lines, "added b: []\nchanged a[0]: 1 -> 4\n");
	ck_assert_uint_eq(left_out, 3);
	free(lines);
}
END_TEST

START_TEST(what_is_not_json_is_not_compared)
{
	struct cart_reader reader = { write_line, stdout, 1, 0 };
	struct payload *cart = cart_of("{}"), *other = cart_of("{");

	ck_assert_int_eq(cart_diff_texts(cart, other, &reader), -1);
	ck_assert_int_eq(cart_diff_texts(other, cart, &reader), -1);
	ck_assert_int_eq(cart_diff_texts(other, NULL, &reader), -1);
	payload_unref(cart);
	payload_unref(other);
}
END_TEST

#define COUNT(rows) (int)(sizeof(rows) / sizeof((rows)[0]))

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, items_are_compared_by_product_and_options, 0,
	    COUNT(items));
	tcase_add_loop_test(tc, other_objects_are_compared_by_path, 0,
	    COUNT(objects));
	tcase_add_test(tc, a_line_is_bounded_whatever_is_in_the_carts);
	tcase_add_test(tc, what_is_not_json_is_not_compared);
	tcase_add_test(tc, changes_beyond_the_room_are_counted);
}
