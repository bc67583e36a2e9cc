#include "cart_item.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "json_tree.h"
#include "printable.h"

enum {
	OPTIONS_MAX = 32,	/* more are taken as they are */
	NAME_COLUMNS = 100,
	OPTION_COLUMNS = 40,	/* of a name, and of a value */
	NUMBER_COLUMNS = 30
};

/* A choice, "size": "large". */
struct option {
	const char *name;	/* between quotes; "" for none */
	size_t	 name_len;
	const struct json_node *value;
};

struct options {
	size_t	 count;
	struct option list[OPTIONS_MAX];
};

static const struct json_node *
product_member(const struct json_node *item, const char *key)
{
	const struct json_node *product = json_node_member(item, "product");

	return product == NULL ? NULL : json_node_member(product, key);
}

/* A string or number, else NULL. */
static const struct json_node *
scalar(const struct json_node *node)
{
	if (node == NULL || json_node_is_object(node) ||
	    json_node_is_array(node) || strncmp(node->text, "null", 4) == 0)
		return NULL;
	return node;
}

const struct json_node *
cart_item_product(const struct json_node *item)
{
	static const char *const keys[] = { "productId", "id", "sku" };
	const struct json_node *product = scalar(product_member(item, "id"));
	size_t i;

	for (i = 0; product == NULL && i < sizeof(keys) / sizeof(keys[0]); i++)
		product = scalar(json_node_member(item, keys[i]));
	return product;
}

const struct json_node *
cart_item_name(const struct json_node *item)
{
	const struct json_node *name = scalar(product_member(item, "name"));

	return name != NULL ? name : scalar(json_node_member(item, "name"));
}

bool
cart_items_have_products(const struct json_node *items)
{
	const struct json_node *item;

	if (!json_node_is_array(items))
		return false;
	for (item = json_node_first(items); item != NULL;
	    item = json_node_next(items, item))
		if (cart_item_product(item) == NULL)
			return false;
	return true;
}

static const struct json_node *
options_node(const struct json_node *item)
{
	const struct json_node *node = json_node_member(item, "options");

	return node != NULL ? node : json_node_member(item, "selectedOptions");
}

/* What a member of options or an element of selectedOptions chooses. */
static struct option
read_option(const struct json_node *node)
{
	struct option option = { "", 0, node };
	const struct json_node *name, *value;

	if (node->key != NULL) {
		option.name = node->key;
		option.name_len = node->key_len;
		return option;
	}
	name = json_node_member(node, "name");
	value = json_node_member(node, "value");
	if (name == NULL || value == NULL || !json_node_is_string(name))
		return option;
	return (struct option){ name->text + 1, name->len - 2, value };
}

static int
compare_options(const void *left, const void *right)
{
	const struct option *a = left, *b = right;
	size_t n = a->name_len < b->name_len ? a->name_len : b->name_len;
	int order = memcmp(a->name, b->name, n);

	if (order != 0)
		return order;
	if (a->name_len != b->name_len)
		return a->name_len < b->name_len ? -1 : 1;
	/* A name twice: in the order of the text, which qsort() may lose. */
	return a->value->text < b->value->text ? -1 : 1;
}

/* The choices in order of their names; count is 0 for none or too many. */
static void
read_options(const struct json_node *node, struct options *options)
{
	const struct json_node *child;

	options->count = 0;
	if (node == NULL || json_node_count(node) > OPTIONS_MAX)
		return;
	for (child = json_node_first(node); child != NULL;
	    child = json_node_next(node, child))
		options->list[options->count++] = read_option(child);
	qsort(options->list, options->count, sizeof(options->list[0]),
	    compare_options);
}

static bool
has_no_options(const struct json_node *node)
{
	return node == NULL || (json_node_first(node) == NULL &&
	    (json_node_is_object(node) || json_node_is_array(node)));
}

/* Control characters part what no JSON text contains. */
static void
write_identity(FILE *out, const struct json_node *item)
{
	const struct json_node *product = cart_item_product(item);
	const struct json_node *node = options_node(item);
	struct options options;
	size_t i;

	fwrite(product->text, 1, product->len, out);
	if (has_no_options(node))
		return;
	read_options(node, &options);
	if (options.count == 0) {
		fputc('\1', out);
		fwrite(node->text, 1, node->len, out);
	}
	for (i = 0; i < options.count; i++) {
		const struct option *option = &options.list[i];

		fputc('\2', out);
		fwrite(option->name, 1, option->name_len, out);
		fputc('\3', out);
		fwrite(option->value->text, 1, option->value->len, out);
	}
}

char *
cart_item_identity(const struct json_node *item, size_t *len)
{
	char *identity;
	FILE *out = open_memstream(&identity, len);

	if (out == NULL)
		fatal("out of memory (an item of a cart)");
	write_identity(out, item);
	if (fclose(out) != 0)
		fatal("out of memory (an item of a cart)");
	return identity;
}

static void
write_options(FILE *out, const struct json_node *item)
{
	struct options options;
	size_t i;

	read_options(options_node(item), &options);
	for (i = 0; i < options.count; i++) {
		const struct option *option = &options.list[i];

		fputs(i == 0 ? " (" : ", ", out);
		if (option->name_len > 0) {
			printable_write_json(out, option->name,
			    option->name_len, OPTION_COLUMNS);
			fputs(": ", out);
		}
		printable_write_json(out, option->value->text,
		    option->value->len, OPTION_COLUMNS);
	}
	if (options.count > 0)
		fputc(')', out);
}

void
cart_item_write(FILE *out, const struct json_node *item)
{
	const struct json_node *quantity, *name = cart_item_name(item);

	quantity = scalar(json_node_member(item, "quantity"));
	if (quantity != NULL) {
		printable_write_json(out, quantity->text, quantity->len,
		    NUMBER_COLUMNS);
		fputs(" x ", out);
	}
	if (name == NULL)
		name = cart_item_product(item);
	printable_write_json(out, name->text, name->len, NAME_COLUMNS);
	write_options(out, item);
}

void
cart_item_write_priced(FILE *out, const struct json_node *item)
{
	const struct json_node *price = scalar(json_node_member(item, "price"));

	if (price == NULL)
		price = scalar(product_member(item, "price"));
	cart_item_write(out, item);
	if (price == NULL)
		return;
	fputs(" at ", out);
	printable_write_json(out, price->text, price->len, NUMBER_COLUMNS);
}
