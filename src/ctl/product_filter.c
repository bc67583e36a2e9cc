#include "product_filter.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cart_diff.h"
#include "cart_item.h"
#include "json_tree.h"
#include "printable.h"

/* Whether text, shown in full, has product in it. */
static bool
text_contains(const char *product, const struct json_node *node)
{
	bool is_shown;
	char *text;
	size_t len;
	FILE *out;

	if (node == NULL)
		return false;
	out = open_memstream(&text, &len);
	if (out == NULL)
		fatal("out of memory (a value of a cart)");
	printable_write_json(out, node->text, node->len, node->len);
	if (fclose(out) != 0)
		fatal("out of memory (a value of a cart)");
	is_shown = strcasestr(text, product) != NULL;
	free(text);
	return is_shown;
}

static bool
equals_value(const char *product, const struct json_node *id)
{
	const char *text = id->text;
	size_t len = id->len;

	if (json_node_is_string(id)) {
		text++;
		len -= 2;
	}
	return strlen(product) == len && memcmp(product, text, len) == 0;
}

/* Whether what is meant lies in the value at path. */
static bool
is_inside_path(const char *product, const char *path)
{
	size_t len = strlen(path);

	return len > 0 && strncmp(product, path, len) == 0 &&
	    (product[len] == '.' || product[len] == '[');
}

/* A number is meant by all of it, a text by a part. */
static bool
value_matches(const char *product, const struct json_node *node)
{
	if (node == NULL)
		return false;
	if (json_node_is_string(node) || json_node_is_object(node) ||
	    json_node_is_array(node))
		return text_contains(product, node);
	return equals_value(product, node);
}

bool
product_filter_matches(const char *product, const struct cart_change *change)
{
	if (change->item != NULL)
		return equals_value(product, cart_item_product(change->item)) ||
		    text_contains(product, cart_item_name(change->item));
	return strstr(change->path, product) != NULL ||
	    is_inside_path(product, change->path) ||
	    value_matches(product, change->before) ||
	    value_matches(product, change->after);
}
