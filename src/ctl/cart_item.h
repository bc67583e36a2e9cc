#ifndef CART_ITEM_H
#define CART_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct json_node;

/*
 * What an entry of a cart's "items" is about, as Ecwid and similar shops write
 * it.  The product is known by product.id, productId, id or sku, the first of
 * them that is there; its choices by options, an object of names and values,
 * or selectedOptions, an array of objects with name and value.
 */

/* Whether a cart's "items" are an array, each element naming its product. */
bool	 cart_items_have_products(const struct json_node *items);

const struct json_node *cart_item_product(const struct json_node *item);
/* product.name or name; NULL for neither. */
const struct json_node *cart_item_name(const struct json_node *item);

/*
 * What makes an item the same one in two carts: product and options, whatever
 * order these stand in.  Two items may share it.  free() it.
 */
char	*cart_item_identity(const struct json_node *item, size_t *len)
	    __attribute__((warn_unused_result));

/* Write "2 x Coffee (size: large)" for a reader. */
void	 cart_item_write(FILE *out, const struct json_node *item);
/* The same with its price where one is known, " at 4.50". */
void	 cart_item_write_priced(FILE *out, const struct json_node *item);

#endif
