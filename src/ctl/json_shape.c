#include "json_shape.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/number.h"
#include "json_tree.h"

static bool
is_literal(const struct json_node *node, const char *literal)
{
	return node->len == strlen(literal) &&
	    memcmp(node->text, literal, node->len) == 0;
}

static bool
is_number(const struct json_node *node)
{
	uint64_t number;

	return number_scan(node->text, node->len, UINT64_MAX, &number) ==
	    node->len;
}

static bool
is_text_list(const struct json_node *list)
{
	const struct json_node *text;

	if (!json_node_is_array(list))
		return false;
	for (text = json_node_first(list); text != NULL;
	    text = json_node_next(list, text))
		if (!json_node_is_string(text))
			return false;
	return true;
}

/* The first fault of the objects in a list. */
static const char *
list_fault(const struct json_node *list, const struct json_shape *shape)
{
	const struct json_node *object;
	const char *fault;

	for (object = json_node_first(list); object != NULL;
	    object = json_node_next(list, object)) {
		fault = json_shape_fault(object, shape->inner);
		if (fault != NULL)
			return *fault == '\0' ? shape->key : fault;
	}
	return NULL;
}

static bool
is_of_kind(const struct json_node *node, enum json_kind kind)
{
	switch (kind) {
	case JSON_KIND_NUMBER:
		return is_number(node);
	case JSON_KIND_NUMBER_OR_NULL:
		return is_number(node) || is_literal(node, "null");
	case JSON_KIND_TEXT:
		return json_node_is_string(node);
	case JSON_KIND_TEXT_OR_NULL:
		return json_node_is_string(node) || is_literal(node, "null");
	case JSON_KIND_BOOL:
		return is_literal(node, "true") || is_literal(node, "false");
	case JSON_KIND_OBJECT:
		return json_node_is_object(node);
	case JSON_KIND_TEXTS:
		return is_text_list(node);
	case JSON_KIND_OBJECTS:
		return json_node_is_array(node);
	}
	return false;
}

const char *
json_shape_fault(const struct json_node *node, const struct json_shape *shape)
{
	const struct json_node *member;
	const char *fault;

	if (!json_node_is_object(node))
		return "";
	for (; shape->key != NULL; shape++) {
		member = json_node_member(node, shape->key);
		if (member == NULL || !is_of_kind(member, shape->kind))
			return shape->key;
		if (shape->kind != JSON_KIND_OBJECTS)
			continue;
		fault = list_fault(member, shape);
		if (fault != NULL)
			return fault;
	}
	return NULL;
}
