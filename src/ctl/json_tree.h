#ifndef JSON_TREE_H
#define JSON_TREE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The values of a JSON text as spans of it.  Nothing is decoded or converted,
 * so nothing is lost: numbers of any size, repeated keys, every spelling of a
 * string.  What has the same text is the same, 1.0 and 1 are not.
 */

enum {
	JSON_TREE_DEPTH = 32,		/* deeper texts are refused */
	JSON_TREE_BYTES = 1 << 26	/* and longer ones */
};

struct json_tree;

struct json_node {
	const char *key;	/* between its quotes; NULL but for members */
	size_t	 key_len;
	const char *text;	/* the whole value */
	size_t	 len;
	size_t	 span;		/* values in it, itself counted */
};

/* Text is lent until json_tree_free.  NULL: it is not JSON, or refused. */
struct json_tree *json_tree_new(const char *text, size_t len)
	    __attribute__((warn_unused_result));
/* NULL is allowed. */
void	 json_tree_free(struct json_tree *tree);

/* The outermost value. */
const struct json_node *json_tree_root(const struct json_tree *tree);

bool	 json_node_is_object(const struct json_node *node);
bool	 json_node_is_array(const struct json_node *node);
bool	 json_node_is_string(const struct json_node *node);

/* Whether a has b's text; two absent nodes (NULL) are the same. */
bool	 json_node_is_same(const struct json_node *a,
	    const struct json_node *b);

/* The first value of an object or array; NULL in an empty one or a scalar. */
const struct json_node *json_node_first(const struct json_node *parent);
/* The one behind child in parent, or NULL. */
const struct json_node *json_node_next(const struct json_node *parent,
	    const struct json_node *child);
/* How many there are. */
size_t	 json_node_count(const struct json_node *parent);

/*
 * The member of an object with that key, of several the last, as browsers read
 * it; NULL if there is none or node is no object.  An escaped key is another.
 */
const struct json_node *json_node_member(const struct json_node *node,
	    const char *key);

#endif
