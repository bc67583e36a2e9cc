#ifndef JSON_SHAPE_H
#define JSON_SHAPE_H

/*
 * What an object has to have before anybody looks into it: whoever was asked
 * may be another version, or no daemon at all.
 */

struct json_node;

enum json_kind {
	JSON_KIND_NUMBER,		/* whole, of 64 bits, without a sign */
	JSON_KIND_NUMBER_OR_NULL,
	JSON_KIND_TEXT,
	JSON_KIND_TEXT_OR_NULL,
	JSON_KIND_BOOL,
	JSON_KIND_OBJECT,		/* any */
	JSON_KIND_TEXTS,		/* a list of texts */
	JSON_KIND_OBJECTS		/* a list of objects that have inner */
};

/* A member, in a table that ends with one without a key. */
struct json_shape {
	const char *key;
	enum json_kind kind;
	const struct json_shape *inner;
};

/*
 * NULL if node is an object that has all members of the table, each of its
 * kind; others are as good as not there.  Else the key of one that is missing
 * or of another kind, "" where node is no object.
 */
const char *json_shape_fault(const struct json_node *node,
	    const struct json_shape *shape);

#endif
