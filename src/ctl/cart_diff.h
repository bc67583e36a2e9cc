#ifndef CART_DIFF_H
#define CART_DIFF_H

#include <stddef.h>
#include <stdio.h>

struct json_node;
struct payload;

/*
 * What changed between two carts of one customer.  Items that name a product
 * (cart_item.h) are matched by product and options, other elements of arrays
 * by their "id" if all have one, else by position; members of objects by their
 * key, a repeated one in order.  The order of members and of matched elements
 * is no change.
 */

struct cart_change {
	const struct json_node *item;	/* what the path begins in, or NULL */
	const char *path;	/* "address.city", "list[2]", long keys cut; */
				/* "" for the item or cart itself */
	const struct json_node *before;	/* NULL: it was added */
	const struct json_node *after;	/* NULL: it was removed */
};

/* Who is told of the changes. */
struct cart_reader {
	/* The change is lent for the call. */
	void	(*found)(void *ctx, const struct cart_change *change);
	void	*ctx;
	size_t	 room;		/* for so many; it counts down */
	size_t	 left_out;	/* those for which there was none */
};

/* Tell reader what is different. */
void	 cart_diff(const struct json_node *before,
	    const struct json_node *after, struct cart_reader *reader);

/*
 * The same with carts as the journal has them, NULL for {}.  -1: one of them is
 * not JSON, so nothing was compared.
 */
int	 cart_diff_texts(const struct payload *before,
	    const struct payload *after, struct cart_reader *reader)
	    __attribute__((warn_unused_result));

/*
 * Write a change as a reader wants it, "added 2 x Coffee (size: large) at
 * 4.50", "changed address.city: "A" -> "B"", without a newline.
 */
void	 cart_change_write(FILE *out, const struct cart_change *change);
/* Its first word, and what tells its kind otherwise. */
const char *cart_change_verb(const struct cart_change *change);

#endif
